//! Linear algebra.

use rhai::{Dynamic, NativeCallContext};

use super::super::convert::Outcome;
use super::super::operators::product;
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::super::work::matrix_of;
use crate::data::correlation::Correlation;
use crate::data::covariance::{check_covariance, covariance, partial_correlation};
use crate::data::{Matrix, Table, Vector};
use crate::error::{Error, Result};
use crate::linalg::{self, Cholesky};
use crate::model::{Area, Input};

macro_rules! with_s {
    ($code:literal) => {
        concat!("let s = matrix([[2, 0.5], [0.5, 1]]);\n", $code)
    };
}
macro_rules! with_x {
    ($code:literal) => {
        concat!("let x = example(\"sachs\").head(100).log1p();\n", $code)
    };
}

fn square(m: &Matrix, verb: &str) -> Result<()> {
    if m.rows() != m.cols() {
        return Err(Error::shape(format!("{verb} needs a square matrix, this is {} x {}", m.rows(), m.cols())));
    }
    match m.first_non_finite() {
        Some(place) => Err(Error::data(format!("{verb}: the matrix has {place}"))),
        None => Ok(()),
    }
}

fn inverse(call: &NativeCallContext<'_>, m: &Matrix) -> Outcome<Matrix> {
    square(m, "inv")?;
    Ok(Matrix::from(linalg::inverse(m.view(), &context(call))?)
        .with_names(m.row_names().cloned())?
        .with_row_names(m.names().cloned())?)
}

fn cholesky(call: &NativeCallContext<'_>, m: &Matrix) -> Outcome<Matrix> {
    square(m, "chol")?;
    check_covariance(m).map_err(|error| error.at("chol"))?;
    let ctx = context(call);
    let _held = ctx.reserve_matrices(2, m.rows(), m.cols())?;
    let factor = Cholesky::checked(m.view(), &ctx)?
        .ok_or_else(|| Error::numerical("chol: the matrix is not positive definite"))?;
    Ok(Matrix::square(factor.factor(), m.names()))
}

/// Covariance of data, as for every method.
fn data_covariance(call: &NativeCallContext<'_>, x: &Matrix) -> Outcome<Matrix> {
    x.complete("cov", 2)?;
    Ok(Matrix::square(covariance(x, &context(call))?, x.names()))
}

fn data_correlation(call: &NativeCallContext<'_>, x: &Matrix, kind: &str) -> Outcome<Matrix> {
    let measure = Correlation::parse(kind).ok_or_else(|| {
        Error::argument(format!("cor knows no kind \"{kind}\""))
            .with_nearest(kind, Correlation::NAMES.iter().copied())
            .or_hint(format!("kinds: {}", Correlation::NAMES.join(", ")))
    })?;
    Ok(measure.matrix(x, &context(call))?)
}

/// Partial correlations of data with more samples than variables.
fn data_partial(call: &NativeCallContext<'_>, x: &Matrix) -> Outcome<Matrix> {
    let ctx = context(call);
    let input = Input::data(x).map_err(|error| error.at("partial_cor"))?;
    let factor = if x.rows() > x.cols() { Cholesky::checked(input.s(&ctx)?, &ctx)? } else { None };
    let factor = factor.ok_or_else(|| {
        Error::numerical("partial_cor: the covariance of the data is singular")
            .with_hint("it takes more samples than variables; otherwise recover a sparse graph: x.graphical_lasso()")
    })?;
    Ok(partial_correlation(&Matrix::square(factor.inverse_checked(&ctx)?, x.names())))
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Algebra);
    products(b);
    decompositions(b);
    moments(b);
}

fn products(b: &mut Builder) {
    b.verb(
        "matmul",
        "a.matmul(b) -> Matrix",
        "Matrix product, also written a @ b",
        with_s!("print(s.matmul(s));\nprint(s @ s);"),
    )
    .on(|call: NativeCallContext<'_>, a: Matrix, b: Matrix| product(&a, &b, &call));
    b.verb(
        "dot",
        "u.dot(v) -> float",
        "Inner product of two vectors, also written u @ v",
        "print(vector([1, 2]).dot(vector([3, 4])));",
    )
    .on(|u: Vector, v: Vector| -> Outcome<f64> { Ok(u.zip(&v, |a, b| a * b)?.as_slice().iter().sum()) });
    b.verb("trace", "m.trace() -> float", "Sum of the diagonal", with_s!("print(s.trace());")).on(
        |m: &mut Matrix| -> Outcome<f64> {
            square(m, "trace")?;
            Ok(m.view().diag().sum())
        },
    );
    b.verb(
        "norm",
        "x.norm() -> float",
        "Frobenius norm of a matrix, Euclidean norm of a vector",
        with_s!("print(s.norm());"),
    )
    .on(|m: &mut Matrix| linalg::dot(m.as_slice(), m.as_slice()).sqrt())
    .on(|v: &mut Vector| linalg::dot(v.as_slice(), v.as_slice()).sqrt());
}

fn decompositions(b: &mut Builder) {
    b.verb("inv", "m.inv() -> Matrix", "Inverse of a square matrix", with_s!("print(s.inv());"))
        .on(|call: NativeCallContext<'_>, m: &mut Matrix| inverse(&call, m));
    b.verb(
        "solve",
        "a.solve(b)",
        "The solution x of a x = b, for a Matrix or Vector b",
        with_s!("print(s.solve(vector([1, 2])));"),
    )
    .on(|call: NativeCallContext<'_>, a: Matrix, b: Matrix| -> Outcome<Matrix> {
        square(&a, "solve")?;
        if b.rows() != a.rows() {
            return Err(a.mismatch(b.rows(), b.cols()).into());
        }
        Ok(Matrix::from(linalg::solve(a.view(), b.view(), &context(&call))?))
    })
    .on(|call: NativeCallContext<'_>, a: Matrix, b: Vector| -> Outcome<Vector> {
        square(&a, "solve")?;
        let column = Matrix::from_vec(b.len(), 1, b.as_slice().to_vec())?;
        if b.len() != a.rows() {
            return Err(a.mismatch(b.len(), 1).into());
        }
        Ok(Vector::from(linalg::solve(a.view(), column.view(), &context(&call))?.into_iter().collect::<Vec<_>>()))
    });
    b.verb(
        "chol",
        "m.chol() -> Matrix",
        "Lower triangular L with m = L L', for a positive definite m",
        with_s!("print(s.chol());"),
    )
    .on(|call: NativeCallContext<'_>, m: &mut Matrix| cholesky(&call, m));
    b.verb(
        "eigh",
        "m.eigh() -> #{ values, vectors }",
        "Eigenvalues (ascending) and eigenvectors (columns) of a symmetric matrix",
        with_s!("print(s.eigh().values);"),
    )
    .on_any(|call: NativeCallContext<'_>, m: &mut Matrix| -> Outcome<Dynamic> {
        square(m, "eigh")?;
        let (values, vectors) = linalg::eigh(m.view(), &context(&call))?;
        let parts: [(_, Dynamic); 2] = [
            ("values".into(), Dynamic::from(Vector::from(values))),
            ("vectors".into(), Dynamic::from(Matrix::from(vectors))),
        ];
        Ok(rhai::Map::from(parts).into())
    });
    b.verb(
        "svd",
        "m.svd() -> #{ u, s, v }",
        "Singular values (descending) and vectors, m = u diag(s) v', with min(rows, columns) columns in u and v",
        "let m = matrix([[3, 0], [0, 4], [0, 0]]);\nlet parts = m.svd();\nprint(parts.s);\nprint(parts.u @ diag(parts.s) @ parts.v.t);",
    )
    .on_map(|call: NativeCallContext<'_>, m: &mut Matrix| -> Outcome<rhai::Map> {
        if let Some(place) = m.first_non_finite() {
            return Err(Error::data(format!("svd: the matrix has {place}")).into());
        }
        let (u, s, v) = linalg::svd(m.view(), &context(&call))?;
        let u = Matrix::from(u).with_row_names(m.row_names().cloned())?;
        let v = Matrix::from(v).with_row_names(m.names().cloned())?;
        Ok([("u", Dynamic::from(u)), ("s", Dynamic::from(Vector::from(s))), ("v", Dynamic::from(v))]
            .map(|(name, part)| (name.into(), part))
            .into())
    });
    b.verb(
        "logdet",
        "m.logdet() -> float",
        "Logarithm of |det m|; -inf for a singular matrix",
        with_s!("print(s.logdet());"),
    )
    .on(|call: NativeCallContext<'_>, m: &mut Matrix| -> Outcome<f64> {
        square(m, "logdet")?;
        Ok(linalg::sign_logdet(m.view(), &context(&call))?.1)
    });
    b.verb("det", "m.det() -> float", "Determinant", with_s!("print(s.det());")).on(
        |call: NativeCallContext<'_>, m: &mut Matrix| -> Outcome<f64> {
            square(m, "det")?;
            let (sign, log) = linalg::sign_logdet(m.view(), &context(&call))?;
            Ok(sign * log.exp())
        },
    );
}

fn moments(b: &mut Builder) {
    b.verb(
        "cov",
        "x.cov() -> Matrix",
        "Sample covariance, divided by n",
        with_x!("print(x.cov()[[\"praf\", \"pmek\"]]);"),
    )
    .on(|call: NativeCallContext<'_>, x: &mut Matrix| data_covariance(&call, x))
    .on(|call: NativeCallContext<'_>, t: &mut Table| data_covariance(&call, &matrix_of(&call, t)?));
    b.verb(
        "cor",
        "x.cor() -> Matrix\nx.cor(\"pearson\" | \"spearman\" | \"kendall\" | \"skeptic\") -> Matrix",
        "Correlation of the columns; \"kendall\" is tau-b, \"skeptic\" 2 sin(pi/6 rho) with Spearman's rho",
        with_x!("print(x.cor(\"skeptic\")[[\"praf\", \"pmek\"]]);"),
    )
    .on(|call: NativeCallContext<'_>, x: &mut Matrix| data_correlation(&call, x, "pearson"))
    .on(|call: NativeCallContext<'_>, t: &mut Table| data_correlation(&call, &matrix_of(&call, t)?, "pearson"))
    .on(|call: NativeCallContext<'_>, x: &mut Matrix, kind: &str| data_correlation(&call, x, kind))
    .on(|call: NativeCallContext<'_>, t: &mut Table, kind: &str| data_correlation(&call, &matrix_of(&call, t)?, kind));
    b.verb(
        "partial_cor",
        "x.partial_cor() -> Matrix\nfit.partial_cor -> Matrix",
        "Partial correlations of data with more samples than variables; of a fit, a property",
        with_x!("print(x.partial_cor()[[\"praf\", \"pmek\"]]);"),
    )
    .on(|call: NativeCallContext<'_>, x: &mut Matrix| data_partial(&call, x))
    .on(|call: NativeCallContext<'_>, t: &mut Table| data_partial(&call, &matrix_of(&call, t)?));
}
