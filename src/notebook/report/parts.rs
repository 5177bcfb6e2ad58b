//! The parts of a report in HTML.

use super::super::markup::{Fact, escape, facts, line, name};
use super::super::{figures, object, outline, results};
use super::Part;
use crate::context::Context;
use crate::data::{Column, significant};
use crate::error::Result;
use crate::graph::Graph;
use crate::model::{Fit, JointFit, NetworkComparison, Path, Trained};
use crate::value::Value;

/// Edges in a table at most.
const EDGES: usize = 2000;
/// Nodes and edges of a network that can be read.
const NETWORK: (usize, usize) = (400, 1500);
/// What depends on the clock: the same results make the same page.
const BY_THE_CLOCK: &str = "seconds";

/// A part; a heading is none here.
pub(super) fn part(part: &Part, ctx: &Context) -> Result<String> {
    ctx.check()?;
    match part {
        Part::Section(_) => Ok(String::new()),
        Part::Text(text) => Ok(paragraphs(text)),
        Part::Data(described) => Ok(output(&described.html())),
        Part::Value(value) => of_value(value, ctx),
    }
}

/// Empty lines stand between paragraphs.
fn paragraphs(text: &str) -> String {
    let parts = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| format!("<p>{}</p>\n", escape(part))).collect()
}

/// What looks as in a notebook. MathJax is not on this page.
fn output(body: &str) -> String {
    format!("<div class=\"part sinew-out\">\n{body}</div>\n")
}

fn of_value(value: &Value, ctx: &Context) -> Result<String> {
    if let Some(graph) = value.object::<Graph>() {
        return of_graph(graph, ctx);
    }
    if let Some(fit) = value.object::<Fit>() {
        return of_fit(fit, ctx);
    }
    if let Some(joint) = value.object::<JointFit>() {
        return of_joint_fit(joint, ctx);
    }
    if let Some(comparison) = value.object::<NetworkComparison>() {
        return Ok(of_comparison(comparison));
    }
    if let Some(trained) = value.object::<Trained>() {
        let title = format!("<h3>Model trained for {}</h3>\n", escape(trained.verb()));
        let told = told(trained.facts(), Some(trained.seed()), true);
        return Ok(title + output(&(told + options(trained.options()).as_str())).as_str());
    }
    if let Some(path) = value.object::<Path>() {
        return Ok(output(&results::path_without_time(path)) + output(&options(path.options())).as_str());
    }
    Ok(output(&match value {
        Value::Map(entries) => {
            let entry = |(key, value): &(String, Value)| Fact::new(key.as_str(), outline::outline(value));
            facts(&entries.iter().map(entry).collect::<Vec<_>>())
        }
        value => object(value).unwrap_or_else(|| line(&outline::outline(value))),
    }))
}

/// What a result says about itself, without the time that it took.
fn told(mut lines: Vec<(&'static str, String)>, seed: Option<u64>, converged: bool) -> String {
    lines.retain(|(label, _)| *label != BY_THE_CLOCK);
    lines.extend(seed.map(|seed| ("seed", seed.to_string())));
    results::told(lines, converged)
}

/// The options that held.
fn options(options: &[(String, Value)]) -> String {
    let known: Vec<Fact> = options
        .iter()
        .filter(|(_, value)| !matches!(value, Value::Unit))
        .map(|(name, value)| Fact::new(name.as_str(), outline::outline(value)))
        .collect();
    if known.is_empty() { String::new() } else { line("Options") + facts(&known).as_str() }
}

fn of_fit(fit: &Fit, ctx: &Context) -> Result<String> {
    let title = format!("<h3>Fit by {}</h3>\n", escape(fit.method()));
    let about = told(fit.facts(), Some(fit.seed()), fit.converged()) + options(fit.options()).as_str();
    Ok(title + output(&about).as_str() + of_graph(&fit.graph(0.0)?, ctx)?.as_str())
}

fn of_joint_fit(joint: &JointFit, ctx: &Context) -> Result<String> {
    let mut html = format!("<h3>Joint fit by {}</h3>\n", escape(joint.method()));
    let about = told(joint.facts(), Some(joint.seed()), joint.converged());
    html += &output(&(about + options(joint.options()).as_str()));
    for (set, fit) in joint.fits().iter().enumerate() {
        html += &format!("<h3>Data set {set}</h3>\n");
        html += &output(&told(fit.facts(), None, fit.converged()));
        html += &of_graph(&fit.graph(0.0)?, ctx)?;
    }
    Ok(html)
}

/// What differs between two networks; those are drawn by figures of their own.
fn of_comparison(comparison: &NetworkComparison) -> String {
    let parts = comparison.parts();
    let title = format!("<h3>Networks by {} compared</h3>\n", escape(comparison.method()));
    let about = told(comparison.facts(), Some(parts.seed), true) + options(&parts.options).as_str();
    let tests = [("Edges", parts.edge_tests.as_ref()), ("Nodes", Some(&parts.node_tests))];
    let tables = tests.into_iter().filter_map(|(name, tests)| {
        let table = object(&tests?.clone().into())?;
        Some(output(&(line(name) + table.as_str())))
    });
    title + output(&about).as_str() + tables.collect::<String>().as_str()
}

/// A network, as far as it can be read, and its edges.
fn of_graph(graph: &Graph, ctx: &Context) -> Result<String> {
    let (nodes, edges) = (graph.n_nodes(), graph.n_edges());
    let density = significant(graph.density(), 3);
    let about = line(&format!("Graph {}, {nodes} nodes, {edges} edges, density {density}", graph.direction().word()));
    let network = figures::interactive_network(graph, NETWORK.0, NETWORK.1, ctx)?;
    Ok(output(&(about + network.as_str())) + edge_table(graph).as_str())
}

/// The strongest edges, with what is known of them in numbers; a click on a heading sorts them.
fn edge_table(graph: &Graph) -> String {
    let edges = graph.edges();
    if edges.is_empty() {
        return String::new();
    }
    let labels = graph.labels();
    let mut order: Vec<usize> = (0..edges.len()).collect();
    order.sort_by(|&a, &b| edges[b].weight.abs().total_cmp(&edges[a].weight.abs()));
    let known: Vec<(&str, &[f64])> = graph.edge_attributes().iter().filter_map(numeric).collect();
    let row = |&at: &usize| {
        let edge = &edges[at];
        let (source, target) = (name(labels.get(edge.source)), name(labels.get(edge.target)));
        let numbers: String = known.iter().map(|(_, values)| number_cell(values[at])).collect();
        format!(
            "<tr><td class=\"sinew-text\">{source}</td><td>{}</td><td class=\"sinew-text\">{target}</td>{}{numbers}</tr>\n",
            escape(edge.arrow()),
            number_cell(edge.weight)
        )
    };
    let rows: String = order.iter().take(EDGES).map(row).collect();
    let above = match edges.len() {
        all if all > EDGES => line(&format!("The {EDGES} strongest of {all} edges")),
        _ => String::new(),
    };
    let others: String = known.iter().map(|(label, _)| heading(label, "number")).collect();
    let ends = [heading("source", "text"), heading("target", "text")];
    let head = format!("{}<th></th>{}{}{others}", ends[0], ends[1], heading("weight", "number"));
    output(&format!(
        "{above}<div class=\"scroll\"><table class=\"edges\">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n"
    ))
}

/// An attribute of numbers, as p-values are.
fn numeric((name, column): &(String, Column)) -> Option<(&str, &[f64])> {
    match column {
        Column::Numbers(values) => Some((name.as_str(), values.as_slice())),
        Column::Texts(_) => None,
    }
}

fn number_cell(value: f64) -> String {
    format!("<td data-value=\"{value:?}\">{}</td>", significant(value, 4))
}

/// A heading that sorts; above texts it stands where they begin.
fn heading(label: &str, kind: &str) -> String {
    let class = if kind == "text" { " class=\"sinew-text\"" } else { "" };
    let label = escape(label);
    format!("<th scope=\"col\"{class} data-kind=\"{kind}\"><button type=\"button\">{label}</button></th>")
}
