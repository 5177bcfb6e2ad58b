//! What every combination of hyper-parameters of a fit was worth.

use crate::data::{Column, Matrix, Names, Table, number};
use crate::error::{Error, Result};
use crate::model::Fit;
use crate::value::Value;

use super::figure::Figure;
use super::heatmap::stretched_heatmap;

/// A figure of the criterion over spikes (rows) and slabs (columns), a panel for every number of blocks. Combinations that
/// were refused, or whose graph has no likelihood, have no colour.
///
/// # Errors
/// A fit of a method without such combinations; none of them with a criterion.
pub fn calibration_surfaces(fit: &Fit) -> Result<Figure> {
    let table = fit.added("calibration")?.object::<Table>();
    let table = table.ok_or_else(|| Error::internal("the calibration of a fit is no table"))?;
    let rows = rows(table)?;
    let chosen = ["spike", "slab"].map(|name| fit.added(name).ok().and_then(Value::as_number));
    let mut figures = Vec::new();
    for count in distinct(rows.iter().map(|row| row.blocks)) {
        let own: Vec<&Row> = rows.iter().filter(|row| row.blocks == count).collect();
        if own.iter().any(|row| row.criterion.is_finite()) {
            let word = if count == 1.0 { "block" } else { "blocks" };
            let mark = match chosen {
                [Some(spike), Some(slab)] if own.iter().any(|row| row.is_chosen) => {
                    format!(", chosen: spike {}, slab {}", number(spike), number(slab))
                }
                _ => String::new(),
            };
            let title = format!("{count} {word}{mark}");
            figures.push(stretched_heatmap(&surface(&own)?, Some(title.as_str()))?);
        }
    }
    match figures.as_slice() {
        [] => Err(Error::data("no combination of this fit has a criterion")),
        [only] => Ok(only.clone()),
        several => Figure::grid(several, None, None),
    }
}

/// One combination.
struct Row {
    blocks: f64,
    spike: f64,
    slab: f64,
    /// NaN where there is none.
    criterion: f64,
    is_chosen: bool,
}

fn rows(table: &Table) -> Result<Vec<Row>> {
    let numbers = |name: &str| match table.column(name)? {
        Column::Numbers(numbers) => Ok(numbers.as_slice()),
        Column::Texts(_) => Err(Error::internal("the calibration of a fit has texts for numbers")),
    };
    let (blocks, spikes, slabs) = (numbers("blocks")?, numbers("spike")?, numbers("slab")?);
    let (criteria, states) = (numbers("criterion")?, table.column("state")?);
    let row = |i: usize| {
        let state = states.label(i);
        let criterion = if state.starts_with("refused") { f64::NAN } else { criteria[i] };
        Row { blocks: blocks[i], spike: spikes[i], slab: slabs[i], criterion, is_chosen: state == "chosen" }
    };
    Ok((0..table.rows()).map(row).collect())
}

/// The numbers that occur, ascending.
fn distinct(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
    numbers
}

/// The criterion, spikes x slabs.
fn surface(rows: &[&Row]) -> Result<Matrix> {
    let (spikes, slabs) = (distinct(rows.iter().map(|row| row.spike)), distinct(rows.iter().map(|row| row.slab)));
    let value = |i: usize, j: usize| {
        let found = rows.iter().find(|row| row.spike == spikes[i] && row.slab == slabs[j]);
        found.map_or(f64::NAN, |row| row.criterion)
    };
    let names = |what: &str, numbers: &[f64]| {
        let short: Vec<String> = numbers.iter().map(|value| format!("{what} {}", number(*value))).collect();
        // To the last digit where two are nearly the same.
        let is_clear = short.iter().enumerate().all(|(i, text)| !short[..i].contains(text));
        let long = || numbers.iter().map(|value| format!("{what} {value}")).collect();
        Names::new(if is_clear { short } else { long() }, "combinations")
    };
    let matrix = Matrix::from_fn(spikes.len(), slabs.len(), value);
    matrix.with_row_names(Some(names("spike", &spikes)?))?.with_names(Some(names("slab", &slabs)?))
}
