//! Liu's test of all pairs after scaled lasso regressions: a graph with a controlled false discovery rate.

use super::pair_tests::{self, ADDS, STANDARDIZE};
use super::setters::setters;
use super::shared_options::max_iter;
use crate::context::Context;
use crate::data::Matrix;
use crate::error::Result;
use crate::model::{Accepts, Area, Fit, Input, Record, Run, false_discovery};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::solver::pair_statistics::by_scaled_lasso;
use crate::solver::{ScaledLasso, Variables};
use crate::value::Value;

const OPTIONS: &[Opt] = &[
    false_discovery::OPTION,
    STANDARDIZE,
    Opt::new(
        "tol",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Unset("1e-3, as published; 1e-8 where there is no penalty"),
        "A regression ends when no coefficient, nor the size of its residual, changes by more",
    ),
    max_iter(10, "Rounds of penalty and size of the residual at most"),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "gfc_sl",
    constructor: Some("GfcSl"),
    area: Area::Recover,
    summary: "Graph with a controlled false discovery rate from scaled lasso regressions (Liu's GFC)",
    details: "As gfc_l, but every regression finds its penalty from the size of its own residual: \
sqrt(2 log(p / sqrt(n)) / n) times its standard deviation, in turn with the coefficients. Where p is at most sqrt(n) that \
penalty is 0 and the regressions are least squares. Nothing is chosen, so that it takes a fraction of the time of gfc_l. \
Statistics, threshold and weights are those of help(\"gfc_l\"). `standardize: false` gives the numbers of GFC_SL of R's \
SILGGM.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: false,
    adds: ADDS,
    reference: "Liu, Annals of Statistics 41:2948 (2013); Sun, Zhang, Biometrika 99:879 (2012)",
    example: "let x = example(\"sachs\").head(200).log1p();\n\
              let fit = x.gfc_sl(#{ fdr: 0.05 });\n\
              print(fit.graph());",
    run: Run::Fit(|input, options, ctx| GfcSl::from_options(options).fit_input(input, ctx)),
};

/// GFC with the scaled lasso, and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::gfc_sl::GfcSl};
/// let x = Matrix::from_fn(60, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let fit = GfcSl::new().fdr(0.2).fit(&x, &Context::new())?;
/// assert_eq!(fit.graph(0.0)?.n_nodes(), 4);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GfcSl {
    fdr: f64,
    standardize: bool,
    tol: Option<f64>,
    max_iter: usize,
}

impl Default for GfcSl {
    fn default() -> Self {
        Self { fdr: false_discovery::DEFAULT, standardize: true, tol: None, max_iter: 10 }
    }
}

impl GfcSl {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// The share of the edges that may be wrong, in expectation.
        fdr: f64 => fdr;
        /// Whether the columns are standardised first.
        standardize: bool => standardize;
        /// Bound on the change of coefficients and size of the residual in the last round of a regression.
        tol: f64 => tol = Some;
    }

    fn from_options(options: &Options) -> Self {
        Self {
            fdr: false_discovery::given(options),
            standardize: options.is_true("standardize"),
            tol: options.number("tol"),
            max_iter: options.count("max_iter").unwrap_or(Self::default().max_iter),
        }
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used, a variable that the others explain without a rest, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        let published = ScaledLasso::published(input.matrix().rows(), input.p());
        let tol = self.tol.unwrap_or(published.tol);
        pair_tests::check(self.fdr, tol)?;
        let builder = Fit::builder(RECORD.verb, input, self.recorded(tol), ctx);
        let variables = Variables::of(pair_tests::data(input, ctx)?, self.standardize, ctx)?;
        let lasso = ScaledLasso { tol, max_rounds: self.max_iter, ..published };
        let found = by_scaled_lasso(&variables, lasso, ctx)?;
        pair_tests::finish(builder, input, found, self.fdr, ctx)
    }

    fn recorded(&self, tol: f64) -> Vec<(String, Value)> {
        vec![
            ("fdr".into(), Value::Float(self.fdr)),
            ("standardize".into(), Value::Bool(self.standardize)),
            ("tol".into(), Value::Float(tol)),
            ("max_iter".into(), self.max_iter.into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(GfcSl::from_options(&options), GfcSl::default());
    }
}
