//! Regressions of many targets on the same regulators, whose bins all of them share.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array2, ArrayView2};

use super::bins::Bins;
use super::boosting::Boosting;
use super::forest::Forest;
use super::words::Layout;
use crate::context::{Context, Reservation};
use crate::error::{Error, Result};
use crate::linalg::{self, Sample};
use crate::{parallel, rng};

/// Trees of a forest whose importances are summed up before they are added to those of others, so that the sum does not
/// depend on which thread grew them.
const BLOCK: usize = 50;
/// Parts of the work whose importances are held at the same time.
const ROUND: usize = 4096;

/// The regressions of some columns on others.
#[derive(Debug)]
pub struct Regressions<'a> {
    x: ArrayView2<'a, f64>,
    /// What random streams are called after, one label a column.
    labels: &'a [String],
    /// Regulators as columns of `x`, in the order of their labels.
    columns: Vec<usize>,
    bins: Bins,
    _held: Reservation,
}

/// What trees find.
#[derive(Debug, Clone, PartialEq)]
pub struct Importances {
    /// Regulators (in the order of [`Regressions::columns`]) x targets.
    pub values: Array2<f64>,
    /// Trees of each target.
    pub trees: Vec<usize>,
}

impl<'a> Regressions<'a> {
    /// Of columns of `x`, n x p, on `regulators`, which are columns that vary. Labels, one a column and all different,
    /// decide which random numbers a regression draws and in which order its regulators stand: the order of columns and
    /// of regulators does not matter.
    ///
    /// # Errors
    /// More samples than can be counted; limits of the context.
    pub fn new(x: ArrayView2<'a, f64>, labels: &'a [String], regulators: &[usize], ctx: &Context) -> Result<Self> {
        let samples = x.nrows();
        if samples > Layout::MOST_SAMPLES {
            return Err(Error::data(format!("trees take {} samples at most, not {samples}", Layout::MOST_SAMPLES))
                .with_hint("take a random part of them: sample_rows(n)"));
        }
        let mut columns = regulators.to_vec();
        columns.sort_unstable_by(|&a, &b| labels[a].cmp(&labels[b]));
        let held = ctx.reserve(Bins::bytes(samples, columns.len()))?;
        let bins = Bins::new(x, &columns, ctx)?;
        Ok(Self { x, labels, columns, bins, _held: held })
    }

    /// The regulators, as columns of the data.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Values of a target, and its regulators as columns of the bins: all but itself.
    fn of(&self, target: usize) -> (Vec<f64>, Vec<u32>) {
        let regulators = (0u32..).zip(&self.columns).filter(|(_, column)| **column != target);
        (self.x.column(target).to_vec(), regulators.map(|(place, _)| place).collect())
    }

    /// Memory of the regressions that run at once, of `items` in all, and of what `targets` targets give: `held` items before
    /// they are added up, and importances, twice while rows become columns.
    fn reserve(&self, items: usize, held: usize, targets: usize, ctx: &Context) -> Result<[Reservation; 3]> {
        let one = self.bins.samples().saturating_mul(2 * size_of::<Sample>() + 6 * size_of::<f64>());
        let regulators = self.columns.len();
        Ok([
            ctx.reserve(one.saturating_mul(ctx.threads().min(items)))?,
            ctx.reserve_matrices(1, held, regulators)?,
            ctx.reserve_matrices(2, targets, regulators)?,
        ])
    }

    /// Boosts trees for every target; an importance is the sum over a target's trees of the decreases of the squared
    /// error, scaled to have the number of trees as their sum.
    ///
    /// # Errors
    /// Limits of the context.
    pub fn boost(&self, plan: &Boosting, targets: &[usize], seed: u64, ctx: &Context) -> Result<Importances> {
        let count = targets.len();
        let _held = self.reserve(count, count, count, ctx)?;
        let done = AtomicUsize::new(0);
        let boosted = parallel::map(targets, ctx, |_, &target| {
            ctx.progress("boosting", done.load(Ordering::Relaxed), count);
            let (values, regulators) = self.of(target);
            let mut rng = rng::stream(seed, &format!("boosting {}", self.labels[target]), 0);
            let boosted = plan.fit(&self.bins, &values, regulators, &mut rng, ctx)?;
            done.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Error>(boosted)
        })?;
        ctx.progress("boosting", count, count);
        let trees = boosted.iter().map(|boosted| boosted.trees).collect();
        let mut values = Array2::zeros((count, self.columns.len()));
        for (mut row, boosted) in values.rows_mut().into_iter().zip(boosted) {
            ctx.check()?;
            let sum: f64 = boosted.decreases.iter().sum();
            let scale = if sum > 0.0 { boosted.trees as f64 / sum } else { 0.0 };
            row.iter_mut().zip(&boosted.decreases).for_each(|(value, decrease)| *value = scale * decrease);
        }
        Ok(Importances { values: linalg::transposed(values.view()), trees })
    }

    /// Grows a forest for every target; importances are means over trees of the decreases of the squared
    /// error, each tree's and a target's scaled to the sum 1.
    ///
    /// # Errors
    /// Limits of the context.
    pub fn grow(&self, plan: &Forest, targets: &[usize], seed: u64, ctx: &Context) -> Result<Importances> {
        let (count, blocks) = (targets.len(), plan.trees.div_ceil(BLOCK));
        // Where there are few targets, threads share the trees of one.
        let each = if count < ctx.threads().saturating_mul(4) { 1 } else { blocks.max(1) };
        let parts = blocks.div_ceil(each);
        let all = count.saturating_mul(parts);
        let _held = self.reserve(all, all.min(ROUND), count, ctx)?;
        let mut values = Array2::<f64>::zeros((count, self.columns.len()));
        let done = AtomicUsize::new(0);
        // In rounds, since there may be any number of trees.
        for start in (0..all).step_by(ROUND) {
            let items: Vec<usize> = (start..all.min(start.saturating_add(ROUND))).collect();
            let found = parallel::map(&items, ctx, |_, &item| {
                ctx.progress("forests", done.load(Ordering::Relaxed) / parts, count);
                let first = item % parts * each;
                let importances =
                    self.grow_blocks(plan, targets[item / parts], first..(first + each).min(blocks), seed, ctx)?;
                done.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Error>(importances)
            })?;
            for (&item, found) in items.iter().zip(found) {
                values.row_mut(item / parts).iter_mut().zip(found).for_each(|(value, found)| *value += found);
            }
        }
        ctx.progress("forests", count, count);
        for mut row in values.rows_mut() {
            let sum = row.sum();
            if sum > 0.0 {
                row.mapv_inplace(|value| value / sum);
            }
        }
        Ok(Importances { values: linalg::transposed(values.view()), trees: vec![plan.trees; count] })
    }

    /// The importances of some blocks of trees for one target, summed up block by block.
    fn grow_blocks(
        &self,
        plan: &Forest,
        target: usize,
        blocks: Range<usize>,
        seed: u64,
        ctx: &Context,
    ) -> Result<Vec<f64>> {
        let (values, regulators) = self.of(target);
        let mut all = vec![0.0; self.columns.len()];
        let Some(mut forest) = plan.start(&self.bins, &values, regulators) else { return Ok(all) };
        let purpose = format!("forest {}", self.labels[target]);
        for block in blocks {
            let mut own = vec![0.0; self.columns.len()];
            for tree in block * BLOCK..((block + 1) * BLOCK).min(plan.trees) {
                ctx.check()?;
                forest.grow(&mut own, &mut rng::stream(seed, &purpose, tree as u64), ctx)?;
            }
            all.iter_mut().zip(own).for_each(|(all, own)| *all += own);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, MaxFeatures};
    use super::*;
    use crate::rng::Rng;
    use rand::Rng as _;

    const GENES: usize = 7;

    /// Genes that act on the next ones, more and more weakly, and depend on little else.
    fn data(n: usize) -> Array2<f64> {
        let noise = |i: usize, j: usize| ((i * i + 7 * j * j + 3 * i * j) as f64 * 0.61).sin();
        let mut x = Array2::<f64>::zeros((n, GENES));
        for i in 0..n {
            for j in 0..GENES {
                let from = |k: usize| x[(i, k)].tanh() / (1 + j - k).pow(2) as f64;
                x[(i, j)] = (0..j).map(from).sum::<f64>() * 1.5 + noise(i, j) * (1.0 + 0.3 * noise(i, j + 50));
            }
        }
        x
    }

    fn labels() -> Vec<String> {
        (0..GENES).map(|gene| format!("g{gene}")).collect()
    }

    fn forest(trees: usize) -> Forest {
        Forest { kind: Kind::Random, trees, max_features: MaxFeatures::Count(2), depth: usize::MAX }
    }

    /// Importances of a forest that sorts values: scikit-learn's rules, as plainly as can be.
    fn exact_forest(x: &Array2<f64>, target: usize, trees: usize, rng: &mut Rng) -> Vec<f64> {
        let n = x.nrows();
        let mut below = |count: usize| (rng.next_u64() % count as u64) as usize;
        let mut importances = vec![0.0; GENES];
        for _ in 0..trees {
            let mut open = vec![(0..n).map(|_| below(n)).collect::<Vec<usize>>()];
            let mut decreases = vec![0.0; GENES];
            while let Some(rows) = open.pop() {
                let mut features: Vec<usize> = (0..GENES).filter(|&gene| gene != target).collect();
                let mut best: Option<(f64, usize, f64)> = None;
                for drawn in 0..features.len() {
                    if drawn >= 2 && best.is_some() {
                        break;
                    }
                    let other = drawn + below(features.len() - drawn);
                    features.swap(drawn, other);
                    let found = exact_split(x, target, features[drawn], &rows);
                    if let Some((gain, threshold)) = found
                        && best.is_none_or(|(most, ..)| gain > most)
                    {
                        best = Some((gain, features[drawn], threshold));
                    }
                }
                let Some((gain, feature, threshold)) = best.filter(|(gain, ..)| *gain > 1e-12) else { continue };
                decreases[feature] += gain;
                let (left, right) = rows.into_iter().partition(|&row| x[(row, feature)] <= threshold);
                open.extend([left, right]);
            }
            let sum: f64 = decreases.iter().sum();
            importances.iter_mut().zip(decreases).for_each(|(all, own)| *all += own / sum / trees as f64);
        }
        importances
    }

    /// The decrease of the squared error by the best split on a feature, and its threshold.
    fn exact_split(x: &Array2<f64>, target: usize, feature: usize, rows: &[usize]) -> Option<(f64, f64)> {
        let mut sorted = rows.to_vec();
        sorted.sort_by(|&a, &b| x[(a, feature)].total_cmp(&x[(b, feature)]));
        let total: f64 = rows.iter().map(|&row| x[(row, target)]).sum();
        let (n, mut left) = (rows.len() as f64, 0.0);
        let mut best: Option<(f64, f64)> = None;
        for (count, pair) in sorted.windows(2).enumerate() {
            left += x[(pair[0], target)];
            let (value, next, count) = (x[(pair[0], feature)], x[(pair[1], feature)], (count + 1) as f64);
            let gain = left * left / count + (total - left).powi(2) / (n - count) - total * total / n;
            if value < next && best.is_none_or(|(most, _)| gain > most) {
                best = Some((gain, value));
            }
        }
        best
    }

    fn ranks(values: &[f64]) -> Vec<f64> {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
        let mut ranks = vec![0.0; values.len()];
        order.iter().enumerate().for_each(|(rank, &i)| ranks[i] = rank as f64);
        ranks
    }

    fn spearman(a: &[f64], b: &[f64]) -> f64 {
        let (a, b, n) = (ranks(a), ranks(b), a.len() as f64);
        1.0 - 6.0 * a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / (n * (n * n - 1.0))
    }

    #[test]
    fn bins_rank_regulators_as_sorted_values_do() {
        let (x, ctx, names) = (data(700), Context::new(), labels());
        let all: Vec<usize> = (0..GENES).collect();
        let found = Regressions::new(x.view(), &names, &all, &ctx).unwrap().grow(&forest(500), &all, 1, &ctx).unwrap();
        let (mut ours, mut exact) = (Vec::new(), Vec::new());
        for target in 0..GENES {
            let importances = exact_forest(&x, target, 300, &mut rng::stream(2, "exact", target as u64));
            for regulator in all.iter().copied().filter(|&regulator| regulator != target) {
                ours.push(found.values[(regulator, target)]);
                exact.push(importances[regulator]);
            }
        }
        let agreement = spearman(&ours, &exact);
        assert!(agreement > 0.99, "{agreement}\n{ours:?}\n{exact:?}");
    }

    #[test]
    fn neither_threads_nor_the_order_of_regulators_matter() {
        let (x, names) = (data(90), labels());
        let run = |threads: usize, regulators: &[usize], targets: &[usize]| {
            let ctx = Context::new().with_threads(threads);
            let problem = Regressions::new(x.view(), &names, regulators, &ctx).unwrap();
            problem.grow(&forest(120), targets, 3, &ctx).unwrap().values
        };
        let expected = run(1, &[0, 2, 5], &[1, 2]);
        assert_eq!(expected, run(3, &[5, 2, 0], &[1, 2]));
        assert_eq!(expected.column(1), run(1, &[2, 0, 5], &[2]).column(0));
        // Of many targets each is grown by one thread.
        let many: Vec<usize> = [1, 2].repeat(4);
        assert_eq!(expected.column(0), run(2, &[0, 2, 5], &many).column(6));
        assert!(expected.columns().into_iter().all(|column| (column.sum() - 1.0).abs() < 1e-12));
        assert_eq!(expected[(1, 1)], 0.0);
    }
}
