//! Scores of latent factors: their space, themselves, and their distributions, against those of a truth.

use ndarray::{Array2, ArrayView2};

use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::linalg::{Cholesky, matmul, svd};
use crate::model::{Factors, JointFit};
use crate::value::Value;

/// `space` (sum of the singular values of D'E, where E is an orthonormal basis of the estimate), `eps` (mean difference of the
/// noise), `dist` (mean inner product of matched factors, signs aside), and, for as many factors as the truth has, `kld`
/// (mean divergence of the factors' Gaussians) and `kld_variables` (that of the variables').
///
/// Factors are matched one pair after the other, the closest pair first, with signs that make their inner product positive.
///
/// # Errors
/// A truth that is no map of factors, or is one of other variables or another number of data sets; memory, cancellation.
pub fn score(truth: &Value, joint: &JointFit, ctx: &Context) -> Result<Value> {
    let (truth, estimate) = (Factors::of_truth(truth)?, Factors::of(joint)?);
    let found = aligned(&truth, &estimate)?;
    if truth.noise.len() != joint.len() {
        let (given, sets) = (truth.noise.len(), joint.len());
        return Err(Error::argument(format!("score: a truth of {given} data sets for the {sets} of the joint fit")));
    }
    let _held = ctx.reserve_matrices(4, found.rows(), found.cols() + truth.projection.cols())?;
    let (basis, ..) = svd(found.view(), ctx)?;
    let (_, cosines, _) = svd(matmul(truth.projection.view().t(), basis.view(), ctx)?.view(), ctx)?;
    let noise = truth.noise.iter().zip(&estimate.noise).map(|(a, b)| (a - b).abs());
    let inner = matmul(truth.projection.view().t(), unit_columns(&found).view(), ctx)?;
    let pairs = matched(&inner);
    let closeness = pairs.iter().map(|&(i, j)| inner[(i, j)].abs());
    let number = |name: &str, value: f64| (name.to_string(), Value::Float(value));
    let mut scores = vec![
        number("space", cosines.iter().sum()),
        number("eps", noise.sum::<f64>() / joint.len() as f64),
        number("dist", closeness.sum::<f64>() / truth.projection.cols() as f64),
    ];
    if pairs.len() == truth.projection.cols() && estimate.projection.cols() == pairs.len() {
        let mut sum = 0.0;
        for (precision, other) in truth.precisions.iter().zip(&estimate.precisions) {
            let turned = Array2::from_shape_fn(inner.dim(), |(a, b)| {
                // pairs is sorted by the truth's factor.
                let ((_, i), (_, j)) = (pairs[a], pairs[b]);
                other.view()[(i, j)] * (inner[(a, i)] * inner[(b, j)]).signum()
            });
            sum += divergence(precision.view(), turned.view(), ctx)?;
        }
        scores.push(number("kld", sum / joint.len() as f64));
    }
    scores.push(number("kld_variables", of_variables(&truth, &estimate, &found, ctx)?));
    Ok(Value::Map(scores))
}

/// The estimated projection with its variables in the order of the truth's.
fn aligned(truth: &Factors, estimate: &Factors) -> Result<Matrix> {
    let (wanted, found) = (&truth.projection, &estimate.projection);
    if wanted.rows() != found.rows() {
        let message = format!("the truth has {} variables, the joint fit {}", wanted.rows(), found.rows());
        return Err(Error::shape(message));
    }
    match (wanted.row_names(), found.row_names()) {
        (Some(own), Some(others)) if own != others => {
            let rows = own.iter().map(|name| others.position(name, "variable")).collect::<Result<Vec<_>>>()?;
            Ok(found.pick(&rows, &(0..found.cols()).collect::<Vec<_>>()))
        }
        _ => Ok(found.clone()),
    }
}

fn unit_columns(d: &Matrix) -> Array2<f64> {
    let mut unit = d.view().to_owned();
    for mut column in unit.columns_mut() {
        let length = column.dot(&column).sqrt();
        if length > 0.0 {
            column /= length;
        }
    }
    unit
}

/// Pairs of a row and a column, the largest absolute entry first, each row and column once; sorted by row.
fn matched(inner: &Array2<f64>) -> Vec<(usize, usize)> {
    let mut all: Vec<(usize, usize)> = inner.indexed_iter().map(|(place, _)| place).collect();
    all.sort_by(|&a, &b| inner[b].abs().total_cmp(&inner[a].abs()));
    let (mut rows, mut columns) = (vec![false; inner.nrows()], vec![false; inner.ncols()]);
    let mut pairs = Vec::new();
    for (i, j) in all {
        if !rows[i] && !columns[j] {
            (rows[i], columns[j]) = (true, true);
            pairs.push((i, j));
        }
    }
    pairs.sort_unstable();
    pairs
}

fn factor(a: ArrayView2<'_, f64>, ctx: &Context) -> Result<Cholesky> {
    Cholesky::checked(a, ctx)?.ok_or_else(|| Error::data("a precision matrix of the factors is not positive definite"))
}

/// KL of N(0, truth^-1) from N(0, estimate^-1): (tr(estimate truth^-1) - M + log det truth - log det estimate) / 2.
fn divergence(truth: ArrayView2<'_, f64>, estimate: ArrayView2<'_, f64>, ctx: &Context) -> Result<f64> {
    let (truth, other) = (factor(truth, ctx)?, factor(estimate, ctx)?.logdet());
    let sigma = truth.inverse_checked(ctx)?;
    let trace: f64 = sigma.iter().zip(estimate.iter()).map(|(sigma, theta)| sigma * theta).sum();
    Ok(not_negative(0.5 * (trace - sigma.nrows() as f64 + truth.logdet() - other)))
}

/// A divergence that rounding alone can make negative. (A maximum with 0 would hide a NaN.)
fn not_negative(divergence: f64) -> f64 {
    if divergence < 0.0 { 0.0 } else { divergence }
}

/// The mean of the same for the variables: N(0, D Sigma D' + eps (I - DD')), by matrices of the size of factors alone. The
/// estimated directions are made orthonormal with their coordinates, E = Q R.
fn of_variables(truth: &Factors, estimate: &Factors, found: &Matrix, ctx: &Context) -> Result<f64> {
    let v = found.rows() as f64;
    let (q, lengths, turn) = svd(found.view(), ctx)?;
    let overlap = matmul(truth.projection.view().t(), q.view(), ctx)?;
    let mut root = turn.clone();
    for (mut column, length) in root.columns_mut().into_iter().zip(&lengths) {
        column /= length.max(f64::MIN_POSITIVE);
    }
    let mut sum = 0.0;
    for set in 0..truth.noise.len() {
        let (noise, other) = (truth.noise[set], estimate.noise[set]);
        let truth_factor = factor(truth.precisions[set].view(), ctx)?;
        let mut sigma = truth_factor.inverse_checked(ctx)?;
        sigma.diag_mut().iter_mut().for_each(|value| *value -= noise);
        // Precision of the coordinates Q'x: E'x = R'Q'x has the estimated precision matrix.
        let inverse = factor(estimate.precisions[set].view(), ctx)?.inverse_checked(ctx)?;
        let covariance = matmul(matmul(root.t(), inverse.view(), ctx)?.view(), root.view(), ctx)?;
        let coordinates = factor(covariance.view(), ctx)?;
        let precision = coordinates.inverse_checked(ctx)?;
        let mut within = matmul(matmul(overlap.t(), sigma.view(), ctx)?.view(), overlap.view(), ctx)?;
        within.diag_mut().iter_mut().for_each(|value| *value += noise);
        let total = sigma.diag().sum() + noise * v;
        let inside = within.iter().zip(precision.iter()).map(|(a, b)| a * b).sum::<f64>();
        let trace = inside + (total - within.diag().sum()) / other;
        let (m, k) = (truth.projection.cols() as f64, found.cols() as f64);
        let logdets = truth_factor.logdet() - (v - m) * noise.ln() + coordinates.logdet() + (v - k) * other.ln();
        sum += not_negative(0.5 * (trace - v + logdets));
    }
    Ok(sum / truth.noise.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Names, Vector};
    use crate::model::{Estimate, Fit, Input};

    /// A truth of two factors of four variables, and a joint fit that has them in the other order and turned around.
    fn sides(turn: f64) -> (Value, JointFit) {
        let ctx = Context::new();
        let h = 0.5f64.sqrt();
        let d = Matrix::from_rows(&[vec![h, 0.0], vec![h, 0.0], vec![0.0, 1.0], vec![0.0, 0.0]]).unwrap();
        let precision = Matrix::from_rows(&[vec![2.0, 0.5], vec![0.5, 1.0]]).unwrap();
        let map = |d: Matrix, precision: Matrix, noise: f64| {
            [
                ("projection".to_string(), Value::from(d)),
                ("precisions".to_string(), Value::List(vec![precision.into()])),
                ("noise".to_string(), Vector::from(vec![noise]).into()),
            ]
        };
        let (c, s) = (turn.cos(), turn.sin());
        let found = Matrix::from_fn(4, 2, |i, j| match j {
            0 => -(c * d.view()[(i, 1)] - s * d.view()[(i, 0)]),
            _ => c * d.view()[(i, 0)] + s * d.view()[(i, 1)],
        });
        let other = Matrix::from_rows(&[vec![1.0, -0.5], vec![-0.5, 2.0]]).unwrap();
        let names = Names::numbered(2);
        let input = Input::of_moments(other.view().to_owned(), Some(&names), 9);
        let theta = crate::linalg::SparseSymmetric::from_dense(other.view());
        let fit = Fit::builder("demo", &input, Vec::new(), &ctx);
        let fit = fit.finish(Estimate::precision(theta, Some(&names)), &ctx).unwrap();
        let mut builder = JointFit::builder("demo", Vec::new(), &ctx);
        for (name, value) in map(found, other, 0.3) {
            builder = builder.add(name, value);
        }
        (Value::Map(map(d, precision, 0.1).to_vec()), builder.finish(vec![fit], &ctx).unwrap())
    }

    fn number(score: &Value, key: &str) -> f64 {
        score.entry(key).and_then(Value::as_number).unwrap()
    }

    #[test]
    fn order_and_signs_of_factors_do_not_count() {
        let (truth, joint) = sides(0.0);
        let s = score(&truth, &joint, &Context::new()).unwrap();
        let all = ["space", "dist", "kld", "eps"].map(|key| number(&s, key));
        let expected = [2.0, 1.0, 0.0, 0.2];
        assert!(all.iter().zip(expected).all(|(found, wanted)| (found - wanted).abs() < 1e-12), "{s}");
        // What differs is the noise of two dimensions: (1/3 - 1 - ln(1/3)).
        let of_noise = 0.1 / 0.3 - 1.0 - (0.1f64 / 0.3).ln();
        assert!((number(&s, "kld_variables") - of_noise).abs() < 1e-12, "{s}");
    }

    #[test]
    fn turned_factors_are_farther_and_have_the_same_space() {
        let (truth, joint) = sides(0.3);
        let s = score(&truth, &joint, &Context::new()).unwrap();
        assert!((number(&s, "space") - 2.0).abs() < 1e-12 && (number(&s, "dist") - 0.3f64.cos()).abs() < 1e-12, "{s}");
        // Precisions are compared factor by factor, and these are the same; those of the variables differ by more than noise.
        assert!(number(&s, "kld").abs() < 1e-12 && number(&s, "kld_variables") > 0.45, "{s}");
    }

    #[test]
    fn truths_that_do_not_fit_say_why() {
        let (truth, joint) = sides(0.0);
        let error = score(&Value::Map(Vec::new()), &joint, &Context::new()).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("latent_factor_data")), "{error}");
        let Value::Map(mut entries) = truth else { panic!("a map") };
        entries[0].1 = Matrix::from_fn(3, 2, |i, j| (i + j) as f64).into();
        assert!(score(&Value::Map(entries), &joint, &Context::new()).unwrap_err().message().contains("3 variables"));
    }
}
