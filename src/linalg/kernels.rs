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
