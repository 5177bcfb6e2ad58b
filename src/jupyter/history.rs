//! The cells that have run, for clients that go back to them.

use std::collections::HashSet;

use jupyter_protocol::{HistoryEntry, HistoryReply, HistoryRequest};

/// The number of the session: there is one.
const SESSION: usize = 1;

/// A cell that has run.
#[derive(Debug, Clone)]
struct Entry {
    count: usize,
    input: String,
    output: Option<String>,
}

/// The cells that have run, in order.
#[derive(Debug, Default)]
pub struct History(Vec<Entry>);

impl History {
    /// Adds a cell with the text of its value.
    pub fn push(&mut self, count: usize, input: &str, output: Option<String>) {
        self.0.push(Entry { count, input: input.into(), output });
    }

    /// What a client asks for.
    pub fn find(&self, request: &HistoryRequest) -> HistoryReply {
        let whole = |n: i32| usize::try_from(n).unwrap_or(0);
        let (entries, with_output) = match request {
            HistoryRequest::Tail { n, output, .. } => (last(self.0.iter().collect(), whole(*n)), *output),
            HistoryRequest::Range { session, start, stop, output, .. } => {
                // 0 is the session that runs.
                let is_here = session.is_none_or(|number| number == 0 || whole(number) == SESSION);
                let range = whole(*start)..whole(*stop);
                (self.0.iter().filter(|entry| is_here && range.contains(&entry.count)).collect(), *output)
            }
            HistoryRequest::Search { pattern, unique, output, n, .. } => {
                let mut found: Vec<&Entry> = self.0.iter().filter(|entry| fits(pattern, &entry.input)).collect();
                if *unique {
                    let mut seen = HashSet::new();
                    found.reverse();
                    found.retain(|entry| seen.insert(entry.input.as_str()));
                    found.reverse();
                }
                (last(found, whole(*n)), *output)
            }
        };
        HistoryReply::new(entries.into_iter().map(|entry| entry.shown(with_output)).collect())
    }
}

impl Entry {
    fn shown(&self, with_output: bool) -> HistoryEntry {
        let input = self.input.clone();
        match with_output {
            true => HistoryEntry::InputOutput(SESSION, self.count, (input, self.output.clone().unwrap_or_default())),
            false => HistoryEntry::Input(SESSION, self.count, input),
        }
    }
}

fn last(mut entries: Vec<&Entry>, n: usize) -> Vec<&Entry> {
    entries.split_off(entries.len().saturating_sub(n))
}

/// Whether a text is as a pattern says, in which `*` is any text and `?` any character.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows the last star does not fit: the star takes one character more.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match &mut star {
                Some((at, taken)) => {
                    *taken += 1;
                    (p, t) = (*at + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(history: &History, request: &HistoryRequest) -> Vec<(usize, String)> {
        let entries = history.find(request).history.into_iter();
        entries
            .map(|entry| match entry {
                HistoryEntry::Input(_, count, input) | HistoryEntry::InputOutput(_, count, (input, _)) => {
                    (count, input)
                }
            })
            .collect()
    }

    #[test]
    fn cells_are_found_by_their_number_place_and_text() {
        let mut history = History::default();
        for (i, input) in ["1 + 1", "let x = 2", "1 + 1"].iter().enumerate() {
            history.push(i + 1, input, None);
        }
        let tail = HistoryRequest::Tail { n: 2, output: true, raw: true };
        assert_eq!(inputs(&history, &tail), [(2, "let x = 2".into()), (3, "1 + 1".into())]);
        let range = |session, start, stop| HistoryRequest::Range { session, start, stop, output: false, raw: true };
        assert_eq!(inputs(&history, &range(Some(1), 1, 2)), [(1, "1 + 1".into())]);
        assert_eq!(inputs(&history, &range(None, 2, i32::MAX)).len(), 2);
        assert!(inputs(&history, &range(Some(-1), 1, 3)).is_empty());
        let search = |pattern: &str, unique, n| {
            let pattern = pattern.to_string();
            inputs(&history, &HistoryRequest::Search { pattern, unique, output: false, raw: true, n })
        };
        assert_eq!(search("1?+*", false, 9).len(), 2);
        assert_eq!(search("1?+*", true, 9), [(3, "1 + 1".into())]);
        assert_eq!(search("*", false, 1), [(3, "1 + 1".into())]);
        assert!(search("+", false, 9).is_empty());
    }
}
