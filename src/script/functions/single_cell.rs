//! Data of single cells: the files of 10x Genomics and of AnnData, data sets of BEELINE and its choice of genes.

use rhai::{Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, to_dynamic};
use super::super::records::text_list;
use super::super::state::{context, state};
use super::super::vocabulary::Builder;
use super::super::work::matrix_of;
use super::sparse::IS_SPARSE;
use crate::data::{
    GENE_EXPRESSION, GeneChoice, Matrix, Table, TenX, read_10x, read_10x_sparse, read_h5ad, read_h5ad_sparse,
};
use crate::error::{Error, Result};
use crate::graph::Beeline;
use crate::model::Area;
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;

const TEN_X: &[Opt] = &[
    Opt::new(
        "genes",
        &[Kind::Choice(&["symbol", "id"])],
        Preset::Text("symbol"),
        "What genes are called by: their symbols, or their ids, which are unique",
    ),
    Opt::new(
        "features",
        &[Kind::Text],
        Preset::Text(GENE_EXPRESSION),
        "Type of the features that are read, as in the third column of features.tsv; \"all\" reads all of them",
    ),
    IS_SPARSE,
];

const H5AD: &[Opt] = &[
    Opt::new(
        "layer",
        &[Kind::Text],
        Preset::Unset("X"),
        "Name of the layer that is read, or \"raw\" for the matrix and the genes of raw",
    ),
    IS_SPARSE,
];

const CHOICE: &[Opt] = &[
    Opt::new(
        "regulators",
        &[Kind::List],
        Preset::Unset("none"),
        "Names of genes of which all significant ones are kept",
    ),
    Opt::new("genes", &[Kind::Count(0)], Preset::Count(500), "Other genes at most, those of the largest variance"),
    Opt::new(
        "p_value",
        &[Kind::Number(Range::UNIT)],
        Preset::Number(0.01),
        "Genes with a p-value below it are significant; with 0 all are",
    ),
    Opt::new("bonferroni", &[Kind::Bool], Preset::Bool(true), "Divide the bound by the number of genes"),
];

/// Passes warnings on to the session.
fn warn(call: &NativeCallContext<'_>, verb: &str, warnings: &[String]) {
    if let Some(state) = state(call) {
        warnings.iter().for_each(|warning| state.warning(&format!("{verb}: {warning}")));
    }
}

fn ten_x(call: &NativeCallContext<'_>, folder: &str, options: &Map) -> Outcome<Dynamic> {
    let options = check_options("read_10x", TEN_X, options)?;
    let kind = options.text("features").filter(|kind| *kind != "all").map(String::from);
    let what = TenX { ids: options.text("genes") == Some("id"), kind };
    let (counts, warnings) = match options.is_true(IS_SPARSE.name) {
        true => of_any(read_10x_sparse(folder, &what, &context(call))?),
        false => of_any(read_10x(folder, &what, &context(call))?),
    };
    warn(call, "read_10x", &warnings);
    Ok(counts)
}

/// A matrix of either kind.
fn of_any<T: Into<Value>>((counts, warnings): (T, Vec<String>)) -> (Dynamic, Vec<String>) {
    (to_dynamic(&counts.into()), warnings)
}

/// A matrix of an AnnData file; `verb` is for messages.
pub(super) fn h5ad(call: &NativeCallContext<'_>, verb: &str, path: &str, options: &Map) -> Outcome<Dynamic> {
    let options = check_options(verb, H5AD, options)?;
    let (layer, ctx) = (options.text("layer"), context(call));
    let (counts, warnings) = match options.is_true(IS_SPARSE.name) {
        true => of_any(read_h5ad_sparse(path, layer, &ctx)?),
        false => of_any(read_h5ad(path, layer, &ctx)?),
    };
    warn(call, verb, &warnings);
    Ok(counts)
}

fn beeline(call: &NativeCallContext<'_>, folder: &str) -> Outcome<Map> {
    let set = Beeline::read(folder, &context(call))?;
    warn(call, "read_beeline", &set.warnings);
    let mut map = Map::new();
    map.insert("x".into(), Dynamic::from(set.x));
    if let Some(truth) = set.truth {
        map.insert("truth".into(), Dynamic::from(truth));
    }
    if let Some(pseudotime) = set.pseudotime {
        map.insert("pseudotime".into(), Dynamic::from(pseudotime));
    }
    Ok(map)
}

fn regulators(options: &Options) -> Result<Vec<String>> {
    let Some(Value::List(list)) = options.get("regulators") else { return Ok(Vec::new()) };
    let name = |item: &Value| match item {
        Value::Text(name) => Ok(name.clone()),
        other => {
            Err(Error::option(format!("option 'regulators' lists names of genes, one of them is {}", other.brief())))
        }
    };
    list.iter().map(name).collect()
}

fn choose(call: &NativeCallContext<'_>, x: &Matrix, ordering: &Table, options: &Map) -> Outcome<Map> {
    let options = check_options("beeline_preprocess", CHOICE, options)?;
    let default = GeneChoice::default();
    let choice = GeneChoice {
        genes: options.count("genes").unwrap_or(default.genes),
        p_value: options.number("p_value").unwrap_or(default.p_value),
        bonferroni: options.is_true("bonferroni"),
    };
    let chosen = choice.choose(x, ordering, &regulators(&options)?)?;
    warn(call, "beeline_preprocess", &chosen.warnings);
    let ctx = context(call);
    let _held = ctx.reserve_matrices(1, x.rows(), chosen.columns.len())?;
    let kept = x.pick(&(0..x.rows()).collect::<Vec<_>>(), &chosen.columns);
    let names = chosen.regulators.iter().map(|&column| x.names().map_or("", |names| names.get(column)));
    let mut map = Map::new();
    map.insert("regulators".into(), text_list(names).into());
    map.insert("x".into(), Dynamic::from(kept));
    Ok(map)
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Data);
    b.verb(
        "read_10x",
        "read_10x(folder) -> Matrix\nread_10x(folder, #{ genes, features, sparse })",
        "Counts of cells x genes from a folder of 10x Genomics: matrix.mtx, features.tsv or genes.tsv, barcodes.tsv, each perhaps .gz",
        "matrix([[5, 0], [0, 1], [2, 0]]).save(\"matrix.mtx\");\n\
         matrix([[11], [12], [13]]).save(\"features.tsv\");\n\
         matrix([[1], [2]]).save(\"barcodes.tsv\");\n\
         print(read_10x(\".\"));",
    )
    .options(TEN_X)
    .on_any(|call: NativeCallContext<'_>, folder: &str| ten_x(&call, folder, &Map::new()))
    .on_any(|call: NativeCallContext<'_>, folder: &str, options: Map| ten_x(&call, folder, &options));
    b.verb(
        "read_h5ad",
        "read_h5ad(path) -> Matrix\nread_h5ad(path, #{ layer, sparse })",
        "Cells x genes from an AnnData file: X, a layer or raw, dense or compressed by row or column; in builds with the feature h5ad, which is a default one",
        "try { print(read_h5ad(\"cells.h5ad\", #{ layer: \"counts\", sparse: true })); } catch (error) { print(error.message); }",
    )
    .options(H5AD)
    .on_any(|call: NativeCallContext<'_>, path: &str| h5ad(&call, "read_h5ad", path, &Map::new()))
    .on_any(|call: NativeCallContext<'_>, path: &str, options: Map| h5ad(&call, "read_h5ad", path, &options));
    b.verb(
        "read_beeline",
        "read_beeline(folder) -> map",
        "A data set of BEELINE: `x` (cells x genes), `truth` (a directed Graph over its genes that have edges) and `pseudotime` (Table), the last two where there are files of them",
        "matrix([[1, 2, 3], [3, 2, 1]]).set_names([\"c1\", \"c2\", \"c3\"]).set_row_names([\"A\", \"B\"]).save(\"ExpressionData.csv\");\n\
         table(#{ Gene1: [\"A\"], Gene2: [\"B\"], Type: [\"+\"] }).save(\"refNetwork.csv\");\n\
         let set = read_beeline(\".\");\n\
         print(set.x);\n\
         print(set.truth);",
    )
    .on_map(|call: NativeCallContext<'_>, folder: &str| beeline(&call, folder));
    b.area(Area::Prepare);
    b.verb(
        "beeline_preprocess",
        "x.beeline_preprocess(p_values) -> map\nx.beeline_preprocess(p_values, #{ regulators, genes, p_value, bonferroni }) -> map",
        "Genes as BEELINE chooses them: all significant regulators and the most variable of the other significant genes, as `x` and `regulators`; p_values is a Table of p-value and variance of every gene, such as GeneOrdering.csv",
        "let x = example(\"sachs\").head(50).select([\"PKA\", \"PKC\", \"praf\"]).matrix();\n\
         let p_values = table(#{ gene: x.names, p: [0.001, 0.5, 0.002], variance: [3, 2, 1] });\n\
         let kept = x.beeline_preprocess(p_values, #{ regulators: [\"PKA\", \"PKC\"] });\n\
         print(`${kept.regulators} ${kept.x.names}`);",
    )
    .options(CHOICE)
    .on_map(|call: NativeCallContext<'_>, x: &mut Matrix, p_values: Table| choose(&call, x, &p_values, &Map::new()))
    .on_map(|call: NativeCallContext<'_>, x: &mut Matrix, p_values: Table, options: Map| {
        choose(&call, x, &p_values, &options)
    })
    .on_map(|call: NativeCallContext<'_>, x: &mut Table, p_values: Table| {
        choose(&call, &matrix_of(&call, x)?, &p_values, &Map::new())
    })
    .on_map(|call: NativeCallContext<'_>, x: &mut Table, p_values: Table, options: Map| {
        choose(&call, &matrix_of(&call, x)?, &p_values, &options)
    });
}
