//! Stability approach to regularisation selection: the densest graph that subsamples agree on.

use super::resamples::{attempt, usable};
use super::rule::Choice;
use crate::context::{Context, Reservation};
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::model::{Input, Path, Point};
use crate::{parallel, rng};

/// Which parts of the rows are compared, and how much they may disagree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subsampling {
    /// Number of subsamples.
    pub subsamples: usize,
    /// Rows of a subsample over all rows; as in huge when not given.
    pub ratio: Option<f64>,
    /// The largest instability.
    pub threshold: f64,
}

/// The last penalty, from the largest down, before the instability first exceeds the threshold (Liu, Roeder, Wasserman,
/// NIPS 2010; the scale is that of huge). Instability is the mean over pairs of 4 q (1 - q), with q the share of the
/// subsamples whose graph has the edge.
pub(super) fn choose(path: &Path, x: &Matrix, subsampling: Subsampling, ctx: &Context) -> Result<Choice> {
    let lambdas: Vec<f64> = path.points().iter().map(|point| point.lambda).collect();
    compare(x, subsampling, lambdas.len(), |rows, inner| edges(path, x, rows, &lambdas, inner), ctx)
}

/// The same for what finds a graph for each of `penalties` penalties, largest first, in some of the rows of `x`.
pub(super) fn compare(
    x: &Matrix,
    subsampling: Subsampling,
    penalties: usize,
    graphs: impl Fn(&[usize], &Context) -> Result<Graphs> + Sync,
    ctx: &Context,
) -> Result<Choice> {
    let Subsampling { subsamples, ratio, threshold } = subsampling;
    let n = x.rows();
    let size = ratio.map_or_else(|| default_size(n), |ratio| (ratio * n as f64).floor() as usize);
    if size < 2 {
        return Err(Error::option(format!("a subsample of {size} of {n} samples: two are needed at least")));
    }
    let numbers: Vec<u64> = (0..subsamples as u64).collect();
    let results = parallel::map(&numbers, ctx, |done, &number| {
        ctx.progress("stars", done, subsamples);
        let inner = parallel::within(ctx, subsamples, done).with_progress(None);
        let mut rows = rng::permutation(&mut rng::stream(ctx.seed(), "stars", number), n);
        rows.truncate(size);
        attempt(x, &rows, &inner, || graphs(&rows, &inner))
    })?;
    ctx.progress("stars", subsamples, subsamples);
    let (graphs, warning) = usable(results, x, "subsamples of \"stars\"")?;
    let unconverged = graphs.iter().map(|graphs| graphs.unconverged).sum();
    let mut values = Vec::with_capacity(penalties);
    for l in 0..penalties {
        ctx.check()?;
        values.push(instability(graphs.iter().map(|graphs| &graphs.pairs[l]), graphs.len(), x.cols()));
    }
    let crossing = values.iter().position(|&value| value > threshold);
    let position = crossing.map_or(values.len() - 1, |position| position.saturating_sub(1));
    Ok(Choice { position, values, errors: None, unconverged, warning })
}

/// 10 sqrt(n) of more than 144 samples, otherwise four fifths.
fn default_size(n: usize) -> usize {
    if n > 144 { (10.0 * (n as f64).sqrt()).floor() as usize } else { (0.8 * n as f64).floor() as usize }
}

/// What one subsample gives.
pub(super) struct Graphs {
    /// The pairs that are linked, for every penalty.
    pub pairs: Vec<Vec<(u32, u32)>>,
    /// Solutions that did not converge.
    pub unconverged: usize,
    /// The memory of the pairs.
    _held: Reservation,
}

impl Graphs {
    /// Graphs by their pairs, which take memory until this is dropped.
    ///
    /// # Errors
    /// Memory.
    pub fn new(pairs: Vec<Vec<(u32, u32)>>, unconverged: usize, ctx: &Context) -> Result<Self> {
        // A pair is as large as a number; the list of a penalty takes as much as three, and some more where it is kept.
        let of_penalty = |own: &Vec<(u32, u32)>| own.len() + 5;
        let held = ctx.reserve_matrices(1, pairs.iter().map(of_penalty).sum(), 1)?;
        Ok(Self { pairs, unconverged, _held: held })
    }
}

/// The input of some of the rows.
fn training(path: &Path, x: &Matrix, rows: &[usize], ctx: &Context) -> Result<Input> {
    path.input().of_rows(&x.pick(rows, &(0..x.cols()).collect::<Vec<_>>()), ctx)
}

fn edges(path: &Path, x: &Matrix, rows: &[usize], lambdas: &[f64], ctx: &Context) -> Result<Graphs> {
    let input = training(path, x, rows, ctx).map_err(|error| error.at("a subsample"))?;
    let points = path.solve(&input, lambdas, ctx)?;
    let linked = |point: &Point| point.precision.pairs().map(|(i, j, _)| (i as u32, j as u32)).collect();
    let unconverged = points.iter().filter(|point| !point.converged).count();
    Graphs::new(points.iter().map(linked).collect(), unconverged, ctx)
}

fn instability<'a>(graphs: impl Iterator<Item = &'a Vec<(u32, u32)>>, subsamples: usize, p: usize) -> f64 {
    let mut counts: std::collections::HashMap<(u32, u32), usize> = std::collections::HashMap::new();
    graphs.flatten().for_each(|&pair| *counts.entry(pair).or_default() += 1);
    // Sums of whole numbers do not depend on the order of the map.
    let disagreeing: usize = counts.values().map(|&count| count * (subsamples - count)).sum();
    let pairs = (p * p.saturating_sub(1) / 2).max(1) as f64;
    4.0 * disagreeing as f64 / (subsamples * subsamples) as f64 / pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instability_is_the_mean_of_four_q_times_one_minus_q() {
        let graphs = [vec![(0, 1), (1, 2)], vec![(0, 1)], vec![(0, 1)], vec![(0, 1), (1, 2)]];
        assert_eq!(instability(graphs.iter(), 4, 3), 1.0 / 3.0);
        assert_eq!(instability([vec![], vec![]].iter(), 2, 3), 0.0);
        assert_eq!((default_size(100), default_size(400)), (80, 200));
    }
}
