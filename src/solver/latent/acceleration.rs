//! Anderson's acceleration of the steps: where the second derivative of the model is only about right, steps fall by a
//! factor from one to the next, and a combination of the last few is much nearer to the solution (Walker, Ni, SIAM
//! Journal on Numerical Analysis 49:1715, 2011).

use std::collections::VecDeque;

use ndarray::Array2;

use super::Set;
use super::profile::Slope;
use crate::linalg::Cholesky;

/// Earlier steps that are combined with the last.
const DEPTH: usize = 4;

/// The sparse parts of all data sets.
type Parts = Vec<Array2<f64>>;

/// The last steps: where each went, and what it added.
#[derive(Debug, Default)]
pub(super) struct Steps {
    last: VecDeque<(Parts, Parts)>,
}

impl Steps {
    /// Another step, from Theta to `target`.
    pub fn add(&mut self, theta: &[Array2<f64>], target: Parts) {
        let step = target.iter().zip(theta).map(|(target, theta)| target - theta).collect();
        self.last.push_back((target, step));
        if self.last.len() > DEPTH + 1 {
            self.last.pop_front();
        }
    }

    /// Forgets all steps but the last.
    pub fn forget(&mut self) {
        let old = self.last.len().saturating_sub(1);
        self.last.drain(..old);
    }

    /// The combination of targets whose steps, in units of the curvature, almost cancel. Zeros and signs are those of the
    /// last target. `None` without an earlier step.
    pub fn combined(&self, sets: &[Set<'_>], slopes: &[Slope]) -> Option<Parts> {
        let (target, step) = self.last.back()?;
        let earlier: Vec<&(Parts, Parts)> = self.last.iter().take(self.last.len() - 1).collect();
        if earlier.is_empty() {
            return None;
        }
        let shares = shares(&earlier, step, sets, slopes)?;
        let mut parts = target.clone();
        for (k, part) in parts.iter_mut().enumerate() {
            for (place, value) in part.indexed_iter_mut().filter(|(_, value)| **value != 0.0) {
                let last = *value;
                let moved: f64 =
                    earlier.iter().zip(&shares).map(|((old, _), share)| share * (last - old[k][place])).sum();
                if (last - moved) * last > 0.0 {
                    *value = last - moved;
                }
            }
        }
        Some(parts)
    }
}

/// The least squares coefficients of the last step by its differences from the earlier ones.
fn shares(earlier: &[&(Parts, Parts)], step: &[Array2<f64>], sets: &[Set<'_>], slopes: &[Slope]) -> Option<Vec<f64>> {
    let count = earlier.len();
    let mut gram = Array2::<f64>::zeros((count, count));
    let mut right = Array2::<f64>::zeros((count, 1));
    let mut differences = vec![0.0; count];
    for (k, (set, slope)) in sets.iter().zip(slopes).enumerate() {
        let unit: Vec<f64> = slope.bend.diag().to_vec();
        for ((i, j), &last) in step[k].indexed_iter() {
            for (difference, (_, old)) in differences.iter_mut().zip(earlier) {
                *difference = last - old[k][(i, j)];
            }
            if differences.iter().all(|&difference| difference == 0.0) {
                continue;
            }
            let weight = set.weight * unit[i] * unit[j];
            for (a, one) in differences.iter().enumerate() {
                right[(a, 0)] += weight * one * last;
                for (b, other) in differences.iter().enumerate() {
                    gram[(a, b)] += weight * one * other;
                }
            }
        }
    }
    // Steps that hardly differ would have any coefficients.
    let ridge = 1e-12 * gram.diag().sum();
    gram.diag_mut().mapv_inplace(|value| value + ridge);
    let solved = Cholesky::new(gram.view())?.solve(right.view());
    Some(solved.column(0).to_vec())
}
