//! Neighbourhood selection: a lasso of every variable on all others.

use ndarray::{Array2, ArrayView2};

use super::neighborhoods::{self, Lambdas, Penalty};
use super::setters::setters;
use super::shared_options::{max_iter, tol};
use crate::context::Context;
use crate::data::Matrix;
use crate::data::covariance::to_correlation;
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, Estimate, Fit, Input, Property, Record, Run};
use crate::options::{Kind, Opt, Options, Preset, Range, table};
use crate::parallel;
use crate::problem::Certificate;
use crate::select::{GraphPenalty, Linked};
use crate::solver::{Lasso, Stop};
use crate::value::Value;

pub use super::neighborhoods::Rule;

const OPTIONS: &[Opt] = table![
    Opt::new(
        "lambda",
        &[Kind::Number(Range::NON_NEGATIVE), Kind::Choice(GraphPenalty::NAMES)],
        Preset::Unset("sqrt(2 log p / n), times the standard deviations of the two variables"),
        "Penalty of every coefficient, or a rule that chooses one, times the standard deviations of the two variables",
    ),
    ..neighborhoods::OPTIONS,
    tol(1e-7, "Bound on the KKT violation, in units of the two standard deviations"),
    max_iter(100_000, "Passes over the coefficients of a variable at most"),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "neighborhood_selection",
    constructor: Some("NeighborhoodSelection"),
    area: Area::Recover,
    summary: "Graph from a lasso regression of every variable on all others",
    details: "For every variable a minimises 1/2 b'S b - s_a'b + lambda |b|_1 over the coefficients b of the others, where S is the \
sample covariance: the lasso with loss |x_a - X b|^2 / (2 n). Columns on different scales get different effective penalties: \
standardize first. With \"ric\" or \"stars\" the columns are standardised and the penalty is chosen as huge does for its \
\"mb\", along its grid from the largest correlation down. Gives a graph, not a precision matrix; an edge's weight is the \
geometric mean of its two coefficients with their sign, or the larger of the two where one is 0 or their signs differ.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: false,
    adds: &[Property {
        name: "coefficients",
        help: "Column a has the coefficients of variable a on the others (Matrix, p x p)",
    }],
    reference: "Meinshausen, Buehlmann, Annals of Statistics 34:1436 (2006)",
    example: "let x = example(\"sachs\").head(200).log1p().standardize();\n\
              let fit = x.neighborhood_selection(#{ lambda: 0.2, rule: \"and\" });\n\
              print(fit.graph());",
    run: Run::Fit(|input, options, ctx| NeighborhoodSelection::from_options(options)?.fit_input(input, ctx)),
};

/// Neighbourhood selection and its options.
#[derive(Debug, Clone, PartialEq)]
pub struct NeighborhoodSelection {
    lambda: Penalty,
    lambdas: Lambdas,
    rule: Rule,
    tol: f64,
    max_iter: usize,
}

impl Default for NeighborhoodSelection {
    fn default() -> Self {
        let (lambda, lambdas) = (Penalty::default(), Lambdas::default());
        Self { lambda, lambdas, rule: Rule::Or, tol: 1e-7, max_iter: 100_000 }
    }
}

/// One variable's regression.
struct Neighborhood {
    coefficients: Vec<(usize, f64)>,
    certificate: Certificate,
    passes: usize,
}

impl NeighborhoodSelection {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Penalty of every coefficient: a number, or a rule for graphs, [`Ric`](crate::select::Rule::Ric) or
        /// [`Stars`](crate::select::Rule::Stars), that chooses one of correlations.
        lambda: impl Into<Penalty> => lambda = Into::into;
        /// When a pair is linked.
        rule: Rule => rule;
        /// Bound on the violation of the optimality conditions, in units of the two variables' standard deviations.
        tol: f64 => tol;
    }

    fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        Ok(Self {
            lambda: Penalty::given(RECORD.verb, options)?,
            lambdas: Lambdas::given(options)?,
            rule: Rule::given(options),
            tol: options.number("tol").unwrap_or(default.tol),
            max_iter: options.count("max_iter").unwrap_or(default.max_iter),
        })
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    /// Fits data or a covariance matrix.
    ///
    /// # Errors
    /// As [`NeighborhoodSelection::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        let builder = Fit::builder(RECORD.verb, input, self.recorded(), ctx);
        let p = input.p();
        let _held = ctx.reserve_matrices(2, p, p)?;
        let mut s = input.s(ctx)?.to_owned();
        let scale: Vec<f64> = s.diag().iter().map(|variance| variance.sqrt()).collect();
        // In units of standard deviations one tolerance fits all variables.
        to_correlation(&mut s);
        let graphs = |part: &Input, lambdas: &[f64], inner: &Context| self.graphs(part, lambdas, inner);
        let (chosen, mut builder) = self.lambda.choose(input, s.view(), self.lambdas, graphs, builder, ctx)?;
        // A number is in units of S, what was chosen in those of correlations.
        let lambda = |a: usize, b: usize| match self.lambda {
            Penalty::Value(lambda) => lambda / (scale[a] * scale[b]),
            _ => chosen,
        };
        let variables: Vec<usize> = (0..p).collect();
        let parts = parallel::map(&variables, ctx, |_, &a| self.neighborhood(s.view(), a, |b| lambda(a, b), ctx))?;
        let certificate = parts.iter().fold(Certificate::default(), |sum, part| sum.join(part.certificate));
        let passes = parts.iter().map(|part| part.passes).max().unwrap_or(0);
        let converged = certificate.kkt <= self.tol;
        if !converged {
            builder.warn(format!(
                "the largest KKT violation is {:.1e}, not {:.1e}: allow more passes with max_iter, or raise lambda",
                certificate.kkt, self.tol
            ));
        }
        let mut coefficients = Array2::zeros((p, p));
        for (a, part) in parts.iter().enumerate() {
            part.coefficients.iter().for_each(|&(b, value)| coefficients[(b, a)] = value * scale[a] / scale[b]);
        }
        let graph = self.rule.graph(coefficients.view(), input)?;
        builder
            .lambda(Value::Float(chosen))
            .certificate(certificate)
            .solver("coordinate descent", passes, converged)
            .add("coefficients", Matrix::square(coefficients, input.names()).into())
            .finish(Estimate::Graph(graph), ctx)
    }

    /// The graphs of the standardised columns for descending penalties.
    fn graphs(&self, input: &Input, lambdas: &[f64], ctx: &Context) -> Result<Linked> {
        let p = input.p();
        let _held = ctx.reserve_matrices(2, p, p)?;
        let r = input.correlations(ctx)?;
        let variables: Vec<usize> = (0..p).collect();
        let mut linked = Linked { pairs: Vec::with_capacity(lambdas.len()), unconverged: 0 };
        for &lambda in lambdas {
            let parts = parallel::map(&variables, ctx, |_, &a| self.neighborhood(r.view(), a, |_| lambda, ctx))?;
            linked.unconverged += usize::from(parts.iter().any(|part| part.certificate.kkt > self.tol));
            let mut coefficients = Array2::zeros((p, p));
            for (a, part) in parts.iter().enumerate() {
                part.coefficients.iter().for_each(|&(b, value)| coefficients[(b, a)] = value);
            }
            linked.pairs.push(self.rule.pairs(coefficients.view()));
        }
        Ok(linked)
    }

    /// The regression of variable `a` on correlations `s`, refined until its optimality conditions hold to the tolerance.
    fn neighborhood(
        &self,
        s: ArrayView2<'_, f64>,
        a: usize,
        lambda: impl Fn(usize) -> f64,
        ctx: &Context,
    ) -> Result<Neighborhood> {
        let p = s.nrows();
        let numbers = s.to_slice().ok_or_else(|| Error::internal("the covariance is not contiguous"))?;
        let row = |i: usize| &numbers[i * p..(i + 1) * p];
        let own = |b: usize| if b == a { f64::INFINITY } else { lambda(b) };
        let mut lasso = Lasso::default();
        let mut coefficients: Vec<(usize, f64)> = Vec::new();
        let (mut step, mut passes) = (0.1 * self.tol, 0);
        loop {
            let stop = Stop { tol: step, max_passes: self.max_iter - passes };
            passes += lasso.solve(row(a), row, own, &coefficients, stop, ctx)?;
            coefficients = lasso.solution().collect();
            let certificate = certify(s[(a, a)], row(a), lasso.residual(), &coefficients, own);
            // A step below rounding cannot help any more.
            if certificate.kkt <= self.tol || passes >= self.max_iter || step < 1e-17 {
                return Ok(Neighborhood { coefficients, certificate, passes });
            }
            step *= 0.1;
        }
    }

    fn recorded(&self) -> Vec<(String, Value)> {
        let mut options = self.lambda.recorded(self.lambdas);
        options.push(("rule".into(), self.rule.name().into()));
        options.push(("tol".into(), Value::Float(self.tol)));
        options.push(("max_iter".into(), self.max_iter.into()));
        options
    }
}

/// Gap and KKT violation of one lasso from its residual r = g - G b: the dual point is the residual shrunk until feasible.
fn certify(
    variance: f64,
    g: &[f64],
    residual: &[f64],
    coefficients: &[(usize, f64)],
    lambda: impl Fn(usize) -> f64,
) -> Certificate {
    let mut value = vec![0.0; g.len()];
    coefficients.iter().for_each(|&(b, coefficient)| value[b] = coefficient);
    let (mut kkt, mut shrink, mut norm, mut fitted, mut explained) = (0.0f64, 1.0f64, 0.0, 0.0, 0.0);
    for b in (0..g.len()).filter(|&b| lambda(b).is_finite()) {
        let (r, limit) = (residual[b], lambda(b));
        let violation =
            if value[b] == 0.0 { (r.abs() - limit).max(0.0) } else { (r - limit * value[b].signum()).abs() };
        kkt = kkt.max(violation);
        if r.abs() > limit {
            shrink = shrink.min(limit / r.abs());
        }
        norm += limit * value[b].abs();
        fitted += g[b] * value[b];
        explained += (g[b] - r) * value[b];
    }
    // |x_a - X b|^2 / n and x_a'(x_a - X b) / n
    let squares = (variance - 2.0 * fitted + explained).max(0.0);
    let product = variance - fitted;
    let primal = 0.5 * squares + norm;
    let dual = shrink * product - 0.5 * shrink * shrink * squares;
    Certificate { primal, gap: (primal - dual).max(0.0), kkt, logdet: 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(NeighborhoodSelection::from_options(&options).unwrap(), NeighborhoodSelection::default());
    }
}
