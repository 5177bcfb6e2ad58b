//! Options that many methods have: name and kind are the same everywhere, default and words are the method's.

use super::along_grid::{CRITERIA, RULES};
use crate::options::{Kind, Opt, Preset, Range};

/// What `lambda` takes where one of [`RULES`] may choose it.
pub(super) const BY_RULE: &[Kind] = &[Kind::Number(Range::NON_NEGATIVE), Kind::Object("Matrix"), Kind::Choice(RULES)];
/// The same with [`CRITERIA`].
pub(super) const BY_CRITERION: &[Kind] =
    &[Kind::Number(Range::NON_NEGATIVE), Kind::Object("Matrix"), Kind::Choice(CRITERIA)];

/// The penalty, which "ebic" chooses where nothing is said.
pub(super) const fn lambda(kinds: &'static [Kind], help: &'static str) -> Opt {
    Opt::new("lambda", kinds, Preset::Text("ebic"), help)
}

/// Penalties in a grid.
pub(super) const fn n_lambdas(default: i64, help: &'static str) -> Opt {
    Opt::new("n_lambdas", &[Kind::Count(1)], Preset::Count(default), help)
}

/// Smallest over largest penalty in a grid.
pub(super) const fn min_ratio(default: f64, help: &'static str) -> Opt {
    Opt::new("min_ratio", &[Kind::Number(Range::OPEN_UNIT)], Preset::Number(default), help)
}

/// When a solution is good enough.
pub(super) const fn tol(default: f64, help: &'static str) -> Opt {
    Opt::new("tol", &[Kind::Number(Range::POSITIVE)], Preset::Number(default), help)
}

/// When work ends that has found none.
pub(super) const fn max_iter(default: i64, help: &'static str) -> Opt {
    Opt::new("max_iter", &[Kind::Count(1)], Preset::Count(default), help)
}
