//! Independent components of several data sets together as their factors: a baseline.

use super::latent_factors::baseline::{ADDS, Baseline, Directions, OPTIONS};
use super::shared_options::max_iter;
use crate::model::{Accepts, Area, Record, Run};
use crate::options::{Opt, table};

const MAX_ITER: usize = 1000;

const ALL: &[Opt] = table![..OPTIONS, max_iter(MAX_ITER as i64, "Iterations of FastICA at most")];

const VERB: &str = "ica_factors";

/// The record.
pub static RECORD: Record = Record {
    verb: VERB,
    constructor: Some("IcaFactors"),
    area: Area::Recover,
    summary: "Independent components of several data sets together, with a sparse graph of them in each: a baseline",
    details: "FastICA with the contrast log cosh, all components at once, on the principal components of pca_factors(): the \
variables of every data set scaled to variance 1, all samples put together. The factors are the columns of the mixing \
matrix, scaled to length 1; they are not orthogonal. For each data set follows the graphical lasso of D'S_k D, in the units of the \
data; the noise is what the span of the factors leaves. Of Gaussian sources ICA finds no directions, so that what it finds \
depends on the seed.",
    params: &[],
    options: ALL,
    accepts: Accepts::Data,
    random: true,
    adds: ADDS,
    reference: "Hyvarinen, Oja, Neural Networks 13:411 (2000)",
    example: "let sim = latent_factor_data(#{ variables: 30, datasets: 3, factors: 3, seed: 1 });\n\
              let joint = ica_factors(sim.datasets, #{ factors: 3, seed: 1 });\n\
              print(score(sim.truth, joint));",
    run: Run::Joint(|inputs, options, ctx| {
        let max_iter = options.count("max_iter").unwrap_or(MAX_ITER);
        Baseline::from_options(VERB, Directions::Independent(max_iter), options).fit_inputs(inputs, ctx)
    }),
};
