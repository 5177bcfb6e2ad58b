//! What methods share that grow trees: the option `max_features`, and importances as scores.

use ndarray::Array2;

use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::trees::{Importances, MaxFeatures, Regressions};
use crate::value::Value;

use super::directed::Roles;

const NAME: &str = "max_features";

/// Shares first: 1.0 is a share, 1 a number.
const KINDS: &[Kind] = &[Kind::Number(Range::POSITIVE.at_most(1.0)), Kind::Count(1), Kind::Choice(&["sqrt", "all"])];

/// The option; the default is the method's own.
pub(super) const fn max_features(default: Preset) -> Opt {
    let help = "Regulators that a node looks at: a share (0.1; 1.0 is all), a number (1 is one), \"sqrt\" or \"all\"";
    Opt::new(NAME, KINDS, default, help)
}

/// What the option says; none where it has no value.
pub(super) fn given(options: &Options) -> Option<MaxFeatures> {
    match options.get(NAME)? {
        Value::Int(count) => usize::try_from(*count).ok().map(MaxFeatures::Count),
        Value::Float(share) => Some(MaxFeatures::Share(*share)),
        Value::Text(word) if word == "all" => Some(MaxFeatures::All),
        _ => Some(MaxFeatures::Sqrt),
    }
}

/// The option as it held.
pub(super) fn recorded(rule: MaxFeatures) -> Value {
    match rule {
        MaxFeatures::Sqrt => "sqrt".into(),
        MaxFeatures::All => "all".into(),
        MaxFeatures::Share(share) => share.into(),
        MaxFeatures::Count(count) => count.into(),
    }
}

/// Fails where a rule, which options of scripts cannot say, allows no regulator.
///
/// # Errors
/// A share that is none, a number of 0.
pub(super) fn check(rule: MaxFeatures) -> Result<()> {
    match rule {
        MaxFeatures::Share(share) if !(share > 0.0 && share <= 1.0) => {
            Err(Error::option(format!("{NAME} is a share > 0 and <= 1, not {share}")))
        }
        MaxFeatures::Count(0) => Err(Error::option(format!("{NAME} is at least 1"))),
        _ => Ok(()),
    }
}

/// Importances of all regulators (rows) for all columns, as `grow` finds them by the regressions of the columns that vary on
/// the regulators that do, with the number of trees of each of these columns.
///
/// # Errors
/// Those of `grow`, too many samples, a limit of the context.
pub(super) fn importances(
    x: &Matrix,
    roles: &Roles,
    grow: impl FnOnce(&Regressions<'_>) -> Result<Importances>,
    ctx: &Context,
) -> Result<(Array2<f64>, Vec<usize>)> {
    let problem = Regressions::new(x.view(), roles.labels.as_slice(), &roles.acting(), ctx)?;
    let found = grow(&problem)?;
    Ok((roles.placed(found.values.view(), problem.columns(), &roles.varying), found.trees))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &[Opt] = &[max_features(Preset::Number(0.1))];

    fn rule(value: impl Into<Value>) -> Result<Option<MaxFeatures>> {
        Options::check("grow", OPTIONS.iter(), [(NAME, value.into())]).map(|options| given(&options))
    }

    #[test]
    fn one_is_one_regulator_and_one_point_zero_is_all() {
        assert_eq!(rule(1usize).unwrap(), Some(MaxFeatures::Count(1)));
        assert_eq!(rule(1.0).unwrap(), Some(MaxFeatures::Share(1.0)));
        assert_eq!(rule(0.25).unwrap(), Some(MaxFeatures::Share(0.25)));
        assert_eq!(rule(12.0).unwrap(), Some(MaxFeatures::Count(12)));
        assert_eq!(rule("all").unwrap(), Some(MaxFeatures::All));
        assert_eq!(rule("sqrt").unwrap(), Some(MaxFeatures::Sqrt));
        assert!(rule(1.5).is_err() && rule(0.0).is_err() && rule("half").is_err());
        let default = Options::check("grow", OPTIONS.iter(), []).unwrap();
        assert_eq!(given(&default), Some(MaxFeatures::Share(0.1)));
    }

    #[test]
    fn what_scripts_cannot_say_is_checked() {
        assert!(check(MaxFeatures::Share(0.0)).is_err() && check(MaxFeatures::Count(0)).is_err());
        assert!(check(MaxFeatures::Share(f64::NAN)).is_err() && check(MaxFeatures::Share(1.0)).is_ok());
    }
}
