//! What every combination of two penalties of a joint fit was worth.

use crate::data::{Column, Matrix, Names, Table, number};
use crate::error::{Error, Result};
use crate::model::JointFit;
use crate::value::Value;

use super::figure::Figure;
use super::heatmap::stretched_heatmap;

/// A figure of the criterion over lambda (rows) and the second penalty (columns), with those that were chosen in its
/// title.
///
/// # Errors
/// A joint fit of a method that chooses no two penalties; one whose penalties were given.
pub fn penalty_choice(joint: &JointFit, title: Option<&str>) -> Result<Figure> {
    let table = joint.added("criteria")?.object::<Table>();
    let table = table.ok_or_else(|| Error::internal("the criteria of a joint fit are no table"))?;
    let [lambdas, seconds, criteria] = columns(table)?;
    if !criteria.iter().any(|value| value.is_finite()) || lambdas.iter().any(|value| value.is_nan()) {
        return Err(Error::data("there was nothing to choose: this joint fit has one combination of penalties")
            .with_hint("give a rule instead of numbers, `lambda: \"ebic\"`"));
    }
    let second = table.names().as_slice()[1].clone();
    let (rows, cols) = (distinct(lambdas), distinct(seconds));
    let value = |i: usize, j: usize| {
        let at = (0..criteria.len()).find(|&k| lambdas[k] == rows[i] && seconds[k] == cols[j]);
        at.map_or(f64::NAN, |k| criteria[k])
    };
    let names = |what: &str, values: &[f64]| {
        let short: Vec<String> = values.iter().map(|value| format!("{what} {}", number(*value))).collect();
        // To the last digit where two are nearly the same.
        let is_clear = short.iter().enumerate().all(|(i, text)| !short[..i].contains(text));
        let long = || values.iter().map(|value| format!("{what} {value}")).collect();
        Names::new(if is_clear { short } else { long() }, "penalties")
    };
    let surface = Matrix::from_fn(rows.len(), cols.len(), value)
        .with_row_names(Some(names("lambda", &rows)?))?
        .with_names(Some(names(&second, &cols)?))?;
    let chosen = |name: &str| joint.added(name).ok().and_then(Value::as_number).map(number).unwrap_or_default();
    let own = format!("chosen: lambda {}, {second} {}", chosen("lambda"), chosen(&second));
    stretched_heatmap(&surface, Some(title.unwrap_or(&own)))
}

/// The columns of both penalties and of the criterion.
fn columns(table: &Table) -> Result<[&[f64]; 3]> {
    let numbers = |position: usize| match table.column_at(position) {
        Column::Numbers(numbers) => Ok(numbers.as_slice()),
        Column::Texts(_) => Err(Error::internal("the criteria of a joint fit have texts for numbers")),
    };
    if table.cols() < 3 {
        return Err(Error::internal("the criteria of a joint fit lack columns"));
    }
    Ok([numbers(0)?, numbers(1)?, numbers(2)?])
}

/// The numbers that occur, ascending.
fn distinct(numbers: &[f64]) -> Vec<f64> {
    let mut numbers = numbers.to_vec();
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
    numbers
}
