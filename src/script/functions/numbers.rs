//! Numbers: entry by entry, and summed up over everything, columns or rows.

use rhai::Map;

use super::super::convert::{Outcome, check_options};
use super::super::vocabulary::Builder;
use crate::data::summary::{max, mean, median, min, sd, sum, variance};
use crate::data::{Mask, Matrix, Table, Vector};
use crate::error::{Error, Result};
use crate::model::Area;
use crate::options::{Kind, Opt, Preset};

const AXIS: &[Opt] = &[Opt::new(
    "axis",
    &[Kind::Choice(&["rows", "columns"]), Kind::Count(0)],
    Preset::Unset("everything"),
    "0 or \"columns\": one number a column; 1 or \"rows\": one a row",
)];

/// A number a column, a row, or for everything.
type Summary = fn(&[f64]) -> f64;

fn summarize(m: &Matrix, verb: &str, options: &Map, f: Summary) -> Result<Vector> {
    let options = check_options(verb, AXIS, options)?;
    match (options.text("axis"), options.count("axis")) {
        (Some("columns"), _) | (_, Some(0)) => Ok(m.by_column(f)),
        (Some("rows"), _) | (_, Some(1)) => Ok(m.by_row(f)),
        _ => Err(Error::option(format!("option 'axis' of {verb} is 0 (columns) or 1 (rows)"))),
    }
}

fn summary(
    b: &mut Builder,
    name: &'static str,
    usage: &'static str,
    help: &'static str,
    example: &'static str,
    f: Summary,
) {
    b.verb(name, usage, help, example)
        .options(AXIS)
        .on(move |m: &mut Matrix| f(m.as_slice()))
        .on(move |v: &mut Vector| f(v.as_slice()))
        .on(move |m: &mut Matrix, options: Map| -> Outcome<Vector> { Ok(summarize(m, name, &options, f)?) })
        .on(move |list: rhai::Array| -> Outcome<f64> {
            Ok(f(&super::super::convert::to_numbers(&list.into(), name)?))
        });
}

/// A function of numbers, vectors and matrices; ints become floats.
fn elementwise(
    b: &mut Builder,
    name: &'static str,
    usage: &'static str,
    help: &'static str,
    example: &'static str,
    f: fn(f64) -> f64,
) {
    b.verb(name, usage, help, example)
        .on(move |m: &mut Matrix| m.map(f))
        .on(move |v: &mut Vector| v.map(f))
        .on(move |number: i64| f(number as f64));
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Numbers);
    b.verb("inf", "inf() -> float", "Infinity: the weight that forbids an edge", "print(inf());").on(|| f64::INFINITY);
    b.verb("nan", "nan() -> float", "Not a number: a missing value", "print(nan());").on(|| f64::NAN);
    summary(
        b,
        "mean",
        "x.mean() -> float\nx.mean(#{ axis: 0 }) -> Vector",
        "Mean",
        "print(matrix([[1, 2], [3, 4]]).mean(#{ axis: 0 }));",
        mean,
    );
    summary(
        b,
        "sd",
        "x.sd() -> float\nx.sd(#{ axis: 0 }) -> Vector",
        "Standard deviation, divided by n - 1 (cov() and standardize() divide by n)",
        "print(vector([1, 2, 4]).sd());",
        sd,
    );
    summary(
        b,
        "variance",
        "x.variance() -> float\nx.variance(#{ axis: 0 }) -> Vector",
        "Variance, divided by n - 1 (cov() and standardize() divide by n)",
        "print(vector([1, 2, 4]).variance());",
        variance,
    );
    summary(
        b,
        "median",
        "x.median() -> float\nx.median(#{ axis: 0 }) -> Vector",
        "Median",
        "print(vector([1, 2, 4]).median());",
        median,
    );
    summary(b, "sum", "x.sum() -> float\nx.sum(#{ axis: 0 }) -> Vector", "Sum", "print(vector([1, 2, 4]).sum());", sum);
    summary(
        b,
        "min",
        "x.min() -> float\nx.min(#{ axis: 0 }) -> Vector",
        "Smallest",
        "print(vector([1, 2, 4]).min());",
        min,
    );
    summary(
        b,
        "max",
        "x.max() -> float\nx.max(#{ axis: 0 }) -> Vector",
        "Largest",
        "print(vector([1, 2, 4]).max());",
        max,
    );
    elementwise(
        b,
        "sqrt",
        "x.sqrt()\nsqrt(2) -> float",
        "Square root",
        "print(sqrt(2));\nprint(vector([1, 4]).sqrt());",
        f64::sqrt,
    );
    elementwise(
        b,
        "exp",
        "x.exp()\nexp(1) -> float",
        "Exponential",
        "print(exp(1));\nprint(vector([0, 1]).exp());",
        f64::exp,
    );
    elementwise(
        b,
        "log",
        "x.log()\nlog(2) -> float",
        "Natural logarithm",
        "print(log(2));\nprint(vector([1, 2]).log());",
        f64::ln,
    );
    b.verb("abs", "x.abs()", "Absolute value", "print(vector([-1, 2]).abs());")
        .on(|m: &mut Matrix| m.map(f64::abs))
        .on(|v: &mut Vector| v.map(f64::abs));
    b.verb("round", "x.round()", "Nearest whole number", "print(vector([1.4, 2.6]).round());")
        .on(|m: &mut Matrix| m.map(f64::round))
        .on(|v: &mut Vector| v.map(f64::round));
    masks(b);
    prepare(b);
}

fn masks(b: &mut Builder) {
    const EXAMPLE: &str = "let mask = vector([1, -2, 3]) > 0;\nprint(`${mask.any()} ${mask.all()} ${mask.count()}`);";
    b.verb("any", "mask.any() -> bool", "Whether one value at least is true", EXAMPLE)
        .on(|mask: &mut Mask| mask.count() > 0);
    b.verb("all", "mask.all() -> bool", "Whether all values are true", EXAMPLE)
        .on(|mask: &mut Mask| mask.count() == mask.as_slice().len());
    b.verb("count", "mask.count() -> int", "How many values are true", EXAMPLE)
        .on(|mask: &mut Mask| mask.count() as i64);
}

fn prepare(b: &mut Builder) {
    b.area(Area::Prepare);
    b.verb(
        "standardize",
        "x.standardize() -> Matrix",
        "Columns with mean 0 and variance 1 (divided by n)",
        "print(example(\"sachs\").head(100).standardize().head(2));",
    )
    .on(|m: &mut Matrix| -> Outcome<Matrix> { Ok(m.standardize()?) })
    .on(|t: &mut Table| -> Outcome<Matrix> { Ok(t.matrix()?.standardize()?) });
    b.verb("center", "x.center() -> Matrix", "Columns with mean 0", "print(matrix([[1, 2], [3, 4]]).center());")
        .on(|m: &mut Matrix| m.center())
        .on(|t: &mut Table| -> Outcome<Matrix> { Ok(t.matrix()?.center()) });
    b.verb(
        "log1p",
        "x.log1p()\nlog1p(1) -> float",
        "log(1 + x), entry by entry",
        "print(example(\"sachs\").head(2).log1p());\nprint(log1p(1));",
    )
    .on(|m: &mut Matrix| -> Outcome<Matrix> { Ok(m.log1p()?) })
    .on(|t: &mut Table| -> Outcome<Matrix> { Ok(t.matrix()?.log1p()?) })
    .on(|v: &mut Vector| v.map(f64::ln_1p))
    .on(|number: f64| number.ln_1p())
    .on(|number: i64| (number as f64).ln_1p());
}
