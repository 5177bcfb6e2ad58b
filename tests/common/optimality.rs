//! How good a solution of the graphical lasso is, from S, the penalties and Theta alone: nothing that a solver says
//! about itself is used.

use ndarray::{Array2, ArrayView2};
use sinew::linalg::Cholesky;
use sinew::problem::L1;

/// min over Theta of -log det Theta + tr(S Theta) + sum_ij Lambda_ij |Theta_ij|.
#[derive(Debug, Clone)]
pub struct Problem {
    s: Array2<f64>,
    penalties: Array2<f64>,
}

/// What holds for a positive definite Theta.
#[derive(Debug, Clone, Copy)]
pub struct Verdict {
    /// The primal value.
    pub objective: f64,
    /// The primal value minus the best dual value that was found: no less than what is missing to the minimum.
    pub gap: f64,
    /// The largest violation of the optimality conditions, in units of S.
    pub kkt: f64,
    /// By how much a proximal step moves an entry at most, in units of (W_ii W_jj)^-1/2; unlike `kkt` it is continuous.
    pub residual: f64,
    /// The largest Theta_ii (Theta^-1)_ii: how ill-conditioned the solution is.
    pub inflation: f64,
    /// The rounding error that objective and gap may have.
    pub noise: f64,
    /// The rounding error that `kkt` may have.
    pub kkt_noise: f64,
}

impl Verdict {
    /// max(1, |objective|), which gaps are relative to.
    pub fn scale(&self) -> f64 {
        self.objective.abs().max(1.0)
    }
}

/// Sweeps over the columns of a dual point at most.
const SWEEPS: usize = 200;
/// Passes over the coordinates of one column.
const PASSES: usize = 20;

impl Problem {
    /// Of a sample covariance and its penalties, p x p.
    pub fn new(s: ArrayView2<'_, f64>, penalty: &L1) -> Self {
        Self { s: s.to_owned(), penalties: Array2::from_shape_fn(s.dim(), |(i, j)| penalty.at(i, j)) }
    }

    /// The primal value; `None` where Theta is not positive definite.
    pub fn objective(&self, theta: &Array2<f64>) -> Option<f64> {
        let logdet = Cholesky::new(theta.view())?.logdet();
        Some(self.sum(theta, |s, penalty, theta| s * theta + penalty * theta.abs()) - logdet)
    }

    /// The sum of `term` over the entries of Theta that are not zero.
    fn sum(&self, theta: &Array2<f64>, term: impl Fn(f64, f64, f64) -> f64) -> f64 {
        let entries = theta.indexed_iter().filter(|(_, theta)| **theta != 0.0);
        entries.map(|(place, &theta)| term(self.s[place], self.penalties[place], theta)).sum()
    }

    /// A dual point: `inside` of every entry, moved into the box |W_ij - S_ij| <= Lambda_ij.
    fn in_box(&self, inside: impl Fn((usize, usize)) -> f64) -> Array2<f64> {
        Array2::from_shape_fn(self.s.dim(), |place| {
            let (s, bound) = (self.s[place], self.penalties[place]);
            inside(place).clamp(s - bound, s + bound)
        })
    }

    /// How good Theta is; `None` where it is not positive definite. Dual points are improved until the gap is `wanted`
    /// times the scale, or nothing helps.
    pub fn judge(&self, theta: &Array2<f64>, wanted: f64) -> Option<Verdict> {
        let inverse = Cholesky::new(theta.view())?.inverse();
        let objective = self.objective(theta)?;
        let inflation = (0..theta.nrows()).map(|i| theta[(i, i)] * inverse[(i, i)]).fold(1.0, f64::max);
        let magnitude = self.sum(theta, |s, penalty, theta| (s.abs() + penalty) * theta.abs());
        let p = theta.nrows() as f64;
        let variance = inverse.diag().iter().copied().fold(0.0, f64::max);
        Some(Verdict {
            objective,
            gap: self.gap(theta, &inverse, objective, wanted * objective.abs().max(1.0)),
            kkt: self.violation(theta, &inverse),
            residual: self.residual(theta, &inverse),
            inflation,
            noise: 4.0 * f64::EPSILON * (magnitude + p * inflation + objective.abs()),
            kkt_noise: 16.0 * f64::EPSILON * p * inflation * variance,
        })
    }

    /// The smallest gap to feasible points.
    ///
    /// The projection of Theta^-1 onto the box is off by the error of Theta to first order. With the entries of the
    /// support at their bounds, where complementary slackness has them, the gap is of second order.
    fn gap(&self, theta: &Array2<f64>, inverse: &Array2<f64>, objective: f64, wanted: f64) -> f64 {
        let to_bound = |place: (usize, usize)| {
            let value = theta[place];
            if value == 0.0 { inverse[place] } else { self.s[place] + self.penalties[place].copysign(value) }
        };
        let room = self.s.indexed_iter().filter(|((i, j), s)| i != j && **s != 0.0);
        let room = room.map(|(place, s)| self.penalties[place] / s.abs()).fold(1.0, f64::min);
        let starts = [
            self.in_box(to_bound),
            self.in_box(|place| inverse[place]),
            self.in_box(|(i, j)| if i == j { f64::MAX } else { (1.0 - room) * self.s[(i, j)] }),
        ];
        let gap = |w: &Array2<f64>| match Cholesky::new(w.view()) {
            Some(factor) => objective - factor.logdet() - theta.nrows() as f64,
            None => f64::INFINITY,
        };
        let [mut w, other, safe] = starts;
        for start in [other, safe] {
            if gap(&start) < gap(&w) {
                w = start;
            }
        }
        let mut best = gap(&w);
        for _ in 0..SWEEPS {
            if best <= wanted || best.is_infinite() {
                break;
            }
            self.improve(theta, &mut w);
            best = best.min(gap(&w));
        }
        best
    }

    /// One update of every column of W: block coordinate descent on the dual, by the lasso of each column.
    fn improve(&self, theta: &Array2<f64>, w: &mut Array2<f64>) {
        let p = theta.nrows();
        for j in 0..p {
            let others: Vec<usize> = (0..p).filter(|&i| i != j).collect();
            let mut beta: Vec<f64> = (0..p).map(|i| -theta[(i, j)] / theta[(j, j)]).collect();
            beta[j] = 0.0;
            let mut product: Vec<f64> =
                w.rows().into_iter().map(|row| row.iter().zip(&beta).map(|(w, beta)| w * beta).sum::<f64>()).collect();
            for _ in 0..PASSES {
                for &i in &others {
                    let partial = self.s[(i, j)] - product[i] + w[(i, i)] * beta[i];
                    let change = soft(partial, self.penalties[(i, j)]) / w[(i, i)] - beta[i];
                    if change != 0.0 {
                        beta[i] += change;
                        product.iter_mut().zip(w.row(i)).for_each(|(product, w)| *product += w * change);
                    }
                }
            }
            for &i in &others {
                let (s, bound) = (self.s[(i, j)], self.penalties[(i, j)]);
                w[(i, j)] = product[i].clamp(s - bound, s + bound);
                w[(j, i)] = w[(i, j)];
            }
        }
    }

    /// The largest distance of S - Theta^-1 from minus a subgradient of the penalty.
    fn violation(&self, theta: &Array2<f64>, inverse: &Array2<f64>) -> f64 {
        let violation = |(place, &theta): ((usize, usize), &f64)| {
            let (gradient, bound) = (self.s[place] - inverse[place], self.penalties[place]);
            if theta == 0.0 { (gradient.abs() - bound).max(0.0) } else { (gradient + bound.copysign(theta)).abs() }
        };
        theta.indexed_iter().map(violation).fold(0.0, f64::max)
    }

    fn residual(&self, theta: &Array2<f64>, inverse: &Array2<f64>) -> f64 {
        let moved = |((i, j), &theta): ((usize, usize), &f64)| {
            let unit = (inverse[(i, i)] * inverse[(j, j)]).sqrt();
            let gradient = (self.s[(i, j)] - inverse[(i, j)]) / unit;
            let theta = theta * unit;
            (theta - soft(theta - gradient, self.penalties[(i, j)] / unit)).abs()
        };
        theta.indexed_iter().map(moved).fold(0.0, f64::max)
    }
}

/// x moved towards 0 by t, at most to 0.
fn soft(x: f64, t: f64) -> f64 {
    (x.abs() - t).max(0.0).copysign(x)
}
