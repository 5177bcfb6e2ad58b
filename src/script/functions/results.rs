//! What every result has: `to_map`, `to_json`, `save` and `load`, and a text.

use rhai::{Array, Dynamic, FnNamespace, FuncRegistration, Map, NativeCallContext};
use serde_json::Value as Json;

use super::super::convert::{Outcome, check_options, for_engine_types, json_to_dynamic, to_dynamic, to_value};
use super::super::limits::check_list;
use super::super::records::Estimator;
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::super::work::{AS_JSON, numbers_of};
use crate::data::file::{extension, read_bytes, unknown_extension, write_json};
use crate::data::{
    Column, CsvOptions, Groups, Mask, Matrix, Names, SparseMatrix, Table, Vector, has_header, read_csv, read_matrix,
    read_mtx, read_npy, write_csv, write_mtx, write_mtx_sparse, write_npy,
};
use crate::detached::{detached, detached_if_many};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::model::{
    Area, Fit, GRID_OPTIONS, JointFit, NetworkComparison, Path, Run, SavedPath, Simulation, Solved, Trained,
    value_from_json, value_to_json,
};
use crate::notebook::Report;
use crate::options::{Kind, Opt, Preset};
#[cfg(feature = "plot")]
use crate::plot::Figure;
use crate::value::{Engine, Value};

const LOAD: &[Opt] = &[Opt::new(
    "drop_loops",
    &[Kind::Bool],
    Preset::Bool(false),
    "Leave out the edges of a .dot file that lead from a node to itself, which graphs here cannot have",
)];

/// JSON is built in one piece, which an interrupt does not wait for.
fn json_of<T: Engine + Clone>(value: &T, ctx: &crate::Context, json: fn(&T) -> Json) -> Result<Json> {
    let value = value.clone();
    detached(ctx, move || json(&value))
}

/// What `work` makes of a value by way of JSON, in room for that.
fn json_within<T: Engine + Clone, R: Send + 'static>(
    call: &NativeCallContext<'_>,
    value: &T,
    work: impl FnOnce(&T) -> R + Send + 'static,
) -> Result<R>
where
    Value: From<T>,
{
    let ctx = context(call);
    let held = ctx.reserve(numbers_of(&Value::from(value.clone())).saturating_mul(AS_JSON))?;
    let value = value.clone();
    detached(&ctx, move || {
        let _held = held;
        work(&value)
    })
}

fn save_json<T: Engine + Clone>(value: &T, path: &str, ctx: &crate::Context) -> Result<()> {
    write_json(&json_of(value, ctx, T::to_saved_json)?, path, ctx)
}

fn save_matrix(m: &Matrix, path: &str, ctx: &crate::Context) -> Result<()> {
    match extension(path).as_str() {
        "npy" => write_npy(m, path, ctx),
        "mtx" => write_mtx(m, path, ctx),
        "csv" | "tsv" => write_csv(m.csv_rows(), m.names().is_some() || m.row_names().is_some(), path, ctx),
        "json" => save_json(m, path, ctx),
        _ => Err(unknown_extension(path, ".csv .tsv .npy .mtx .json, each also with .gz behind it")),
    }
}

fn save_sparse(x: &SparseMatrix, path: &str, ctx: &crate::Context) -> Result<()> {
    match extension(path).as_str() {
        "mtx" => write_mtx_sparse(x, path, ctx),
        "json" => save_json(x, path, ctx),
        _ => Err(unknown_extension(path, ".mtx .json, each also with .gz behind it")),
    }
}

fn save_table(t: &Table, path: &str, ctx: &crate::Context) -> Result<()> {
    match extension(path).as_str() {
        "csv" | "tsv" => write_csv(t.csv_rows(), true, path, ctx),
        "json" => save_json(t, path, ctx),
        _ => Err(unknown_extension(path, ".csv .tsv .json, each also with .gz behind it")),
    }
}

fn save_graph(g: &Graph, path: &str, ctx: &crate::Context) -> Result<()> {
    match extension(path).as_str() {
        "json" => save_json(g, path, ctx),
        _ => g.save(path, ctx),
    }
}

/// What is saved as JSON only.
fn save_plain<T: Engine + Clone>(value: &T, path: &str, ctx: &crate::Context) -> Result<()> {
    match extension(path).as_str() {
        "json" => save_json(value, path, ctx),
        _ => Err(unknown_extension(path, ".json, or .json.gz")),
    }
}

/// Lists and maps as JSON from which `load` gives them back; of plain values it is plain.
fn save_values(call: &NativeCallContext<'_>, values: &Dynamic, path: &str) -> Outcome<()> {
    match extension(path).as_str() {
        "json" => {
            let (value, ctx) = (to_value(values)?, context(call));
            // Values that each are in a list or map of their own take as much again.
            let _held = ctx.reserve(numbers_of(&value).saturating_mul(3 * AS_JSON))?;
            let json = detached(&ctx, move || value_to_json(&value))?;
            Ok(write_json(&json, path, &ctx)?)
        }
        _ => Err(unknown_extension(path, ".json, or .json.gz").into()),
    }
}

/// What the first line of a delimited file says.
struct FirstLine {
    is_graph: bool,
    is_header: bool,
    has_index: bool,
}

impl FirstLine {
    fn of(bytes: &[u8]) -> Self {
        let first = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let text = std::str::from_utf8(first).unwrap_or_default().trim();
        let cells: Vec<&str> = text.split([',', '\t']).map(|cell| cell.trim_matches('"')).take(4).collect();
        Self {
            is_graph: cells == ["source", "target", "weight", "sign"],
            is_header: has_header(bytes),
            // What the writer calls the names of rows.
            has_index: cells.first() == Some(&"index"),
        }
    }
}

/// A matrix where every column is numeric, else a table: a file of comma-separated text does not say which it was.
fn load_delimited(path: &str, ctx: &crate::Context) -> Outcome<Dynamic> {
    let bytes = read_bytes(path, ctx)?;
    // A line may be as long as the file. The bytes go then: they are read again.
    let first = detached_if_many(bytes.len(), ctx, move || FirstLine::of(&bytes))?;
    if first.is_graph {
        return Ok(Dynamic::from(Graph::load(path, ctx)?));
    }
    if !first.is_header {
        return Ok(Dynamic::from(read_matrix(path, ctx)?));
    }
    let delimiter = if extension(path) == "tsv" { b'\t' } else { b',' };
    let index = first.has_index.then(|| "index".to_string());
    let t = read_csv(path, &CsvOptions { delimiter, header: true, index }, ctx)?;
    // What no matrix could hold is a table, of any size.
    if (0..t.cols()).any(|column| matches!(t.column_at(column), Column::Texts(_))) {
        return Ok(Dynamic::from(t));
    }
    let numbers = t.rows().saturating_mul(t.cols());
    let _held = ctx.reserve_matrices(1, t.rows(), t.cols())?;
    let columns = t.clone();
    let Ok(m) = detached_if_many(numbers, ctx, move || columns.matrix())? else { return Ok(Dynamic::from(t)) };
    // Columns that had no names were numbered beside the names of rows.
    let numbered =
        m.row_names().is_some() && m.names().is_some_and(|names| *names == Names::numbered_with("c", m.cols()));
    Ok(Dynamic::from(if numbered { m.with_names(None)? } else { m }))
}

/// What a file of JSON holds.
enum Loaded {
    Value(Value),
    Path(Box<SavedPath>),
}

fn load_json(path: &str, ctx: &crate::Context) -> Outcome<Dynamic> {
    let bytes = read_bytes(path, ctx)?;
    // A number that takes some ten bytes in the file takes up to 32 in memory.
    let held = ctx.reserve(bytes.len().saturating_mul(5))?;
    let (name, own) = (path.to_string(), ctx.clone());
    // JSON is read in one piece, which an interrupt does not wait for.
    let loaded = detached(ctx, move || {
        let _held = held;
        parsed(&bytes, &name, &own)
    })?;
    match loaded? {
        Loaded::Value(value) => Ok(to_dynamic(&value)),
        Loaded::Path(saved) => {
            Ok(Dynamic::from(load_path(*saved, ctx).map_err(|error| error.at(format!("'{path}'")))?))
        }
    }
}

fn parsed(bytes: &[u8], path: &str, ctx: &crate::Context) -> Result<Loaded> {
    let json: Json =
        serde_json::from_slice(bytes).map_err(|error| Error::data(format!("'{path}' is not JSON: {error}")))?;
    let at = |error: Error| error.at(format!("'{path}'"));
    Ok(match json.get("type").and_then(Json::as_str) {
        Some("Path") => Loaded::Path(Box::new(SavedPath::read(&json, ctx).map_err(at)?)),
        Some("TrainedModel") => {
            let trained = Trained::from_saved_json(&json).map_err(at)?;
            crate::registry::method_of(&trained).map_err(at)?;
            Loaded::Value(trained.into())
        }
        #[cfg(feature = "plot")]
        Some("Figure") => Loaded::Value(Figure::from_saved_json(&json).map_err(at)?.into()),
        _ => Loaded::Value(value_from_json(&json).map_err(at)?),
    })
}

/// A path with what it takes to go on: its method, as the registry has it.
fn load_path(saved: SavedPath, ctx: &crate::Context) -> Result<Path> {
    let missing = || Error::data(format!("there is no method '{}' that gives a path", saved.verb));
    let record = crate::registry::methods().find(|record| record.verb == saved.verb).ok_or_else(missing)?;
    let Run::Path(run) = record.run else { return Err(missing()) };
    let options = saved.options.clone();
    record.check(&options)?;
    let solve = move |input: &crate::model::Input, lambdas: &[f64], ctx: &crate::Context| {
        // The penalties are given now, whatever grid they were on before.
        let is_grid = |name: &str| GRID_OPTIONS.contains(&name);
        let mut given: Vec<_> = options.iter().filter(|(name, _)| !is_grid(name)).cloned().collect();
        given.push(("lambdas".into(), Vector::from(lambdas.to_vec()).into()));
        Ok(run(input.clone(), &record.check(&given)?, ctx)?.points().to_vec())
    };
    let solved = Solved {
        verb: record.verb,
        method: saved.method.into(),
        input: saved.input,
        points: saved.points,
        options: saved.options,
        seconds: saved.seconds,
        solve: std::sync::Arc::new(solve),
    };
    Path::new(solved, &ctx.clone().with_strict(false))
}

fn load(path: &str, options: &Map, ctx: &crate::Context) -> Outcome<Dynamic> {
    if check_options("load", LOAD, options)?.is_true("drop_loops") {
        return Ok(Dynamic::from(Graph::load_without_loops(path, ctx)?));
    }
    Ok(match extension(path).as_str() {
        "json" => load_json(path, ctx)?,
        "csv" | "tsv" => load_delimited(path, ctx)?,
        "npy" => Dynamic::from(read_npy(path, ctx)?),
        "mtx" => Dynamic::from(read_mtx(path, ctx)?),
        "graphml" | "gexf" | "cyjs" | "dot" => Dynamic::from(Graph::load(path, ctx)?),
        _ => return Err(unknown_extension(path, ".json .csv .tsv .npy .mtx .graphml .gexf .cyjs .dot").into()),
    })
}

macro_rules! on_save {
    ($verb:expr; $($type:ty, $save:expr;)*) => {
        $verb$( .on(|call: NativeCallContext<'_>, value: &mut $type, path: &str| -> Outcome<()> {
            Ok($save(value, path, &context(&call))?)
        }) )*
    };
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Data);
    let save = b.verb(
        "save",
        "x.save(path)\nfigure.save(path, #{ js: \"cdn\" })",
        "Write a result to a file by its ending: .json for all, also for lists and maps; matrices .csv .tsv .npy .mtx (sparse ones .mtx); tables .csv .tsv; graphs .graphml .gexf .cyjs .dot .csv .tsv; figures .html .svg; reports .html; with .gz behind it packed",
        "eye(2).save(\"example.csv\");\nrandom_graph(\"band\", #{ nodes: 4 }).save(\"example.graphml\");",
    );
    #[cfg(feature = "plot")]
    let save = save.options(super::plots::SAVE);
    on_save! { save;
        Matrix, save_matrix;
        SparseMatrix, save_sparse;
        Table, save_table;
        Graph, save_graph;
        Vector, save_plain;
        Fit, save_plain;
        Path, save_plain;
        JointFit, save_plain;
        NetworkComparison, save_plain;
        Trained, Trained::save;
        Simulation, save_plain;
    };
    b.extend("save")
        .on(|call: NativeCallContext<'_>, list: Array, path: &str| save_values(&call, &Dynamic::from(list), path))
        .on(|call: NativeCallContext<'_>, map: Map, path: &str| save_values(&call, &Dynamic::from(map), path));
    b.verb(
        "load",
        "load(path)\nload(path, #{ drop_loops: true })",
        "Read back what .save wrote, and graphs of other tools. A .csv or .tsv of numbers alone gives a Matrix, one with texts a Table, one of edges a Graph",
        "let x = example(\"sachs\").head(100).log1p().standardize();\nx.graphical_lasso(#{ lambda: 0.2 }).save(\"example.json\");\nprint(load(\"example.json\").n_edges);",
    )
    .options(LOAD)
    .on_any(|call: NativeCallContext<'_>, path: &str| load(path, &Map::new(), &context(&call)))
    .on_any(|call: NativeCallContext<'_>, path: &str, options: Map| load(path, &options, &context(&call)));
    b.area(Area::System);
    b.verb(
        "to_json",
        "x.to_json() -> string",
        "A result as JSON; NaN and infinities are null",
        "print(vector([1, 2]).to_json());",
    );
    b.verb(
        "to_map",
        "x.to_map() -> map",
        "A result as a map of plain values",
        "print(random_graph(\"band\", #{ nodes: 3 }).to_map().nodes);",
    );
    macro_rules! plain {
        ($($type:ty, $name:literal;)*) => { $(
            b.extend("to_json").on(|call: NativeCallContext<'_>, value: &mut $type| -> Outcome<String> {
                Ok(json_within(&call, value, |value| value.to_json().to_string())?)
            });
            b.extend("to_map").on_any(|call: NativeCallContext<'_>, value: &mut $type| -> Outcome<Dynamic> {
                let many = numbers_of(&Value::from(value.clone()));
                check_list(&call, many)?;
                // The lists of the language stand beside the JSON.
                let _lists = context(&call).reserve(many.saturating_mul(16))?;
                Ok(json_to_dynamic(&json_within(&call, value, <$type>::to_json)?))
            });
        )* };
    }
    for_engine_types!(plain);
    texts(b);
}

/// How results print, and what their types are called.
fn texts(b: &mut Builder) {
    let module = b.module();
    macro_rules! text {
        ($($type:ty, $name:literal;)*) => { $(
            module.set_custom_type::<$type>($name);
            for name in ["to_string", "to_debug"] {
                FuncRegistration::new(name).with_namespace(FnNamespace::Global).with_purity(true)
                    .set_into_module(module, |value: &mut $type| value.to_string());
            }
        )* };
    }
    for_engine_types!(text);
    module.set_custom_type::<Estimator>("Estimator");
}
