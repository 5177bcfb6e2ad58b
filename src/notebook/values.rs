//! Matrices, vectors, masks and tables.

use super::grid::{Cell, Grid, Tint};
use super::markup::line;
use crate::data::{Column, Groups, Mask, Matrix, Names, SparseMatrix, Table, Vector, significant};

/// The name at a position, or the position.
fn name_at(names: Option<&Names>, position: usize) -> String {
    names.map_or_else(|| position.to_string(), |names| names.get(position).to_string())
}

pub(super) fn matrix(m: &Matrix) -> String {
    let row_name = |i: usize| name_at(m.row_names(), i);
    let grid = Grid {
        rows: m.rows(),
        cols: m.cols(),
        heading: &|j: usize| name_at(m.names(), j),
        row_name: Some(&row_name),
        cell: &|i: usize, j: usize| Cell::Number(m.view()[(i, j)]),
        tint: Tint::Whole,
    };
    line(&format!("{} x {} Matrix", m.rows(), m.cols())) + grid.html().as_str()
}

pub(super) fn sparse_matrix(x: &SparseMatrix) -> String {
    let row_name = |i: usize| name_at(x.row_names(), i);
    let grid = Grid {
        rows: x.rows(),
        cols: x.cols(),
        heading: &|j: usize| name_at(x.names(), j),
        row_name: Some(&row_name),
        cell: &|i: usize, j: usize| Cell::Number(x.at(i, j)),
        tint: Tint::Whole,
    };
    let density = significant(x.density(), 3);
    line(&format!("{} x {} SparseMatrix, {} not 0, density {density}", x.rows(), x.cols(), x.nnz()))
        + grid.html().as_str()
}

pub(super) fn vector(v: &Vector) -> String {
    let grid = Grid {
        rows: 1,
        cols: v.len(),
        heading: &|j: usize| name_at(v.names(), j),
        row_name: None,
        cell: &|_: usize, j: usize| Cell::Number(v.as_slice()[j]),
        tint: Tint::Whole,
    };
    line(&format!("Vector of {}", v.len())) + grid.html().as_str()
}

pub(super) fn mask(mask: &Mask) -> String {
    let (rows, cols) = mask.shape().unwrap_or((1, mask.as_slice().len()));
    let row_name: &dyn Fn(usize) -> String = &|i: usize| i.to_string();
    let grid = Grid {
        rows,
        cols,
        heading: &|j: usize| j.to_string(),
        row_name: mask.shape().is_some().then_some(row_name),
        cell: &|i: usize, j: usize| Cell::Flag(mask.as_slice()[i * cols + j]),
        tint: Tint::Off,
    };
    line(&mask.to_string()) + grid.html().as_str()
}

pub(super) fn table(table: &Table) -> String {
    let row_name = |i: usize| name_at(table.row_names(), i);
    let grid = Grid {
        rows: table.rows(),
        cols: table.cols(),
        heading: &|j: usize| table.names().get(j).to_string(),
        row_name: Some(&row_name),
        cell: &|i: usize, j: usize| match table.column_at(j) {
            Column::Numbers(values) => Cell::Number(values[i]),
            Column::Texts(values) => Cell::Text(values[i].clone()),
        },
        tint: Tint::Columns,
    };
    line(&format!("{} x {} Table", table.rows(), table.cols())) + grid.html().as_str()
}

pub(super) fn groups(groups: &Groups) -> String {
    let counts = groups.count().map_or_else(|_| String::new(), |counts| table(&counts));
    line(&groups.to_string()) + counts.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;

    #[test]
    fn sizes_stand_above_and_missing_values_are_pale() {
        let html = matrix(&Matrix::from_fn(1000, 100, |i, j| if i + j == 0 { f64::NAN } else { -0.123_456 }));
        assert!(html.contains(">1000 x 100 Matrix<") && html.contains("pale\">NaN<") && html.contains(">-0.1235<"));
        assert!(html.len() < 40_000, "{}", html.len());
        let x = SparseMatrix::from_triplets(50_000, 9000, [(49_999, 8999, 7.0)], &Context::new()).unwrap();
        let html = sparse_matrix(&x);
        assert!(html.contains("50000 x 9000 SparseMatrix, 1 not 0") && html.contains(">7<"), "{html}");
        assert!(vector(&Vector::from(vec![1.0, 2.0])).contains("Vector of 2"));
        assert!(vector(&Vector::from(Vec::<f64>::new())).contains("Vector of 0"));
        let mask = mask(&Mask::matrix(2, 2, vec![true, false, false, false]));
        assert!(mask.contains("Mask 2 x 2, 1 true") && mask.matches(">false<").count() == 3);
    }

    #[test]
    fn columns_of_a_table_have_their_own_colours() {
        let columns = vec![
            ("<b>".to_string(), Column::texts(vec!["<i>".into(), String::new()])),
            ("small".to_string(), Column::numbers(vec![-0.1, 0.0])),
            ("large".to_string(), Column::numbers(vec![1e6, f64::NAN])),
        ];
        let all = Table::new(columns, None).unwrap();
        let html = table(&all);
        assert!(html.contains("2 x 3 Table") && html.contains("&lt;b&gt;") && html.contains("&lt;i&gt;"));
        assert!(!html.contains("<b>") && !html.contains("<i>"));
        assert_eq!(html.matches("0.45)").count(), 2, "{html}");
    }
}
