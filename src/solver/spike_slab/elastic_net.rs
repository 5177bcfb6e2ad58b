//! Elastic nets of one variable on all others, with penalties of its own for every coefficient.

use ndarray::ArrayView2;

use crate::context::Context;
use crate::error::Result;
use crate::linalg::{PAD, SmallLasso, axpy};
use crate::parallel;

/// A pass that changes no coefficient by more is the last.
const TOL: f64 = 1e-7;
/// Coordinates whose gradient is this little above their penalty stay at 0.
const SLACK: f64 = 1e-9;
/// Passes of one problem at most, and between two looks at the context.
const MAX_PASSES: usize = 20_000;
const PASSES: usize = 50;
/// Nodes that share working memory, and the number of nodes from which threads are worth it.
const CHUNK: usize = 16;
const LARGE: usize = 256;
/// The smallest residual sum of squares of a variable with n sum of squares.
const LEAST: f64 = 1e-8;

/// Correlations of the variables, p x p, and how many samples they come from: what all regressions share.
#[derive(Debug, Clone)]
pub struct Correlations {
    /// Row by row.
    values: Vec<f64>,
    p: usize,
    n: f64,
}

impl Correlations {
    /// From a correlation matrix with a unit diagonal, of `n` samples.
    pub fn new(correlations: ArrayView2<'_, f64>, n: usize) -> Self {
        Self { values: correlations.iter().copied().collect(), p: correlations.nrows(), n: n as f64 }
    }

    /// Number of variables.
    pub fn p(&self) -> usize {
        self.p
    }

    /// Number of samples.
    pub fn n(&self) -> f64 {
        self.n
    }

    /// The correlations of one variable.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.p..(i + 1) * self.p]
    }

    /// sqrt(n log p): the order of the penalty in units of sums over samples.
    pub fn base(&self) -> f64 {
        (self.n * (self.p as f64).ln()).sqrt()
    }
}

/// The regression of one variable on the others.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Regression {
    /// Coefficients that are not 0: (variable, value), ascending.
    pub coefficients: Vec<(u32, f64)>,
    /// The mean square of the residuals.
    pub noise: f64,
}

/// min over b of 1/2 b'Rb - r'b + sum_j l1_j |b_j| + 1/2 sum_j ridge_j b_j^2, by coordinate descent over an active set.
///
/// Holds the working memory of one problem after another.
#[derive(Debug)]
pub struct Net<'a> {
    correlations: &'a Correlations,
    /// The penalties of the next problem, to be filled before [`Net::solve`].
    pub l1: Vec<f64>,
    /// The same of the squares.
    pub ridge: Vec<f64>,
    /// r - R b.
    residual: Vec<f64>,
    is_active: Vec<bool>,
    active: Vec<u32>,
    values: Vec<f64>,
    before: Vec<f64>,
    bounds: Vec<f64>,
    sizes: Vec<f64>,
    slopes: Vec<f64>,
    gram: Vec<f64>,
}

impl<'a> Net<'a> {
    /// Memory for problems on these correlations, without penalties.
    pub fn new(correlations: &'a Correlations) -> Self {
        let p = correlations.p();
        Self {
            correlations,
            l1: vec![0.0; p],
            ridge: vec![0.0; p],
            residual: Vec::with_capacity(p),
            is_active: Vec::with_capacity(p),
            active: Vec::new(),
            values: Vec::new(),
            before: Vec::new(),
            bounds: Vec::new(),
            sizes: Vec::new(),
            slopes: Vec::new(),
            gram: Vec::new(),
        }
    }

    /// The regression of variable `node` on the others, starting from `start`.
    ///
    /// # Errors
    /// Cancellation.
    pub fn solve(&mut self, node: usize, start: &[(u32, f64)], ctx: &Context) -> Result<Regression> {
        self.l1[node] = f64::INFINITY;
        self.begin(node, start);
        let mut settled = self.active.is_empty();
        let mut passes = 0;
        loop {
            ctx.check()?;
            let before = self.active.len();
            self.admit();
            if settled && self.active.len() == before || passes >= MAX_PASSES {
                return Ok(self.regression(node));
            }
            passes += self.descend(MAX_PASSES - passes, ctx)?;
            settled = true;
        }
    }

    fn begin(&mut self, node: usize, start: &[(u32, f64)]) {
        self.residual.clear();
        self.residual.extend_from_slice(self.correlations.row(node));
        self.is_active.clear();
        self.is_active.resize(self.correlations.p(), false);
        self.active.clear();
        self.values.clear();
        for &(variable, value) in start {
            self.is_active[variable as usize] = true;
            self.active.push(variable);
            self.values.push(value);
            axpy(-value, self.correlations.row(variable as usize), &mut self.residual);
        }
    }

    /// Lets in the coordinates that violate their optimality condition.
    fn admit(&mut self) {
        for (variable, (gradient, bound)) in self.residual.iter().zip(&self.l1).enumerate() {
            if gradient.abs() > bound + SLACK && !self.is_active[variable] {
                self.is_active[variable] = true;
                self.active.push(variable as u32);
                self.values.push(0.0);
            }
        }
    }

    /// Minimises over the active coordinates. Returns the number of passes.
    fn descend(&mut self, most: usize, ctx: &Context) -> Result<usize> {
        let stride = self.gather();
        self.before.clear();
        self.before.extend_from_slice(&self.values);
        let mut passes = 0;
        while passes < most {
            ctx.check()?;
            let small = SmallLasso {
                gram: &self.gram,
                stride,
                bounds: &self.bounds,
                sizes: &self.sizes,
                values: &mut self.values,
                slopes: &mut self.slopes,
            };
            let (more, settled) = small.passes(TOL, PASSES.min(most - passes));
            passes += more;
            if settled {
                break;
            }
        }
        for (k, &variable) in self.active.iter().enumerate() {
            let change = self.values[k] - self.before[k];
            if change != 0.0 {
                axpy(-change, self.correlations.row(variable as usize), &mut self.residual);
            }
        }
        Ok(passes)
    }

    /// The problem of the active coordinates; gives the length of its rows.
    fn gather(&mut self) -> usize {
        let count = self.active.len();
        let stride = count.next_multiple_of(PAD);
        self.gram.clear();
        self.gram.resize(count * stride, 0.0);
        self.slopes.clear();
        self.slopes.resize(stride, 0.0);
        self.bounds.clear();
        self.sizes.clear();
        self.sizes.resize(count, 1.0);
        for (k, &variable) in self.active.iter().enumerate() {
            let own = variable as usize;
            let row = self.correlations.row(own);
            let line = &mut self.gram[k * stride..k * stride + count];
            for (value, &other) in line.iter_mut().zip(&self.active) {
                *value = row[other as usize];
            }
            line[k] += self.ridge[own];
            self.bounds.push(self.l1[own]);
            self.slopes[k] = self.residual[own] - self.ridge[own] * self.values[k];
        }
        stride
    }

    fn regression(&self, node: usize) -> Regression {
        let row = self.correlations.row(node);
        let all = self.active.iter().zip(&self.values).filter(|(_, value)| **value != 0.0);
        let mut coefficients: Vec<(u32, f64)> = all.map(|(&variable, &value)| (variable, value)).collect();
        coefficients.sort_unstable_by_key(|&(variable, _)| variable);
        // |x - X b|^2 / n = 1 - 2 r'b + b'Rb, where R b is r without the residual.
        let explained = coefficients.iter().map(|&(j, b)| b * (row[j as usize] + self.residual[j as usize]));
        let noise = (1.0 - explained.sum::<f64>()).max(LEAST / self.correlations.n);
        Regression { coefficients, noise }
    }
}

/// What `f` finds for every node; it has working memory that some nodes share.
///
/// # Errors
/// The first error of `f`; cancellation.
pub fn each_node<R: Send>(
    correlations: &Correlations,
    ctx: &Context,
    f: impl Fn(&mut Net<'_>, usize) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let p = correlations.p();
    let firsts: Vec<usize> = (0..p).step_by(CHUNK).collect();
    let alone = ctx.clone().with_threads(1);
    let ctx = if p < LARGE { &alone } else { ctx };
    let parts = parallel::map(&firsts, ctx, |_, &first| -> Result<Vec<R>> {
        let mut net = Net::new(correlations);
        (first..(first + CHUNK).min(p)).map(|node| f(&mut net, node)).collect()
    })?;
    Ok(parts.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn optimality_conditions_hold_from_any_start() {
        let r = array![[1.0, 0.6, -0.4, 0.3], [0.6, 1.0, 0.2, 0.1], [-0.4, 0.2, 1.0, 0.25], [0.3, 0.1, 0.25, 1.0]];
        let correlations = Correlations::new(r.view(), 50);
        let ctx = Context::new();
        let mut net = Net::new(&correlations);
        let (l1, ridge) = ([0.1, 0.05, 0.2, 0.45], [0.0, 0.3, 0.0, 2.0]);
        for start in [vec![], vec![(2, -3.0), (3, 1.0)]] {
            net.l1.copy_from_slice(&l1);
            net.ridge.copy_from_slice(&ridge);
            let found = net.solve(0, &start, &ctx).unwrap();
            let mut b = [0.0; 4];
            found.coefficients.iter().for_each(|&(j, value)| b[j as usize] = value);
            assert!(b[0] == 0.0 && b[1] > 0.0 && b[2] < 0.0 && b[3] == 0.0, "{b:?}");
            for j in 1..4 {
                let gradient = r[(0, j)] - (0..4).map(|k| r[(j, k)] * b[k]).sum::<f64>() - ridge[j] * b[j];
                let violation =
                    if b[j] == 0.0 { (gradient.abs() - l1[j]).max(0.0) } else { gradient - l1[j] * b[j].signum() };
                assert!(violation.abs() < 1e-6, "{j}: {violation}");
            }
            let noise = (0..4).map(|j| -2.0 * r[(0, j)] * b[j]).sum::<f64>()
                + (0..4).flat_map(|j| (0..4).map(move |k| (j, k))).map(|(j, k)| b[j] * r[(j, k)] * b[k]).sum::<f64>();
            assert!((found.noise - 1.0 - noise).abs() < 1e-12);
        }
    }
}
