//! The loss "nodewise": a penalised regression of every variable on the others, and the graph that they give.

use ndarray::{Array2, ArrayView2};

use super::{Estimate, RECORD};
use crate::context::Context;
use crate::data::covariance::to_correlation;
use crate::data::{Matrix, Vector, number};
use crate::error::{Error, Result};
use crate::methods::graphical_lasso::Lambda;
use crate::methods::penalties::scaled;
use crate::model::{self, Criterion, Fit, FitBuilder, Input};
use crate::parallel;
use crate::problem::{Certificate, L1};
use crate::select::{GraphPenalty, Grid, Linked, Rule};
use crate::solver::Moments;
use crate::solver::nodewise::{Accuracy, Neighborhood, Nodewise};
use crate::value::Value;

/// So many passes over active coefficients stand for one sweep over a matrix.
const PASSES: usize = 100;
/// The smallest noise of a variable that counts, of its variance.
const LEAST_NOISE: f64 = 1e-12;

impl Estimate {
    /// The graph of the regressions.
    pub(super) fn fit_nodewise(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        let p = input.p();
        let _held = ctx.reserve_matrices(3, p, p)?;
        let mut builder = Fit::builder(RECORD.verb, input, self.recorded_nodewise(input), ctx);
        let mut s = input.s(ctx)?.to_owned();
        let scale: Vec<f64> = s.diag().iter().map(|variance| variance.sqrt()).collect();
        to_correlation(&mut s);
        let units = vec![1.0; p];
        // A number is in units of S, what was chosen in those of correlations.
        let (penalty, lambda, unit) = match self.base.lambda {
            Lambda::Rule(rule) => {
                let (chosen, with) = self.choose_nodewise(rule, input, s.view(), builder, ctx)?;
                builder = with;
                (self.scaled(chosen)?, Value::Float(chosen), &units)
            }
            _ => (self.base.penalty(input)?, self.base.lambda.given(), &scale),
        };
        let parts = self.regressions(s.view(), unit, &penalty, ctx)?;
        let certificate = parts.iter().fold(Certificate::default(), |sum, part| sum.join(part.certificate));
        let converged = certificate.kkt <= self.base.tol;
        self.base.remark().into_iter().for_each(|remark| builder.warn(remark));
        if !converged {
            builder.warn(format!(
                "the largest KKT violation is {:.1e}, not {:.1e}: allow more passes with max_iter, or raise lambda or tol",
                certificate.kkt, self.base.tol
            ));
        }
        let coefficients = coefficients(&parts, |a, b| scale[a] / scale[b]);
        let graph = self.links.graph(coefficients.view(), input)?;
        builder
            .lambda(lambda)
            .certificate(certificate)
            .solver("coordinate descent", parts.iter().map(|part| part.passes).max().unwrap_or(0), converged)
            .add("coefficients", Matrix::square(coefficients, input.names()).into())
            .finish(model::Estimate::Graph(graph), ctx)
    }

    /// The regressions of all variables for correlations, in whose units `scale` says the penalty's are.
    fn regressions(
        &self,
        correlations: ArrayView2<'_, f64>,
        scale: &[f64],
        lambda: &L1,
        ctx: &Context,
    ) -> Result<Vec<Neighborhood>> {
        let nodewise = Nodewise::new(correlations, scale, lambda, &self.penalty)?;
        let accuracy = Accuracy { tol: self.base.tol, max_passes: self.base.max_iter.saturating_mul(PASSES) };
        let variables: Vec<usize> = (0..correlations.nrows()).collect();
        parallel::map(&variables, ctx, |_, &a| nodewise.regress(a, accuracy, ctx))
    }

    /// lambda x weights.
    fn scaled(&self, lambda: f64) -> Result<L1> {
        scaled(lambda, self.base.weights.as_ref(), false)
    }

    /// The penalty that a rule chooses, in units of correlations.
    fn choose_nodewise(
        &self,
        rule: Rule,
        input: &Input,
        correlations: ArrayView2<'_, f64>,
        builder: FitBuilder,
        ctx: &Context,
    ) -> Result<(f64, FitBuilder)> {
        let base = &self.base;
        self.check_sparse(rule)?;
        base.check_weights(input)?;
        let grid = match rule {
            Rule::Ric { .. } if base.weights.is_some() => {
                return Err(Error::option("\"ric\" knows one penalty for all pairs, not weights")
                    .with_hint("with weights choose by \"ebic\" or \"stars\""));
            }
            Rule::Ric { .. } => Vec::new(),
            _ => {
                let largest = self.largest_of(Moments::Whole(correlations), ctx)?;
                Grid::Automatic { count: base.n_lambdas, min_ratio: base.min_ratio }.values(largest)?
            }
        };
        match rule {
            Rule::Criterion(criterion) => self.by_criterion(criterion, input, correlations, &grid, builder, ctx),
            Rule::CrossValidation { .. } => Err(Error::option("\"cv\" needs a precision matrix, which a graph is not")
                .with_hint("rules for loss \"nodewise\": \"ebic\", \"bic\", \"aic\", \"stars\", \"ric\"")),
            _ => {
                let graphs = |part: &Input, inner: &Context| self.linked(part, &grid, inner);
                let chosen = GraphPenalty::choose(rule, input, &grid, graphs, ctx)?;
                let mut builder = builder.selection(chosen.selection);
                chosen.warnings.into_iter().for_each(|warning| builder.warn(warning));
                Ok((chosen.lambda, builder))
            }
        }
    }

    /// The smallest sum over variables of n log |x - X b|^2 and the cost of its coefficients. An edge is two of them, so
    /// that it costs twice what it does in the Gaussian likelihood, and the sum has twice that likelihood.
    fn by_criterion(
        &self,
        criterion: Criterion,
        input: &Input,
        correlations: ArrayView2<'_, f64>,
        grid: &[f64],
        builder: FitBuilder,
        ctx: &Context,
    ) -> Result<(f64, FitBuilder)> {
        let n = input.n().ok_or_else(|| {
            Error::argument("a criterion needs the number of samples")
                .with_hint("give it with the covariance: `n: 100`")
        })?;
        let units = vec![1.0; input.p()];
        let mut values = Vec::with_capacity(grid.len());
        let mut unconverged = 0;
        for (done, &lambda) in grid.iter().enumerate() {
            ctx.progress("regressions", done, grid.len());
            let parts = self.regressions(correlations, &units, &self.scaled(lambda)?, ctx)?;
            unconverged += usize::from(parts.iter().any(|part| part.certificate.kkt > self.base.tol));
            values.push(parts.iter().map(|part| cost(criterion, part, n, input.p())).sum::<f64>());
        }
        let best = values.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(position, _)| position);
        let mut builder = builder;
        if best + 1 == grid.len() && best > 0 {
            let lambda = number(grid[best]);
            builder.warn(format!(
                "the smallest lambda of the grid ({lambda}) was chosen: a smaller one may be better; extend the grid with a smaller min_ratio"
            ));
        }
        if unconverged > 0 {
            builder.warn(format!(
                "{unconverged} of the solutions that were compared did not converge: raise max_iter, or tol"
            ));
        }
        let name = Rule::Criterion(criterion).name();
        let selection = vec![
            ("rule".to_string(), Value::from(name)),
            ("lambdas".to_string(), Vector::from(grid.to_vec()).into()),
            ("values".to_string(), Vector::from(values).into()),
        ];
        let lambda = grid.get(best).copied().ok_or_else(|| Error::internal("a grid without a penalty"))?;
        Ok((lambda, builder.selection(Value::Map(selection))))
    }

    /// The graphs of the standardised columns for descending penalties.
    fn linked(&self, input: &Input, grid: &[f64], ctx: &Context) -> Result<Linked> {
        let p = input.p();
        let _held = ctx.reserve_matrices(2, p, p)?;
        let r = input.correlations(ctx)?;
        let units = vec![1.0; p];
        let mut linked = Linked { pairs: Vec::with_capacity(grid.len()), unconverged: 0 };
        for &lambda in grid {
            let parts = self.regressions(r.view(), &units, &self.scaled(lambda)?, ctx)?;
            linked.unconverged += usize::from(parts.iter().any(|part| part.certificate.kkt > self.base.tol));
            linked.pairs.push(self.links.pairs(coefficients(&parts, |_, _| 1.0).view()));
        }
        Ok(linked)
    }

    fn recorded_nodewise(&self, input: &Input) -> Vec<(String, Value)> {
        let base = &self.base;
        let mut options = vec![("lambda".to_string(), base.lambda.recorded())];
        if let Lambda::Rule(rule) = base.lambda {
            options.extend(rule.recorded());
            if !matches!(rule, Rule::Ric { .. }) {
                options.push(("n_lambdas".into(), base.n_lambdas.into()));
                options.push(("min_ratio".into(), base.min_ratio.into()));
            }
        }
        options.extend(self.recorded());
        options.extend(input.recorded());
        options
    }
}

/// Column a has the coefficients of variable a, times `unit(a, b)`.
fn coefficients(parts: &[Neighborhood], unit: impl Fn(usize, usize) -> f64) -> Array2<f64> {
    let mut all = Array2::zeros((parts.len(), parts.len()));
    for (a, part) in parts.iter().enumerate() {
        part.coefficients.iter().for_each(|&(b, value)| all[(b, a)] = value * unit(a, b));
    }
    all
}

/// What a criterion says of one regression; infinite where it has as many coefficients as samples.
fn cost(criterion: Criterion, part: &Neighborhood, n: usize, p: usize) -> f64 {
    let (count, samples) = (part.coefficients.len(), n as f64);
    if count + 1 >= n {
        return f64::INFINITY;
    }
    let each = match criterion {
        Criterion::Aic => 2.0,
        Criterion::Bic => samples.ln(),
        Criterion::Ebic { gamma } => samples.ln() + 4.0 * gamma * (p as f64).ln(),
    };
    samples * part.noise.max(LEAST_NOISE).ln() + each * count as f64
}
