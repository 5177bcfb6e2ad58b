//! Sparse matrices: what makes them, and the verbs of matrices on them.

use rhai::{Array, Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options};
use super::super::index::to_selector;
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::super::work::matrix_of;
use super::shape::names_list;
use super::summaries::{AXIS, Axis, axis};
use crate::data::{Lines, Mask, Matrix, Selector, SparseMatrix, Table, Vector};
use crate::detached::detached_if_many;
use crate::error::{Error, Result};
use crate::model::Area;
use crate::options::{Kind, Opt, Preset};

/// The option of whatever reads counts.
pub(super) const IS_SPARSE: Opt = Opt::new(
    "sparse",
    &[Kind::Bool],
    Preset::Bool(false),
    "Give a SparseMatrix, which holds the entries alone that are not 0, and never make the dense one",
);
pub(super) const SPARSE: &[Opt] = &[IS_SPARSE];

/// An example about `x`, a sparse matrix of 3 cells and 3 genes.
macro_rules! with_x {
    ($code:literal) => {
        concat!("let x = matrix([[0, 3, 0], [1, 0, 0], [0, 5, 2]]).set_names([\"a\", \"b\", \"c\"]).sparse();\n", $code)
    };
}

/// What `f` makes of a sparse matrix; an interrupt does not wait for a large one.
fn made<T: Send + 'static>(
    call: &NativeCallContext<'_>,
    x: &SparseMatrix,
    f: impl FnOnce(&SparseMatrix) -> T + Send + 'static,
) -> Result<T> {
    let (x, ctx) = (x.clone(), context(call));
    let held = x.room_for_lines(&ctx)?;
    // Also rows and columns without entries are gone through.
    detached_if_many(x.nnz().saturating_add(x.rows()).saturating_add(x.cols()), &ctx, move || {
        let _held = held;
        f(&x)
    })
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Construct);
    b.verb(
        "sparse",
        "m.sparse() -> SparseMatrix\nt.sparse() -> SparseMatrix",
        "The entries alone that are not 0, as counts of cells x genes are best held. It has rows cols shape names row_names nnz density t, x[[rows, cols]], head row col select drop filter sum mean sd variance top_variance drop_constant log1p matrix save; methods take it, and make it dense",
        with_x!("print(x);\nprint(x.top_variance(2).log1p().matrix());"),
    )
    .on(|call: NativeCallContext<'_>, m: &mut Matrix| -> Outcome<SparseMatrix> { Ok(m.sparse(&context(&call))?) })
    .on(|call: NativeCallContext<'_>, t: &mut Table| -> Outcome<SparseMatrix> {
        Ok(matrix_of(&call, t)?.sparse(&context(&call))?)
    });
    b.extend("matrix")
        .on(|call: NativeCallContext<'_>, x: SparseMatrix| -> Outcome<Matrix> { Ok(x.matrix(&context(&call))?) });
    b.area(Area::Shape);
    b.property("nnz", "sparse.nnz -> int", "Number of entries that are not 0", with_x!("print(x.nnz);"))
        .get(|x: &mut SparseMatrix| x.nnz() as i64);
    sizes(b);
    parts(b);
    summaries(b);
    prepare(b);
}

fn sizes(b: &mut Builder) {
    b.extend("density").get(|x: &mut SparseMatrix| x.density());
    b.extend("rows").get(|x: &mut SparseMatrix| x.rows() as i64);
    b.extend("cols").get(|x: &mut SparseMatrix| x.cols() as i64);
    b.extend("shape")
        .get_list(|x: &mut SparseMatrix| -> Array { vec![(x.rows() as i64).into(), (x.cols() as i64).into()] });
    b.extend("names").get_any(|x: &mut SparseMatrix| names_list(x.names()));
    b.extend("row_names").get_any(|x: &mut SparseMatrix| names_list(x.row_names()));
    b.extend("t").get(|call: NativeCallContext<'_>, x: &mut SparseMatrix| -> Outcome<SparseMatrix> {
        let ctx = context(&call);
        Ok(made(&call, x, move |x| x.transpose(&ctx))??)
    });
}

fn parts(b: &mut Builder) {
    b.extend("head")
        .on(|call: NativeCallContext<'_>, x: &mut SparseMatrix| -> Outcome<SparseMatrix> {
            Ok(made(&call, x, |x| x.head(6))?)
        })
        .on(|call: NativeCallContext<'_>, x: &mut SparseMatrix, n: i64| -> Outcome<SparseMatrix> {
            Ok(made(&call, x, move |x| x.head(n))?)
        });
    b.extend("row").on(|call: NativeCallContext<'_>, x: &mut SparseMatrix, i: Dynamic| -> Outcome<Vector> {
        let _held = x.room_for_lines(&context(&call))?;
        match to_selector(&i)?.pick(x.rows(), x.row_names(), "row")?.positions() {
            [i] => Ok(x.row(*i)),
            _ => Err(Error::index("row takes one position or name").with_hint("several rows: x[[list, ..]]").into()),
        }
    });
    b.extend("col").on(|call: NativeCallContext<'_>, x: &mut SparseMatrix, j: Dynamic| -> Outcome<Vector> {
        let _held = x.room_for_lines(&context(&call))?;
        match to_selector(&j)?.pick(x.cols(), x.names(), "column")?.positions() {
            [j] => Ok(x.col(*j)),
            _ => {
                Err(Error::index("col takes one position or name").with_hint("several columns: x.select(list)").into())
            }
        }
    });
    b.extend("select").on(
        |call: NativeCallContext<'_>, x: &mut SparseMatrix, columns: Dynamic| -> Outcome<SparseMatrix> {
            let columns = to_selector(&columns)?;
            Ok(made(&call, x, move |x| x.select(&columns))??)
        },
    );
    b.extend("drop").on(
        |call: NativeCallContext<'_>, x: &mut SparseMatrix, columns: Dynamic| -> Outcome<SparseMatrix> {
            let dropped = to_selector(&columns)?.pick(x.cols(), x.names(), "column")?;
            let mut is_kept = vec![true; x.cols()];
            dropped.positions().iter().for_each(|&j| is_kept[j] = false);
            Ok(made(&call, x, move |x| x.select(&Selector::Mask(is_kept)))??)
        },
    );
    b.extend("filter").on(|call: NativeCallContext<'_>, x: &mut SparseMatrix, mask: Mask| -> Outcome<SparseMatrix> {
        let _held = x.room_for_lines(&context(&call))?;
        let (rows, cols) = x.locate(&Selector::Mask(mask.as_slice().to_vec()), &Selector::All)?;
        Ok(made(&call, x, move |x| x.pick(rows.positions(), cols.positions()))?)
    });
}

/// Numbers of all, of each column or of each row.
type Summary = fn(&SparseMatrix, Lines) -> Vector;

fn whole(call: &NativeCallContext<'_>, x: &SparseMatrix, f: Summary) -> Outcome<f64> {
    let found = made(call, x, move |x| f(x, Lines::All))?;
    Ok(found.as_slice().first().copied().unwrap_or(f64::NAN))
}

fn summarize(
    call: &NativeCallContext<'_>,
    x: &SparseMatrix,
    verb: &str,
    options: &Map,
    f: Summary,
) -> Outcome<Dynamic> {
    let lines = match axis(&check_options(verb, AXIS, options)?, verb)? {
        Some(Axis::Columns) => Lines::Columns,
        Some(Axis::Rows) => Lines::Rows,
        None => return Ok(Dynamic::from(whole(call, x, f)?)),
    };
    Ok(Dynamic::from(made(call, x, move |x| f(x, lines))?))
}

fn summaries(b: &mut Builder) {
    const SUMMARIES: &[(&str, Summary)] = &[
        ("sum", SparseMatrix::sums),
        ("mean", SparseMatrix::means),
        ("variance", SparseMatrix::variances),
        ("sd", |x, of| x.variances(of).map(f64::sqrt)),
    ];
    for &(verb, f) in SUMMARIES {
        b.extend(verb).on(move |call: NativeCallContext<'_>, x: &mut SparseMatrix| whole(&call, x, f)).on_any(
            move |call: NativeCallContext<'_>, x: &mut SparseMatrix, options: Map| {
                summarize(&call, x, verb, &options, f)
            },
        );
    }
}

fn prepare(b: &mut Builder) {
    b.extend("log1p").on(|call: NativeCallContext<'_>, x: &mut SparseMatrix| -> Outcome<SparseMatrix> {
        Ok(made(&call, x, SparseMatrix::log1p)??)
    });
    b.extend("drop_constant").on(|call: NativeCallContext<'_>, x: &mut SparseMatrix| -> Outcome<SparseMatrix> {
        Ok(made(&call, x, SparseMatrix::drop_constant)?)
    });
    b.extend("top_variance").on(
        |call: NativeCallContext<'_>, x: &mut SparseMatrix, count: i64| -> Outcome<SparseMatrix> {
            let count = usize::try_from(count)
                .map_err(|_| Error::argument(format!("top_variance: a number of columns is not negative: {count}")))?;
            Ok(made(&call, x, move |x| x.top_variance(count))??)
        },
    );
}
