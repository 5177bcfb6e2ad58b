//! Reading data.

use rhai::{Array, Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options};
use super::super::records::text_list;
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::single_cell::h5ad;
use super::sparse::{IS_SPARSE, SPARSE};
use crate::data::example::{EXAMPLES, example};
use crate::data::file::{extension, unknown_extension};
use crate::data::{CsvOptions, Matrix, Table, read_csv, read_matrix, read_mtx, read_mtx_sparse, read_npy};
use crate::error::Result;
use crate::model::Area;
use crate::options::{Kind, Opt, Preset};

const CSV: &[Opt] = &[
    Opt::new(
        "header",
        &[Kind::Bool],
        Preset::Bool(true),
        "The first line names the columns; otherwise they are c0, c1, ...",
    ),
    Opt::new("index", &[Kind::Text], Preset::Unset("none"), "The column that names the rows"),
    Opt::new(
        "delimiter",
        &[Kind::Text],
        Preset::Unset("a comma, for read_tsv a tab"),
        "One character between two cells",
    ),
];

fn csv(call: &NativeCallContext<'_>, verb: &str, path: &str, options: &Map, delimiter: u8) -> Result<Table> {
    let options = check_options(verb, CSV, options)?;
    let delimiter = match options.text("delimiter").map(str::as_bytes) {
        Some([byte]) => *byte,
        Some(_) => return Err(crate::Error::option(format!("option 'delimiter' of {verb} must be one character"))),
        None => delimiter,
    };
    let layout =
        CsvOptions { delimiter, header: options.is_true("header"), index: options.text("index").map(String::from) };
    read_csv(path, &layout, &context(call))
}

/// Reads by the file's ending.
fn read(call: &NativeCallContext<'_>, path: &str) -> Outcome<Dynamic> {
    Ok(match extension(path).as_str() {
        "csv" => Dynamic::from(csv(call, "read", path, &Map::new(), b',')?),
        "tsv" => Dynamic::from(csv(call, "read", path, &Map::new(), b'\t')?),
        "npy" => Dynamic::from(read_npy(path, &context(call))?),
        "mtx" => Dynamic::from(read_mtx(path, &context(call))?),
        "h5ad" => h5ad(call, "read", path, &Map::new())?,
        "txt" | "dat" => Dynamic::from(read_matrix(path, &context(call))?),
        _ => {
            return Err(unknown_extension(
                path,
                ".csv .tsv .npy .mtx .txt .dat, each also with .gz behind it, and .h5ad",
            )
            .into());
        }
    })
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Data);
    b.verb(
        "read_csv",
        "read_csv(path) -> Table\nread_csv(path, #{ header, index, delimiter }) -> Table",
        "Table from comma-separated text; empty cells, NA and NaN are missing",
        "matrix([[1, 2], [3, 4]]).set_names([\"a\", \"b\"]).save(\"example.csv\");\nprint(read_csv(\"example.csv\"));",
    )
    .options(CSV)
    .on(|call: NativeCallContext<'_>, path: &str| -> Outcome<Table> {
        Ok(csv(&call, "read_csv", path, &Map::new(), b',')?)
    })
    .on(|call: NativeCallContext<'_>, path: &str, options: Map| -> Outcome<Table> {
        Ok(csv(&call, "read_csv", path, &options, b',')?)
    });
    b.verb(
        "read_tsv",
        "read_tsv(path) -> Table\nread_tsv(path, #{ header, index }) -> Table",
        "Table from tab-separated text",
        "matrix([[1, 2], [3, 4]]).set_names([\"a\", \"b\"]).save(\"example.tsv\");\nprint(read_tsv(\"example.tsv\"));",
    )
    .options(CSV)
    .on(|call: NativeCallContext<'_>, path: &str| -> Outcome<Table> {
        Ok(csv(&call, "read_tsv", path, &Map::new(), b'\t')?)
    })
    .on(|call: NativeCallContext<'_>, path: &str, options: Map| -> Outcome<Table> {
        Ok(csv(&call, "read_tsv", path, &options, b'\t')?)
    });
    b.verb(
        "read_matrix",
        "read_matrix(path) -> Matrix",
        "Matrix from numeric text without a header, separated by commas, semicolons, tabs or blanks",
        "matrix([[1, 2], [3, 4]]).save(\"example.csv\");\nprint(read_matrix(\"example.csv\"));",
    )
    .on(|call: NativeCallContext<'_>, path: &str| -> Outcome<Matrix> { Ok(read_matrix(path, &context(&call))?) });
    b.verb(
        "read_npy",
        "read_npy(path) -> Matrix",
        "Matrix from a numpy file of numbers or booleans with one or two dimensions",
        "eye(2).save(\"example.npy\");\nprint(read_npy(\"example.npy\"));",
    )
    .on(|call: NativeCallContext<'_>, path: &str| -> Outcome<Matrix> { Ok(read_npy(path, &context(&call))?) });
    b.verb(
        "read_mtx",
        "read_mtx(path) -> Matrix\nread_mtx(path, #{ sparse })",
        "Matrix from a Matrix Market file, coordinate or array",
        "eye(2).save(\"example.mtx\");\nprint(read_mtx(\"example.mtx\"));",
    )
    .options(SPARSE)
    .on(|call: NativeCallContext<'_>, path: &str| -> Outcome<Matrix> { Ok(read_mtx(path, &context(&call))?) })
    .on_any(|call: NativeCallContext<'_>, path: &str, options: Map| -> Outcome<Dynamic> {
        let is_sparse = check_options("read_mtx", SPARSE, &options)?.is_true(IS_SPARSE.name);
        Ok(match is_sparse {
            true => Dynamic::from(read_mtx_sparse(path, &context(&call))?),
            false => Dynamic::from(read_mtx(path, &context(&call))?),
        })
    });
    b.verb(
        "read",
        "read(path)",
        "Read a file by its ending: .csv and .tsv give a Table, .npy, .mtx, .txt, .dat and .h5ad a Matrix; .gz behind it is unpacked",
        "eye(2).save(\"example.npy\");\nprint(read(\"example.npy\"));",
    )
    .on_any(|call: NativeCallContext<'_>, path: &str| read(&call, path));
    b.verb(
        "example",
        "example(name) -> Table",
        "A data set that comes with sinew; examples() lists them",
        "print(example(\"sachs\").head(3));",
    )
    .on(|call: NativeCallContext<'_>, name: &str| -> Outcome<Table> { Ok(example(name, &context(&call))?) });
    b.verb("examples", "examples() -> list", "Names of the data sets that come with sinew", "print(examples());")
        .on_list(|| -> Array { text_list(EXAMPLES.iter().map(|example| example.name)) });
}
