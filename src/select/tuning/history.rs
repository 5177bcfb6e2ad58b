//! How a tuning went.

use super::problem::Point;
use crate::data::{Column, Table};
use crate::error::Result;

/// What was tuned in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// One number.
    Scalar,
    /// A number for every pair of groups.
    Block,
    /// A number for every pair.
    Matrix,
}

impl Stage {
    /// The words that scripts use.
    pub const NAMES: &'static [&'static str] = &["scalar", "block", "matrix"];

    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Block => "block",
            Self::Matrix => "matrix",
        }
    }
}

/// One step: of a scalar every penalty that was tried, else every step that was taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// What was tuned.
    pub stage: Stage,
    /// The penalty, of several the geometric mean.
    pub lambda: f64,
    /// The criterion.
    pub value: f64,
    /// The same on samples that the penalties do not follow.
    pub untouched: Option<f64>,
    /// Number of edges, of several folds the mean.
    pub edges: f64,
    /// |Theta - truth| / |truth|, where the truth is known.
    pub error: Option<f64>,
}

impl Step {
    pub(super) fn of(point: &Point, stage: Stage) -> Self {
        let lambda = (point.alpha.iter().sum::<f64>() / point.alpha.len().max(1) as f64).exp();
        Self { stage, lambda, value: point.value, untouched: point.untouched, edges: point.edges, error: point.error }
    }
}

/// The steps as a table: `step`, `stage`, `lambda`, `criterion`, `edges`, and where there are such `untouched` and `error`.
///
/// # Errors
/// Never for steps of one tuning.
pub fn table(steps: &[Step]) -> Result<Table> {
    let numbers = |f: &dyn Fn(&Step) -> f64| Column::numbers(steps.iter().map(f).collect());
    let stages = steps.iter().map(|step| step.stage.name().to_string()).collect();
    let positions = (0..steps.len()).map(|step| step as f64).collect();
    let mut columns = vec![
        ("step".to_string(), Column::numbers(positions)),
        ("stage".to_string(), Column::texts(stages)),
        ("lambda".to_string(), numbers(&|step| step.lambda)),
        ("criterion".to_string(), numbers(&|step| step.value)),
        ("edges".to_string(), numbers(&|step| step.edges)),
    ];
    if steps.iter().any(|step| step.untouched.is_some()) {
        columns.push(("untouched".into(), numbers(&|step| step.untouched.unwrap_or(f64::NAN))));
    }
    if steps.iter().any(|step| step.error.is_some()) {
        columns.push(("error".into(), numbers(&|step| step.error.unwrap_or(f64::NAN))));
    }
    Table::new(columns, None)
}
