//! What runs and is hardly meant: variables that are never used, divisions of whole numbers.

use super::super::source::ends_value;
use super::super::tokens::Kind;
use super::report::Report;
use super::script::Script;

/// Code of the warning about a variable that is never used.
const UNUSED: &str = "W001";
/// Code of the warning about a division of whole numbers.
const DIVISION: &str = "W002";

/// Operators that bind at least as strongly as `/`: with one of them before it, the left number is only a part. The
/// end of a range is meant to be whole.
const STRONG: &[&str] = &["*", "/", "%", "**", "@", "<<", ">>", ".", "?.", "..", "..="];

pub(super) fn check(script: &Script<'_>, report: &mut Report<'_>) {
    for i in 0..script.source.tokens().len() {
        let place = script.source.tokens()[i].place;
        if is_unused(script, i) {
            let name = script.source.at(i);
            let message = format!("the variable '{name}' is never used");
            report.warning(place, UNUSED, &message, &format!("take it away, or call it _{name}"));
        }
        if let Some((a, b)) = division(script, i) {
            match a.checked_div(b) {
                None => report.warning(
                    place,
                    DIVISION,
                    &format!("{a}/{b} divides whole numbers by zero, which is an error"),
                    "write inf() or nan() where that is meant",
                ),
                Some(whole) => report.warning(
                    place,
                    DIVISION,
                    &format!("{a}/{b} divides whole numbers and gives {whole}"),
                    &format!("write {a}.0/{b} for {}", a as f64 / b as f64),
                ),
            }
        }
    }
}

/// Whether token `i` declares a variable that nothing else names.
fn is_unused(script: &Script<'_>, i: usize) -> bool {
    let source = script.source;
    let name = source.at(i);
    if source.before(i) != "let" || !source.is_name(i) || name.starts_with('_') || script.evaluates {
        return false;
    }
    let uses = |k: usize| {
        source.at(k) == name
            && !source.is_member(k)
            && !source.is_key(k)
            && !matches!(source.before(k), "let" | "const")
    };
    !(0..source.tokens().len()).any(uses)
}

/// The numbers around the sign `/` behind token `i`, if both are whole and the division is not exact.
fn division(script: &Script<'_>, i: usize) -> Option<(i64, i64)> {
    let source = script.source;
    let tokens = source.tokens();
    let number = |k: usize| match tokens.get(k)?.kind {
        Kind::Int(value) => Some(value),
        _ => None,
    };
    let (a, b) = (number(i)?, number(i + 2)?);
    // A sign before the number may belong to it; then the operator stands before the sign.
    let is_sign = |k: usize| {
        matches!(source.at(k), "-" | "+") && k.checked_sub(1).is_none_or(|before| !ends_value(&tokens[before]))
    };
    let before = match i.checked_sub(1) {
        Some(sign) if is_sign(sign) => source.before(sign),
        _ => source.before(i),
    };
    let whole = source.at(i + 1) == "/"
        && !STRONG.contains(&before)
        && !matches!(source.at(i + 3), "**" | "<<" | ">>" | "." | "?." | "[" | ".." | "..=");
    (whole && a.checked_rem(b) != Some(0)).then_some((a, b))
}
