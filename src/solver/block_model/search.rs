//! Groups and edges behind statistics: nodes move to where the criterion is largest, then blocks merge, one at a time.

use super::criterion::LogGamma;
use super::edges::{ByBlocks, EdgeLaw, Odds, Pairs, Sums};
use crate::context::Context;
use crate::error::Result;
use crate::rng::{Rng, permutation};

/// Steps of expectation and maximisation after each sweep, and after a merger.
const STEPS: usize = 3;
/// A move has to gain more than rounding.
const GAIN: f64 = 1e-9;

/// Groups for one number of blocks.
#[derive(Debug, Clone)]
pub(super) struct Grouping {
    pub labels: Vec<usize>,
    pub laws: ByBlocks<EdgeLaw>,
    /// The criterion, but for the constant of all pairs.
    pub icl: f64,
    /// Whether in the last sweep no node moved.
    pub settled: bool,
    pub sweeps: usize,
}

/// What all searches share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search<'a> {
    pub pairs: Pairs<'a>,
    pub gamma: &'a LogGamma,
    pub max_sweeps: usize,
}

/// Groups while nodes move.
struct State {
    labels: Vec<usize>,
    sizes: Vec<usize>,
    /// Whether a pair has an edge, row by row.
    linked: Vec<bool>,
    sums: ByBlocks<Sums>,
}

impl Search<'_> {
    /// From groups that all have a node down to `least` blocks: the best groups found for every number of them.
    ///
    /// # Errors
    /// Limits of the context.
    pub fn descend(&self, mut labels: Vec<usize>, least: usize, rng: &mut Rng, ctx: &Context) -> Result<Vec<Grouping>> {
        let p = self.pairs.p;
        let _held = ctx.reserve(p.saturating_mul(p))?;
        let mut blocks = labels.iter().max().map_or(0, |&label| label + 1);
        let mut found = Vec::new();
        let first = self.pairs.first_laws(&labels, blocks, ctx)?;
        let (mut laws, _) = self.pairs.improve(&labels, first, STEPS, 0.0, ctx)?;
        loop {
            let mut state = self.state(labels, &laws, ctx)?;
            let (mut settled, mut sweeps) = (false, 0);
            while !settled && sweeps < self.max_sweeps {
                settled = !self.sweep(&mut state, &laws, rng, ctx)?;
                sweeps += 1;
                (laws, _) = self.pairs.improve(&state.labels, laws, STEPS, 0.0, ctx)?;
                state = self.state(state.labels, &laws, ctx)?;
            }
            let icl = self.gamma.total(&state.sizes, &state.sums, self.pairs.spread);
            found.push(Grouping { labels: state.labels.clone(), laws: laws.clone(), icl, settled, sweeps });
            if blocks <= least.max(1) {
                return Ok(found);
            }
            let (merged, sums) = self.merge(&state);
            let spread = self.pairs.spread;
            (laws, _) =
                self.pairs.improve(&merged, sums.map(|sums| EdgeLaw::from_sums(sums, spread)), STEPS, 0.0, ctx)?;
            labels = merged;
            blocks -= 1;
        }
    }

    /// An edge where it is more likely than none.
    fn state(&self, labels: Vec<usize>, laws: &ByBlocks<EdgeLaw>, ctx: &Context) -> Result<State> {
        let (p, blocks) = (self.pairs.p, laws.blocks());
        let odds = laws.map(EdgeLaw::odds);
        let mut linked = vec![false; p * p];
        let mut sums = ByBlocks::filled(blocks, Sums::default());
        let mut sizes = vec![0; blocks];
        labels.iter().for_each(|&label| sizes[label] += 1);
        for i in 1..p {
            if i % 16 == 1 {
                ctx.check()?;
            }
            let own = odds.row(labels[i]);
            for (j, &x) in self.pairs.row(i)[..i].iter().enumerate() {
                let is_edge = own[labels[j]].at(x) >= 0.0;
                linked[i * p + j] = is_edge;
                linked[j * p + i] = is_edge;
                let mut both = sums.at(labels[i], labels[j]);
                both.count(x, f64::from(u8::from(is_edge)));
                sums.set(labels[i], labels[j], both);
            }
        }
        Ok(State { labels, sizes, linked, sums })
    }

    /// Moves every node, in random order, to the block where the criterion is largest; its own edges go with it. A block
    /// keeps its last node. Whether any has moved.
    fn sweep(&self, state: &mut State, laws: &ByBlocks<EdgeLaw>, rng: &mut Rng, ctx: &Context) -> Result<bool> {
        let (p, blocks) = (self.pairs.p, laws.blocks());
        let odds = laws.map(EdgeLaw::odds);
        let mut moved = false;
        let (mut own, mut best) = (vec![Sums::default(); blocks], vec![Sums::default(); blocks]);
        for (count, i) in permutation(rng, p).into_iter().enumerate() {
            if count % 16 == 0 {
                ctx.check()?;
            }
            let from = state.labels[i];
            if state.sizes[from] < 2 {
                continue;
            }
            self.of_node(i, state, None, &mut own);
            for (l, &out) in own.iter().enumerate() {
                state.sums.set(from, l, state.sums.at(from, l).minus(out));
            }
            state.sizes[from] -= 1;
            let (mut to, mut gain) = (from, self.gain(from, &own, state) + GAIN);
            best.copy_from_slice(&own);
            for target in (0..blocks).filter(|&target| target != from) {
                self.of_node(i, state, Some(odds.row(target)), &mut own);
                let other = self.gain(target, &own, state);
                if other > gain {
                    (to, gain) = (target, other);
                    best.copy_from_slice(&own);
                }
            }
            for (l, &into) in best.iter().enumerate() {
                state.sums.set(to, l, state.sums.at(to, l).plus(into));
            }
            state.sizes[to] += 1;
            if to != from {
                moved = true;
                self.relink(i, to, odds.row(to), state);
            }
        }
        Ok(moved)
    }

    /// Sums of the pairs of node i with the nodes of every block; their edges as they are, or as these odds say.
    fn of_node(&self, i: usize, state: &State, odds: Option<&[Odds]>, sums: &mut [Sums]) {
        let p = self.pairs.p;
        sums.fill(Sums::default());
        let linked = &state.linked[i * p..(i + 1) * p];
        for (j, ((&x, &label), &linked)) in self.pairs.row(i).iter().zip(&state.labels).zip(linked).enumerate() {
            if j == i {
                continue;
            }
            let is_edge = odds.map_or(linked, |odds| odds[label].at(x) >= 0.0);
            let sums = &mut sums[label];
            sums.pairs += 1.0;
            if is_edge {
                sums.edges += 1.0;
                sums.first += x;
                sums.second += x * x;
            }
        }
    }

    /// What the criterion gains by a node with these sums in a block.
    fn gain(&self, block: usize, own: &[Sums], state: &State) -> f64 {
        let evidence = |sums: Sums| self.gamma.evidence(sums, self.pairs.spread);
        let pairs = own.iter().zip(state.sums.row(block)).map(|(&own, &all)| evidence(all.plus(own)) - evidence(all));
        pairs.sum::<f64>() + (state.sizes[block] as f64 + 1.0).ln()
    }

    fn relink(&self, i: usize, to: usize, odds: &[Odds], state: &mut State) {
        let p = self.pairs.p;
        state.labels[i] = to;
        for (j, &x) in self.pairs.row(i).iter().enumerate().filter(|(j, _)| *j != i) {
            let is_edge = odds[state.labels[j]].at(x) >= 0.0;
            state.linked[i * p + j] = is_edge;
            state.linked[j * p + i] = is_edge;
        }
    }

    /// The labels after the merger of two blocks that costs the criterion least, and the sums of the new blocks.
    fn merge(&self, state: &State) -> (Vec<usize>, ByBlocks<Sums>) {
        let blocks = state.sizes.len();
        let mut best: Option<(f64, usize, usize, ByBlocks<Sums>)> = None;
        for k in 0..blocks {
            for l in k + 1..blocks {
                let sums = merged(&state.sums, k, l);
                let mut sizes = state.sizes.clone();
                let joined = sizes.remove(l);
                sizes[k] += joined;
                let icl = self.gamma.total(&sizes, &sums, self.pairs.spread);
                if best.as_ref().is_none_or(|(most, ..)| icl > *most) {
                    best = Some((icl, k, l, sums));
                }
            }
        }
        match best {
            Some((_, k, l, sums)) => (state.labels.iter().map(|&label| renamed(label, k, l)).collect(), sums),
            None => (state.labels.clone(), state.sums.clone()),
        }
    }
}

/// The label of a block once block l has joined the earlier block k.
fn renamed(label: usize, k: usize, l: usize) -> usize {
    if label == l { k } else { label - usize::from(label > l) }
}

/// Sums once block l has joined the earlier block k.
fn merged(sums: &ByBlocks<Sums>, k: usize, l: usize) -> ByBlocks<Sums> {
    let mut new = ByBlocks::filled(sums.blocks() - 1, Sums::default());
    for (a, b) in sums.pairs() {
        let (c, d) = (renamed(a, k, l), renamed(b, k, l));
        new.set(c, d, new.at(c, d).plus(sums.at(a, b)));
    }
    new
}
