//! `+ - * / **`, comparisons, `!`, and the matrix product `@`.

use rhai::packages::{Package, StandardPackage};
use rhai::{Engine, FnNamespace, FuncRegistration, Module, NativeCallContext, RhaiNativeFunc, Shared};

use super::convert::Outcome;
use super::state::context;
use super::vocabulary::Builder;
use super::work::{Many, made};
use crate::data::{Mask, Matrix, Vector};
use crate::error::{self, Error};
use crate::graph::Graph;
use crate::linalg;

/// Makes `@` an operator of a host's engine, with the precedence of `*`.
///
/// # Errors
/// When the host has already given `@` a meaning.
pub fn register_operators(engine: &mut Engine) -> Result<(), String> {
    engine.register_custom_operator("@", 180).map(|_| ())
}

/// Texts of scripts that an engine keeps once for all places where they stand; as many as the language keeps by itself.
const TEXTS: usize = 256;

/// An engine that knows how scripts are written, and no function of ours. It prints nothing and imports nothing.
///
/// All engines share the functions of the language: they are some hundreds, and `Engine::new` makes them anew each time.
pub(super) fn bare_engine() -> Engine {
    let mut engine = Engine::new_raw();
    engine.set_max_strings_interned(TEXTS);
    engine.register_global_module(standard());
    // On an engine of its own nothing has taken the operator yet.
    let registered = register_operators(&mut engine);
    debug_assert!(registered.is_ok());
    engine.set_max_expr_depths(256, 128);
    engine
}

made_once! {
    /// The functions of the language.
    fn standard() -> Shared<Module> { StandardPackage::new().as_shared_module() }
}

fn operator<A: 'static, const N: usize, const X: bool, R: Clone + Send + Sync + 'static, const F: bool>(
    module: &mut Module,
    name: &'static str,
    function: impl RhaiNativeFunc<A, N, X, R, F> + Send + Sync + 'static,
) {
    FuncRegistration::new(name).with_namespace(FnNamespace::Global).with_purity(true).set_into_module(module, function);
}

/// The product of two matrices; columns are named as the second's, rows as the first's.
pub(super) fn product(a: &Matrix, b: &Matrix, call: &NativeCallContext<'_>) -> Outcome<Matrix> {
    let ctx = context(call);
    let _held = ctx.reserve_matrices(1, a.rows(), b.cols())?;
    let values = linalg::matmul(a.view(), b.view(), &ctx)?;
    Ok(Matrix::from(values).with_names(b.names().cloned())?.with_row_names(a.row_names().cloned())?)
}

fn product_vector(call: &NativeCallContext<'_>, a: &Matrix, v: &Vector) -> Outcome<Vector> {
    if a.cols() != v.len() {
        return Err(
            Error::shape(format!("cannot multiply {} x {} by a vector of {}", a.rows(), a.cols(), v.len())).into()
        );
    }
    let v = v.clone();
    Ok(made(call, a, 8, move |a| a.by_row(|row| linalg::dot(row, v.as_slice())))?)
}

/// What arithmetic and comparisons take number by number.
trait Numbers: Many + Sync {
    fn map(&self, f: impl Fn(f64) -> f64) -> Self;
    fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> error::Result<Self>;
    fn mask(&self, f: impl Fn(f64) -> bool) -> Mask;
}

macro_rules! numbers {
    ($($type:ty),*) => { $(
        impl Numbers for $type {
            fn map(&self, f: impl Fn(f64) -> f64) -> Self {
                self.map(f)
            }

            fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> error::Result<Self> {
                self.zip(other, f)
            }

            fn mask(&self, f: impl Fn(f64) -> bool) -> Mask {
                self.mask(f)
            }
        }
    )* };
}
numbers!(Matrix, Vector);

/// Every number by itself.
fn each<T: Numbers>(call: &NativeCallContext<'_>, of: &T, f: impl Fn(f64) -> f64 + Send + 'static) -> Outcome<T> {
    Ok(made(call, of, 8, move |of| of.map(f))?)
}

/// Where numbers are as wanted.
fn mask<T: Numbers>(call: &NativeCallContext<'_>, of: &T, f: impl Fn(f64) -> bool + Send + 'static) -> Outcome<Mask> {
    Ok(made(call, of, 1, move |of| of.mask(f))?)
}

/// With one number for all, and between two of a kind.
fn arithmetic_by_number<T: Numbers>(module: &mut Module, name: &'static str, f: fn(f64, f64) -> f64) {
    operator(module, name, move |call: NativeCallContext<'_>, a: T, b: T| -> Outcome<T> {
        Ok(made(&call, &a, 8, move |a| a.zip(&b, f))??)
    });
    operator(module, name, move |call: NativeCallContext<'_>, a: T, b: f64| each(&call, &a, move |a| f(a, b)));
    operator(module, name, move |call: NativeCallContext<'_>, a: T, b: i64| each(&call, &a, move |a| f(a, b as f64)));
    operator(module, name, move |call: NativeCallContext<'_>, a: f64, b: T| each(&call, &b, move |b| f(a, b)));
    operator(module, name, move |call: NativeCallContext<'_>, a: i64, b: T| each(&call, &b, move |b| f(a as f64, b)));
}

fn arithmetic(module: &mut Module, name: &'static str, f: fn(f64, f64) -> f64) {
    arithmetic_by_number::<Matrix>(module, name, f);
    arithmetic_by_number::<Vector>(module, name, f);
    operator(module, name, move |call: NativeCallContext<'_>, a: Matrix, b: Vector| -> Outcome<Matrix> {
        Ok(made(&call, &a, 8, move |a| a.zip_rows(&b, f))??)
    });
    operator(module, name, move |call: NativeCallContext<'_>, a: Vector, b: Matrix| -> Outcome<Matrix> {
        Ok(made(&call, &b, 8, move |b| b.zip_rows(&a, |b, a| f(a, b)))??)
    });
}

/// The script language compares floats up to rounding by dividing by the larger one, which makes every comparison with an
/// infinite number false. These compare infinite numbers by themselves, and finite ones as the language does.
fn comparison_of_floats(module: &mut Module, name: &'static str, f: fn(f64, f64) -> bool) {
    let compare = move |x: f64, y: f64| {
        let scale = x.abs().max(y.abs());
        let is_close = x.is_finite() && y.is_finite() && (x - y).abs() <= scale * f64::EPSILON;
        if is_close { f(0.0, 0.0) } else { f(x, y) }
    };
    operator(module, name, compare);
    operator(module, name, move |x: f64, y: i64| compare(x, y as f64));
    operator(module, name, move |x: i64, y: f64| compare(x as f64, y));
}

fn comparisons_by_number<T: Numbers>(module: &mut Module, name: &'static str, f: fn(f64, f64) -> bool) {
    let number = move |a: f64, b: f64| f64::from(f(a, b));
    operator(module, name, move |call: NativeCallContext<'_>, a: T, b: T| -> Outcome<Mask> {
        Ok(made(&call, &a, 9, move |a| Ok::<_, Error>(a.zip(&b, number)?.mask(|flag| flag == 1.0)))??)
    });
    operator(module, name, move |call: NativeCallContext<'_>, a: T, b: f64| mask(&call, &a, move |a| f(a, b)));
    operator(module, name, move |call: NativeCallContext<'_>, a: T, b: i64| mask(&call, &a, move |a| f(a, b as f64)));
    operator(module, name, move |call: NativeCallContext<'_>, a: f64, b: T| mask(&call, &b, move |b| f(a, b)));
    operator(module, name, move |call: NativeCallContext<'_>, a: i64, b: T| mask(&call, &b, move |b| f(a as f64, b)));
}

fn comparisons(module: &mut Module, name: &'static str, f: fn(f64, f64) -> bool) {
    comparison_of_floats(module, name, f);
    comparisons_by_number::<Matrix>(module, name, f);
    comparisons_by_number::<Vector>(module, name, f);
}

pub(super) fn define(builder: &mut Builder) {
    let module = builder.module();
    arithmetic(module, "+", |a, b| a + b);
    arithmetic(module, "-", |a, b| a - b);
    arithmetic(module, "*", |a, b| a * b);
    arithmetic(module, "/", |a, b| a / b);
    arithmetic(module, "**", f64::powf);
    comparisons(module, ">", |a, b| a > b);
    comparisons(module, "<", |a, b| a < b);
    comparisons(module, ">=", |a, b| a >= b);
    comparisons(module, "<=", |a, b| a <= b);
    comparisons(module, "==", |a, b| a == b);
    comparisons(module, "!=", |a, b| a != b);
    operator(module, "-", |call: NativeCallContext<'_>, a: Matrix| each(&call, &a, |value| -value));
    operator(module, "-", |call: NativeCallContext<'_>, a: Vector| each(&call, &a, |value| -value));
    operator(module, "!", |call: NativeCallContext<'_>, mask: Mask| -> Outcome<Mask> {
        Ok(made(&call, &mask, 1, Mask::not)?)
    });
    operator(module, "&", |call: NativeCallContext<'_>, a: Mask, b: Mask| -> Outcome<Mask> {
        Ok(made(&call, &a, 1, move |a| a.zip(&b, |a, b| a && b))??)
    });
    operator(module, "|", |call: NativeCallContext<'_>, a: Mask, b: Mask| -> Outcome<Mask> {
        Ok(made(&call, &a, 1, move |a| a.zip(&b, |a, b| a || b))??)
    });
    operator(module, "==", |a: Mask, b: Mask| a == b);
    operator(module, "!=", |a: Mask, b: Mask| a != b);
    operator(module, "==", |a: Graph, b: Graph| a == b);
    operator(module, "!=", |a: Graph, b: Graph| a != b);
    operator(module, "@", |call: NativeCallContext<'_>, a: Matrix, b: Matrix| product(&a, &b, &call));
    operator(module, "@", |call: NativeCallContext<'_>, a: Matrix, b: Vector| product_vector(&call, &a, &b));
    operator(module, "@", |call: NativeCallContext<'_>, a: Vector, b: Matrix| -> Outcome<Vector> {
        product_vector(&call, &made(&call, &b, 8, Matrix::transpose)?, &a)
    });
    operator(module, "@", |call: NativeCallContext<'_>, a: Vector, b: Vector| -> Outcome<f64> {
        Ok(made(&call, &a, 8, move |a| Ok::<_, Error>(a.zip(&b, |a, b| a * b)?.as_slice().iter().sum::<f64>()))??)
    });
}
