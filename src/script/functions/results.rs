//! What every result has: `to_map`, `to_json`, `save`, and a text.

use rhai::{FnNamespace, FuncRegistration, NativeCallContext};

use super::super::convert::{Outcome, for_engine_types, json_to_dynamic};
use super::super::records::Estimator;
use super::super::state::context;
use super::super::vocabulary::Builder;
use crate::data::file::{extension, unknown_extension, write_atomic};
use crate::data::{Groups, Mask, Matrix, Table, Vector, write_csv, write_npy};
use crate::error::Result;
use crate::graph::Graph;
use crate::model::{Area, Fit, Path};
#[cfg(feature = "plot")]
use crate::plot::Figure;

fn save_json(json: &serde_json::Value, path: &str, ctx: &crate::Context) -> Result<()> {
    write_atomic(path, ctx, |out| {
        serde_json::to_writer_pretty(&mut *out, json)?;
        out.write_all(b"\n")
    })
}

/// Writes a value as JSON, or by `other` for other endings.
fn save(
    json: impl Fn() -> serde_json::Value,
    path: &str,
    call: &NativeCallContext<'_>,
    other: impl FnOnce(&str) -> Result<()>,
) -> Outcome<()> {
    match extension(path).as_str() {
        "json" => save_json(&json(), path, &context(call))?,
        _ => other(path)?,
    }
    Ok(())
}

fn save_matrix(m: &Matrix, path: &str, ctx: &crate::Context) -> Result<()> {
    match extension(path).as_str() {
        "npy" => write_npy(m, path, ctx),
        "csv" | "tsv" => write_csv(&m.csv_rows(), path, ctx),
        _ => Err(unknown_extension(path, ".csv .tsv .npy .json")),
    }
}

fn save_table(t: &Table, path: &str, ctx: &crate::Context) -> Result<()> {
    match extension(path).as_str() {
        "csv" | "tsv" => write_csv(&t.csv_rows(), path, ctx),
        _ => Err(unknown_extension(path, ".csv .tsv .json")),
    }
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::System);
    b.verb("save", "x.save(path)", "Write a result to a file by its ending: .json for all; matrices .csv .tsv .npy; tables .csv .tsv; graphs .graphml .gexf .cyjs .dot .csv .tsv; figures .html .svg", "eye(2).save(\"example.csv\");\nrandom_graph(\"band\", #{ nodes: 4 }).save(\"example.graphml\");")
        .on(|call: NativeCallContext<'_>, m: &mut Matrix, path: &str| save(|| m.to_json(), path, &call, |path| save_matrix(m, path, &context(&call))))
        .on(|call: NativeCallContext<'_>, t: &mut Table, path: &str| save(|| t.to_json(), path, &call, |path| save_table(t, path, &context(&call))))
        .on(|call: NativeCallContext<'_>, g: &mut Graph, path: &str| save(|| g.to_json(), path, &call, |path| g.save(path, &context(&call))))
        .on(|call: NativeCallContext<'_>, v: &mut Vector, path: &str| save(|| v.to_json(), path, &call, |path| Err(unknown_extension(path, ".json"))))
        .on(|call: NativeCallContext<'_>, fit: &mut Fit, path: &str| save(|| fit.to_json(), path, &call, |path| Err(unknown_extension(path, ".json"))))
        .on(|call: NativeCallContext<'_>, p: &mut Path, path: &str| save(|| p.to_json(), path, &call, |path| Err(unknown_extension(path, ".json"))));
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
            b.extend("to_json").on(|value: &mut $type| value.to_json().to_string());
            b.extend("to_map").on_any(|value: &mut $type| json_to_dynamic(&value.to_json()));
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
