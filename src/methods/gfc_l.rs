//! Liu's test of all pairs after lasso regressions: a graph with a controlled false discovery rate.

use super::pair_tests::{self, ADDS, STANDARDIZE, TOL};
use super::setters::setters;
use crate::context::Context;
use crate::data::Matrix;
use crate::error::Result;
use crate::model::{Accepts, Area, Fit, Input, Record, Run, false_discovery};
use crate::options::{Opt, Options};
use crate::solver::Variables;
use crate::solver::pair_statistics::by_lasso;
use crate::value::Value;

const OPTIONS: &[Opt] = &[false_discovery::OPTION, STANDARDIZE, TOL];

/// The record.
pub static RECORD: Record = Record {
    verb: "gfc_l",
    constructor: Some("GfcL"),
    area: Area::Recover,
    summary: "Graph with a controlled false discovery rate from lasso regressions (Liu's GFC)",
    details: "Every variable is regressed on the others by the lasso. With r the second moments of the residuals and b_ij \
the coefficient of variable i in the regression of j, the statistic of a pair is sqrt(n) (r_ij + r_ii b_ij + r_jj b_ji) / \
sqrt(r_ii r_jj): about standard normal without an edge, and sqrt(n) times an estimate of the partial correlation with one. \
The penalty is k/20 sqrt(log p / n) standard deviations with the k of 1 to 40 whose statistics have the most normal tails. \
The threshold is the smallest, of 2001 up to 2 sqrt(log p), at which the number of edges that noise alone would give is at \
most `fdr` times the number that there are; above 2 sqrt(log p) none is sought, so that among few variables the rate is not \
guaranteed. An edge's weight is the estimated partial correlation. Rank all pairs by fit.statistics. `standardize: false` \
gives the numbers of GFC_L of R's SILGGM, whose result depends on the units of the columns within its coarse tolerance.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: false,
    adds: ADDS,
    reference: "Liu, Annals of Statistics 41:2948 (2013)",
    example: "let x = example(\"sachs\").head(200).log1p();\n\
              let fit = x.gfc_l(#{ fdr: 0.1 });\n\
              print(fit.graph());\n\
              print(fit.threshold);",
    run: Run::Fit(|input, options, ctx| GfcL::from_options(options).fit_input(input, ctx)),
};

/// GFC with the lasso, and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::gfc_l::GfcL};
/// let x = Matrix::from_fn(60, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let fit = GfcL::new().fdr(0.2).fit(&x, &Context::new())?;
/// assert_eq!(fit.graph(0.0)?.n_nodes(), 4);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GfcL {
    fdr: f64,
    standardize: bool,
    tol: f64,
}

impl Default for GfcL {
    fn default() -> Self {
        Self { fdr: false_discovery::DEFAULT, standardize: true, tol: 1e-3 }
    }
}

impl GfcL {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// The share of the edges that may be wrong, in expectation.
        fdr: f64 => fdr;
        /// Whether the columns are standardised first.
        standardize: bool => standardize;
        /// Bound on the change of a coefficient in the last pass of a regression.
        tol: f64 => tol;
    }

    fn from_options(options: &Options) -> Self {
        Self {
            fdr: false_discovery::given(options),
            standardize: options.is_true("standardize"),
            tol: options.number("tol").unwrap_or(Self::default().tol),
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
        pair_tests::check(self.fdr, self.tol)?;
        let builder = Fit::builder(RECORD.verb, input, self.recorded(), ctx);
        let variables = Variables::of(pair_tests::data(input, ctx)?, self.standardize, ctx)?;
        let found = by_lasso(&variables, self.tol, ctx)?;
        pair_tests::finish(builder, input, found, self.fdr, ctx)
    }

    fn recorded(&self) -> Vec<(String, Value)> {
        vec![
            ("fdr".into(), Value::Float(self.fdr)),
            ("standardize".into(), Value::Bool(self.standardize)),
            ("tol".into(), Value::Float(self.tol)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(GfcL::from_options(&options), GfcL::default());
    }
}
