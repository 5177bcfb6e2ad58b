//! A regression of every variable on the others under any penalty that is a sum over coefficients: coordinate descent in
//! covariance form.
//!
//! For variable a it minimises 1/2 b'S b - s_a'b + sum_k P_ak(b_k), the squared error over 2 n, computed in units of the
//! standard deviations.

use ndarray::ArrayView2;

use super::algorithm::{Algorithm, Loss, Penalty};
use super::lasso::{Lasso, Stop};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::axpy;
use crate::problem::{Certificate, ElasticNet, Entrywise, L1, Nonconvex, Separable};

/// The regressions of some variables on each other.
#[derive(Debug)]
pub struct Nodewise<'a> {
    correlations: &'a [f64],
    p: usize,
    /// Standard deviations, in whose units the penalty is meant.
    scale: &'a [f64],
    penalty: Coefficients,
    /// The L1 part at 0 of every pair: its own, or that of the lasso from which a nonconvex descent starts.
    lasso: L1,
}

/// The penalty of the coefficients.
#[derive(Debug)]
enum Coefficients {
    Lasso,
    Net(ElasticNet),
    Concave(Nonconvex),
}

/// When a regression is done.
#[derive(Debug, Clone, Copy)]
pub struct Accuracy {
    /// Bound on the KKT violation, in units of the two standard deviations.
    pub tol: f64,
    /// Passes over active coefficients at most.
    pub max_passes: usize,
}

/// One variable's regression.
#[derive(Debug)]
pub struct Neighborhood {
    /// Coefficients that are not 0 (variable, value), in units of the standard deviations.
    pub coefficients: Vec<(usize, f64)>,
    /// KKT violation and gap, in units of the variable's variance. Where the penalty is not convex the gap is that of the
    /// lasso that touches it at the solution.
    pub certificate: Certificate,
    /// Passes over active coefficients.
    pub passes: usize,
    /// |x_a - X b|^2 / n over the variable's variance.
    pub noise: f64,
}

/// A point on the way: coefficients of all variables and r = g - G b.
struct State {
    b: Vec<f64>,
    residual: Vec<f64>,
    passes: usize,
}

/// A step this small cannot help any more.
const LEAST: f64 = 1e-17;
/// Passes between looks at the context.
const OFTEN: usize = 16;

impl<'a> Nodewise<'a> {
    /// From `correlations`, p x p in row order, and the penalty at `lambda` of data with the standard deviations `scale`.
    ///
    /// # Errors
    /// A penalty that this loss does not go with; one whose numbers are out of range.
    pub fn new(correlations: ArrayView2<'a, f64>, scale: &'a [f64], lambda: &L1, penalty: &Penalty) -> Result<Self> {
        let p = correlations.nrows();
        let correlations =
            correlations.to_slice().ok_or_else(|| Error::internal("the correlations are not in row order"))?;
        let (coefficients, lasso) = match penalty {
            Penalty::L1 => (Coefficients::Lasso, lambda.clone()),
            Penalty::ElasticNet { l1_ratio } => {
                let net = ElasticNet::new(lambda, *l1_ratio)?;
                let lasso = net.lasso().clone();
                (Coefficients::Net(net), lasso)
            }
            Penalty::Concave { form, .. } => (Coefficients::Concave(Nonconvex::new(lambda, *form)?), lambda.clone()),
            Penalty::Adaptive(_) => return Err(unable(penalty)),
        };
        Ok(Self { correlations, p, scale, penalty: coefficients, lasso })
    }

    /// The regression of variable `a` on the others, refined until its optimality conditions hold to the tolerance.
    ///
    /// # Errors
    /// Cancellation.
    pub fn regress(&self, a: usize, accuracy: Accuracy, ctx: &Context) -> Result<Neighborhood> {
        let mut state = State { b: vec![0.0; self.p], residual: self.row(a).to_vec(), passes: 0 };
        match &self.penalty {
            Coefficients::Lasso => self.solve_lasso(a, accuracy, &mut state, ctx)?,
            Coefficients::Net(net) => self.descend(a, net, accuracy, &mut state, ctx)?,
            Coefficients::Concave(penalty) => {
                // A start that need not be exact.
                let rough = Accuracy { tol: accuracy.tol.max(1e-6), ..accuracy };
                self.solve_lasso(a, rough, &mut state, ctx)?;
                self.descend(a, penalty, accuracy, &mut state, ctx)?;
            }
        }
        let certificate = self.certify(a, &state, accuracy.tol);
        let noise = self.noise(a, &state);
        let coefficients = state.b.into_iter().enumerate().filter(|(_, value)| *value != 0.0).collect();
        Ok(Neighborhood { coefficients, certificate, passes: state.passes, noise })
    }

    fn row(&self, i: usize) -> &'a [f64] {
        &self.correlations[i * self.p..(i + 1) * self.p]
    }

    /// The L1 part at 0, in units of the two standard deviations; infinite for the variable itself.
    fn bound(&self, a: usize, k: usize) -> f64 {
        if a == k { f64::INFINITY } else { self.lasso.at(a, k) / self.scale[a] / self.scale[k] }
    }

    /// The lasso over an active set, more closely until its conditions hold.
    fn solve_lasso(&self, a: usize, accuracy: Accuracy, state: &mut State, ctx: &Context) -> Result<()> {
        let mut lasso = Lasso::default();
        let mut coefficients: Vec<(usize, f64)> = Vec::new();
        let mut step = 0.1 * accuracy.tol;
        let own = |k: usize| self.bound(a, k);
        loop {
            let stop = Stop { tol: step, max_passes: accuracy.max_passes - state.passes };
            state.passes += lasso.solve(self.row(a), |i| self.row(i), own, &coefficients, stop, ctx)?;
            coefficients = lasso.solution().collect();
            state.residual.clear();
            state.residual.extend_from_slice(lasso.residual());
            state.b.fill(0.0);
            coefficients.iter().for_each(|&(k, value)| state.b[k] = value);
            let violation = (0..self.p).map(|k| lasso_violation(state, k, own(k))).fold(0.0, f64::max);
            if violation <= accuracy.tol || state.passes >= accuracy.max_passes || step < LEAST {
                return Ok(());
            }
            step *= 0.1;
        }
    }

    /// Coordinate descent: every step to the global minimum along its coefficient.
    fn descend<P: Entrywise>(
        &self,
        a: usize,
        penalty: &P,
        accuracy: Accuracy,
        state: &mut State,
        ctx: &Context,
    ) -> Result<()> {
        let mut is_active: Vec<bool> = state.b.iter().map(|value| *value != 0.0).collect();
        let mut active: Vec<usize> = (0..self.p).filter(|&k| is_active[k]).collect();
        let mut step = 0.1 * accuracy.tol;
        loop {
            ctx.check()?;
            let mut worst = 0.0f64;
            let before = active.len();
            for k in (0..self.p).filter(|&k| self.bound(a, k).is_finite()) {
                let violation = self.violation(a, k, penalty, state);
                worst = worst.max(violation);
                if !is_active[k] && violation > 0.1 * accuracy.tol {
                    is_active[k] = true;
                    active.push(k);
                }
            }
            if worst <= accuracy.tol || state.passes >= accuracy.max_passes || step < LEAST {
                return Ok(());
            }
            if active.len() == before && state.passes > 0 {
                step *= 0.1;
            }
            self.passes(a, penalty, &active, (step, accuracy.max_passes), state, ctx)?;
        }
    }

    /// Passes over the active coefficients until none moves by more than `step`.
    fn passes<P: Entrywise>(
        &self,
        a: usize,
        penalty: &P,
        active: &[usize],
        (step, most): (f64, usize),
        state: &mut State,
        ctx: &Context,
    ) -> Result<()> {
        while state.passes < most {
            if state.passes.is_multiple_of(OFTEN) {
                ctx.check()?;
            }
            state.passes += 1;
            let mut moved = 0.0f64;
            for &k in active {
                let before = state.b[k];
                // In the data's units a coefficient is this many times as large, and G_kk is the variance of k.
                let unit = self.scale[a] / self.scale[k];
                let target = unit * (before + state.residual[k]);
                let curvature = self.scale[k] * self.scale[k];
                let after = penalty.proximal_at(a, k, target, curvature.recip()) / unit;
                if after != before {
                    axpy(before - after, self.row(k), &mut state.residual);
                    state.b[k] = after;
                    moved = moved.max((after - before).abs());
                }
            }
            if moved <= step {
                break;
            }
        }
        Ok(())
    }

    /// How far coefficient k is from stationary, in units of the two standard deviations.
    fn violation<P: Entrywise>(&self, a: usize, k: usize, penalty: &P, state: &State) -> f64 {
        let (own, other) = (self.scale[a], self.scale[k]);
        let coefficient = state.b[k] * (own / other);
        penalty.violation_at(a, k, coefficient, -state.residual[k] * own * other) / own / other
    }

    /// |x_a - X b|^2 / n over the variance of a.
    fn noise(&self, a: usize, state: &State) -> f64 {
        let sums = |sum: f64, k: usize| sum + state.b[k] * (self.row(a)[k] + state.residual[k]);
        (1.0 - (0..self.p).filter(|&k| state.b[k] != 0.0).fold(0.0, sums)).max(0.0)
    }

    /// The dual point of the gap is the residual, shrunk until feasible where a penalty has no curvature. Coefficients
    /// without a penalty count as exact where their slope is within the tolerance.
    fn certify(&self, a: usize, state: &State, tol: f64) -> Certificate {
        let (g, variance) = (self.row(a), self.row(a)[a]);
        let (mut kkt, mut shrink, mut cost, mut fitted) = (0.0f64, 1.0f64, 0.0, 0.0);
        let others = || (0..self.p).filter(|&k| self.bound(a, k).is_finite());
        for k in others() {
            let (slope, ridge) = self.parts(a, k, state.b[k]);
            let (b, r) = (state.b[k], state.residual[k].abs());
            kkt = kkt.max(match &self.penalty {
                Coefficients::Lasso => lasso_violation(state, k, slope),
                Coefficients::Net(net) => self.violation(a, k, net, state),
                Coefficients::Concave(penalty) => self.violation(a, k, penalty, state),
            });
            let is_exact = slope == 0.0 && r <= tol;
            if ridge == 0.0 && r > slope && !is_exact {
                shrink = shrink.min(slope / r);
            }
            cost += slope * b.abs() + 0.5 * ridge * b * b;
            fitted += g[k] * b;
        }
        let conjugate = |k: usize| match self.parts(a, k, state.b[k]) {
            (slope, ridge) if ridge > 0.0 => {
                (shrink * state.residual[k].abs() - slope).max(0.0).powi(2) / (2.0 * ridge)
            }
            _ => 0.0,
        };
        let conjugates: f64 = others().map(conjugate).sum();
        let squares = self.noise(a, state);
        // x_a'(x_a - X b) / n
        let product = variance - fitted;
        let primal = 0.5 * squares + cost;
        let dual = shrink * product - 0.5 * shrink * shrink * squares - conjugates;
        Certificate { primal, gap: (primal - dual).max(0.0), kkt, logdet: 0.0 }
    }

    /// Slope and curvature of the penalty of coefficient k at `b`, of the convex one that touches there.
    fn parts(&self, a: usize, k: usize, b: f64) -> (f64, f64) {
        let (own, other) = (self.scale[a], self.scale[k]);
        match &self.penalty {
            Coefficients::Lasso => (self.bound(a, k), 0.0),
            Coefficients::Net(net) => (self.bound(a, k), net.curvature(a, k) / other / other),
            Coefficients::Concave(penalty) => (penalty.slope(a, k, b * (own / other)) / own / other, 0.0),
        }
    }
}

fn lasso_violation(state: &State, k: usize, bound: f64) -> f64 {
    let (b, r) = (state.b[k], state.residual[k]);
    if bound.is_infinite() {
        0.0
    } else if b == 0.0 {
        (r.abs() - bound).max(0.0)
    } else {
        (r - bound.copysign(b)).abs()
    }
}

fn unable(penalty: &Penalty) -> Error {
    match Algorithm::preferred(Loss::Nodewise, penalty) {
        Err(error) => error,
        Ok(_) => Error::internal("a penalty that goes with regressions was refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Concave;
    use ndarray::Array2;

    /// Correlations, and standard deviations that differ.
    fn problem(p: usize) -> (Array2<f64>, Vec<f64>) {
        let r = Array2::from_shape_fn((p, p), |(i, j)| 0.6f64.powi(i.abs_diff(j) as i32));
        (r, (0..p).map(|i| 0.5 + 0.3 * i as f64).collect())
    }

    #[test]
    fn coefficients_meet_the_conditions_in_the_units_of_the_data() {
        let (r, scale) = problem(7);
        let s = Array2::from_shape_fn((7, 7), |(i, j)| r[(i, j)] * scale[i] * scale[j]);
        let lambda = L1::scalar(0.2, false);
        let (net, scad, mcp) = (0.6, Concave::SCAD, Concave::MCP);
        let slope = |kind: usize, b: f64| match kind {
            0 => 0.2 * b.signum(),
            1 => 0.2 * (net * b.signum() + (1.0 - net) * b),
            2 => scad.slope(0.2, b).copysign(b),
            _ => mcp.slope(0.2, b).copysign(b),
        };
        let penalties = [
            Penalty::L1,
            Penalty::ElasticNet { l1_ratio: net },
            Penalty::Concave { form: scad, steps: None },
            Penalty::Concave { form: mcp, steps: None },
        ];
        for (kind, penalty) in penalties.iter().enumerate() {
            let nodewise = Nodewise::new(r.view(), &scale, &lambda, penalty).unwrap();
            for a in 0..7 {
                let accuracy = Accuracy { tol: 1e-11, max_passes: 10_000 };
                let found = nodewise.regress(a, accuracy, &Context::new()).unwrap();
                assert!(found.certificate.kkt <= 1e-11 && found.certificate.gap < 1e-9, "{penalty:?} {a} {found:?}");
                let mut b = [0.0; 7];
                found.coefficients.iter().for_each(|&(k, value)| b[k] = value * scale[a] / scale[k]);
                for k in (0..7).filter(|&k| k != a) {
                    let gradient = (0..7).map(|m| s[(k, m)] * b[m]).sum::<f64>() - s[(a, k)];
                    let first = if kind == 1 { 0.2 * net } else { 0.2 };
                    let violation = match b[k] {
                        0.0 => (gradient.abs() - first).max(0.0),
                        value => (gradient + slope(kind, value)).abs(),
                    };
                    assert!(violation < 1e-9, "{penalty:?} {a} {k}: {violation}");
                }
            }
        }
    }

    #[test]
    fn forbidden_coefficients_are_zero_and_adaptive_is_refused() {
        let (r, scale) = problem(4);
        let mut lambda = Array2::from_elem((4, 4), 0.05);
        (lambda[(0, 1)], lambda[(1, 0)]) = (f64::INFINITY, f64::INFINITY);
        (lambda[(0, 2)], lambda[(2, 0)]) = (0.0, 0.0);
        let lambda = L1::Matrix(lambda);
        for penalty in [Penalty::L1, Penalty::Concave { form: Concave::MCP, steps: None }] {
            let nodewise = Nodewise::new(r.view(), &scale, &lambda, &penalty).unwrap();
            let found = nodewise.regress(0, Accuracy { tol: 1e-10, max_passes: 1000 }, &Context::new()).unwrap();
            assert!(found.certificate.kkt <= 1e-10 && found.coefficients.iter().all(|&(k, _)| k > 1), "{found:?}");
            assert!(found.coefficients.iter().any(|&(k, _)| k == 2), "{found:?}");
        }
        let adaptive = Penalty::Adaptive(super::super::Reweighting::default());
        assert!(Nodewise::new(r.view(), &scale, &lambda, &adaptive).is_err());
    }
}
