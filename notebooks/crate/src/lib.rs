//! sinew in Rust notebooks (evcxr): `use sinew_notebook::*;` gives a cell all it needs.
//!
//! What stands last in a cell is shown by [`Show`]: a matrix as a table, a fit as a card, a figure as a figure, an error as
//! what is wrong and what to do. A cell has one output: `(&fit, &figure)` or [`compose`] puts several things into it. A
//! [`Notebook`] runs scripts in Rhai beside the Rust code.
//!
//! ```
//! use sinew_notebook::*;
//!
//! let ctx: Context = Context::new().with_seed(1);
//! let x: Matrix = example("sachs", &ctx)?.matrix()?.head(200).log1p()?.standardize()?;
//! let fit: Fit = GraphicalLasso::new().lambda(0.2).fit(&x, &ctx)?;
//! let figure: Figure = network(&fit.graph(0.0)?, &NetworkOptions::default(), &ctx)?;
//! (&fit, &figure).evcxr_display();
//!
//! let mut rhai: Notebook = Notebook::new();
//! rhai.set("fit", fit)?;
//! let edges: i64 = rhai.run("fit.n_edges").get()?;
//! assert!(edges > 5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// What a library must not do to its host; tests may. Writing to standard output is what this one is for.
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod notebook;
mod output;
mod show;
mod values;

pub use notebook::Notebook;
pub use output::Output;
pub use show::{Show, compose};
pub use values::FromValue;

// Not `Result`: a cell's own code means that of the standard library.
pub use sinew::data::example::example;
pub use sinew::data::{
    Column, CsvOptions, Mask, Names, Selector, SparseMatrix, read_csv, read_matrix, read_npy, write_csv, write_npy,
};
pub use sinew::graph::{Direction, Edge};
pub use sinew::methods::correlation::Correlation;
pub use sinew::methods::correlation_threshold::CorrelationThreshold;
pub use sinew::methods::debiased_graphical_lasso::DebiasedGraphicalLasso;
pub use sinew::methods::estimate::Estimate;
pub use sinew::methods::genie3::Genie3;
pub use sinew::methods::gfc_l::GfcL;
pub use sinew::methods::gfc_sl::GfcSl;
pub use sinew::methods::graphical_lasso::{GraphicalLasso, Lambda};
pub use sinew::methods::graphical_lasso_path::GraphicalLassoPath;
pub use sinew::methods::grnboost2::GrnBoost2;
pub use sinew::methods::neighborhood_selection::NeighborhoodSelection;
pub use sinew::methods::partial_correlation::PartialCorrelation;
pub use sinew::methods::partial_correlation_lasso::PartialCorrelationLasso;
pub use sinew::methods::ridge_regulators::RidgeRegulators;
pub use sinew::methods::shrunk_partial_correlation::ShrunkPartialCorrelation;
pub use sinew::methods::tiger::Tiger;
pub use sinew::methods::tigress::Tigress;
pub use sinew::model::{Criterion, Fit, JointFit, NetworkComparison, Path, Simulation, Trained};
pub use sinew::notebook::{Bundle, Report, page_script};
pub use sinew::plot::{
    Axis, EdgeColor, Figure, JsSource, NetworkLayout, NetworkOptions, Points, bar, boxes, coefficient_paths,
    criterion_curve, degree_distribution, edge_curve, heatmap, histogram, likelihood_curve, line_chart, network,
    scatter, selection_curve,
};
pub use sinew::script::{Sandbox, ScriptError, Session, SessionOptions};
pub use sinew::select::Rule;
pub use sinew::simulate::precision::{Rule as PrecisionRule, precision};
pub use sinew::simulate::random_graph::{band, erdos_renyi, hub, ring, scale_free, tree};
pub use sinew::simulate::sample_gaussian::{sample_gaussian, sample_t};
pub use sinew::{Context, Error, ErrorKind, Graph, Matrix, Table, Value, Vector, faer, ndarray};

/// Every metric of an estimate against the truth, each a Matrix, a Graph or a Fit: `score(truth, fit, &ctx)?.entry("f1")`.
///
/// # Errors
/// What is neither of them, other numbers or names of nodes, weights that are not finite, memory.
pub fn score(truth: impl Into<Value>, estimate: impl Into<Value>, ctx: &Context) -> sinew::Result<Value> {
    sinew::metrics::score::RECORD.call(&[truth.into(), estimate.into()], &[], ctx)
}
