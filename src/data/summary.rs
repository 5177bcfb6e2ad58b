//! One number for many.

/// The sum.
pub fn sum(values: &[f64]) -> f64 {
    values.iter().sum()
}

/// The mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    sum(values) / values.len() as f64
}

/// The variance of a sample, divided by n - 1, as in R, Julia, and NumPy with ddof = 1; NaN of fewer than two.
pub fn variance(values: &[f64]) -> f64 {
    let center = mean(values);
    values.iter().map(|value| (value - center) * (value - center)).sum::<f64>() / (values.len() as f64 - 1.0)
}

/// The standard deviation of a sample, the root of [`variance`].
pub fn sd(values: &[f64]) -> f64 {
    variance(values).sqrt()
}

/// The median; NaN of nothing, or where a value is NaN.
pub fn median(values: &[f64]) -> f64 {
    if values.is_empty() || values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { 0.5 * (sorted[middle - 1] + sorted[middle]) }
}

/// The smallest; NaN of nothing, or where a value is NaN.
pub fn min(values: &[f64]) -> f64 {
    extreme(values, f64::min)
}

/// The largest; NaN of nothing, or where a value is NaN.
pub fn max(values: &[f64]) -> f64 {
    extreme(values, f64::max)
}

/// `f64::min` and `f64::max` would hide a NaN.
fn extreme(values: &[f64], better: fn(f64, f64) -> f64) -> f64 {
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    values.iter().copied().reduce(better).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_in_r() {
        let x = [4.0, 1.0, 3.0, 2.0];
        assert_eq!((sum(&x), mean(&x), median(&x), min(&x), max(&x)), (10.0, 2.5, 2.5, 1.0, 4.0));
        assert!((variance(&x) - 5.0 / 3.0).abs() < 1e-15 && (sd(&x) - (5.0f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!(min(&[1.0, f64::NAN]).is_nan() && median(&[]).is_nan() && max(&[]).is_nan());
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    }
}
