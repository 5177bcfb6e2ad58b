//! Pairs as models are trained on them: under dropout, on the model's device, and held against what a model finds.

use ndarray::Array2;

use super::Grnular;
use super::context::{Columns, INPUTS, Prepared};
use crate::context::{Context, Reservation};
use crate::error::{Error, Result};
use crate::methods::unrolled::supervised::{JUDGING, unless_numerical};
use crate::metrics::{Pairs, Ranking};
use crate::model::{Input, Pair, SecondMoment};
use crate::nn::{Direction, EdgeLoss, Regulation};
use crate::simulate::technical_noise::{Dropout, TechnicalNoise};
use crate::{parallel, rng};

/// How sharply the dropout that training adds depends on expression: that of the paper's simulations.
const SHAPE: f64 = 20.0;

/// Which unordered pairs of columns are linked in the truth, in the order of [`above_diagonal`].
struct Linked {
    pairs: Vec<bool>,
    _held: Reservation,
}

/// A pair under dropout as the model sees it.
pub(super) struct Draft {
    prepared: Prepared,
    /// 1 for an edge that is seen, regulators x genes.
    truth: Array2<f64>,
    /// The whole truth, by which the published program judges.
    linked: Option<Linked>,
}

/// A pair on the model's device, and what is true of it.
pub(super) struct Example {
    pub regulation: Regulation,
    /// The column of every regulator.
    own: Vec<usize>,
    linked: Option<Linked>,
    _data: Option<Reservation>,
}

impl Draft {
    /// Pair number `index` under dropout with this percentile, 0 for none.
    pub fn of(method: &Grnular, index: usize, pair: &Pair, percentile: f64, ctx: &Context) -> Result<Self> {
        let seed = rng::derive(ctx.seed(), &format!("grnular pair at {percentile}"), index as u64);
        let ctx = &ctx.clone().with_seed(seed);
        let at = |error: Error| error.at(format!("pair {index}"));
        let regulators = pair.regulators.clone().unwrap_or_else(|| (0..pair.x.cols()).collect());
        let truth = pair.truth.matrix(ctx)?;
        let x = match percentile {
            0.0 => None,
            percentile => {
                let dropout = Some(Dropout { shape: SHAPE, percentile });
                let noise = TechnicalNoise { dropout, ..TechnicalNoise::default() };
                Some(noise.apply(&pair.x, ctx).map_err(at)?)
            }
        };
        let x = x.as_ref().unwrap_or(&pair.x);
        let input = Input::with_constants(x, SecondMoment::default(), ctx).map_err(at)?;
        let varying = input.knowing(&method.unseen(x)).varying();
        let columns = Columns { regulators: &regulators, varying: &varying };
        let mut prepared = method.prepared(x, columns, ctx).map_err(at)?;
        let pairs = &prepared.problem.pairs;
        let is_edge = |t: usize, g: usize| pairs[(t, g)] != 0.0 && truth.view()[(regulators[t], g)] != 0.0;
        // As published: only genes behind their regulators count.
        let is_seen = |t: usize, g: usize| is_edge(t, g) && (!method.published || g > regulators[t]);
        let seen = Array2::from_shape_fn(pairs.dim(), |(t, g)| f64::from(u8::from(is_seen(t, g))));
        let is_cut = seen.sum() == 0.0 && pairs.indexed_iter().any(|((t, g), _)| is_edge(t, g));
        if is_cut {
            prepared.warnings.push(
                "no gene of an edge stands behind its regulator, and variant \"authors\" sees no other edges: put \
                 regulators first"
                    .to_string(),
            );
        }
        let linked = method.published.then(|| linked(truth.view(), ctx)).transpose()?;
        Ok(Self { prepared, truth: seen, linked })
    }
}

fn linked(truth: ndarray::ArrayView2<'_, f64>, ctx: &Context) -> Result<Linked> {
    let p = truth.ncols();
    let held = ctx.reserve_matrices(1, p, p)?;
    let pairs = above_diagonal(p).map(|(i, j)| truth[(i, j)] != 0.0 || truth[(j, i)] != 0.0).collect();
    Ok(Linked { pairs, _held: held })
}

/// Positions of the entries above a diagonal, row by row.
fn above_diagonal(p: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..p).flat_map(move |i| (i + 1..p).map(move |j| (i, j)))
}

/// What there is to say of drafts, which belong to these pairs: what begins alike once, with the first pair's number.
pub(super) fn warnings(jobs: &[(usize, f64)], drafts: &[Draft]) -> Vec<String> {
    let mut kinds: Vec<(&str, String, usize)> = Vec::new();
    for ((pair, _), draft) in jobs.iter().zip(drafts) {
        for text in &draft.prepared.warnings {
            let kind = text.split(':').next().unwrap_or(text);
            match kinds.iter_mut().find(|(known, ..)| *known == kind) {
                Some((.., others)) => *others += 1,
                None => kinds.push((kind, format!("pair {pair}: {text}"), 0)),
            }
        }
    }
    let said = kinds.into_iter().map(|(_, text, others)| match others {
        0 => text,
        _ => format!("{text}; the same of {others} other data sets"),
    });
    said.collect()
}

/// Mean and standard deviation of every input over all pairs that can have an edge, as the first iteration has them.
pub(super) fn scaling(drafts: &[Draft]) -> Vec<(f64, f64)> {
    let own = |input: usize| -> Vec<f64> {
        let values = drafts.iter().flat_map(|draft| {
            let problem = &draft.prepared.problem;
            let rows = problem.context.rows().into_iter().zip(&problem.s).zip(&problem.pairs);
            rows.filter(|(_, pair)| **pair != 0.0).map(move |((row, s), _)| match input {
                // |w| of the larger penalty is close enough to that of the start, and to Z.
                0 | 2 => row[5],
                1 => s.abs(),
                further => row[further - 3],
            })
        });
        values.collect()
    };
    let moments = |values: Vec<f64>| {
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, (values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n).sqrt() + 1e-6)
    };
    (0..INPUTS.len() + 3).map(|input| moments(own(input))).collect()
}

impl Example {
    /// A draft on the model's device.
    pub fn new(
        method: &Grnular,
        draft: Draft,
        loss: EdgeLoss,
        scaling: Option<&[(f64, f64)]>,
        ctx: &Context,
    ) -> Result<Self> {
        let Draft { prepared, truth, linked } = draft;
        let Prepared { mut problem, data, .. } = prepared;
        problem.objective = Some((loss, truth));
        let regulation = method.on(&problem, scaling, ctx)?;
        Ok(Self { regulation, own: problem.own, linked, _data: data })
    }

    /// The average precision of the undirected result over all pairs of columns: NaN where members give no numbers,
    /// none where the truth has no edge.
    fn precision(&self, members: &[Vec<f64>], ctx: &Context) -> Result<Option<f64>> {
        let Some(linked) = self.linked.as_ref().filter(|linked| linked.pairs.contains(&true)) else { return Ok(None) };
        let mut sum: Option<Array2<f64>> = None;
        for member in members {
            let pass = self.regulation.pass(member, Direction::Forward, JUDGING, ctx);
            let Some(pass) = unless_numerical(pass)? else { return Ok(Some(f64::NAN)) };
            sum = Some(match sum {
                Some(sum) => sum + pass.z,
                None => pass.z,
            });
        }
        let Some(z) = sum.filter(|z| z.iter().all(|value| value.is_finite())) else { return Ok(Some(f64::NAN)) };
        let p = z.ncols();
        let _held = ctx.reserve_matrices(3, p, p)?;
        let mut all = Array2::<f64>::zeros((p, p));
        self.own.iter().zip(z.rows()).for_each(|(&regulator, row)| all.row_mut(regulator).assign(&row));
        let strength = above_diagonal(p).map(|(i, j)| 0.5 * (all[(i, j)] + all[(j, i)]).abs()).collect();
        let pairs = Pairs { truth: linked.pairs.clone(), strength, ..Pairs::default() };
        Ok(Some(Ranking::of(&pairs, ctx)?.average_precision()))
    }
}

/// 1 - the mean average precision of the undirected result, over the examples that have edges.
pub(super) fn missed_precision(
    members: &[Vec<f64>],
    list: &[usize],
    examples: &[Example],
    ctx: &Context,
) -> Result<Option<f64>> {
    let alone = ctx.clone().with_threads(1);
    let all = parallel::map(list, ctx, |_, &index| examples[index].precision(members, &alone))?;
    let known: Vec<f64> = all.into_iter().flatten().collect();
    Ok((!known.is_empty()).then(|| 1.0 - known.iter().sum::<f64>() / known.len() as f64))
}
