//! Resamples of which no S can be made, because a column or a pair does not vary: they are left out, and the result
//! says so.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, ErrorKind, Result};

/// What one resample of the rows gave.
#[derive(Debug, PartialEq)]
pub(super) enum Resampled<R> {
    /// A result.
    Usable(R),
    /// Nothing.
    Flawed(Flaw),
}

/// Why there is nothing to compute in some rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Flaw {
    /// This column is constant where it has a value: there is no variance to divide by.
    Constant(usize),
    /// These columns share fewer than two rows in which both have a value, or one of them is constant there.
    Pair(usize, usize),
}

/// Results of fewer resamples cannot be compared.
const LEAST: usize = 2;
/// How many columns a message names.
const NAMED: usize = 3;

/// What `f` gives for these rows of `x`, unless they are flawed.
///
/// # Errors
/// What `f` reports about other rows.
pub(super) fn attempt<R>(
    x: &Matrix,
    rows: &[usize],
    ctx: &Context,
    f: impl FnOnce() -> Result<R>,
) -> Result<Resampled<R>> {
    match constant_in(x, rows) {
        Some(column) => Ok(Resampled::Flawed(Flaw::Constant(column))),
        None => unless_flawed(f(), x, rows, ctx),
    }
}

/// A result that was computed from these rows of `x`. Only where it is an error about data, a pair of columns is looked
/// for that explains it.
///
/// # Errors
/// The error of the result, where no pair does.
pub(super) fn unless_flawed<R>(result: Result<R>, x: &Matrix, rows: &[usize], ctx: &Context) -> Result<Resampled<R>> {
    match result {
        Ok(result) => Ok(Resampled::Usable(result)),
        Err(error) if error.kind() == ErrorKind::Data => poor_pair(x, rows, ctx)?.map(Resampled::Flawed).ok_or(error),
        Err(error) => Err(error),
    }
}

/// The first column whose values in these rows, where they are there, are all equal.
fn constant_in(x: &Matrix, rows: &[usize]) -> Option<usize> {
    (0..x.cols()).find(|&j| is_constant(x, rows, j))
}

fn is_constant(x: &Matrix, rows: &[usize], column: usize) -> bool {
    let mut values = rows.iter().map(|&row| x.row_slice(row)[column]).filter(|value| !value.is_nan());
    let first = values.next();
    values.all(|value| Some(value) == first)
}

/// The first pair of columns with missing values that does not vary in the rows that it shares.
fn poor_pair(x: &Matrix, rows: &[usize], ctx: &Context) -> Result<Option<Flaw>> {
    let present = |rows: &[usize], j: usize| -> Vec<usize> {
        rows.iter().copied().filter(|&row| !x.row_slice(row)[j].is_nan()).collect()
    };
    for i in 0..x.cols() {
        let own = present(rows, i);
        // Columns without a gap share all rows, in which they vary.
        if own.len() == rows.len() {
            continue;
        }
        for j in (0..x.cols()).filter(|&j| j != i) {
            ctx.check()?;
            let shared = present(&own, j);
            if is_constant(x, &shared, i) || is_constant(x, &shared, j) {
                return Ok(Some(Flaw::Pair(i.min(j), i.max(j))));
            }
        }
    }
    Ok(None)
}

/// The results of the resamples that could be used, with a warning where others could not; `what` names them: folds.
///
/// # Errors
/// Fewer than two that could be used.
pub(super) fn usable<R>(results: Vec<Resampled<R>>, x: &Matrix, what: &str) -> Result<(Vec<R>, Option<String>)> {
    let total = results.len();
    let mut kept = Vec::with_capacity(total);
    let mut flaws = BTreeSet::new();
    for result in results {
        match result {
            Resampled::Usable(result) => kept.push(result),
            Resampled::Flawed(flaw) => {
                flaws.insert(flaw);
            }
        }
    }
    let left_out = total - kept.len();
    if left_out == 0 {
        return Ok((kept, None));
    }
    let why = told(&flaws, x);
    if kept.len() < LEAST {
        return Err(Error::data(format!("{left_out} of {total} {what} cannot be used, {why}")).with_hint(
            "leave out columns that hardly vary or are often missing, or let every resample have more rows",
        ));
    }
    Ok((kept, Some(format!("left out {left_out} of {total} {what}, {why}"))))
}

fn told(flaws: &BTreeSet<Flaw>, x: &Matrix) -> String {
    let (mut columns, mut pairs) = (Vec::new(), Vec::new());
    for flaw in flaws {
        match *flaw {
            Flaw::Constant(column) => columns.push(x.column_label(column)),
            Flaw::Pair(first, second) => {
                pairs.push(format!("{} and {}", x.column_label(first), x.column_label(second)));
            }
        }
    }
    let each = if columns.is_empty() || pairs.is_empty() { " in each" } else { "" };
    let plural = if columns.len() == 1 { "" } else { "s" };
    let parts = [
        (columns, format!("a column is constant{each}: column{plural}")),
        (pairs, format!("two columns share too few different values{each}: columns")),
    ];
    let parts = parts.into_iter().filter(|(labels, _)| !labels.is_empty());
    parts.map(|(labels, text)| format!("{text} {}", some(labels))).collect::<Vec<_>>().join("; ")
}

fn some(mut labels: Vec<String>) -> String {
    let more = labels.len().saturating_sub(NAMED);
    labels.truncate(NAMED);
    if more > 0 {
        labels.push(format!("and {more} more"));
    }
    labels.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: f64 = f64::NAN;

    #[test]
    fn constant_resamples_are_named_and_all_of_them_are_an_error() {
        let x = Matrix::from_fn(4, 2, |i, j| if j == 1 { f64::from(i == 3) } else { i as f64 });
        assert_eq!(
            (constant_in(&x, &[0, 2]), constant_in(&x, &[0, 3]), constant_in(&x, &[1, 1])),
            (Some(1), None, Some(0))
        );
        let flawed = || Resampled::Flawed(Flaw::Constant(1));
        let (kept, warning) =
            usable(vec![Resampled::Usable('a'), flawed(), Resampled::Usable('b')], &x, "folds").unwrap();
        assert_eq!(kept, ['a', 'b']);
        assert_eq!(warning.unwrap(), "left out 1 of 3 folds, a column is constant in each: column 1");
        let error = usable(vec![Resampled::Usable('a'), flawed()], &x, "folds").unwrap_err();
        assert!(error.message().contains("1 of 2 folds cannot be used"), "{error}");
        let both = BTreeSet::from([Flaw::Pair(0, 1), Flaw::Constant(1)]);
        assert_eq!(
            told(&both, &x),
            "a column is constant: column 1; two columns share too few different values: columns 0 and 1"
        );
    }

    #[test]
    fn only_values_that_are_there_count() {
        let x =
            Matrix::from_rows(&[vec![1.0, 5.0, NONE], vec![2.0, NONE, 1.0], vec![3.0, 5.0, 2.0], vec![NONE, 6.0, 3.0]])
                .unwrap();
        let ctx = Context::new();
        assert_eq!((constant_in(&x, &[0, 1, 2]), constant_in(&x, &[0, 3])), (Some(1), Some(0)));
        let failed = |rows: &[usize]| unless_flawed(Err::<(), _>(Error::data("failed")), &x, rows, &ctx);
        // Columns 0 and 1 share two rows, in which column 1 is constant.
        assert_eq!(failed(&[0, 1, 2, 3]).unwrap(), Resampled::Flawed(Flaw::Pair(0, 1)));
        assert_eq!(unless_flawed(Ok(7), &x, &[0, 1, 2, 3], &ctx).unwrap(), Resampled::Usable(7));
        let complete = Matrix::from_fn(4, 2, |i, j| (i * (j + 1)) as f64);
        let error = unless_flawed(Err::<(), _>(Error::data("failed")), &complete, &[0, 1, 2], &ctx).unwrap_err();
        assert_eq!(error.message(), "failed");
        assert!(unless_flawed(Err::<(), _>(Error::option("other")), &x, &[0, 1, 2, 3], &ctx).is_err());
    }
}
