//! How stable results are: the same on many resamples of the rows.

use rhai::{Dynamic, FnPtr, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, describe, to_number, to_value};
use super::super::parallel;
use super::super::records::Estimator;
use super::super::state::{context, state};
use super::super::vocabulary::Builder;
use super::super::work::matrix_of;
use crate::context::Context;
use crate::data::summary::{mean, quantile, sd};
use crate::data::{Matrix, Table, Vector};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::model::{Area, Fit};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::select::{Resampling, edge_stability};
use crate::value::Value;

const SEED: Opt = Opt::new("seed", &[Kind::Count(0)], Preset::Unset("drawn from the session's"), "Seed");
const RESAMPLES: Opt = Opt::new("resamples", &[Kind::Count(2)], Preset::Count(100), "Number of resamples");
const LEVEL: Opt =
    Opt::new("level", &[Kind::Number(Range::OPEN_UNIT)], Preset::Number(0.95), "Coverage of the intervals");
const STABILITY: &[Opt] = &[
    RESAMPLES,
    Opt::new("fraction", &[Kind::Number(Range::POSITIVE)], Preset::Number(0.5), "Rows of a resample over all rows"),
    Opt::new(
        "replace",
        &[Kind::Bool],
        Preset::Bool(false),
        "Rows may be drawn several times; with `fraction: 1.0` the bootstrap",
    ),
    LEVEL,
    SEED,
];
const BOOTSTRAP: &[Opt] =
    &[Opt::new("resamples", &[Kind::Count(2)], Preset::Count(1000), "Number of resamples"), LEVEL, SEED];

/// The context of a call, with a seed of its own.
pub(super) fn own_context(call: &NativeCallContext<'_>, options: &Options) -> Context {
    let ctx = context(call);
    let seed = options.count("seed").map_or_else(|| ctx.next_seed(), |seed| seed as u64);
    ctx.with_seed(seed)
}

fn stability(call: &NativeCallContext<'_>, model: &Estimator, x: &Matrix, options: &Map) -> Outcome<Table> {
    let options = check_options("edge_stability", STABILITY, options)?;
    let ctx = own_context(call, &options);
    let default = Resampling::default();
    let resampling = Resampling {
        resamples: options.count("resamples").unwrap_or(default.resamples),
        fraction: options.number("fraction").unwrap_or(default.fraction),
        replace: options.is_true("replace"),
        level: options.number("level").unwrap_or(default.level),
    };
    let fit = |x: &Matrix, ctx: &Context| -> Result<Graph> {
        let fitted = model.fit(x, ctx)?;
        match fitted.object::<Fit>() {
            Some(fit) => fit.graph(0.0),
            None => Err(Error::argument("edge_stability takes a method that gives a Fit, not a Path")),
        }
    };
    let stability = edge_stability(x, resampling, fit, &ctx)?;
    if let Some(state) = state(call) {
        stability.warnings.iter().for_each(|warning| state.warning(&format!("edge_stability: {warning}")));
    }
    Ok(stability.table)
}

/// The numbers of what a function of the script gave, and how to put numbers of that kind together again.
fn numbers(value: &Dynamic, ctx: &Context) -> Result<(Vec<f64>, Shape)> {
    if let Some(number) = to_number(value) {
        return Ok((vec![number], Shape::Number));
    }
    let matrix = |m: Matrix| (m.as_slice().to_vec(), Shape::Matrix(m));
    match to_value(value)? {
        Value::Object(object) => match (object.get::<Vector>(), object.get::<Matrix>(), object.get::<Graph>()) {
            (Some(v), ..) => Ok((v.as_slice().to_vec(), Shape::Vector(v.clone()))),
            (_, Some(m), _) => Ok(matrix(m.clone())),
            (.., Some(g)) => Ok(matrix(g.to_matrix(ctx)?)),
            _ => Err(not_numbers(value)),
        },
        _ => Err(not_numbers(value)),
    }
}

fn not_numbers(value: &Dynamic) -> Error {
    Error::argument(format!(
        "bootstrap: the function must give a number, Vector, Matrix or Graph, it gave {}",
        describe(value)
    ))
}

enum Shape {
    Number,
    Vector(Vector),
    Matrix(Matrix),
}

impl Shape {
    fn restore(&self, values: Vec<f64>) -> Result<Dynamic> {
        Ok(match self {
            Self::Number => Dynamic::from(values.first().copied().unwrap_or(f64::NAN)),
            Self::Vector(v) => Dynamic::from(Vector::from(values).named(v.names().cloned())),
            Self::Matrix(m) => Dynamic::from(m.with_values(values)?),
        })
    }
}

fn bootstrap<T: Clone + Send + Sync + 'static>(
    call: &NativeCallContext<'_>,
    f: &FnPtr,
    x: &T,
    (rows, width): (usize, usize),
    pick: impl Fn(&[usize]) -> T + Sync,
    options: &Map,
) -> Outcome<Map> {
    let options = check_options("bootstrap", BOOTSTRAP, options)?;
    let ctx = own_context(call, &options);
    let count = options.count("resamples").unwrap_or(1000);
    let level = options.number("level").unwrap_or(0.95);
    let resampling = Resampling { resamples: count, fraction: 1.0, replace: true, level };
    resampling.check()?;
    let f = parallel::unshared_function(f, &ctx)?;
    let whole: Dynamic = parallel::alone(call, &ctx, || f.call_within_context(call, (x.clone(),)))?;
    let (estimate, shape) = numbers(&whole, &ctx)?;
    let _held = ctx.reserve_matrices(2, count, estimate.len().max(1))?;
    let work = |index: usize| -> Outcome<Dynamic> {
        let rows = resampling.rows(rows, index, &ctx)?;
        let _held = ctx.reserve_matrices(1, rows.len(), width)?;
        f.call_within_context(call, (pick(&rows),))
    };
    let results = parallel::each(call, "bootstrap", count, &ctx, work)?;
    let mut columns = vec![Vec::with_capacity(count); estimate.len()];
    for result in &results {
        let (values, _) = numbers(result, &ctx)?;
        if values.len() != estimate.len() {
            return Err(
                Error::shape("bootstrap: the function gives different numbers of values for different rows").into()
            );
        }
        columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
    }
    let each = |f: &dyn Fn(&[f64]) -> f64| shape.restore(columns.iter().map(|column| f(column)).collect());
    let tail = (1.0 - level) / 2.0;
    let mut map: Map = [
        ("mean", each(&mean)?),
        ("se", each(&sd)?),
        ("lower", each(&|column| quantile(column, tail))?),
        ("upper", each(&|column| quantile(column, 1.0 - tail))?),
        ("estimate", shape.restore(estimate)?),
    ]
    .map(|(name, value)| (name.into(), value))
    .into();
    map.insert("seed".into(), Dynamic::from(ctx.seed() as i64));
    if let (Shape::Number, Some(column)) = (&shape, columns.pop()) {
        map.insert("values".into(), Dynamic::from(Vector::from(column)));
    }
    Ok(map)
}

fn of_matrix(call: &NativeCallContext<'_>, f: &FnPtr, m: &Matrix, options: &Map) -> Outcome<Map> {
    let columns: Vec<usize> = (0..m.cols()).collect();
    bootstrap(call, f, m, (m.rows(), m.cols()), |rows| m.pick(rows, &columns), options)
}

fn of_table(call: &NativeCallContext<'_>, f: &FnPtr, t: &Table, options: &Map) -> Outcome<Map> {
    bootstrap(call, f, t, (t.rows(), t.cols()), |rows| t.pick_rows(rows), options)
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Score);
    b.verb(
        "edge_stability",
        "edge_stability(model, x) -> Table\nedge_stability(model, x, #{ resamples, fraction, replace, level, seed }) -> Table",
        "A method on many resamples of the rows: source, target, weight with all rows, frequency, mean, sd, and the interval lower, upper of every edge",
        "let x = example(\"sachs\").head(200).log1p().standardize();\nprint(edge_stability(GraphicalLasso(#{ lambda: 0.2 }), x, #{ resamples: 20 }).head(5));",
    )
    .options(STABILITY)
    .on(|call: NativeCallContext<'_>, model: Estimator, x: Matrix| stability(&call, &model, &x, &Map::new()))
    .on(|call: NativeCallContext<'_>, model: Estimator, x: Matrix, options: Map| stability(&call, &model, &x, &options))
    .on(|call: NativeCallContext<'_>, model: Estimator, t: Table| stability(&call, &model, &matrix_of(&call, &t)?, &Map::new()))
    .on(|call: NativeCallContext<'_>, model: Estimator, t: Table, options: Map| {
        stability(&call, &model, &matrix_of(&call, &t)?, &options)
    });
    b.verb(
        "bootstrap",
        "bootstrap(|x| .., x) -> #{ estimate, mean, se, lower, upper, seed, values }\nbootstrap(|x| .., x, #{ resamples, level, seed })",
        "A function of the rows on resamples of them with replacement: its value, mean, standard error and percentile interval, the seed that repeats it, and for one number all values; numbers one by one for a Vector, Matrix or Graph",
        "let x = example(\"sachs\").head(200).log1p();\nlet b = bootstrap(|x| x.cor()[[\"praf\", \"pmek\"]], x, #{ resamples: 50 });\nprint(`${b.estimate} (${b.lower}, ${b.upper})`);",
    )
    .options(BOOTSTRAP)
    .on_map(|call: NativeCallContext<'_>, f: FnPtr, m: Matrix| of_matrix(&call, &f, &m, &Map::new()))
    .on_map(|call: NativeCallContext<'_>, f: FnPtr, m: Matrix, options: Map| of_matrix(&call, &f, &m, &options))
    .on_map(|call: NativeCallContext<'_>, f: FnPtr, t: Table| of_table(&call, &f, &t, &Map::new()))
    .on_map(|call: NativeCallContext<'_>, f: FnPtr, t: Table, options: Map| of_table(&call, &f, &t, &options));
}
