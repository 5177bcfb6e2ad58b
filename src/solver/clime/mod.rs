//! CLIME: for every column i the smallest |b|_1 with |S b - e_i|_inf <= lambda (Cai, Liu, Luo, JASA 106:594, 2011), exactly
//! and for all lambdas of a grid in one go, by the parametric simplex method in lambda (`simplex.rs`).
//!
//! The dual is: maximise z_i - lambda |z|_1 over |S z|_inf <= 1.

mod basis;
mod simplex;
mod small_lu;

use ndarray::ArrayView2;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{SparseSymmetric, combine};
use crate::parallel;
use crate::problem::Certificate;
use simplex::{Ended, Simplex};

/// The solutions for one lambda.
#[derive(Debug)]
pub struct Solution {
    /// The columns, of every pair of entries the one of smaller absolute value: symmetric, not always positive definite.
    pub omega: SparseSymmetric,
    /// `primal` and `gap` are sums over the columns, before they are made symmetric; `kkt` is by how much some entry of
    /// S b - e_i exceeds lambda. `logdet` is 0.
    pub certificate: Certificate,
    /// Pivots of the column that took most, from lambda = 1 on.
    pub iterations: usize,
    /// The smallest penalty for which every column has a solution, where that is above the one that was asked for: the
    /// solution is the one there.
    pub feasible_from: Option<f64>,
}

/// A column for one lambda.
#[derive(Debug, Clone, Default)]
struct Column {
    entries: Vec<(u32, f64)>,
    certificate: Certificate,
    pivots: usize,
    feasible_from: Option<f64>,
}

/// How often a column is tried again with bounds that are moved a little, so that no two are reached at once.
const TRIES: usize = 4;
/// By how much, of themselves, in the first of these tries.
const MOVE: f64 = 1e-10;

/// The solutions for descending penalties, all below 1. Below what is feasible the last solution that is.
///
/// # Errors
/// Degenerate numbers that no pivots resolve; cancellation; memory.
pub fn solve(s: ArrayView2<'_, f64>, lambdas: &[f64], ctx: &Context) -> Result<Vec<Solution>> {
    let p = s.nrows();
    let _held = ctx.reserve_matrices(4, p, p)?;
    // The units of S as a whole do not matter to lambda.
    let unit = s.diag().iter().copied().fold(0.0, f64::max);
    let numbers: Vec<f64> = s.iter().map(|value| value / unit).collect();
    let all: Vec<usize> = (0..p).collect();
    let columns = parallel::map(&all, ctx, |_, &i| column(&numbers, p, i, lambdas, ctx))?;
    Ok((0..lambdas.len()).map(|l| assemble(columns.iter().map(|column| &column[l]), unit)).collect())
}

/// The largest smallest lambda of all columns for which off-diagonal entries stay 0.
pub fn largest(s: ArrayView2<'_, f64>) -> f64 {
    let mut most = 0.0f64;
    for (j, row) in s.rows().into_iter().enumerate() {
        for (i, value) in row.iter().take(j).enumerate() {
            // With b_i = (1 - lambda) / s_ii the other rows are within lambda for lambda >= r / (1 + r).
            let ratio = value.abs() / s[(i, i)].min(s[(j, j)]);
            most = most.max(ratio / (1.0 + ratio));
        }
    }
    most
}

/// One column for all penalties.
fn column(s: &[f64], p: usize, i: usize, lambdas: &[f64], ctx: &Context) -> Result<Vec<Column>> {
    for attempt in 0..TRIES {
        let moved = if attempt == 0 { 0.0 } else { MOVE * 100f64.powi(attempt as i32 - 1) };
        let mut simplex = Simplex::new(s, p, i, moved);
        let mut found: Vec<Column> = Vec::with_capacity(lambdas.len());
        let ended =
            simplex.run(lambdas, ctx, |b, z, lambda, pivots| found.push(certified(s, p, i, (b, z), lambda, pivots)))?;
        match ended {
            Ended::Solved => return Ok(found),
            Ended::Infeasible(least) => {
                let (b, z) = simplex.state();
                let last = Column { feasible_from: Some(least), ..certified(s, p, i, (b, z), least, simplex.pivots()) };
                found.resize(lambdas.len(), last);
                return Ok(found);
            }
            Ended::Lost => {}
        }
    }
    Err(Error::numerical(format!("column {i} of CLIME is too degenerate for double precision"))
        .with_hint("a larger lambda, or a covariance without columns that are copies of each other"))
}

/// The solution b with the dual point z, judged by S alone.
fn certified(s: &[f64], p: usize, i: usize, (b, z): (&[f64], &[f64]), lambda: f64, pivots: usize) -> Column {
    let mut image = vec![0.0; p];
    let mut times_s = |x: &[f64]| {
        let rows: Vec<u32> = (0..p).filter(|&k| x[k] != 0.0).map(|k| k as u32).collect();
        let values: Vec<f64> = rows.iter().map(|&k| x[k as usize]).collect();
        if rows.is_empty() {
            image.fill(0.0)
        } else {
            combine(s, p, 0, &rows, &values, &mut image)
        }
        image.clone()
    };
    let residual = times_s(b);
    let excess = |k: usize| (residual[k] - f64::from(k == i)).abs() - lambda;
    let kkt = (0..p).map(excess).fold(0.0, f64::max);
    let reach = times_s(z).iter().fold(1.0f64, |most, value| most.max(value.abs()));
    let primal: f64 = b.iter().map(|value| value.abs()).sum();
    let dual = (z[i] - lambda * z.iter().map(|value| value.abs()).sum::<f64>()) / reach;
    let entries = (0..p).filter(|&k| b[k] != 0.0).map(|k| (k as u32, b[k])).collect();
    let certificate = Certificate { primal, gap: (primal - dual).max(0.0), kkt, logdet: 0.0 };
    Column { entries, certificate, pivots, feasible_from: None }
}

fn assemble<'a>(columns: impl Iterator<Item = &'a Column>, unit: f64) -> Solution {
    let columns: Vec<&Column> = columns.collect();
    let at = |i: usize, j: usize| {
        let entries = &columns[j].entries;
        entries.binary_search_by_key(&(i as u32), |&(k, _)| k).map_or(0.0, |place| entries[place].1)
    };
    let mut upper = Vec::new();
    for (j, column) in columns.iter().enumerate() {
        for &(i, value) in column.entries.iter().take_while(|&&(i, _)| (i as usize) < j) {
            let other = at(j, i as usize);
            let smaller = if value.abs() <= other.abs() { value } else { other };
            if smaller != 0.0 {
                upper.push((i, j as u32, smaller / unit));
            }
        }
    }
    let diagonal = (0..columns.len()).map(|j| at(j, j) / unit).collect();
    let certificate = columns.iter().fold(Certificate::default(), |sum, column| sum.join(column.certificate));
    Solution {
        omega: SparseSymmetric::from_upper(diagonal, &upper),
        // |b|_1 is in units of 1/S.
        certificate: Certificate { primal: certificate.primal / unit, gap: certificate.gap / unit, ..certificate },
        iterations: columns.iter().map(|column| column.pivots).max().unwrap_or(0),
        feasible_from: columns.iter().filter_map(|column| column.feasible_from).reduce(f64::max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn moments(n: usize, p: usize) -> Array2<f64> {
        let x = Array2::from_shape_fn((n, p), |(k, i)| (0.7 * (i * i + 3 * k * k + i * k) as f64).sin());
        x.t().dot(&x) / n as f64
    }

    #[test]
    fn every_penalty_has_a_gap_of_rounding_alone() {
        let s = moments(40, 15);
        let lambdas = [0.9, 0.3, 0.2, 0.1, 0.05, 0.01, 0.0];
        let solutions = solve(s.view(), &lambdas, &Context::new()).unwrap();
        for (solution, lambda) in solutions.iter().zip(lambdas) {
            let certificate = solution.certificate;
            assert!(certificate.relative_gap() < 1e-9 && certificate.kkt < 1e-10, "{lambda}: {certificate:?}");
            assert!(solution.feasible_from.is_none());
        }
        // Without a penalty it is the inverse.
        let unit = solutions[6].omega.to_dense().dot(&s) - Array2::<f64>::eye(15);
        assert!(unit.iter().all(|value| value.abs() < 1e-8), "{unit}");
    }

    #[test]
    fn two_variables_by_hand() {
        // lambda = 1/4: column 0 has rows |b0 + b1/2 - 1| and |b0/2 + b1| within 1/4, best where both are met.
        let s = array![[1.0, 0.5], [0.5, 1.0]];
        let solution = &solve(s.view(), &[0.25], &Context::new()).unwrap()[0];
        // b0 + b1/2 = 3/4 and b0/2 + b1 = 1/4.
        assert!((solution.omega.at(0, 0) - 5.0 / 6.0).abs() < 1e-12, "{solution:?}");
        assert!((solution.omega.at(0, 1) + 1.0 / 6.0).abs() < 1e-12, "{solution:?}");
        // From lambda = 1/3 on b0 alone does: 1 - lambda = b0, b0/2 = lambda.
        assert!((largest(s.view()) - 1.0 / 3.0).abs() < 1e-15);
        let empty = &solve(s.view(), &[1.0 / 3.0 + 1e-9], &Context::new()).unwrap()[0];
        assert_eq!(empty.omega.n_pairs(), 0);
    }

    #[test]
    fn a_singular_covariance_says_from_where_on_there_is_a_solution() {
        let s = moments(6, 12);
        let ctx = Context::new();
        let solution = &solve(s.view(), &[0.01], &ctx).unwrap()[0];
        let least = solution.feasible_from.unwrap();
        assert!(solve(s.view(), &[least + 1e-6], &ctx).unwrap()[0].feasible_from.is_none());
        assert!(solve(s.view(), &[least - 1e-6], &ctx).unwrap()[0].feasible_from.is_some());
    }

    #[test]
    fn ties_are_resolved() {
        let equal = Array2::from_shape_fn((8, 8), |(i, j)| if i == j { 1.0 } else { 0.4 });
        let twice = Array2::from_shape_fn((8, 8), |(i, j)| if i % 4 == j % 4 { 1.0 } else { 0.2 });
        for s in [equal, twice, Array2::eye(5)] {
            for lambda in [0.5, 0.2] {
                let solution = &solve(s.view(), &[lambda], &Context::new()).unwrap()[0];
                let certificate = solution.certificate;
                let fine = certificate.relative_gap() < 1e-5 && certificate.kkt < 1e-5;
                assert!(fine || solution.feasible_from.is_some(), "{s} {lambda}: {certificate:?}");
            }
        }
    }
}
