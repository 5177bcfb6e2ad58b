//! A look at all pairs: how far Omega is from optimal, and which entries may be non-zero.

use ndarray::{Array2, ArrayView2};

use super::{Problem, positive_root};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{SparseSymmetric, combine, matmul, transposed};
use crate::parallel;
use crate::problem::{Certificate, Separable};

/// Columns handled at once.
const BLOCK: usize = 64;
/// Where more than one pair in so many is not zero, dense products are faster.
const DENSE: usize = 8;

/// What all pairs say about an Omega.
#[derive(Debug)]
pub(super) struct Scan {
    /// The largest violation of a condition, in its unit.
    pub kkt: f64,
    /// The pairs (i, j, value), i < j, in order of j, then i, that are not zero or should not be.
    pub pairs: Vec<(u32, u32, f64)>,
    /// Omega S: row j is column j of S Omega.
    product: Array2<f64>,
    /// S Omega.
    transposed: Array2<f64>,
}

/// The same of a block of columns.
struct Part {
    kkt: f64,
    pairs: Vec<(u32, u32, f64)>,
}

impl Scan {
    /// Entries that are 0 wait until their condition is violated by more than `slack` of its unit.
    ///
    /// # Errors
    /// Cancellation.
    pub fn of<P: Separable>(
        problem: &Problem<'_, P>,
        omega: &SparseSymmetric,
        slack: f64,
        ctx: &Context,
    ) -> Result<Self> {
        let product = product(problem, omega, ctx)?;
        let transposed = transposed(product.view());
        let starts: Vec<usize> = (0..problem.p).step_by(BLOCK).collect();
        let parts = parallel::map(&starts, ctx, |_, &first| {
            let mut part = Part { kkt: 0.0, pairs: Vec::new() };
            for j in first..(first + BLOCK).min(problem.p) {
                part.look(problem, omega, j, (product.view(), transposed.view()), slack);
            }
            Ok::<_, Error>(part)
        })?;
        let kkt = parts.iter().fold(0.0, |most: f64, part| most.max(part.kkt));
        let pairs = parts.into_iter().flat_map(|part| part.pairs).collect();
        Ok(Self { kkt, pairs, product, transposed })
    }

    /// A_ij of (S Omega + Omega S) / 2.
    fn gradient(&self, i: usize, j: usize) -> f64 {
        0.5 * (self.product[(j, i)] + self.transposed[(j, i)])
    }

    /// F and its duality gap.
    pub fn certificate<P: Separable>(&self, problem: &Problem<'_, P>, omega: &SparseSymmetric) -> Certificate {
        let (penalty, p) = (problem.penalty, problem.p);
        let own: f64 = omega.diagonal().iter().enumerate().map(|(i, value)| value * self.product[(i, i)]).sum();
        let trace = own + omega.pairs().map(|(i, j, value)| 2.0 * value * self.gradient(i, j)).sum::<f64>();
        let logs: f64 = omega.diagonal().iter().map(|value| value.ln()).sum();
        let own: f64 = omega.diagonal().iter().enumerate().map(|(i, &value)| penalty.value(i, i, value)).sum();
        let off: f64 = omega.pairs().map(|(i, j, value)| 2.0 * penalty.value(i, j, value)).sum();
        let primal = 0.5 * trace - logs + own + off;
        // How far the dual point must shrink for pairs whose penalty is L1 alone.
        let mut shrink = 1.0f64;
        for j in 0..p {
            for i in 0..j {
                let (size, bound) = (self.gradient(i, j).abs(), penalty.lasso().at(i, j));
                if size > bound && penalty.curvature(i, j) == 0.0 {
                    shrink = shrink.min(bound / size);
                }
            }
        }
        let mut dual = -0.5 * shrink * shrink * trace;
        for j in 0..p {
            dual += least_of_diagonal(problem, j, shrink * self.product[(j, j)]);
            for i in (0..j).filter(|&i| penalty.curvature(i, j) > 0.0) {
                dual -= 2.0 * penalty.conjugate(i, j, shrink * self.gradient(i, j));
            }
        }
        let gap = if dual.is_finite() { (primal - dual).max(0.0) } else { f64::INFINITY };
        Certificate { primal, gap, kkt: self.kkt, logdet: 0.0 }
    }

    /// -sum_i log(r_i) - p with r_i = (Omega S Omega)_ii / omega_ii^2.
    pub fn pseudo_likelihood(&self, omega: &SparseSymmetric) -> f64 {
        let left = |j: usize| {
            let (rows, values) = omega.column(j);
            let row = self.product.row(j);
            let others: f64 = rows.iter().zip(values).map(|(&k, value)| value * row[k as usize]).sum();
            let own = omega.diagonal()[j];
            (others + own * row[j]) / (own * own)
        };
        (0..omega.p()).map(|j| -left(j).max(f64::MIN_POSITIVE).ln() - 1.0).sum()
    }
}

impl Part {
    /// The pairs of column j with the columns before it, and its diagonal.
    fn look<P: Separable>(
        &mut self,
        problem: &Problem<'_, P>,
        omega: &SparseSymmetric,
        j: usize,
        (product, transposed): (ArrayView2<'_, f64>, ArrayView2<'_, f64>),
        slack: f64,
    ) {
        let penalty = problem.penalty;
        let (rows, values) = omega.column(j);
        let mut entries = rows.iter().map(|&row| row as usize).zip(values.iter().copied()).peekable();
        for (i, (a, b)) in product.row(j).iter().zip(transposed.row(j)).take(j).enumerate() {
            let value = entries.next_if(|&(row, _)| row == i).map_or(0.0, |(_, value)| value);
            let violation = penalty.violation(i, j, value, 0.5 * (a + b)) / problem.unit(i, j);
            self.kkt = self.kkt.max(violation);
            if value != 0.0 || violation > slack {
                self.pairs.push((i as u32, j as u32, value));
            }
        }
        let own = omega.diagonal()[j];
        let violation = penalty.violation(j, j, own, product[(j, j)] - 1.0 / own) / problem.unit(j, j);
        self.kkt = self.kkt.max(violation);
    }
}

/// The least of -log x + a x + P_jj(x), over x > 0.
fn least_of_diagonal<P: Separable>(problem: &Problem<'_, P>, j: usize, a: f64) -> f64 {
    let (slope, curvature) = (a + problem.penalty.lasso().at(j, j), problem.penalty.curvature(j, j));
    if curvature > 0.0 {
        let x = positive_root(curvature, slope);
        return slope * x + 0.5 * curvature * x * x - x.ln();
    }
    if slope > 0.0 { 1.0 + slope.ln() } else { f64::NEG_INFINITY }
}

/// Omega S.
fn product<P: Separable>(problem: &Problem<'_, P>, omega: &SparseSymmetric, ctx: &Context) -> Result<Array2<f64>> {
    let p = problem.p;
    let shaped = |numbers: Vec<f64>| {
        Array2::from_shape_vec((p, p), numbers).map_err(|_| Error::internal("a product has another shape"))
    };
    if omega.n_pairs() * DENSE > p * p {
        let s = ArrayView2::from_shape((p, p), problem.s).map_err(|_| Error::internal("S has another shape"))?;
        return matmul(omega.to_dense().view(), s, ctx);
    }
    let starts: Vec<usize> = (0..p).step_by(BLOCK).collect();
    let blocks = parallel::map(&starts, ctx, |_, &first| {
        let end = (first + BLOCK).min(p);
        let mut block = vec![0.0; (end - first) * p];
        let (mut rows, mut values) = (Vec::new(), Vec::new());
        for (j, out) in (first..end).zip(block.chunks_exact_mut(p)) {
            let column = omega.column(j);
            rows.clear();
            values.clear();
            rows.extend_from_slice(column.0);
            values.extend_from_slice(column.1);
            rows.push(j as u32);
            values.push(omega.diagonal()[j]);
            combine(problem.s, p, 0, &rows, &values, out);
        }
        Ok::<_, Error>(block)
    })?;
    shaped(blocks.concat())
}
