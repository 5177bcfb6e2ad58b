//! The small problem within a lasso: coordinate descent over the coordinates that may be non-zero.

use ndarray::Array2;

use crate::context::Context;
use crate::error::Result;
use crate::linalg::{Cholesky, PAD, SmallLasso, axpy, dot};

/// After so many passes over the active coordinates without an end, the whole support moves at once.
const SLOW: usize = 25;

/// From so many coordinates on that move goes by conjugate gradients: so many steps at most, until the residual has
/// fallen by this factor, squared.
const LARGE: usize = 128;
const STEPS: usize = 40;
const CLOSE: f64 = 1e-10;

/// When the descent stops.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// Bound on the change of one coordinate in a pass, times its size.
    pub tol: f64,
    /// Passes over the active coordinates at most.
    pub max_passes: usize,
}

/// min over b of 1/2 b'Gb - g'b + sum_k lambda_k |b_k| over few coordinates, with their part of G at hand.
#[derive(Debug, Default)]
pub struct ActiveSet {
    /// Positions among all coordinates, in the order in which they entered.
    positions: Vec<u32>,
    values: Vec<f64>,
    targets: Vec<f64>,
    bounds: Vec<f64>,
    sizes: Vec<f64>,
    /// G restricted to the active positions, rows padded to `stride`.
    gram: Vec<f64>,
    stride: usize,
    /// Number of positions whose part of G stands in `gram`.
    gathered: usize,
    slopes: Vec<f64>,
}

impl ActiveSet {
    /// Forgets all coordinates, but keeps the memory.
    pub fn clear(&mut self) {
        self.positions.clear();
        self.values.clear();
        self.targets.clear();
        self.bounds.clear();
        self.sizes.clear();
        self.gathered = 0;
    }

    /// Lets a coordinate in: its value, g and lambda at its position, and the factor with which its changes count.
    pub fn enter(&mut self, position: u32, value: f64, target: f64, bound: f64, size: f64) {
        self.positions.push(position);
        self.values.push(value);
        self.targets.push(target);
        self.bounds.push(bound);
        self.sizes.push(size);
    }

    /// Number of coordinates.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// The coordinates' positions.
    pub fn positions(&self) -> &[u32] {
        &self.positions
    }

    /// The coordinates' values, some of which may be 0.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Takes the new coordinates' part of G and computes all slopes. `row(i)` is row i of G; where `fresh` holds of a
    /// position, its own row is right and the others' entries in its column may be out of date.
    pub fn gather<'g>(&mut self, row: impl Fn(usize) -> &'g [f64], fresh: impl Fn(usize) -> bool) {
        let count = self.len();
        if count > self.stride || self.gathered == 0 {
            self.widen(count);
        }
        let Self { positions, gram, stride, gathered, .. } = self;
        for (a, line) in gram.chunks_exact_mut((*stride).max(1)).enumerate().take(count) {
            let own = row(positions[a] as usize);
            // Whole rows for new coordinates, for the others what they have in common with the new ones.
            let from = if a < *gathered { *gathered } else { 0 };
            for (value, &position) in line[from..count].iter_mut().zip(&positions[from..]) {
                *value = own[position as usize];
            }
            line[count..].fill(0.0);
        }
        for a in (0..count).filter(|&a| fresh(positions[a] as usize)) {
            for b in 0..count {
                gram[b * *stride + a] = gram[a * *stride + b];
            }
        }
        self.gathered = count;
        self.slopes.clear();
        self.slopes.extend_from_slice(&self.targets);
        self.slopes.resize(self.stride, 0.0);
        for (k, &value) in self.values.iter().enumerate().filter(|(_, value)| **value != 0.0) {
            axpy(-value, &self.gram[k * self.stride..(k + 1) * self.stride], &mut self.slopes);
        }
    }

    /// How far the values are from optimal: sum_k |b_k| |slope_k - lambda_k sign(b_k)|.
    pub fn slackness(&self) -> f64 {
        let all = self.values.iter().zip(&self.slopes).zip(&self.bounds);
        all.map(|((value, slope), bound)| (value * slope - value.abs() * bound).abs()).filter(|term| *term > 0.0).sum()
    }

    /// Makes room for `count` coordinates and some more, and moves what has been gathered.
    fn widen(&mut self, count: usize) {
        let stride = (count + count / 4).next_multiple_of(PAD);
        if self.gathered > 0 {
            let mut gram = vec![0.0; stride * stride];
            for k in 0..self.gathered {
                let row = &self.gram[k * self.stride..][..self.gathered];
                gram[k * stride..][..self.gathered].copy_from_slice(row);
            }
            self.gram = gram;
        } else if self.gram.len() < stride * stride {
            self.gram.resize(stride * stride, 0.0);
        }
        self.stride = stride;
    }

    /// Coordinate descent until a pass changes nothing by more than the tolerance. Returns the number of passes.
    ///
    /// # Errors
    /// Cancellation; it is checked for every few passes.
    pub fn solve(&mut self, stop: Stop, ctx: &Context) -> Result<usize> {
        let mut passes = 0;
        while passes < stop.max_passes && self.len() > 0 {
            ctx.check()?;
            let small = SmallLasso {
                gram: &self.gram,
                stride: self.stride,
                bounds: &self.bounds,
                sizes: &self.sizes,
                values: &mut self.values,
                slopes: &mut self.slopes,
            };
            let (more, settled) = small.passes(stop.tol, SLOW.min(stop.max_passes - passes));
            passes += more;
            if settled {
                break;
            }
            self.jump(ctx)?;
        }
        Ok(passes)
    }

    /// Moves to the minimiser over the current support and signs, or as far towards it as the signs stay: the remedy
    /// for ill-conditioned problems, where coordinate steps are tiny. The objective falls all the way.
    fn jump(&mut self, ctx: &Context) -> Result<()> {
        let count = self.len();
        // Every step but the last sets a coordinate to 0.
        for _ in 0..count {
            ctx.check()?;
            let support: Vec<usize> = (0..count).filter(|&k| self.values[k] != 0.0).collect();
            let slope: Vec<f64> =
                support.iter().map(|&k| self.slopes[k] - self.bounds[k] * self.values[k].signum()).collect();
            let direction = if support.len() < LARGE {
                self.newton_direction(&support, &slope, ctx)?
            } else {
                Some(self.krylov_direction(&support, &slope, ctx)?)
            };
            let Some(direction) = direction else { return Ok(()) };
            let reach = |i: usize| -self.values[support[i]] / direction[i];
            let blocking = (0..support.len())
                .filter(|&i| (0.0..1.0).contains(&reach(i)))
                .min_by(|&a, &b| reach(a).total_cmp(&reach(b)));
            let length = blocking.map_or(1.0, reach);
            for (i, &k) in support.iter().enumerate() {
                let change = length * direction[i];
                let new = if blocking == Some(i) { 0.0 } else { self.values[k] + change };
                let row = &self.gram[k * self.stride..(k + 1) * self.stride];
                axpy(self.values[k] - new, row, &mut self.slopes);
                self.values[k] = new;
            }
            if blocking.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// G^-1 `slope` on the support; `None` where G is not positive definite on it.
    fn newton_direction(&self, support: &[usize], slope: &[f64], ctx: &Context) -> Result<Option<Vec<f64>>> {
        let size = support.len();
        let block = Array2::from_shape_fn((size, size), |(i, j)| self.gram[support[i] * self.stride + support[j]]);
        let Some(cholesky) = Cholesky::checked(block.view(), ctx)? else { return Ok(None) };
        let slope = Array2::from_shape_fn((size, 1), |(i, _)| slope[i]);
        Ok(Some(cholesky.solve(slope.view()).into_iter().collect()))
    }

    /// Towards G^-1 `slope` on the support, by conjugate gradients: every step of theirs lowers the objective more than
    /// a pass, and a factor costs as much as very many.
    fn krylov_direction(&self, support: &[usize], slope: &[f64], ctx: &Context) -> Result<Vec<f64>> {
        let scale: Vec<f64> = support.iter().map(|&k| 1.0 / self.gram[k * self.stride + k]).collect();
        let mut residual = slope.to_vec();
        let mut better: Vec<f64> = residual.iter().zip(&scale).map(|(r, scale)| r * scale).collect();
        let mut solution = vec![0.0; support.len()];
        let mut size = dot(&residual, &better);
        let enough = CLOSE * size;
        // The direction among all coordinates, whose rows of G are contiguous.
        let mut direction = vec![0.0; self.stride];
        support.iter().zip(&better).for_each(|(&k, &value)| direction[k] = value);
        let mut image = vec![0.0; support.len()];
        for _ in 0..STEPS {
            ctx.check()?;
            if size.is_nan() || size <= enough {
                break;
            }
            let mut bend = 0.0;
            for (image, &k) in image.iter_mut().zip(support) {
                *image = dot(&self.gram[k * self.stride..(k + 1) * self.stride], &direction);
                bend += *image * direction[k];
            }
            if bend.is_nan() || bend <= 0.0 {
                break;
            }
            let length = size / bend;
            for (i, &k) in support.iter().enumerate() {
                solution[i] += length * direction[k];
                residual[i] -= length * image[i];
                better[i] = residual[i] * scale[i];
            }
            let next = dot(&residual, &better);
            let ratio = next / size;
            size = next;
            support.iter().zip(&better).for_each(|(&k, better)| direction[k] = better + ratio * direction[k]);
        }
        Ok(solution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conjugate_gradients_and_a_factor_give_one_direction() {
        let count = 30;
        let mut set = ActiveSet::default();
        for i in 0..count {
            set.enter(i, 1.0, 2.0 + f64::from(i % 7), 0.1, 1.0);
        }
        let row = |i: usize| -> Vec<f64> {
            (0..count as usize).map(|j| if i == j { 2.0 } else { 0.3 + 0.02 * ((i * j) as f64).cos() }).collect()
        };
        let rows: Vec<Vec<f64>> = (0..count as usize).map(row).collect();
        set.gather(|i| &rows[i], |_| false);
        // A support with gaps.
        let support: Vec<usize> = (0..count as usize).filter(|i| i % 3 != 1).collect();
        let slope: Vec<f64> = support.iter().map(|&k| set.slopes[k]).collect();
        let exact = set.newton_direction(&support, &slope, &Context::new()).unwrap().unwrap();
        let close = set.krylov_direction(&support, &slope, &Context::new()).unwrap();
        let size = exact.iter().map(|value| value.abs()).fold(0.0, f64::max);
        for (exact, close) in exact.iter().zip(&close) {
            assert!((exact - close).abs() < 1e-4 * size, "{exact} {close}");
        }
    }
}
