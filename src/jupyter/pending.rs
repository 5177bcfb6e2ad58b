//! What a cell has shown and nobody was sent yet. What is changed or taken back before it is sent costs nothing.

use jupyter_protocol::Media;

use super::output::Stream;

/// Something that a cell shows or takes away.
#[derive(Debug)]
pub enum Item {
    Text { stream: Stream, text: String },
    Display(Display),
    Clear { wait: bool },
}

/// A display.
#[derive(Debug)]
pub struct Display {
    /// By which it can be changed.
    pub name: Option<String>,
    /// Whether it stands nowhere on the page yet.
    pub is_new: bool,
    pub media: Media,
    /// Its bytes, about.
    pub size: usize,
}

/// What waits, in order. A clear stands first or last: what stands before it is not worth sending.
#[derive(Debug, Default)]
pub struct Pending {
    items: Vec<Item>,
    /// Bytes of the text among them.
    text: usize,
}

impl Pending {
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Adds text, to that which waits where it is of the same stream.
    pub fn write(&mut self, stream: Stream, text: &str) {
        self.text += text.len();
        match self.items.last_mut() {
            Some(Item::Text { stream: last, text: waiting }) if *last == stream => waiting.push_str(text),
            _ => self.items.push(Item::Text { stream, text: text.to_string() }),
        }
    }

    /// Adds a display; in the place of the one of its name, where that waits.
    pub fn display(&mut self, display: Display) {
        let earlier = self.items.iter_mut().rev().find_map(|item| match item {
            Item::Display(earlier) if display.name.is_some() && earlier.name == display.name => Some(earlier),
            _ => None,
        });
        match earlier {
            Some(earlier) => (earlier.media, earlier.size) = (display.media, display.size),
            None => self.items.push(Item::Display(display)),
        }
    }

    /// Takes away what the cell has shown, at once or when it shows something else; the bytes of text that were
    /// waiting and are never sent.
    pub fn clear(&mut self, wait: bool) -> usize {
        let mut lost = 0;
        if !wait {
            self.items.clear();
            lost = std::mem::take(&mut self.text);
        }
        if !matches!(self.items.last(), Some(Item::Clear { .. })) {
            self.items.push(Item::Clear { wait });
        }
        lost
    }

    /// To be called before something is added: where a clear was waiting for it, what stands before that is gone. The
    /// bytes of text that are never sent.
    pub fn settle(&mut self) -> usize {
        match self.items.last() {
            Some(Item::Clear { .. }) => {
                self.items.drain(..self.items.len() - 1);
                std::mem::take(&mut self.text)
            }
            _ => 0,
        }
    }

    /// All that waits.
    pub fn take(&mut self) -> Vec<Item> {
        self.text = 0;
        std::mem::take(&mut self.items)
    }
}

impl Item {
    /// Its bytes, about.
    pub fn size(&self) -> usize {
        match self {
            Self::Text { text, .. } => text.len(),
            Self::Display(display) => display.size,
            Self::Clear { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn display(pending: &mut Pending, name: &str, size: usize) {
        pending.settle();
        let name = (!name.is_empty()).then(|| name.to_string());
        pending.display(Display { name, is_new: true, media: Media::default(), size });
    }

    /// The size of each thing that waits; a clear has the sizes 1000 and, if it waits, 1001.
    fn sizes(pending: &mut Pending) -> Vec<usize> {
        let items = pending.take();
        items
            .iter()
            .map(|item| if let Item::Clear { wait } = item { 1000 + usize::from(*wait) } else { item.size() })
            .collect()
    }

    #[test]
    fn displays_of_a_name_become_the_last_one_in_its_first_place() {
        let mut pending = Pending::default();
        display(&mut pending, "a", 1);
        display(&mut pending, "", 2);
        display(&mut pending, "b", 3);
        pending.write(Stream::Output, "four");
        (5..2000).for_each(|size| display(&mut pending, "a", size));
        display(&mut pending, "", 2);
        assert_eq!(sizes(&mut pending), [1999, 2, 3, 4, 2]);
        assert!(pending.is_empty());
    }

    #[test]
    fn a_clear_takes_away_what_was_not_sent_and_clears_are_one() {
        let mut pending = Pending::default();
        pending.write(Stream::Output, "four");
        display(&mut pending, "a", 1);
        assert_eq!((pending.clear(true), pending.clear(true)), (0, 0));
        // Until something new comes, it stands there.
        assert_eq!(sizes(&mut pending), [4, 1, 1001]);
        pending.write(Stream::Output, "four");
        assert_eq!((pending.clear(true), pending.settle()), (0, 4));
        pending.write(Stream::Error, "12345");
        assert_eq!(sizes(&mut pending), [1001, 5]);
        pending.write(Stream::Output, "four");
        assert_eq!((pending.clear(false), pending.clear(true), pending.settle()), (4, 0, 0));
        assert_eq!(sizes(&mut pending), [1000]);
    }
}
