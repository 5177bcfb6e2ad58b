//! The standard normal distribution.

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

#[cfg(test)]
mod tests {
    use super::*;

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
