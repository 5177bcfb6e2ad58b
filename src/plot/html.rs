//! A figure as a page of its own, or as a block of somebody else's.

use serde_json::{Map, Value, json};

use super::figure::{Figure, JsSource};
use super::paint::{ColorScale, Paint};

const PLOTLY: &str = include_str!("assets/plotly-cartesian-3.7.0.min.js");
const CDN: &str = "https://cdn.plot.ly/plotly-cartesian-3.7.0.min.js";
const SCRIPT: &str = include_str!("assets/figure.js");
const STYLE: &str = include_str!("assets/figure.css");

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
         </head>\n<body>\n{body}\n{plotly}\n<script>\n{SCRIPT}sinewDraw(\"sinew-figure\", true);\n</script>\n\
         </body>\n</html>\n"
    )
}

/// A block for a page that may have `window.Plotly`. Notebooks are light or dark whatever the system is, so that
/// the block keeps the light colours on a white ground.
pub(super) fn block(figure: &Figure, id: &str) -> String {
    let id: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    let body = element(figure, &id);
    format!("{body}\n<script>\n(() => {{\n{SCRIPT}sinewDraw(\"{id}\", false);\n}})();\n</script>\n")
}

/// The static picture, the place where Plotly draws, and the figure as JSON.
fn element(figure: &Figure, id: &str) -> String {
    let height = figure.scene().least_height();
    let data = json!({ "figure": figure.to_json(), "dark": dark_colors(), "height": height });
    format!(
        "<div id=\"{id}\" class=\"sinew\">\n<div class=\"sinew-static\">{}</div>\n<div class=\"sinew-plot\"></div>\n\
         <script type=\"application/json\">{}</script>\n</div>",
        figure.to_svg(),
        script_json(&data)
    )
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
    fn hostile_names_stay_text() {
        let page = page(&hostile(), JsSource::Cdn);
        assert!(!page.contains("MathJax") && !page.contains("<b>") && !page.contains("<script>alert"));
        assert_eq!(page.matches("</script").count(), 3);
        assert!(page.contains("&lt;/script&gt;&lt;b&gt;"));
    }
}
