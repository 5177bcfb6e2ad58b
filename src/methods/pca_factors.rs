//! Principal components of several data sets together as their factors: a baseline.

use super::latent_factors::baseline::{ADDS, Baseline, Directions, OPTIONS};
use super::latent_factors::result;
use crate::model::{Accepts, Area, Property, Record, Run};

const ALL: &[Property] = &[ADDS[0], ADDS[1], ADDS[2], ADDS[3], ADDS[4], result::BIC];

const VERB: &str = "pca_factors";

/// The record.
pub static RECORD: Record = Record {
    verb: VERB,
    constructor: Some("PcaFactors"),
    area: Area::Recover,
    summary: "Principal components of several data sets together, with a sparse graph of them in each: a baseline",
    details: "In every data set the variables are scaled to variance 1, all samples are put together, and the leading \
principal directions are the factors. For each data set follows the graphical lasso of D'S_k D, in the units of the data, and the \
noise as in meta_graphical_lasso(). Components are orthogonal over all samples together, which says nothing about their \
dependencies in one data set: that is what meta_graphical_lasso() adds. Directions come from iterations on a subspace; no \
matrix of variables x variables is made.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: ALL,
    reference: "Jolliffe, Principal Component Analysis (2002)",
    example: "let sim = latent_factor_data(#{ variables: 30, datasets: 3, factors: 3, seed: 1 });\n\
              let joint = pca_factors(sim.datasets, #{ factors: 3, seed: 1 });\n\
              print(score(sim.truth, joint));",
    run: Run::Joint(|inputs, options, ctx| {
        Baseline::from_options(VERB, Directions::Principal, options).fit_inputs(inputs, ctx)
    }),
};
