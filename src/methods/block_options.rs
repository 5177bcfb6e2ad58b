//! Options of methods that look for blocks of nodes.

use crate::error::{Error, Result};
use crate::options::{Kind, Opt, Options, Preset};
use crate::value::Value;

/// What `blocks` takes.
pub const BLOCKS: &[Kind] = &[Kind::Choice(&["auto"]), Kind::Count(1), Kind::Numbers];

/// Searches from groups that are drawn.
pub const STARTS: Opt = Opt::new(
    "starts",
    &[Kind::Count(0)],
    Preset::Count(4),
    "Searches that begin with groups drawn at random, beside those from k-means; at most 1000",
);

/// More searches are a mistake: they would run for days.
const MOST_STARTS: usize = 1000;
/// "auto" is every number of blocks up to this one.
const AUTO: usize = 5;

/// Which numbers of blocks are compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Blocks {
    /// 1 to 5, at most one for every two nodes.
    #[default]
    Auto,
    /// These.
    Given(Vec<usize>),
}

impl From<usize> for Blocks {
    fn from(count: usize) -> Self {
        Self::Given(vec![count])
    }
}

impl From<Vec<usize>> for Blocks {
    fn from(counts: Vec<usize>) -> Self {
        Self::Given(counts)
    }
}

impl Blocks {
    /// What the option says, if it is there.
    ///
    /// # Errors
    /// A list with something else than whole numbers of at least 1.
    pub fn given(options: &Options) -> Result<Option<Self>> {
        let count = |value: &Value| match value.as_number() {
            Some(number) if number >= 1.0 && number.fract() == 0.0 && number < 9e15 => Ok(number as usize),
            _ => Err(Error::option(format!("blocks lists whole numbers >= 1, one of them is {}", value.brief()))),
        };
        Ok(match options.get("blocks") {
            Some(Value::List(list)) if list.is_empty() => {
                return Err(Error::option("blocks is an empty list").with_hint("give one number at least"));
            }
            Some(Value::List(list)) => Some(Self::Given(list.iter().map(count).collect::<Result<_>>()?)),
            Some(Value::Text(_)) => Some(Self::Auto),
            Some(value) => Some(Self::Given(vec![count(value)?])),
            None => None,
        })
    }

    /// The numbers, for so many nodes.
    pub fn counts(&self, nodes: usize) -> Vec<usize> {
        match self {
            Self::Auto => (1..=AUTO.min(nodes / 2).max(1)).collect(),
            Self::Given(counts) => counts.clone(),
        }
    }

    /// As a fit records them.
    pub fn recorded(&self) -> Value {
        match self {
            Self::Auto => "auto".into(),
            Self::Given(counts) => Value::List(counts.iter().map(|&count| count.into()).collect()),
        }
    }
}

/// Checks what Rust callers can get wrong, and numbers that would run for days.
///
/// # Errors
/// Too many searches.
pub fn check_starts(starts: usize) -> Result<()> {
    match starts <= MOST_STARTS {
        true => Ok(()),
        false => Err(Error::option(format!("starts must be at most {MOST_STARTS}, not {starts}"))),
    }
}
