//! Rank correlations, and correlations that they imply for Gaussian copulas.

use ndarray::Array2;

use super::covariance::{check_variances, covariance, to_correlation};
use super::summary::ranks;
use super::{Matrix, Vector};
use crate::context::Context;
use crate::error::Result;
use crate::parallel;

/// A measure of correlation between two columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correlation {
    /// Of the values.
    Pearson,
    /// Of the ranks, ties sharing the mean of theirs.
    Spearman,
    /// Concordant minus discordant pairs, corrected for ties (tau-b).
    Kendall,
    /// 2 sin(pi/6 rho) with Spearman's rho: the correlation of a nonparanormal's Gaussian (Liu et al., 2012).
    Skeptic,
}

impl Correlation {
    /// The words that scripts use.
    pub const NAMES: &'static [&'static str] = &["pearson", "spearman", "kendall", "skeptic"];

    /// The measure that a word stands for.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "pearson" => Some(Self::Pearson),
            "spearman" => Some(Self::Spearman),
            "kendall" => Some(Self::Kendall),
            "skeptic" => Some(Self::Skeptic),
            _ => None,
        }
    }

    /// The word for the measure.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pearson => "pearson",
            Self::Spearman => "spearman",
            Self::Kendall => "kendall",
            Self::Skeptic => "skeptic",
        }
    }

    /// Whether the matrix of complete data is positive semidefinite by construction, as all moments are. Kendall's
    /// tau-b is one of the signs of differences.
    pub fn is_moment(self) -> bool {
        self != Self::Skeptic
    }

    /// The p x p matrix of correlations between the columns of n x p data, with a unit diagonal.
    ///
    /// # Errors
    /// Missing values, a constant column (by name), fewer than two rows, limits of the context.
    pub fn matrix(self, x: &Matrix, ctx: &Context) -> Result<Matrix> {
        x.complete("cor", 2)?;
        x.varying("cor")?;
        let values = match self {
            Self::Pearson => pearson(x, ctx)?,
            Self::Spearman => spearman(x, ctx)?,
            Self::Kendall => kendall(x, ctx)?,
            Self::Skeptic => {
                let mut values = spearman(x, ctx)?;
                for mut row in values.rows_mut() {
                    ctx.check()?;
                    row.mapv_inplace(skeptic);
                }
                values.diag_mut().fill(1.0);
                values
            }
        };
        Ok(Matrix::square(values, x.names()))
    }
}

/// The correlation of a nonparanormal's Gaussian from Spearman's rho.
pub(super) fn skeptic(rho: f64) -> f64 {
    2.0 * (std::f64::consts::PI / 6.0 * rho).sin()
}

fn pearson(x: &Matrix, ctx: &Context) -> Result<Array2<f64>> {
    let mut s = covariance(x, ctx)?;
    check_variances(x, s.diag().iter().copied()).map_err(|error| error.at("cor"))?;
    to_correlation(&mut s);
    Ok(s)
}

fn spearman(x: &Matrix, ctx: &Context) -> Result<Array2<f64>> {
    let _held = ctx.reserve_matrices(2, x.rows(), x.cols())?;
    let columns: Vec<Vector> = (0..x.cols()).map(|j| x.col(j)).collect();
    let ranked = parallel::map(&columns, ctx, |_, column| Ok(ranks(column.as_slice())))?;
    pearson(&Matrix::from_fn(x.rows(), x.cols(), |i, j| ranked[j][i]), ctx)
}

fn kendall(x: &Matrix, ctx: &Context) -> Result<Array2<f64>> {
    let p = x.cols();
    let _held = ctx.reserve_matrices(2, p.max(x.rows()), p)?;
    let columns: Vec<Vec<f64>> = (0..p).map(|j| x.col(j).as_slice().to_vec()).collect();
    let rows = parallel::map(&columns, ctx, |i, column| {
        let order = super::summary::order(column, false);
        columns[..i]
            .iter()
            .map(|other| {
                ctx.check()?;
                Ok(tau_b(column, other, &order))
            })
            .collect::<Result<Vec<f64>>>()
    })?;
    Ok(Array2::from_shape_fn((p, p), |(i, j)| if i == j { 1.0 } else { rows[i.max(j)][i.min(j)] }))
}

/// Kendall's tau-b of the rows in `order`, which sorts their `x`, in time n log n (Knight, JASA 61:436, 1966).
pub(super) fn tau_b(x: &[f64], y: &[f64], order: &[usize]) -> f64 {
    let mut order = order.to_vec();
    // Among equal x by y, so that these pairs count as ties and not as exchanges.
    for group in order.chunk_by_mut(|&a, &b| x[a] == x[b]) {
        group.sort_by(|&a, &b| y[a].total_cmp(&y[b]));
    }
    let pairs = |count: usize| (count * count.saturating_sub(1) / 2) as f64;
    let tied_x: f64 = order.chunk_by(|&a, &b| x[a] == x[b]).map(|group| pairs(group.len())).sum();
    let tied_both: f64 = order.chunk_by(|&a, &b| x[a] == x[b] && y[a] == y[b]).map(|group| pairs(group.len())).sum();
    let mut values: Vec<f64> = order.iter().map(|&i| y[i]).collect();
    let exchanges = sort_counting(&mut values, &mut Vec::new()) as f64;
    let tied_y: f64 = values.chunk_by(|a, b| a == b).map(|group| pairs(group.len())).sum();
    let all = pairs(order.len());
    let difference = all - tied_x - tied_y + tied_both - 2.0 * exchanges;
    difference / ((all - tied_x).sqrt() * (all - tied_y).sqrt())
}

/// Sorts and counts the exchanges of neighbours that it takes.
fn sort_counting(values: &mut [f64], scratch: &mut Vec<f64>) -> usize {
    if values.len() < 2 {
        return 0;
    }
    let middle = values.len() / 2;
    let (left, right) = values.split_at_mut(middle);
    let mut exchanges = sort_counting(left, scratch) + sort_counting(right, scratch);
    scratch.clear();
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        if right[j] < left[i] {
            exchanges += left.len() - i;
            scratch.push(right[j]);
            j += 1;
        } else {
            scratch.push(left[i]);
            i += 1;
        }
    }
    scratch.extend_from_slice(&left[i..]);
    scratch.extend_from_slice(&right[j..]);
    values.copy_from_slice(scratch);
    exchanges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tau_b_against_its_definition() {
        let x = [1.0, 2.0, 2.0, 4.0, 5.0, 5.0, 0.5];
        let y = [3.0, 1.0, 1.0, 4.0, 4.0, 2.0, 3.0];
        let sign = |value: f64| if value == 0.0 { 0.0 } else { value.signum() };
        let pairs = || (0..x.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        let sum: f64 = pairs().map(|(i, j)| sign(x[i] - x[j]) * sign(y[i] - y[j])).sum();
        let untied = |v: [f64; 7]| pairs().filter(|&(i, j)| v[i] != v[j]).count() as f64;
        let expected = sum / (untied(x) * untied(y)).sqrt();
        let order = crate::data::summary::order(&x, false);
        assert!((tau_b(&x, &y, &order) - expected).abs() < 1e-15);
    }

    #[test]
    fn perfect_and_reversed_orders() {
        let x = Matrix::from_fn(6, 3, |i, j| if j == 2 { -(i as f64) } else { ((i + 1) as f64).powi(j as i32 + 1) });
        for kind in [Correlation::Spearman, Correlation::Kendall, Correlation::Skeptic] {
            let r = kind.matrix(&x, &Context::new()).unwrap();
            assert!((r.view()[(0, 1)] - 1.0).abs() < 1e-12 && (r.view()[(0, 2)] + 1.0).abs() < 1e-12, "{kind:?} {r}");
        }
    }
}
