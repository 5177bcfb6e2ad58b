//! Properties that a value surely does not have.

use super::super::diagnose::unknown_property;
use super::report::Report;
use super::script::Script;

pub(super) fn check(script: &Script<'_>, report: &mut Report<'_>) {
    let source = script.source;
    for i in 0..source.tokens().len() {
        // Calls are looked at elsewhere; `fn Type.name` is a definition.
        let is_read = source.is_name(i)
            && source.is_member(i)
            && !matches!(source.at(i + 1), "(" | "!")
            && (i < 3 || source.at(i - 3) != "fn");
        let name = source.at(i);
        if !is_read || script.known.is_property(name) || script.is_key(name) {
            continue;
        }
        if let Some(kind) = script.fixed_type(i - 1) {
            report.error(source.tokens()[i].place, &unknown_property(kind, name));
        }
    }
}
