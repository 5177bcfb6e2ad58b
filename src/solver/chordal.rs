//! The graphical lasso where every pair is free or forbidden and the free pairs are the edges of a chordal graph: the
//! maximum of the likelihood (Dempster, Biometrics 28:157, 1972) has a closed form (Lauritzen, Graphical Models, 1996,
//! section 5.3).
//!
//! In an order of the nodes in which the earlier neighbours of each are all linked, Theta is (I - B)' D^-1 (I - B), where
//! row v of B are the coefficients of v on its earlier neighbours and D_vv is what they leave of its variance. Work in
//! O(sum_v d_v^3), for d_v earlier neighbours, and O(p^2 d) for W, the inverse of Theta.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use ndarray::{Array2, ArrayView2, Axis};

use crate::context::Context;
use crate::error::Result;
use crate::linalg::{Cholesky, SparseSymmetric, axpy};
use crate::problem::L1;

/// A regression that leaves no more than this share of a variance leaves it to rounding.
const LEAST: f64 = 1e-12;

/// A node and its neighbours that come before it.
type Step = (usize, Vec<usize>);

/// Theta and W; `None` where some pair is neither free nor forbidden, the graph is not chordal, or a clique of it has a
/// covariance that is singular in double precision.
///
/// # Errors
/// Cancellation; memory.
pub(super) fn closed_form(
    s: ArrayView2<'_, f64>,
    penalty: &L1,
    ctx: &Context,
) -> Result<Option<(SparseSymmetric, Array2<f64>)>> {
    let p = s.nrows();
    let Some(neighbors) = free_pairs(penalty) else { return Ok(None) };
    let Some(order) = perfect_order(&neighbors) else { return Ok(None) };
    let _held = ctx.reserve_matrices(3, p, p)?;
    let scale: Vec<f64> = s.diag().iter().map(|variance| variance.sqrt()).collect();
    let correlation = |i: usize, j: usize| s[(i, j)] / scale[i] / scale[j];
    let mut place = vec![0; p];
    order.iter().enumerate().for_each(|(t, (node, _))| place[*node] = t);
    // Both in units of the standard deviations; W in the order of the nodes.
    let mut theta = Array2::<f64>::zeros((p, p));
    let mut w = vec![0.0; p * p];
    for (t, (node, parents)) in order.iter().enumerate() {
        ctx.check()?;
        let Some((coefficients, left)) = regression(&correlation, *node, parents, ctx)? else { return Ok(None) };
        add_regression(&mut theta, *node, parents, &coefficients, left);
        let (done, rest) = w.split_at_mut(t * p);
        let line = &mut rest[..p];
        for (&parent, &coefficient) in parents.iter().zip(&coefficients) {
            let start = place[parent] * p;
            axpy(coefficient, &done[start..start + t], &mut line[..t]);
        }
        parents.iter().for_each(|&parent| line[place[parent]] = correlation(*node, parent));
        line[t] = 1.0;
        for (row, &value) in done.chunks_exact_mut(p).zip(line.iter()) {
            row[t] = value;
        }
    }
    let mut covariance = Array2::from_shape_fn((p, p), |(i, j)| w[place[i] * p + place[j]] * scale[i] * scale[j]);
    let mut upper = Vec::new();
    for (i, own) in neighbors.iter().enumerate() {
        covariance[(i, i)] = s[(i, i)];
        for &j in own {
            covariance[(i, j)] = s[(i, j)];
            let value = theta[(i, j)] / scale[i] / scale[j];
            if i < j && value != 0.0 {
                upper.push((i as u32, j as u32, value));
            }
        }
    }
    let diagonal = (0..p).map(|i| theta[(i, i)] / scale[i] / scale[i]).collect();
    Ok(Some((SparseSymmetric::from_upper(diagonal, &upper), covariance)))
}

/// The neighbours of every node along free pairs, ascending; `None` where some penalty is neither 0 nor infinite.
fn free_pairs(penalty: &L1) -> Option<Vec<Vec<usize>>> {
    let L1::Matrix(lambda) = penalty else { return None };
    let own = |(i, row): (usize, ndarray::ArrayView1<'_, f64>)| {
        let is_plain = row.iter().enumerate().all(|(j, &bound)| bound == 0.0 || (i != j && bound == f64::INFINITY));
        let free = row.iter().enumerate().filter(|&(j, &bound)| i != j && bound == 0.0);
        is_plain.then(|| free.map(|(j, _)| j).collect::<Vec<usize>>())
    };
    lambda.axis_iter(Axis(0)).enumerate().map(own).collect()
}

/// The nodes in an order in which the earlier neighbours of each are all linked; `None` where the graph is not chordal
/// (maximum cardinality search: Tarjan, Yannakakis, SIAM Journal on Computing 13:566, 1984).
fn perfect_order(neighbors: &[Vec<usize>]) -> Option<Vec<Step>> {
    let p = neighbors.len();
    let mut place: Vec<Option<usize>> = vec![None; p];
    let mut count = vec![0usize; p];
    let mut next: BinaryHeap<(usize, Reverse<usize>)> = (0..p).map(|node| (0, Reverse(node))).collect();
    let mut order: Vec<Step> = Vec::with_capacity(p);
    while let Some((seen, Reverse(node))) = next.pop() {
        if place[node].is_some() || seen != count[node] {
            continue;
        }
        place[node] = Some(order.len());
        let mut parents = Vec::new();
        for &other in &neighbors[node] {
            if place[other].is_some() {
                parents.push(other);
            } else {
                count[other] += 1;
                next.push((count[other], Reverse(other)));
            }
        }
        // If they are linked to the last of them, they are linked to each other: that was checked when it came.
        if let Some(&last) = parents.iter().max_by_key(|&&parent| place[parent]) {
            let is_linked = |other: &usize| *other == last || neighbors[last].binary_search(other).is_ok();
            if !parents.iter().all(is_linked) {
                return None;
            }
        }
        order.push((node, parents));
    }
    Some(order)
}

/// The coefficients of a node on others and the share of its variance that they leave, in units of the standard
/// deviations; `None` where that is lost in rounding.
fn regression(
    correlation: &impl Fn(usize, usize) -> f64,
    node: usize,
    others: &[usize],
    ctx: &Context,
) -> Result<Option<(Vec<f64>, f64)>> {
    if others.is_empty() {
        return Ok(Some((Vec::new(), 1.0)));
    }
    let count = others.len();
    let of_others =
        Array2::from_shape_fn((count, count), |(a, b)| if a == b { 1.0 } else { correlation(others[a], others[b]) });
    let Some(cholesky) = Cholesky::checked(of_others.view(), ctx)? else { return Ok(None) };
    let with_node = Array2::from_shape_fn((count, 1), |(a, _)| correlation(node, others[a]));
    let solved = cholesky.solve_checked(with_node.view(), ctx)?;
    let left = 1.0 - solved.iter().zip(with_node.iter()).map(|(b, r)| b * r).sum::<f64>();
    Ok((left > LEAST).then(|| (solved.iter().copied().collect(), left)))
}

/// Adds (e_v - b)(e_v - b)' / left for the coefficients b of node v on its parents.
fn add_regression(theta: &mut Array2<f64>, node: usize, parents: &[usize], coefficients: &[f64], left: f64) {
    theta[(node, node)] += 1.0 / left;
    for (&a, &of_a) in parents.iter().zip(coefficients) {
        theta[(node, a)] -= of_a / left;
        theta[(a, node)] -= of_a / left;
        for (&b, &of_b) in parents.iter().zip(coefficients) {
            theta[(a, b)] += of_a * of_b / left;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(p: usize, free: &[(usize, usize)]) -> L1 {
        L1::Matrix(Array2::from_shape_fn((p, p), |(i, j)| match i == j || free.contains(&(i.min(j), i.max(j))) {
            true => 0.0,
            false => f64::INFINITY,
        }))
    }

    fn covariance(p: usize) -> Array2<f64> {
        Array2::from_shape_fn((p, p), |(i, j)| {
            let shared = 0.8f64.powi(i.abs_diff(j) as i32) * (1.0 + i as f64) * (1.0 + j as f64);
            if i == j { 1.3 * shared } else { shared }
        })
    }

    #[test]
    fn the_inverse_has_the_entries_of_s_on_the_edges() {
        // Two triangles that share an edge, a tail, and a node alone.
        let free = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (3, 5)];
        let (s, ctx) = (covariance(6), Context::new());
        let (theta, w) = closed_form(s.view(), &pattern(6, &free), &ctx).unwrap().unwrap();
        let inverse = Cholesky::new(theta.to_dense().view()).unwrap().inverse();
        for ((i, j), &value) in inverse.indexed_iter() {
            assert!((value - w[(i, j)]).abs() < 1e-9 * (1.0 + value.abs()), "{i} {j}");
            if i == j || free.contains(&(i.min(j), i.max(j))) {
                assert_eq!(w[(i, j)], s[(i, j)]);
            } else {
                assert_eq!(theta.at(i, j), 0.0);
            }
        }
    }

    #[test]
    fn cycles_penalties_and_singular_cliques_have_no_closed_form() {
        let (s, ctx) = (covariance(4), Context::new());
        let cycle = pattern(4, &[(0, 1), (1, 2), (2, 3), (0, 3)]);
        assert!(closed_form(s.view(), &cycle, &ctx).unwrap().is_none());
        assert!(closed_form(s.view(), &L1::scalar(0.1, false), &ctx).unwrap().is_none());
        let mut penalised = pattern(4, &[(0, 1)]);
        if let L1::Matrix(lambda) = &mut penalised {
            lambda[(2, 2)] = 0.5;
        }
        assert!(closed_form(s.view(), &penalised, &ctx).unwrap().is_none());
        let flat = Array2::from_elem((4, 4), 1.0);
        assert!(closed_form(flat.view(), &pattern(4, &[(0, 1)]), &ctx).unwrap().is_none());
    }
}
