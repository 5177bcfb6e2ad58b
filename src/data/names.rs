//! Names of variables, samples and nodes: unique, shared, found fast.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use crate::error::{Error, Result, shortened};

/// An ordered list of distinct names. Clones share it.
#[derive(Debug, Clone)]
pub struct Names(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    list: Vec<String>,
    positions: OnceLock<HashMap<String, usize>>,
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.list == other.0.list
    }
}

impl Names {
    /// Names in this order.
    ///
    /// # Errors
    /// A name that occurs twice; `what` says of what (columns, nodes).
    pub fn new(list: Vec<String>, what: &str) -> Result<Self> {
        let mut seen = HashMap::with_capacity(list.len());
        for (position, name) in list.iter().enumerate() {
            if let Some(first) = seen.insert(name.clone(), position) {
                return Err(Error::data(format!(
                    "two {what} are called '{}' (positions {first} and {position})",
                    shortened(name)
                ))
                .with_hint("names must be distinct, because results are looked up by name"));
            }
        }
        Ok(Self(Arc::new(Inner { list, positions: OnceLock::from(seen) })))
    }

    /// `x0, x1, ...`: what things are called that have no names.
    pub fn numbered(count: usize) -> Self {
        Self::numbered_with("x", count)
    }

    /// A letter with the position behind it.
    pub(crate) fn numbered_with(letter: &str, count: usize) -> Self {
        let list = (0..count).map(|i| format!("{letter}{i}")).collect();
        Self(Arc::new(Inner { list, positions: OnceLock::new() }))
    }

    /// The number of names.
    pub fn len(&self) -> usize {
        self.0.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.list.is_empty()
    }

    /// The names in order.
    pub fn as_slice(&self) -> &[String] {
        &self.0.list
    }

    /// The name at `position`.
    pub fn get(&self, position: usize) -> &str {
        &self.0.list[position]
    }

    /// The names in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.list.iter().map(String::as_str)
    }

    /// The position of `name`, if it is there.
    pub fn find(&self, name: &str) -> Option<usize> {
        let positions = self
            .0
            .positions
            .get_or_init(|| self.0.list.iter().enumerate().map(|(position, name)| (name.clone(), position)).collect());
        positions.get(name).copied()
    }

    /// The position of `name`, or an error with the nearest one; `what` says of what (column, row, node).
    pub fn position(&self, name: &str, what: &str) -> Result<usize> {
        self.find(name)
            .ok_or_else(|| Error::name(format!("no {what} is called '{name}'")).with_nearest(name, self.iter()))
    }

    /// Bytes that the names at these positions take while they are picked: each is looked up once and kept.
    pub(crate) fn bytes(&self, positions: &[usize]) -> usize {
        let of_one = |&position: &usize| 2 * self.get(position).len() + 160;
        positions.iter().map(of_one).fold(0, usize::saturating_add)
    }

    /// The names at these positions. A position taken twice keeps its name with a number behind it, so that names
    /// stay distinct.
    #[must_use]
    pub fn pick(&self, positions: &[usize]) -> Self {
        let mut taken: HashSet<String> = HashSet::with_capacity(positions.len());
        // The number that a position's next copy gets: thousands of copies must not be tried one by one.
        let mut copies: HashMap<usize, usize> = HashMap::new();
        let list = positions
            .iter()
            .map(|&position| {
                let name = self.get(position);
                let mut candidate = name.to_string();
                let copy = copies.entry(position).or_insert(1);
                while taken.contains(&candidate) {
                    *copy += 1;
                    candidate = format!("{name}.{copy}");
                }
                taken.insert(candidate.clone());
                candidate
            })
            .collect();
        Self(Arc::new(Inner { list, positions: OnceLock::new() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_refused_and_picked_doubles_renamed() {
        let names = Names::new(vec!["a".into(), "b".into()], "columns").unwrap();
        assert_eq!(names.pick(&[1, 1, 0]).as_slice(), ["b", "b.2", "a"]);
        let error = Names::new(vec!["a".into(), "a".into()], "columns").unwrap_err();
        assert!(error.message().contains("two columns are called 'a'"));
        assert_eq!(names.position("c", "column").unwrap_err().message(), "no column is called 'c'");
    }
}
