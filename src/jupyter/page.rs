//! What a cell has on the page, how much of it there may be, and what waits to be sent there.

use std::collections::HashMap;

use jupyter_protocol::{Media, MediaType};

use super::output::Stream;
use super::pending::{Display, Item, Pending};
use crate::context::human_bytes;
use crate::notebook::Bundle;

/// Bytes of text that a cell may show: a browser would hang on much more, and Jupyter's server drops what comes faster
/// than 3 MB in 3 s, this notice with it.
pub const TEXT: usize = 2_000_000;

/// Displays of a cell at one time: pages do not keep up with more.
const COUNT: usize = 10_000;

/// Bytes of displays of a cell at one time.
const DISPLAYS: usize = 64_000_000;

/// The page of a cell.
#[derive(Debug, Default)]
pub struct Page {
    pending: Pending,
    /// Bytes of text that were sent or wait, and whether more was left out.
    text: usize,
    is_cut: bool,
    /// Displays that stand there or wait, their bytes, and whether more was left out.
    count: usize,
    bytes: usize,
    is_full: bool,
    /// The displays that can be changed: their bytes by their names.
    named: HashMap<String, usize>,
}

impl Page {
    /// Whether nothing waits.
    pub fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// All that waits.
    pub fn take(&mut self) -> Vec<Item> {
        self.pending.take()
    }

    /// Text, as far as there is room.
    pub fn write(&mut self, stream: Stream, text: &str) {
        self.settle();
        let room = TEXT.saturating_sub(self.text);
        let fitting = &text[..text.floor_char_boundary(room)];
        self.append(stream, fitting);
        if fitting.len() < text.len() {
            // Nothing more, and said once.
            self.text = self.text.max(TEXT);
            if !std::mem::replace(&mut self.is_cut, true) {
                self.append(Stream::Error, &too_much("text", TEXT));
            }
        }
    }

    /// A value, if there is room; in the place of what was displayed under the name before.
    pub fn display(&mut self, bundle: &Bundle, name: Option<&str>) {
        self.settle();
        let size = size(bundle);
        match self.admit(name, size) {
            Ok(is_new) => {
                let name = name.map(String::from);
                self.pending.display(Display { name, is_new, media: media(bundle), size });
            }
            Err(notice) if !self.is_full => {
                self.is_full = true;
                self.append(Stream::Error, &notice);
            }
            Err(_) => {}
        }
    }

    /// A line that changes, however full the page is.
    pub fn line(&mut self, line: &str, name: Option<String>) {
        self.settle();
        let is_new = name.as_ref().is_none_or(|name| self.named.insert(name.clone(), 0).is_none());
        let media = Media { content: vec![MediaType::Plain(line.to_string())] };
        self.pending.display(Display { name, is_new, media, size: line.len() });
    }

    /// Takes away what the cell has shown, at once or when it shows something else.
    pub fn clear(&mut self, wait: bool) {
        self.text = self.text.saturating_sub(self.pending.clear(wait));
        self.named.clear();
        (self.count, self.bytes) = (0, 0);
        // Notices have gone with the rest.
        (self.is_cut, self.is_full) = (false, false);
    }

    /// Before something is added: what a clear was waiting for has come.
    fn settle(&mut self) {
        self.text = self.text.saturating_sub(self.pending.settle());
    }

    fn append(&mut self, stream: Stream, text: &str) {
        if !text.is_empty() {
            self.text += text.len();
            self.pending.write(stream, text);
        }
    }

    /// Makes room for a display, and tells whether it is new on the page; a notice where there is no room.
    fn admit(&mut self, name: Option<&str>, size: usize) -> Result<bool, String> {
        let earlier = name.and_then(|name| self.named.get(name).copied());
        let count = self.count + usize::from(earlier.is_none());
        let bytes = self.bytes.saturating_sub(earlier.unwrap_or(0)).saturating_add(size);
        if count > COUNT {
            return Err(format!("\n[this cell shows {COUNT} displays: the rest is left out]\n"));
        }
        if bytes > DISPLAYS {
            return Err(too_much("displays", DISPLAYS));
        }
        (self.count, self.bytes) = (count, bytes);
        if let Some(name) = name {
            self.named.insert(name.to_string(), size);
        }
        Ok(earlier.is_none())
    }
}

fn too_much(what: &str, limit: usize) -> String {
    format!("\n[this cell has shown {} of {what}: the rest is left out]\n", human_bytes(limit))
}

/// A value as Jupyter's messages hold it.
pub fn media(bundle: &Bundle) -> Media {
    let entries = bundle.entries.iter();
    Media { content: entries.map(|(mime, value)| MediaType::Other(((*mime).to_string(), value.clone()))).collect() }
}

/// Bytes of a value, about.
fn size(bundle: &Bundle) -> usize {
    let of = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string().len(), str::len);
    bundle.entries.iter().map(|(_, value)| of(value)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Bundle {
        Bundle::text(text)
    }

    /// What waits, in words.
    fn waiting(page: &mut Page) -> Vec<String> {
        let word = |item: Item| match item {
            Item::Text { text, .. } => text.trim().to_string(),
            Item::Display(display) if display.is_new => format!("new {}", display.size),
            Item::Display(display) => format!("changed {}", display.size),
            Item::Clear { .. } => "clear".into(),
        };
        page.take().into_iter().map(word).collect()
    }

    #[test]
    fn frames_that_replace_each_other_have_no_bound_and_distinct_displays_have() {
        let mut page = Page::default();
        for _ in 0..3 * COUNT {
            page.clear(true);
            page.write(Stream::Output, "a frame with some text\n");
            page.display(&plain("x"), Some("a"));
            page.display(&plain("xy"), Some("a"));
        }
        assert_eq!(waiting(&mut page), ["clear", "a frame with some text", "new 2"]);
        (0..COUNT + 5).for_each(|_| page.display(&plain("x"), None));
        page.display(&plain("xyz"), Some("a"));
        let mut all = waiting(&mut page);
        assert_eq!(all.pop().as_deref(), Some("changed 3"), "what stands there changes, however much there is");
        assert!(all.pop().is_some_and(|notice| notice.contains("shows 10000 displays")));
        assert_eq!(all.len(), COUNT - 1);
        page.clear(false);
        page.display(&plain("x"), None);
        assert_eq!(waiting(&mut page), ["clear", "new 1"], "and there is room again");
    }

    #[test]
    fn bytes_of_displays_are_bounded_by_what_stands_on_the_page() {
        let mut page = Page::default();
        let large = plain(&"x".repeat(DISPLAYS / 2));
        (0..4).for_each(|_| page.display(&large, Some("a")));
        (0..4).for_each(|_| page.display(&large, None));
        let half = format!("new {}", DISPLAYS / 2);
        assert_eq!(waiting(&mut page), [half.as_str(), half.as_str(), too_much("displays", DISPLAYS).trim()]);
    }

    #[test]
    fn text_that_was_cleared_before_it_was_sent_takes_no_room() {
        let mut page = Page::default();
        let long = "é".repeat(TEXT / 2);
        for _ in 0..3 {
            page.clear(true);
            page.write(Stream::Output, &long);
        }
        assert_eq!(waiting(&mut page).len(), 2);
        // It was sent: now there is none, and that is said again on every page.
        for _ in 0..3 {
            page.clear(true);
            page.write(Stream::Output, "more");
        }
        assert_eq!(waiting(&mut page), ["clear", too_much("text", TEXT).trim()]);
    }
}
