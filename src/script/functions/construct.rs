//! Making matrices and vectors.

use ndarray::Array2;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use rhai::{Array, Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, describe, range_bounds, to_numbers};
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::super::work::matrix_of;
use crate::data::{Matrix, Vector};
use crate::error::{Error, Result};
use crate::model::Area;
use crate::options::{Kind, Opt, Preset};
use crate::rng::{self, Rng};

const SEED: &[Opt] = &[Opt::new("seed", &[Kind::Count(0)], Preset::Unset("drawn from the session's"), "Seed")];

/// A size as a script gives it.
fn size(value: i64, what: &str) -> Result<usize> {
    usize::try_from(value).map_err(|_| Error::argument(format!("the number of {what} must not be negative: {value}")))
}

fn filled(call: &NativeCallContext<'_>, rows: i64, cols: i64, value: f64) -> Outcome<Matrix> {
    let (rows, cols) = (size(rows, "rows")?, size(cols, "columns")?);
    let _held = context(call).reserve_matrices(1, rows, cols)?;
    Ok(Matrix::from(Array2::from_elem((rows, cols), value)))
}

fn filled_vector(call: &NativeCallContext<'_>, len: i64, value: f64) -> Outcome<Vector> {
    let len = size(len, "elements")?;
    let _held = context(call).reserve_matrices(1, len, 1)?;
    Ok(Vector::from(vec![value; len]))
}

/// Random numbers that are drawn between two looks at the context.
const PIECE: usize = 1 << 17;

fn random(
    call: &NativeCallContext<'_>,
    verb: &str,
    (rows, cols): (i64, i64),
    options: &Map,
    draw: impl Fn(&mut Rng) -> f64,
) -> Outcome<Matrix> {
    let options = check_options(verb, SEED, options)?;
    let ctx = context(call);
    let seed = options.count("seed").map_or_else(|| ctx.next_seed(), |seed| seed as u64);
    let (rows, cols) = (size(rows, "rows")?, size(cols, "columns")?);
    let _held = ctx.reserve_matrices(1, rows, cols)?;
    let mut rng = rng::stream(seed, verb, 0);
    let count = rows * cols;
    let mut values = Vec::with_capacity(count);
    while values.len() < count {
        ctx.check()?;
        values.extend((0..PIECE.min(count - values.len())).map(|_| draw(&mut rng)));
    }
    let matrix = Array2::from_shape_vec((rows, cols), values).map_err(|_| Error::internal("numbers were lost"))?;
    Ok(Matrix::from(matrix))
}

fn normal(rng: &mut Rng) -> f64 {
    StandardNormal.sample(rng)
}

fn rows_of(call: &NativeCallContext<'_>, list: &Array) -> Result<Matrix> {
    // The numbers as lists, and as one.
    let count = list.iter().map(count_of).fold(0, usize::saturating_add);
    let _held = context(call).reserve_matrices(2, count, 1)?;
    let rows: Vec<Vec<f64>> = list.iter().map(|row| to_numbers(row, "a row")).collect::<Result<_>>()?;
    Matrix::from_rows(&rows)
}

/// How many numbers a list, vector or range of numbers has.
fn count_of(value: &Dynamic) -> usize {
    if let Some(vector) = value.read_lock::<Vector>() {
        return vector.len();
    }
    if let Some((start, end)) = range_bounds(value) {
        return end.and_then(|end| usize::try_from(end.saturating_sub(start)).ok()).unwrap_or(0);
    }
    value.read_lock::<Array>().map_or(0, |list| list.len())
}

/// A list, vector or range of numbers as a vector.
fn vector(call: &NativeCallContext<'_>, value: &Dynamic) -> Outcome<Vector> {
    // Of a range the whole numbers are made first.
    let _held = context(call).reserve_matrices(2, count_of(value), 1)?;
    Ok(Vector::from(to_numbers(value, "a vector")?))
}

fn diagonal(values: &[f64]) -> Matrix {
    Matrix::from_fn(values.len(), values.len(), |i, j| if i == j { values[i] } else { 0.0 })
}

/// `count` numbers from `start` to `end`, both included.
fn spaced(call: &NativeCallContext<'_>, start: f64, end: f64, count: i64) -> Outcome<Vec<f64>> {
    let count = size(count, "points")?;
    if count > 1 << 26 {
        return Err(Error::argument(format!("{count} points are too many")).into());
    }
    let _held = context(call).reserve_matrices(1, count, 1)?;
    let step = |k: usize| start + (end - start) * k as f64 / (count - 1) as f64;
    Ok(match count {
        1 => vec![start],
        _ => (0..count).map(|k| if k + 1 == count { end } else { step(k) }).collect(),
    })
}

fn ends(start: &Dynamic, end: &Dynamic, verb: &str) -> Outcome<(f64, f64)> {
    let number = |value: &Dynamic| {
        super::super::convert::to_number(value)
            .ok_or_else(|| Error::argument(format!("{verb}: the ends must be numbers, not {}", describe(value))))
    };
    Ok((number(start)?, number(end)?))
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Construct);
    b.verb(
        "matrix",
        "matrix([[1, 2], [3, 4]]) -> Matrix\nt.matrix() -> Matrix\nsparse.matrix() -> Matrix",
        "Matrix from a list of rows, from a table's columns, or from a sparse matrix, if there is memory for it",
        "print(matrix([[1, 2.5], [3, 4]]));",
    )
    .on(|call: NativeCallContext<'_>, rows: Array| -> Outcome<Matrix> { Ok(rows_of(&call, &rows)?) })
    .on(|m: Matrix| m)
    .on(|call: NativeCallContext<'_>, t: crate::Table| -> Outcome<Matrix> { Ok(matrix_of(&call, &t)?) });
    b.verb(
        "vector",
        "vector([1, 2, 3]) -> Vector",
        "Vector from a list of numbers or a range",
        "print(vector([1, 2.5]));\nprint(vector(0..4));",
    )
    .on(|call: NativeCallContext<'_>, list: Dynamic| vector(&call, &list));
    b.verb("zeros", "zeros(rows, cols) -> Matrix\nzeros(n) -> Vector", "Zeros", "print(zeros(2, 3));")
        .on(|call: NativeCallContext<'_>, rows: i64, cols: i64| filled(&call, rows, cols, 0.0))
        .on(|call: NativeCallContext<'_>, len: i64| filled_vector(&call, len, 0.0));
    b.verb("ones", "ones(rows, cols) -> Matrix\nones(n) -> Vector", "Ones", "print(ones(2, 3));")
        .on(|call: NativeCallContext<'_>, rows: i64, cols: i64| filled(&call, rows, cols, 1.0))
        .on(|call: NativeCallContext<'_>, len: i64| filled_vector(&call, len, 1.0));
    b.verb("eye", "eye(n) -> Matrix", "Identity matrix", "print(eye(3));").on(
        |call: NativeCallContext<'_>, n: i64| -> Outcome<Matrix> {
            let n = size(n, "rows")?;
            let _held = context(&call).reserve_matrices(1, n, n)?;
            Ok(Matrix::from(Array2::eye(n)))
        },
    );
    b.verb(
        "diag",
        "diag(v) -> Matrix\ndiag(m) -> Vector",
        "Diagonal matrix of a vector or list; diagonal of a matrix",
        "print(diag([1, 2]));\nprint(diag(eye(2)));",
    )
    .on(|call: NativeCallContext<'_>, v: Vector| -> Outcome<Matrix> {
        let _held = context(&call).reserve_matrices(1, v.len(), v.len())?;
        Ok(diagonal(v.as_slice()))
    })
    .on(|call: NativeCallContext<'_>, list: Array| -> Outcome<Matrix> {
        let values = to_numbers(&list.into(), "the diagonal")?;
        let _held = context(&call).reserve_matrices(1, values.len(), values.len())?;
        Ok(diagonal(&values))
    })
    .on(|m: Matrix| m.diagonal());
    b.verb(
        "randn",
        "randn(n, p) -> Matrix\nrandn(n, p, #{ seed }) -> Matrix",
        "Standard normal numbers",
        "print(randn(2, 3, #{ seed: 1 }));",
    )
    .options(SEED)
    .on(|call: NativeCallContext<'_>, n: i64, p: i64| random(&call, "randn", (n, p), &Map::new(), normal))
    .on(|call: NativeCallContext<'_>, n: i64, p: i64, options: Map| random(&call, "randn", (n, p), &options, normal));
    b.verb(
        "uniform",
        "uniform(n, p) -> Matrix\nuniform(n, p, #{ seed }) -> Matrix",
        "Numbers uniform between 0 and 1",
        "print(uniform(2, 3, #{ seed: 1 }));",
    )
    .options(SEED)
    .on(|call: NativeCallContext<'_>, n: i64, p: i64| random(&call, "uniform", (n, p), &Map::new(), |rng| rng.random()))
    .on(|call: NativeCallContext<'_>, n: i64, p: i64, options: Map| {
        random(&call, "uniform", (n, p), &options, |rng| rng.random())
    });
    b.verb(
        "linspace",
        "linspace(start, end, n) -> Vector",
        "n evenly spaced numbers, both ends included",
        "print(linspace(0, 1, 5));",
    )
    .on(|call: NativeCallContext<'_>, start: Dynamic, end: Dynamic, count: i64| -> Outcome<Vector> {
        let (start, end) = ends(&start, &end, "linspace")?;
        Ok(Vector::from(spaced(&call, start, end, count)?))
    });
    b.verb(
        "logspace",
        "logspace(start, end, n) -> Vector",
        "n numbers from start to end, both positive, evenly spaced in logarithm",
        "print(logspace(1, 0.01, 3));",
    )
    .on(|call: NativeCallContext<'_>, start: Dynamic, end: Dynamic, count: i64| -> Outcome<Vector> {
        let (start, end) = ends(&start, &end, "logspace")?;
        if start <= 0.0 || end <= 0.0 {
            return Err(
                Error::argument(format!("logspace runs between positive numbers, not {start} and {end}")).into()
            );
        }
        let mut values: Vec<f64> = spaced(&call, start.ln(), end.ln(), count)?.into_iter().map(f64::exp).collect();
        // The ends exactly, not through a logarithm.
        if let Some(first) = values.first_mut() {
            *first = start;
        }
        if let Some(last) = values.last_mut().filter(|_| count > 1) {
            *last = end;
        }
        Ok(Vector::from(values))
    });
}
