//! The vocabulary, one file an area. Every name has its usage, one line of help, and an example that runs.

/// An example about a graph `g`: two stars, one of four nodes and one of five.
macro_rules! with_g {
    ($code:literal) => {
        concat!("let g = random_graph(\"hub\", #{ nodes: 9, hubs: 2 });\n", $code)
    };
}

mod algebra;
mod arguments;
mod block_model;
mod centrality;
#[cfg(feature = "plot")]
mod charts;
mod communities;
mod comparing;
mod construct;
mod data;
mod defaults;
mod display;
mod estimators;
mod factors;
mod fits;
mod graph_sets;
mod graph_values;
mod graphs;
mod joint_fits;
mod latent_gaussian;
mod lengths;
mod letters;
mod lists;
mod network_comparison;
mod numbers;
#[cfg(feature = "plot")]
mod plots;
mod prepare;
mod refit;
mod regulation;
mod reports;
mod resampling;
mod results;
mod shape;
mod single_cell;
mod sparse;
mod summaries;
mod system;
mod tables;
mod training;
mod tuning;

pub(super) use joint_fits::fit_of_set;
pub(super) use system::Timer;
pub(super) use tables::to_column;
pub(super) use training::{OF_TRAINED, TRAIN};
pub(super) use tuning::call_with_options;

use super::vocabulary::Builder;

pub(super) fn define(builder: &mut Builder) {
    construct::define(builder);
    shape::define(builder);
    algebra::define(builder);
    numbers::define(builder);
    summaries::define(builder);
    data::define(builder);
    single_cell::define(builder);
    sparse::define(builder);
    tables::define(builder);
    prepare::define(builder);
    latent_gaussian::define(builder);
    fits::define(builder);
    joint_fits::define(builder);
    factors::define(builder);
    training::define(builder);
    tuning::define(builder);
    estimators::define(builder);
    graphs::define(builder);
    graph_values::define(builder);
    graph_sets::define(builder);
    centrality::define(builder);
    communities::define(builder);
    block_model::define(builder);
    regulation::define(builder);
    #[cfg(feature = "plot")]
    plots::define(builder);
    lists::define(builder);
    lengths::define(builder);
    letters::define(builder);
    comparing::define(builder);
    resampling::define(builder);
    network_comparison::define(builder);
    refit::define(builder);
    results::define(builder);
    reports::define(builder);
    defaults::define(builder);
    system::define(builder);
    display::define(builder);
    arguments::define(builder);
}
