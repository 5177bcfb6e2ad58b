//! Data sets that come with sinew.

use super::{CsvOptions, Table, parse_table};

use crate::context::Context;
use crate::error::{Error, Result};

/// A data set that comes with sinew.
#[derive(Debug)]
pub struct Example {
    /// What `example(name)` takes.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// Where it comes from and under which terms.
    pub source: &'static str,
    bytes: &'static [u8],
}

/// Every data set, in order of name.
pub const EXAMPLES: &[Example] = &[
    Example {
        name: "sachs",
        summary: "7466 cells x 11 phosphoproteins and phospholipids by flow cytometry; rows 0 to 852 are unperturbed",
        source: "Sachs, Perez, Pe'er, Lauffenburger, Nolan, Science 308:523 (2005); as in PyPI's cdt 0.6.0 (Apache-2.0)",
        bytes: include_bytes!("examples/sachs.csv"),
    },
    Example {
        name: "sachs_edges",
        summary: "the 18 accepted causal edges between the 11 molecules of \"sachs\" (columns Cause and Effect)",
        source: "Sachs, Perez, Pe'er, Lauffenburger, Nolan, Science 308:523 (2005); as in PyPI's cdt 0.6.0 (Apache-2.0)",
        bytes: include_bytes!("examples/sachs_edges.csv"),
    },
];

/// The data set called `name`.
///
/// # Errors
/// An unknown name.
pub fn example(name: &str, ctx: &Context) -> Result<Table> {
    let names = EXAMPLES.iter().map(|example| example.name);
    let found = EXAMPLES.iter().find(|example| example.name == name).ok_or_else(|| {
        let list = names.clone().collect::<Vec<_>>().join(", ");
        Error::name(format!("no example data is called '{name}'")).with_hint(format!("there is {list}"))
    })?;
    parse_table(found.bytes, &CsvOptions::default(), ctx)
}
