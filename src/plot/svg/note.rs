//! The note below a panel: how much of the whole is shown.

use super::{FONT, Rect, escape, fill, px};
use crate::plot::labels::text_width;
use crate::plot::paint::Paint;

/// Height of a line in pixels.
const LINE: f64 = 17.0;
/// Room between the panel and its note.
const GAP: f64 = 8.0;

/// The height of a note in a panel of this width, in pixels; 0 without one.
pub(super) fn height(note: &str, width: f64) -> f64 {
    match lines(note, width).len() {
        0 => 0.0,
        count => count as f64 * LINE + GAP,
    }
}

/// Draws a note at the bottom of a panel.
pub(super) fn draw(note: &str, [left, top, width, height]: Rect, out: &mut String) {
    let (x, ink) = (px(left + width / 2.0), fill(Paint::Ink));
    for (i, line) in lines(note, width).iter().rev().enumerate() {
        let (y, text) = (px(top + height - i as f64 * LINE - 4.0), escape(line));
        *out += &format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" {ink}>{text}</text>\n");
    }
}

/// The words of a note in lines of at most this width, in pixels; a long word has a line of its own.
pub(crate) fn lines(note: &str, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in note.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(line, FONT) + text_width(" ", FONT) + text_width(word, FONT) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_broken_between_words_and_take_no_room_where_there_are_none() {
        assert_eq!(lines("each cell shows the mean", 1000.0), ["each cell shows the mean"]);
        assert_eq!(lines("each cell", 10.0), ["each", "cell"]);
        assert_eq!(height("", 100.0), 0.0);
        assert!(height("each cell", 10.0) > height("each cell", 1000.0));
        let mut out = String::new();
        draw("a < b", [0.0, 0.0, 100.0, 50.0], &mut out);
        assert!(out.contains("a &lt; b</text>") && out.contains("y=\"46\""), "{out}");
    }
}
