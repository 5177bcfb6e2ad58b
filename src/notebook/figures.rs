//! Figures, and the pictures in cards.

use serde_json::Value as Json;

use super::Bundle;
use super::markup::{GAP, line, output};
use super::outline::cut;
use super::reduced;
use crate::context::Context;
use crate::graph::Graph;
use crate::model::{Criterion, Path, Trained};
use crate::plot::{Figure, NetworkOptions, criterion_curve, loss_curve, network as network_figure, plotly_script};
use crate::value::Value;

/// The type of a figure for notebooks that have Plotly themselves.
pub(super) const PLOTLY: &str = "application/vnd.plotly.v1+json";
/// Bytes of an output at most, as it is saved in a notebook.
const LIMIT: usize = 1_900_000;
/// Bytes of a figure among other values at most, as far as it can be reduced.
const AMONG_OTHERS: usize = 600_000;
/// The last of the ways of a figure that show its numbers and its picture.
const BOTH: usize = 2;
/// What a text says where something was left out.
const TOO_LARGE: &str =
    "(parts of this figure are too large for a notebook: its .save(\"figure.html\") writes all of it)";

/// A figure, or a list of figures.
pub(super) fn bundle(value: &Value) -> Option<Bundle> {
    if let Some(figure) = value.object::<Figure>() {
        return Some(single(figure, LIMIT));
    }
    let Value::List(list) = value else { return None };
    let figures = list.iter().map(Value::object::<Figure>).collect::<Option<Vec<&Figure>>>()?;
    (!figures.is_empty()).then(|| several(&figures))
}

/// A figure among other values.
pub(super) fn body(value: &Value) -> Option<String> {
    let figure = value.object::<Figure>()?;
    let part = if reduced::is_large(figure) { reduced::picture(figure, AMONG_OTHERS) } else { None };
    Some(part.unwrap_or_else(|| figure.to_html_block(&mark(figure))))
}

/// One figure in every way that there is room for. What is left out first is what the other ways show too; then parts
/// of the figure, rather than its numbers or its picture.
fn single(figure: &Figure, limit: usize) -> Bundle {
    if reduced::is_large(figure)
        && let Some(part) = reduced::bundle(figure, limit)
    {
        return part;
    }
    let json = figure.to_notebook_json();
    let (block, image) = (figure.to_html_block(&mark(figure)), output(&figure.to_html_image()));
    let (block, image, svg) = (Json::from(block), Json::from(image), Json::from(figure.to_svg()));
    let note = Json::from(output(&line(TOO_LARGE)));
    let ways = [
        vec![(PLOTLY, &json), ("text/html", &block), ("image/svg+xml", &svg)],
        vec![(PLOTLY, &json), ("text/html", &block)],
        vec![(PLOTLY, &json), ("text/html", &image)],
        vec![("text/html", &image)],
        vec![(PLOTLY, &json), ("text/html", &note)],
        vec![("text/html", &note)],
    ];
    let has_room =
        |way: &Vec<(&'static str, &Json)>| way.iter().map(|(_, content)| size(content)).sum::<usize>() < limit;
    let chosen = ways.iter().position(has_room).unwrap_or(ways.len() - 1);
    if chosen > BOTH
        && let Some(part) = reduced::bundle(figure, limit)
    {
        return part;
    }
    let left_out = if chosen > 0 { format!("\n{TOO_LARGE}") } else { String::new() };
    let mut entries: Vec<(&'static str, Json)> =
        ways[chosen].iter().map(|&(mime, content)| (mime, content.clone())).collect();
    entries.extend(Bundle::text(cut(&format!("{figure}{left_out}"))).entries);
    Bundle { entries }
}

/// Figures beside each other as far as there is room, with a line for each that is too large.
fn several(figures: &[&Figure]) -> Bundle {
    let mut body = String::from("<div class=\"sinew-row sinew-figures\">\n");
    let mut used = 0;
    let mut shown = 0;
    for (at, figure) in figures.iter().enumerate() {
        let room = (LIMIT - used) / (figures.len() - at);
        let note = || line(&format!("{figure} {TOO_LARGE}"));
        let ways = match reduced::is_large(figure) {
            true => vec![reduced::picture(figure, room).unwrap_or_else(note)],
            false => vec![figure.to_html_block(&mark(figure)), figure.to_html_image(), note()],
        };
        let Some(html) = ways.into_iter().find(|html| used + saved_size(html) < LIMIT) else { break };
        used += saved_size(&html);
        shown += 1;
        body += &format!("<div>{html}</div>\n");
    }
    body += "</div>\n";
    if shown < figures.len() {
        body += &line(&format!("{GAP} {} more, for which a notebook has no room", figures.len() - shown));
    }
    let lines: Vec<String> = figures.iter().map(ToString::to_string).collect();
    Bundle::html(output(&body), cut(&lines.join("\n")))
}

/// A network of a graph that is small enough to be read; nothing otherwise.
pub(super) fn network(graph: &Graph, nodes: usize, edges: usize) -> String {
    if graph.n_edges() == 0 || graph.n_nodes() > nodes || graph.n_edges() > edges {
        return String::new();
    }
    network_figure(graph, &NetworkOptions::default(), &Context::new()).map_or_else(|_| String::new(), |it| small(&it))
}

/// The same with its numbers, for a page that has plotly.js.
pub(super) fn interactive_network(graph: &Graph, nodes: usize, edges: usize, ctx: &Context) -> crate::Result<String> {
    if graph.n_edges() == 0 || graph.n_nodes() > nodes || graph.n_edges() > edges {
        return Ok(String::new());
    }
    network_figure(graph, &NetworkOptions::default(), ctx).map(|figure| figure.to_html_block(&mark(&figure)))
}

/// plotly.js, for the end of a page.
pub(super) fn plotly() -> String {
    plotly_script()
}

/// The EBIC along a path; nothing where it is not known.
pub(super) fn criterion(path: &Path) -> String {
    let figure = criterion_curve(path, Criterion::Ebic { gamma: 0.5 }, "EBIC");
    figure.map_or_else(|_| String::new(), |figure| small(&figure))
}

/// The losses of a training; nothing where there are none.
pub(super) fn losses(trained: &Trained) -> String {
    loss_curve(trained).map_or_else(|_| String::new(), |figure| small(&figure))
}

/// A picture within a card.
fn small(figure: &Figure) -> String {
    format!("<div style=\"max-width: 600px\">{}</div>", figure.to_html_image())
}

/// plotly.js, once for a page.
pub(super) fn page_script() -> Bundle {
    let text = "plotly.js is on this page: figures are interactive";
    Bundle::html(format!("{}{}", output(&line(text)), plotly_script()), text)
}

/// What a figure is called within a page: the same for the same figure, so that a notebook that runs again stays as it
/// is (FNV-1a, whose numbers are the same in every version).
pub(super) fn mark(figure: &Figure) -> String {
    let text = figure.to_json().to_string();
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("sinew-{hash:016x}")
}

/// How many bytes a content takes where it is saved, as JSON.
pub(super) fn size(content: &Json) -> usize {
    content.to_string().len()
}

/// The same of a text that is not JSON yet.
pub(super) fn saved_size(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | b'\n')).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::lines;

    fn figure(points: usize, name: &str) -> Figure {
        let numbers: Vec<f64> = (0..points).map(|i| (i as f64).sin()).collect();
        lines(&[(name.into(), numbers.clone(), numbers)], "x", "y", false)
    }

    #[test]
    fn a_figure_comes_in_four_ways() {
        let bundle = bundle(&figure(3, "a").into()).unwrap();
        let mimes: Vec<&str> = bundle.entries.iter().map(|(mime, _)| *mime).collect();
        assert_eq!(mimes, [PLOTLY, "text/html", "image/svg+xml", "text/plain"]);
        let json = bundle.get(PLOTLY).unwrap();
        assert!(json["data"].is_array() && json["layout"]["height"].is_number() && json["config"].is_object());
        assert!(bundle.get("image/svg+xml").unwrap().as_str().unwrap().starts_with("<svg"));
        assert!(!bundle.get("text/html").unwrap().as_str().unwrap().contains("http"));
    }

    #[test]
    fn the_same_figure_gives_the_same_output_and_another_one_another_mark() {
        let (a, b) = (figure(3, "a"), figure(4, "a"));
        assert_eq!(single(&a, LIMIT), single(&figure(3, "a"), LIMIT));
        assert_ne!(mark(&a), mark(&b));
        let html = several(&[&a, &b]).get("text/html").unwrap().as_str().unwrap().to_string();
        assert!(html.contains(&mark(&a)) && html.contains(&mark(&b)));
        assert_eq!(size(&Json::from(html.as_str())), saved_size(&html) + 2);
    }

    #[test]
    fn large_figures_lose_what_other_ways_show_too() {
        let figure = figure(3000, "a");
        let mimes = |limit: usize| single(&figure, limit).entries.iter().map(|(mime, _)| *mime).collect::<Vec<_>>();
        let sizes: Vec<usize> = single(&figure, LIMIT).entries.iter().map(|(_, content)| size(content)).collect();
        assert_eq!(mimes(sizes.iter().sum::<usize>() - sizes[2] / 2).len(), 3);
        assert_eq!(mimes(10), ["text/html", "text/plain"]);
        let text = single(&figure, 10).get("text/plain").unwrap().to_string();
        assert!(text.contains("save") && text.contains("too large"), "{text}");
        let many = several(&[&figure; 40]);
        let html = many.get("text/html").unwrap();
        assert!(size(html) < 2_000_000 && html.to_string().contains("too large"), "{}", size(html));
        assert_eq!(many.get("text/plain").unwrap().as_str().unwrap().lines().count(), 40);
    }
}
