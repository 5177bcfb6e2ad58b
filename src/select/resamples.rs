//! Resamples in which a column is constant: they are left out, and the result says so.

use std::collections::BTreeSet;

use crate::data::Matrix;
use crate::error::{Error, Result};

/// What one resample of the rows gave.
pub(super) enum Resampled<R> {
    /// A result.
    Usable(R),
    /// Nothing: this column is constant in its rows, so that there is no variance to divide by.
    Constant(usize),
}

/// Results of fewer resamples cannot be compared.
const LEAST: usize = 2;
/// How many columns a message names.
const NAMED: usize = 3;

/// The first column that is constant in these rows.
pub(super) fn constant_in(x: &Matrix, rows: &[usize]) -> Option<usize> {
    let (&first, others) = rows.split_first()?;
    let first = x.row_slice(first);
    (0..x.cols()).find(|&j| others.iter().all(|&row| x.row_slice(row)[j] == first[j]))
}

/// The results of the resamples that could be used, with a warning where others could not; `what` names them: folds.
///
/// # Errors
/// Fewer than two that could be used.
pub(super) fn usable<R>(results: Vec<Resampled<R>>, x: &Matrix, what: &str) -> Result<(Vec<R>, Option<String>)> {
    let total = results.len();
    let mut kept = Vec::with_capacity(total);
    let mut columns = BTreeSet::new();
    for result in results {
        match result {
            Resampled::Usable(result) => kept.push(result),
            Resampled::Constant(column) => {
                columns.insert(column);
            }
        }
    }
    let left_out = total - kept.len();
    if left_out == 0 {
        return Ok((kept, None));
    }
    let mut labels: Vec<String> = columns.iter().take(NAMED).map(|&column| x.column_label(column)).collect();
    if columns.len() > NAMED {
        labels.push(format!("and {} more", columns.len() - NAMED));
    }
    let labels = format!("column{} {}", if columns.len() == 1 { "" } else { "s" }, labels.join(", "));
    if kept.len() < LEAST {
        let text = format!("{left_out} of {total} {what} cannot be used, a column is constant in each: {labels}");
        return Err(
            Error::data(text).with_hint("leave out columns that hardly vary, or let every resample have more rows")
        );
    }
    Ok((kept, Some(format!("left out {left_out} of {total} {what}, a column is constant in each: {labels}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_resamples_are_named_and_all_of_them_are_an_error() {
        let x = Matrix::from_fn(4, 2, |i, j| if j == 1 { f64::from(i == 3) } else { i as f64 });
        assert_eq!(
            (constant_in(&x, &[0, 2]), constant_in(&x, &[0, 3]), constant_in(&x, &[1, 1])),
            (Some(1), None, Some(0))
        );
        let results = vec![Resampled::Usable('a'), Resampled::Constant(1), Resampled::Usable('b')];
        let (kept, warning) = usable(results, &x, "folds").unwrap();
        assert_eq!(kept, ['a', 'b']);
        assert_eq!(warning.unwrap(), "left out 1 of 3 folds, a column is constant in each: column 1");
        let error = usable(vec![Resampled::Usable(()), Resampled::Constant(0)], &x, "folds").unwrap_err();
        assert!(error.message().contains("1 of 2 folds cannot be used"), "{error}");
    }
}
