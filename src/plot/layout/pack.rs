//! Components beside each other, and the nodes without edges below them.

use crate::context::Context;
use crate::error::Result;

use super::Point;

/// Width over height that a network aims at.
const ASPECT: f64 = 1.4;
/// Space between components.
const GAP: f64 = 0.9;
/// Up to how many components each one looks for the best of all free corners; more stand in plain rows.
const CAREFUL: usize = 250;

/// Left, bottom, right and top of points; zeros without any.
pub(super) fn bounds(points: &[Point]) -> [f64; 4] {
    let Some(&[x, y]) = points.first() else { return [0.0; 4] };
    points.iter().fold([x, y, x, y], |[left, bottom, right, top], &[x, y]| {
        [left.min(x), bottom.min(y), right.max(x), top.max(y)]
    })
}

/// A rectangle: left, bottom, width, height.
type Rect = [f64; 4];

fn overlap(a: &Rect, b: &Rect) -> bool {
    let eps = 1e-9;
    a[0] + eps < b[0] + b[2] && b[0] + eps < a[0] + a[2] && a[1] + eps < b[1] + b[3] && b[1] + eps < a[1] + a[3]
}

/// Moves the components, each of which lies around the origin, next to each other. The first are the largest.
pub(super) fn side_by_side(blocks: &[Vec<usize>], positions: &mut [Point], ctx: &Context) -> Result<()> {
    let boxes: Vec<[f64; 4]> =
        blocks.iter().map(|nodes| bounds(&nodes.iter().map(|&node| positions[node]).collect::<Vec<_>>())).collect();
    let sizes: Vec<[f64; 2]> = boxes.iter().map(|b| [b[2] - b[0] + GAP, b[3] - b[1] + GAP]).collect();
    let places = if blocks.len() <= CAREFUL { corners(&sizes, ctx)? } else { shelves(&sizes) };
    for ((nodes, bounds), [left, down]) in blocks.iter().zip(&boxes).zip(places) {
        for &node in nodes {
            // Places count downwards, so that the largest component is on the top left.
            positions[node][0] += left - bounds[0];
            positions[node][1] += -down - bounds[3];
        }
    }
    Ok(())
}

/// Puts each rectangle into the corner of those before it where the picture grows least.
fn corners(sizes: &[[f64; 2]], ctx: &Context) -> Result<Vec<Point>> {
    let mut placed: Vec<Rect> = Vec::new();
    let (mut width, mut height) = (0.0f64, 0.0f64);
    for &[w, h] in sizes {
        ctx.check()?;
        let mut free = vec![[0.0, 0.0]];
        for a in &placed {
            for b in &placed {
                free.push([a[0] + a[2], b[1]]);
                free.push([b[0], a[1] + a[3]]);
                if placed.len() > 40 {
                    break; // only corners of the same rectangle, or many components take minutes
                }
            }
            free.push([a[0] + a[2], a[1]]);
            free.push([a[0], a[1] + a[3]]);
        }
        let mut best: Option<(f64, Point)> = None;
        for [x, y] in free {
            let rect = [x, y, w, h];
            let grown = ((x + w).max(width) / ASPECT).max((y + h).max(height)) + 0.03 * (x / ASPECT + y);
            let better = best.is_none_or(|(cost, _)| grown < cost - 1e-12);
            if better && !placed.iter().any(|other| overlap(&rect, other)) {
                best = Some((grown, [x, y]));
            }
        }
        let [x, y] = best.map_or([0.0, height], |(_, corner)| corner);
        placed.push([x, y, w, h]);
        (width, height) = (width.max(x + w), height.max(y + h));
    }
    center_lonely(&mut placed, width, height);
    Ok(placed.iter().map(|rect| [rect[0], rect[1]]).collect())
}

/// Moves rectangles that have nothing beside them to the middle of the picture.
fn center_lonely(placed: &mut [Rect], width: f64, height: f64) {
    for i in 0..placed.len() {
        let [x, y, w, h] = placed[i];
        let free = |band: Rect| !placed.iter().enumerate().any(|(j, other)| j != i && overlap(&band, other));
        if free([0.0, y, width, h]) {
            placed[i][0] = 0.5 * (width - w);
        } else if free([x, 0.0, w, height]) {
            placed[i][1] = 0.5 * (height - h);
        }
    }
}

/// Puts rectangles into rows of about the same width.
fn shelves(sizes: &[[f64; 2]]) -> Vec<Point> {
    let area: f64 = sizes.iter().map(|size| size[0] * size[1]).sum();
    let width = sizes.iter().map(|size| size[0]).fold((area * ASPECT).sqrt(), f64::max);
    let (mut x, mut y, mut height) = (0.0, 0.0, 0.0f64);
    sizes
        .iter()
        .map(|&[w, h]| {
            if x + w > width + 1e-9 {
                (x, y, height) = (0.0, y + height, 0.0);
            }
            let place = [x, y];
            x += w;
            height = height.max(h);
            place
        })
        .collect()
}

/// Puts nodes into rows below everything else.
pub(super) fn rows_below(nodes: &[usize], [left, bottom, right, _]: [f64; 4], positions: &mut [Point]) {
    if nodes.is_empty() {
        return;
    }
    let alone = nodes.len() == positions.len();
    let count = nodes.len();
    let width = if alone { ((count as f64) * ASPECT).sqrt().ceil() - 1.0 } else { (right - left).max(3.0) };
    let columns = ((width + 1e-9).floor() as usize + 1).min(count);
    let rows = count.div_ceil(columns);
    // Rows of the same length look tidier than full ones and a short last one.
    let columns = count.div_ceil(rows);
    let step = if columns > 1 { (width / (columns - 1) as f64).min(1.5) } else { 0.0 };
    for (i, &node) in nodes.iter().enumerate() {
        let (row, column) = (i / columns, i % columns);
        positions[node] = [left + step * column as f64, bottom - 1.1 - 0.8 * row as f64];
    }
}
