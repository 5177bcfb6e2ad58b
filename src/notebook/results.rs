//! Graphs, fits, paths, trained models and simulations as cards.

use super::figures;
use super::grid::{Cell, Grid, Tint};
use super::markup::{Fact, card, facts, line};
use super::outline::outline;
use crate::context::Context;
use crate::data::number;
use crate::graph::Graph;
use crate::model::{Criterion, Fit, JointFit, NetworkComparison, Path, Simulation, Trained};

/// Edges in the list of the strongest.
const EDGES: usize = 10;

pub(super) fn graph(graph: &Graph) -> String {
    let (nodes, edges, kind) = (graph.n_nodes(), graph.n_edges(), graph.direction().word());
    let title = format!("Graph {kind}, {nodes} nodes, {edges} edges, density {}", number(graph.density()));
    card(&title, &[strongest(graph), figures::network(graph, 150, 400)])
}

/// The strongest edges; nothing where there is none.
fn strongest(graph: &Graph) -> String {
    if graph.n_edges() == 0 {
        return String::new();
    }
    let (labels, edges) = (graph.labels(), graph.strongest_edges(EDGES));
    let grid = Grid {
        rows: edges.len(),
        cols: 2,
        heading: &|j: usize| ["edge", "weight"][j].to_string(),
        row_name: None,
        cell: &|i: usize, j: usize| match (j, edges[i]) {
            (0, edge) => {
                let (source, target) = (labels.get(edge.source), labels.get(edge.target));
                Cell::Text(format!("{source} {} {target}", edge.arrow()))
            }
            (_, edge) => Cell::Number(edge.weight),
        },
        tint: Tint::Whole,
    };
    let above = match graph.n_edges() {
        all if all > EDGES => line(&format!("The {EDGES} strongest of {all} edges")),
        _ => String::new(),
    };
    above + grid.html().as_str()
}

/// What a result says about itself. That it did not converge must not be overlooked.
pub(super) fn told(lines: Vec<(&'static str, String)>, converged: bool) -> String {
    let fact = |(label, text): (&str, String)| {
        let is_warning = label == "warning" || (label == "solver" && !converged);
        Fact { is_warning, ..Fact::new(label, text) }
    };
    facts(&lines.into_iter().map(fact).collect::<Vec<_>>())
}

pub(super) fn fit(fit: &Fit) -> String {
    let mut parts = vec![told(fit.facts(), fit.converged())];
    if let Ok(graph) = fit.graph(0.0) {
        parts.push(strongest(&graph));
        parts.push(figures::network(&graph, 100, 200));
    }
    card(&format!("Fit by {}", fit.method()), &parts)
}

pub(super) fn path(path: &Path) -> String {
    let solutions = path.points().len();
    path_card(path, &format!("Path of {}, {solutions} solutions, {} s", path.method(), number(path.seconds())))
}

/// The same in a page that does not depend on the clock.
pub(super) fn path_without_time(path: &Path) -> String {
    path_card(path, &format!("Path of {}, {} solutions", path.method(), path.points().len()))
}

fn path_card(path: &Path, title: &str) -> String {
    let points = path.points();
    let ebic = path.criterion(Criterion::Ebic { gamma: 0.5 }).ok();
    let row_name = |i: usize| i.to_string();
    let grid = Grid {
        rows: points.len(),
        cols: 4,
        heading: &|j: usize| ["lambda", "edges", "EBIC", "relative gap"][j].to_string(),
        row_name: Some(&row_name),
        cell: &|i: usize, j: usize| match j {
            0 => Cell::Number(points[i].lambda),
            1 => Cell::Number(points[i].n_edges() as f64),
            2 => Cell::Number(ebic.as_ref().map_or(f64::NAN, |values| values[i])),
            _ => Cell::Number(points[i].certificate.relative_gap()),
        },
        tint: Tint::Off,
    };
    let warnings: Vec<Fact> = path.warnings().into_iter().map(Fact::warning).collect();
    let below = if warnings.is_empty() { String::new() } else { facts(&warnings) };
    card(title, &[grid.html() + below.as_str(), figures::criterion(path)])
}

pub(super) fn joint_fit(joint: &JointFit) -> String {
    let fits = joint.fits();
    let row_name = |set: usize| format!("data set {set}");
    let number_of = |number: Option<f64>| Cell::Number(number.unwrap_or(f64::NAN));
    let grid = Grid {
        rows: fits.len(),
        cols: 3,
        heading: &|j: usize| ["samples", "edges", "log-likelihood"][j].to_string(),
        row_name: Some(&row_name),
        cell: &|set: usize, j: usize| match j {
            0 => number_of(fits[set].n().map(|n| n as f64)),
            1 => number_of(fits[set].n_edges().ok().map(|edges| edges as f64)),
            _ => number_of(fits[set].loglik().ok()),
        },
        tint: Tint::Off,
    };
    let mut parts = vec![grid.html(), told(joint.facts(), joint.converged())];
    // What all have in common.
    if let Ok(graph) = joint.common_graph(joint.len(), &Context::new()) {
        parts.push(strongest(&graph));
        parts.push(figures::network(&graph, 100, 200));
    }
    let sets = if fits.len() == 1 { "1 data set".to_string() } else { format!("{} data sets", fits.len()) };
    card(&format!("JointFit by {}, {sets}", joint.method()), &parts)
}

pub(super) fn network_comparison(comparison: &NetworkComparison) -> String {
    card(&format!("NetworkComparison by {}", comparison.method()), &[told(comparison.facts(), true)])
}

pub(super) fn trained(trained: &Trained) -> String {
    let parts = [told(trained.facts(), true), figures::losses(trained)];
    card(&format!("TrainedModel of {}", trained.verb()), &parts)
}

pub(super) fn simulation(simulation: &Simulation) -> String {
    let parts: Vec<Fact> =
        simulation.parts().iter().map(|(name, value)| Fact::new(name.as_str(), outline(value))).collect();
    line(&format!("Simulation by {}, seed {}", simulation.verb(), simulation.seed())) + facts(&parts).as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Names;
    use crate::graph::Edge;

    #[test]
    fn a_graph_lists_its_strongest_edges_and_escapes_its_names() {
        let names: Vec<String> = (0..40).map(|i| format!("<script>{i}")).collect();
        let names = Names::new(names, "nodes").unwrap();
        let edges = (0..39).map(|i| Edge::new(i, i + 1, if i == 30 { -9.0 } else { 1.0 })).collect();
        let html = graph(&Graph::new(40, Some(names), false, edges).unwrap());
        assert!(html.contains("Graph undirected, 40 nodes, 39 edges, density 0.05"), "{html}");
        assert!(html.contains("The 10 strongest of 39 edges") && !html.contains("<script"));
        assert!(html.contains("&lt;script&gt;30 -- &lt;script&gt;31"));
        assert_eq!(html.matches("<img").count(), usize::from(cfg!(feature = "plot")));
    }

    #[test]
    fn large_and_empty_graphs_have_no_picture() {
        let edges: Vec<Edge> = (0..199).map(|i| Edge::new(i, i + 1, 1.0)).collect();
        for graph_ in [Graph::new(200, None, true, edges).unwrap(), Graph::new(0, None, false, Vec::new()).unwrap()] {
            let html = graph(&graph_);
            assert!(!html.contains("<img") && html.contains("nodes"), "{html}");
        }
    }
}
