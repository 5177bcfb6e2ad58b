//! The objective of the meta graphical lasso as a function of D alone, with the best precision matrices and noise for it.

use ndarray::Array2;

use super::sets::{Sets, Units};
use super::stiefel::tangent;
use crate::context::Context;
use crate::data::number;
use crate::error::{Error, Result};
use crate::linalg::{eigh, matmul, symmetrize};
use crate::parallel;
use crate::problem::{Certificate, L1};
use crate::solver::Moments;
use crate::solver::graphical_lasso::{Settings, solve};

/// E(D) = sum over data sets of min over Lambda, eps of
/// tr((S + r I) Lambda) - log det Lambda + lambda |Lambda|_1 + (V - M) log eps + (tr(X'X) / n - tr S) / eps, with
/// S = D'X'XD / n and the ridge r.
#[derive(Debug)]
pub struct Objective<'a> {
    /// The data.
    pub sets: &'a Sets<'a>,
    /// Weight of the L1 norm.
    pub lambda: f64,
    /// Whether the diagonals count in it.
    pub penalize_diagonal: bool,
    /// The ridges: shares of the mean variance of the variables of a data set. None where the sizes of the data decide.
    pub ridge: Option<f64>,
}

/// What D gives for one data set.
#[derive(Debug, Clone)]
pub struct Part {
    /// S of the factors, M x M.
    pub s: Array2<f64>,
    /// Their precision matrix, M x M.
    pub precision: Array2<f64>,
    /// log det Lambda - tr(S Lambda).
    pub likelihood: f64,
    /// The variance of the noise.
    pub noise: f64,
    /// What was added to the diagonal of S for the precision matrix.
    pub ridge: f64,
    /// How good the precision matrix is.
    pub certificate: Certificate,
    /// What the data set adds to the objective.
    pub value: f64,
}

/// The objective at one D.
#[derive(Debug)]
pub struct Point {
    /// Its value.
    pub value: f64,
    /// Its gradient on the manifold, V x M.
    pub gradient: Array2<f64>,
    /// What D gives for each data set.
    pub parts: Vec<Part>,
}

/// The bound on the relative gap that is asked of the solver, and the largest that is taken where double precision ends
/// before.
const GAP: (f64, f64) = (1e-10, 1e-5);
/// A factor that has less than this part of the noise as its variance is no factor.
const FLAT: f64 = 1e-6;

impl Point {
    /// A data set in which a factor has next to no variance, where there is one: the way to an objective without a minimum.
    pub fn flat(&self) -> Option<usize> {
        let is_flat = |part: &Part| part.precision.diag().iter().any(|value| FLAT * value * part.noise > 1.0);
        self.parts.iter().position(is_flat)
    }
}

impl Objective<'_> {
    /// The objective at D (orthonormal columns), with its gradient: that of all data sets, eq. (9) and (10) of the paper.
    ///
    /// # Errors
    /// Data without noise beside the factors; memory, cancellation.
    pub fn at(&self, d: &Array2<f64>, ctx: &Context) -> Result<Point> {
        let numbers: Vec<usize> = (0..self.sets.len()).collect();
        self.at_some(d, &numbers, ctx)
    }

    /// The same of some of the data sets.
    ///
    /// # Errors
    /// As [`Objective::at`].
    pub fn at_some(&self, d: &Array2<f64>, numbers: &[usize], ctx: &Context) -> Result<Point> {
        let done = parallel::map(numbers, ctx, |position, &set| -> Result<(Part, Array2<f64>)> {
            let ctx = &parallel::within(ctx, numbers.len(), position);
            let product = self.sets.product(set, d.view(), Units::Own, ctx)?;
            let mut s = matmul(d.t(), product.view(), ctx)?;
            symmetrize(&mut s);
            let captured = s.diag().sum();
            let part = self.part(set, s, captured, ctx)?;
            let mut omega = part.precision.clone();
            omega.diag_mut().iter_mut().for_each(|value| *value -= 1.0 / part.noise);
            omega *= 2.0;
            let gradient = matmul(product.view(), omega.view(), ctx)?;
            Ok((part, gradient))
        })?;
        let mut gradient = Array2::<f64>::zeros(d.dim());
        let mut parts = Vec::with_capacity(done.len());
        for (part, own) in done {
            gradient += &own;
            parts.push(part);
        }
        let value = parts.iter().map(|part| part.value).sum();
        Ok(Point { value, gradient: tangent(d, gradient, ctx)?, parts })
    }

    /// The best precision matrix and noise of one data set, given S of its factors and the variance that is in their span.
    ///
    /// # Errors
    /// As [`Objective::at`].
    pub fn part(&self, set: usize, s: Array2<f64>, captured: f64, ctx: &Context) -> Result<Part> {
        let rest = (self.sets.variables() - s.nrows()) as f64;
        let noise = noise(self.sets, set, captured, s.nrows())?;
        let ridge = self.share(set) * self.sets.total(set) / self.sets.variables() as f64;
        let mut raised = s.clone();
        raised.diag_mut().iter_mut().for_each(|value| *value += ridge);
        let (precision, likelihood, certificate) = self.precision(&raised, set, ctx)?;
        let counted =
            |((i, j), value): ((usize, usize), &f64)| if i != j || self.penalize_diagonal { value.abs() } else { 0.0 };
        let norm: f64 = precision.indexed_iter().map(counted).sum();
        let value = self.lambda * norm - likelihood + rest * (1.0 + noise.ln());
        let likelihood = likelihood + ridge * precision.diag().sum();
        Ok(Part { s, precision, likelihood, noise, ridge, certificate, value })
    }

    /// The ridge of a data set over the mean variance of its variables, unless it was given: V / (100 n), at most 0.25, where
    /// there are fewer than twice as many samples as variables.
    ///
    /// Such data have directions with no variance at all, or hardly any: a factor that turns into one makes log det Lambda
    /// infinite, because its diagonal is free. The nearest such direction is the closer the more variables there are to a
    /// sample: the angle^2 is n s / (V eps), for a factor of variance s. Its cost in the other data sets is that times the
    /// sum of their s / eps, A; what it brings is log of s over the ridge. It does not pay where the ridge is at least
    /// eps V / (e n A), and A is 37 or more where factors are worth looking at. With twice as many samples as variables
    /// the smallest variance of pure noise is (1 - sqrt(1 / 2))^2 = 8.6% of its mean, and nothing is needed.
    fn share(&self, set: usize) -> f64 {
        let (variables, samples) = (self.sets.variables() as f64, self.sets.samples(set) as f64);
        let automatic = if samples < 2.0 * variables { (0.01 * variables / samples).min(0.25) } else { 0.0 };
        self.ridge.unwrap_or(automatic)
    }

    fn precision(&self, s: &Array2<f64>, set: usize, ctx: &Context) -> Result<(Array2<f64>, f64, Certificate)> {
        let penalty = L1::scalar(self.lambda, self.penalize_diagonal);
        let settings = Settings { tol: GAP.0, max_iter: 1000 };
        let solution = solve(Moments::Whole(s.view()), &penalty, None, settings, ctx)
            .map_err(|error| error.at(format!("the factors of data set {set}")))?;
        if solution.certificate.relative_gap() > GAP.1 {
            return Err(Error::numerical(format!(
                "the graphical lasso of the factors of data set {set} with lambda {} did not end: {}",
                number(self.lambda),
                solution.why_not(settings)
            ))
            .with_hint("a larger lambda, or fewer factors"));
        }
        Ok((solution.theta.to_dense(), solution.likelihood, solution.certificate))
    }
}

/// What the span of the factors leaves of the variance of a data set, a dimension: eq. (16).
fn noise(sets: &Sets<'_>, set: usize, captured: f64, factors: usize) -> Result<f64> {
    let (total, rest) = (sets.total(set), (sets.variables() - factors) as f64);
    let noise = (total - captured) / rest;
    if noise > 1e-13 * total / sets.variables() as f64 {
        return Ok(noise);
    }
    Err(Error::numerical(format!("{factors} factors leave no noise in data set {set}")).with_hint("fewer factors"))
}

/// An estimate of the inverse Hessian on the manifold: one M x M matrix for what leaves the span of D, a number a pair of
/// factors for rotations within it.
#[derive(Debug)]
pub struct Curvature {
    inverse: Array2<f64>,
    pairs: Array2<f64>,
}

impl Curvature {
    /// At a point. A direction B that leaves the span changes the objective, where S Lambda is about I, by
    /// tr(B (sum of S / eps + eps Lambda - 2 I) B'): positive, and flat where a factor is as strong as the noise. A
    /// rotation by w in the plane of two factors changes it by about w^2 times the sum of s_i l_j + s_j l_i - 2, the
    /// curvature of joint diagonalisation, with the diagonals s of S and l of Lambda.
    ///
    /// # Errors
    /// Cancellation.
    pub fn of(parts: &[Part], ctx: &Context) -> Result<Self> {
        let m = parts.first().map_or(0, |part| part.s.nrows());
        let (mut leaving, mut pairs) = (Array2::<f64>::zeros((m, m)), Array2::<f64>::zeros((m, m)));
        for part in parts {
            leaving.scaled_add(1.0 / part.noise, &part.s);
            leaving.scaled_add(part.noise, &part.precision);
            leaving.diag_mut().iter_mut().for_each(|value| *value -= 2.0);
            let (s, l) = (part.s.diag(), part.precision.diag());
            pairs.indexed_iter_mut().for_each(|((i, j), value)| *value += s[i] * l[j] + s[j] * l[i] - 2.0);
        }
        symmetrize(&mut leaving);
        let least = 0.05 * parts.len() as f64;
        pairs.mapv_inplace(|value| 1.0 / value.max(least));
        let (values, vectors) = eigh(leaving.view(), ctx)?;
        let floor = 1e-3 * values.last().copied().unwrap_or(1.0).max(least);
        let mut scaled = vectors.clone();
        for (mut column, value) in scaled.columns_mut().into_iter().zip(&values) {
            column /= 2.0 * value.max(floor);
        }
        Ok(Self { inverse: matmul(scaled.view(), vectors.t(), ctx)?, pairs })
    }

    /// The estimate times a tangent at D.
    ///
    /// # Errors
    /// Cancellation.
    pub fn solve(&self, d: &Array2<f64>, g: &Array2<f64>, ctx: &Context) -> Result<Array2<f64>> {
        let within = matmul(d.t(), g.view(), ctx)?;
        // g - D within is what leaves the span.
        let mut rotation = (&within - &within.t()) * 0.5;
        rotation *= &self.pairs;
        rotation -= &matmul(within.view(), self.inverse.view(), ctx)?;
        let mut solved = matmul(g.view(), self.inverse.view(), ctx)?;
        solved += &matmul(d.view(), rotation.view(), ctx)?;
        Ok(solved)
    }
}

#[cfg(test)]
mod tests {
    use super::super::stiefel::{inner, random, retract};
    use super::*;
    use crate::model::Input;
    use crate::rng;
    use crate::simulate::latent_factor_data::LatentFactors;

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let ctx = Context::new().with_seed(4);
        let model = LatentFactors { variables: 12, samples: 40, datasets: 3, factors: 3, ..Default::default() };
        let data = model.draw(&ctx).unwrap();
        let inputs: Vec<Input> = data.datasets.iter().map(|x| Input::data(x).unwrap()).collect();
        let sets = Sets::new(&inputs, true, &ctx).unwrap();
        let mut rng = rng::stream(1, "test", 0);
        let d = random(12, 3, &mut rng, &ctx).unwrap();
        let direction = tangent(&d, random(12, 3, &mut rng, &ctx).unwrap(), &ctx).unwrap();
        for (penalize_diagonal, ridge) in [(false, None), (true, None), (false, Some(0.5))] {
            let objective = Objective { sets: &sets, lambda: 0.05, penalize_diagonal, ridge };
            let point = objective.at(&d, &ctx).unwrap();
            let at = |t: f64| objective.at(&retract(&(&d + &(&direction * t)), &ctx).unwrap(), &ctx).unwrap().value;
            let slope = (at(1e-4) - at(-1e-4)) / 2e-4;
            assert!((slope - inner(&point.gradient, &direction)).abs() < 1e-5 * slope.abs().max(1.0), "{slope}");
            // The estimate of the Hessian gives a direction of descent, tangent to the manifold.
            let step = Curvature::of(&point.parts, &ctx).unwrap().solve(&d, &point.gradient, &ctx).unwrap();
            let turned = d.t().dot(&step);
            assert!((&turned + &turned.t()).iter().all(|entry| entry.abs() < 1e-10), "{turned}");
            assert!(inner(&step, &point.gradient) > 0.0);
        }
    }
}
