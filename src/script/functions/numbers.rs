//! Numbers entry by entry: of a matrix, a vector, a float, and an int as if it were written as a float.

use rhai::{Dynamic, FnPtr, NativeCallContext};

use super::super::convert::{Outcome, describe, to_number};
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::super::work::made;
use crate::context::Context;
use crate::data::{Matrix, Vector};
use crate::error::{Error, Result};
use crate::model::Area;

/// Every entry of a matrix by itself.
fn each(call: &NativeCallContext<'_>, m: &Matrix, f: impl Fn(f64) -> f64 + Send + 'static) -> Outcome<Matrix> {
    Ok(made(call, m, 8, move |m| m.map(f))?)
}

/// Every element of a vector by itself.
fn each_of(call: &NativeCallContext<'_>, v: &Vector, f: impl Fn(f64) -> f64 + Send + 'static) -> Outcome<Vector> {
    Ok(made(call, v, 8, move |v| v.map(f))?)
}

/// Functions of numbers, vectors and matrices; ints become floats.
macro_rules! elementwise {
    ($b:expr; $($name:literal, $f:expr, $help:literal, $values:literal;)*) => { $(
        $b.verb(
            $name,
            concat!("x.", $name, "()\n", $name, "(number) -> float"),
            $help,
            concat!("let v = vector([", $values, "]);\nprint(v.", $name, "());\nprint(", $name, "(1));"),
        )
        .on(|call: NativeCallContext<'_>, m: &mut Matrix| each(&call, m, $f))
        .on(|call: NativeCallContext<'_>, v: &mut Vector| each_of(&call, v, $f))
        .on(|number: f64| -> f64 { $f(number) })
        .on(|number: i64| -> f64 { $f(number as f64) });
    )* };
}

/// Functions that leave whole numbers alone; for floats the script language has them.
macro_rules! to_whole {
    ($b:expr; $($name:literal, $f:expr, $help:literal;)*) => { $(
        $b.verb(
            $name,
            concat!("x.", $name, "()\n", $name, "(number)"),
            $help,
            concat!("print(vector([1.4, -2.6]).", $name, "());"),
        )
        .on(|call: NativeCallContext<'_>, m: &mut Matrix| each(&call, m, $f))
        .on(|call: NativeCallContext<'_>, v: &mut Vector| each_of(&call, v, $f))
        .on(|number: i64| number);
    )* };
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Numbers);
    b.verb("inf", "inf() -> float", "Infinity: the weight that forbids an edge", "print(inf());").on(|| f64::INFINITY);
    b.verb("nan", "nan() -> float", "Not a number: a missing value", "print(nan());").on(|| f64::NAN);
    elementwise! { b;
        "sqrt", f64::sqrt, "Square root", "1, 4";
        "exp", f64::exp, "Exponential", "0, 1";
        "log", f64::ln, "Natural logarithm; log2 and log10 for the other bases", "1, 2";
        "log2", f64::log2, "Logarithm to base 2", "1, 2";
        "log10", f64::log10, "Logarithm to base 10", "1, 10";
        "sin", f64::sin, "Sine of an angle in radians", "0, 1";
        "cos", f64::cos, "Cosine of an angle in radians", "0, 1";
        "tan", f64::tan, "Tangent of an angle in radians", "0, 1";
        "asin", f64::asin, "Angle in radians whose sine this is", "0, 1";
        "acos", f64::acos, "Angle in radians whose cosine this is", "0, 1";
        "atan", f64::atan, "Angle in radians whose tangent this is", "0, 1";
        "sinh", f64::sinh, "Hyperbolic sine", "0, 1";
        "cosh", f64::cosh, "Hyperbolic cosine", "0, 1";
        "tanh", f64::tanh, "Hyperbolic tangent", "0, 1";
    }
    to_whole! { b;
        "round", f64::round, "Nearest whole number, halves away from 0; with a second number, to so many digits behind the point";
        "floor", f64::floor, "Largest whole number that is not above";
        "ceiling", f64::ceil, "Smallest whole number that is not below";
    }
    b.extend("round")
        .on(|call: NativeCallContext<'_>, m: &mut Matrix, digits: i64| {
            each(&call, m, move |value| rounded(value, digits))
        })
        .on(|call: NativeCallContext<'_>, v: &mut Vector, digits: i64| {
            each_of(&call, v, move |value| rounded(value, digits))
        })
        .on(|number: f64, digits: i64| rounded(number, digits))
        .on(|number: i64, digits: i64| if digits >= 0 { number as f64 } else { rounded(number as f64, digits) });
    b.extend("log")
        .on(|number: f64, base: i64| number.log(base as f64))
        .on(|number: i64, base: i64| (number as f64).log(base as f64))
        .on(|number: i64, base: f64| (number as f64).log(base));
    b.verb("abs", "x.abs()\nabs(number)", "Absolute value", "print(vector([-1, 2]).abs());")
        .on(|call: NativeCallContext<'_>, m: &mut Matrix| each(&call, m, f64::abs))
        .on(|call: NativeCallContext<'_>, v: &mut Vector| each_of(&call, v, f64::abs));
    b.verb("sign", "x.sign()\nsign(number) -> int", "-1, 0 or 1", "print(vector([-1.5, 0, 2]).sign());")
        .on(|call: NativeCallContext<'_>, m: &mut Matrix| each(&call, m, sign))
        .on(|call: NativeCallContext<'_>, v: &mut Vector| each_of(&call, v, sign));
    functions_of_scripts(b);
}

/// To so many digits behind the point, before it if negative.
fn rounded(value: f64, digits: i64) -> f64 {
    let factor = 10f64.powi(digits.clamp(-400, 400) as i32);
    let scaled = value * factor;
    // Beyond the digits of a float there is nothing to round.
    if scaled.is_finite() && factor > 0.0 {
        scaled.round() / factor
    } else if factor > 0.0 {
        value
    } else {
        0.0
    }
}

fn sign(value: f64) -> f64 {
    if value == 0.0 || value.is_nan() { value } else { value.signum() }
}

/// A function of the script, applied to one number. It may be one of the engine's, which looks at no clock.
fn apply(call: &NativeCallContext<'_>, ctx: &Context, f: &FnPtr, value: f64) -> Outcome<f64> {
    ctx.check()?;
    let result: Dynamic = f.call_within_context(call, (value,))?;
    let wrong = || Error::argument(format!("map: the function must give numbers, it gave {}", describe(&result)));
    Ok(to_number(&result).ok_or_else(wrong)?)
}

fn map_all(call: &NativeCallContext<'_>, f: &FnPtr, values: &[f64]) -> Outcome<Vec<f64>> {
    let ctx = context(call);
    values.iter().map(|&value| apply(call, &ctx, f, value)).collect()
}

fn functions_of_scripts(b: &mut Builder) {
    b.extend("map")
        .on(|call: NativeCallContext<'_>, m: &mut Matrix, f: FnPtr| -> Outcome<Matrix> {
            let _held = context(&call).reserve_matrices(1, m.rows(), m.cols())?;
            let values = map_all(&call, &f, m.as_slice())?;
            Ok(m.with_values(values)?)
        })
        .on(|call: NativeCallContext<'_>, v: &mut Vector, f: FnPtr| -> Outcome<Vector> {
            let _held = super::super::state::context(&call).reserve_matrices(1, v.len(), 1)?;
            Ok(Vector::from(map_all(&call, &f, v.as_slice())?).named(v.names().cloned()))
        });
    b.verb(
        "clip",
        "x.clip(low, high)",
        "Values below low become low, those above high become high",
        "print(vector([-2, 0.5, 9]).clip(0, 1));",
    )
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, low: Dynamic, high: Dynamic| clip(&call, m, &low, &high))
    .on(|call: NativeCallContext<'_>, v: &mut Vector, low: Dynamic, high: Dynamic| -> Outcome<Vector> {
        let (low, high) = bounds(&low, &high)?;
        each_of(&call, v, move |value| clipped(value, low, high))
    });
}

/// Values below low become low, those above high become high.
pub(super) fn clip(call: &NativeCallContext<'_>, m: &Matrix, low: &Dynamic, high: &Dynamic) -> Outcome<Matrix> {
    let (low, high) = bounds(low, high)?;
    each(call, m, move |value| clipped(value, low, high))
}

fn bounds(low: &Dynamic, high: &Dynamic) -> Result<(f64, f64)> {
    let number = |value: &Dynamic| {
        to_number(value).ok_or_else(|| Error::argument(format!("clip takes two numbers, not {}", describe(value))))
    };
    let (low, high) = (number(low)?, number(high)?);
    if low > high || low.is_nan() || high.is_nan() {
        return Err(Error::argument(format!("clip: the lower bound {low} is not below the upper bound {high}")));
    }
    Ok((low, high))
}

/// `f64::clamp` would keep NaN too, but panics where the bounds are wrong.
fn clipped(value: f64, low: f64, high: f64) -> f64 {
    if value < low {
        low
    } else if value > high {
        high
    } else {
        value
    }
}
