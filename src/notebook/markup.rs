//! Pieces of HTML that stand in somebody else's page: classes with a prefix of their own, no ids, and colours that go
//! with light and dark grounds.

use crate::data::shown;

/// Which theme holds; figures need it too.
const THEME: &str = include_str!("../plot/assets/theme.css");
const STYLE: &str = include_str!("assets/style.css");
/// Stands for what is left out.
pub(super) const GAP: &str = "\u{2026}";
/// Letters of a name or of a cell at most.
const NAME: usize = 80;
/// Letters of a sentence at most.
const SENTENCE: usize = 1000;
/// Rows of facts at most.
const FACTS: usize = 40;

/// A fact of a card.
pub(super) struct Fact {
    /// What it is about.
    pub label: String,
    /// What is said.
    pub text: String,
    /// Whether it must not be overlooked.
    pub is_warning: bool,
}

impl Fact {
    pub(super) fn new(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self { label: label.into(), text: text.into(), is_warning: false }
    }

    pub(super) fn warning(text: impl Into<String>) -> Self {
        Self { is_warning: true, ..Self::new("warning", text) }
    }
}

/// Text as it shows itself in HTML.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' => safe.push('\n'),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

/// At most so many letters of a text.
pub(super) fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}{GAP}", &text[..end]),
        None => text.to_string(),
    }
}

/// A name or the text of a cell.
pub(super) fn name(text: &str) -> String {
    escape(&shorten(text, NAME))
}

/// A whole output. MathJax must not look for formulas in names.
pub(super) fn output(body: &str) -> String {
    format!("<div class=\"sinew-out tex2jax_ignore mathjax_ignore\">\n<style>\n{}</style>\n{body}</div>\n", styles())
}

/// The styles of outputs, for a page that has them once.
pub(super) fn styles() -> String {
    format!("{THEME}{STYLE}")
}

/// The line above a table: what it is and how large.
pub(super) fn line(text: &str) -> String {
    format!("<div class=\"sinew-line\">{}</div>\n", escape(&shorten(text, SENTENCE)))
}

/// A line and what belongs to it, side by side where there is room; empty parts are left out.
pub(super) fn card(title: &str, parts: &[String]) -> String {
    let parts: String =
        parts.iter().filter(|part| !part.is_empty()).map(|part| format!("<div>{part}</div>\n")).collect();
    format!("{}<div class=\"sinew-row\">\n{parts}</div>\n", line(title))
}

/// Facts below each other; the middle of many is left out.
pub(super) fn facts(facts: &[Fact]) -> String {
    let row = |at: Option<usize>| {
        let Some(fact) = at.map(|at| &facts[at]) else {
            return format!("<tr><th scope=\"row\">{GAP}</th><td>{GAP}</td></tr>\n");
        };
        let (label, text) = (name(&fact.label), escape(&shorten(&fact.text, SENTENCE)));
        let class = if fact.is_warning { " class=\"sinew-warning\"" } else { "" };
        format!("<tr><th scope=\"row\">{label}</th><td{class}>{text}</td></tr>\n")
    };
    let rows: String = shown(facts.len(), FACTS).into_iter().map(row).collect();
    format!("<table class=\"sinew-facts\"><tbody>\n{rows}</tbody></table>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_stay_texts_and_long_ones_are_cut() {
        assert_eq!(name("<script>&\"'\u{1}"), "&lt;script&gt;&amp;&quot;&#39; ");
        assert_eq!(shorten("äöü", 2), "äö\u{2026}");
        assert_eq!(shorten("äöü", 3), "äöü");
        let many: Vec<Fact> = (0..100).map(|i| Fact::new(format!("fact{i}"), "x".repeat(2000))).collect();
        let html = facts(&many);
        assert!(html.contains("fact0<") && html.contains("fact99<") && !html.contains("fact50<"));
        assert!(html.len() < 60_000);
        assert!(facts(&[Fact::warning("<b>")]).contains("<td class=\"sinew-warning\">&lt;b&gt;</td>"));
    }

    #[test]
    fn styles_are_small_and_touch_nothing_else_on_the_page() {
        assert!(THEME.len() + STYLE.len() < 3000, "{}", THEME.len() + STYLE.len());
        let rules = format!("{THEME}{STYLE}").replace("@media (prefers-color-scheme: dark) {", "");
        for selector in rules.split('}').filter_map(|rule| rule.split_once('{')).map(|(selector, _)| selector) {
            assert!(selector.split(',').all(|part| part.contains(".sinew-out")), "{selector}");
        }
        assert!(!rules.contains("http") && !rules.contains("white;") && !rules.contains("#fff"));
    }
}
