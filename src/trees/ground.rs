//! What trees grow on: the samples of the nodes, and the search for the split of one.

use std::hint::select_unpredictable;
use std::ops::Range;

use super::bins::{Bins, Sparse};
use super::draws;
use super::words::Layout;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::{BINS, Cut, FEW, Few, Histogram, Sample, add_rare, add_samples, best_cut, best_cut_of_few, gain};
use crate::rng::Rng;

/// Regulators whose histograms are filled together.
const GROUP: usize = 5;
/// After so many values a search asks whether to go on: a few milliseconds.
const MANY: usize = 1 << 20;
/// What a regulator costs in a search beside its values, in values.
const START: usize = 32;

/// Samples that stand in one place together, and the sum of their words.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    pub start: usize,
    pub end: usize,
    pub total: i64,
}

impl Node {
    pub fn len(self) -> usize {
        self.end - self.start
    }

    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// Where a node is split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    pub regulator: u32,
    pub cut: Cut,
}

/// The samples of a tree in the order of its nodes, with all that a search needs. One for each target at work.
#[derive(Debug)]
pub struct Ground<'a> {
    bins: &'a Bins,
    pub layout: Layout,
    /// Columns of `bins` among which splits are sought, in an order that only random numbers change.
    regulators: Vec<u32>,
    pub samples: Vec<Sample>,
    spare: Vec<Sample>,
    histograms: Box<[Histogram; GROUP]>,
    /// Words where their rows say; zero between searches.
    by_row: Vec<i64>,
    /// Regulators that are looked at by all samples of a node.
    crowded: Vec<u32>,
    /// Codes of the samples of a node.
    codes: Vec<u8>,
    /// Values that searches have looked at since one asked whether to go on.
    seen: usize,
}

impl<'a> Ground<'a> {
    pub fn new(bins: &'a Bins, regulators: Vec<u32>) -> Self {
        let samples = bins.samples();
        Self {
            bins,
            layout: Layout::new(samples),
            regulators,
            samples: Vec::with_capacity(samples),
            spare: vec![Sample::default(); samples],
            histograms: Box::new([[0; BINS]; GROUP]),
            by_row: vec![0; samples],
            crowded: Vec::new(),
            codes: Vec::new(),
            seen: 0,
        }
    }

    /// Counts what a search looks at, some samples on some regulators, and asks now and then whether to go on.
    fn pause(&mut self, samples: usize, regulators: usize, ctx: &Context) -> Result<()> {
        self.seen += (samples + START) * regulators;
        if self.seen < MANY {
            return Ok(());
        }
        self.seen = 0;
        ctx.check()
    }

    /// Puts the regulators in the order that they had at first, so that a tree does not depend on those before it.
    pub fn forget(&mut self) {
        self.regulators.sort_unstable();
    }

    /// The best split of a node on `wanted` random regulators. As in scikit-learn, regulators that are constant in the
    /// node count, unless all of them are: then more are drawn, until one is not.
    pub fn best_split(&mut self, node: Node, wanted: usize, rng: &mut Rng, ctx: &Context) -> Result<Option<Split>> {
        if node.len() == 2 {
            return self.split_two(node, rng, ctx);
        }
        let mut best: Option<Split> = None;
        let mut drawn = 0;
        while drawn < self.regulators.len() && (drawn < wanted || best.is_none()) {
            let end = wanted.max(drawn + 1).min(self.regulators.len());
            for place in drawn..end {
                draws::step(rng, &mut self.regulators, place);
            }
            if node.len() <= FEW {
                self.pause(node.len(), end - drawn, ctx)?;
                self.look_at_few(node, drawn..end, &mut best);
            } else {
                self.look_at_many(node, drawn..end, &mut best, ctx)?;
            }
            drawn = end;
        }
        Ok(best)
    }

    /// The best of one random cut on each of `wanted` random regulators, between the smallest and the largest value of the
    /// regulator in the node. Regulators that are constant in the node count as in [`Ground::best_split`].
    pub fn random_split(&mut self, node: Node, wanted: usize, rng: &mut Rng, ctx: &Context) -> Result<Option<Split>> {
        if node.len() == 2 {
            return self.split_two(node, rng, ctx);
        }
        let mut best: Option<(u32, f64, i64, f64)> = None;
        let mut drawn = 0;
        while drawn < self.regulators.len() && (drawn < wanted || best.is_none()) {
            self.pause(node.len(), 1, ctx)?;
            let regulator = draws::step(rng, &mut self.regulators, drawn);
            drawn += 1;
            let Some((threshold, left)) = self.random_cut(node, regulator, rng) else { continue };
            let gain = gain(left, node.total, self.layout.shift);
            if best.is_none_or(|(_, _, _, most)| gain > most) {
                best = Some((regulator, threshold, left, gain));
            }
        }
        Ok(best.map(|(regulator, threshold, left, gain)| {
            let bin = self.bins.last_below(regulator as usize, threshold);
            // Which bin comes next only matters for samples that are not in the node.
            Split { regulator, cut: Cut { bin, next: bin.saturating_add(1), left, gain } }
        }))
    }

    /// A random threshold, and the sum of the words that are not above it; none where the regulator is constant.
    fn random_cut(&mut self, node: Node, regulator: u32, rng: &mut Rng) -> Option<(f64, i64)> {
        let codes = self.bins.codes(regulator as usize);
        let middles = self.bins.middles(regulator as usize);
        let samples = &self.samples[node.range()];
        self.codes.clear();
        self.codes.extend(samples.iter().map(|sample| codes[sample.row as usize]));
        let low = *self.codes.iter().min()?;
        let high = *self.codes.iter().max()?;
        if low >= high {
            return None;
        }
        let [least, most] = [low, high].map(|bin| middles[usize::from(bin)]);
        let threshold = least + draws::unit(rng) * (most - least);
        // Rounding must leave somebody on the right side.
        let threshold = if threshold < most { threshold } else { least };
        let sides = samples.iter().zip(&self.codes);
        // A search for the bin of the threshold pays where there are many samples.
        let left = if samples.len() > FEW {
            let last = self.bins.last_below(regulator as usize, threshold);
            sides.map(|(sample, &code)| select_unpredictable(code <= last, sample.word, 0)).sum()
        } else {
            let is_left = |code: u8| middles[usize::from(code)] <= threshold;
            sides.map(|(sample, &code)| select_unpredictable(is_left(code), sample.word, 0)).sum()
        };
        Some((threshold, left))
    }

    /// The split of two samples on the first random regulator that tells them apart: any other is as good.
    fn split_two(&mut self, node: Node, rng: &mut Rng, ctx: &Context) -> Result<Option<Split>> {
        self.pause(node.len(), 1, ctx)?;
        Ok((0..self.regulators.len()).find_map(|place| {
            let regulator = draws::step(rng, &mut self.regulators, place);
            self.apart(node, regulator)
        }))
    }

    fn apart(&self, node: Node, regulator: u32) -> Option<Split> {
        let codes = self.bins.codes(regulator as usize);
        let [first, second] = [0, 1].map(|k| codes[self.samples[node.start + k].row as usize]);
        let left = self.samples[node.start + usize::from(second < first)].word;
        let (bin, next) = (first.min(second), first.max(second));
        let gain = gain(left, node.total, self.layout.shift);
        (bin < next).then_some(Split { regulator, cut: Cut { bin, next, left, gain } })
    }

    /// Looks for a better split of few samples on the regulators at some places.
    fn look_at_few(&mut self, node: Node, places: Range<usize>, best: &mut Option<Split>) {
        let few = Few { samples: &self.samples[node.range()], total: node.total, shift: self.layout.shift };
        let regulators = &self.regulators[places];
        let above = best.map_or(-1.0, |best| best.cut.gain);
        let found = best_cut_of_few(self.bins.all(), regulators, few, &mut self.histograms[0], above);
        if let Some((place, cut)) = found {
            *best = Some(Split { regulator: regulators[place], cut });
        }
    }

    /// Looks for a better split of many samples on the regulators at some places: by the samples outside the bin that
    /// most are in, where these are few, else by all samples of the node.
    fn look_at_many(
        &mut self,
        node: Node,
        places: Range<usize>,
        best: &mut Option<Split>,
        ctx: &Context,
    ) -> Result<()> {
        let worth = node.len() / 5 * 4;
        let mut crowded = std::mem::take(&mut self.crowded);
        crowded.clear();
        let mut is_spread = false;
        for place in places {
            let regulator = self.regulators[place];
            match self.bins.sparse(regulator as usize).filter(|sparse| sparse.rows.len() < worth) {
                Some(sparse) => {
                    self.pause(sparse.rows.len(), 1, ctx)?;
                    if !std::mem::replace(&mut is_spread, true) {
                        self.spread(node);
                    }
                    self.look_at_sparse(node, regulator, sparse, best);
                }
                None => crowded.push(regulator),
            }
        }
        if is_spread {
            self.gather(node);
        }
        let groups = crowded.len().div_ceil(GROUP).max(1);
        for regulators in crowded.chunks(crowded.len().div_ceil(groups).max(1)) {
            self.pause(node.len(), regulators.len(), ctx)?;
            match *regulators {
                [a] => self.look_at(node, [a], best),
                [a, b] => self.look_at(node, [a, b], best),
                [a, b, c] => self.look_at(node, [a, b, c], best),
                [a, b, c, d] => self.look_at(node, [a, b, c, d], best),
                [a, b, c, d, e] => self.look_at(node, [a, b, c, d, e], best),
                _ => {}
            }
        }
        self.crowded = crowded;
        Ok(())
    }

    /// Puts the words of a node where their rows say, between zeros.
    fn spread(&mut self, node: Node) {
        for &Sample { row, word } in &self.samples[node.range()] {
            self.by_row[row as usize] = word;
        }
    }

    /// Puts zeros there again.
    fn gather(&mut self, node: Node) {
        self.samples[node.range()].iter().for_each(|sample| self.by_row[sample.row as usize] = 0);
    }

    fn look_at_sparse(&mut self, node: Node, regulator: u32, sparse: Sparse<'_>, best: &mut Option<Split>) {
        let bins = self.bins.middles(regulator as usize).len();
        let others = add_rare(sparse.rows, sparse.codes, &self.by_row, &mut self.histograms, bins);
        self.histograms[0][usize::from(sparse.common)] += node.total - others;
        self.offer(0, node, regulator, best);
    }

    /// Looks for a better split on some regulators.
    fn look_at<const N: usize>(&mut self, node: Node, regulators: [u32; N], best: &mut Option<Split>) {
        let Some(histograms) = self.histograms.first_chunk_mut::<N>() else { return };
        let codes = regulators.map(|regulator| self.bins.codes(regulator as usize));
        add_samples(codes, &self.samples[node.range()], histograms);
        for (k, regulator) in regulators.into_iter().enumerate() {
            self.offer(k, node, regulator, best);
        }
    }

    /// Takes the best cut of a filled histogram if it is better, and empties the histogram.
    fn offer(&mut self, k: usize, node: Node, regulator: u32, best: &mut Option<Split>) {
        let histogram = &mut self.histograms[k];
        let bins = self.bins.middles(regulator as usize).len();
        let above = best.map_or(-1.0, |best| best.cut.gain);
        if let Some(cut) = best_cut(histogram, bins, node.total, self.layout.shift, above) {
            *best = Some(Split { regulator, cut });
        }
        histogram[..bins.next_multiple_of(8).min(BINS)].fill(0);
    }

    /// The bin of every sample in a column.
    pub fn codes(&self, regulator: u32) -> &'a [u8] {
        self.bins.codes(regulator as usize)
    }

    /// The last bin on the left side of a split whose threshold is half way between the bins beside it that have
    /// samples: where samples go that were not looked at.
    pub fn last_left(&self, split: Split) -> u8 {
        let (column, Cut { bin, next, .. }) = (split.regulator as usize, split.cut);
        if next == bin + 1 {
            return bin;
        }
        let middles = self.bins.middles(column);
        let threshold = 0.5 * middles[usize::from(bin)] + 0.5 * middles[usize::from(next)];
        self.bins.last_below(column, threshold)
    }

    /// Puts the samples of a node in bins up to `last` in front of the others, both in the order that they had.
    pub fn part(&mut self, node: Node, regulator: u32, last: u8, left: i64) -> [Node; 2] {
        let codes = self.bins.codes(regulator as usize);
        let samples = &mut self.samples[node.range()];
        let spare = &mut self.spare[..samples.len()];
        let (mut lefts, mut rights) = (0, 0);
        // Both places are written to, and one of them counts: which one, nobody can foretell.
        for i in 0..samples.len() {
            let sample = samples[i];
            let is_left = codes[sample.row as usize] <= last;
            samples[lefts] = sample;
            spare[rights] = sample;
            lefts += usize::from(is_left);
            rights += usize::from(!is_left);
        }
        samples[lefts..].copy_from_slice(&spare[..rights]);
        let middle = node.start + lefts;
        [
            Node { start: node.start, end: middle, total: left },
            Node { start: middle, end: node.end, total: node.total - left },
        ]
    }
}
