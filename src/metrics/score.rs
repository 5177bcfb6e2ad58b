//! `score(truth, estimate)` and each of its metrics as a verb of its own.

use super::Pairs;
use super::ranking::{aupr_trapezoid, auroc, average_precision};
use super::selection::Selection;
use crate::context::Context;
use crate::error::Result;
use crate::model::{Accepts, Area, Param, Record, Run};
use crate::value::{Args, Value};

const PARAMS: &[Param] = &[
    Param { name: "truth", help: "a Graph, or a square Matrix whose non-zero entries are the edges" },
    Param { name: "estimate", help: "a Fit, a Graph or a square Matrix; absolute weights rank the pairs" },
];

/// Every metric by name; those that count are whole numbers.
type Metric = (&'static str, fn(&Pairs) -> f64);

const METRICS: &[Metric] = &[
    ("auroc", auroc),
    ("aupr", average_precision),
    ("aupr_trapezoid", aupr_trapezoid),
    ("fdp", |pairs| Selection::of(pairs).fdp()),
    ("tdp", |pairs| Selection::of(pairs).tdp()),
    ("precision", |pairs| Selection::of(pairs).precision()),
    ("recall", |pairs| Selection::of(pairs).tdp()),
    ("f1", |pairs| Selection::of(pairs).f1()),
    ("mcc", |pairs| Selection::of(pairs).mcc()),
    ("shd", |pairs| Selection::of(pairs).shd()),
];

fn value(name: &str, metric: fn(&Pairs) -> f64, pairs: &Pairs) -> Value {
    let value = metric(pairs);
    if name == "shd" { Value::Int(value as i64) } else { Value::Float(value) }
}

/// Every metric of the estimate.
fn all(args: &Args<'_>, ctx: &Context) -> Result<Value> {
    let pairs = Pairs::of(args, ctx)?;
    Ok(Value::Map(METRICS.iter().map(|(name, metric)| ((*name).to_string(), value(name, *metric, &pairs))).collect()))
}

/// One metric of the estimate, by its name.
fn one(name: &'static str, args: &Args<'_>, ctx: &Context) -> Result<Value> {
    let pairs = Pairs::of(args, ctx)?;
    let found = METRICS.iter().find(|(known, _)| *known == name);
    found
        .map(|(name, metric)| value(name, *metric, &pairs))
        .ok_or_else(|| crate::Error::internal(format!("no metric {name}")))
}

const fn metric(
    verb: &'static str,
    summary: &'static str,
    details: &'static str,
    example: &'static str,
    run: Run,
) -> Record {
    Record {
        verb,
        constructor: None,
        area: Area::Score,
        summary,
        details,
        params: PARAMS,
        options: &[],
        accepts: Accepts::Data,
        random: false,
        adds: &[],
        reference: "",
        example,
        run,
    }
}

/// All metrics at once.
pub static RECORD: Record = metric(
    "score",
    "Every metric of an estimate against the truth, as one map",
    "Pairs are unordered unless truth and estimate are both directed; where both have names, nodes are matched by name. \
Keys: auroc, aupr (average precision), aupr_trapezoid, fdp (wrong among the selected), tdp = recall, precision, f1, mcc, shd. \
Ties count as ties. Without a true edge what divides by their number is NaN.",
    "let g = random_graph(\"hub\", #{ nodes: 20, hubs: 2 });\n\
     let x = sample_gaussian(g.precision(), 200, #{ seed: 1 });\n\
     print(score(g, x.standardize().graphical_lasso(#{ lambda: 0.2 })));",
    Run::Value(|args, _, ctx| all(args, ctx)),
);

/// Declares the record of each metric, and the list of all.
macro_rules! metric_records {
    ($($name:ident, $verb:literal, $summary:literal;)*) => {
        /// Every record of this file.
        pub static RECORDS: &[&Record] = &[&RECORD, $( &$name, )*];
        $(
        static $name: Record = metric(
            $verb,
            $summary,
            "Pairs are those of score().",
            concat!("let g = random_graph(\"band\", #{ nodes: 6 });\nprint(", $verb, "(g, g.precision()));"),
            Run::Value(|args, _, ctx| one($verb, args, ctx)),
        );
        )*
    };
}
metric_records! {
    AUROC, "auroc", "Area under the ROC curve, ties counting half; NaN when the truth has no edge, or all.";
    AUPR, "aupr", "Average precision: the step-wise area under the precision-recall curve.";
    AUPR_TRAPEZOID, "aupr_trapezoid", "Area under the precision-recall curve by trapezoids.";
    FDP, "fdp", "False discovery proportion: wrong edges over selected ones; 0 when none is selected.";
    TDP, "tdp", "True discovery proportion: found edges over true ones.";
    PRECISION, "precision", "Right edges over selected ones; 0 when none is selected.";
    RECALL, "recall", "Found edges over true ones; the same as tdp.";
    F1, "f1", "Harmonic mean of precision and recall.";
    MCC, "mcc", "Matthews' correlation between truth and selection.";
    SHD, "shd", "Structural Hamming distance: edges to add or take away.";
}
