//! Small corrections of a layout: nodes off the edges of others, leaves of a hub in a ring, nothing on one spot.

use std::f64::consts::TAU;

use crate::context::Context;
use crate::error::Result;

use super::{GOLDEN, Point};

/// No two nodes end up nearer than this.
const APART: f64 = 0.3;
/// How far nodes keep from edges that are not theirs, where there is room.
const CLEAR: f64 = 0.24;
/// From how many leaves on a hub's leaves stand in a ring.
const RING: usize = 6;
/// From how many leaves on every other one stands further in.
const ZIGZAG: usize = 48;

/// Moves nodes off edges that pass through them. Dense and large graphs have no room for that and stay as they are.
pub(super) fn clear_edges(points: &mut [Point], links: &[Vec<usize>], ctx: &Context) -> Result<()> {
    let edges: Vec<(usize, usize)> = links
        .iter()
        .enumerate()
        .flat_map(|(a, list)| list.iter().map(move |&b| (a, b)))
        .filter(|(a, b)| a < b)
        .collect();
    if edges.len() > 4 * points.len() || edges.len().saturating_mul(points.len()) > 1_000_000 {
        return Ok(());
    }
    for _ in 0..25 {
        for i in 0..points.len() {
            ctx.check()?;
            for &(a, b) in edges.iter().filter(|&&(a, b)| a != i && b != i) {
                let (from, to, node) = (points[a], points[b], points[i]);
                let (ex, ey) = (to[0] - from[0], to[1] - from[1]);
                let square = (ex * ex + ey * ey).max(1e-9);
                let along = ((node[0] - from[0]) * ex + (node[1] - from[1]) * ey) / square;
                let away = ((node[1] - from[1]) * ex - (node[0] - from[0]) * ey) / square.sqrt();
                if (0.0..=1.0).contains(&along) && away.abs() < CLEAR {
                    // Both ends give way together as much as the node does.
                    let push = 0.25 * (CLEAR - away.abs()) * if away < 0.0 { -1.0 } else { 1.0 } / square.sqrt();
                    let (dx, dy) = (-ey * push, ex * push);
                    points[i] = [node[0] + dx, node[1] + dy];
                    points[a] = [from[0] - 0.5 * dx, from[1] - 0.5 * dy];
                    points[b] = [to[0] - 0.5 * dx, to[1] - 0.5 * dy];
                }
            }
        }
    }
    Ok(())
}

/// The radius of the ring of so many leaves; 0 where they are too few for one.
pub(super) fn ring_radius(leaves: usize) -> f64 {
    match leaves {
        0..RING => 0.0,
        RING..ZIGZAG => (0.42 * leaves as f64 / TAU).max(1.0),
        _ => 0.25 * leaves as f64 / TAU,
    }
}

/// Puts the leaves of every hub, nodes with no other neighbour, on a ring around it, between its other edges.
pub(super) fn fan_leaves(points: &mut [Point], links: &[Vec<usize>]) {
    for (hub, neighbors) in links.iter().enumerate() {
        let (mut leaves, others): (Vec<usize>, Vec<usize>) =
            neighbors.iter().partition(|&&node| links[node].len() == 1);
        if leaves.len() < RING {
            continue;
        }
        let center = points[hub];
        let angle = |node: usize, points: &[Point]| (points[node][1] - center[1]).atan2(points[node][0] - center[0]);
        leaves.sort_by(|&a, &b| angle(a, points).total_cmp(&angle(b, points)));
        let mut fixed: Vec<f64> = others.iter().map(|&node| angle(node, points)).collect();
        fixed.sort_by(f64::total_cmp);
        let count = leaves.len();
        let distance = |node: usize| (points[node][0] - center[0]).hypot(points[node][1] - center[1]);
        let mean = leaves.iter().map(|&leaf| distance(leaf)).sum::<f64>() / count as f64;
        let radius = mean.max(ring_radius(count));
        for (i, (&leaf, angle)) in leaves.iter().zip(directions(&fixed, count)).enumerate() {
            let radius = if count >= ZIGZAG && i % 2 == 1 { 0.8 * radius } else { radius };
            points[leaf] = [center[0] + radius * angle.cos(), center[1] + radius * angle.sin()];
        }
    }
}

/// `count` directions, evenly in the gaps between those that are taken, which are sorted.
fn directions(taken: &[f64], count: usize) -> Vec<f64> {
    if taken.is_empty() {
        return (0..count).map(|i| -TAU / 2.0 + TAU * i as f64 / count as f64).collect();
    }
    let mut gaps: Vec<(f64, f64, usize)> = (0..taken.len())
        .map(|i| {
            let next = if i + 1 < taken.len() { taken[i + 1] } else { taken[0] + TAU };
            (taken[i], next - taken[i], 0)
        })
        .collect();
    // One after the other into the gap where it has most room.
    for _ in 0..count {
        let room = |gap: &(f64, f64, usize)| gap.1 / (gap.2 + 1) as f64;
        if let Some(widest) = gaps.iter_mut().max_by(|a, b| room(a).total_cmp(&room(b))) {
            widest.2 += 1;
        }
    }
    gaps.iter()
        .flat_map(|&(start, width, inside)| (1..=inside).map(move |i| start + width * i as f64 / (inside + 1) as f64))
        .collect()
}

/// Pushes nodes apart that are nearer than a minimum.
pub(super) fn separate(points: &mut [Point], steps: usize, ctx: &Context) -> Result<()> {
    for _ in 0..steps {
        let mut done = true;
        for i in 1..points.len() {
            ctx.check()?;
            for j in 0..i {
                let (dx, dy) = (points[i][0] - points[j][0], points[i][1] - points[j][1]);
                let distance = dx.hypot(dy);
                if distance < APART {
                    let angle = GOLDEN * (i + j) as f64;
                    let (ux, uy) =
                        if distance > 1e-9 { (dx / distance, dy / distance) } else { (angle.cos(), angle.sin()) };
                    let push = 0.5 * (APART * 1.02 - distance);
                    points[i] = [points[i][0] + push * ux, points[i][1] + push * uy];
                    points[j] = [points[j][0] - push * ux, points[j][1] - push * uy];
                    done = false;
                }
            }
        }
        if done {
            break;
        }
    }
    Ok(())
}

/// Moves the centre to the origin and turns the longest side to the horizontal.
pub(super) fn turn_flat(points: &mut [Point]) {
    let count = points.len() as f64;
    let mean = |axis: usize, points: &[Point]| points.iter().map(|point| point[axis]).sum::<f64>() / count;
    let center = [mean(0, points), mean(1, points)];
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for point in points.iter_mut() {
        *point = [point[0] - center[0], point[1] - center[1]];
        xx += point[0] * point[0];
        xy += point[0] * point[1];
        yy += point[1] * point[1];
    }
    let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
    let (sin, cos) = angle.sin_cos();
    for point in points {
        *point = [cos * point[0] + sin * point[1], cos * point[1] - sin * point[0]];
    }
}
