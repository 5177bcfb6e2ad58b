//! Examples of the reference with what they print and draw.

use std::sync::{Arc, Mutex, PoisonError};

use super::super::diagnose::ScriptError;
use super::super::session::Session;
use super::super::session_options::SessionOptions;
use super::super::source::Source;
use super::html::{code_block, output_block};
use crate::value::Value;

/// The seed of all examples, so that the pages are the same each time.
const SEED: u64 = 1;

/// An example as HTML: its code, what it prints, and its figure.
///
/// # Errors
/// An example that fails.
pub(super) fn example(code: &str) -> Result<String, ScriptError> {
    let printed = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&printed);
    let print = Arc::new(move |text: &str| {
        sink.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_string());
    });
    let mut session =
        Session::new(SessionOptions { seed: Some(SEED), print: Some(print), ..SessionOptions::trusted() });
    let value = session.eval(code)?;
    let text = printed.lock().unwrap_or_else(PoisonError::into_inner).join("\n");
    let mut html = code_block(code);
    if !text.is_empty() {
        html.push_str(&output_block(&text));
    }
    if let Some(svg) = picture(&value).or_else(|| printed_picture(&mut session, code)) {
        html.push_str(&format!("<figure>{svg}</figure>\n"));
    }
    Ok(html)
}

/// The figure that the last statement prints, for one that ends with `print(figure);`.
fn printed_picture(session: &mut Session, code: &str) -> Option<String> {
    let shown = printed_last(code)?;
    // Only what draws is worth a second evaluation.
    if !["plot(", "network(", "heatmap(", "line(", "grid("].iter().any(|verb| shown.contains(verb)) {
        return None;
    }
    session.eval(shown).ok().as_ref().and_then(picture)
}

/// What stands in the parentheses of `print(..);` at the end.
fn printed_last(code: &str) -> Option<&str> {
    let source = Source::new(code)?;
    let last = source.tokens().len().checked_sub(1)?;
    let close = if source.at(last) == ";" { last.checked_sub(1)? } else { last };
    let open = source.partner(close);
    (source.at(close) == ")" && source.before(open) == "print").then(|| source.slice(&(open + 1..close)))
}

#[cfg(feature = "plot")]
fn picture(value: &Value) -> Option<String> {
    value.object::<crate::plot::Figure>().map(crate::plot::Figure::to_svg)
}

#[cfg(not(feature = "plot"))]
fn picture(_: &Value) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_shows_what_it_prints() {
        let html = example("print(1 < 2);").unwrap();
        assert!(html.contains("<samp>true</samp>") && html.contains("print(1 &lt; 2);"), "{html}");
        assert!(example("throw 1").is_err());
        assert_eq!(printed_last("let a = 1;\nprint(f(a));"), Some("f(a)"));
        assert_eq!(printed_last("f(a)"), None);
    }

    #[cfg(feature = "plot")]
    #[test]
    fn figures_are_drawn() {
        for code in ["heatmap(eye(3))", "print(heatmap(eye(3)));"] {
            assert!(example(code).unwrap().contains("<figure><svg"), "{code}");
        }
    }
}
