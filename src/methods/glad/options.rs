//! The options of GLAD.

use super::{Glad, shrinkage};
use crate::error::{Error, Result};
use crate::methods::unrolled::model::{DEVICE, DTYPE, HIDDEN, Model, START, STEPS, THRESHOLD_DIAGONAL, VARIANT};
use crate::model::regulators;
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::select::Amount;
use crate::value::Value;

const AUTO: &str = "auto";
const AMOUNT: &[Kind] = &[Kind::Choice(&[AUTO]), Kind::Number(Range::UNIT)];

pub(super) const OPTIONS: &[Opt] = &[
    VARIANT,
    STEPS,
    HIDDEN,
    Opt::new(
        "offset",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Number(0.1),
        "t before training: iterations start at (S + t I)^-1",
    ),
    START,
    THRESHOLD_DIAGONAL,
    Opt::new(
        "shrinkage",
        AMOUNT,
        Preset::Text(AUTO),
        "How far S is moved towards a diagonal first, as in shrunk_partial_correlation(); 0 not at all",
    ),
    Opt::new(
        "variance_shrinkage",
        AMOUNT,
        Preset::Text(AUTO),
        "How far the variances in that diagonal are moved towards their mean; 0 makes units irrelevant",
    ),
    regulators::OPTION,
    DTYPE,
    DEVICE,
];

impl Glad {
    /// From checked options.
    ///
    /// # Errors
    /// Options that do not go together.
    pub fn from_options(options: &Options) -> Result<Self> {
        let mut model = Model::from_options(options);
        model.offset = options.number("offset").unwrap_or(Self::default().model.offset);
        model.layout()?;
        if model.is_published() && (options.is_given("shrinkage") || options.is_given("variance_shrinkage")) {
            return Err(Error::option("shrinkage of glad goes with variant: \"sinew\""));
        }
        Ok(Self { model, shrinkage: shrinkage(options), regulators: regulators::given(options)? })
    }

    /// The options that held, and that hold for other data too.
    pub(super) fn recorded(&self) -> Vec<(String, Value)> {
        let amount = |amount: Amount| match amount {
            Amount::HeldOut => Value::from(AUTO),
            Amount::Given(value) => Value::Float(value),
        };
        let mut options = self.model.recorded();
        if !self.model.is_published() {
            options.push(("shrinkage".into(), amount(self.shrinkage.intensity)));
            options.push(("variance_shrinkage".into(), amount(self.shrinkage.variances)));
        }
        options
    }
}
