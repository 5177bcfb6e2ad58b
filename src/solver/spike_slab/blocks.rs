//! Variational EM of the stochastic block model behind the edges, for a given precision matrix.
//!
//! With the best law of an edge put in, the bound depends on the entries through log f_ql(K_ij) alone, the mixtures of spike and slab
//! with the share of linked pairs of blocks q and l. Sums over all pairs are sums over entries that are not 0, around
//! what they would be if all were 0.

use ndarray::Array2;

use super::law::{Densities, Mixed, SpikeSlab};
use super::pseudo_precision::PseudoPrecision;
use crate::context::{Context, Reservation};
use crate::error::Result;

/// Memberships below this are this.
const LEAST_MEMBERSHIP: f64 = 1e-10;
/// The smallest share of nodes in a block, and number of pairs of two blocks that say something.
const LEAST_SHARE: f64 = 1e-6;
const LEAST_PAIRS: f64 = 1e-10;
/// Probabilities of a link are within this of 0 and 1; at the start within the others.
const LEAST_LINK: f64 = 1e-6;
const FIRST_LINKS: [f64; 2] = [1e-4, 0.9];
/// Links and pairs that two blocks have beyond those that are seen at the start.
const PRIOR: [f64; 2] = [0.5, 10.0];
/// E-steps behind each other, and the change of a membership that ends them.
const E_STEPS: usize = 5;
const STEADY: f64 = 1e-4;
/// Sweeps behind each other, and the change that ends them: small, because a stop of the alternation builds on it.
const SWEEPS: usize = 5;
const SETTLED: f64 = 1e-6;
/// Entries between two looks at the context.
const LOOK: usize = 256;

/// Where the nodes are at the start.
#[derive(Debug, Clone, PartialEq)]
pub enum Memberships {
    /// In these blocks, which stay.
    Known(Vec<usize>),
    /// Near these blocks.
    Near(Vec<usize>),
}

/// Blocks of nodes and how likely they are linked.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocks {
    /// The probability of every node (rows) to be in every block (columns), p x Q.
    pub memberships: Array2<f64>,
    /// The share of nodes in every block.
    pub shares: Vec<f64>,
    /// The probability of a link between two nodes of two blocks, Q x Q.
    pub links: Array2<f64>,
    is_known: bool,
}

/// The entries of a precision matrix with the densities of those that are not 0.
#[derive(Debug)]
pub struct Entries<'a> {
    pairs: &'a [(u32, u32, f64)],
    densities: Vec<Densities>,
    at_zero: Densities,
}

impl<'a> Entries<'a> {
    /// Of a precision matrix under a law.
    pub fn of(precision: &'a PseudoPrecision, law: SpikeSlab) -> Self {
        let densities = precision.pairs.iter().map(|pair| law.densities(pair.2)).collect();
        Self { pairs: &precision.pairs, densities, at_zero: law.densities(0.0) }
    }
}

/// What entries are under the mixtures of all pairs of blocks.
struct Mixtures {
    /// Of an entry of 0, Q x Q.
    at_zero: Vec<Mixed>,
    /// Of every other entry the difference to that, Q x Q each.
    beyond: Vec<Mixed>,
    _held: Reservation,
}

impl Blocks {
    /// Of `count` blocks. The first probabilities of links count the entries that are not 0.
    pub fn start(memberships: &Memberships, count: usize, precision: &PseudoPrecision) -> Self {
        let (blocks, is_known) = match memberships {
            Memberships::Known(blocks) => (blocks, true),
            Memberships::Near(blocks) => (blocks, count == 1),
        };
        let (own, every) = if is_known { (1.0, 0.0) } else { (0.9, 0.1 / count as f64) };
        let mut memberships = Array2::from_elem((blocks.len(), count), every);
        blocks.iter().enumerate().for_each(|(node, &block)| memberships[(node, block)] += own);
        let mut start = Self { memberships, shares: Vec::new(), links: Array2::zeros((count, count)), is_known };
        start.count_links(precision);
        start.shares = start.column_means();
        start
    }

    /// Number of blocks.
    pub fn count(&self) -> usize {
        self.memberships.ncols()
    }

    fn count_links(&mut self, precision: &PseudoPrecision) {
        let q = self.count();
        let mut seen = Array2::<f64>::zeros((q, q));
        for &(i, j, _) in &precision.pairs {
            let (a, b) = (self.memberships.row(i as usize), self.memberships.row(j as usize));
            for ((k, l), sum) in seen.indexed_iter_mut() {
                *sum += a[k] * b[l] + a[l] * b[k];
            }
        }
        let pairs = self.pairs();
        let link = |k: usize, l: usize| (seen[(k, l)] + PRIOR[0]) / (pairs[(k, l)] + PRIOR[1]);
        self.links = Array2::from_shape_fn((q, q), |(k, l)| link(k, l).clamp(FIRST_LINKS[0], FIRST_LINKS[1]));
    }

    /// Sum over i != j of tau_ik tau_jl, Q x Q.
    fn pairs(&self) -> Array2<f64> {
        let q = self.count();
        let totals: Vec<f64> = self.memberships.columns().into_iter().map(|column| column.sum()).collect();
        let own = |k: usize, l: usize| self.memberships.column(k).dot(&self.memberships.column(l));
        Array2::from_shape_fn((q, q), |(k, l)| totals[k] * totals[l] - own(k, l))
    }

    fn column_means(&self) -> Vec<f64> {
        let p = self.memberships.nrows().max(1) as f64;
        self.memberships.columns().into_iter().map(|column| (column.sum() / p).max(LEAST_SHARE)).collect()
    }

    /// # Errors
    /// Memory: many blocks of many nodes make large tables; cancellation.
    fn mixtures(&self, entries: &Entries<'_>, ctx: &Context) -> Result<Mixtures> {
        let q = self.count();
        let held = ctx.reserve_matrices(2, entries.densities.len(), q.saturating_mul(q))?;
        let links: Vec<f64> = self.links.iter().copied().collect();
        let at_zero: Vec<Mixed> = links.iter().map(|&link| entries.at_zero.mixed(link)).collect();
        let mut beyond = vec![Mixed { log_density: 0.0, edge: 0.0 }; entries.densities.len() * q * q];
        for (place, (table, densities)) in beyond.chunks_exact_mut(q * q).zip(&entries.densities).enumerate() {
            look(place, ctx)?;
            for k in 0..q {
                for l in k..q {
                    let (mixed, zero) = (densities.mixed(links[k * q + l]), at_zero[k * q + l]);
                    let difference =
                        Mixed { log_density: mixed.log_density - zero.log_density, edge: mixed.edge - zero.edge };
                    table[k * q + l] = difference;
                    table[l * q + k] = difference;
                }
            }
        }
        Ok(Mixtures { at_zero, beyond, _held: held })
    }

    /// Some sweeps of E and M steps.
    ///
    /// # Errors
    /// Memory, cancellation.
    pub fn sweep(&mut self, entries: &Entries<'_>, ctx: &Context) -> Result<()> {
        for _ in 0..SWEEPS {
            let mixtures = self.mixtures(entries, ctx)?;
            let mut change = 0.0f64;
            if !self.is_known {
                for _ in 0..E_STEPS {
                    let moved = self.e_step(entries, &mixtures, ctx)?;
                    change = change.max(moved);
                    if moved < STEADY {
                        break;
                    }
                }
            }
            change = change.max(self.m_step(entries, &mixtures, ctx)?);
            if change < SETTLED {
                break;
            }
        }
        Ok(())
    }

    /// New memberships: tau_iq is proportional to pi_q exp(sum over j != i and l of tau_jl log f_ql(K_ij)). Returns the
    /// largest change.
    fn e_step(&mut self, entries: &Entries<'_>, mixtures: &Mixtures, ctx: &Context) -> Result<f64> {
        let q = self.count();
        let totals: Vec<f64> = self.memberships.columns().into_iter().map(|column| column.sum()).collect();
        let at_zero = |k: usize, l: usize| mixtures.at_zero[k * q + l].log_density;
        let mut scores = Array2::from_shape_fn(self.memberships.dim(), |(i, k)| {
            let others = (0..q).map(|l| (totals[l] - self.memberships[(i, l)]) * at_zero(k, l));
            self.shares[k].ln() + others.sum::<f64>()
        });
        for (place, (&(i, j, _), table)) in entries.pairs.iter().zip(mixtures.beyond.chunks_exact(q * q)).enumerate() {
            look(place, ctx)?;
            let (i, j) = (i as usize, j as usize);
            for k in 0..q {
                let line = &table[k * q..(k + 1) * q];
                for (l, beyond) in line.iter().enumerate() {
                    scores[(i, k)] += self.memberships[(j, l)] * beyond.log_density;
                    scores[(j, k)] += self.memberships[(i, l)] * beyond.log_density;
                }
            }
        }
        let mut change = 0.0f64;
        for (mut old, mut new) in self.memberships.rows_mut().into_iter().zip(scores.rows_mut()) {
            let most = new.iter().fold(f64::NEG_INFINITY, |most, score| most.max(*score));
            new.mapv_inplace(|score| (score - most).exp());
            for _ in 0..2 {
                let sum = new.sum();
                new.mapv_inplace(|weight| (weight / sum).max(LEAST_MEMBERSHIP));
            }
            change = old.iter().zip(&new).fold(change, |change, (old, new)| change.max((old - new).abs()));
            old.assign(&new);
        }
        Ok(change)
    }

    /// New shares and probabilities of links. Returns the largest change of these.
    fn m_step(&mut self, entries: &Entries<'_>, mixtures: &Mixtures, ctx: &Context) -> Result<f64> {
        let q = self.count();
        let pairs = self.pairs();
        let mut linked = Array2::from_shape_fn((q, q), |(k, l)| pairs[(k, l)] * mixtures.at_zero[k * q + l].edge);
        for (place, (&(i, j, _), table)) in entries.pairs.iter().zip(mixtures.beyond.chunks_exact(q * q)).enumerate() {
            look(place, ctx)?;
            let (a, b) = (self.memberships.row(i as usize), self.memberships.row(j as usize));
            for ((k, l), sum) in linked.indexed_iter_mut() {
                *sum += (a[k] * b[l] + a[l] * b[k]) * table[k * q + l].edge;
            }
        }
        self.shares = self.column_means();
        let mut change = 0.0f64;
        for ((k, l), link) in self.links.indexed_iter_mut().filter(|((k, l), _)| pairs[(*k, *l)] > LEAST_PAIRS) {
            let new = (linked[(k, l)] / pairs[(k, l)]).clamp(LEAST_LINK, 1.0 - LEAST_LINK);
            change = change.max((new - *link).abs());
            *link = new;
        }
        Ok(change)
    }

    /// The part of the bound that depends on entries and blocks: 1/2 sum over i != j of tau_iq tau_jl log f_ql(K_ij), and the
    /// memberships' own.
    ///
    /// # Errors
    /// Memory, cancellation.
    pub fn bound(&self, entries: &Entries<'_>, ctx: &Context) -> Result<f64> {
        let q = self.count();
        let mixtures = self.mixtures(entries, ctx)?;
        let pairs = self.pairs();
        let zeros = pairs.iter().zip(&mixtures.at_zero).map(|(count, mixed)| 0.5 * count * mixed.log_density);
        let mut bound: f64 = zeros.sum();
        for (&(i, j, _), table) in entries.pairs.iter().zip(mixtures.beyond.chunks_exact(q * q)) {
            let (a, b) = (self.memberships.row(i as usize), self.memberships.row(j as usize));
            for (k, line) in table.chunks_exact(q).enumerate() {
                bound += a[k] * line.iter().zip(b).map(|(beyond, b)| b * beyond.log_density).sum::<f64>();
            }
        }
        let own = self.memberships.indexed_iter().filter(|(_, tau)| **tau > 0.0);
        Ok(bound + own.map(|((_, k), tau)| tau * (self.shares[k].ln() - tau.ln())).sum::<f64>())
    }

    /// The probabilities of edges under these blocks.
    ///
    /// # Errors
    /// Memory, cancellation.
    pub fn edges(&self, entries: &Entries<'_>, ctx: &Context) -> Result<EdgeProbabilities> {
        let (p, q) = self.memberships.dim();
        let mixtures = self.mixtures(entries, ctx)?;
        let at_zero = Array2::from_shape_fn((q, q), |(k, l)| mixtures.at_zero[k * q + l].edge);
        let background = self.memberships.dot(&at_zero);
        let mut near = vec![Vec::new(); p];
        for (&(i, j, _), table) in entries.pairs.iter().zip(mixtures.beyond.chunks_exact(q * q)) {
            let (a, b) = (self.memberships.row(i as usize), self.memberships.row(j as usize));
            let mut edge = background.row(i as usize).dot(&b);
            for (k, line) in table.chunks_exact(q).enumerate() {
                edge += a[k] * line.iter().zip(b).map(|(beyond, b)| b * beyond.edge).sum::<f64>();
            }
            near[i as usize].push((j, edge));
            near[j as usize].push((i, edge));
        }
        Ok(EdgeProbabilities { memberships: self.memberships.clone(), background, near })
    }

    /// The most likely block of every node.
    pub fn assigned(&self) -> Vec<usize> {
        let largest = |row: ndarray::ArrayView1<'_, f64>| {
            let all = row.iter().enumerate();
            all.fold((0, f64::NEG_INFINITY), |best, (k, &tau)| if tau > best.1 { (k, tau) } else { best }).0
        };
        self.memberships.rows().into_iter().map(largest).collect()
    }
}

/// A look at the context now and then.
fn look(place: usize, ctx: &Context) -> Result<()> {
    if place.is_multiple_of(LOOK) { ctx.check() } else { Ok(()) }
}

/// The probability of every edge, without a p x p matrix.
#[derive(Debug, Clone)]
pub struct EdgeProbabilities {
    memberships: Array2<f64>,
    /// Memberships times the probabilities of a link where the entry is 0, p x Q.
    background: Array2<f64>,
    /// Of every node the others with which its entry is not 0.
    near: Vec<Vec<(u32, f64)>>,
}

impl EdgeProbabilities {
    /// Writes those of one node with all others, and 0 for itself.
    pub fn fill(&self, node: usize, out: &mut [f64]) {
        let background = self.background.row(node);
        for (edge, memberships) in out.iter_mut().zip(self.memberships.rows()) {
            *edge = background.dot(&memberships);
        }
        self.near[node].iter().for_each(|&(other, edge)| out[other as usize] = edge);
        out[node] = 0.0;
        // Differences of tables may leave them by a rounding error.
        out.iter_mut().for_each(|edge| *edge = edge.clamp(0.0, 1.0));
    }

    /// All of them, p x p with a diagonal of 0.
    pub fn to_dense(&self) -> Array2<f64> {
        let p = self.near.len();
        let mut dense = Array2::zeros((p, p));
        for (node, mut row) in dense.rows_mut().into_iter().enumerate() {
            if let Some(row) = row.as_slice_mut() {
                self.fill(node, row);
            }
        }
        dense
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five nodes with three entries, under soft memberships of two blocks.
    fn example() -> (PseudoPrecision, Blocks, SpikeSlab) {
        let pairs = vec![(0, 1, 0.5), (0, 3, -0.2), (2, 4, 0.03)];
        let precision = PseudoPrecision { diagonal: vec![1.0; 5], pairs };
        let blocks = Blocks::start(&Memberships::Near(vec![0, 1, 1, 0, 1]), 2, &precision);
        (precision, blocks, SpikeSlab { rate: 12.0, sd: 0.3 })
    }

    /// A quantity of every ordered pair of nodes and pair of blocks, weighted by the memberships and summed.
    fn sum(blocks: &Blocks, k: &PseudoPrecision, law: SpikeSlab, f: impl Fn(Mixed, usize, usize) -> f64) -> f64 {
        let (tau, dense) = (&blocks.memberships, k.to_dense());
        let mut total = 0.0;
        for (i, j) in (0..5).flat_map(|i| (0..5).map(move |j| (i, j))).filter(|(i, j)| i != j) {
            for (q, l) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let mixed = law.densities(dense[(i, j)]).mixed(blocks.links[(q, l)]);
                total += tau[(i, q)] * tau[(j, l)] * f(mixed, q, l);
            }
        }
        total
    }

    #[test]
    fn sums_around_zero_are_sums_over_all_pairs() {
        let (precision, mut blocks, law) = example();
        let ctx = Context::new();
        let entries = Entries::of(&precision, law);
        let own: f64 = blocks.memberships.indexed_iter().map(|((_, q), t)| t * (blocks.shares[q].ln() - t.ln())).sum();
        let bound = 0.5 * sum(&blocks, &precision, law, |mixed, _, _| mixed.log_density) + own;
        assert!((blocks.bound(&entries, &ctx).unwrap() - bound).abs() < 1e-12);
        let edges = blocks.edges(&entries, &ctx).unwrap().to_dense();
        assert!((edges.sum() - sum(&blocks, &precision, law, |mixed, _, _| mixed.edge)).abs() < 1e-12);
        let linked = sum(&blocks, &precision, law, |mixed, q, l| if (q, l) == (0, 1) { mixed.edge } else { 0.0 });
        let link = linked / blocks.pairs()[(0, 1)];
        let mixtures = blocks.mixtures(&entries, &ctx).unwrap();
        blocks.m_step(&entries, &mixtures, &ctx).unwrap();
        assert!((blocks.links[(0, 1)] - link).abs() < 1e-12 && blocks.links[(0, 1)] == blocks.links[(1, 0)]);
    }

    #[test]
    fn no_m_step_lowers_the_bound_and_known_blocks_stay() {
        let (precision, mut blocks, law) = example();
        let ctx = Context::new();
        let entries = Entries::of(&precision, law);
        let mut before = blocks.bound(&entries, &ctx).unwrap();
        for _ in 0..4 {
            let mixtures = blocks.mixtures(&entries, &ctx).unwrap();
            blocks.m_step(&entries, &mixtures, &ctx).unwrap();
            let after = blocks.bound(&entries, &ctx).unwrap();
            assert!(after >= before - 1e-9, "{before} {after}");
            let mixtures = blocks.mixtures(&entries, &ctx).unwrap();
            blocks.e_step(&entries, &mixtures, &ctx).unwrap();
            assert!(blocks.memberships.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-8));
            before = blocks.bound(&entries, &ctx).unwrap();
        }
        let mut known = Blocks::start(&Memberships::Known(vec![0, 1, 1, 0, 1]), 2, &precision);
        known.sweep(&entries, &ctx).unwrap();
        assert_eq!(known.assigned(), [0, 1, 1, 0, 1]);
        assert_eq!(known.shares, [0.4, 0.6]);
    }

    #[test]
    fn tables_of_many_blocks_take_memory_that_is_there() {
        let (precision, blocks, law) = example();
        // Three entries with four pairs of blocks, two numbers each.
        let [enough, few] = [192, 191].map(|bytes| Context::new().with_memory_limit(bytes));
        let entries = Entries::of(&precision, law);
        assert!(blocks.bound(&entries, &enough).is_ok() && blocks.bound(&entries, &few).is_err());
    }
}
