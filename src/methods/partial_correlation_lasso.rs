//! The partial correlation graphical lasso: a sparse precision matrix whose penalty is on partial correlations.

use ndarray::Array2;

use super::graphical_lasso::{GraphicalLasso, Lambda};
use super::graphical_lasso_path::check_choosable;
use super::penalties;
use super::setters::setters;
use super::shared_options::{BY_RULE, lambda};
use crate::context::Context;
use crate::data::covariance::to_correlation;
use crate::data::{Matrix, Vector};
use crate::error::{Error, Result};
use crate::linalg::SparseSymmetric;
use crate::model::{self, Accepts, Area, Fit, Input, Point, Property, Record, Run, SecondMoment};
use crate::options::{Kind, Opt, Options, Preset, Range, table};
use crate::problem::{Certificate, L1};
use crate::select::Rule;
use crate::solver::Moments;
use crate::solver::partial_correlation::{Problem, Solution, default_weight, solve};
use crate::value::Value;

const DIAGONAL: &str = "diagonal_weight";
const WEIGHT: Range = Range::POSITIVE.at_most(1.0);

const OPTIONS: &[Opt] = table![
    lambda(BY_RULE, "Penalty of partial correlations: a number, a matrix of numbers, or a rule that chooses one"),
    penalties::WEIGHTS,
    Opt::new(
        DIAGONAL,
        &[Kind::Number(WEIGHT)],
        Preset::Unset("1 where S is positive definite, else 0.9 rank / p"),
        "Weight c of the logarithms of the diagonal: below 1 smaller diagonals are preferred",
    ),
    SecondMoment::COR,
    SecondMoment::MISSING,
    ..Rule::BUT_RIC,
    penalties::N_LAMBDAS,
    penalties::MIN_RATIO,
    penalties::TOL,
    penalties::MAX_ITER,
];

/// The record.
pub static RECORD: Record = Record {
    verb: "partial_correlation_lasso",
    constructor: Some("PartialCorrelationLasso"),
    area: Area::Recover,
    summary: "Sparse precision matrix by an L1 penalty of its partial correlations, whatever the units (PCGLASSO)",
    details: "Writes Theta = D Delta D with a unit diagonal of Delta, whose other entries are the negative partial \
correlations, and minimises -logdet Delta - 2 c sum log d_i + sum_ij d_i d_j R_ij Delta_ij + sum_{i != j} Lambda_ij |Delta_ij| \
over Delta and d > 0, where R is the correlation of the columns and Lambda = lambda x weights. With c = 1 that is \
-logdet Theta + tr(S Theta) with a penalty of partial correlations instead of entries of Theta: units do not matter, and \
hubs, whose diagonal in Theta is large, are not penalised more than other nodes. c is `diagonal_weight`: below 1 it keeps the \
diagonal small, without which a problem with a singular S can be without a minimum. A lambda of 0 with a positive definite S \
and c = 1 gives the inverse of S. The problem is convex in Delta and in d, but not in both: the \
solution is a point at which neither can be improved, found from the empty graph, along a grid from the penalty before. \
`fit.gap` bounds how far Delta is from the best one for these d, relative to the objective, and is at most `tol`; d is the best \
for Delta; `fit.kkt` is the largest violation of the conditions of both, in correlations. `fit.scales` is d in units of the \
columns' standard deviations. Penalties are comparable with those of the graphical lasso of standardized data only where d is \
near 1: those of this method are larger for the same number of edges. Of the rules \"ric\" is missing.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: false,
    adds: &[
        Property { name: "scales", help: "Square roots of Theta's diagonal times standard deviations (Vector, p)" },
        Property { name: "objective", help: "What was minimised, on the scale of correlations (float)" },
        Property { name: DIAGONAL, help: "The weight c that held (float)" },
        Property { name: "n_components", help: "Connected components after exact screening (int)" },
    ],
    reference: "Carter, Rossell, Smith, Scandinavian Journal of Statistics 51:52 (2024); Bogdan, Chojecki, Hejny, Kolodziejek, \
Wallin, Identifying network hubs with the partial correlation graphical LASSO (2026)",
    example: "let x = example(\"sachs\").head(200).log1p();\n\
              let fit = x.partial_correlation_lasso(#{ lambda: 0.3 });\n\
              print(`${fit.n_edges} edges, gap within 1e-9: ${fit.gap <= 1e-9}`);",
    run: Run::Fit(|input, options, ctx| PartialCorrelationLasso::from_options(options)?.fit_input(input, ctx)),
};

/// The partial correlation lasso and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::partial_correlation_lasso::PartialCorrelationLasso};
/// let x = Matrix::from_fn(50, 4, |i, j| ((i * (j + 3)) % 7) as f64 + 0.1 * j as f64);
/// let fit = PartialCorrelationLasso::new().lambda(0.2).fit(&x, &Context::new())?;
/// assert!(fit.certificate()?.relative_gap() < 1e-7);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PartialCorrelationLasso {
    /// Penalty, weights, tolerance and grid are written as those of the graphical lasso.
    base: GraphicalLasso,
    diagonal_weight: Option<f64>,
}

impl Default for PartialCorrelationLasso {
    fn default() -> Self {
        Self { base: GraphicalLasso::new(), diagonal_weight: None }
    }
}

/// The problem of an input: its correlations, and what brings a solution into its units.
struct Prepared {
    correlations: Array2<f64>,
    deviations: Vec<f64>,
    weight: f64,
}

impl PartialCorrelationLasso {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Penalty: a number, a p x p matrix, or a [`Rule`] or [`Criterion`](crate::model::Criterion) that chooses one.
        lambda: impl Into<Lambda> => base.lambda = Into::into;
        /// Factors of lambda, p x p: 0 leaves an edge free, infinity forbids it.
        weights: Matrix => base.weights = Some;
        /// Weight of the logarithms of the diagonal, above 0 and at most 1.
        diagonal_weight: f64 => diagonal_weight = Some;
        /// Bound on the relative duality gap.
        tol: f64 => base.tol;
        /// Sweeps over all variables at most.
        max_iter: usize => base.max_iter;
    }

    fn from_options(options: &Options) -> Result<Self> {
        Ok(Self { base: GraphicalLasso::new().read(RECORD.verb, options)?, diagonal_weight: options.number(DIAGONAL) })
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used, a problem without a minimum, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    /// Fits data or a covariance matrix.
    ///
    /// # Errors
    /// As [`PartialCorrelationLasso::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        self.check()?;
        if let Lambda::Rule(rule) = self.base.lambda {
            return self.choose(input, rule, ctx);
        }
        let mut builder = self.base.begin(RECORD.verb, input, self.recorded(), ctx);
        let penalty = self.base.penalty(input)?;
        let _held = ctx.reserve_matrices(1, input.p(), input.p())?;
        let prepared = self.prepare(input, ctx)?;
        let solution = self.solve(&prepared, &penalty, None, ctx)?;
        self.why_not(&solution).into_iter().for_each(|why| builder.warn(why));
        let (theta, certificate, likelihood) = prepared.in_units(&solution);
        builder = builder.likelihood(likelihood).certificate(certificate).solver(
            SOLVER,
            solution.iterations,
            solution.converged,
        );
        for (name, value) in prepared.added(&solution) {
            builder = builder.add(name, value);
        }
        builder.finish(model::Estimate::precision(theta, input.names()), ctx)
    }

    fn check(&self) -> Result<()> {
        self.base.check()?;
        if let Some(weight) = self.diagonal_weight
            && !(weight > 0.0 && weight <= 1.0)
        {
            return Err(Error::option(format!("{DIAGONAL} must be above 0 and at most 1, not {weight}")));
        }
        if let Lambda::Rule(Rule::Ric { .. }) = self.base.lambda {
            return Err(Error::option("\"ric\" finds penalties of covariances, not of partial correlations")
                .with_hint("choose lambda by \"ebic\", \"cv\" or \"stars\""));
        }
        Ok(())
    }

    /// The caller reserves the memory of the correlations.
    fn prepare(&self, input: &Input, ctx: &Context) -> Result<Prepared> {
        let mut correlations = input.s(ctx)?.as_standard_layout().into_owned();
        let deviations = correlations.diag().iter().map(|variance| variance.sqrt()).collect();
        to_correlation(&mut correlations);
        let weight = match self.diagonal_weight {
            Some(weight) => weight,
            None => default_weight(correlations.view(), ctx)?,
        };
        Ok(Prepared { correlations, deviations, weight })
    }

    fn solve(&self, prepared: &Prepared, penalty: &L1, warm: Option<&Solution>, ctx: &Context) -> Result<Solution> {
        let problem = Problem { correlations: prepared.correlations.view(), penalty, weight: prepared.weight };
        solve(problem, warm, self.base.settings(), ctx)
    }

    fn why_not(&self, solution: &Solution) -> Option<String> {
        let why = solution.why.unwrap_or("double precision ends here for so ill-conditioned a problem");
        let gap = solution.certificate.relative_gap();
        (!solution.converged).then(|| format!("the relative gap is {gap:.1e}, not {:.1e}: {why}", self.base.tol))
    }

    /// The fit that a rule chooses along the automatic grid.
    fn choose(&self, input: &Input, rule: Rule, ctx: &Context) -> Result<Fit> {
        check_choosable(input, rule)?;
        self.base.check_weights(input)?;
        let own = self.clone();
        let path = self.base.along_grid(RECORD.verb).path(
            input,
            self.recorded(),
            || self.largest(input, ctx).map(Some),
            move |input, lambdas, ctx| own.points(input, lambdas, ctx),
            ctx,
        )?;
        rule.choose(&path, ctx)
    }

    /// The smallest penalty at which the empty graph is a solution.
    fn largest(&self, input: &Input, ctx: &Context) -> Result<f64> {
        let _held = ctx.reserve_matrices(2, input.p(), input.p())?;
        let prepared = self.prepare(input, ctx)?;
        // As in the screening: the weight times the correlation's size.
        let scaled = prepared.correlations.mapv(|r| prepared.weight * r.abs());
        Moments::Whole(scaled.view()).largest(self.base.weights.as_ref().map(Matrix::view), ctx)
    }

    /// The solutions for descending penalties, each started from the one before.
    fn points(&self, input: &Input, lambdas: &[f64], ctx: &Context) -> Result<Vec<Point>> {
        let _held = ctx.reserve_matrices(1, input.p(), input.p())?;
        let prepared = self.prepare(input, ctx)?;
        let mut points = Vec::with_capacity(lambdas.len());
        let mut warm: Option<Solution> = None;
        for (done, &lambda) in lambdas.iter().enumerate() {
            ctx.progress("partial correlation lasso", done, lambdas.len());
            let solution = self.solve(&prepared, &self.base.scaled(lambda)?, warm.as_ref(), ctx)?;
            points.push(self.point(lambda, &prepared, &solution));
            warm = Some(solution);
        }
        ctx.progress("partial correlation lasso", lambdas.len(), lambdas.len());
        Ok(points)
    }

    fn point(&self, lambda: f64, prepared: &Prepared, solution: &Solution) -> Point {
        let (precision, certificate, likelihood) = prepared.in_units(solution);
        Point {
            lambda,
            precision,
            likelihood,
            certificate,
            solver: SOLVER.into(),
            iterations: solution.iterations,
            converged: solution.converged,
            warning: self.why_not(solution),
            added: prepared.added(solution),
        }
    }

    /// The options that hold, beside lambda and its grid.
    fn recorded(&self) -> Vec<(String, Value)> {
        // Left out where it follows from the data: resamples have weights of their own.
        self.base.recorded_with(self.diagonal_weight.map(|weight| (DIAGONAL, weight.into())))
    }
}

const SOLVER: &str = "block coordinate descent";

impl Prepared {
    /// Theta in units of the data, its certificate, and log det Theta - tr(S Theta).
    fn in_units(&self, solution: &Solution) -> (SparseSymmetric, Certificate, f64) {
        let (scales, delta) = (&solution.scales, &solution.delta);
        let units: Vec<f64> = scales.iter().zip(&self.deviations).map(|(scale, deviation)| scale / deviation).collect();
        let upper: Vec<(u32, u32, f64)> =
            delta.pairs().map(|(i, j, entry)| (i as u32, j as u32, units[i] * entry * units[j])).collect();
        let theta = SparseSymmetric::from_upper(units.iter().map(|unit| unit * unit).collect(), &upper);
        let logdet = solution.certificate.logdet + 2.0 * units.iter().map(|unit| unit.ln()).sum::<f64>();
        let squares: f64 = scales.iter().map(|scale| scale * scale).sum();
        let products = delta.pairs().map(|(i, j, entry)| scales[i] * scales[j] * self.correlations[(i, j)] * entry);
        let trace = squares + 2.0 * products.sum::<f64>();
        (theta, Certificate { logdet, ..solution.certificate }, logdet - trace)
    }

    fn added(&self, solution: &Solution) -> Vec<(String, Value)> {
        vec![
            ("scales".into(), Vector::from(solution.scales.clone()).into()),
            ("objective".into(), solution.certificate.primal.into()),
            (DIAGONAL.into(), self.weight.into()),
            ("n_components".into(), solution.components.len().into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Criterion;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(PartialCorrelationLasso::from_options(&options).unwrap(), PartialCorrelationLasso::default());
    }

    #[test]
    fn what_rust_callers_get_wrong_is_an_error() {
        let x = Matrix::from_fn(20, 3, |i, j| ((i * (j + 2)) % 7) as f64);
        for model in [
            PartialCorrelationLasso::new().lambda(0.1).diagonal_weight(0.0),
            PartialCorrelationLasso::new().lambda(0.1).diagonal_weight(f64::NAN),
            PartialCorrelationLasso::new().lambda(Rule::Ric { rotations: 5 }),
            PartialCorrelationLasso::new().lambda(-1.0),
        ] {
            assert!(model.fit(&x, &Context::new()).is_err(), "{model:?}");
        }
        let by_rule = PartialCorrelationLasso::new().lambda(Criterion::Bic).fit(&x, &Context::new()).unwrap();
        assert!(by_rule.converged() && by_rule.selection().is_some());
    }
}
