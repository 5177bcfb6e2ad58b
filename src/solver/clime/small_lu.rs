//! LU factors of small matrices: no thread, no allocation to speak of.

/// P A = L U with partial pivoting.
#[derive(Debug)]
pub(super) struct SmallLu {
    n: usize,
    /// U on and above the diagonal, L below it, row by row.
    factors: Vec<f64>,
    /// The row of A that stands in each row.
    order: Vec<usize>,
}

/// A pivot below this share of the largest entry is 0.
const SINGULAR: f64 = 1e-13;

impl SmallLu {
    /// Of the n x n matrix with these entries; none where it is singular in double precision.
    pub fn new(n: usize, entry: impl Fn(usize, usize) -> f64) -> Option<Self> {
        let mut a: Vec<f64> = (0..n * n).map(|place| entry(place / n, place % n)).collect();
        let mut order: Vec<usize> = (0..n).collect();
        let least = SINGULAR * a.iter().fold(0.0f64, |most, value| most.max(value.abs()));
        for k in 0..n {
            let pivot = (k..n).max_by(|&x, &y| a[x * n + k].abs().total_cmp(&a[y * n + k].abs()))?;
            let size = a[pivot * n + k].abs();
            if size.is_nan() || size <= least {
                return None;
            }
            if pivot != k {
                order.swap(pivot, k);
                (0..n).for_each(|column| a.swap(pivot * n + column, k * n + column));
            }
            let (above, below) = a.split_at_mut((k + 1) * n);
            let row = &above[k * n..];
            for other in below.chunks_exact_mut(n) {
                let factor = other[k] / row[k];
                other[k] = factor;
                if factor != 0.0 {
                    other[k + 1..].iter_mut().zip(&row[k + 1..]).for_each(|(value, top)| *value -= factor * top);
                }
            }
        }
        Some(Self { n, factors: a, order })
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.factors[i * self.n..(i + 1) * self.n]
    }

    /// A'^-1 x.
    pub fn solve_transposed(&self, x: &[f64]) -> Vec<f64> {
        let mut y = x.to_vec();
        for i in 0..self.n {
            let row = self.row(i);
            y[i] /= row[i];
            let own = y[i];
            y[i + 1..].iter_mut().zip(&row[i + 1..]).for_each(|(y, u)| *y -= own * u);
        }
        for i in (0..self.n).rev() {
            let own = y[i];
            y[..i].iter_mut().zip(self.row(i)).for_each(|(y, l)| *y -= own * l);
        }
        let mut out = vec![0.0; self.n];
        self.order.iter().zip(&y).for_each(|(&i, &value)| out[i] = value);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_solved_and_singular_ones_are_seen() {
        let a = [[0.0, 2.0, 1.0], [1.0, -1.0, 3.0], [2.0, 0.5, 0.0]];
        let entry = |i: usize, j: usize| a[i][j];
        let lu = SmallLu::new(3, entry).unwrap();
        let x = [1.0, -2.0, 0.5];
        let z = lu.solve_transposed(&x);
        for (i, wanted) in x.into_iter().enumerate() {
            assert!(((0..3).map(|j| entry(j, i) * z[j]).sum::<f64>() - wanted).abs() < 1e-14);
        }
        assert!(SmallLu::new(2, |_, _| 1.0).is_none());
        assert!(SmallLu::new(0, |_, _| 1.0).unwrap().solve_transposed(&[]).is_empty());
    }
}
