//! Which cell type turns into which.

use crate::data::Matrix;
use crate::error::{Error, Result};

/// The parent of every cell type with the share that turns into it; none for roots.
pub(super) fn parents(bifurcation: &Matrix, types: usize) -> Result<Vec<Option<(usize, f64)>>> {
    let shares = bifurcation.view();
    if shares.dim() != (types, types) {
        return Err(Error::shape(format!(
            "option 'bifurcation' is {} x {}, there are {types} cell types",
            shares.nrows(),
            shares.ncols()
        ))
        .with_hint("one row and one column each; without rates and `cell_types` the matrix says how many there are"));
    }
    if let Some(((from, to), share)) = shares.indexed_iter().find(|(_, share)| !(0.0..=1.0).contains(*share)) {
        return Err(Error::option(format!(
            "option 'bifurcation': the share of type {from} that turns into {to} is {share}"
        ))
        .with_hint("shares are numbers from 0 to 1"));
    }
    let mut parents = vec![None; types];
    for to in 0..types {
        let from: Vec<usize> = (0..types).filter(|&from| shares[(from, to)] > 0.0).collect();
        match from.as_slice() {
            [] => {}
            [parent] if *parent != to => parents[to] = Some((*parent, shares[(*parent, to)])),
            [_] => return Err(Error::option(format!("option 'bifurcation': cell type {to} turns into itself"))),
            _ => {
                return Err(Error::option(format!("option 'bifurcation': cell type {to} has the parents {from:?}"))
                    .with_hint("a cell type has one parent at most: one number above 0 in its column"));
            }
        }
    }
    // A way from child to parent that is longer than there are types goes in a circle.
    let is_rooted = |start: usize| {
        let ways = std::iter::successors(Some(start), |&at| parents[at].map(|(parent, _)| parent));
        ways.take(types + 1).count() <= types
    };
    match (0..types).find(|&start| !is_rooted(start)) {
        Some(start) => Err(Error::option(format!("option 'bifurcation': cell type {start} descends from itself"))),
        None => Ok(parents),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_one_parent_and_no_circle() {
        let matrix =
            |rows: &[[f64; 3]]| Matrix::from_rows(&rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>()).unwrap();
        let chain = matrix(&[[0.0, 0.2, 0.0], [0.0, 0.0, 0.3], [0.0; 3]]);
        assert_eq!(parents(&chain, 3).unwrap(), [None, Some((0, 0.2)), Some((1, 0.3))]);
        for (rows, part) in [
            ([[0.0, 0.2, 0.0], [0.0, 0.0, 0.3], [0.1, 0.0, 0.0]], "descends from itself"),
            ([[0.0, 0.2, 0.0], [0.0; 3], [0.0, 0.1, 0.0]], "has the parents [0, 2]"),
            ([[0.5, 0.0, 0.0], [0.0; 3], [0.0; 3]], "turns into itself"),
            ([[0.0, 1.5, 0.0], [0.0; 3], [0.0; 3]], "is 1.5"),
        ] {
            let error = parents(&matrix(&rows), 3).unwrap_err();
            assert!(error.message().contains(part), "{error}");
        }
        assert!(parents(&chain, 2).unwrap_err().message().contains("3 x 3"));
    }
}
