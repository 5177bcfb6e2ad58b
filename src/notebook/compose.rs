//! Several outputs as one: evcxr has room for one output a cell.

use super::Bundle;
use super::markup::{GAP, escape, line, output};
use super::outline::cut;

/// Bytes of HTML of one output at most.
const LIMIT: usize = 6_000_000;

/// What a notebook shows of several things, below each other, as one output. Parts for which there is no room any more
/// are shown by their text; parts with nothing to show are left out.
///
/// ```
/// use sinew::notebook::{Bundle, bundle, compose};
/// let matrix = sinew::Matrix::from_fn(3, 2, |i, j| (i + j) as f64);
/// let both = compose(&[Bundle::text("correlations"), bundle(&matrix.into())]);
/// assert!(both.get("text/html").is_some_and(|html| html.to_string().contains("3 x 2 Matrix")));
/// ```
pub fn compose(parts: &[Bundle]) -> Bundle {
    let parts: Vec<&Bundle> = parts.iter().filter(|part| !part.entries.is_empty()).collect();
    if parts.is_empty() {
        return Bundle { entries: Vec::new() };
    }
    if let [only] = parts[..] {
        return only.clone();
    }
    let text = cut(&parts.iter().map(|part| text_of(part, "text/plain")).collect::<Vec<_>>().join("\n"));
    if parts.iter().all(|part| part.get("text/html").is_none()) {
        return Bundle::text(text);
    }
    Bundle::html(blocks(&parts), text)
}

/// The HTML of each part, and of texts that follow each other in one piece.
fn blocks(parts: &[&Bundle]) -> String {
    let mut html = String::new();
    let mut texts: Vec<&str> = Vec::new();
    let mut used = 0;
    for (at, part) in parts.iter().enumerate() {
        let (rich, plain) = (text_of(part, "text/html"), text_of(part, "text/plain"));
        if used > LIMIT {
            html += &written(&std::mem::take(&mut texts));
            html += &output(&line(&format!("{GAP} {} more, for which there is no room", parts.len() - at)));
            break;
        }
        if rich.is_empty() || used + rich.len() > LIMIT {
            texts.push(plain);
            used += plain.len();
        } else {
            html += &written(&std::mem::take(&mut texts));
            html += rich;
            used += rich.len();
        }
    }
    html + written(&texts).as_str()
}

/// Lines of text; nothing where there are none.
fn written(texts: &[&str]) -> String {
    if texts.is_empty() { String::new() } else { output(&format!("<pre>{}</pre>\n", escape(&texts.join("\n")))) }
}

/// The content of a type, if it is a text.
fn text_of<'a>(part: &'a Bundle, mime: &str) -> &'a str {
    part.get(mime).and_then(|content| content.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Matrix;
    use crate::notebook::bundle;

    #[test]
    fn one_part_is_itself_and_texts_stay_a_text() {
        let matrix = bundle(&Matrix::from_fn(2, 2, |_, _| 1.0).into());
        let nothing = Bundle { entries: Vec::new() };
        assert_eq!(compose(&[nothing.clone(), matrix.clone()]), matrix);
        assert_eq!(compose(&[Bundle::text("a"), Bundle::text("b")]), Bundle::text("a\nb"));
        assert!(compose(&[nothing]).entries.is_empty());
    }

    #[test]
    fn parts_stand_below_each_other_and_texts_stay_texts() {
        let matrix = bundle(&Matrix::from_fn(2, 3, |_, _| 1.0).into());
        let both = compose(&[Bundle::text("<b>"), matrix]);
        let html = text_of(&both, "text/html");
        assert!(html.contains("<pre>&lt;b&gt;</pre>") && html.contains("2 x 3 Matrix"), "{html}");
        assert!(text_of(&both, "text/plain").starts_with("<b>\n"));
    }

    #[test]
    fn what_is_too_large_is_shown_by_its_text() {
        let large = Bundle::html("x".repeat(LIMIT), "large");
        let html = compose(&[Bundle::html("<i>".into(), "small"), large]);
        let html = text_of(&html, "text/html");
        assert!(html.starts_with("<i>") && html.contains("<pre>large</pre>") && html.len() < 10_000);
    }
}
