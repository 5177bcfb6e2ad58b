//! A figure as a page of its own, or as a block of somebody else's.

use serde_json::{Map, Value, json};

use super::figure::{Figure, JsSource};
use super::paint::{ColorScale, Paint};

const PLOTLY: &str = include_str!("assets/plotly-cartesian-3.7.0.min.js");
const CDN: &str = "https://cdn.plot.ly/plotly-cartesian-3.7.0.min.js";
const SCRIPT: &str = include_str!("assets/figure.js");
const STYLE: &str = include_str!("assets/figure.css");
const THEME: &str = include_str!("assets/theme.css");
/// The least height of a figure in a notebook, in pixels.
const NOTEBOOK_HEIGHT: f64 = 520.0;

/// A whole page. Without scripts, and until Plotly has drawn, it shows the static picture.
pub(super) fn page(figure: &Figure, js: JsSource) -> String {
    let plotly = match js {
        JsSource::Embedded => format!("<script>{PLOTLY}</script>"),
        JsSource::Cdn => format!("<script src=\"{CDN}\" charset=\"utf-8\"></script>"),
    };
    let title = escape(figure.title().unwrap_or("sinew"));
    let body = element(figure, "sinew-figure");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n{body}\n{plotly}\n<script>\n{SCRIPT}sinewDraw(document.getElementById(\"sinew-figure\"), \
         true);\n</script>\n</body>\n</html>\n"
    )
}

/// A block for a page that may have `window.Plotly`. It is light or dark as the notebook is, and marked with `id`, which
/// may occur twice where a figure is shown twice.
pub(super) fn block(figure: &Figure, id: &str) -> String {
    let id: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    let (picture, data) = (picture(figure), script_json(&drawing(figure)));
    // MathJax must not look for formulas in names.
    format!(
        "<div class=\"sinew-out tex2jax_ignore mathjax_ignore\" data-sinew=\"{id}\">\n<style>\n{THEME}</style>\n\
         {picture}\n<div class=\"sinew-plot\" style=\"display: none\"></div>\n\
         <script type=\"application/json\">{data}</script>\n<script>\n(() => {{\n{SCRIPT}\
         document.querySelectorAll('[data-sinew=\"{id}\"]').forEach((root) => sinewDraw(root, false));\n}})();\n\
         </script>\n</div>\n"
    )
}

/// The static picture as an image that brings its own data. Notebooks that somebody else has written are shown without
/// styles, scripts and inline SVG: images stay. It is dark where the `color-scheme` around it is.
pub(super) fn picture(figure: &Figure) -> String {
    let (alt, data) = (escape(&figure.to_string()), base64(figure.to_svg().as_bytes()));
    format!(
        "<img class=\"sinew-static\" alt=\"{alt}\" style=\"max-width: 100%\" src=\"data:image/svg+xml;base64,{data}\">"
    )
}

/// The figure as notebooks with Plotly take it.
pub(super) fn notebook_json(figure: &Figure) -> Value {
    let mut json = figure.to_json();
    json["layout"]["height"] = json!(figure.scene().least_height().max(NOTEBOOK_HEIGHT));
    json["config"] = json!({ "responsive": true, "displaylogo": false });
    json
}

/// A script with the whole of plotly.js for a page that has none yet; figures that are there already draw themselves.
pub fn plotly_script() -> String {
    format!(
        "<script>\nif (!window.Plotly) {{\n{PLOTLY}\n}}\n\
         window.dispatchEvent(new Event(\"sinew-plotly\"));\n</script>\n"
    )
}

/// The static picture, the place where Plotly draws, and the figure as JSON.
fn element(figure: &Figure, id: &str) -> String {
    format!(
        "<div id=\"{id}\" class=\"sinew\">\n<div class=\"sinew-static\">{}</div>\n<div class=\"sinew-plot\"></div>\n\
         <script type=\"application/json\">{}</script>\n</div>",
        figure.to_svg(),
        script_json(&drawing(figure))
    )
}

/// What the script in a page draws from.
fn drawing(figure: &Figure) -> Value {
    json!({ "figure": figure.to_json(), "dark": dark_colors(), "height": figure.scene().least_height() })
}

/// Bytes as text (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, i| (bits << 8) | u32::from(three.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let letter = LETTERS[((bits >> (18 - 6 * i)) & 63) as usize];
            text.push(if i <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// Which colour stands for which on a dark ground. The colours of scales are distinct from all others.
fn dark_colors() -> Value {
    let mut map = Map::new();
    for scale in [ColorScale::Sequential, ColorScale::Diverging] {
        for i in 0..=16 {
            let position = f64::from(i) / 16.0;
            map.insert(scale.color(position, false), json!(scale.color(position, true)));
        }
    }
    for paint in Paint::all() {
        map.insert(paint.light().into(), json!(paint.dark()));
    }
    Value::Object(map)
}

/// JSON that cannot end the script it stands in.
fn script_json(value: &Value) -> String {
    let text = value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;
    use crate::data::Names;
    use crate::graph::{Edge, Graph};
    use crate::plot::{NetworkOptions, network};

    fn hostile() -> Figure {
        let names = Names::new(vec!["</script><b>".into(), "a\"&\u{1}'".into()], "nodes").unwrap();
        let graph = Graph::new(2, Some(names), false, vec![Edge::new(0, 1, -1.0)]).unwrap();
        let options = NetworkOptions { title: Some("</title><script>alert(1)".into()), ..NetworkOptions::default() };
        network(&graph, &options, &Context::new()).unwrap()
    }

    #[test]
    fn plotly_is_in_the_page_once_and_nothing_is_fetched() {
        let page = page(&hostile(), JsSource::Embedded);
        assert_eq!(page.matches("plotly.js (cartesian - minified)").count(), 1);
        assert_eq!(page.matches("MathJax").count(), PLOTLY.matches("MathJax").count());
        assert!(!page.contains("<script src") && !page.contains("<link"));
        assert!(page.len() < PLOTLY.len() + 20_000);
    }

    #[test]
    fn bytes_become_text() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xff, 0xef, 0xbe]), "/+++");
    }

    #[test]
    fn a_block_has_its_picture_and_its_numbers_and_fetches_nothing() {
        let (figure, block) = (hostile(), hostile().to_html_block("a\"b"));
        assert!(block.contains("data-sinew=\"ab\"") && block.contains(&base64(figure.to_svg().as_bytes())));
        assert!(block.contains("\\u0026lt;/script\\u0026gt;") && !block.contains("http"), "{block}");
        assert_eq!((block.matches("<script").count(), block.matches("</script").count()), (2, 2));
        assert_eq!(figure.to_notebook_json()["layout"]["height"], 520.0);
    }

    #[test]
    fn hostile_names_stay_text() {
        let page = page(&hostile(), JsSource::Cdn);
        assert!(!page.contains("MathJax") && !page.contains("<b>") && !page.contains("<script>alert"));
        assert_eq!(page.matches("</script").count(), 3);
        assert!(page.contains("&lt;/script&gt;&lt;b&gt;"));
    }
}
