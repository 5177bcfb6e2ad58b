//! The layout of one connected component.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::context::Context;
use crate::error::Result;

use super::{GOLDEN, Point, tidy};

/// The neighbours of every node and the lengths of the edges to them.
type Links = Vec<Vec<(usize, f64)>>;

/// Pairs of nodes that all steps together may look at, so that large components get fewer steps, not more minutes.
const BUDGET: f64 = 3e8;

/// Nodes further apart do not push each other when a layout is evened out: whole clusters would drift away.
const REACH: f64 = 2.5;

/// Positions of `nodes`, which are connected, around the origin, longest side horizontal.
pub(super) fn arrange(nodes: &[usize], neighbors: &[Vec<usize>], ctx: &Context) -> Result<Vec<Point>> {
    ctx.check()?;
    let n = nodes.len();
    if n == 2 {
        return Ok(vec![[-0.5, 0.0], [0.5, 0.0]]);
    }
    let mut local = vec![usize::MAX; neighbors.len()];
    for (i, &node) in nodes.iter().enumerate() {
        local[node] = i;
    }
    let near: Vec<Vec<usize>> =
        nodes.iter().map(|&node| neighbors[node].iter().map(|&other| local[other]).collect()).collect();
    let links = with_lengths(&near);
    let _held = ctx.reserve(n.saturating_mul(n).saturating_mul(size_of::<f32>()))?;
    let distances = path_lengths(&links, ctx)?;
    let mut points = spectral_start(&distances, n, ctx)?;
    let steps = ((BUDGET / (n * n) as f64) as usize).clamp(10, 400);
    reduce_stress(&mut points, &distances, steps / 2, ctx)?;
    even_out(&mut points, &links, steps / 2, ctx)?;
    tidy::clear_edges(&mut points, &near, ctx)?;
    tidy::fan_leaves(&mut points, &near);
    tidy::separate(&mut points, 30, ctx)?;
    tidy::turn_flat(&mut points);
    Ok(points)
}

/// Neighbours of every node, and how long the edge to each should be: 1, and more at a hub with a ring of leaves, so
/// that rings do not overlap.
fn with_lengths(near: &[Vec<usize>]) -> Links {
    let rings: Vec<f64> =
        near.iter().map(|list| tidy::ring_radius(list.iter().filter(|&&node| near[node].len() == 1).count())).collect();
    let length = |a: usize, b: usize| match (near[a].len(), near[b].len()) {
        (1, _) | (_, 1) => (rings[a] + rings[b]).max(1.0),
        _ if rings[a] + rings[b] > 0.0 => rings[a] + rings[b] + 0.8,
        _ => 1.0,
    };
    near.iter().enumerate().map(|(a, list)| list.iter().map(|&b| (b, length(a, b))).collect()).collect()
}

/// Lengths of shortest paths, in row order (Dijkstra).
fn path_lengths(links: &Links, ctx: &Context) -> Result<Vec<f32>> {
    let n = links.len();
    let mut lengths = vec![f32::INFINITY; n * n];
    let mut queue = BinaryHeap::new();
    for (start, row) in lengths.chunks_mut(n).enumerate() {
        ctx.check()?;
        row[start] = 0.0;
        // The bits of numbers that are not negative are ordered as the numbers are.
        queue.push(Reverse((0u32, start)));
        while let Some(Reverse((bits, node))) = queue.pop() {
            let length = f32::from_bits(bits);
            if length > row[node] {
                continue;
            }
            for &(next, step) in &links[node] {
                let through = length + step as f32;
                if through < row[next] {
                    row[next] = through;
                    queue.push(Reverse((through.to_bits(), next)));
                }
            }
        }
    }
    Ok(lengths)
}

/// Classical scaling: the two leading eigenvectors of the doubly centred squared distances, found by power
/// iteration. A small spiral is added, because the leaves of a star are all alike and would stay on one spot.
fn spectral_start(distances: &[f32], n: usize, ctx: &Context) -> Result<Vec<Point>> {
    let squares = |i: usize| distances[i * n..(i + 1) * n].iter().map(|&d| f64::from(d) * f64::from(d));
    let means: Vec<f64> = (0..n).map(|i| squares(i).sum::<f64>() / n as f64).collect();
    let total = means.iter().sum::<f64>() / n as f64;
    let mut axes: Vec<Vec<f64>> = Vec::new();
    let mut extents = Vec::new();
    for axis in 0..2 {
        let mut vector: Vec<f64> = (0..n).map(|i| (GOLDEN * (i + 1) as f64 + axis as f64).sin()).collect();
        let mut eigenvalue = 0.0;
        for _ in 0..20 {
            let mut next = vec![0.0; n];
            for (i, entry) in next.iter_mut().enumerate() {
                ctx.check()?;
                let row = squares(i).zip(&means).zip(&vector);
                *entry = row.map(|((d, mean), v)| -0.5 * (d - means[i] - mean + total) * v).sum();
            }
            for other in &axes {
                let along: f64 = other.iter().zip(&next).map(|(a, b)| a * b).sum();
                next.iter_mut().zip(other).for_each(|(entry, a)| *entry -= along * a);
            }
            eigenvalue = next.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-12);
            vector = next.iter().map(|v| v / eigenvalue).collect();
        }
        axes.push(vector);
        extents.push(eigenvalue.sqrt());
    }
    Ok((0..n)
        .map(|i| {
            let (angle, radius) = (GOLDEN * i as f64, 0.3 * ((i + 1) as f64 / n as f64).sqrt());
            [extents[0] * axes[0][i] + radius * angle.cos(), extents[1] * axes[1][i] + radius * angle.sin()]
        })
        .collect())
}

/// Moves every node in turn to the weighted mean of where the others want it: stress with weights 1/d^2.
fn reduce_stress(points: &mut [Point], distances: &[f32], steps: usize, ctx: &Context) -> Result<()> {
    let n = points.len();
    for _ in 0..steps {
        let mut moved: f64 = 0.0;
        for i in 0..n {
            ctx.check()?;
            let [x, y] = points[i];
            let (mut sum, mut weights) = ([0.0; 2], 0.0);
            for (&[other_x, other_y], &wanted) in points.iter().zip(&distances[i * n..(i + 1) * n]) {
                let wanted = f64::from(wanted);
                // The node itself is the only one at distance 0.
                if wanted == 0.0 {
                    continue;
                }
                let weight = 1.0 / (wanted * wanted);
                let (dx, dy) = (x - other_x, y - other_y);
                let stretch = wanted / dx.hypot(dy).max(1e-9);
                sum[0] += weight * (other_x + stretch * dx);
                sum[1] += weight * (other_y + stretch * dy);
                weights += weight;
            }
            let next = [sum[0] / weights, sum[1] / weights];
            moved = moved.max((next[0] - x).abs() + (next[1] - y).abs());
            points[i] = next;
        }
        if moved < 1e-3 {
            break;
        }
    }
    Ok(())
}

/// Forces of Fruchterman and Reingold with ideal length 1: repulsion 1/d of those near, attraction d^2 along edges, with
/// steps that get smaller.
fn even_out(points: &mut [Point], links: &Links, steps: usize, ctx: &Context) -> Result<()> {
    for step in 0..steps {
        let limit = 0.4 * (1.0 - step as f64 / steps as f64) + 0.005;
        let mut forces = vec![[0.0; 2]; points.len()];
        for (i, force) in forces.iter_mut().enumerate() {
            ctx.check()?;
            let [x, y] = points[i];
            for (j, &[other_x, other_y]) in points.iter().enumerate() {
                let (dx, dy) = (x - other_x, y - other_y);
                let square = dx * dx + dy * dy;
                if i != j && square < REACH * REACH {
                    let push = (1.0 - square / (REACH * REACH)) / square.max(1e-4);
                    force[0] += push * dx;
                    force[1] += push * dy;
                }
            }
            for &(j, length) in &links[i] {
                let (dx, dy) = (x - points[j][0], y - points[j][1]);
                let distance = dx.hypot(dy);
                // Longer edges are springs: beyond the reach of repulsion nothing else would hold their ends apart.
                let pull = if length > 1.0 { 1.0 - length / distance.max(1e-3) } else { distance };
                force[0] -= pull * dx;
                force[1] -= pull * dy;
            }
        }
        for (point, [fx, fy]) in points.iter_mut().zip(forces) {
            let scale = limit / fx.hypot(fy).max(limit * 10.0);
            point[0] += scale * fx;
            point[1] += scale * fy;
        }
    }
    Ok(())
}
