//! Forests of one target: trees of full depth, each on random samples or with random cuts.

use super::bins::Bins;
use super::draws::{self, MaxFeatures};
use super::ground::{Ground, Node};
use super::words::centred;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::Sample;
use crate::rng::Rng;

/// What is random in a forest beside the regulators that a node looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Each tree sees as many samples as there are, drawn with replacement, and cuts where that is best.
    Random,
    /// Each tree sees all samples, and the best of random cuts counts.
    Extra,
}

/// How trees of a forest grow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forest {
    /// What is random.
    pub kind: Kind,
    /// Number of trees.
    pub trees: usize,
    /// How many regulators a node looks at.
    pub max_features: MaxFeatures,
    /// Splits between the root and a leaf at most.
    pub depth: usize,
}

/// What trees of one target grow from.
#[derive(Debug)]
pub struct Trees<'a> {
    plan: &'a Forest,
    /// Regulators that a node looks at.
    wanted: usize,
    ground: Ground<'a>,
    numbers: Vec<i64>,
    counts: Vec<u32>,
    decreases: Vec<f64>,
    open: Vec<(Node, usize)>,
}

impl Forest {
    /// What grows trees for `target` on `regulators`, columns of `bins`; none where the target is constant or there
    /// is no regulator.
    pub fn start<'a>(&'a self, bins: &'a Bins, target: &[f64], regulators: Vec<u32>) -> Option<Trees<'a>> {
        if regulators.is_empty() {
            return None;
        }
        let wanted = self.max_features.of(regulators.len());
        let ground = Ground::new(bins, regulators);
        let numbers = centred(target, ground.layout.bits)?;
        let (counts, decreases) = (vec![0; numbers.len()], vec![0.0; bins.columns()]);
        Some(Trees { plan: self, wanted, ground, numbers, counts, decreases, open: Vec::new() })
    }
}

impl Trees<'_> {
    /// Grows a tree and adds its decreases of the squared error by column of the bins, with a sum of 1, to `importances`.
    ///
    /// # Errors
    /// Cancellation.
    pub fn grow(&mut self, importances: &mut [f64], rng: &mut Rng, ctx: &Context) -> Result<()> {
        self.ground.forget();
        let root = self.clear(rng);
        self.decreases.fill(0.0);
        self.open.clear();
        self.open.push((root, 0));
        while let Some((node, depth)) = self.open.pop() {
            if depth >= self.plan.depth || self.is_pure(node) {
                continue;
            }
            let split = match self.plan.kind {
                Kind::Random => self.ground.best_split(node, self.wanted, rng, ctx)?,
                Kind::Extra => self.ground.random_split(node, self.wanted, rng, ctx)?,
            };
            let Some(split) = split else { continue };
            let (_, count) = self.ground.layout.parts(node.total);
            self.decreases[split.regulator as usize] += split.cut.gain / count;
            let [left, right] = self.ground.part(node, split.regulator, split.cut.bin, split.cut.left);
            self.open.extend([(right, depth + 1), (left, depth + 1)]);
        }
        let sum: f64 = self.decreases.iter().sum();
        if sum > 0.0 {
            importances.iter_mut().zip(&self.decreases).for_each(|(all, own)| *all += own / sum);
        }
        Ok(())
    }

    /// The samples that a tree sees, with how often it does.
    fn clear(&mut self, rng: &mut Rng) -> Node {
        let samples = self.numbers.len();
        match self.plan.kind {
            Kind::Random => {
                self.counts.fill(0);
                (0..samples).for_each(|_| self.counts[draws::below(rng, samples as u32) as usize] += 1);
            }
            Kind::Extra => self.counts.fill(1),
        }
        let ground = &mut self.ground;
        ground.samples.clear();
        let mut total = 0;
        for ((&count, &number), row) in self.counts.iter().zip(&self.numbers).zip(0..) {
            if count > 0 {
                let word = i64::from(count) * ground.layout.word(number);
                ground.samples.push(Sample { row, word });
                total += word;
            }
        }
        Node { start: 0, end: ground.samples.len(), total }
    }

    /// Whether the target is the same for all samples of a node.
    fn is_pure(&self, node: Node) -> bool {
        let samples = &self.ground.samples[node.range()];
        let mut numbers = samples.iter().map(|sample| self.numbers[sample.row as usize]);
        let first = numbers.next();
        numbers.all(|number| Some(number) == first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::stream;
    use ndarray::Array2;

    fn importances(kind: Kind, trees: usize) -> Vec<f64> {
        // The target follows column 2; column 3 is constant; column 1 tells the others apart.
        let x = Array2::from_shape_fn((60, 4), |(i, j)| [(i * 7 % 60) as f64, i as f64, (i / 10) as f64, 1.0][j]);
        let target: Vec<f64> = (0..60).map(|i| [3.0, -1.0, 8.0, 2.0, 2.5, 0.0][i / 10]).collect();
        let ctx = Context::new();
        let bins = Bins::new(x.view(), &[0, 1, 2, 3], &ctx).unwrap();
        let plan = Forest { kind, trees, max_features: MaxFeatures::Count(2), depth: usize::MAX };
        let mut grown = plan.start(&bins, &target, vec![0, 2, 3]).unwrap();
        let mut sums = vec![0.0; 4];
        (0..trees).for_each(|tree| grown.grow(&mut sums, &mut stream(3, "test", tree as u64), &ctx).unwrap());
        assert!(plan.start(&bins, &[1.0; 60], vec![0]).is_none() && plan.start(&bins, &target, vec![]).is_none());
        sums
    }

    #[test]
    fn every_tree_has_importances_of_sum_one() {
        for kind in [Kind::Random, Kind::Extra] {
            let sums = importances(kind, 40);
            assert!((sums.iter().sum::<f64>() - 40.0).abs() < 1e-9, "{sums:?}");
            assert!(sums[2] > 20.0 && sums[1] == 0.0 && sums[3] == 0.0, "{kind:?}: {sums:?}");
        }
    }

    #[test]
    fn a_tree_does_not_depend_on_those_before_it() {
        let (first, both) = (importances(Kind::Random, 1), importances(Kind::Random, 2));
        let again = importances(Kind::Random, 2);
        assert_eq!(both, again);
        assert!(first.iter().zip(&both).all(|(one, two)| one <= two));
    }
}
