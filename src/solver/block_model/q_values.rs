//! q-values of edges from what is known of every pair: its log odds.

use ndarray::Array2;

use super::edges::{ByBlocks, EdgeLaw, Pairs, logistic};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::parallel;

/// What is known of all pairs once groups and laws are.
#[derive(Debug)]
pub(super) struct Verdict {
    /// Probabilities of edges, p x p with a diagonal of 0.
    pub probability: Array2<f64>,
    /// The marginal false discovery rate when all pairs at least as likely are taken for edges, p x p with a diagonal
    /// of 1.
    pub q_values: Array2<f64>,
}

/// The rate at level t is N / (N + M): N and M are the expected shares of pairs without and with an edge whose
/// probability of none is at most t, from the laws alone (Rebafka, Roquain, Villers, Electronic Journal of Statistics 16:2796, 2022).
///
/// # Errors
/// Cancellation.
pub(super) fn judge(pairs: Pairs<'_>, labels: &[usize], laws: &ByBlocks<EdgeLaw>, ctx: &Context) -> Result<Verdict> {
    let p = pairs.p;
    let odds = laws.map(EdgeLaw::odds);
    let weighted = weights(labels, laws);
    let rows: Vec<usize> = (0..p).rev().collect();
    let found = parallel::map(&rows, ctx, |_, &i| {
        let mut row = Vec::with_capacity(i);
        for (j, &x) in pairs.row(i)[..i].iter().enumerate() {
            if j % 64 == 0 {
                ctx.check()?;
            }
            let level = odds.at(labels[i], labels[j]).at(x);
            row.push((logistic(level), rate(&weighted, level)));
        }
        Ok::<_, Error>(row)
    })?;
    let (mut probability, mut q_values) = (Array2::zeros((p, p)), Array2::ones((p, p)));
    for (&i, row) in rows.iter().zip(&found) {
        for (j, &(likely, q)) in row.iter().enumerate() {
            for place in [(i, j), (j, i)] {
                probability[place] = likely;
                q_values[place] = q;
            }
        }
    }
    Ok(Verdict { probability, q_values })
}

/// The law of every pair of blocks with its number of pairs of nodes.
fn weights(labels: &[usize], laws: &ByBlocks<EdgeLaw>) -> Vec<(EdgeLaw, f64)> {
    let mut sizes = vec![0.0f64; laws.blocks()];
    labels.iter().for_each(|&label| sizes[label] += 1.0);
    let count = |k: usize, l: usize| if k == l { sizes[k] * (sizes[k] - 1.0) / 2.0 } else { sizes[k] * sizes[l] };
    laws.pairs().map(|(k, l)| (laws.at(k, l), count(k, l))).filter(|(_, count)| *count > 0.0).collect()
}

/// The false discovery rate when all pairs with these log odds or higher ones are taken for edges.
fn rate(weighted: &[(EdgeLaw, f64)], level: f64) -> f64 {
    let (mut wrong, mut right) = (0.0, 0.0);
    for &(law, count) in weighted {
        let (null, edge) = law.beyond(level);
        wrong += count * (1.0 - law.probability) * null;
        right += count * law.probability * edge;
    }
    // So far out that nothing is expected there: what is there is believed as much as its probability.
    if wrong + right < f64::MIN_POSITIVE { 1.0 - logistic(level) } else { wrong / (wrong + right) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_simulated_pairs() {
        use rand::RngExt;
        use rand_distr::{Distribution, StandardNormal};
        let laws = [
            (EdgeLaw { probability: 0.3, mean: 2.5, variance: 1.0 }, 1.0),
            (EdgeLaw { probability: 0.05, mean: 0.0, variance: 6.0 }, 3.0),
        ];
        let mut rng = crate::rng::stream(3, "rates", 0);
        let mut drawn: Vec<(f64, bool)> = Vec::new();
        for k in 0..400_000 {
            let (law, _) = laws[usize::from(k % 4 != 0)];
            let is_edge = rng.random::<f64>() < law.probability;
            let noise: f64 = StandardNormal.sample(&mut rng);
            let x = if is_edge { law.mean + law.variance.sqrt() * noise } else { noise };
            drawn.push((law.odds().at(x), is_edge));
        }
        let mut last = 1.0;
        for level in [-2.0, 0.0, 1.0, 3.0] {
            let taken: Vec<bool> = drawn.iter().filter(|(odds, _)| *odds >= level).map(|(_, edge)| *edge).collect();
            let share = taken.iter().filter(|edge| !**edge).count() as f64 / taken.len() as f64;
            let rate = rate(&laws, level);
            assert!((rate - share).abs() < 0.01 && rate < last, "{level}: {rate} {share}");
            last = rate;
        }
        assert!(rate(&laws, 2000.0) < 1e-12);
    }
}
