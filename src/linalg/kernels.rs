//! The inner loops of the solvers, compiled for the widest vectors of the processor at hand.

use pulp::Arch;

/// y += a x
#[inline]
pub fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
    struct Axpy<'a>(f64, &'a [f64], &'a mut [f64]);
    impl pulp::WithSimd for Axpy<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, simd: S) {
            let Self(a, x, y) = self;
            let (x_head, x_tail) = S::as_simd_f64s(x);
            let (y_head, y_tail) = S::as_mut_simd_f64s(y);
            let factor = simd.splat_f64s(a);
            for (y, x) in y_head.iter_mut().zip(x_head) {
                *y = simd.mul_add_e_f64s(factor, *x, *y);
            }
            for (y, x) in y_tail.iter_mut().zip(x_tail) {
                *y = a.mul_add(*x, *y);
            }
        }
    }
    debug_assert_eq!(x.len(), y.len());
    Arch::new().dispatch(Axpy(a, x, y));
}

/// x'y, with several partial sums: a fixed order for a given processor.
#[inline]
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    struct Dot<'a>(&'a [f64], &'a [f64]);
    impl pulp::WithSimd for Dot<'_> {
        type Output = f64;
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, simd: S) -> f64 {
            let (x_head, x_tail) = S::as_simd_f64s(self.0);
            let (y_head, y_tail) = S::as_simd_f64s(self.1);
            let mut sums = [simd.splat_f64s(0.0); 4];
            let (x_blocks, x_rest) = pulp::as_arrays::<4, _>(x_head);
            let (y_blocks, y_rest) = pulp::as_arrays::<4, _>(y_head);
            for (x, y) in x_blocks.iter().zip(y_blocks) {
                for lane in 0..4 {
                    sums[lane] = simd.mul_add_e_f64s(x[lane], y[lane], sums[lane]);
                }
            }
            for (x, y) in x_rest.iter().zip(y_rest) {
                sums[0] = simd.mul_add_e_f64s(*x, *y, sums[0]);
            }
            let total = simd.add_f64s(simd.add_f64s(sums[0], sums[1]), simd.add_f64s(sums[2], sums[3]));
            let tail: f64 = x_tail.iter().zip(y_tail).map(|(x, y)| x * y).sum();
            simd.reduce_sum_f64s(total) + tail
        }
    }
    debug_assert_eq!(x.len(), y.len());
    Arch::new().dispatch(Dot(x, y))
}

/// The bound on |x_i| of every coordinate: the L1 penalties of a column.
#[derive(Debug, Clone, Copy)]
pub enum Bounds<'a> {
    /// The same for all.
    Same(f64),
    /// One each; infinity bounds nothing.
    Each(&'a [f64]),
}

impl Bounds<'_> {
    /// The bound of coordinate `i`.
    #[inline]
    pub fn at(&self, i: usize) -> f64 {
        match self {
            Self::Same(bound) => *bound,
            Self::Each(bounds) => bounds[i],
        }
    }
}

/// Positions handled at once: their part of the result stays in the first cache while the rows stream by.
const CHUNK: usize = 1024;

/// out = sum_k values_k row(rows_k), where `matrix` holds rows of `width` numbers and `out` stands for the columns from
/// `first` on.
pub fn combine(matrix: &[f64], width: usize, first: usize, rows: &[u32], values: &[f64], out: &mut [f64]) {
    struct Combine<'a>(&'a [f64], usize, usize, &'a [u32], &'a [f64], &'a mut [f64]);
    impl pulp::WithSimd for Combine<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, simd: S) {
            let Self(matrix, width, first, rows, values, out) = self;
            for (chunk, out) in out.chunks_mut(CHUNK).enumerate() {
                let start = first + chunk * CHUNK;
                let len = out.len();
                let row = |k: usize| &matrix[rows[k] as usize * width + start..][..len];
                let mut accumulated = Accumulated::Nothing;
                let mut k = 0;
                // The number of streams that pays: as many as a processor follows, with their factors in registers.
                while k + 8 <= rows.len() {
                    let group = std::array::from_fn::<_, 8, _>(|t| row(k + t));
                    add_rows(simd, group, &values[k..k + 8], accumulated, out);
                    accumulated = Accumulated::Something;
                    k += 8;
                }
                if k + 4 <= rows.len() {
                    let group = std::array::from_fn::<_, 4, _>(|t| row(k + t));
                    add_rows(simd, group, &values[k..k + 4], accumulated, out);
                    accumulated = Accumulated::Something;
                    k += 4;
                }
                if k + 2 <= rows.len() {
                    add_rows(simd, [row(k), row(k + 1)], &values[k..k + 2], accumulated, out);
                    accumulated = Accumulated::Something;
                    k += 2;
                }
                if k < rows.len() {
                    add_rows(simd, [row(k)], &values[k..], accumulated, out);
                } else if let Accumulated::Nothing = accumulated {
                    out.fill(0.0);
                }
            }
        }
    }
    debug_assert_eq!(rows.len(), values.len());
    Arch::new().dispatch(Combine(matrix, width, first, rows, values, out));
}

/// Whether sums so far stand in the output, or it has not been written yet.
#[derive(Clone, Copy)]
enum Accumulated {
    Nothing,
    Something,
}

/// out (+)= sum_t factors_t rows_t
#[inline(always)]
fn add_rows<S: pulp::Simd, const N: usize>(
    simd: S,
    rows: [&[f64]; N],
    factors: &[f64],
    accumulated: Accumulated,
    out: &mut [f64],
) {
    // Closures would not be compiled for the processor's wide vectors; loops in this function are.
    let mut splat = [simd.splat_f64s(0.0); N];
    let mut heads: [&[S::f64s]; N] = [&[]; N];
    let mut tails: [&[f64]; N] = [&[]; N];
    let (head, tail) = S::as_mut_simd_f64s(out);
    let count = head.len();
    for t in 0..N {
        splat[t] = simd.splat_f64s(factors[t]);
        let (row, rest) = S::as_simd_f64s(rows[t]);
        (heads[t], tails[t]) = (&row[..count], rest);
    }
    match accumulated {
        Accumulated::Nothing => {
            for (i, out) in head.iter_mut().enumerate() {
                let mut sum = simd.mul_f64s(splat[0], heads[0][i]);
                for t in 1..N {
                    sum = simd.mul_add_e_f64s(splat[t], heads[t][i], sum);
                }
                *out = sum;
            }
        }
        Accumulated::Something => {
            for (i, out) in head.iter_mut().enumerate() {
                let mut sum = *out;
                for t in 0..N {
                    sum = simd.mul_add_e_f64s(splat[t], heads[t][i], sum);
                }
                *out = sum;
            }
        }
    }
    for (i, out) in tail.iter_mut().enumerate() {
        let mut sum = if let Accumulated::Something = accumulated { *out } else { 0.0 };
        for t in 0..N {
            sum += factors[t] * tails[t][i];
        }
        *out = sum;
    }
}

/// The largest (|x_i - y_i| - bound_i) scale_i.
pub fn largest_excess(x: &[f64], y: &[f64], bounds: Bounds<'_>, scale: &[f64]) -> f64 {
    struct Excess<'a>(&'a [f64], &'a [f64], Bounds<'a>, &'a [f64]);
    impl pulp::WithSimd for Excess<'_> {
        type Output = f64;
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, simd: S) -> f64 {
            let Self(x, y, bounds, scale) = self;
            let (x, x_tail) = S::as_simd_f64s(x);
            let (y, y_tail) = S::as_simd_f64s(y);
            let (scale_head, scale_tail) = S::as_simd_f64s(scale);
            let mut worst = simd.splat_f64s(f64::NEG_INFINITY);
            let lines = x.iter().zip(y).zip(scale_head);
            match bounds {
                Bounds::Same(bound) => {
                    let bound = simd.splat_f64s(bound);
                    for ((x, y), scale) in lines {
                        let excess = simd.sub_f64s(simd.abs_f64s(simd.sub_f64s(*x, *y)), bound);
                        worst = simd.max_f64s(worst, simd.mul_f64s(excess, *scale));
                    }
                }
                Bounds::Each(bounds) => {
                    let (bounds, _) = S::as_simd_f64s(bounds);
                    for (((x, y), scale), bound) in lines.zip(bounds) {
                        let excess = simd.sub_f64s(simd.abs_f64s(simd.sub_f64s(*x, *y)), *bound);
                        worst = simd.max_f64s(worst, simd.mul_f64s(excess, *scale));
                    }
                }
            }
            let done = scale.len() - scale_tail.len();
            let tail = x_tail.iter().zip(y_tail).zip(scale_tail).enumerate();
            tail.fold(simd.reduce_max_f64s(worst), |worst, (i, ((x, y), scale))| {
                worst.max(((x - y).abs() - bounds.at(done + i)) * scale)
            })
        }
    }
    debug_assert!(x.len() == y.len() && x.len() == scale.len());
    Arch::new().dispatch(Excess(x, y, bounds, scale))
}

/// Writes old + relaxation (new - old), clipped to within the bounds around `centre`, to `to`, which holds the old values;
/// returns sum_i (change_i scale_i)^2.
pub fn write_relaxed(
    new: &[f64],
    relaxation: f64,
    centre: &[f64],
    bounds: Bounds<'_>,
    scale: &[f64],
    to: &mut [f64],
) -> f64 {
    struct Write<'a>(&'a [f64], f64, &'a [f64], Bounds<'a>, &'a [f64], &'a mut [f64]);
    impl pulp::WithSimd for Write<'_> {
        type Output = f64;
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, simd: S) -> f64 {
            let Self(new, relaxation, centre, bounds, scale, to) = self;
            let (new, new_tail) = S::as_simd_f64s(new);
            let (middle, centre_tail) = S::as_simd_f64s(centre);
            let (scale_head, scale_tail) = S::as_simd_f64s(scale);
            let (to, to_tail) = S::as_mut_simd_f64s(to);
            let mut moved = simd.splat_f64s(0.0);
            let further = simd.splat_f64s(relaxation - 1.0);
            let lines = new.iter().zip(middle).zip(scale_head).zip(to);
            match bounds {
                Bounds::Same(bound) => {
                    let bound = simd.splat_f64s(bound);
                    for (((new, centre), scale), to) in lines {
                        let value = relaxed(simd, further, *new, *centre, bound, *to);
                        let change = simd.mul_f64s(simd.sub_f64s(value, *to), *scale);
                        moved = simd.mul_add_e_f64s(change, change, moved);
                        *to = value;
                    }
                }
                Bounds::Each(bounds) => {
                    let (bounds, _) = S::as_simd_f64s(bounds);
                    for ((((new, centre), scale), to), bound) in lines.zip(bounds) {
                        let value = relaxed(simd, further, *new, *centre, *bound, *to);
                        let change = simd.mul_f64s(simd.sub_f64s(value, *to), *scale);
                        moved = simd.mul_add_e_f64s(change, change, moved);
                        *to = value;
                    }
                }
            }
            let mut total = simd.reduce_sum_f64s(moved);
            let done = scale.len() - scale_tail.len();
            for (i, to) in to_tail.iter_mut().enumerate() {
                let bound = bounds.at(done + i);
                let new = new_tail[i] + (relaxation - 1.0) * (new_tail[i] - *to);
                let value = new.max(centre_tail[i] - bound).min(centre_tail[i] + bound);
                total += ((value - *to) * scale_tail[i]).powi(2);
                *to = value;
            }
            total
        }
    }
    debug_assert!(new.len() == to.len() && centre.len() == to.len() && scale.len() == to.len());
    Arch::new().dispatch(Write(new, relaxation, centre, bounds, scale, to))
}

/// new + further (new - old), clipped to within the bound around the centre.
#[inline(always)]
fn relaxed<S: pulp::Simd>(
    simd: S,
    further: S::f64s,
    new: S::f64s,
    centre: S::f64s,
    bound: S::f64s,
    old: S::f64s,
) -> S::f64s {
    let new = simd.mul_add_e_f64s(further, simd.sub_f64s(new, old), new);
    simd.min_f64s(simd.max_f64s(new, simd.sub_f64s(centre, bound)), simd.add_f64s(centre, bound))
}

/// A small lasso in covariance form, ready for passes of coordinate descent.
#[derive(Debug)]
pub struct SmallLasso<'a> {
    /// G, row by row, each padded with zeros to `stride`.
    pub gram: &'a [f64],
    /// Numbers from one row to the next: the number of coordinates, rounded up to a multiple of [`PAD`].
    pub stride: usize,
    /// The penalty of each coordinate.
    pub bounds: &'a [f64],
    /// sqrt(G_kk).
    pub sizes: &'a [f64],
    /// b.
    pub values: &'a mut [f64],
    /// g - G b, padded to `stride`.
    pub slopes: &'a mut [f64],
}

/// Rows of small matrices are padded to a multiple of this, so that no loop has a remainder.
pub const PAD: usize = 8;

impl SmallLasso<'_> {
    /// Passes over all coordinates until no b_k sqrt(G_kk) changes by more than `tol` in a pass, `most` at most.
    ///
    /// Returns the number of passes and whether the last one was within the tolerance.
    pub fn passes(self, tol: f64, most: usize) -> (usize, bool) {
        struct Passes<'a>(SmallLasso<'a>, f64, usize);
        impl pulp::WithSimd for Passes<'_> {
            type Output = (usize, bool);
            #[inline(always)]
            fn with_simd<S: pulp::Simd>(self, simd: S) -> (usize, bool) {
                let Self(SmallLasso { gram, stride, bounds, sizes, values, slopes }, tol, most) = self;
                for pass in 1..=most {
                    let mut largest = 0.0f64;
                    for (k, (value, (bound, size))) in values.iter_mut().zip(bounds.iter().zip(sizes)).enumerate() {
                        let row = &gram[k * stride..(k + 1) * stride];
                        let slope = row[k] * *value + slopes[k];
                        let new = ((slope.abs() - bound).max(0.0) / row[k]).copysign(slope);
                        let change = new - *value;
                        if change != 0.0 {
                            *value = new;
                            largest = largest.max(change.abs() * size);
                            let factor = simd.splat_f64s(-change);
                            let (slopes, _) = S::as_mut_simd_f64s(slopes);
                            let (row, _) = S::as_simd_f64s(row);
                            for (slope, g) in slopes.iter_mut().zip(row) {
                                *slope = simd.mul_add_e_f64s(factor, *g, *slope);
                            }
                        }
                    }
                    if largest <= tol {
                        return (pass, true);
                    }
                }
                (most, false)
            }
        }
        debug_assert!(self.stride.is_multiple_of(PAD) && self.slopes.len() == self.stride);
        Arch::new().dispatch(Passes(self, tol, most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length() {
        for len in 0..70 {
            let x: Vec<f64> = (0..len).map(f64::from).collect();
            let mut y: Vec<f64> = (0..len).map(|i| 1.0 - f64::from(i)).collect();
            let expected: f64 = x.iter().zip(&y).map(|(a, b)| a * b).sum();
            assert_eq!(dot(&x, &y), expected);
            axpy(2.0, &x, &mut y);
            assert!(y.iter().enumerate().all(|(i, &v)| v == 1.0 + i as f64));
        }
    }
}
