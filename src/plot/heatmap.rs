//! A matrix as coloured cells.

use crate::data::{Matrix, Names};
use crate::error::{Error, Result};

use super::figure::Figure;
use super::paint::ColorScale;
use super::scene::{Axis, HeatmapCells, Panel, Trace};

/// A figure of a matrix: blue above 0 and vermillion below where it has negative entries, pale to blue otherwise.
///
/// Where the diagonal of a symmetric matrix is far larger than everything beside it, as in most precision matrices,
/// the colours span the entries off the diagonal and the figure says so.
///
/// # Errors
/// An empty matrix, or one without a finite number.
pub fn heatmap(matrix: &Matrix, title: Option<&str>) -> Result<Figure> {
    cells(matrix, title, true)
}

/// The same with cells that are as wide and as high as there is room for: of a matrix that is far from square.
///
/// # Errors
/// As [`heatmap`].
pub(super) fn stretched_heatmap(matrix: &Matrix, title: Option<&str>) -> Result<Figure> {
    cells(matrix, title, false)
}

/// A figure of differences: blue above 0, vermillion below and pale at 0, also where all have one sign or none is left. The
/// colours end at `largest`, which figures beside each other share.
///
/// # Errors
/// An empty matrix; no `largest`, since there is no finite number.
pub(super) fn difference_heatmap(differences: &Matrix, title: Option<&str>, largest: Option<f64>) -> Result<Figure> {
    let end = largest.map(|largest| if largest > 0.0 { largest } else { 1.0 });
    painted(differences, title, true, end.map(|end| (ColorScale::Diverging, ([-end, end], String::new()))))
}

/// The largest |entry|; `None` without a finite number.
pub(super) fn largest_entry(matrix: &Matrix) -> Option<f64> {
    range(matrix, |_, _| true).map(|[low, high]| low.abs().max(high.abs()))
}

fn cells(matrix: &Matrix, title: Option<&str>, equal: bool) -> Result<Figure> {
    let scale = range(matrix, |_, _| true).map(|[low, _]| match low < 0.0 {
        true => ColorScale::Diverging,
        false => ColorScale::Sequential,
    });
    painted(matrix, title, equal, scale.and_then(|scale| Some((scale, colors(matrix, scale)?))))
}

/// A scale, the numbers at both ends of its colours, and what to say about them.
type Coloring = (ColorScale, ([f64; 2], String));

/// Cells in these colours; there are none without a finite number.
fn painted(matrix: &Matrix, title: Option<&str>, equal: bool, coloring: Option<Coloring>) -> Result<Figure> {
    if matrix.rows() == 0 || matrix.cols() == 0 {
        return Err(Error::shape(format!("a heatmap of {} x {} has no cells", matrix.rows(), matrix.cols())));
    }
    let Some((scale, (bounds, note))) = coloring else {
        return Err(Error::data("a heatmap needs finite numbers, this matrix has none"));
    };
    let cells = HeatmapCells {
        values: matrix.clone(),
        rows: labels(matrix.row_names(), matrix.rows()),
        columns: labels(matrix.names(), matrix.cols()),
        scale,
        bounds,
        note,
    };
    let panel = Panel {
        traces: vec![Trace::Heatmap(cells)],
        x: Axis::linear(""),
        y: Axis::linear(""),
        equal,
        summary: format!("heatmap, {} x {}", matrix.rows(), matrix.cols()),
        ..Panel::default()
    };
    Ok(Figure::new(title, panel))
}

/// The numbers at both ends of the colours, and what to say about them; `None` without a finite number.
fn colors(matrix: &Matrix, scale: ColorScale) -> Option<([f64; 2], String)> {
    let clipped = dominant_diagonal(matrix);
    let [low, high] = clipped.or_else(|| range(matrix, |_, _| true))?;
    let bounds = match scale {
        ColorScale::Diverging => [-low.abs().max(high.abs()), low.abs().max(high.abs())],
        ColorScale::Sequential if high > low => [if low > 0.5 * high { low } else { 0.0 }, high],
        ColorScale::Sequential => [low - 0.5, high + 0.5],
    };
    Some((bounds, if clipped.is_some() { "off-diagonal".into() } else { String::new() }))
}

/// The same cells with colours that span their numbers, where these differ.
pub(super) fn recolored(cells: HeatmapCells) -> HeatmapCells {
    match colors(&cells.values, cells.scale) {
        Some((bounds, note)) if bounds[0] < bounds[1] => HeatmapCells { bounds, note, ..cells },
        _ => cells,
    }
}

fn labels(names: Option<&Names>, count: usize) -> Vec<String> {
    match names {
        Some(names) => names.as_slice().to_vec(),
        None => (0..count).map(|i| i.to_string()).collect(),
    }
}

/// The smallest and the largest finite number among the entries that `wanted` picks.
fn range(matrix: &Matrix, wanted: impl Fn(usize, usize) -> bool) -> Option<[f64; 2]> {
    let view = matrix.view();
    let picked = view.indexed_iter().filter(|((i, j), value)| value.is_finite() && wanted(*i, *j));
    picked.fold(None, |found, (_, &value)| {
        let [low, high] = found.unwrap_or([value, value]);
        Some([value.min(low), value.max(high)])
    })
}

/// The range of what is not on the diagonal, where the diagonal would leave it without colour.
fn dominant_diagonal(matrix: &Matrix) -> Option<[f64; 2]> {
    let view = matrix.view();
    let symmetric = matrix.rows() == matrix.cols()
        && view.indexed_iter().all(|((i, j), value)| (value - view[(j, i)]).abs() <= 1e-9 * value.abs().max(1.0));
    if !symmetric {
        return None;
    }
    let largest = |[low, high]: [f64; 2]| low.abs().max(high.abs());
    let beside = range(matrix, |i, j| i != j).filter(|&beside| largest(beside) > 0.0)?;
    let diagonal = largest(range(matrix, |i, j| i == j)?);
    (diagonal > 1.5 * largest(beside)).then_some(beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(rows: &[Vec<f64>]) -> HeatmapCells {
        let figure = heatmap(&Matrix::from_rows(rows).unwrap(), None).unwrap();
        match &figure.scene().panels[0].traces[0] {
            Trace::Heatmap(cells) => cells.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn colours_are_centred_at_zero_and_not_flattened_by_the_diagonal() {
        let precision = drawn(&[vec![9.0, -0.3], vec![-0.3, 9.0]]);
        assert_eq!((precision.scale, precision.bounds), (ColorScale::Diverging, [-0.3, 0.3]));
        assert_eq!(precision.note, "off-diagonal");
        assert_eq!(drawn(&[vec![1.0, -2.0]]).bounds, [-2.0, 2.0]);
        assert_eq!(drawn(&[vec![0.0, 2.0]]).scale, ColorScale::Sequential);
    }

    #[test]
    fn differences_are_pale_where_there_is_none() {
        for (entry, end) in [(0.0, 1.0), (2.0, 2.0)] {
            let matrix = Matrix::from_rows(&[vec![0.0, entry]]).unwrap();
            let figure = difference_heatmap(&matrix, None, largest_entry(&matrix)).unwrap();
            let Trace::Heatmap(cells) = &figure.scene().panels[0].traces[0] else { panic!("cells") };
            assert_eq!((cells.scale, cells.bounds), (ColorScale::Diverging, [-end, end]));
        }
    }

    #[test]
    fn nothing_to_show_is_an_error() {
        assert!(heatmap(&Matrix::from_rows(&[vec![f64::NAN]]).unwrap(), None).is_err());
    }
}
