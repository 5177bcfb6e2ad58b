//! Principal components.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::products::{gram, matmul};
use super::spectral::eigh;
use crate::context::Context;
use crate::error::Result;

/// Scores of the first components, n x k, and the share of the variance that each explains. Columns are centred here;
/// of each component the entry with the largest absolute value is positive, so that signs are the same everywhere.
///
/// By the eigenvectors of the smaller one of X'X and XX'.
///
/// # Errors
/// Values that are not finite; memory, cancellation.
pub fn principal_components(x: ArrayView2<'_, f64>, k: usize, ctx: &Context) -> Result<(Array2<f64>, Vec<f64>)> {
    let (n, p) = x.dim();
    let small = n.min(p);
    let _held = ctx.reserve_matrices(1, n, p)?;
    let _square = ctx.reserve_matrices(4, small, small)?;
    let means = x.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(p));
    let centered = &x - &means;
    let square = if n <= p { gram(centered.t(), ctx)? } else { gram(centered.view(), ctx)? };
    let (values, vectors) = eigh(square.view(), ctx)?;
    let total: f64 = values.iter().map(|value| value.max(0.0)).sum();
    let k = k.min(small);
    let last = |component: usize| small - 1 - component;
    let shares = (0..k).map(|i| if total > 0.0 { values[last(i)].max(0.0) / total } else { 0.0 }).collect();
    let mut scores = Array2::zeros((n, k));
    for component in 0..k {
        let vector = vectors.column(last(component));
        let mut score = match n <= p {
            true => &vector * values[last(component)].max(0.0).sqrt(),
            false => matmul(centered.view(), vector.insert_axis(Axis(1)), ctx)?.column(0).to_owned(),
        };
        let largest =
            score.iter().copied().fold(0.0, |best: f64, value| if value.abs() > best.abs() { value } else { best });
        if largest < 0.0 {
            score.mapv_inplace(|value| -value);
        }
        scores.column_mut(component).assign(&score);
    }
    Ok((scores, shares))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_give_the_same_components() {
        let x = Array2::from_shape_fn((7, 4), |(i, j)| ((i * i * 3 + j * 5 + i * j * j) % 11) as f64);
        let ctx = Context::new();
        let (tall, shares) = principal_components(x.view(), 2, &ctx).unwrap();
        // Columns of zeros change nothing but the way.
        let mut wide = Array2::zeros((7, 9));
        for j in 0..4 {
            wide.column_mut(j).assign(&x.column(j));
        }
        let (same, wide_shares) = principal_components(wide.view(), 2, &ctx).unwrap();
        assert!(tall.iter().zip(&same).all(|(a, b)| (a - b).abs() < 1e-9), "{tall} {same}");
        assert!(shares.iter().zip(&wide_shares).all(|(a, b)| (a - b).abs() < 1e-12) && shares[0] > shares[1]);
        let variance: f64 = tall.column(0).iter().map(|value| value * value).sum();
        let means = x.mean_axis(Axis(0)).unwrap();
        let total: f64 = (&x - &means).iter().map(|value| value * value).sum();
        assert!((variance / total - shares[0]).abs() < 1e-12 && tall.column(0).sum().abs() < 1e-10);
    }

    #[test]
    fn constant_data_have_no_components() {
        let (scores, shares) = principal_components(Array2::ones((3, 2)).view(), 2, &Context::new()).unwrap();
        assert!(scores.iter().all(|value| *value == 0.0) && shares == [0.0, 0.0]);
    }
}
