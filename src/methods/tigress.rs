//! TIGRESS: how often a regulator is among the first of a lasso path, over halves of the samples and random weights.

use ndarray::{Array2, ArrayView2, Axis};
use rand::RngExt;

use super::setters::setters;
use crate::context::Context;
use crate::data::{Matrix, Selector};
use crate::error::{Error, Result};
use crate::linalg;
use crate::model::{Accepts, Area, Fit, FitBuilder, Input, Property, Record, Run, regulators};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::solver::LeastAngle;
use crate::value::Value;
use crate::{parallel, rng};

use super::directed::{self, Method, Roles, over_regulators};

const OPTIONS: &[Opt] = &[
    regulators::OPTION,
    Opt::new("splits", &[Kind::Count(1)], Preset::Count(100), "Random splits of the samples into two halves"),
    Opt::new("steps", &[Kind::Count(1)], Preset::Count(5), "Steps of each least angle regression"),
    Opt::new(
        "alpha",
        &[Kind::Number(Range::POSITIVE.at_most(1.0))],
        Preset::Number(0.2),
        "Every regulator is multiplied by a random number between alpha and 1",
    ),
    Opt::new(
        "score",
        &[Kind::Choice(&["area", "max"])],
        Preset::Text("area"),
        "\"area\": mean over steps of how often a regulator is active; \"max\": the largest of them",
    ),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "tigress",
    constructor: Some("Tigress"),
    area: Area::Recover,
    summary: "Directed graph from stability selection of every gene's regulators (TIGRESS)",
    details: "For every column g: the standardised samples are split at random into halves, the regulators but g itself are \
multiplied by random weights from [alpha, 1], the same in both halves, and least angle regression (the path of the lasso, where \
variables can leave) takes `steps` steps on each half. F_l(t) is the share of the 2 x `splits` regressions in which t is \
active after step l. The weight of the edge t -> g is the mean of F_1(t) to F_steps(t) (\"area\") or the largest of them (\"max\"): \
between 0 and 1. The paper's tuning of a yeast network gave alpha 0.4, 2 steps and 4000 splits. All columns share the splits, \
whose moments are computed once; the weights of a column come from the seed and its name: neither the order of columns or \
regulators nor the number of threads changes the answer. `steps` are at most as many as there are regulators of a column. A \
constant column has no edges, which a warning tells. Without `regulators` all columns regulate all.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::Constants,
    random: true,
    adds: &[Property {
        name: "scores",
        help: "Row t has the scores of regulator t for every column (Matrix, regulators x p)",
    }],
    reference: "Haury, Mordelet, Vera-Licona, Vert, BMC Systems Biology 6:145 (2012); Efron, Hastie, Johnstone, Tibshirani, \
Annals of Statistics 32:407 (2004)",
    example: "let x = example(\"sachs\").head(200).log1p();\n\
              let fit = x.tigress(#{ regulators: [\"PKA\", \"PKC\", \"praf\"], steps: 2, seed: 1 });\n\
              print(fit.graph());",
    run: Run::Fit(|input, options, ctx| Tigress::from_options(options)?.fit_input(input, ctx)),
};

/// How the shares of a regulator become its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Score {
    /// Their mean over steps.
    Area,
    /// The largest.
    Max,
}

/// TIGRESS and its options.
///
/// ```
/// use sinew::data::Selector;
/// use sinew::{Context, Matrix, methods::tigress::Tigress};
/// let x = Matrix::from_fn(50, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let fit = Tigress::new().regulators(vec![Selector::Position(0)]).splits(5).fit(&x, &Context::new())?;
/// assert!(fit.graph(0.0)?.edges().iter().all(|edge| edge.source == 0 && edge.weight == 1.0));
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Tigress {
    regulators: Option<Vec<Selector>>,
    splits: usize,
    steps: usize,
    alpha: f64,
    score: Score,
}

impl Default for Tigress {
    fn default() -> Self {
        Self { regulators: None, splits: 100, steps: 5, alpha: 0.2, score: Score::Area }
    }
}

over_regulators!(Tigress);

impl Tigress {
    setters! {
        /// Random splits of the samples, at least 1.
        splits: usize => splits;
        /// Steps of each regression, at least 1.
        steps: usize => steps;
        /// The smallest weight of a regulator, above 0 and at most 1.
        alpha: f64 => alpha;
        /// How shares become scores.
        score: Score => score;
    }

    fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        Ok(Self {
            regulators: regulators::given(options)?,
            splits: options.count("splits").unwrap_or(default.splits),
            steps: options.count("steps").unwrap_or(default.steps),
            alpha: options.number("alpha").unwrap_or(default.alpha),
            score: if options.text("score") == Some("max") { Score::Max } else { Score::Area },
        })
    }

    /// Fits checked data.
    ///
    /// # Errors
    /// As [`Tigress::fit`]; fewer than four samples.
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        let x = self.check(input)?;
        let method = Method {
            verb: RECORD.verb,
            regulators: self.regulators.as_deref(),
            scores: "scores",
            compares: true,
            options: self.recorded(),
        };
        method.fit(input, ctx, |roles| {
            let runs = self.splits.saturating_mul(2);
            let tell = move |builder: FitBuilder| builder.solver("least angle regression", runs, true);
            Ok((self.scores(x, roles, ctx)?, tell))
        })
    }

    /// Scores of all regulators (rows) for all columns.
    fn scores(&self, x: &Matrix, roles: &Roles, ctx: &Context) -> Result<Array2<f64>> {
        // Moments of both halves and how they come about.
        let _held = ctx.reserve_matrices(4, roles.regulators.len(), x.cols())?;
        let _halves = ctx.reserve_matrices(4, x.rows(), x.cols())?;
        let problem = Problem::new(x, roles);
        if problem.regulators == 0 {
            return Ok(Array2::zeros((roles.regulators.len(), x.cols())));
        }
        let steps = self.steps.min(problem.regulators);
        let slots = match self.score {
            Score::Area => 1,
            Score::Max => steps,
        };
        let _counts = ctx.reserve_matrices(slots, roles.regulators.len(), x.cols())?;
        let counts = self.count(&problem, steps, slots, roles, ctx)?;
        let runs = 2.0 * self.splits as f64 * if slots == 1 { steps as f64 } else { 1.0 };
        let score = |target: usize, regulator: usize| -> f64 {
            let counts = &counts[target][regulator * slots..(regulator + 1) * slots];
            counts.iter().copied().max().unwrap_or(0) as f64 / runs
        };
        let shape = (problem.regulators, problem.order.len());
        let scores = Array2::from_shape_fn(shape, |(regulator, target)| score(target, regulator));
        Ok(roles.placed(scores.view(), &problem.order[..problem.regulators], &problem.order))
    }

    fn check<'a>(&self, input: &'a Input) -> Result<&'a Matrix> {
        if self.splits == 0 || self.steps == 0 {
            return Err(Error::option("splits and steps of tigress are at least 1"));
        }
        if !(self.alpha > 0.0 && self.alpha <= 1.0) {
            return Err(Error::option(format!("alpha is a number > 0 and <= 1, not {}", self.alpha)));
        }
        let x = directed::data(RECORD.verb, input)?;
        if x.rows() < 4 {
            return Err(Error::data(format!("tigress splits samples into halves of two or more, of {}", x.rows())));
        }
        Ok(x)
    }

    /// How often each regulator is active: for every target `slots` counts a regulator, one a step or one for all.
    fn count(
        &self,
        problem: &Problem,
        steps: usize,
        slots: usize,
        roles: &Roles,
        ctx: &Context,
    ) -> Result<Vec<Vec<u32>>> {
        let targets: Vec<usize> = (0..problem.order.len()).collect();
        let mut counts = vec![vec![0u32; problem.regulators * slots]; targets.len()];
        for split in 0..self.splits {
            ctx.progress("tigress", split, self.splits);
            let order = rng::permutation(&mut rng::stream(ctx.seed(), "tigress samples", split as u64), problem.rows());
            let (first, second) = order.split_at(order.len() / 2);
            let halves = [problem.moments(first, ctx)?, problem.moments(second, ctx)?];
            let found = parallel::map(&targets, ctx, |_, &target| -> Result<Vec<u32>> {
                let purpose = format!("tigress {}", roles.labels.get(problem.order[target]));
                let weights = self.weights(problem.regulators, &purpose, ctx.seed(), split);
                let mut own = vec![0u32; problem.regulators * slots];
                for half in &halves {
                    problem.count_active(half.view(), target, &weights, (steps, slots), &mut own, ctx)?;
                }
                Ok(own)
            })?;
            for (counts, found) in counts.iter_mut().zip(found) {
                counts.iter_mut().zip(found).for_each(|(all, own)| *all += own);
            }
        }
        ctx.progress("tigress", self.splits, self.splits);
        Ok(counts)
    }

    fn weights(&self, count: usize, purpose: &str, seed: u64, split: usize) -> Vec<f64> {
        let mut rng = rng::stream(seed, purpose, split as u64);
        (0..count).map(|_| self.alpha + (1.0 - self.alpha) * rng.random::<f64>()).collect()
    }

    /// The options that held.
    fn recorded(&self) -> Vec<(String, Value)> {
        let score = if self.score == Score::Max { "max" } else { "area" };
        vec![
            ("splits".into(), self.splits.into()),
            ("steps".into(), self.steps.into()),
            ("alpha".into(), self.alpha.into()),
            ("score".into(), score.into()),
        ]
    }
}

/// Standardised data in an order that only names decide.
struct Problem {
    /// Columns that vary: first those that are regulators, then the others, both in the order of their labels.
    order: Vec<usize>,
    /// Number of regulators among them.
    regulators: usize,
    /// Samples x columns in that order.
    x: Array2<f64>,
}

impl Problem {
    fn new(x: &Matrix, roles: &Roles) -> Self {
        let sorted = |mut columns: Vec<usize>| {
            columns.sort_unstable_by(|&a, &b| roles.labels.get(a).cmp(roles.labels.get(b)));
            columns
        };
        let acting = sorted(roles.acting());
        let mut acts = vec![false; roles.labels.len()];
        acting.iter().for_each(|&column| acts[column] = true);
        let others = sorted(roles.varying.iter().copied().filter(|&column| !acts[column]).collect());
        let regulators = acting.len();
        let order = [acting, others].concat();
        let mut x = x.view().select(Axis(1), &order);
        for mut column in x.columns_mut() {
            // Of halves: sums of huge numbers stay finite.
            let mean = column.iter().map(|value| 0.5 * value / column.len() as f64).sum::<f64>();
            column.mapv_inplace(|value| 0.5 * value - mean);
            let largest = column.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
            column.mapv_inplace(|value| value / largest);
            let sd = (column.iter().map(|value| value * value).sum::<f64>() / column.len() as f64).sqrt();
            column.mapv_inplace(|value| value / sd);
        }
        Self { order, regulators, x }
    }

    fn rows(&self) -> usize {
        self.x.nrows()
    }

    /// X'X of some samples, centred, of regulators with all columns.
    fn moments(&self, rows: &[usize], ctx: &Context) -> Result<Array2<f64>> {
        let mut half = self.x.select(Axis(0), rows);
        for mut column in half.columns_mut() {
            let mean = column.sum() / rows.len() as f64;
            column.mapv_inplace(|value| value - mean);
        }
        let (acting, _) = half.view().split_at(Axis(1), self.regulators);
        linalg::matmul(acting.reversed_axes(), half.view(), ctx)
    }

    /// Counts the regulators of a target that are active after each step. A list of them would be as long as the square of
    /// the steps.
    fn count_active(
        &self,
        moments: ArrayView2<'_, f64>,
        target: usize,
        weights: &[f64],
        (steps, slots): (usize, usize),
        counts: &mut [u32],
        ctx: &Context,
    ) -> Result<()> {
        let (gram, _) = moments.split_at(Axis(1), self.regulators);
        let products = moments.column(target);
        let excluded = (target < self.regulators).then_some(target);
        let mut path = LeastAngle::new(gram, products.iter().copied(), weights, excluded);
        for step in 0..steps {
            ctx.check()?;
            // Where the path has ended, its last variables stay.
            path.step();
            path.active().iter().for_each(|&regulator| counts[regulator * slots + step % slots] += 1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(Tigress::from_options(&options).unwrap(), Tigress::default());
    }

    /// Five columns: the last is the sum of the first, the second twice, and little else.
    fn data() -> Matrix {
        let noise = |i: usize, j: usize| ((i * i + 3 * j * j + 2 * i * j) as f64 * 0.7).sin();
        Matrix::from_fn(
            80,
            5,
            |i, j| if j == 4 { noise(i, 0) + 2.0 * noise(i, 1) + 0.1 * noise(i, 9) } else { noise(i, j) },
        )
    }

    #[test]
    fn regulators_that_matter_are_always_chosen() {
        let score = |steps, score| {
            let method = Tigress::new().splits(20).steps(steps).score(score).alpha(0.8);
            let fit = method.fit(&data(), &Context::new().with_seed(4)).unwrap();
            let scores = fit.added("scores").unwrap().object::<Matrix>().unwrap().clone();
            [0, 1, 2].map(|row| scores.view()[(row, 4)])
        };
        // The stronger one joins first, so that the other is active after the second of two steps alone.
        assert_eq!(score(2, Score::Area), [0.5, 1.0, 0.0]);
        assert_eq!(score(2, Score::Max), [1.0, 1.0, 0.0]);
        assert_eq!(score(1, Score::Max), [0.0, 1.0, 0.0]);
        let few = Matrix::from_fn(3, 2, |i, j| (i * i + j) as f64);
        assert!(Tigress::new().fit(&few, &Context::new()).unwrap_err().message().contains("halves"));
    }
}
