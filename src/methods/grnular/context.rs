//! What data say about every pair of a regulator and a gene, beside their covariance.

use ndarray::{Array2, ArrayView2};

use crate::context::{Context, Reservation};
use crate::data::Matrix;
use crate::data::latent_gaussian::LatentGaussian;
use crate::error::{Error, Result};
use crate::linalg::{self, Cholesky};
use crate::methods::ridge_regulators::coefficients;
use crate::nn::{RegulationProblem, Step};
use crate::rng;

use super::Grnular;

/// What the threshold network is told of a pair beside an entry of theta, of S and of Z.
pub(super) const INPUTS: [&str; 12] = [
    "share of |w| among the regulators of the gene",
    "share of the gene's variance that its regulators explain",
    "share of cells in which the regulator is seen",
    "share of cells in which the gene is seen",
    "|w| less the largest |w| of other regulators of the gene",
    "|w| with a larger ridge penalty",
    "partial correlation given all genes, shrunk",
    "mean |w| of the regulator",
    "largest |w| of the regulator",
    "share of |w| among the genes of the regulator",
    "largest correlation of the gene with a regulator",
    "share of the regulator's variance that other regulators explain",
];

/// The ridge penalty at the start, and the larger one.
pub(super) const RIDGE: [f64; 2] = [0.1, 0.4];

/// Data as the model sees them.
#[derive(Debug)]
pub(super) struct Prepared {
    pub problem: RegulationProblem,
    pub warnings: Vec<String>,
    /// The memory of the data of a neural network, which live as long as the model that is run on them.
    pub data: Option<Reservation>,
    _inputs: Reservation,
}

/// Who acts on whom among the columns of data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns<'a> {
    pub regulators: &'a [usize],
    /// Those that are not constant, or were never seen, ascending.
    pub varying: &'a [usize],
}

impl Columns<'_> {
    /// 1 where there can be an edge: not from a regulator to itself, and not where one of the two never varies.
    fn pairs(&self, genes: usize) -> Array2<f64> {
        let varies = |column: usize| self.varying.binary_search(&column).is_ok();
        let can = |t: usize, g: usize| t != g && varies(t) && varies(g);
        Array2::from_shape_fn((self.regulators.len(), genes), |(row, g)| {
            f64::from(u8::from(can(self.regulators[row], g)))
        })
    }
}

impl Grnular {
    /// Columns of counts in which nothing was ever seen, ascending: what is behind their zeros is not known, but it need
    /// not be constant, so that their pairs have the probabilities of what was not seen in training.
    pub(super) fn unseen(&self, x: &Matrix) -> Vec<usize> {
        if self.published || !self.is_latent || x.view().iter().any(|value| *value < 0.0) {
            return Vec::new();
        }
        (0..x.cols()).filter(|&column| x.view().column(column).iter().all(|value| *value == 0.0)).collect()
    }

    /// Data, n x p, as the model sees them.
    pub(super) fn prepared(&self, x: &Matrix, columns: Columns<'_>, ctx: &Context) -> Result<Prepared> {
        let regulators = columns.regulators;
        // Inputs of every pair, S and pairs, which stay, and as much again on the way; what is shifted.
        let inputs = ctx.reserve_matrices(INPUTS.len() + 4, regulators.len(), x.cols())?;
        let _passing = [
            ctx.reserve_matrices(INPUTS.len() + 4, regulators.len(), x.cols())?,
            ctx.reserve_matrices(2, x.rows(), x.cols())?,
        ];
        let data = self.inner.as_ref().map(|_| ctx.reserve_matrices(1, x.rows(), x.cols())).transpose()?;
        let (problem, warnings) = match &self.inner {
            Some(inner) if self.published => {
                let standardized = standardized(x);
                let mut s = correlations_with(standardized.view(), regulators, ctx)?;
                // As published: of the matrix above its diagonal, which leaves pairs out unless regulators come first.
                s.indexed_iter_mut().filter(|((t, g), _)| *g <= regulators[*t]).for_each(|(_, value)| *value = 0.0);
                let step = Step::Network(self.network(inner, standardized)?);
                let problem = RegulationProblem {
                    s,
                    own: regulators.to_vec(),
                    pairs: columns.pairs(x.cols()),
                    context: Array2::zeros((0, 0)),
                    step,
                    objective: None,
                };
                (problem, Vec::new())
            }
            _ => self.behind_zeros(x, columns, ctx)?,
        };
        Ok(Prepared { problem, warnings, data, _inputs: inputs })
    }

    fn behind_zeros(
        &self,
        x: &Matrix,
        columns: Columns<'_>,
        ctx: &Context,
    ) -> Result<(RegulationProblem, Vec<String>)> {
        let regulators = columns.regulators;
        // Correlations, what is factored, factor and inverse.
        let _held = ctx.reserve_matrices(4, x.cols(), x.cols())?;
        let mut warnings = Vec::new();
        let least = x.view().iter().copied().fold(f64::INFINITY, f64::min);
        if least < 0.0 && self.is_latent {
            warnings.push(
                "the data have negative values, so that zeros are no missing counts: correlations are those of normal \
scores; counts or their logarithms are better"
                    .to_string(),
            );
        }
        // Without zeros what comes out are the correlations of normal scores.
        let shifted = least < 0.0 || !self.is_latent;
        let detected = share_above_zero(x, least < 0.0);
        let moved = shifted.then(|| Matrix::from_fn(x.rows(), x.cols(), |i, j| x.view()[(i, j)] - least + 1.0));
        let seed = rng::derive(ctx.seed(), "grnular moments", 0);
        let latent = LatentGaussian::default().fit(moved.as_ref().unwrap_or(x), &ctx.clone().with_seed(seed))?;
        warnings.extend(latent.warnings);
        let r = latent.correlation.view();
        let step = match &self.inner {
            Some(inner) => Step::Network(self.network(inner, standardized(&latent.data))?),
            None => {
                let (values, vectors) = linalg::eigh(linalg::block_of(r, regulators).view(), ctx)?;
                Step::Ridge { values, vectors }
            }
        };
        let s = Array2::from_shape_fn((regulators.len(), x.cols()), |(t, g)| match regulators[t] == g {
            true => 0.0,
            false => r[(regulators[t], g)],
        });
        let context = inputs(r, &s, regulators, &detected, ctx)?;
        let (own, pairs) = (regulators.to_vec(), columns.pairs(x.cols()));
        Ok((RegulationProblem { s, own, pairs, context, step, objective: None }, warnings))
    }
}

/// The share of values above 0 in every column; all, where zeros mean nothing.
fn share_above_zero(x: &Matrix, all: bool) -> Vec<f64> {
    let columns = x.view();
    let share = |column: usize| {
        let above = columns.column(column).iter().filter(|value| all || **value > 0.0).count();
        above as f64 / x.rows().max(1) as f64
    };
    (0..x.cols()).map(share).collect()
}

/// Columns less their means, over their standard deviations (of n); 0 where a column is constant.
fn standardized(x: &Matrix) -> Array2<f64> {
    let mut all = x.view().to_owned();
    for mut column in all.columns_mut() {
        let n = column.len().max(1) as f64;
        let mean = column.sum() / n;
        let deviation = (column.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n).sqrt();
        let is_constant = deviation <= 1e-12 * mean.abs();
        column.mapv_inplace(|value| if is_constant { 0.0 } else { (value - mean) / deviation });
    }
    all
}

/// X_T' X / n of standardised data.
fn correlations_with(x: ArrayView2<'_, f64>, regulators: &[usize], ctx: &Context) -> Result<Array2<f64>> {
    let n = x.nrows().max(1) as f64;
    let left = Array2::from_shape_fn((regulators.len(), x.nrows()), |(t, i)| x[(i, regulators[t])]);
    Ok(linalg::matmul(left.view(), x, ctx)? / n)
}

/// The inputs of every pair, in the order of [`INPUTS`]: rows are pairs, all genes of a regulator together.
fn inputs(
    r: ArrayView2<'_, f64>,
    s: &Array2<f64>,
    regulators: &[usize],
    detected: &[f64],
    ctx: &Context,
) -> Result<Array2<f64>> {
    /// What keeps shares of hardly anything small.
    const LITTLE: f64 = 1e-3;
    let [near, far] = [coefficients(r, regulators, RIDGE[0], ctx)?, coefficients(r, regulators, RIDGE[1], ctx)?];
    let partial = shrunk_partial(r, ctx)?;
    let (count, genes) = s.dim();
    let explained: Vec<f64> = (0..genes).map(|g| near.column(g).dot(&s.column(g)).clamp(0.0, 1.0)).collect();
    let near = near.mapv(f64::abs);
    let of_gene: Vec<OfGene> = (0..genes).map(|g| OfGene::of(near.column(g), s.column(g))).collect();
    let mut all = Array2::zeros((count * genes, INPUTS.len()));
    for (t, &regulator) in regulators.iter().enumerate() {
        let row = near.row(t);
        let (sum, largest) = (row.sum(), row.iter().copied().fold(0.0, f64::max));
        for g in 0..genes {
            let (w, gene) = (row[g], &of_gene[g]);
            let values = [
                w / (gene.sum + LITTLE),
                explained[g],
                detected[regulator],
                detected[g],
                w - gene.largest_but(t),
                far[(t, g)].abs(),
                if regulator == g { 0.0 } else { partial[(regulator, g)].abs() },
                sum / genes as f64,
                largest,
                w / (sum + LITTLE),
                gene.correlation,
                explained[regulator],
            ];
            all.row_mut(t * genes + g).iter_mut().zip(values).for_each(|(place, value)| *place = value);
        }
    }
    Ok(all)
}

/// What is known of the regulators of a gene together.
struct OfGene {
    sum: f64,
    largest: f64,
    second: f64,
    leader: usize,
    correlation: f64,
}

impl OfGene {
    fn of(weights: ndarray::ArrayView1<'_, f64>, correlations: ndarray::ArrayView1<'_, f64>) -> Self {
        let mut gene = Self { sum: weights.sum(), largest: 0.0, second: 0.0, leader: usize::MAX, correlation: 0.0 };
        for (t, &weight) in weights.iter().enumerate() {
            if weight > gene.largest {
                (gene.second, gene.largest, gene.leader) = (gene.largest, weight, t);
            } else {
                gene.second = gene.second.max(weight);
            }
        }
        gene.correlation = correlations.iter().fold(0.0f64, |most, value| most.max(value.abs()));
        gene
    }

    fn largest_but(&self, regulator: usize) -> f64 {
        if regulator == self.leader { self.second } else { self.largest }
    }
}

/// Partial correlations from (R + lambda I)^-1.
fn shrunk_partial(r: ArrayView2<'_, f64>, ctx: &Context) -> Result<Array2<f64>> {
    let mut system = r.to_owned();
    system.diag_mut().iter_mut().for_each(|value| *value += RIDGE[0]);
    let factor = Cholesky::checked(system.view(), ctx)?
        .ok_or_else(|| Error::numerical("the correlations behind the data are not positive definite"))?;
    let mut inverse = factor.inverse_checked(ctx)?;
    let roots: Vec<f64> = inverse.diag().iter().map(|value| value.sqrt()).collect();
    inverse.indexed_iter_mut().for_each(|((i, j), value)| *value /= -roots[i] * roots[j]);
    Ok(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn what_never_varies_has_no_pairs() {
        let columns = Columns { regulators: &[2, 0], varying: &[0, 2, 3] };
        assert_eq!(columns.pairs(4), array![[1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]]);
    }

    #[test]
    fn inputs_of_a_pair_are_what_their_names_say() {
        // Two regulators that are not correlated, and two genes of the first.
        let r = array![[1.0, 0.0, 0.6, 0.3], [0.0, 1.0, 0.0, 0.2], [0.6, 0.0, 1.0, 0.18], [0.3, 0.2, 0.18, 1.0]];
        let s = array![[0.0, 0.0, 0.6, 0.3], [0.0, 0.0, 0.0, 0.2]];
        let all = inputs(r.view(), &s, &[0, 1], &[0.5, 1.0, 0.25, 0.75], &Context::new()).unwrap();
        let pair = all.row(3).to_vec();
        let w = [0.3 / 1.1, 0.2 / 1.1];
        let expected = [
            (0, w[0] / (w[0] + w[1] + 1e-3)),
            (1, (0.09 + 0.04) / 1.1),
            (2, 0.5),
            (3, 0.75),
            (4, w[0] - w[1]),
            (5, 0.3 / 1.4),
            (7, (0.6 + 0.3) / 1.1 / 4.0),
            (8, 0.6 / 1.1),
            (9, w[0] / (0.9 / 1.1 + 1e-3)),
            (10, 0.3),
            (11, 0.0),
        ];
        for (input, value) in expected {
            assert!((pair[input] - value).abs() < 1e-12, "{}: {} {value}", INPUTS[input], pair[input]);
        }
        assert!((all.row(7)[4] - (w[1] - w[0])).abs() < 1e-12);
        assert_eq!(all.row(0).to_vec()[4..7], [0.0; 3], "a regulator does not act on itself");
        assert!(pair[6] > 0.0 && pair[6] < 0.3);
    }
}
