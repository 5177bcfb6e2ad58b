//! How far covariances are shrunk before a model sees them: the options, and what they stand for.

use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::select::{Amount, Shrinkage};
use crate::value::Value;

const AUTO: &str = "auto";
const AMOUNT: &[Kind] = &[Kind::Choice(&[AUTO]), Kind::Number(Range::UNIT)];

/// `shrinkage`
pub const SHRINKAGE: Opt = Opt::new(
    "shrinkage",
    AMOUNT,
    Preset::Text(AUTO),
    "How far S is moved towards a diagonal first, as in shrunk_partial_correlation(); 0 not at all",
);
/// `variance_shrinkage`
pub const VARIANCE_SHRINKAGE: Opt = Opt::new(
    "variance_shrinkage",
    AMOUNT,
    Preset::Text(AUTO),
    "How far the variances in that diagonal are moved towards their mean; 0 makes units irrelevant",
);

/// From checked options.
pub fn shrinkage(options: &Options) -> Shrinkage {
    let amount = |opt: &Opt| options.number(opt.name).map_or(Amount::HeldOut, Amount::Given);
    Shrinkage { intensity: amount(&SHRINKAGE), variances: amount(&VARIANCE_SHRINKAGE), ..Shrinkage::default() }
}

/// The options that held.
pub fn recorded_shrinkage(shrinkage: &Shrinkage) -> [(String, Value); 2] {
    let amount = |amount: Amount| match amount {
        Amount::HeldOut => Value::from(AUTO),
        Amount::Given(value) => Value::Float(value),
    };
    [
        (SHRINKAGE.name.into(), amount(shrinkage.intensity)),
        (VARIANCE_SHRINKAGE.name.into(), amount(shrinkage.variances)),
    ]
}
