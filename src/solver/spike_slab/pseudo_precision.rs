//! A precision matrix put together from the regressions of its nodes.

use ndarray::Array2;

use super::elastic_net::Regression;

/// K of standardised variables: K_ii = 1 / noise_i, K_ij = -b K_ii of that one of the two regressions where it is larger. It
/// need not be positive definite.
#[derive(Debug, Clone, PartialEq)]
pub struct PseudoPrecision {
    /// Its diagonal.
    pub diagonal: Vec<f64>,
    /// Entries off the diagonal that are not 0: (i, j, value) with i < j, ascending.
    pub pairs: Vec<(u32, u32, f64)>,
}

impl PseudoPrecision {
    /// From a regression of every node on the others.
    pub fn of(regressions: &[Regression]) -> Self {
        let diagonal: Vec<f64> = regressions.iter().map(|regression| 1.0 / regression.noise).collect();
        let mut all: Vec<(u32, u32, f64)> = Vec::new();
        for (node, regression) in regressions.iter().enumerate() {
            let own = node as u32;
            let scale = diagonal[node];
            all.extend(regression.coefficients.iter().map(|&(j, b)| (own.min(j), own.max(j), -b * scale)));
        }
        all.sort_by_key(|&(i, j, _)| (i, j));
        let mut pairs: Vec<(u32, u32, f64)> = Vec::with_capacity(all.len());
        for pair in all {
            match pairs.last_mut() {
                Some(last) if (last.0, last.1) == (pair.0, pair.1) => {
                    if pair.2.abs() > last.2.abs() {
                        last.2 = pair.2;
                    }
                }
                _ => pairs.push(pair),
            }
        }
        Self { diagonal, pairs }
    }

    /// Number of nodes.
    pub fn p(&self) -> usize {
        self.diagonal.len()
    }

    /// The largest difference of two entries.
    pub fn distance(&self, other: &Self) -> f64 {
        let diagonal = self.diagonal.iter().zip(&other.diagonal).map(|(a, b)| (a - b).abs());
        let mut largest = diagonal.fold(0.0, f64::max);
        let (mut a, mut b) = (self.pairs.iter().peekable(), other.pairs.iter().peekable());
        loop {
            let order = match (a.peek(), b.peek()) {
                (Some(x), Some(y)) => (x.0, x.1).cmp(&(y.0, y.1)),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (None, None) => return largest,
            };
            let first = if order.is_le() { a.next().map_or(0.0, |pair| pair.2) } else { 0.0 };
            let second = if order.is_ge() { b.next().map_or(0.0, |pair| pair.2) } else { 0.0 };
            largest = largest.max((first - second).abs());
        }
    }

    /// The largest entry off the diagonal, by its size.
    pub fn largest_entry(&self) -> f64 {
        self.pairs.iter().fold(0.0, |largest: f64, pair| largest.max(pair.2.abs()))
    }

    /// The whole matrix, p x p.
    pub fn to_dense(&self) -> Array2<f64> {
        let mut dense = Array2::zeros((self.p(), self.p()));
        dense.diag_mut().iter_mut().zip(&self.diagonal).for_each(|(entry, value)| *entry = *value);
        for &(i, j, value) in &self.pairs {
            dense[(i as usize, j as usize)] = value;
            dense[(j as usize, i as usize)] = value;
        }
        dense
    }

    /// |K|, p x p with a diagonal of 0.
    pub fn strengths(&self) -> Array2<f64> {
        let mut dense = self.to_dense();
        dense.mapv_inplace(f64::abs);
        dense.diag_mut().fill(0.0);
        dense
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_of_two_entries_stays_and_distances_see_all() {
        let regression =
            |noise: f64, coefficients: &[(u32, f64)]| Regression { coefficients: coefficients.to_vec(), noise };
        let regressions =
            [regression(0.5, &[(1, 0.2), (2, -0.1)]), regression(0.25, &[(0, -0.3)]), regression(1.0, &[])];
        let k = PseudoPrecision::of(&regressions);
        assert_eq!(k.diagonal, [2.0, 4.0, 1.0]);
        assert_eq!(k.pairs, [(0, 1, 1.2), (0, 2, 0.2)]);
        let mut other = k.clone();
        other.pairs.remove(0);
        other.pairs.push((1, 2, -0.7));
        assert_eq!((k.distance(&other), other.distance(&k), k.distance(&k)), (1.2, 1.2, 0.0));
        assert_eq!(k.to_dense()[(2, 0)], 0.2);
    }
}
