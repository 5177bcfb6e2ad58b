//! What data must be before a method sees them: enough rows, usable numbers, columns that vary or are known not to.

use crate::data::prepare::non_finite_hint;
use crate::data::{Matrix, column_labels as labels};
use crate::error::{Error, Result};

/// Fails without columns, and with fewer than two rows.
pub(super) fn check_size(x: &Matrix) -> Result<()> {
    if x.cols() == 0 || x.rows() == 0 {
        return Err(Error::data(format!("there is no data: {} rows, {} columns", x.rows(), x.cols())));
    }
    if x.rows() < 2 {
        return Err(Error::data("one sample does not show how variables vary")
            .with_hint("rows are samples, columns are variables: perhaps transpose with .t"));
    }
    Ok(())
}

/// Fails where a value is missing or infinite.
pub(super) fn check_finite(x: &Matrix) -> Result<()> {
    let Some(place) = x.first_non_finite() else { return Ok(()) };
    let hint = non_finite_hint(&place);
    Err(Error::data(format!("the data has {place}")).with_hint(match place.starts_with("NaN") {
        true => format!("{hint}, `missing: \"pairwise\"` or `\"em\"` takes them where a method has that option"),
        false => hint.into(),
    }))
}

/// Fails where a value is infinite; missing ones may be there.
pub(super) fn check_not_infinite(x: &Matrix) -> Result<()> {
    // What stands before it may be missing, and is no matter here.
    check_finite(&x.map(|value| if value.is_nan() { 0.0 } else { value }))
}

/// The columns without any value, ascending.
pub(super) fn empty_columns(x: &Matrix) -> impl Iterator<Item = usize> + '_ {
    (0..x.cols()).filter(move |&j| present(x, j).next().is_none())
}

/// The values of a column that are there.
fn present(x: &Matrix, j: usize) -> impl Iterator<Item = f64> + '_ {
    (0..x.rows()).map(move |i| x.row_slice(i)[j]).filter(|value| !value.is_nan())
}

/// The columns whose values, where they are there, are all equal; ascending. Row by row, as they lie in memory: of thousands
/// of genes in thousands of cells many may be all 0.
pub(super) fn constant_columns(x: &Matrix) -> impl Iterator<Item = usize> {
    // NaN until there is a value.
    let mut first = vec![f64::NAN; x.cols()];
    let mut left: Vec<usize> = (0..x.cols()).collect();
    for i in 0..x.rows() {
        let row = x.row_slice(i);
        left.retain(|&j| {
            if first[j].is_nan() {
                first[j] = row[j];
            }
            row[j].is_nan() || row[j] == first[j]
        });
        if left.is_empty() {
            break;
        }
    }
    left.into_iter()
}

/// Fails where the values of a column that are there are all equal.
pub(super) fn check_varying(x: &Matrix) -> Result<()> {
    let Some(j) = constant_columns(x).next() else { return Ok(()) };
    let count = present(x, j).count();
    let gaps = match count < x.rows() {
        true => format!(" where it is there: {count} of {} rows", x.rows()),
        false => String::new(),
    };
    Err(Error::data(format!("column {} is constant{gaps}", x.column_label(j)))
        .with_hint("a constant has no edges: leave such columns out with drop_constant()"))
}

/// What the user should know about constant columns of `x`; nothing where there are none.
pub(super) fn warn_of_constants(x: &Matrix, constant: &[usize]) -> Option<String> {
    match constant.len() {
        0 => None,
        1 => {
            Some(format!("column {} is constant and has no edges: drop_constant() leaves it out", labels(x, constant)))
        }
        count => Some(format!(
            "{count} of {} columns are constant and have no edges ({}): drop_constant() leaves them out",
            x.cols(),
            labels(x, constant)
        )),
    }
}

/// The same about columns without any value.
pub(super) fn warn_of_empty(x: &Matrix, empty: &[usize]) -> Option<String> {
    match empty.len() {
        0 => None,
        1 => Some(format!("column {} has no value at all", labels(x, empty))),
        count => Some(format!("{count} of {} columns have no value at all ({})", x.cols(), labels(x, empty))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_columns_are_counted_and_the_first_few_named() {
        let x = Matrix::from_fn(3, 9, |i, j| if j == 4 { i as f64 } else { j as f64 });
        let constant: Vec<usize> = constant_columns(&x).collect();
        assert_eq!(constant, [0, 1, 2, 3, 5, 6, 7, 8]);
        let none = f64::NAN;
        let gaps = [[none, none, 0.0, none], [3.0, 3.0, -0.0, none], [none, 4.0, 0.0, none]].map(|row| row.to_vec());
        assert_eq!(constant_columns(&Matrix::from_rows(&gaps).unwrap()).collect::<Vec<_>>(), [0, 2, 3]);
        let warning = warn_of_constants(&x, &constant).unwrap();
        assert!(warning.starts_with("8 of 9 columns are constant"), "{warning}");
        assert!(warning.contains("(0, 1, 2, 3, 5 and 3 more)"), "{warning}");
        assert!(warn_of_constants(&x, &[7]).unwrap().starts_with("column 7 is constant and"));
        assert_eq!(warn_of_constants(&x, &[]), None);
    }
}
