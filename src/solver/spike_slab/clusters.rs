//! k-means.

use ndarray::{Array2, ArrayView1, ArrayView2};
use rand::RngExt;

use crate::context::Context;
use crate::error::Result;
use crate::rng::Rng;

/// Random beginnings, of which the best end counts, and steps of each at most.
const BEGINNINGS: usize = 10;
const STEPS: usize = 30;

/// The cluster of every point (row) among `count`, by Lloyd's algorithm from k-means++ centres: the best of some runs.
///
/// # Errors
/// Cancellation.
pub fn k_means(points: ArrayView2<'_, f64>, count: usize, rng: &mut Rng, ctx: &Context) -> Result<Vec<usize>> {
    let mut best = (f64::INFINITY, vec![0; points.nrows()]);
    for _ in 0..BEGINNINGS {
        let mut centres = spread(points, count, rng, ctx)?;
        let mut found = nearest(points, centres.view(), ctx)?;
        for _ in 0..STEPS {
            move_centres(&mut centres, points, &found.1);
            let next = nearest(points, centres.view(), ctx)?;
            let settled = next.1 == found.1;
            found = next;
            if settled {
                break;
            }
        }
        if found.0 < best.0 {
            best = found;
        }
    }
    Ok(best.1)
}

fn square_distance(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Centres among the points: each drawn in proportion to the squared distance to those before.
fn spread(points: ArrayView2<'_, f64>, count: usize, rng: &mut Rng, ctx: &Context) -> Result<Array2<f64>> {
    let p = points.nrows();
    let mut centres = Array2::zeros((count, points.ncols()));
    let mut distances = vec![f64::INFINITY; p];
    for centre in 0..count {
        ctx.check()?;
        let total: f64 = distances.iter().sum();
        let chosen = if total.is_finite() && total > 0.0 {
            let mut left = rng.random::<f64>() * total;
            let passed = |distance: &f64| {
                left -= distance;
                left < 0.0
            };
            distances.iter().position(passed).unwrap_or(p - 1)
        } else {
            rng.random_range(0..p)
        };
        centres.row_mut(centre).assign(&points.row(chosen));
        for (distance, point) in distances.iter_mut().zip(points.rows()) {
            *distance = distance.min(square_distance(point, points.row(chosen)));
        }
    }
    Ok(centres)
}

/// The nearest centre of every point, and the sum of their squared distances before it.
fn nearest(points: ArrayView2<'_, f64>, centres: ArrayView2<'_, f64>, ctx: &Context) -> Result<(f64, Vec<usize>)> {
    let (mut total, mut clusters) = (0.0, Vec::with_capacity(points.nrows()));
    for point in points.rows() {
        ctx.check()?;
        let mut best = (f64::INFINITY, 0);
        for (cluster, centre) in centres.rows().into_iter().enumerate() {
            let distance = square_distance(point, centre);
            if distance < best.0 {
                best = (distance, cluster);
            }
        }
        total += best.0;
        clusters.push(best.1);
    }
    Ok((total, clusters))
}

/// Moves centres to the means of their points; those without points stay.
fn move_centres(centres: &mut Array2<f64>, points: ArrayView2<'_, f64>, clusters: &[usize]) {
    let mut sums = Array2::<f64>::zeros(centres.dim());
    let mut counts = vec![0.0; centres.nrows()];
    for (point, &cluster) in points.rows().into_iter().zip(clusters) {
        let mut sum = sums.row_mut(cluster);
        sum += &point;
        counts[cluster] += 1.0;
    }
    for (cluster, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0.0) {
        let mean = sums.row(cluster).mapv(|sum| sum / count);
        centres.row_mut(cluster).assign(&mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;

    #[test]
    fn groups_that_are_apart_are_found() {
        let points = Array2::from_shape_fn((12, 2), |(i, j)| (10 * (i % 3) + j) as f64 + 0.1 * i as f64);
        let found = k_means(points.view(), 3, &mut rng::stream(1, "test", 0), &Context::new()).unwrap();
        assert!((0..12).all(|i| (0..12).all(|j| (found[i] == found[j]) == (i % 3 == j % 3))), "{found:?}");
        let same = Array2::zeros((4, 1));
        assert_eq!(k_means(same.view(), 2, &mut rng::stream(1, "test", 0), &Context::new()).unwrap(), [0; 4]);
    }
}
