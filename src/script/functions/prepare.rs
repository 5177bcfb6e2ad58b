//! Preparing data: every verb takes a Matrix, or a Table of numbers, and gives a Matrix.

use rhai::{Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, describe};
use super::super::state::{context, state};
use super::super::vocabulary::{Builder, Definition};
use super::super::work::{made as made_of, matrix_of, within};
use super::tables::table_bytes;
use crate::data::missing::Impute;
use crate::data::prepare::Nonparanormal;
use crate::data::{Matrix, Table, Vector};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Area;
use crate::options::{Kind, Opt, Preset, Range};

const IMPUTE: &[Opt] = &[Opt::new(
    "value",
    &[Kind::Number(Range::ANY)],
    Preset::Unset("needed for \"constant\""),
    "What missing values become with \"constant\"",
)];
const CLR: &[Opt] =
    &[Opt::new("pseudocount", &[Kind::Number(Range::NON_NEGATIVE)], Preset::Number(0.0), "Added to every entry first")];
const MISSING: &[Opt] = &[Opt::new(
    "axis",
    &[Kind::Choice(&["rows", "columns"]), Kind::Count(0)],
    Preset::Text("rows"),
    "Whether the \"rows\" (0) or the \"columns\" (1) that have missing values are left out",
)];

/// What `f` makes of a matrix; an interrupt does not wait for a large one.
fn made(
    call: &NativeCallContext<'_>,
    m: &Matrix,
    f: impl FnOnce(&Matrix) -> Result<Matrix> + Send + 'static,
) -> Outcome<Matrix> {
    // The result, and as much beside it while it is made.
    Ok(made_of(call, m, 16, f)??)
}

/// A verb without arguments on matrices and tables of numbers.
fn on_data(definition: Definition<'_>, f: fn(&Matrix) -> Result<Matrix>) {
    definition
        .on(move |call: NativeCallContext<'_>, m: &mut Matrix| made(&call, m, f))
        .on(move |call: NativeCallContext<'_>, t: &mut Table| made(&call, &matrix_of(&call, t)?, f));
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Prepare);
    on_data(
        b.verb(
            "standardize",
            "x.standardize() -> Matrix",
            "Columns with mean 0 and variance 1 (divided by n)",
            "print(example(\"sachs\").head(100).standardize().head(2));",
        ),
        Matrix::standardize,
    );
    on_data(
        b.verb("center", "x.center() -> Matrix", "Columns with mean 0", "print(matrix([[1, 2], [3, 4]]).center());"),
        |m| Ok(m.center()),
    );
    on_data(
        b.verb(
            "log1p",
            "x.log1p()\nlog1p(1) -> float",
            "log(1 + x), entry by entry",
            "print(example(\"sachs\").head(2).log1p());\nprint(log1p(1));",
        ),
        Matrix::log1p,
    );
    b.extend("log1p")
        .on(|call: NativeCallContext<'_>, v: &mut Vector| -> Outcome<Vector> {
            Ok(made_of(&call, v, 8, |v| v.map(f64::ln_1p))?)
        })
        .on(|number: f64| number.ln_1p())
        .on(|number: i64| (number as f64).ln_1p());
    on_data(
        b.verb(
            "drop_constant",
            "x.drop_constant() -> Matrix",
            "Without the columns whose values are all equal",
            "print(matrix([[1, 2], [1, 4]]).drop_constant());",
        ),
        Matrix::drop_constant,
    );
    transforms(b);
    missing(b);
}

fn nonparanormal(kind: &str) -> Result<Nonparanormal> {
    match kind {
        "shrinkage" => Ok(Nonparanormal::Shrinkage),
        "truncation" => Ok(Nonparanormal::Truncation),
        "skeptic" => Err(Error::argument("the skeptic is a correlation, not data").with_hint("x.cor(\"skeptic\")")),
        _ => Err(Error::argument(format!("npn knows no kind \"{kind}\""))
            .with_nearest(kind, ["shrinkage", "truncation"])
            .or_hint("kinds: shrinkage, truncation")),
    }
}

fn npn(call: &NativeCallContext<'_>, m: &Matrix, kind: &str) -> Outcome<Matrix> {
    Ok(m.nonparanormal(nonparanormal(kind)?, &context(call))?)
}

fn top(call: &NativeCallContext<'_>, m: &Matrix, count: i64) -> Outcome<Matrix> {
    let count = usize::try_from(count)
        .map_err(|_| Error::argument(format!("top_variance: a number of columns is not negative: {count}")))?;
    made(call, m, move |m| m.top_variance(count))
}

fn clr(call: &NativeCallContext<'_>, m: &Matrix, options: &Map) -> Outcome<Matrix> {
    let pseudocount = check_options("clr", CLR, options)?.number("pseudocount").unwrap_or(0.0);
    made(call, m, move |m| m.clr(pseudocount))
}

fn transforms(b: &mut Builder) {
    b.verb(
        "npn",
        "x.npn() -> Matrix\nx.npn(\"shrinkage\" | \"truncation\") -> Matrix",
        "Nonparanormal transform: normal scores of the ranks of every column, as huge's huge.npn; \"shrinkage\" by default",
        "print(example(\"sachs\").head(100).npn(\"truncation\").head(2));",
    )
    .on(|call: NativeCallContext<'_>, m: &mut Matrix| npn(&call, m, "shrinkage"))
    .on(|call: NativeCallContext<'_>, t: &mut Table| npn(&call, &matrix_of(&call, t)?, "shrinkage"))
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, kind: &str| npn(&call, m, kind))
    .on(|call: NativeCallContext<'_>, t: &mut Table, kind: &str| npn(&call, &matrix_of(&call, t)?, kind));
    b.verb(
        "clr",
        "x.clr() -> Matrix\nx.clr(#{ pseudocount: 1 }) -> Matrix",
        "Centred log-ratio of every row: logarithms minus their mean, for counts and compositions",
        "print(matrix([[1, 0, 7], [2, 2, 4]]).clr(#{ pseudocount: 1 }));",
    )
    .options(CLR)
    .on(|call: NativeCallContext<'_>, m: &mut Matrix| clr(&call, m, &Map::new()))
    .on(|call: NativeCallContext<'_>, t: &mut Table| clr(&call, &matrix_of(&call, t)?, &Map::new()))
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, options: Map| clr(&call, m, &options))
    .on(|call: NativeCallContext<'_>, t: &mut Table, options: Map| clr(&call, &matrix_of(&call, t)?, &options));
    b.verb(
        "top_variance",
        "x.top_variance(k) -> Matrix",
        "The k columns of largest variance, in their order",
        "print(example(\"sachs\").head(100).top_variance(3).names);",
    )
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, count: i64| top(&call, m, count))
    .on(|call: NativeCallContext<'_>, t: &mut Table, count: i64| top(&call, &matrix_of(&call, t)?, count));
}

fn impute(call: &NativeCallContext<'_>, m: &Matrix, kind: &str, options: &Map) -> Outcome<Matrix> {
    let options = check_options("impute", IMPUTE, options)?;
    let value = options.number("value");
    if value.is_some() && kind != "constant" {
        return Err(
            Error::option(format!("option 'value' of impute goes with \"constant\", not with \"{kind}\"")).into()
        );
    }
    let kind = match (kind, value) {
        ("mean", _) => Impute::Mean,
        ("median", _) => Impute::Median,
        ("regression", _) => Impute::Regression,
        ("constant", Some(value)) => Impute::Constant(value),
        ("constant", None) => {
            return Err(Error::option("impute(\"constant\") needs the value")
                .with_hint("impute(\"constant\", #{ value: 0 })")
                .into());
        }
        _ => {
            return Err(Error::argument(format!("impute knows no kind \"{kind}\""))
                .with_nearest(kind, ["mean", "median", "constant", "regression"])
                .or_hint("kinds: mean, median, constant, regression")
                .into());
        }
    };
    let ctx = context(call);
    if kind != Impute::Regression {
        let own = ctx.clone();
        return made(call, m, move |m| m.impute(kind, &own));
    }
    let (completed, settled) = m.complete_by_regression(&ctx)?;
    if !settled {
        let text = "impute(\"regression\") did not settle: too many values are missing for the number of rows";
        if ctx.is_strict() {
            return Err(Error::new(ErrorKind::NotConverged, text).into());
        }
        if let Some(state) = state(call) {
            state.warning(text);
        }
    }
    Ok(completed)
}

fn by_columns(options: &Map) -> Result<bool> {
    let options = check_options("drop_missing", MISSING, options)?;
    match (options.text("axis"), options.count("axis")) {
        (Some("columns"), _) | (_, Some(1)) => Ok(true),
        (Some(_), _) | (_, Some(0)) => Ok(false),
        _ => Err(Error::option("option 'axis' of drop_missing is 0 (rows) or 1 (columns)")),
    }
}

fn drop_missing(call: &NativeCallContext<'_>, m: &Matrix, options: &Map) -> Outcome<Matrix> {
    let f = if by_columns(options)? { Matrix::drop_missing_columns } else { Matrix::drop_missing_rows };
    made(call, m, f)
}

fn drop_missing_table(call: &NativeCallContext<'_>, t: &Table, options: &Map) -> Outcome<Table> {
    let f = if by_columns(options)? { Table::drop_missing_columns } else { Table::drop_missing_rows };
    let (many, bytes, t) = (t.rows().saturating_mul(t.cols()), table_bytes(t), t.clone());
    Ok(within(call, many, bytes, move || f(&t))??)
}

fn missing(b: &mut Builder) {
    b.verb(
        "impute",
        "x.impute(\"mean\" | \"median\" | \"regression\") -> Matrix\nx.impute(\"constant\", #{ value }) -> Matrix",
        "Missing values filled in; \"regression\" takes their expectation given the row's other values, under a Gaussian fitted by EM",
        "print(matrix([[1, 2], [nan(), 4], [3, 6]]).impute(\"mean\"));",
    )
    .options(IMPUTE)
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, kind: &str| impute(&call, m, kind, &Map::new()))
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, kind: &str, options: Map| impute(&call, m, kind, &options))
    .on(|call: NativeCallContext<'_>, t: &mut Table, kind: &str| impute(&call, &matrix_of(&call, t)?, kind, &Map::new()))
    .on(|call: NativeCallContext<'_>, t: &mut Table, kind: &str, options: Map| {
        impute(&call, &matrix_of(&call, t)?, kind, &options)
    })
    .on(|_: &mut Matrix, kind: Dynamic| -> Outcome<Matrix> {
        let error = Error::argument(format!("impute takes the kind as a string, not {}", describe(&kind)));
        Err(error.with_hint("impute(\"constant\", #{ value: 0 })").into())
    });
    b.extend("clip").on(|call: NativeCallContext<'_>, t: &mut Table, low: Dynamic, high: Dynamic| -> Outcome<Matrix> {
        super::numbers::clip(&call, &matrix_of(&call, t)?, &low, &high)
    });
    b.verb(
        "drop_missing",
        "x.drop_missing()\nx.drop_missing(#{ axis: \"columns\" })",
        "Without the rows, or the columns, that have missing values; a Table stays a Table",
        "print(matrix([[1, 2], [nan(), 4]]).drop_missing());",
    )
    .options(MISSING)
    .on(|call: NativeCallContext<'_>, m: &mut Matrix| drop_missing(&call, m, &Map::new()))
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, options: Map| drop_missing(&call, m, &options))
    .on(|call: NativeCallContext<'_>, t: &mut Table| drop_missing_table(&call, t, &Map::new()))
    .on(|call: NativeCallContext<'_>, t: &mut Table, options: Map| drop_missing_table(&call, t, &options));
}
