//! One number for many.

/// The sum.
pub fn sum(values: &[f64]) -> f64 {
    values.iter().sum()
}

/// The mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let rough = sum(values) / count;
    // What rounding has left out: the mean of equal numbers is that number.
    let rest = values.iter().map(|value| value - rough).sum::<f64>() / count;
    if rest.is_finite() { rough + rest } else { rough }
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

/// The quantile of probability `q`, by linear interpolation between order statistics (type 7 of Hyndman and Fan);
/// NaN of nothing, or where a value is NaN.
pub fn quantile(values: &[f64], q: f64) -> f64 {
    quantiles(values, &[q])[0]
}

/// Several quantiles, for one sort.
pub(crate) fn quantiles(values: &[f64], wanted: &[f64]) -> Vec<f64> {
    if values.is_empty() || values.iter().any(|value| value.is_nan()) {
        return vec![f64::NAN; wanted.len()];
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    wanted.iter().map(|&q| sorted_quantile(&sorted, q)).collect()
}

/// [`quantile`] of values in ascending order, none of which is NaN.
pub fn sorted_quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64;
    let at = |place: f64| sorted.get(place as usize).copied().unwrap_or(f64::NAN);
    let (low, high) = (at(place.floor()), at(place.ceil()));
    // Equal neighbours exactly, also infinite ones.
    if low == high { low } else { low + place.fract() * (high - low) }
}

/// Sums up to and with each value.
pub fn cumsum(values: &[f64]) -> Vec<f64> {
    let mut total = 0.0;
    values
        .iter()
        .map(|value| {
            total += value;
            total
        })
        .collect()
}

/// The position of the best value, the first of equal ones; none of nothing, or where a value is NaN.
pub fn best(values: &[f64], better: fn(&f64, &f64) -> bool) -> Option<usize> {
    if values.iter().any(|value| value.is_nan()) {
        return None;
    }
    (0..values.len()).reduce(|best, i| if better(&values[i], &values[best]) { i } else { best })
}

/// The positions that sort the values; equal ones keep their order, NaN stand last.
pub fn order(values: &[f64], descending: bool) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..values.len()).collect();
    positions.sort_by(|&i, &j| {
        let (a, b) = (values[i], values[j]);
        let by_value = if descending { b.partial_cmp(&a) } else { a.partial_cmp(&b) };
        // Where they cannot be compared at least one is NaN.
        by_value.unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
    });
    positions
}

/// Ranks from 1, ties sharing the mean of theirs. The values must not be NaN.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let order = order(values, false);
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let tied = order[start..].iter().take_while(|&&i| values[i] == values[order[start]]).count();
        let rank = start as f64 + (tied as f64 + 1.0) / 2.0;
        order[start..start + tied].iter().for_each(|&i| ranks[i] = rank);
        start += tied;
    }
    ranks
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
        // R: quantile(c(4, 1, 3, 2), c(0.1, 0.5, 1)).
        assert!([(0.1, 1.3), (0.5, 2.5), (1.0, 4.0)].iter().all(|&(q, value)| (quantile(&x, q) - value).abs() < 1e-15));
        assert_eq!(quantile(&[1.0, f64::INFINITY, f64::INFINITY], 0.9), f64::INFINITY);
    }

    #[test]
    fn orders_and_ranks() {
        let x = [2.0, f64::NAN, 1.0, 2.0];
        assert_eq!((order(&x, false), order(&x, true)), (vec![2, 0, 3, 1], vec![0, 3, 2, 1]));
        assert_eq!(ranks(&[10.0, 20.0, 10.0, 5.0]), [2.5, 4.0, 2.5, 1.0]);
        assert_eq!((best(&x, f64::gt), best(&[1.0, 3.0, 3.0], f64::gt), best(&[], f64::lt)), (None, Some(1), None));
        assert_eq!(cumsum(&[1.0, 2.0, 4.0]), [1.0, 3.0, 7.0]);
    }
}
