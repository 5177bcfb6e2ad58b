//! The meta graphical lasso: latent factors that several data sets share, with sparse dependencies in each.

mod options;
mod search;

use self::search::{Candidate, Tried, as_map, warnings};
use super::latent_factors::result::{self, Found, Origin};
use super::latent_factors::{Sets, check_factors, default_factors};
use super::setters::setters;
use crate::context::Context;
use crate::data::{Matrix, Vector};
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, Input, JointFit, JointFitBuilder, Property, Record, Run};
use crate::select::Grid;
use crate::value::Value;

/// The record.
pub static RECORD: Record = Record {
    verb: "meta_graphical_lasso",
    constructor: Some("MetaGraphicalLasso"),
    area: Area::Recover,
    summary: "Latent factors that several data sets share, with a sparse graph of the factors in each",
    details: "Every data set k is N(0, D Sigma_k D' + eps_k (I - DD')): D, variables x factors, has orthonormal columns and \
is the same for all, the precision matrices Lambda_k of the factors are sparse, everything else is noise of one variance. \
Minimises the sum over k of tr(S_k Lambda_k) - log det Lambda_k + lambda |Lambda_k|_1 + (V - M) log eps_k, with \
S_k = D'X_k'X_k D / n_k and eps_k = (tr(X_k'X_k) / n_k - tr S_k) / (V - M). The diagonals are free unless \
`penalize_diagonal`. Where a data set has fewer samples than variables this has no minimum: a factor without any variance there \
makes log det Lambda_k infinite, and descents do end there. Therefore `ridge` times the mean variance of the variables is \
added to the diagonal of S_k, in the terms of Lambda_k alone, where samples are few; .ridges tells how much. For every D the \
graphical lassos are solved to a certified gap; D moves on the manifold by L-BFGS with a line search, preconditioned by the \
curvature of the model, until what the objective can still fall by, as that curvature has it, is at most `tol` times the \
objective. `optimizer: \"adam\"` is the published program: 5000 epochs of steps for batches of data sets, without a test of \
convergence. No matrix of variables x variables is made: time and memory grow in proportion to the number of variables. The \
objective is not convex; `starts` tries several. The fits of the joint fit are over the factors f0, f1, ...: joint[k].graph() \
is the graph of data set k. joint.factors(x), joint.loadings(k) and joint.enrichment(labels) read the factors; joint.plot \
kinds are \"network\", \"variances\", \"scores\", \"loadings\". Units matter: a variable of large variance draws the factors.",
    params: &[],
    options: options::OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: &[
        result::PROJECTION,
        result::PRECISIONS,
        result::NOISE,
        result::VARIANCES,
        result::SCORES,
        result::BIC,
        Property { name: "objective", help: "The minimum that was reached (float)" },
        Property { name: "ridges", help: "What was added to the variances of the factors, of each data set (Vector)" },
        Property {
            name: "history",
            help: "The objective after every step, or for every epoch of Adam the sum over its batches (Vector)",
        },
        Property { name: "selection", help: "What the BIC chose from: maps of `factors`, `lambda` and `bic` (list)" },
    ],
    reference: "Maruhashi, Kashima, Miyano, Park, Scientific Reports 14:18105 (2024)",
    example: "let sim = latent_factor_data(#{ variables: 30, datasets: 3, factors: 3, seed: 1 });\n\
              let joint = meta_graphical_lasso(sim.datasets, #{ factors: 3, lambda: 0.09, seed: 1 });\n\
              print(joint);\nprint(score(sim.truth, joint));",
    run: Run::Joint(|inputs, options, ctx| MetaGraphicalLasso::from_options(options)?.fit_inputs(inputs, ctx)),
};

/// How D is optimised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimizer {
    /// L-BFGS until the objective can fall by no more than `tol` of it, for at most `max_iter` steps.
    Lbfgs {
        /// What may be left, over max(1, |objective|).
        tol: f64,
        /// Steps at most.
        max_iter: usize,
    },
    /// The published one.
    Adam {
        /// Times that all data sets are seen.
        epochs: usize,
        /// Length of a step.
        learning_rate: f64,
        /// Data sets in a batch.
        batch_size: usize,
    },
}

/// Where D starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Init {
    /// Principal components of the data sets, scaled to one total variance.
    Pca,
    /// Those of [X_1 / n_1, X_2 / n_2, ...].
    PublishedPca,
    /// Anywhere.
    Random,
}

impl Init {
    fn name(self) -> &'static str {
        match self {
            Self::Pca => "pca",
            Self::PublishedPca => "published_pca",
            Self::Random => "random",
        }
    }
}

/// The meta graphical lasso and its options.
///
/// ```
/// use sinew::{Context, methods::meta_graphical_lasso::MetaGraphicalLasso, simulate::latent_factor_data::LatentFactors};
/// let ctx = Context::new().with_seed(1);
/// let model = LatentFactors { variables: 20, samples: 60, datasets: 2, factors: 2, ..Default::default() };
/// let joint = MetaGraphicalLasso::new().factors(vec![2]).lambda(vec![0.1]).fit(&model.draw(&ctx)?.datasets, &ctx)?;
/// assert_eq!((joint.len(), joint.p()), (2, 2));
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MetaGraphicalLasso {
    factors: Vec<usize>,
    grid: Grid,
    penalize_diagonal: bool,
    ridge: Option<f64>,
    center: bool,
    init: Option<Init>,
    starts: usize,
    optimizer: Optimizer,
}

impl Default for MetaGraphicalLasso {
    fn default() -> Self {
        Self {
            factors: Vec::new(),
            grid: Grid::Automatic { count: 10, min_ratio: 0.02 },
            penalize_diagonal: false,
            ridge: None,
            center: true,
            init: None,
            starts: 1,
            optimizer: Optimizer::Lbfgs { tol: 1e-8, max_iter: 500 },
        }
    }
}

impl MetaGraphicalLasso {
    /// With the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// With so many factors; of several numbers the BIC chooses, of none there are as many as the default says.
        factors: Vec<usize> => factors;
        /// With this penalty; of several the BIC chooses.
        lambda: Vec<f64> => grid = Grid::Given;
        /// With the diagonals penalised too.
        penalize_diagonal: bool => penalize_diagonal;
        /// With this share of the mean variance of the variables added to the variances of the factors, in every data set.
        ridge: f64 => ridge = Some;
        /// With the means taken off, or not.
        center: bool => center;
        /// From this start.
        init: Init => init = Some;
        /// With this optimiser.
        optimizer: Optimizer => optimizer;
    }

    /// Fits data sets with the same variables, n_k x V each.
    ///
    /// # Errors
    /// Data that cannot be used or that differ in their variables; as many factors as variables or samples; a limit of the
    /// context.
    pub fn fit(&self, datasets: &[Matrix], ctx: &Context) -> Result<JointFit> {
        let inputs = datasets.iter().enumerate().map(|(set, x)| {
            if x.cols() != datasets[0].cols() {
                let message = format!("data set {set} has {} columns, data set 0 has {}", x.cols(), datasets[0].cols());
                return Err(Error::shape(message));
            }
            Input::data(x).map_err(|error| error.at(format!("data set {set}")))
        });
        self.fit_inputs(&inputs.collect::<Result<Vec<_>>>()?, ctx)
    }

    /// Fits checked data.
    ///
    /// # Errors
    /// As [`MetaGraphicalLasso::fit`].
    pub fn fit_inputs(&self, inputs: &[Input], ctx: &Context) -> Result<JointFit> {
        if inputs.is_empty() {
            return Err(Error::argument("meta_graphical_lasso: the list of data sets is empty"));
        }
        self.check()?;
        let sets = Sets::new(inputs, self.center, ctx).map_err(|error| error.at(RECORD.verb))?;
        let builder = JointFit::builder(RECORD.verb, Vec::new(), ctx);
        let mut counts = self.factors.clone();
        if counts.is_empty() {
            counts.push(default_factors(&sets));
        }
        counts.sort_unstable();
        counts.dedup();
        counts.iter().try_for_each(|&factors| check_factors(factors, &sets)).map_err(|error| error.at(RECORD.verb))?;
        let mut tried = Vec::new();
        let mut best: Option<Candidate> = None;
        for factors in counts {
            let candidate = self.candidates(&sets, factors, &mut tried, ctx)?;
            if candidate.as_ref().is_some_and(|one| best.as_ref().is_none_or(|best| one.bic < best.bic)) {
                best = candidate;
            }
        }
        let best = best.ok_or_else(|| Error::internal("there was nothing to choose from"))?;
        let options = self.recorded(best.descent.d.ncols(), best.lambda);
        let mut builder = builder.options(options.clone());
        for warning in warnings(&tried, &best) {
            builder.warn(warning);
        }
        self.finish(&sets, best, (&tried, &options), builder, ctx)
    }

    fn finish(
        &self,
        sets: &Sets<'_>,
        best: Candidate,
        (tried, options): (&[Tried], &[(String, Value)]),
        builder: JointFitBuilder,
        ctx: &Context,
    ) -> Result<JointFit> {
        let Candidate { descent, lambda, bic } = best;
        let solver = match self.optimizer {
            Optimizer::Lbfgs { .. } => "Riemannian L-BFGS",
            Optimizer::Adam { .. } => "Adam on the manifold",
        };
        let iterations = descent.history.len().saturating_sub(1);
        let origin = Origin { verb: RECORD.verb, solver: (solver, iterations, descent.why_not.is_none()), options };
        let (objective, history) = (descent.point.value, descent.history);
        let ridges: Vec<f64> = descent.point.parts.iter().map(|part| part.ridge).collect();
        let found = Found { d: descent.d, parts: descent.point.parts };
        let (builder, fits) = found.finish(sets, lambda, &origin, builder, ctx)?;
        let selection = if tried.len() > 1 { tried } else { &[] };
        builder
            .add(result::BIC.name, bic.into())
            .add("objective", objective.into())
            .add("ridges", Vector::from(ridges).into())
            .add("history", Vector::from(history).into())
            .add("selection", Value::List(selection.iter().map(as_map).collect()))
            .finish(fits, ctx)
    }
}
