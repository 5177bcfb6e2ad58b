//! The names of categories below the horizontal axis: level where they fit, slanted where not.

use super::frame::Frame;
use super::{FONT, escape, fill, px};
use crate::plot::labels::{shorten, shorten_to, text_width};
use crate::plot::paint::Paint;

/// By how many degrees slanted names rise to the right.
const SLANT: f64 = 40.0;
/// Slanted names are cut after so many letters, so that they leave room for the picture.
const LONGEST: usize = 18;
/// Up to so many categories all have their names.
const ALWAYS: usize = 12;
/// CategoryNames of at most this width, in pixels, are rather thinned out than slanted: numbers.
const SHORT: f64 = 30.0;
/// Room below the axis of level names, in pixels.
pub(super) const LEVEL: f64 = 26.0;

/// How the names of categories stand.
pub(super) struct CategoryNames {
    /// The categories with a name, and that name.
    texts: Vec<(usize, String)>,
    slanted: bool,
    /// How far the names reach below the axis, in pixels.
    pub depth: f64,
    /// How far the names reach left of the axis' start, in pixels.
    pub overhang: f64,
}

impl CategoryNames {
    /// The names of all categories on an axis of this width, in pixels.
    pub fn arrange(categories: &[String], width: f64) -> Self {
        let spacing = width.max(1.0) / categories.len().max(1) as f64;
        let level: Vec<String> = categories.iter().map(|name| shorten(name)).collect();
        let widest = widest(&level);
        let every = ((widest + 8.0) / spacing).ceil().max(1.0) as usize;
        if every == 1 || (widest <= SHORT && categories.len() > ALWAYS) {
            let texts = level.into_iter().enumerate().step_by(every).collect();
            return Self { texts, slanted: false, depth: LEVEL, overhang: 0.0 };
        }
        let every = if categories.len() <= ALWAYS { 1 } else { (1.6 * FONT / spacing).ceil().max(1.0) as usize };
        let cut = categories.iter().map(|name| shorten_to(name, LONGEST));
        let texts: Vec<(usize, String)> = cut.enumerate().step_by(every).collect();
        let (sin, cos) = SLANT.to_radians().sin_cos();
        let reach = texts.iter().map(|(i, text)| cos * text_width(text, FONT) - (*i as f64 + 0.5) * spacing);
        let overhang = reach.fold(0.0, f64::max);
        let longest = texts.iter().map(|(_, text)| text_width(text, FONT)).fold(0.0, f64::max);
        Self { depth: sin * longest + FONT + 10.0, overhang, texts, slanted: true }
    }

    /// Draws the names and their ticks, `bottom` being where the axis is.
    pub fn draw(&self, frame: &Frame, bottom: f64, tick: &str, out: &mut String) {
        let ink = fill(Paint::Ink);
        for (i, text) in &self.texts {
            let (x, text) = (frame.x.pixel(*i as f64), escape(text));
            *out += &format!("<path d=\"M{} {}v4\" {tick}/>", px(x), px(bottom));
            *out += &if self.slanted {
                let (x, y) = (px(x + 4.0), px(bottom + 15.0));
                format!(
                    "<text transform=\"translate({x} {y}) rotate(-{SLANT})\" text-anchor=\"end\" {ink}>{text}</text>\n"
                )
            } else {
                let (x, y) = (px(x), px(bottom + 18.0));
                format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" {ink}>{text}</text>\n")
            };
        }
    }
}

fn widest(names: &[String]) -> f64 {
    names.iter().map(|name| text_width(name, FONT)).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(count: usize, name: &str, width: f64) -> CategoryNames {
        CategoryNames::arrange(&vec![name.to_string(); count], width)
    }

    #[test]
    fn names_are_slanted_before_they_are_left_out() {
        let few = named(12, "graphical_lasso", 400.0);
        assert!(few.slanted && few.texts.len() == 12 && few.depth > LEVEL && few.overhang > 0.0);
        assert!(!named(3, "graphical_lasso", 400.0).slanted);
        let many = named(60, "graphical_lasso", 400.0);
        assert!(many.slanted && (15..30).contains(&many.texts.len()));
        let numbers = named(60, "37", 400.0);
        assert!(!numbers.slanted && numbers.texts.len() < 30);
        assert!(named(0, "", 400.0).texts.is_empty());
    }
}
