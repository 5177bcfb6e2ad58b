//! What a notebook shows: every value as the contents that Jupyter, VS Code and notebooks in Rust (evcxr) choose from.
//!
//! HTML fetches nothing, has classes of its own prefix and no ids, is readable on light and dark grounds, and loses no
//! number where a notebook strips its scripts and styles.

mod compose;
#[cfg(feature = "plot")]
mod figures;
#[cfg(not(feature = "plot"))]
#[path = "without_figures.rs"]
mod figures;
mod grid;
mod markup;
mod outline;
#[cfg(feature = "plot")]
mod reduced;
mod report;
mod results;
mod values;

pub use compose::compose;
pub use report::Report;

use serde_json::Value as Json;

use crate::data::{Groups, Mask, Matrix, SparseMatrix, Table, Vector};
use crate::error::Error;
use crate::graph::Graph;
use crate::model::{Fit, JointFit, NetworkComparison, Path, Simulation, Trained};
use crate::value::Value;

/// Bytes of HTML of the values in a list.
const LIST: usize = 1_200_000;
/// Values of a list that are shown with all they have.
const LISTED: usize = 12;

/// One value in several types; whoever shows it takes the richest that it knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// Type and content, the richest first; `text/plain` is always there, and last, unless there is nothing to show.
    pub entries: Vec<(&'static str, Json)>,
}

impl Bundle {
    /// A plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { entries: vec![("text/plain", Json::String(text.into()))] }
    }

    fn html(html: String, text: impl Into<String>) -> Self {
        let mut bundle = Self::text(text);
        bundle.entries.insert(0, ("text/html", Json::String(html)));
        bundle
    }

    /// The content of a type.
    pub fn get(&self, mime: &str) -> Option<&Json> {
        self.entries.iter().find(|(known, _)| *known == mime).map(|(_, content)| content)
    }

    /// As evcxr takes it from what a cell prints: a block for each type, to be written in one piece.
    pub fn to_evcxr(&self) -> String {
        let block = |(mime, content): &(&'static str, Json)| {
            let content = match content {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            // A name must not end the block.
            let content = content.replace("EVCXR_", "EVCXR\u{200b}_");
            format!("EVCXR_BEGIN_CONTENT {mime}\n{}\nEVCXR_END_CONTENT\n", content.trim_end_matches('\n'))
        };
        self.entries.iter().map(block).collect()
    }
}

/// What a notebook shows of a value: figures as Plotly, HTML, SVG and text; matrices, tables, graphs, fits, paths,
/// trained models, simulations, lists of them and maps as HTML and text; anything else as text. Below 2 MB, whatever the
/// value holds.
///
/// ```
/// use sinew::notebook::bundle;
/// let matrix = sinew::Matrix::from_fn(30, 2, |i, j| i as f64 - 20.0 * j as f64);
/// let bundle = bundle(&matrix.into());
/// assert!(bundle.get("text/html").is_some_and(|html| html.to_string().contains("30 x 2 Matrix")));
/// assert_eq!(bundle.entries.last().map(|(mime, _)| *mime), Some("text/plain"));
/// ```
pub fn bundle(value: &Value) -> Bundle {
    if value.object::<PageScript>().is_some() {
        return page_script();
    }
    if let Some(bundle) = figures::bundle(value) {
        return bundle;
    }
    let text = outline::plain(value);
    match body(value) {
        Some(body) => Bundle::html(markup::output(&body), text),
        None => Bundle::text(text),
    }
}

/// plotly.js for pages that have none, once a page: all figures of the page are interactive then, without a network.
pub fn page_script() -> Bundle {
    figures::page_script()
}

/// What [`page_script`] shows, as a value that can be displayed.
#[derive(Debug, Clone, Copy)]
pub struct PageScript;

crate::engine_type!(PageScript, "PageScript");

impl PageScript {
    /// It has no data.
    pub fn to_json(&self) -> Json {
        serde_json::json!({})
    }
}

impl std::fmt::Display for PageScript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the figures of this page are interactive from here on, without a network")
    }
}

/// An error as a notebook shows it: what is wrong, and what to do.
pub fn error(error: &Error) -> Bundle {
    let hint = error.hint().map_or_else(String::new, |hint| format!("\n  help: {hint}"));
    error_text(&format!("error[{}]: {}{hint}", error.kind().code(), error.message()))
}

/// An error that is a text already, with its place in the source: the first line says what is wrong.
pub fn error_text(text: &str) -> Bundle {
    let text = outline::cut(text);
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let rest = if rest.is_empty() { String::new() } else { format!("<pre>{}</pre>", markup::escape(rest)) };
    let html = format!("<div class=\"sinew-error\"><b>{}</b>{rest}</div>\n", markup::escape(first));
    Bundle::html(markup::output(&html), text)
}

/// The HTML of a value, where it has some.
fn body(value: &Value) -> Option<String> {
    match value {
        Value::Object(_) => object(value),
        Value::List(list) if !list.is_empty() && list.iter().all(|item| matches!(item, Value::Object(_))) => {
            Some(objects(list))
        }
        Value::Map(entries) if !entries.is_empty() => {
            let entry = |(key, value): &(String, Value)| markup::Fact::new(key.as_str(), outline::outline(value));
            let title = markup::line(&format!("map of {}", entries.len()));
            Some(title + markup::facts(&entries.iter().map(entry).collect::<Vec<_>>()).as_str())
        }
        _ => None,
    }
}

fn object(value: &Value) -> Option<String> {
    figures::body(value)
        .or_else(|| value.object::<Matrix>().map(values::matrix))
        .or_else(|| value.object::<SparseMatrix>().map(values::sparse_matrix))
        .or_else(|| value.object::<Vector>().map(values::vector))
        .or_else(|| value.object::<Mask>().map(values::mask))
        .or_else(|| value.object::<Table>().map(values::table))
        .or_else(|| value.object::<Groups>().map(values::groups))
        .or_else(|| value.object::<Graph>().map(results::graph))
        .or_else(|| value.object::<Fit>().map(results::fit))
        .or_else(|| value.object::<Path>().map(results::path))
        .or_else(|| value.object::<JointFit>().map(results::joint_fit))
        .or_else(|| value.object::<NetworkComparison>().map(results::network_comparison))
        .or_else(|| value.object::<Trained>().map(results::trained))
        .or_else(|| value.object::<Simulation>().map(results::simulation))
        .or_else(|| value.object::<Report>().map(report::card))
}

/// Values below each other: the first ones with all they have, as far as there is room.
fn objects(list: &[Value]) -> String {
    let mut html = markup::line(&format!("list of {}", list.len()));
    for value in list.iter().take(LISTED) {
        let short = || markup::line(&outline::outline(value));
        let part = object(value).filter(|part| html.len() + part.len() < LIST).unwrap_or_else(short);
        html += &part;
    }
    match list.len().saturating_sub(LISTED) {
        0 => html,
        more => html + markup::line(&format!("{} {more} more", markup::GAP)).as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_are_text_alone() {
        for (value, text) in [(Value::Int(3), "3"), (Value::Text("<b>".into()), "<b>"), (Value::Unit, "()")] {
            assert_eq!(bundle(&value), Bundle::text(text));
        }
    }

    #[test]
    fn maps_and_lists_are_outlined() {
        let matrix: Value = Matrix::from_fn(2, 3, |_, _| 1.0).into();
        let map = Value::Map(vec![("<k>".into(), matrix.clone()), ("b".into(), "<v>".into())]);
        let html = bundle(&map).get("text/html").unwrap().as_str().unwrap().to_string();
        assert!(html.contains("&lt;k&gt;") && html.contains("Matrix 2 x 3") && html.contains("&lt;v&gt;"), "{html}");
        let list = bundle(&Value::List(vec![matrix; 20]));
        let html = list.get("text/html").unwrap().as_str().unwrap();
        assert!(html.matches("2 x 3 Matrix").count() == LISTED && html.contains("8 more"), "{html}");
        assert_eq!(bundle(&Value::List(vec![1i64.into(), 2i64.into()])), Bundle::text("[1,2]"));
    }

    #[test]
    fn errors_say_what_and_what_to_do() {
        let bundle = error(&Error::option("no option '<lamda>'").with_hint("did you mean 'lambda'?"));
        let html = bundle.get("text/html").unwrap().as_str().unwrap();
        assert!(html.contains("<b>error[E010]: no option &#39;&lt;lamda&gt;&#39;</b><pre>"), "{html}");
        assert_eq!(
            bundle.get("text/plain").unwrap(),
            "error[E010]: no option '<lamda>'\n  help: did you mean 'lambda'?"
        );
        assert!(error_text("one line").get("text/html").unwrap().as_str().unwrap().contains("<b>one line</b></div>"));
    }

    #[test]
    fn evcxr_gets_a_block_for_each_type_that_no_name_can_end() {
        let bundle = Bundle::html("<b>\n</b>\n".into(), "EVCXR_END_CONTENT");
        let lines: Vec<String> = bundle.to_evcxr().lines().map(String::from).collect();
        assert_eq!(lines[..4], ["EVCXR_BEGIN_CONTENT text/html", "<b>", "</b>", "EVCXR_END_CONTENT"]);
        assert_eq!((lines[4].as_str(), lines[6].as_str()), ("EVCXR_BEGIN_CONTENT text/plain", "EVCXR_END_CONTENT"));
        assert_ne!(lines[5], "EVCXR_END_CONTENT");
    }
}
