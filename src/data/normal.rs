//! The standard normal distribution.

use rand_distr::{Distribution, Exp1, StandardNormal};

use crate::rng::Rng;

/// P(Z <= x).
pub fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// The x with P(Z <= x) = p; infinite at 0 and 1, NaN outside.
pub fn quantile(p: f64) -> f64 {
    // The upper half by symmetry: there 1 - p has the digits.
    if p > 0.5 {
        return -quantile(1.0 - p);
    }
    if p == 0.5 {
        return 0.0;
    }
    if p <= 0.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    }
    // Abramowitz and Stegun, 26.2.23: within 4.5e-4. Each step of Halley's method has three times the digits.
    let t = (-2.0 * p.ln()).sqrt();
    let ratio = (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    let mut x = ratio - t;
    for _ in 0..3 {
        let error = (cdf(x) - p) * (2.0 * std::f64::consts::PI).sqrt() * (0.5 * x * x).exp();
        x -= error / (1.0 + 0.5 * x * error);
    }
    x
}

/// A standard normal number below `bound`, however far out that is; NaN and minus infinity give themselves.
///
/// By rejection (Robert, Statistics and Computing 5:121, 1995), which is exact in every tail and takes two
/// proposals on average at most; the inverse of the distribution function would take several times as long.
pub fn draw_below(bound: f64, rng: &mut Rng) -> f64 {
    if bound >= 0.0 {
        loop {
            let z: f64 = StandardNormal.sample(rng);
            if z <= bound {
                return z;
            }
        }
    }
    if !bound.is_finite() {
        return bound;
    }
    // Proposals are an exponential number below the bound, of rate (|b| + sqrt(b^2 + 4)) / 2: |b| and this excess.
    let excess = 2.0 / (bound.hypot(2.0) - bound);
    loop {
        let proposed: f64 = Exp1.sample(rng);
        let step = proposed / (excess - bound);
        let chance: f64 = Exp1.sample(rng);
        // Accepted with probability exp(-(|b| + step - rate)^2 / 2).
        if chance >= 0.5 * (step - excess) * (step - excess) {
            return bound - step;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_below_a_bound_follow_the_distribution_at_any_distance() {
        let mut rng = crate::rng::stream(1, "draw_below", 0);
        let count = 20_000;
        for bound in [3.0, 0.7, 0.0, -0.2, -2.0, -8.0, -30.0] {
            let draws: Vec<f64> = (0..count).map(|_| draw_below(bound, &mut rng)).collect();
            assert!(draws.iter().all(|&z| z <= bound), "{bound}");
            // Their share of the mass below the bound is uniform: mean 1/2 and second moment 1/3.
            let shares: Vec<f64> = draws.iter().map(|&z| cdf(z) / cdf(bound)).collect();
            let mean = shares.iter().sum::<f64>() / count as f64;
            let second = shares.iter().map(|share| share * share).sum::<f64>() / count as f64;
            assert!((mean - 0.5).abs() < 0.01 && (second - 1.0 / 3.0).abs() < 0.01, "{bound}: {mean} {second}");
        }
        for bound in [-1e8, -1e160, -f64::MAX] {
            assert!((draw_below(bound, &mut rng) / bound - 1.0).abs() < 1e-12, "{bound}");
        }
        assert!(draw_below(f64::NAN, &mut rng).is_nan() && draw_below(f64::INFINITY, &mut rng).is_finite());
        assert_eq!(draw_below(f64::NEG_INFINITY, &mut rng), f64::NEG_INFINITY);
    }

    #[test]
    fn quantiles_to_the_last_digits() {
        // R 4: qnorm(c(0.975, 0.9, 0.001, 1e-10)).
        for (p, x) in [
            (0.975, 1.959_963_984_540_054),
            (0.9, 1.281_551_565_544_600_4),
            (0.001, -3.090_232_306_167_813),
            (1e-10, -6.361_340_902_404_056),
        ] {
            assert!((quantile(p) - x).abs() < 2e-14 * x.abs(), "{p}: {} {x}", quantile(p));
        }
        assert_eq!((quantile(0.5), quantile(0.0)), (0.0, f64::NEG_INFINITY));
        assert!((cdf(1.96) - 0.975_002_104_851_779_5).abs() < 1e-15);
    }
}
