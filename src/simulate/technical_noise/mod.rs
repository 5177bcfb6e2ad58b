//! Technical noise of single-cell sequencing: the record and its options; the steps; the published settings.

mod presets;
mod steps;

pub use presets::PRESETS;

use ndarray::Array2;

use crate::context::Context;
use crate::data::{Matrix, matrix_argument};
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, Param, Record, Run, Simulation};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::{Args, Value};

const OUTLIER: &[Opt] = &[
    Opt::new(
        "probability",
        &[Kind::Number(Range::UNIT)],
        Preset::Number(0.01),
        "Probability that a gene is an outlier",
    ),
    Opt::new("mean", &[Kind::Number(Range::ANY)], Preset::Number(0.8), "Mean of the logarithm of its factor"),
    Opt::new(
        "scale",
        &[Kind::Number(Range::NON_NEGATIVE)],
        Preset::Number(1.0),
        "Standard deviation of that logarithm",
    ),
];
const LIBRARY: &[Opt] = &[
    Opt::new("mean", &[Kind::Number(Range::ANY)], Preset::Number(4.6), "Mean of the logarithm of a cell's total"),
    Opt::new(
        "scale",
        &[Kind::Number(Range::NON_NEGATIVE)],
        Preset::Number(0.4),
        "Standard deviation of that logarithm",
    ),
];
const DROPOUT: &[Opt] = &[
    Opt::new(
        "shape",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Number(6.5),
        "How sharply dropout depends on expression",
    ),
    Opt::new(
        "percentile",
        &[Kind::Number(Range::NON_NEGATIVE.at_most(100.0))],
        Preset::Number(82.0),
        "Percentile of the logarithms at which half of the values are lost",
    ),
];

pub(super) const OPTIONS: &[Opt] = &[
    Opt::new(
        "outlier",
        &[Kind::Options(OUTLIER), Kind::Bool],
        Preset::Unset("not applied"),
        "Some genes are far too high in all cells; false takes it out of a preset",
    ),
    Opt::new(
        "library",
        &[Kind::Options(LIBRARY), Kind::Bool],
        Preset::Unset("not applied"),
        "Every cell has a total of its own",
    ),
    Opt::new("dropout", &[Kind::Options(DROPOUT), Kind::Bool], Preset::Unset("not applied"), "Low values are lost"),
    Opt::new("umi", &[Kind::Bool], Preset::Unset("not applied"), "Whole numbers: Poisson counts of unique molecules"),
    Opt::new(
        "preset",
        &[Kind::Choice(presets::NAMES)],
        Preset::Unset("none"),
        "All four as in a data set of the SERGIO paper; what is given beside it wins",
    ),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "technical_noise",
    constructor: None,
    area: Area::Simulate,
    summary: "Noise of sequencing: outlier genes, library sizes, dropout, molecule counts",
    details: "Only what is given is applied, in SERGIO's order. `outlier`: every gene is an outlier with a probability; all \
its values are multiplied by one factor, log-normal. `library`: the values of a cell are scaled so that their sum is log-normal. \
`dropout`: with y = log(x + 1) and y0 the percentile of y over the whole matrix, a value is kept with probability 1 / (1 + \
exp(-shape (y - y0))), else it is 0. `umi`: Poisson counts of these means. `true` applies a step with its defaults, and without \
any of these options all four are applied with theirs, which are those of SERGIO's example. Takes counts (cells x genes), or what \
`sergio` gave: then its counts are replaced and its options say what was applied, under which seed; of differentiation unspliced and spliced get the same outliers and libraries (a \
cell's total is over both), dropout each for itself, and counts are their sum again.",
    params: &[Param {
        name: "counts",
        help: "expression, cells x genes, not negative (Matrix, Table), or a Simulation",
    }],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: &[],
    reference: "Dibaeinia, Sinha, Cell Systems 11:252 (2020), Table S1: the presets",
    example: "let sim = sergio(random_grn(#{ genes: 20, regulators: 3, seed: 1 }), #{ cell_types: 2, cells: 50, seed: 2 });\n\
let x = technical_noise(sim.counts, #{ dropout: #{ shape: 20, percentile: 50 }, seed: 3 });\n\
print((x == 0.0).mean());\n\
print(technical_noise(sim, #{ preset: \"DS1\", seed: 3 }).counts.head(2));",
    run: Run::Value(|args, options, ctx| TechnicalNoise::from_options(options)?.run(args, ctx)),
};

/// Outlier genes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlier {
    /// Probability of a gene to be one.
    pub probability: f64,
    /// Mean of the logarithm of its factor.
    pub mean: f64,
    /// Standard deviation of that logarithm.
    pub scale: f64,
}

/// Library sizes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Library {
    /// Mean of the logarithm of a cell's total.
    pub mean: f64,
    /// Standard deviation of that logarithm.
    pub scale: f64,
}

/// Dropout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// Slope of the logistic function.
    pub shape: f64,
    /// Percentile, from 0 to 100, of log(x + 1) at which half of the values are lost.
    pub percentile: f64,
}

/// What is applied, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TechnicalNoise {
    /// Some genes are far too high.
    pub outlier: Option<Outlier>,
    /// Every cell has a total of its own.
    pub library: Option<Library>,
    /// Low values are lost.
    pub dropout: Option<Dropout>,
    /// Whole numbers.
    pub umi: bool,
}

impl TechnicalNoise {
    /// One of the settings of the SERGIO paper, by name.
    pub fn preset(name: &str) -> Option<Self> {
        PRESETS.iter().find(|(known, _)| *known == name).map(|(_, noise)| *noise)
    }

    /// Whether nothing is applied.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn from_options(options: &Options) -> Result<Self> {
        let noise = Self::parse(options, !OPTIONS.iter().any(|step| options.is_given(step.name)));
        match noise.is_none() {
            true => Err(Error::option("technical_noise: all noise is switched off")
                .with_hint("leave the call out, or give outlier, library, dropout or umi")),
            false => Ok(noise),
        }
    }

    /// What the options ask for; with `all`, every step that they do not switch off.
    pub(super) fn parse(options: &Options, all: bool) -> Self {
        let preset = options.text("preset").and_then(Self::preset).unwrap_or_default();
        Self {
            outlier: step(options, "outlier", OUTLIER, all, preset.outlier.map(|o| [o.probability, o.mean, o.scale]))
                .map(|[probability, mean, scale]| Outlier { probability, mean, scale }),
            library: step(options, "library", LIBRARY, all, preset.library.map(|l| [l.mean, l.scale]))
                .map(|[mean, scale]| Library { mean, scale }),
            dropout: step(options, "dropout", DROPOUT, all, preset.dropout.map(|d| [d.shape, d.percentile]))
                .map(|[shape, percentile]| Dropout { shape, percentile }),
            umi: if options.is_given("umi") { options.is_true("umi") } else { all || preset.umi },
        }
    }

    fn run(&self, args: &Args<'_>, ctx: &Context) -> Result<Value> {
        match args.get(0)?.object::<Simulation>() {
            Some(simulation) => self.apply_to(simulation, ctx).map(Into::into),
            None => {
                let counts = matrix_argument(args, 0, "the expression", "a Matrix, a Table or a Simulation", ctx)?;
                self.apply(&counts, ctx).map(Into::into)
            }
        }
    }

    /// Counts, cells x genes, with the noise; the seed is the context's.
    ///
    /// # Errors
    /// Negative values or values that are no numbers; a total that is too large; limits of the context.
    pub fn apply(&self, counts: &Matrix, ctx: &Context) -> Result<Matrix> {
        let mut noisy = self.noisy(&[counts], ctx)?;
        like(counts, noisy.pop().ok_or_else(|| Error::internal("no counts"))?)
    }

    /// A simulation with noise in its counts, and where it has them in unspliced and spliced expression.
    ///
    /// # Errors
    /// As [`TechnicalNoise::apply`]; a simulation without counts.
    pub fn apply_to(&self, simulation: &Simulation, ctx: &Context) -> Result<Simulation> {
        let part = |name: &str| simulation.get(name).and_then(|part| part.object::<Matrix>());
        let (Some(unspliced), Some(spliced)) = (part("unspliced"), part("spliced")) else {
            let counts = simulation.part("counts")?.object::<Matrix>();
            let counts = counts.ok_or_else(|| Error::argument("the counts of this simulation are no Matrix"))?;
            return Ok(self.noted(simulation, ctx).with("counts", self.apply(counts, ctx)?));
        };
        let noisy = self.noisy(&[unspliced, spliced], ctx)?;
        let [u, s] = noisy.as_slice() else { return Err(Error::internal("no expression")) };
        let counts = like(unspliced, u + s)?;
        let (unspliced, spliced) = (like(unspliced, u.clone())?, like(spliced, s.clone())?);
        Ok(self.noted(simulation, ctx).with("counts", counts).with("unspliced", unspliced).with("spliced", spliced))
    }

    /// The simulation with this noise among its options, and the seed that repeats it.
    fn noted(&self, simulation: &Simulation, ctx: &Context) -> Simulation {
        let map = |entries: &[(&str, f64)]| {
            Value::Map(entries.iter().map(|&(name, value)| (name.to_string(), value.into())).collect())
        };
        let outlier =
            self.outlier.map(|o| map(&[("probability", o.probability), ("mean", o.mean), ("scale", o.scale)]));
        let library = self.library.map(|l| map(&[("mean", l.mean), ("scale", l.scale)]));
        let dropout = self.dropout.map(|d| map(&[("shape", d.shape), ("percentile", d.percentile)]));
        let mut noise: Vec<(String, Value)> = Vec::new();
        let steps = [("outlier", outlier), ("library", library), ("dropout", dropout)];
        noise.extend(steps.into_iter().filter_map(|(name, step)| Some((name.to_string(), step?))));
        noise.push(("umi".into(), self.umi.into()));
        noise.push(("seed".into(), (ctx.seed() as i64).into()));
        simulation.clone().with_option("technical_noise", Value::Map(noise))
    }

    /// The noise in matrices that are parts of the same expression.
    fn noisy(&self, parts: &[&Matrix], ctx: &Context) -> Result<Vec<Array2<f64>>> {
        for part in parts {
            check(part)?;
        }
        let (cells, genes) = (parts[0].rows(), parts[0].cols());
        if parts.iter().any(|part| (part.rows(), part.cols()) != (cells, genes)) {
            return Err(Error::shape("unspliced and spliced expression have different sizes"));
        }
        let _held = ctx.reserve_matrices(2 * parts.len() + 1, cells, genes)?;
        let mut values: Vec<Array2<f64>> = parts.iter().map(|part| part.view().to_owned()).collect();
        if let Some(outlier) = &self.outlier {
            steps::outliers(&mut values, outlier, ctx)?;
        }
        if let Some(library) = &self.library {
            steps::library_sizes(&mut values, library, ctx)?;
        }
        for (index, values) in values.iter_mut().enumerate() {
            if let Some(dropout) = &self.dropout {
                steps::dropout(values, dropout, index, ctx)?;
            }
            if self.umi {
                steps::molecules(values, index, ctx)?;
            }
        }
        let is_number = |values: &Array2<f64>| values.iter().all(|value| value.is_finite());
        match values.iter().all(is_number) {
            true => Ok(values),
            false => Err(Error::numerical("technical_noise: values become too large for numbers").with_hint(
                "outlier and library have the mean and the scale of logarithms: exp(mean) is a typical factor or total",
            )),
        }
    }
}

/// Other numbers under the same names.
fn like(m: &Matrix, values: Array2<f64>) -> Result<Matrix> {
    m.with_values(values.into_raw_vec_and_offset().0)
}

/// The numbers of a step, in the order of its table: its own, else those of the preset, else defaults; none where the step
/// is not applied.
fn step<const N: usize>(
    options: &Options,
    name: &str,
    table: &'static [Opt],
    all: bool,
    preset: Option<[f64; N]>,
) -> Option<[f64; N]> {
    let default = |key: usize| match table[key].default {
        Preset::Number(value) => value,
        _ => f64::NAN,
    };
    let other = |key: usize| preset.map_or_else(|| default(key), |numbers| numbers[key]);
    match options.nested(name) {
        Some(own) => Some(std::array::from_fn(|key| {
            let given = own.number(table[key].name).filter(|_| own.is_given(table[key].name));
            given.unwrap_or_else(|| other(key))
        })),
        None if options.is_given(name) && !options.is_true(name) => None,
        None if options.is_given(name) || all => Some(std::array::from_fn(other)),
        None => preset,
    }
}

fn check(counts: &Matrix) -> Result<()> {
    if let Some(place) = counts.first_non_finite() {
        return Err(Error::data(format!("technical_noise: the expression has {place}")));
    }
    match counts.view().indexed_iter().find(|(_, value)| **value < 0.0) {
        Some(((cell, gene), value)) => {
            let gene = counts.column_label(gene);
            Err(Error::data(format!("technical_noise: the expression of {gene} in cell {cell} is {value}"))
                .with_hint("expression is not negative: give counts, not logarithms or standardized data"))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(given: &[(&str, Value)]) -> Result<TechnicalNoise> {
        let given: Vec<(String, Value)> = given.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        TechnicalNoise::from_options(&RECORD.check(&given)?)
    }

    #[test]
    fn only_what_is_given_is_applied() {
        let map = |key: &str, value: f64| Value::Map(vec![(key.into(), value.into())]);
        let dropout = noise(&[("dropout", map("percentile", 50.0))]).unwrap();
        assert_eq!(dropout.dropout, Some(Dropout { shape: 6.5, percentile: 50.0 }));
        assert!(dropout.outlier.is_none() && dropout.library.is_none() && !dropout.umi);
        let all = noise(&[]).unwrap();
        assert_eq!(all.library, Some(Library { mean: 4.6, scale: 0.4 }));
        assert!(all.outlier.is_some() && all.dropout.is_some() && all.umi);
        let preset = noise(&[("preset", "DS13".into()), ("umi", false.into()), ("library", map("mean", 5.0))]).unwrap();
        assert_eq!(preset.dropout, Some(Dropout { shape: 8.0, percentile: 70.0 }));
        assert_eq!((preset.library, preset.umi), (Some(Library { mean: 5.0, scale: 0.4 }), false));
        let own =
            noise(&[("preset", "DS1".into()), ("dropout", map("percentile", 70.0)), ("outlier", true.into())]).unwrap();
        assert_eq!(own.dropout, Some(Dropout { shape: 20.0, percentile: 70.0 }));
        assert_eq!(
            (own.outlier, own.library),
            (TechnicalNoise::preset("DS1").unwrap().outlier, TechnicalNoise::preset("DS1").unwrap().library)
        );
        assert!(noise(&[("umi", false.into())]).is_err());
        assert_eq!(noise(&[("umi", true.into())]).unwrap(), TechnicalNoise { umi: true, ..TechnicalNoise::default() });
    }
}
