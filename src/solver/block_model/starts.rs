//! Where searches for groups start: k-means of degrees and of leading eigenvectors, and groups drawn at random.

use ndarray::{Array2, ArrayView2, Axis};
use rand::RngExt;

use super::kmeans::kmeans;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::eigh;
use crate::rng;

/// Of more nodes than this no eigenvectors are computed: they would take longer than all the rest.
const SPECTRAL: usize = 2000;
/// Runs of k-means, of which the best is kept.
const RUNS: usize = 5;

/// Nodes as points. Degrees tell hubs from leaves, eigenvectors who is linked with whom.
#[derive(Debug)]
pub struct Embedding {
    nodes: usize,
    views: Vec<Array2<f64>>,
}

impl Embedding {
    /// From weights of pairs, symmetric and not negative with a diagonal of 0, for at most `most` groups.
    ///
    /// # Errors
    /// Limits of the context.
    pub fn of(weights: ArrayView2<'_, f64>, most: usize, ctx: &Context) -> Result<Self> {
        let nodes = weights.nrows();
        let degrees = weights.sum_axis(Axis(1));
        let mut views = vec![degrees.clone().insert_axis(Axis(1))];
        if nodes <= SPECTRAL && most > 1 {
            let _held = ctx.reserve_matrices(3, nodes, nodes)?;
            // Regularised by the mean degree, without which single nodes make the leading eigenvectors.
            let mean = degrees.sum() / nodes as f64;
            let scale = degrees.mapv(|degree| if mean > 0.0 { (degree + mean).sqrt().recip() } else { 0.0 });
            let relative = Array2::from_shape_fn((nodes, nodes), |(i, j)| scale[i] * weights[(i, j)] * scale[j]);
            views.push(leading(relative.view(), most, |_| 1.0, ctx)?);
            views.push(leading(weights, most, |value| value.abs().sqrt(), ctx)?);
        }
        Ok(Self { nodes, views })
    }

    /// From degrees alone, where the weights are too many to be held.
    pub fn of_degrees(degrees: Vec<f64>) -> Self {
        let nodes = degrees.len();
        Self { nodes, views: vec![ndarray::Array1::from(degrees).insert_axis(Axis(1))] }
    }

    /// Whether eigenvectors of so many nodes are computed.
    pub fn is_spectral(nodes: usize) -> bool {
        nodes <= SPECTRAL
    }

    /// Groups to start from, a label from 0 for every node: one by each view, and `random` drawn ones. Every group has a
    /// node. The seed is the context's.
    ///
    /// # Errors
    /// Cancellation.
    pub fn starts(&self, groups: usize, random: usize, ctx: &Context) -> Result<Vec<Vec<usize>>> {
        if groups < 2 {
            return Ok(vec![vec![0; self.nodes]]);
        }
        let mut rng = rng::stream(ctx.seed(), "block_model starts", groups as u64);
        let mut starts = Vec::with_capacity(self.views.len() + random);
        for view in &self.views {
            let width = if view.ncols() == 1 { 1 } else { groups.min(view.ncols()) };
            let (points, _) = view.view().split_at(Axis(1), width);
            starts.push(kmeans(points, groups, RUNS, &mut rng, ctx)?);
        }
        for _ in 0..random {
            starts.push((0..self.nodes).map(|_| rng.random_range(0..groups)).collect());
        }
        starts.iter_mut().for_each(|labels| fill(labels, groups));
        Ok(starts)
    }
}

/// The eigenvectors of the eigenvalues of largest size, as columns times `scale` of the eigenvalue.
fn leading(
    matrix: ArrayView2<'_, f64>,
    count: usize,
    scale: impl Fn(f64) -> f64,
    ctx: &Context,
) -> Result<Array2<f64>> {
    let (values, vectors) = eigh(matrix, ctx)?;
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()));
    order.truncate(count);
    Ok(Array2::from_shape_fn((values.len(), order.len()), |(i, k)| vectors[(i, order[k])] * scale(values[order[k]])))
}

/// Gives every empty group the last node of a largest one.
fn fill(labels: &mut [usize], groups: usize) {
    let mut counts = vec![0usize; groups];
    labels.iter().for_each(|&label| counts[label] += 1);
    for empty in 0..groups {
        if counts[empty] > 0 {
            continue;
        }
        let largest = (0..groups).max_by_key(|&group| counts[group]).unwrap_or(0);
        if let Some(node) = labels.iter().rposition(|&label| label == largest) {
            labels[node] = empty;
            counts[largest] -= 1;
            counts[empty] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_view_finds_hubs_and_another_communities() {
        let ctx = Context::new().with_seed(1);
        // Two stars: the hubs are 0 and 10.
        let star = Array2::from_shape_fn((20, 20), |(i, j)| {
            f64::from(u8::from(i != j && i / 10 == j / 10 && (i % 10 == 0 || j % 10 == 0)))
        });
        let starts = Embedding::of(star.view(), 3, &ctx).unwrap().starts(2, 0, &ctx).unwrap();
        let hubs = &starts[0];
        assert!(hubs[0] == hubs[10] && hubs.iter().filter(|&&label| label == hubs[0]).count() == 2, "{hubs:?}");
        // Two cliques, with one edge between them.
        let cliques = Array2::from_shape_fn((20, 20), |(i, j)| {
            f64::from(u8::from(i != j && (i / 10 == j / 10 || i + j == 19 && i.abs_diff(j) == 1)))
        });
        let starts = Embedding::of(cliques.view(), 2, &ctx).unwrap().starts(2, 1, &ctx).unwrap();
        assert!(
            starts.len() == 4 && starts[1..3].iter().all(|labels| (0..20).all(|i| labels[i] == labels[i / 10 * 10]))
        );
        assert!(
            starts[1][0] != starts[1][10] && starts.iter().all(|labels| labels.contains(&0) && labels.contains(&1))
        );
    }

    #[test]
    fn empty_groups_are_filled() {
        let mut labels = vec![2, 2, 2, 0];
        fill(&mut labels, 4);
        labels.sort_unstable();
        assert_eq!(labels, [0, 1, 2, 3]);
    }
}
