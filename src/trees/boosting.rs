//! Gradient boosting of one target: shallow trees on what the trees before them leave over.

use super::bins::Bins;
use super::draws::{self, MaxFeatures};
use super::ground::{Ground, Node, Split};
use super::words::centred;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::Sample;
use crate::rng::Rng;

/// When boosting ends before all its trees are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlyStop {
    /// The improvement of a tree is measured on the samples that it has not seen, before and after it: scikit-learn up
    /// to 1.2.
    SameSamples,
    /// The loss on the samples that a tree has not seen is compared with that of the tree before, on other samples:
    /// scikit-learn from 1.3 on.
    OtherSamples,
    /// Never.
    Never,
}

/// How trees are boosted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Boosting {
    /// The most trees.
    pub trees: usize,
    /// The share of a tree's prediction that is taken.
    pub learning_rate: f64,
    /// How many regulators a node looks at.
    pub max_features: MaxFeatures,
    /// The share of the samples that a tree sees.
    pub subsample: f64,
    /// Splits between the root and a leaf at most.
    pub depth: usize,
    /// When it ends early.
    pub early_stop: EarlyStop,
    /// Trees over whose improvements the mean is taken.
    pub window: usize,
}

/// What boosting finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Boosted {
    /// The sum over trees of the decreases of the squared error, by column of the bins, in units in which the target's
    /// largest deviation from its mean is 1.
    pub decreases: Vec<f64>,
    /// Number of trees.
    pub trees: usize,
}

/// Bits of a residual: enough that steps of small learning rates are not lost.
const BITS: u32 = 50;

impl Boosting {
    /// Boosts trees for `target` on `regulators`, columns of `bins`.
    ///
    /// # Errors
    /// Cancellation.
    pub fn fit(
        &self,
        bins: &Bins,
        target: &[f64],
        regulators: Vec<u32>,
        rng: &mut Rng,
        ctx: &Context,
    ) -> Result<Boosted> {
        let mut decreases = vec![0.0; bins.columns()];
        let residuals = match centred(target, BITS) {
            Some(residuals) if !regulators.is_empty() => residuals,
            _ => return Ok(Boosted { decreases, trees: 0 }),
        };
        let mut state = State {
            plan: self,
            wanted: self.max_features.of(regulators.len()),
            ground: Ground::new(bins, regulators),
            residuals,
            unit: 1.0 / (1u64 << BITS) as f64,
            order: (0..bins.samples() as u32).collect(),
            decreases: &mut decreases,
            open: Vec::new(),
        };
        let mut stop = Monitor::new(self);
        let mut trees = 0;
        while trees < self.trees {
            ctx.check()?;
            let improvement = state.grow(&mut stop, rng, ctx)?;
            trees += 1;
            if stop.is_over(improvement) {
                break;
            }
        }
        Ok(Boosted { decreases, trees })
    }

    /// Samples that a tree does not see, of so many.
    fn left_out(&self, samples: usize) -> usize {
        samples - ((self.subsample * samples as f64) as usize).clamp(1, samples)
    }
}

/// The improvements of the last trees.
#[derive(Debug)]
struct Monitor {
    law: EarlyStop,
    window: usize,
    improvements: Vec<f64>,
    /// The loss after the last tree on the samples that it had not seen.
    last: Option<f64>,
}

impl Monitor {
    fn new(plan: &Boosting) -> Self {
        let law = if plan.subsample < 1.0 { plan.early_stop } else { EarlyStop::Never };
        Self { law, window: plan.window, improvements: Vec::new(), last: None }
    }

    /// The improvement of a tree, from the losses before and after it on the samples that it has not seen.
    fn improvement(&mut self, before: f64, after: f64) -> f64 {
        let before = match self.law {
            EarlyStop::OtherSamples => self.last.unwrap_or(before),
            EarlyStop::SameSamples | EarlyStop::Never => before,
        };
        self.last = Some(after);
        before - after
    }

    /// Whether the mean over the window is below 0.
    fn is_over(&mut self, improvement: f64) -> bool {
        self.improvements.push(improvement);
        let count = self.improvements.len();
        let is_full = self.law != EarlyStop::Never && count >= self.window;
        is_full && self.improvements[count - self.window..].iter().sum::<f64>() < 0.0
    }
}

struct State<'a> {
    plan: &'a Boosting,
    /// Regulators that a node looks at.
    wanted: usize,
    ground: Ground<'a>,
    residuals: Vec<i64>,
    /// What 1 of a residual stands for.
    unit: f64,
    /// The samples, first those that the tree does not see.
    order: Vec<u32>,
    decreases: &'a mut [f64],
    /// Nodes that are not split yet, with their depth.
    open: Vec<(Node, usize)>,
}

impl State<'_> {
    /// One tree; its improvement.
    fn grow(&mut self, stop: &mut Monitor, rng: &mut Rng, ctx: &Context) -> Result<f64> {
        let left_out = self.plan.left_out(self.order.len());
        for place in 0..left_out {
            draws::step(rng, &mut self.order, place);
        }
        let before = self.loss(left_out);
        self.make_room();
        self.clear(left_out);
        while let Some((node, depth)) = self.open.pop() {
            self.branch(node, depth, rng, ctx)?;
        }
        let after = self.loss(left_out);
        Ok(stop.improvement(before, after))
    }

    /// The mean square of the first residuals in the order.
    fn loss(&self, count: usize) -> f64 {
        let residuals = self.order[..count].iter().map(|&row| self.residuals[row as usize] as f64 * self.unit);
        residuals.map(|residual| residual * residual).sum::<f64>() / count as f64
    }

    /// Residuals can grow where a tree does not see them, and words have no room for more than twice the first ones: then
    /// residuals get a larger unit.
    fn make_room(&mut self) {
        while self.residuals.iter().fold(0, |bits, residual| bits | residual.unsigned_abs()) >> (BITS + 1) != 0 {
            self.residuals.iter_mut().for_each(|residual| *residual /= 2);
            self.unit *= 2.0;
        }
    }

    /// The ground before a tree grows. Samples that it does not see have a word that adds nothing to sums and counts,
    /// and walk through the splits with the others.
    fn clear(&mut self, left_out: usize) {
        let layout = self.ground.layout;
        let down = BITS - layout.bits;
        let half = (1 << down) / 2;
        let sample = |(&residual, row): (&i64, u32)| Sample { row, word: layout.word((residual + half) >> down) };
        let samples = &mut self.ground.samples;
        samples.clear();
        samples.extend(self.residuals.iter().zip(0..).map(sample));
        self.order[..left_out].iter().for_each(|&row| samples[row as usize].word = 0);
        let total = samples.iter().map(|sample| sample.word).sum();
        self.open.push((Node { start: 0, end: samples.len(), total }, 0));
    }

    /// Splits a node, or takes the prediction of a leaf off the residuals.
    fn branch(&mut self, node: Node, depth: usize, rng: &mut Rng, ctx: &Context) -> Result<()> {
        let (_, count) = self.ground.layout.parts(node.total);
        let is_leaf = depth >= self.plan.depth || count < 2.0;
        let split = if is_leaf { None } else { self.ground.best_split(node, self.wanted, rng, ctx)? };
        let Some(split) = split else {
            let step = self.step(node.total);
            let rows = self.ground.samples[node.range()].iter().map(|sample| sample.row as usize);
            rows.for_each(|row| self.residuals[row] -= step);
            return Ok(());
        };
        let unit = self.unit * (1u64 << (BITS - self.ground.layout.bits)) as f64;
        self.decreases[split.regulator as usize] += split.cut.gain / count * unit * unit;
        let last = self.ground.last_left(split);
        if depth + 1 == self.plan.depth {
            self.finish(node, split, last);
        } else {
            let [left, right] = self.ground.part(node, split.regulator, last, split.cut.left);
            self.open.extend([(right, depth + 1), (left, depth + 1)]);
        }
        Ok(())
    }

    /// Takes the predictions of two leaves off the residuals of their samples, which need not be put apart for that.
    fn finish(&mut self, node: Node, split: Split, last: u8) {
        // Looked up, not chosen: nobody can foretell on which side a sample is.
        let steps = [node.total - split.cut.left, split.cut.left].map(|total| self.step(total));
        let codes = self.ground.codes(split.regulator);
        for sample in &self.ground.samples[node.range()] {
            let row = sample.row as usize;
            self.residuals[row] -= steps[usize::from(codes[row] <= last)];
        }
    }

    /// The step of a leaf with this sum of words.
    fn step(&self, total: i64) -> i64 {
        let (sum, count) = self.ground.layout.parts(total);
        let down = BITS - self.ground.layout.bits;
        (self.plan.learning_rate * sum / count * (1u64 << down) as f64).round() as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;
    use ndarray::Array2;

    fn plan() -> Boosting {
        Boosting {
            trees: 500,
            learning_rate: 0.1,
            max_features: MaxFeatures::All,
            subsample: 0.5,
            depth: 2,
            early_stop: EarlyStop::SameSamples,
            window: 3,
        }
    }

    /// After how many trees boosting ends that has these losses before and after each.
    fn ends(law: EarlyStop, losses: &[(f64, f64)]) -> Option<usize> {
        let mut stop = Monitor::new(&Boosting { early_stop: law, ..plan() });
        losses.iter().position(|&(before, after)| {
            let improvement = stop.improvement(before, after);
            stop.is_over(improvement)
        })
    }

    #[test]
    fn early_stops_follow_their_laws() {
        // Every tree improves its own samples; the samples of the trees 2 to 4 are harder than those before.
        let harder = [(9.0, 8.0), (10.0, 9.0), (11.0, 10.0), (13.0, 12.0), (1.0, 0.9)];
        assert_eq!(ends(EarlyStop::SameSamples, &harder), None);
        // 9 - 8, 8 - 9, 9 - 10: below 0 over a window of three.
        assert_eq!(ends(EarlyStop::OtherSamples, &harder), Some(2));
        // 1 - 6, 5 - 0, 3 - 4: below 0 again.
        let worse = [(1.0, 6.0), (5.0, 0.0), (3.0, 4.0), (2.0, 3.0), (2.0, 2.5)];
        assert_eq!(ends(EarlyStop::SameSamples, &worse), Some(2));
        assert_eq!(ends(EarlyStop::Never, &worse), None);
        // A mean of 0 goes on.
        assert_eq!(ends(EarlyStop::SameSamples, &[(1.0, 2.0), (3.0, 2.0), (1.0, 1.0)]), None);
    }

    #[test]
    fn residuals_shrink_by_the_learning_rate_until_nothing_is_left() {
        let x = Array2::from_shape_fn((64, 1), |(i, _)| (i / 32) as f64);
        let ctx = Context::new();
        let bins = Bins::new(x.view(), &[0], &ctx).unwrap();
        let target: Vec<f64> = (0..64).map(|i| if i < 32 { -3.0 } else { 5.0 }).collect();
        let fit = |trees| {
            let plan = Boosting { trees, subsample: 1.0, depth: 1, ..plan() };
            plan.fit(&bins, &target, vec![0], &mut rng::stream(1, "test", 0), &ctx).unwrap()
        };
        // All deviations are 1 in their own unit: the trees take 64 (1, 0.9^2, 0.9^4, ...) off the squared error.
        for trees in [1, 2, 50] {
            let expected: f64 = (0..trees).map(|k| 64.0 * 0.9f64.powi(2 * k)).sum();
            let found = fit(trees as usize);
            assert!((found.decreases[0] - expected).abs() < 1e-6 * expected, "{found:?} {expected}");
            assert_eq!(found.trees, trees as usize);
        }
    }

    /// Values of a column: few or many different ones, or mostly zeros.
    fn value(i: usize, j: usize) -> f64 {
        let mixed = (i * (2 * j + 3) + i * i * (j + 1)) % 251;
        match j {
            0 => (mixed % 5) as f64,
            1 => mixed as f64,
            2 => (mixed / 200) as f64 * (mixed % 7) as f64,
            _ => (mixed as f64 * 0.3).sin(),
        }
    }

    /// Adds the decreases of the squared error by all splits below a node, found by trying every cut of every column.
    fn search(x: &Array2<f64>, target: &[f64], rows: &[usize], depth: usize, decreases: &mut [f64]) {
        let error = |rows: &[usize]| {
            let mean = rows.iter().map(|&row| target[row]).sum::<f64>() / rows.len() as f64;
            rows.iter().map(|&row| (target[row] - mean).powi(2)).sum::<f64>()
        };
        let mut best: Option<(f64, usize, Vec<usize>, Vec<usize>)> = None;
        for column in 0..x.ncols() {
            for &threshold in rows {
                let threshold = x[(threshold, column)];
                let (left, right): (Vec<usize>, Vec<usize>) =
                    rows.iter().partition(|&&row| x[(row, column)] <= threshold);
                if !right.is_empty() {
                    let decrease = error(rows) - error(&left) - error(&right);
                    if best.as_ref().is_none_or(|(most, ..)| decrease > *most) {
                        best = Some((decrease, column, left, right));
                    }
                }
            }
        }
        if let (true, Some((decrease, column, left, right))) = (depth > 0, best) {
            decreases[column] += decrease;
            search(x, target, &left, depth - 1, decreases);
            search(x, target, &right, depth - 1, decreases);
        }
    }

    #[test]
    fn a_tree_is_what_an_exhaustive_search_finds() {
        let ctx = Context::new();
        for (n, depth) in [(2, 3), (7, 3), (14, 4), (40, 3), (200, 2), (240, 3)] {
            let x = Array2::from_shape_fn((n, 4), |(i, j)| value(i, j));
            let target: Vec<f64> =
                (0..n).map(|i| value(i, 1) * 0.01 + value(i, 2) + (i as f64 * 1.7).sin() * 0.8).collect();
            let bins = Bins::new(x.view(), &[0, 1, 2, 3], &ctx).unwrap();
            assert!(n < 40 || bins.sparse(2).is_some());
            let plan = Boosting { trees: 1, learning_rate: 1.0, subsample: 1.0, depth, ..plan() };
            let found = plan.fit(&bins, &target, vec![0, 1, 2, 3], &mut rng::stream(1, "test", 0), &ctx).unwrap();
            let mut expected = vec![0.0; 4];
            search(&x, &target, &(0..n).collect::<Vec<_>>(), depth, &mut expected);
            let mean = target.iter().sum::<f64>() / n as f64;
            let unit = target.iter().map(|value| (value - mean).abs()).fold(0.0, f64::max).powi(2);
            let near = |found: f64, expected: f64| (found * unit - expected).abs() < 1e-6 * expected.max(1e-3);
            let (all, sum) = (found.decreases.iter().sum(), expected.iter().sum());
            assert!(near(all, sum), "{n}: {all} {sum}");
            // In nodes of a few samples several columns may split equally well.
            if n >= 200 {
                let mut columns = found.decreases.iter().zip(&expected);
                assert!(columns.all(|(&found, &expected)| near(found, expected)), "{found:?} {expected:?}");
            }
        }
    }

    #[test]
    fn noise_stops_early_and_constants_have_no_trees() {
        let x = Array2::from_shape_fn((90, 4), |(i, j)| ((i * (7 + j * j) + i * i) % 31) as f64);
        let ctx = Context::new();
        let bins = Bins::new(x.view(), &[0, 1, 2], &ctx).unwrap();
        let fit = |target: &[f64], regulators: Vec<u32>| {
            plan().fit(&bins, target, regulators, &mut rng::stream(1, "test", 0), &ctx).unwrap().trees
        };
        let noise: Vec<f64> = (0..90).map(|i| f64::from(i * i * 17 % 89)).collect();
        assert!((3..200).contains(&fit(&noise, vec![0, 1, 2])));
        assert_eq!((fit(&noise, vec![]), fit(&[2.0; 90], vec![0, 1, 2])), (0, 0));
    }
}
