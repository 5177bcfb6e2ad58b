//! The options of GLAD.

use super::Glad;
use crate::error::{Error, Result};
use crate::methods::unrolled::model::{DEVICE, DTYPE, HIDDEN, Model, START, STEPS, THRESHOLD_DIAGONAL, VARIANT};
use crate::methods::unrolled::shrinking::{SHRINKAGE, VARIANCE_SHRINKAGE, recorded_shrinkage, shrinkage};
use crate::model::regulators;
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;

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
    SHRINKAGE,
    VARIANCE_SHRINKAGE,
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
        let mut options = self.model.recorded();
        if !self.model.is_published() {
            options.extend(recorded_shrinkage(&self.shrinkage));
        }
        options
    }
}
