//! Dense algebra in single or double precision, on slices in row order: what unrolled networks compute with.

use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};
use std::sync::Mutex;

use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::traits::RealField;
use faer::{Accum, MatMut, MatRef, Par};

use crate::context::Context;
use crate::detached::detached;
use crate::error::{Error, Result};
use crate::parallel;

/// f32 or f64.
pub trait Real:
    RealField
    + Copy
    + Default
    + Debug
    + Display
    + Send
    + Sync
    + 'static
    + PartialOrd
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + SubAssign
    + Mul<Output = Self>
    + MulAssign
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// From double precision, rounded.
    fn from_f64(value: f64) -> Self;
    /// In double precision.
    fn to_f64(self) -> f64;
    /// The square root.
    fn root(self) -> Self;
    /// The absolute value.
    fn magnitude(self) -> Self;
    /// The larger one; NaN for NaN.
    fn larger(self, other: Self) -> Self;
    /// The smaller one; NaN for NaN.
    fn smaller(self, other: Self) -> Self;
    /// e to this power, of arguments between -87 and 87 (f32) or -700 and 700 (f64), without branches and calls, so that
    /// loops over it become vector instructions. Relative error below 4 units in the last place.
    fn exponential(self) -> Self;
    /// Whether it is neither infinite nor NaN.
    fn finite(self) -> bool;
    /// This value with the sign of another.
    fn with_sign_of(self, sign: Self) -> Self;
}

/// Coefficients 1/k! of the exponential series from the highest power on, which are enough for |x| <= log(2) / 2.
const SERIES_F64: [f64; 14] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];
const SERIES_F32: [f32; 8] = [1.0 / 5_040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];

macro_rules! real {
    ($real:ident, $series:ident, $magic:expr, $high:expr, $low:expr, $mantissa:expr) => {
        impl Real for $real {
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as Self
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn root(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn magnitude(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn larger(self, other: Self) -> Self {
                if other > self { other } else { self }
            }
            #[inline(always)]
            fn smaller(self, other: Self) -> Self {
                if other < self { other } else { self }
            }
            #[inline(always)]
            fn exponential(self) -> Self {
                // x = k log 2 + r. Adding the magic number rounds to the nearest k, which then stands in the lowest bits,
                // with the offset of the exponent; log 2 is subtracted in two parts, the first of which is exact in k.
                let shifted = self * std::$real::consts::LOG2_E + $magic;
                let k = shifted - $magic;
                let r = (self - k * $high) - k * $low;
                let mut value = $series[0];
                for &coefficient in &$series[1..] {
                    value = value * r + coefficient;
                }
                value * Self::from_bits(shifted.to_bits() << $mantissa)
            }
            #[inline(always)]
            fn finite(self) -> bool {
                self.is_finite()
            }
            #[inline(always)]
            fn with_sign_of(self, sign: Self) -> Self {
                self.copysign(sign)
            }
        }
    };
}

// The magic numbers are 1.5 x 2^52 + 1023 and 1.5 x 2^23 + 127.
real!(f64, SERIES_F64, 6_755_399_441_056_767.0_f64, 6.931_471_803_691_238e-1_f64, 1.908_214_929_270_587_7e-10_f64, 52);
real!(f32, SERIES_F32, 12_583_039.0_f32, 0.693_359_4_f32, -2.121_944_4e-4_f32, 23);

/// Larger matrices are decomposed on a thread that a cancelled caller leaves.
const SMALL: usize = 300;

/// Whether the rows of a factor are taken as its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// As it is.
    Plain,
    /// Transposed.
    Transposed,
}

fn square<T: Real>(a: &[T], n: usize, taken: Taken) -> MatRef<'_, T> {
    match taken {
        Taken::Plain => MatRef::from_row_major_slice(a, n, n),
        Taken::Transposed => MatRef::from_column_major_slice(a, n, n),
    }
}

/// Rows of a product that one thread computes at a time.
const ROWS: usize = 128;
/// Products of smaller matrices are done before other threads have started.
const PARALLEL: usize = 300;

/// The product of two n x n matrices in row order, each as it is or transposed; the same on any number of threads.
///
/// # Errors
/// Cancellation between pieces.
pub fn product<T: Real>(a: (&[T], Taken), b: (&[T], Taken), n: usize, ctx: &Context) -> Result<Vec<T>> {
    let mut c = vec![T::from_f64(0.0); n * n];
    let (a, b) = (square(a.0, n, a.1), square(b.0, n, b.1));
    let fill = |top: usize, rows: MatMut<'_, T>| {
        let (height, factor) = (rows.nrows(), T::from_f64(1.0));
        faer::linalg::matmul::matmul(rows, Accum::Replace, a.subrows(top, height), b, factor, Par::Seq);
    };
    if n < PARALLEL {
        ctx.check()?;
        fill(0, MatMut::from_row_major_slice_mut(&mut c, n, n));
        return Ok(c);
    }
    let groups: Vec<(usize, Mutex<&mut [T]>)> =
        c.chunks_mut(ROWS * n).enumerate().map(|(group, rows)| (group * ROWS, Mutex::new(rows))).collect();
    parallel::map(&groups, ctx, |_, (top, rows)| -> Result<()> {
        let mut rows = rows.lock().map_err(|_| Error::internal("a part of a product was lost"))?;
        let height = rows.len() / n;
        fill(*top, MatMut::from_row_major_slice_mut(&mut rows[..], height, n));
        Ok(())
    })?;
    drop(groups);
    Ok(c)
}

/// Eigenvalues, ascending, and eigenvectors of a symmetric n x n matrix; the vectors are the *rows* of the second.
///
/// # Errors
/// Numbers that are not finite; memory, cancellation.
pub fn eigen<T: Real>(a: &[T], n: usize, ctx: &Context) -> Result<(Vec<T>, Vec<T>)> {
    ctx.check()?;
    if n <= SMALL {
        return decompose(a, n);
    }
    let held = ctx.reserve_matrices(3, n, n)?;
    let a = a.to_vec();
    detached(ctx, move || {
        let _held = held;
        decompose(&a, n)
    })?
}

fn decompose<T: Real>(a: &[T], n: usize) -> Result<(Vec<T>, Vec<T>)> {
    let failed = || {
        Error::numerical("the eigenvalues could not be computed")
            .with_hint("are there missing, infinite or extremely large numbers?")
    };
    if a.iter().any(|value| !value.finite()) {
        return Err(failed());
    }
    let mut values = vec![T::from_f64(0.0); n];
    let mut vectors = vec![T::from_f64(0.0); n * n];
    let scratch = self_adjoint_evd_scratch::<T>(n, ComputeEigenvectors::Yes, Par::Seq, Default::default());
    let mut memory = MemBuffer::try_new(scratch)
        .map_err(|_| Error::memory(format!("no memory for the eigenvalues of a {n} x {n} matrix")))?;
    let result = self_adjoint_evd(
        square(a, n, Taken::Plain),
        DiagMut::from_slice_mut(&mut values),
        // Columns in column order: the vectors stand one after the other.
        Some(MatMut::from_column_major_slice_mut(&mut vectors, n, n)),
        Par::Seq,
        MemStack::new(&mut memory),
        Default::default(),
    );
    result.map(|()| (values, vectors)).map_err(|_| failed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_accurate_to_the_last_places() {
        for k in -6990..=6990 {
            let x = f64::from(k) * 0.1 + 0.003;
            assert!((x.exponential() / x.exp() - 1.0).abs() < 4.0 * f64::EPSILON, "{x}");
        }
        for k in -860..=860 {
            let x = k as f32 * 0.1 + 0.003;
            assert!((x.exponential() / x.exp() - 1.0).abs() < 6.0 * f32::EPSILON, "{x}");
        }
    }

    #[test]
    fn eigenvectors_are_rows_and_products_transpose() {
        let ctx = Context::new();
        for n in [1, 3, 301] {
            let a: Vec<f64> = (0..n * n)
                .map(|k| {
                    let (i, j) = (k / n, k % n);
                    ((i * j) as f64).sin() + if i == j { 3.0 } else { 0.0 }
                })
                .collect();
            let (values, vectors) = eigen(&a, n, &ctx).unwrap();
            let scaled: Vec<f64> = (0..n * n).map(|k| vectors[k] * values[k / n]).collect();
            let back = product((&vectors, Taken::Transposed), (&scaled, Taken::Plain), n, &ctx).unwrap();
            assert!(back.iter().zip(&a).all(|(x, y)| (x - y).abs() < 1e-11), "{n}");
        }
        assert!(eigen(&[f64::NAN], 1, &ctx).is_err());
    }

    #[test]
    fn large_ones_stop_when_cancelled() {
        let ctx = Context::new();
        ctx.cancel_handle().cancel();
        assert!(eigen(&vec![1.0f32; 400 * 400], 400, &ctx).is_err());
        assert!(product((&[1.0], Taken::Plain), (&[1.0], Taken::Plain), 1, &ctx).is_err());
    }
}
