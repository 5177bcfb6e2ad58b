//! The usage lines of the vocabulary, taken apart: `m.reshape(rows, cols) -> Matrix`.

use super::source::Source;
use super::vocabulary::Entry;

/// What stands for a value of which type before a dot.
const RECEIVERS: &[(&str, &str)] = &[
    ("m", "Matrix"),
    ("a", "Matrix"),
    ("sparse", "SparseMatrix"),
    ("v", "Vector"),
    ("u", "Vector"),
    ("t", "Table"),
    ("table.group_by(columns)", "Groups"),
    ("g", "Graph"),
    ("mask", "Mask"),
    ("fit", "Fit"),
    ("path", "Path"),
    ("joint", "JointFit"),
    ("comparison", "NetworkComparison"),
    ("trained", "TrainedModel"),
    ("sim", "Simulation"),
    ("figure", "Figure"),
    ("report", "Report"),
    ("timer", "Timer"),
    ("model", "Estimator"),
    ("error", "Error"),
    ("list", "list"),
    ("text", "string"),
    ("(0..3)", "range"),
];

/// The type of what a usage line calls its receiver; `None` where that stands for several types, as `x` does.
pub(super) fn receiver_type(receiver: &str) -> Option<&'static str> {
    RECEIVERS.iter().find(|(known, _)| *known == receiver).map(|(_, type_name)| *type_name)
}

/// One form in which a name is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Usage<'a> {
    /// What stands before the dot.
    pub receiver: Option<&'a str>,
    pub form: Form<'a>,
    /// What stands behind the arrow.
    pub gives: Option<&'a str>,
}

/// How a name is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form<'a> {
    /// With arguments.
    Call(Vec<&'a str>),
    /// As a property that is read.
    Read,
    /// As a property that is set.
    Write,
}

/// Every form of an entry; a line that is none of them is left out.
pub(super) fn usages(entry: &Entry) -> Vec<Usage<'static>> {
    entry.usage.lines().filter_map(|line| usage(line, entry.name)).collect()
}

/// The form that a line writes of a name.
pub(super) fn usage<'a>(line: &'a str, name: &str) -> Option<Usage<'a>> {
    let (left, gives) = match line.rsplit_once(" -> ") {
        Some((left, gives)) => (left, Some(gives)),
        None => (line, None),
    };
    let member = format!(".{name}");
    let (receiver, behind) = match left.find(&member) {
        Some(dot) => (Some(&left[..dot]), &left[dot + member.len()..]),
        None => (None, left.strip_prefix(name)?),
    };
    let form = match behind {
        "" => Form::Read,
        _ if behind.starts_with(" = ") => Form::Write,
        _ => Form::Call(arguments(behind)?),
    };
    Some(Usage { receiver, form, gives })
}

/// The arguments in `(a, b)`.
fn arguments(text: &str) -> Option<Vec<&str>> {
    let source = Source::new(text)?;
    let last = source.tokens().len().checked_sub(1)?;
    let whole = source.at(0) == "(" && source.partner(0) == last;
    whole.then(|| source.split(1..last).iter().map(|range| source.slice(range)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let plot = usage("fit.plot(\"network\" | \"heatmap\", #{ title, size }) -> Figure", "plot").unwrap();
        assert_eq!(plot.receiver, Some("fit"));
        assert_eq!(plot.form, Form::Call(vec!["\"network\" | \"heatmap\"", "#{ title, size }"]));
        assert_eq!(plot.gives, Some("Figure"));
        let matrix = usage("matrix([[1, 2], [3, 4]]) -> Matrix", "matrix").unwrap();
        assert_eq!((matrix.receiver, matrix.form), (None, Form::Call(vec!["[[1, 2], [3, 4]]"])));
        assert_eq!(usage("fit.lambda", "lambda").map(|usage| usage.form), Some(Form::Read));
        assert_eq!(usage("figure.title = \"text\"", "title").map(|usage| usage.form), Some(Form::Write));
    }

    #[test]
    fn every_line_of_the_vocabulary_is_a_form() {
        for entry in &super::super::vocabulary::vocabulary().entries {
            for line in entry.usage.lines() {
                let usage = usage(line, entry.name).unwrap_or_else(|| panic!("{}: {line}", entry.name));
                let receiver = usage.receiver.unwrap_or("x");
                assert!(receiver == "x" || receiver_type(receiver).is_some(), "{}: whose is {line}", entry.name);
            }
        }
    }
}
