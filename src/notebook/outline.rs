//! Values as plain text: short, however much they hold.

use super::markup::{GAP, shorten};
use crate::data::shown;
use crate::model::{self, Fit};
use crate::value::Value;

/// Up to so many plain values are written out in full, as `print` does.
const PLAIN: usize = 2000;
/// Lines of an outline at most.
const LINES: usize = 40;
/// Letters of a line of an outline at most.
const LINE: usize = 200;
/// Letters of a text at most.
const MOST: usize = 100_000;

/// What `text/plain` says. A list or map that holds matrices, fits and the like, or very many values, is outlined: in
/// full it would be all of their numbers.
pub(super) fn plain(value: &Value) -> String {
    let mut left = PLAIN;
    let entries: Vec<(String, &Value)> = match value {
        Value::List(list) if !is_plain(value, &mut left) => {
            list.iter().enumerate().map(|(i, item)| (i.to_string(), item)).collect()
        }
        Value::Map(map) if !is_plain(value, &mut left) => map.iter().map(|(key, item)| (key.clone(), item)).collect(),
        _ => Vec::new(),
    };
    if entries.is_empty() {
        return cut(&value.to_string());
    }
    let mut text = format!("{} of {}", value.type_name(), entries.len());
    for at in shown(entries.len(), LINES) {
        text += &match at.map(|at| &entries[at]) {
            Some((key, item)) => format!("\n  {}  {}", shorten(key, LINE), outline(item)),
            None => format!("\n  {GAP}"),
        };
    }
    text
}

/// Whether a value consists of at most `left` plain values.
fn is_plain(value: &Value, left: &mut usize) -> bool {
    *left = left.saturating_sub(1);
    let inner_is_plain = match value {
        Value::Object(_) => false,
        Value::List(list) => list.iter().all(|item| is_plain(item, left)),
        Value::Map(map) => map.iter().all(|(_, item)| is_plain(item, left)),
        _ => true,
    };
    inner_is_plain && *left > 0
}

/// A value in one line: what it is and how large.
pub(super) fn outline(value: &Value) -> String {
    let text = match value.object::<Fit>() {
        Some(fit) => format!("Fit by {}, {} edges", fit.method(), fit.n_edges().unwrap_or(0)),
        None => model::outline(value),
    };
    shorten(&text, LINE)
}

/// A text of bounded length.
pub(super) fn cut(text: &str) -> String {
    let short = shorten(text, MOST);
    if short.len() < text.len() { format!("{short}\n(the rest is left out)") } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Matrix;

    #[test]
    fn plain_values_are_printed_and_large_ones_outlined() {
        let numbers = |count: i64| Value::List((0..count).map(Value::Int).collect());
        assert_eq!(plain(&numbers(3)), "[0,1,2]");
        assert_eq!(plain(&Value::Text("a\nb".into())), "a\nb");
        assert_eq!(plain(&Value::List(Vec::new())), "[]");
        let long = plain(&numbers(100_000));
        assert!(long.starts_with("list of 100000\n  0  0\n") && long.ends_with("99999  99999") && long.len() < 2000);
        let map =
            Value::Map(vec![("a".into(), Matrix::from_fn(1000, 1000, |_, _| 1.0).into()), ("b".into(), 2i64.into())]);
        assert_eq!(plain(&map), "map of 2\n  a  Matrix 1000 x 1000\n  b  2");
        assert!(plain(&Value::Text("x".repeat(1_000_000))).len() < 100_100);
    }
}
