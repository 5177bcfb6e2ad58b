//! Indices as scripts write them: a position, a name, a range, a list, a mask, or everything.

use super::Names;
use crate::error::{Error, Result};

/// One part of an index.
#[derive(Debug, Clone, PartialEq)]
pub enum Selector {
    /// Everything: `..`.
    All,
    /// One position; negative counts from the end.
    Position(i64),
    /// One name.
    Name(String),
    /// From `start` up to and without `end`; negative counts from the end, `None` is the end.
    Range {
        /// First position.
        start: i64,
        /// One behind the last position.
        end: Option<i64>,
    },
    /// Several single parts, in this order.
    List(Vec<Selector>),
    /// One truth value a position.
    Mask(Vec<bool>),
}

/// The positions that a selector stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// A single one: the dimension disappears.
    One(usize),
    /// A list, perhaps of length 0 or 1: the dimension stays.
    Many(Vec<usize>),
}

impl Picked {
    /// The positions as a list.
    pub fn positions(&self) -> &[usize] {
        match self {
            Self::One(position) => std::slice::from_ref(position),
            Self::Many(positions) => positions,
        }
    }
}

impl Selector {
    /// These positions, in this order.
    pub fn from_positions(positions: &[usize]) -> Self {
        Self::List(positions.iter().map(|&position| Self::Position(position as i64)).collect())
    }

    /// The positions meant, along an axis of length `len`; `what` (row, column, element) is for messages.
    ///
    /// # Errors
    /// A position or range outside, an unknown name, a mask of another length.
    pub fn pick(&self, len: usize, names: Option<&Names>, what: &str) -> Result<Picked> {
        Ok(match self {
            Self::All => Picked::Many((0..len).collect()),
            Self::Position(position) => Picked::One(resolve(*position, len, what)?),
            Self::Name(name) => Picked::One(match names {
                Some(names) => names.position(name, what)?,
                None => {
                    return Err(Error::name(format!("no {what} is called '{name}': the {what}s have no names")));
                }
            }),
            Self::Range { start, end } => {
                let bound = |position: i64| {
                    if position < 0 { position + len as i64 } else { position }
                };
                let (first, last) = (bound(*start), end.map_or(len as i64, bound));
                let inside = 0..=len as i64;
                if !inside.contains(&first) || !inside.contains(&last) {
                    return Err(outside(
                        &format!("{start}..{}", end.map_or(String::new(), |e| e.to_string())),
                        len,
                        what,
                    ));
                }
                Picked::Many((first as usize..(last.max(first)) as usize).collect())
            }
            Self::List(parts) => {
                let mut positions = Vec::with_capacity(parts.len());
                for part in parts {
                    match part.pick(len, names, what)? {
                        Picked::One(position) => positions.push(position),
                        Picked::Many(more) => positions.extend(more),
                    }
                }
                Picked::Many(positions)
            }
            Self::Mask(mask) => {
                if mask.len() != len {
                    return Err(Error::shape(format!("a mask of {} for {len} {what}s", mask.len())));
                }
                Picked::Many((0..len).filter(|&position| mask[position]).collect())
            }
        })
    }
}

fn resolve(position: i64, len: usize, what: &str) -> Result<usize> {
    let from_start = if position < 0 { position.checked_add(len as i64) } else { Some(position) };
    from_start
        .and_then(|position| usize::try_from(position).ok())
        .filter(|&position| position < len)
        .ok_or_else(|| outside(&position.to_string(), len, what))
}

fn outside(position: &str, len: usize, what: &str) -> Error {
    let error = Error::index(format!("{what} {position} is out of range: there are {len} {what}s"));
    match len {
        0 => error,
        _ => error.with_hint(format!("positions run from 0 to {}, or from -1 (the last) to -{len}", len - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(selector: Selector) -> Result<Vec<usize>> {
        selector.pick(5, None, "row").map(|picked| picked.positions().to_vec())
    }

    #[test]
    fn every_form() {
        assert_eq!(pick(Selector::Position(-1)).unwrap(), [4]);
        assert_eq!(pick(Selector::Range { start: 1, end: Some(3) }).unwrap(), [1, 2]);
        assert_eq!(pick(Selector::Range { start: -2, end: None }).unwrap(), [3, 4]);
        assert_eq!(pick(Selector::Range { start: 3, end: Some(2) }).unwrap(), [0usize; 0]);
        assert_eq!(pick(Selector::Range { start: 5, end: None }).unwrap(), [0usize; 0]);
        assert_eq!(pick(Selector::Mask(vec![true, false, false, false, true])).unwrap(), [0, 4]);
        assert_eq!(pick(Selector::List(vec![Selector::Position(3), Selector::Position(-5)])).unwrap(), [3, 0]);
        for wrong in [
            Selector::Position(5),
            Selector::Position(-6),
            Selector::Position(i64::MIN),
            Selector::Range { start: 0, end: Some(6) },
            Selector::Range { start: -6, end: None },
            Selector::Range { start: 6, end: None },
            Selector::Range { start: 0, end: Some(-6) },
            Selector::Mask(vec![true]),
            Selector::Name("a".into()),
        ] {
            assert!(pick(wrong.clone()).is_err(), "{wrong:?}");
        }
    }
}
