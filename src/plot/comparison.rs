//! Figures of two networks that were compared by permutations.

use crate::context::Context;
use crate::data::{Column, Matrix, number};
use crate::error::{Error, Result};
use crate::model::{NetworkComparison, PermutedStatistic};

use super::charts::histogram;
use super::figure::Figure;
use super::heatmap::{difference_heatmap, largest_entry};
use super::network::{NetworkLayout, NetworkOptions, network};
use super::paint::Paint;
use super::scene::{Axis, Dash, Line, Panel, Trace};

/// A figure of both networks on circles: the same variable stands at the same place in both.
///
/// # Errors
/// 0 columns; as [`network`].
pub fn compared_networks(
    comparison: &NetworkComparison,
    columns: Option<usize>,
    title: Option<&str>,
    ctx: &Context,
) -> Result<Figure> {
    let mut figures = Vec::with_capacity(2);
    for (set, fit) in comparison.parts().fits.iter().enumerate() {
        let options = NetworkOptions {
            layout: NetworkLayout::Circle,
            title: Some(format!("data set {set}")),
            ..NetworkOptions::default()
        };
        figures.push(network(&fit.graph(0.0)?, &options, ctx)?);
    }
    Figure::grid(&figures, columns, title)
}

/// A figure of the differences of all weights, the first network less the second; with `level` only of those edges whose
/// adjusted p-value is at most that.
///
/// # Errors
/// A level where no edge was tested.
pub fn compared_weights(comparison: &NetworkComparison, level: Option<f64>, title: Option<&str>) -> Result<Figure> {
    let (differences, about) = match level {
        Some(level) => (significant(comparison, level)?, format!(", adjusted p at most {}", number(level))),
        None => (comparison.parts().differences.clone(), String::new()),
    };
    // Named as in the tables, also where the data have no names.
    let labels = comparison.parts().fits[0].graph(0.0)?.labels();
    let named = differences.with_names(Some(labels.clone()))?.with_row_names(Some(labels))?;
    let none = level.is_some() && named.view().iter().all(|&difference| difference == 0.0);
    let usual = if none { format!("no edge differs{about}") } else { format!("data set 0 less 1{about}") };
    difference_heatmap(&named, Some(title.unwrap_or(&usual)), largest_entry(&named))
}

/// The differences of the edges with an adjusted p-value of at most `level`, 0 elsewhere.
fn significant(comparison: &NetworkComparison, level: f64) -> Result<Matrix> {
    let parts = comparison.parts();
    let Some(table) = &parts.edge_tests else {
        return Err(Error::option("option 'level' of plot goes with tests of edges, there are none")
            .with_hint("network_comparison(.., #{ edges: true })"));
    };
    let labels = parts.fits[0].graph(0.0)?.labels();
    let directed = parts.fits.iter().any(|fit| fit.graph(0.0).is_ok_and(|graph| graph.is_directed()));
    let mut kept = parts.differences.map(|_| 0.0);
    let Column::Numbers(adjusted) = table.column("p_adjusted")? else {
        return Err(Error::internal("p-values that are no numbers"));
    };
    let (sources, targets) = (table.column("source")?, table.column("target")?);
    for (row, _) in adjusted.iter().enumerate().filter(|(_, value)| **value <= level) {
        let ends = [sources, targets].map(|column| labels.find(&column.label(row)));
        let [Some(source), Some(target)] = ends else { continue };
        let difference = parts.differences.view()[(source, target)];
        kept.fill(&[source], &[target], difference);
        if !directed {
            kept.fill(&[target], &[source], difference);
        }
    }
    Ok(kept)
}

/// A figure of both statistics under permutations, the value of the groups as they are marked.
///
/// # Errors
/// 0 columns; no permutation that could be used.
pub fn compared_permutations(
    comparison: &NetworkComparison,
    columns: Option<usize>,
    title: Option<&str>,
) -> Result<Figure> {
    let parts = comparison.parts();
    let figures = [
        marked("largest difference of a weight", &parts.structure)?,
        marked("difference of global strength", &parts.global_strength)?,
    ];
    Figure::grid(&figures, columns, title)
}

fn marked(name: &str, statistic: &PermutedStatistic) -> Result<Figure> {
    let drawn = histogram(&statistic.permuted, None, false)?;
    let mut panel = drawn.scene().panels.first().cloned().unwrap_or_default();
    let top = panel.traces.iter().flat_map(|trace| match trace {
        Trace::Bars(bars) => bars.heights.clone(),
        _ => Vec::new(),
    });
    let top = top.fold(1.0, f64::max);
    panel.traces.push(Trace::Line(Line {
        name: format!("observed, p {}", number(statistic.p_value)),
        x: vec![statistic.value; 2],
        y: vec![0.0, top],
        paint: Paint::Series(1),
        dash: Dash::Dash,
        width: 2.0,
    }));
    let summary = format!("{}, observed {}", panel.summary, number(statistic.value));
    let title = format!("observed {}, p {}", number(statistic.value), number(statistic.p_value));
    Ok(Figure::new(Some(&title), Panel { x: Axis::linear(name), summary, ..panel }))
}
