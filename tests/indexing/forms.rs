//! What an index of a script means: every form as text, and the positions that it stands for.

use ndarray::{Array2, Axis, Slice};
use proptest::collection::vec;
use proptest::prelude::*;
use sinew::ErrorKind;

/// An index as a script writes it.
#[derive(Debug, Clone)]
pub enum Index {
    /// `..`
    All,
    /// `2`, `-1`
    Position(i64),
    /// `"r2"`, of the row or column at this position
    Name(usize),
    /// `1..3`, `1..=2`, `..-1`, `2..`
    Range { start: Option<i64>, end: Option<i64>, inclusive: bool },
    /// `[0, "r2"]`, of positions and names
    List(Vec<Index>),
    /// `[true, false]`, or a comparison, with a value too many if `extra`
    Mask { bits: [bool; 6], extra: bool, compared: bool },
    /// `vector([0, 2])`
    Vector(Vec<i64>),
}

/// What an index stands for along an axis.
pub struct Meaning {
    pub positions: Vec<usize>,
    /// Whether the axis stays in the result.
    pub keeps: bool,
    /// As ndarray writes it, for a range.
    slice: Option<Slice>,
}

impl Meaning {
    fn of(positions: Vec<usize>, keeps: bool) -> Self {
        Self { positions, keeps, slice: None }
    }

    /// That part of the values, by ndarray's own means.
    pub fn take(&self, values: &Array2<f64>, axis: Axis) -> Array2<f64> {
        match self.slice {
            Some(slice) => values.slice_axis(axis, slice).to_owned(),
            None => values.select(axis, &self.positions),
        }
    }

    /// The names at the positions, where each stands once.
    pub fn names(&self, letter: char) -> Option<Vec<String>> {
        let names: Vec<String> = self.positions.iter().map(|position| format!("{letter}{position}")).collect();
        let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
        (distinct.len() == names.len()).then_some(names)
    }
}

/// What a number stands for along an axis of `len`, if it is below `limit`; negative counts from the end.
fn resolve(number: i64, len: usize, limit: usize) -> Result<usize, ErrorKind> {
    let from_start = if number < 0 { number + len as i64 } else { number };
    usize::try_from(from_start).ok().filter(|&position| position < limit).ok_or(ErrorKind::Index)
}

impl Index {
    /// The index along an axis of `len` rows (`r`) or columns (`c`), as a script writes it.
    pub fn text(&self, letter: char, len: usize) -> String {
        let number = |value: &Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
        match self {
            Self::All => "..".into(),
            Self::Position(position) => position.to_string(),
            Self::Name(position) => format!("\"{letter}{position}\""),
            Self::Range { start, end, inclusive } => {
                let sign = if *inclusive && end.is_some() { "..=" } else { ".." };
                format!("{}{sign}{}", number(start), number(end))
            }
            Self::List(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| part.text(letter, len)).collect();
                format!("[{}]", parts.join(", "))
            }
            Self::Mask { compared: false, .. } => format!("{:?}", self.bits(len)),
            Self::Mask { .. } => {
                let numbers: Vec<&str> = self.bits(len).iter().map(|&bit| if bit { "1" } else { "0" }).collect();
                format!("(vector([{}]) > 0)", numbers.join(", "))
            }
            Self::Vector(positions) => format!("vector({positions:?})"),
        }
    }

    /// The truth values of a mask for an axis of `len`.
    fn bits(&self, len: usize) -> Vec<bool> {
        match self {
            Self::Mask { bits, extra, .. } => {
                let mut taken = bits[..len].to_vec();
                taken.extend(extra.then_some(true));
                taken
            }
            _ => Vec::new(),
        }
    }

    /// What the index means, or the kind of the error.
    pub fn meaning(&self, len: usize) -> Result<Meaning, ErrorKind> {
        match self {
            Self::All => Ok(Meaning::of((0..len).collect(), true)),
            Self::Position(position) => Ok(Meaning::of(vec![resolve(*position, len, len)?], false)),
            Self::Name(position) if *position < len => Ok(Meaning::of(vec![*position], false)),
            Self::Name(_) => Err(ErrorKind::Name),
            Self::Range { start, end, inclusive } => {
                // Up to and with the last one is up to the end.
                let end = end.map(|end| end + i64::from(*inclusive)).filter(|&end| !(*inclusive && end == 0));
                let start = start.unwrap_or(0);
                let first = resolve(start, len, len + 1)?;
                let last = end.map_or(Ok(len), |end| resolve(end, len, len + 1))?;
                let slice = Slice::new(start as isize, end.map(|end| end as isize), 1);
                Ok(Meaning { slice: Some(slice), ..Meaning::of((first..last.max(first)).collect(), true) })
            }
            Self::List(parts) => {
                let meanings = parts.iter().map(|part| part.meaning(len)).collect::<Result<Vec<_>, _>>()?;
                Ok(Meaning::of(meanings.into_iter().flat_map(|meaning| meaning.positions).collect(), true))
            }
            Self::Vector(positions) => {
                let parts = positions.iter().map(|&position| Self::Position(position)).collect();
                Self::List(parts).meaning(len)
            }
            Self::Mask { compared, .. } => {
                let bits = self.bits(len);
                // A list of nothing is no mask.
                if bits.len() == len || (bits.is_empty() && !compared) {
                    return Ok(Meaning::of((0..bits.len()).filter(|&i| bits[i]).collect(), true));
                }
                Err(ErrorKind::Shape)
            }
        }
    }

    /// Whether `m[index]` means rows: a list there is taken for rows and columns.
    pub fn stands_alone(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Mask { compared: false, .. })
    }
}

pub fn position() -> impl Strategy<Value = Index> {
    (-5i64..5).prop_map(Index::Position)
}

pub fn name() -> impl Strategy<Value = Index> {
    (0usize..6).prop_map(Index::Name)
}

pub fn index() -> impl Strategy<Value = Index> {
    let end = || proptest::option::of(-6i64..7);
    prop_oneof![
        1 => Just(Index::All),
        3 => position(),
        2 => name(),
        3 => (end(), end(), any::<bool>()).prop_map(|(start, end, inclusive)| Index::Range { start, end, inclusive }),
        2 => vec(prop_oneof![position(), name()], 0..3).prop_map(Index::List),
        2 => (any::<[bool; 6]>(), 0..6u8, any::<bool>())
            .prop_map(|(bits, extra, compared)| Index::Mask { bits, extra: extra == 0, compared }),
        1 => vec(-4i64..4, 0..4).prop_map(Index::Vector),
    ]
}
