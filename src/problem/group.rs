//! The penalty of a group of numbers, l1 sum_k |x_k| + l2 ||x||: few groups that are not 0, and few numbers in them.

/// The Euclidean norm.
pub(super) fn norm(x: &[f64]) -> f64 {
    x.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// The soft threshold.
#[inline]
pub(super) fn shrunk(value: f64, by: f64) -> f64 {
    (value.abs() - by).max(0.0).copysign(value) + 0.0
}

/// The minimiser of sum_k a_k/2 (x_k - u_k)^2 + l1 sum_k |x_k| + l2 ||x||, written over u, for l2 > 0. With s_k the
/// distance of a_k u_k from [-l1, l1] and r the norm of x, x_k = r s_k / (a_k r + l2): r is the root of a function of
/// one number, 0 if the norm of s is at most l2.
pub(super) fn least(x: &mut [f64], curvature: impl Fn(usize) -> f64, l1: f64, l2: f64) {
    let mut total = 0.0;
    for (k, value) in x.iter_mut().enumerate() {
        *value = shrunk(curvature(k) * *value, l1);
        total += *value * *value;
    }
    let length = total.sqrt();
    if length <= l2 {
        x.fill(0.0);
        return;
    }
    let first = curvature(0);
    if (1..x.len()).all(|k| curvature(k) == first) {
        let factor = (1.0 - l2 / length) / first;
        x.iter_mut().for_each(|value| *value *= factor);
        return;
    }
    // Newton steps for 1 / ||s / (a r + l2)|| = 1, whose left side is concave in r: they rise to the root from 0.
    let mut r = 0.0;
    for _ in 0..60 {
        let (mut square, mut slope) = (0.0, 0.0);
        for (k, value) in x.iter().enumerate() {
            let a = curvature(k);
            let ratio = value / (a * r + l2);
            square += ratio * ratio;
            slope += ratio * ratio * a / (a * r + l2);
        }
        let step = (square.sqrt() - 1.0) * square / slope;
        r += step;
        if step <= 1e-15 * r {
            break;
        }
    }
    x.iter_mut().enumerate().for_each(|(k, value)| *value *= r / (curvature(k) * r + l2));
}

/// Whether 0 is best where the gradient of the loss is `g` or `-g`.
pub(super) fn allows_zero(g: &[f64], l1: f64, l2: f64) -> bool {
    g.iter().map(|value| shrunk(*value, l1).powi(2)).sum::<f64>() <= l2 * l2
}

/// How far `gradient`, of the loss at `x`, is from the negative of a subgradient there, by its largest component.
pub(super) fn violation(x: &[f64], gradient: &[f64], l1: f64, l2: f64) -> f64 {
    let length = norm(x);
    if length == 0.0 {
        let excess = gradient.iter().map(|value| shrunk(*value, l1));
        let size = excess.clone().map(|value| value * value).sum::<f64>().sqrt();
        let share = if size > l2 { 1.0 - l2 / size } else { 0.0 };
        return excess.fold(0.0, |most, value| most.max(share * value.abs()));
    }
    let apart = |(value, gradient): (&f64, &f64)| {
        if *value == 0.0 {
            (gradient.abs() - l1).max(0.0)
        } else {
            (gradient + l1 * value.signum() + l2 * value / length).abs()
        }
    };
    x.iter().zip(gradient).map(apart).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers between -1 and 1.
    fn noise(k: usize) -> f64 {
        ((k * 7919 + 13) as f64).sin()
    }

    #[test]
    fn the_weighted_map_of_a_group_meets_its_optimality_conditions() {
        let mut moved = 0;
        for case in 0..60 {
            let count = 1 + case % 5;
            let (l1, l2) = ([0.0, 0.1, 0.4][case % 3], [0.05, 0.3, 1.0, 2.5][case % 4]);
            let u: Vec<f64> = (0..count).map(|k| 2.0 * noise(11 * case + k)).collect();
            let a: Vec<f64> = (0..count).map(|k| 10f64.powf(2.0 * noise(5 * case + k + 3))).collect();
            let mut x = u.clone();
            least(&mut x, |k| a[k], l1, l2);
            let gradient: Vec<f64> = (0..count).map(|k| a[k] * (x[k] - u[k])).collect();
            let violation = violation(&x, &gradient, l1, l2);
            assert!(violation < 1e-10, "{l1} {l2} {u:?} {a:?}: {x:?} {violation}");
            moved += usize::from(x.iter().any(|&value| value != 0.0));
        }
        assert!(moved > 10 && moved < 55, "{moved} of 60 are not 0");
    }
}
