//! The options of an unrolled model, and the model that they make.

use crate::context::Context;
use crate::data::{Matrix, Vector};
use crate::error::Result;
use crate::nn::{Cell, Device, Diagonal, Evaluator, Layout, MAX_HIDDEN, Precision, Problem, Root, Start};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;

/// `variant`
pub const VARIANT: Opt = Opt::new(
    "variant",
    &[Kind::Choice(&["sinew", "authors"])],
    Preset::Text("sinew"),
    "\"authors\" repeats the published program: its inexact square root, thresholded diagonal, scaling and output",
);
/// `steps`
pub const STEPS: Opt = Opt::new("steps", &[Kind::Count(1)], Preset::Count(15), "L: unrolled iterations");
/// `hidden`
pub const HIDDEN: Opt =
    Opt::new("hidden", &[Kind::Count(1)], Preset::Count(3), "Units in a hidden layer of the two networks, up to 32");
/// `offset`
pub const OFFSET: Opt = Opt::new(
    "offset",
    &[Kind::Number(Range::POSITIVE)],
    Preset::Number(1.0),
    "t before training: iterations start at (S + t I)^-1",
);
/// `start`
pub const START: Opt = Opt::new(
    "start",
    &[Kind::Choice(&["inverse", "diagonal"])],
    Preset::Text("inverse"),
    "Iterations start at (S + t I)^-1, or at the inverse of its diagonal",
);
/// `threshold_diagonal`
pub const THRESHOLD_DIAGONAL: Opt = Opt::new(
    "threshold_diagonal",
    &[Kind::Bool],
    Preset::Unset("false, with variant: \"authors\" true"),
    "Shrink the diagonal of Z too, which may lose it",
);
/// `dtype`
pub const DTYPE: Opt = Opt::new(
    "dtype",
    &[Kind::Choice(&["float64", "float32"])],
    Preset::Unset("float64, on a GPU float32"),
    "Numbers that the model computes with",
);
/// `device`, for methods that can use a GPU.
pub const DEVICE: Opt = Opt::new(
    "device",
    &[Kind::Text],
    Preset::Text("auto"),
    "Where the model runs: \"auto\" (a GPU where there is one and the work is large), \"cpu\" or \"cuda:0\"",
);

/// Entries of all covariances from which on `device: "auto"` takes a GPU.
const LARGE: usize = 100_000;

/// Whose program a model follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Variant {
    /// Ours: exact square roots and gradients, the diagonal kept, held-out choices.
    #[default]
    Sinew,
    /// The published one.
    Authors,
}

/// An unrolled model before it has learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub(crate) variant: Variant,
    pub(crate) steps: usize,
    pub(crate) hidden: usize,
    pub(crate) offset: f64,
    pub(crate) start: Start,
    pub(crate) threshold_diagonal: Option<bool>,
    pub(crate) precision: Option<Precision>,
    pub(crate) device: String,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            variant: Variant::Sinew,
            steps: 15,
            hidden: 3,
            offset: 1.0,
            start: Start::Whole,
            threshold_diagonal: None,
            precision: None,
            device: "auto".into(),
        }
    }
}

impl Model {
    /// From checked options.
    pub fn from_options(options: &Options) -> Self {
        let default = Self::default();
        let is = |name: &str, word: &str| options.text(name) == Some(word);
        Self {
            variant: if is(VARIANT.name, "authors") { Variant::Authors } else { Variant::Sinew },
            steps: options.count(STEPS.name).unwrap_or(default.steps),
            hidden: options.count(HIDDEN.name).unwrap_or(default.hidden),
            offset: options.number(OFFSET.name).unwrap_or(default.offset),
            start: if is(START.name, "diagonal") { Start::Diagonal } else { Start::Whole },
            threshold_diagonal: options.get(THRESHOLD_DIAGONAL.name).map(|_| options.is_true(THRESHOLD_DIAGONAL.name)),
            precision: options.text(DTYPE.name).map(|word| match word {
                "float32" => Precision::Single,
                _ => Precision::Double,
            }),
            device: options.text("device").unwrap_or("auto").to_string(),
        }
    }

    /// Whether the published program is followed.
    pub fn is_published(&self) -> bool {
        self.variant == Variant::Authors
    }

    /// Where the parameters stand.
    ///
    /// # Errors
    /// More hidden units than there may be.
    pub fn layout(&self) -> Result<Layout> {
        Layout::new(self.hidden)
            .map_err(|error| error.with_hint(format!("hidden: 3 is usual, {MAX_HIDDEN} is the most")))
    }

    /// The cell.
    ///
    /// # Errors
    /// As [`Model::layout`].
    pub fn cell(&self) -> Result<Cell> {
        let published = self.is_published();
        Ok(Cell {
            layout: self.layout()?,
            steps: self.steps,
            start: self.start,
            root: if published { Root::NewtonSchulz } else { Root::Exact },
            diagonal: match self.threshold_diagonal.unwrap_or(published) {
                true => Diagonal::Thresholded,
                false => Diagonal::Kept,
            },
            through_lambda: !published,
            lambda_start: 1.0,
        })
    }

    /// The model on a problem, on its device.
    ///
    /// # Errors
    /// A device that cannot be used; memory.
    pub fn evaluator(&self, problem: &Problem, ctx: &Context) -> Result<Evaluator> {
        // A GPU that nobody asked for must not refuse what the processor can do, nor take what is done before it starts.
        let work = problem.s.len() * problem.s.first().map_or(0, |s| s.len());
        let on_gpu = !self.is_published() && self.precision != Some(Precision::Double) && work >= LARGE;
        let wanted = if self.device == "auto" && !on_gpu { "cpu" } else { &self.device };
        let device = Device::choose(wanted)?;
        let default = if device == Device::Cpu { Precision::Double } else { Precision::Single };
        Evaluator::new(&self.cell()?, problem, device, self.precision.unwrap_or(default), ctx)
    }

    /// Holds the learned offset t above 0, without which S + t I may be singular. The published programs do not.
    pub fn keep_positive(&self, parameters: &mut [f64]) {
        const LEAST: f64 = 1e-4;
        if let Some(offset) = parameters.first_mut().filter(|_| !self.is_published()) {
            *offset = offset.max(LEAST);
        }
    }

    /// The options that held.
    pub fn recorded(&self) -> Vec<(String, Value)> {
        let published = self.is_published();
        let dtype = self.precision.map(|precision| match precision {
            Precision::Single => "float32",
            Precision::Double => "float64",
        });
        vec![
            (VARIANT.name.into(), if published { "authors" } else { "sinew" }.into()),
            (STEPS.name.into(), self.steps.into()),
            (HIDDEN.name.into(), self.hidden.into()),
            (OFFSET.name.into(), self.offset.into()),
            (START.name.into(), if self.start == Start::Diagonal { "diagonal" } else { "inverse" }.into()),
            (THRESHOLD_DIAGONAL.name.into(), self.threshold_diagonal.unwrap_or(published).into()),
            (DTYPE.name.into(), dtype.map_or(Value::Unit, Value::from)),
            ("device".into(), self.device.as_str().into()),
        ]
    }
}

/// The parameters of a cell by name: matrices, vectors and numbers.
pub fn named(layout: Layout, parameters: &[f64]) -> Value {
    let value = |(rows, cols): (usize, usize), numbers: Vec<f64>| match (rows, cols) {
        (1, 1) => Value::Float(numbers[0]),
        (_, 1) => Vector::from(numbers).into(),
        _ => Matrix::from_fn(rows, cols, |i, j| numbers[i * cols + j]).into(),
    };
    let parts = layout.split(parameters).into_iter();
    Value::Map(parts.map(|(part, numbers)| (part.name.to_string(), value(part.shape, numbers))).collect())
}
