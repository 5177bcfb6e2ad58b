//! TIGER: square-root lasso regressions of every variable on all others.

use ndarray::{Array2, ArrayView2};

use super::neighborhoods::{self, Lambdas, Penalty, Rule};
use super::setters::setters;
use super::shared_options::{max_iter, tol};
use crate::context::Context;
use crate::data::{Matrix, Vector};
use crate::error::Result;
use crate::model::{Accepts, Area, Estimate, Fit, Input, Property, Record, Run};
use crate::options::{Kind, Opt, Options, Preset, Range, table};
use crate::parallel;
use crate::problem::Certificate;
use crate::select::{GraphPenalty, Linked};
use crate::solver::{SquareRootFit, SquareRootLasso};
use crate::value::Value;

const OPTIONS: &[Opt] = table![
    Opt::new(
        "lambda",
        &[Kind::Number(Range::NON_NEGATIVE), Kind::Choice(GraphPenalty::NAMES)],
        Preset::Unset("sqrt(2 log p / n)"),
        "Penalty of every coefficient in units of correlations, or a rule that chooses one",
    ),
    ..neighborhoods::OPTIONS,
    tol(1e-7, "Bound on the KKT violation"),
    max_iter(100_000, "Passes over the coefficients of a variable at most"),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "tiger",
    constructor: Some("Tiger"),
    area: Area::Recover,
    summary: "Graph from a square-root lasso regression of every variable on all others (TIGER)",
    details: "For every variable a minimises |x_a - X b|_2 / sqrt(n) + lambda |b|_1 over the coefficients b of the others, all \
columns standardised. The loss is not squared, so that the right penalty does not depend on how much noise a variable has: \
the default sqrt(2 log p / n) needs no choice, and units do not matter. With \"ric\" or \"stars\" the penalty is chosen as in \
huge, along huge's grid from the largest correlation down. An edge's weight is the geometric mean of its two standardised \
coefficients with their sign, or the larger of the two where one is 0 or their signs differ.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: false,
    adds: &[
        Property {
            name: "coefficients",
            help: "Column a has the coefficients of variable a on the others, standardised (Matrix, p x p)",
        },
        Property { name: "residual_sd", help: "Standard deviation of what each regression leaves, of 1 (Vector, p)" },
    ],
    reference: "Liu, Wang, Electronic Journal of Statistics 11:241 (2017)",
    example: "let x = example(\"sachs\").head(200).log1p();\n\
              let fit = x.tiger();\n\
              print(fit.graph());",
    run: Run::Fit(|input, options, ctx| Tiger::from_options(options)?.fit_input(input, ctx)),
};

/// TIGER and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::tiger::Tiger};
/// let x = Matrix::from_fn(60, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let fit = Tiger::new().lambda(0.1).fit(&x, &Context::new())?;
/// assert!(fit.certificate()?.kkt <= 1e-7);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Tiger {
    lambda: Penalty,
    lambdas: Lambdas,
    rule: Rule,
    tol: f64,
    max_iter: usize,
}

impl Default for Tiger {
    fn default() -> Self {
        let (lambda, lambdas) = (Penalty::default(), Lambdas::default());
        Self { lambda, lambdas, rule: Rule::Or, tol: 1e-7, max_iter: 100_000 }
    }
}

impl Tiger {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Penalty of every coefficient: a number, or [`Rule::Ric`](crate::select::Rule) or
        /// [`Rule::Stars`](crate::select::Rule), which choose one.
        lambda: impl Into<Penalty> => lambda = Into::into;
        /// When a pair is linked.
        rule: Rule => rule;
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
    /// As [`Tiger::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        let builder = Fit::builder(RECORD.verb, input, self.recorded(), ctx);
        let p = input.p();
        // The correlations, the coefficients twice, edges.
        let _held = ctx.reserve_matrices(6, p, p)?;
        let r = input.correlations(ctx)?;
        let graphs = |part: &Input, lambdas: &[f64], inner: &Context| self.graphs(part, lambdas, inner);
        let (lambda, mut builder) = self.lambda.choose(input, r.view(), self.lambdas, graphs, builder, ctx)?;
        let fits = self.regressions(r.view(), lambda, None, ctx)?;
        let certificate = fits.iter().fold(Certificate::default(), |sum, fit| sum.join(fit.certificate));
        let converged = certificate.kkt <= self.tol;
        if !converged {
            builder.warn(why_not(&fits, self.tol));
        }
        let coefficients = coefficients(&fits);
        let sizes: Vec<f64> = fits.iter().map(|fit| fit.size).collect();
        let graph = self.rule.graph(coefficients.view(), input)?;
        builder
            .lambda(Value::Float(lambda))
            .certificate(certificate)
            .solver("coordinate descent", fits.iter().map(|fit| fit.passes).max().unwrap_or(0), converged)
            .add("coefficients", Matrix::square(coefficients, input.names()).into())
            .add("residual_sd", Vector::from(sizes).into())
            .finish(Estimate::Graph(graph), ctx)
    }

    /// All regressions for one penalty, each from where `before` ended.
    fn regressions(
        &self,
        r: ArrayView2<'_, f64>,
        lambda: f64,
        before: Option<&[SquareRootFit]>,
        ctx: &Context,
    ) -> Result<Vec<SquareRootFit>> {
        let lasso = SquareRootLasso { lambda, tol: self.tol, max_passes: self.max_iter };
        let variables: Vec<usize> = (0..r.nrows()).collect();
        parallel::map(&variables, ctx, |_, &a| lasso.solve(r, a, before.map(|fits| &fits[a]), ctx))
    }

    /// The graphs of an input for descending penalties.
    fn graphs(&self, input: &Input, lambdas: &[f64], ctx: &Context) -> Result<Linked> {
        let _held = ctx.reserve_matrices(2, input.p(), input.p())?;
        let r = input.correlations(ctx)?;
        let mut linked = Linked { pairs: Vec::with_capacity(lambdas.len()), unconverged: 0 };
        let mut before: Option<Vec<SquareRootFit>> = None;
        for &lambda in lambdas {
            let fits = self.regressions(r.view(), lambda, before.as_deref(), ctx)?;
            linked.unconverged += usize::from(fits.iter().any(|fit| fit.certificate.kkt > self.tol));
            linked.pairs.push(self.rule.pairs(coefficients(&fits).view()));
            before = Some(fits);
        }
        Ok(linked)
    }

    fn recorded(&self) -> Vec<(String, Value)> {
        let mut options = self.lambda.recorded(self.lambdas);
        options.push(("rule".into(), self.rule.name().into()));
        options.push(("tol".into(), Value::Float(self.tol)));
        options.push(("max_iter".into(), self.max_iter.into()));
        options
    }
}

/// Column a has the coefficients of variable a, p x p.
fn coefficients(fits: &[SquareRootFit]) -> Array2<f64> {
    let mut all = Array2::zeros((fits.len(), fits.len()));
    for (a, fit) in fits.iter().enumerate() {
        fit.coefficients.iter().for_each(|&(b, value)| all[(b, a)] = value);
    }
    all
}

fn why_not(fits: &[SquareRootFit], tol: f64) -> String {
    let exact = fits.iter().filter(|fit| fit.certificate.kkt.is_infinite()).count();
    if exact > 0 {
        return format!("the others explain {exact} variables without a rest: raise lambda, or leave out copies");
    }
    let kkt = fits.iter().map(|fit| fit.certificate.kkt).fold(0.0, f64::max);
    format!("the largest KKT violation is {kkt:.1e}, not {tol:.1e}: allow more passes with max_iter, or raise lambda")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(Tiger::from_options(&options).unwrap(), Tiger::default());
    }
}
