//! k-means: Lloyd's algorithm from starts by k-means++ (Arthur, Vassilvitskii, SODA 2007).

use ndarray::{Array2, ArrayView1, ArrayView2};
use rand::RngExt;

use crate::context::Context;
use crate::error::Result;
use crate::rng::Rng;

/// Passes of a run at most; few points still move by then.
const PASSES: usize = 50;

/// The group, from 0, of every point (a row of `points`), by the best of `runs`; groups may be empty. There are at least
/// `groups` points and one group.
///
/// # Errors
/// Cancellation.
pub fn kmeans(
    points: ArrayView2<'_, f64>,
    groups: usize,
    runs: usize,
    rng: &mut Rng,
    ctx: &Context,
) -> Result<Vec<usize>> {
    let mut best: Option<(f64, Vec<usize>)> = None;
    for _ in 0..runs {
        let (spread, labels) = run(points, groups, rng, ctx)?;
        if best.as_ref().is_none_or(|(least, _)| spread < *least) {
            best = Some((spread, labels));
        }
    }
    Ok(best.map(|(_, labels)| labels).unwrap_or_default())
}

/// The sum of squared distances to the centres, and the groups.
fn run(points: ArrayView2<'_, f64>, groups: usize, rng: &mut Rng, ctx: &Context) -> Result<(f64, Vec<usize>)> {
    let mut centres = first_centres(points, groups, rng);
    let mut labels = vec![0; points.nrows()];
    let mut spread = 0.0;
    for pass in 0..PASSES {
        ctx.check()?;
        let mut moved = pass == 0;
        spread = 0.0;
        for (point, label) in points.rows().into_iter().zip(&mut labels) {
            let (nearest, distance) = nearest(point, &centres);
            moved |= nearest != *label;
            *label = nearest;
            spread += distance;
        }
        if !moved {
            break;
        }
        move_centres(points, &labels, &mut centres);
    }
    Ok((spread, labels))
}

/// Points drawn with probabilities in proportion to their squared distances from those drawn before.
fn first_centres(points: ArrayView2<'_, f64>, groups: usize, rng: &mut Rng) -> Array2<f64> {
    let n = points.nrows();
    let mut centres = Array2::zeros((groups, points.ncols()));
    let mut distances = vec![f64::INFINITY; n];
    for k in 0..groups {
        let total: f64 = distances.iter().sum();
        let chosen = if total.is_finite() && total > 0.0 {
            let mut left = total * rng.random::<f64>();
            distances.iter().position(|distance| {
                left -= distance;
                left < 0.0
            })
        } else {
            Some(rng.random_range(0..n))
        };
        // Rounding may leave something after the last.
        let chosen = points.row(chosen.unwrap_or(n - 1));
        centres.row_mut(k).assign(&chosen);
        for (distance, point) in distances.iter_mut().zip(points.rows()) {
            *distance = distance.min(squared(point, chosen));
        }
    }
    centres
}

fn nearest(point: ArrayView1<'_, f64>, centres: &Array2<f64>) -> (usize, f64) {
    let distances = centres.rows().into_iter().map(|centre| squared(point, centre)).enumerate();
    distances.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
}

fn squared(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    a.iter().zip(b.iter()).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// Every centre to the mean of its points; that of none stays.
fn move_centres(points: ArrayView2<'_, f64>, labels: &[usize], centres: &mut Array2<f64>) {
    let mut counts = vec![0usize; centres.nrows()];
    labels.iter().for_each(|&label| counts[label] += 1);
    for (mut centre, _) in centres.rows_mut().into_iter().zip(&counts).filter(|(_, count)| **count > 0) {
        centre.fill(0.0);
    }
    for (point, &label) in points.rows().into_iter().zip(labels) {
        centres.row_mut(label).scaled_add(1.0 / counts[label] as f64, &point);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::stream;

    #[test]
    fn three_clouds_are_found_whatever_the_order() {
        let points = Array2::from_shape_fn((60, 2), |(i, j)| {
            let centre = [[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]][i % 3][j];
            centre + 0.5 * (1.3 * (i * (j + 2)) as f64).sin()
        });
        let labels = kmeans(points.view(), 3, 5, &mut stream(1, "kmeans", 0), &Context::new()).unwrap();
        assert!((0..60).all(|i| labels[i] == labels[i % 3]), "{labels:?}");
        assert!(labels[0] != labels[1] && labels[1] != labels[2] && labels[0] != labels[2]);
    }

    #[test]
    fn equal_points_are_no_trouble() {
        let labels = kmeans(Array2::ones((4, 1)).view(), 3, 5, &mut stream(1, "kmeans", 0), &Context::new()).unwrap();
        assert_eq!(labels, [0; 4]);
    }
}
