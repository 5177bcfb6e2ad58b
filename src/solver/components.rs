//! Exact screening: the graphical lasso falls apart into the connected components of |S_ij| > Lambda_ij.
//!
//! Witten, Friedman, Simon, JCGS 20:892 (2011); Mazumder, Hastie, JMLR 13:781 (2012). Holds for matrices of penalties too.

use ndarray::ArrayView2;

use crate::graph::analysis::UnionFind;
use crate::problem::L1;

/// The components, largest first.
pub fn components(s: ArrayView2<'_, f64>, penalty: &L1) -> Vec<Vec<usize>> {
    let p = s.nrows();
    let mut union = UnionFind::new(p);
    for i in 0..p {
        for j in 0..i {
            if s[(i, j)].abs() > penalty.at(i, j) {
                union.join(i, j);
            }
        }
    }
    union.groups()
}
