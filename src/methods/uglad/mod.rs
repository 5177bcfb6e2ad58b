//! uGLAD: an unrolled model that learns from the data set at hand.

mod held_out;
mod missing;
mod multitask;
mod options;
mod published;
mod run;

use super::setters::setters;
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, Fit, FitBuilder, Input, JointFit, Property, Record, Run, SecondMoment};
use crate::select::Shrinkage;

use super::unrolled::estimate::{Estimated, add_histories, assemble, mean};
use super::unrolled::learning::{Keep, Learned, Learning};
use super::unrolled::model::Model;
use super::unrolled::prepared::Prepared;
use super::unrolled::units::Units;
pub use missing::consensus_of;
pub use options::{Mode, Scaling, Strategy};

/// The record.
pub static RECORD: Record = Record {
    verb: "uglad",
    constructor: Some("Uglad"),
    area: Area::Recover,
    summary: "Graph from an unrolled neural model that learns from the data alone; also for missing values and several data sets",
    details: "Unrolls `steps` iterations of an alternating minimisation whose thresholds and weights are two small \
networks (42 numbers in all with the defaults), and learns these by minimising -log det Z + tr(S Z) with Adam. The \
precision matrix of the fit is Theta of the last iteration, which is positive definite; fit.z is its thresholded \
companion, a sparse guess. S is shrunk first, as shrunk_partial_correlation() does (`shrinkage`), and the model works on \
correlations; results are in the units of the data. What the ranking of edges gains over |correlation| comes from that \
shrinkage, not from the network: see docs/unrolled-models.md for numbers. mode \"cv\" chooses the number of epochs by \
held-out data, \"missing\" takes NaN (`strategy`), \"multitask\" takes a list of data sets and gives a joint fit. \
variant \"authors\" repeats the published program (uGLAD 2.0.0), which scales columns to [0, 1], thresholds the diagonal \
and gives Z; its truth leak is not repeated.",
    params: &[],
    options: options::OPTIONS,
    accepts: Accepts::Incomplete,
    random: true,
    adds: &[
        Property { name: "theta", help: "Theta of the last iteration: positive definite (Matrix, p x p)" },
        Property {
            name: "z",
            help: "Z of the last iteration: thresholded, not always positive definite (Matrix, p x p)",
        },
        Property {
            name: "loss_history",
            help: "The loss of every epoch, a column for each initialisation; one that ended before others repeats its last (Matrix)",
        },
        Property { name: "lambda_history", help: "The weight lambda of every iteration at the end (Vector)" },
        Property { name: "score_history", help: "With mode: \"cv\" the held-out loss of every epoch (Vector)" },
        Property { name: "parameters", help: "What was learned: the offset and the two networks, by name (map)" },
        Property { name: "epoch", help: "The epoch that was kept, from 0 (int)" },
        Property { name: "shrinkage", help: "a: how far S was moved towards a diagonal (float)" },
        Property {
            name: "variance_shrinkage",
            help: "t: how far the variances in it were moved towards their mean (float)",
        },
    ],
    reference: "Shrivastava, Chajewska, Abraham, Chen, uGLAD (2022), arXiv:2205.11610",
    example: "let g = random_graph(\"erdos_renyi\", #{ nodes: 10, density: 0.2, seed: 1 });\n\
              let x = sample_gaussian(g.precision(#{ rule: \"uglad\", seed: 1 }), 60, #{ seed: 2 });\n\
              let fit = x.uglad(#{ epochs: 30, seed: 3 });\n\
              print(fit.graph(#{ threshold: 0.2 }));",
    run: Run::FitOrJoint {
        fit: |input, options, ctx| Uglad::from_options(options)?.fit_input(input, ctx),
        joint: |inputs, options, ctx| Uglad::from_options(options)?.fit_inputs(inputs, ctx),
    },
};

/// uGLAD and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::uglad::Uglad};
/// let x = Matrix::from_fn(40, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let fit = Uglad::new().epochs(5).fit(&x, &Context::new().with_seed(1))?;
/// assert_eq!(fit.precision()?.rows(), 4);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Uglad {
    mode: Mode,
    model: Model,
    epochs: usize,
    learning_rate: f64,
    patience: Option<usize>,
    ensemble: usize,
    folds: Option<usize>,
    strategy: Strategy,
    split: Option<f64>,
    scaling: Option<Scaling>,
    shrinkage: Shrinkage,
}

impl Default for Uglad {
    fn default() -> Self {
        Self {
            mode: Mode::Direct,
            model: Model::default(),
            epochs: 250,
            learning_rate: 0.002,
            patience: None,
            ensemble: 1,
            folds: None,
            strategy: Strategy::Em,
            split: None,
            scaling: None,
            shrinkage: Shrinkage::default(),
        }
    }
}

impl Uglad {
    /// With the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// With this mode.
        mode: Mode => mode;
        /// With this learning rate, above 0.
        learning_rate: f64 => learning_rate;
    }

    /// With at most so many epochs.
    #[must_use]
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.epochs = epochs.max(1);
        self
    }

    /// With the mean over so many initialisations.
    #[must_use]
    pub fn ensemble(mut self, initialisations: usize) -> Self {
        self.ensemble = initialisations.max(1);
        self
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data that cannot be used: missing values but in mode missing, a single sample; a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::incomplete(x, SecondMoment::default(), ctx)?, ctx)
    }

    /// Fits checked data.
    ///
    /// # Errors
    /// As [`Uglad::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        match self.mode {
            Mode::Multitask => Err(Error::argument("mode \"multitask\" of uglad takes a list of data sets")
                .with_hint("uglad([a, b], #{ mode: \"multitask\" })")),
            Mode::Missing => missing::fit(self, input, ctx),
            Mode::Direct | Mode::CrossValidation => {
                input.check_complete().map_err(|error| error.with_hint("mode: \"missing\" takes missing values"))?;
                self.fit_complete(input, ctx)
            }
        }
    }

    /// Fits several data sets over the same variables with one model.
    ///
    /// # Errors
    /// Another mode; as [`Uglad::fit`].
    pub fn fit_inputs(&self, inputs: &[Input], ctx: &Context) -> Result<JointFit> {
        if self.mode != Mode::Multitask {
            return Err(Error::option("uglad takes a list of data sets with mode \"multitask\" alone")
                .with_hint("uglad([a, b], #{ mode: \"multitask\" }), or sets.map(|x| x.uglad())"));
        }
        multitask::fit(self, inputs, ctx)
    }

    /// A data set as the model sees it: with the covariance of the input, whatever it is made of.
    fn prepared(&self, input: &Input, ctx: &Context) -> Result<Prepared> {
        match self.model.is_published() {
            true => published::prepared(self, input.matrix(), ctx),
            false => Prepared::shrunk(&self.shrinkage, input, Units::of, ctx),
        }
    }

    /// The fit of one data set whose model has one task.
    fn finish(
        &self,
        builder: FitBuilder,
        input: &Input,
        prepared: &Prepared,
        learned: &[Learned],
        ctx: &Context,
    ) -> Result<Fit> {
        let theta = mean(learned, |learned| &learned.pass.theta[0]);
        let z = mean(learned, |learned| &learned.pass.z[0]);
        let builder = add_histories(builder, &self.model, prepared, learned)?;
        let estimated = Estimated { theta, z, mask: None };
        assemble(builder, self.model.is_published(), input, prepared, estimated, ctx)
    }

    fn learning(&self, epochs: usize, keep: Keep) -> Learning {
        Learning { epochs, rate: self.learning_rate, patience: self.patience, keep }
    }
}
