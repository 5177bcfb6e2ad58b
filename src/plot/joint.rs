//! Joint fits: the same picture of every data set, side by side.

use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::model::{Fit, JointFit};

use super::figure::Figure;
use super::heatmap::{difference_heatmap, heatmap, largest_entry};
use super::layout::{self, Point};
use super::network::{NetworkLayout, NetworkOptions, network};

/// A figure of the networks of all data sets, `columns` beside each other (about a square when not given). Latent factors
/// are as large as their variance. The same variable stands at the same place in every panel.
///
/// # Errors
/// 0 columns; as [`network`].
pub fn joint_networks(
    joint: &JointFit,
    options: &NetworkOptions,
    columns: Option<usize>,
    ctx: &Context,
) -> Result<Figure> {
    let variances = joint.added("variances").ok().and_then(|value| value.object::<Matrix>());
    let positions = match (&options.positions, options.layout) {
        (None, NetworkLayout::Spring) => common_positions(&joint.graphs()?, ctx)?,
        (given, _) => given.clone(),
    };
    let one = |fit: &Fit, set: usize, title: String| {
        let own = variances.map(|all| all.row_slice(set).to_vec());
        let sizes = own.or_else(|| options.sizes.clone());
        let options = NetworkOptions { title: Some(title), sizes, positions: positions.clone(), ..options.clone() };
        network(&fit.graph(0.0)?, &options, ctx)
    };
    side_by_side(joint, one, columns, options.title.as_deref(), ctx)
}

/// Where the nodes of all graphs go, by the edges that any of them has; `None` where they have different nodes.
fn common_positions(graphs: &[Graph], ctx: &Context) -> Result<Option<Vec<Point>>> {
    let Some((first, others)) = graphs.split_first() else { return Ok(None) };
    let labels = first.labels();
    if others.iter().any(|graph| graph.labels().as_slice() != labels.as_slice()) {
        return Ok(None);
    }
    let all = others.iter().try_fold(first.clone(), |all, graph| all.union(graph))?;
    layout::spring(&all, ctx).map(Some)
}

/// A figure of the partial correlations of all data sets, `columns` beside each other.
///
/// # Errors
/// 0 columns; fits without a precision matrix.
pub fn joint_heatmaps(joint: &JointFit, columns: Option<usize>, title: Option<&str>, ctx: &Context) -> Result<Figure> {
    let one = |fit: &Fit, _: usize, title: String| heatmap(&fit.partial_correlation()?, Some(&title));
    side_by_side(joint, one, columns, title, ctx)
}

/// A figure of the differences between the networks of every two data sets, the weights of the first less those of the
/// second, `columns` beside each other, all in the same colours.
///
/// # Errors
/// 0 columns; a single data set; memory.
pub fn joint_differences(
    joint: &JointFit,
    columns: Option<usize>,
    title: Option<&str>,
    ctx: &Context,
) -> Result<Figure> {
    let (sets, p) = (joint.len(), joint.p());
    if sets < 2 {
        return Err(Error::argument("there is one data set, which differs from none"));
    }
    // The weights of all, and every difference.
    let _held = ctx.reserve_matrices(sets.saturating_mul(sets + 1) / 2, p, p)?;
    let graphs = joint.graphs()?;
    let labels = graphs[0].labels();
    let weights = graphs.iter().map(|graph| graph.to_matrix(ctx)).collect::<Result<Vec<Matrix>>>()?;
    let mut differences = Vec::new();
    for (i, first) in weights.iter().enumerate() {
        for (j, second) in weights.iter().enumerate().skip(i + 1) {
            ctx.check()?;
            let difference = first.zip(second, |a, b| a - b)?.with_names(Some(labels.clone()))?;
            differences.push((difference.with_row_names(Some(labels.clone()))?, format!("data set {i} less {j}")));
        }
    }
    let largest = differences.iter().filter_map(|(difference, _)| largest_entry(difference)).reduce(f64::max);
    let figure = |(difference, title): &(Matrix, String)| difference_heatmap(difference, Some(title.as_str()), largest);
    let figures = differences.iter().map(figure).collect::<Result<Vec<Figure>>>()?;
    Figure::grid(&figures, columns, title)
}

fn side_by_side(
    joint: &JointFit,
    one: impl Fn(&Fit, usize, String) -> Result<Figure>,
    columns: Option<usize>,
    title: Option<&str>,
    ctx: &Context,
) -> Result<Figure> {
    let mut figures = Vec::with_capacity(joint.len());
    for (set, fit) in joint.fits().iter().enumerate() {
        ctx.check()?;
        figures.push(one(fit, set, format!("data set {set}"))?);
    }
    Figure::grid(&figures, columns, title)
}
