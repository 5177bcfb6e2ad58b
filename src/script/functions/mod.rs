//! The vocabulary, one file an area. Every name has its usage, one line of help, and an example that runs.

mod algebra;
mod arguments;
#[cfg(feature = "plot")]
mod charts;
mod construct;
mod data;
mod fits;
mod graphs;
mod lists;
mod numbers;
#[cfg(feature = "plot")]
mod plots;
mod prepare;
mod resampling;
mod results;
mod shape;
mod summaries;
mod system;
mod tables;

use super::vocabulary::Builder;

pub(super) fn define(builder: &mut Builder) {
    construct::define(builder);
    shape::define(builder);
    algebra::define(builder);
    numbers::define(builder);
    summaries::define(builder);
    data::define(builder);
    tables::define(builder);
    prepare::define(builder);
    fits::define(builder);
    graphs::define(builder);
    #[cfg(feature = "plot")]
    plots::define(builder);
    lists::define(builder);
    resampling::define(builder);
    results::define(builder);
    system::define(builder);
    arguments::define(builder);
}
