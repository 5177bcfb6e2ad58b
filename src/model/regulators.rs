//! The option `regulators`: which variables act on others.

use crate::data::{Names, Selector};
use crate::error::{Error, Result, nearest};
use crate::options::{Kind, Opt, Options, Preset};
use crate::value::Value;

/// The option of methods that regress variables on regulators.
pub const OPTION: Opt = Opt::new(
    "regulators",
    &[Kind::List],
    Preset::Unset("all columns"),
    "Columns that act on others, a list of names or positions",
);

/// What the option lists, by name or position; none where it is not given.
///
/// # Errors
/// Items that are neither a name nor a whole number.
pub fn given(options: &Options) -> Result<Option<Vec<Selector>>> {
    match options.get(OPTION.name) {
        Some(Value::List(list)) => selectors(&place(), list).map(Some),
        _ => Ok(None),
    }
}

/// Where the list of the option stands, for messages.
fn place() -> String {
    format!("option '{}'", OPTION.name)
}

/// Names and positions of a list; `place` says in messages where it stands.
///
/// # Errors
/// Items that are neither a name nor a whole number.
pub(super) fn selectors(place: &str, list: &[Value]) -> Result<Vec<Selector>> {
    let selector = |item: &Value| match item {
        Value::Text(name) => Ok(Selector::Name(name.clone())),
        Value::Int(position) => Ok(Selector::Position(*position)),
        Value::Float(position) if position.fract() == 0.0 => Ok(Selector::Position(*position as i64)),
        other => Err(Error::option(format!("{place} lists names or positions, one of them is {}", other.brief()))),
    };
    list.iter().map(selector).collect()
}

/// The positions that a list stands for among variables of these names, in its order. `what` (node, column) and
/// `without`, what happens without the option, are for messages.
///
/// # Errors
/// An empty list, an unknown name with the nearest one, a position out of range, regulators that occur twice.
pub fn positions(list: &[Selector], names: &Names, what: &str, without: &str) -> Result<Vec<usize>> {
    positions_at(&place(), list, names, what, &format!("without the option, {without}"))
}

/// The same of a list that stands at `place`; `without` says what can be done instead of an empty one.
///
/// # Errors
/// As [`positions`].
pub(super) fn positions_at(
    place: &str,
    list: &[Selector],
    names: &Names,
    what: &str,
    without: &str,
) -> Result<Vec<usize>> {
    check_names(place, list, names, what)?;
    let mut positions = Vec::with_capacity(list.len());
    for selector in list {
        let picked = selector.pick(names.len(), Some(names), what).map_err(|error| error.at(place))?;
        positions.extend_from_slice(picked.positions());
    }
    if positions.is_empty() {
        return Err(Error::option(format!("{place} is an empty list")).with_hint(without));
    }
    let mut seen = vec![false; names.len()];
    if let Some(&again) = positions.iter().find(|&&position| std::mem::replace(&mut seen[position], true)) {
        return Err(Error::option(format!("{place} has '{}' twice", names.get(again)))
            .with_hint("name every regulator once, by its name or its position"));
    }
    Ok(positions)
}

/// As many names are listed in a message.
const LISTED: usize = 3;

/// Fails where several names are unknown; one alone has a message of its own.
fn check_names(place: &str, list: &[Selector], names: &Names, what: &str) -> Result<()> {
    let named = list.iter().filter_map(|selector| match selector {
        Selector::Name(name) => Some(name.as_str()),
        _ => None,
    });
    let unknown: Vec<&str> = named.filter(|name| names.find(name).is_none()).collect();
    if unknown.len() < 2 {
        return Ok(());
    }
    let shown = unknown.iter().take(LISTED).map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    let more = if unknown.len() > LISTED { ", ..." } else { "" };
    let message = format!(
        "{place}: no {what} has the name of {} of the {} regulators ({shown}{more})",
        unknown.len(),
        list.len()
    );
    // Lists of all regulators of an organism are common, spelling mistakes in all names too.
    let near: Vec<String> = unknown
        .iter()
        .filter_map(|name| nearest(name, names.iter()).map(|near| format!("'{near}' for '{name}'")))
        .take(LISTED)
        .collect();
    let keep = "tfs.filter(|name| x.names.contains(name)) keeps those of a list that are there";
    Err(Error::name(message).with_hint(match near.is_empty() {
        true => keep.into(),
        false => format!("perhaps {}; {keep}", near.join(", ")),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn resolve(list: &[Selector]) -> Result<Vec<usize>> {
        let names = Names::new(["gata1", "spi1", "fli1"].map(String::from).to_vec(), "columns").unwrap();
        positions(list, &names, "column", "all columns are regulators")
    }

    #[test]
    fn names_and_positions_keep_their_order() {
        let list = [Selector::Name("fli1".into()), Selector::Position(0), Selector::Position(-2)];
        assert_eq!(resolve(&list).unwrap(), [2, 0, 1]);
    }

    #[test]
    fn wrong_lists_say_what_is_wrong() {
        let unknown = resolve(&[Selector::Name("gata2".into())]).unwrap_err();
        assert_eq!(unknown.message(), "option 'regulators': no column is called 'gata2'");
        assert_eq!(unknown.hint(), Some("did you mean 'gata1'?"));
        let list = ["SPI1", "Gata1", "brca2", "tp53"].map(|name| Selector::Name(name.into()));
        let unknown = resolve(&list).unwrap_err();
        let expected =
            "option 'regulators': no column has the name of 4 of the 4 regulators ('SPI1', 'Gata1', 'brca2', ...)";
        assert_eq!(unknown.message(), expected);
        assert!(
            unknown.hint().is_some_and(|hint| hint.starts_with("perhaps 'spi1' for 'SPI1', 'gata1' for 'Gata1'; tfs"))
        );
        assert_eq!(resolve(&[Selector::Position(3)]).unwrap_err().kind(), ErrorKind::Index);
        let empty = resolve(&[]).unwrap_err();
        assert_eq!(empty.message(), "option 'regulators' is an empty list");
        assert_eq!(empty.hint(), Some("without the option, all columns are regulators"));
        let twice = resolve(&[Selector::Name("spi1".into()), Selector::Position(0), Selector::Position(1)]);
        assert_eq!(twice.unwrap_err().message(), "option 'regulators' has 'spi1' twice");
    }
}
