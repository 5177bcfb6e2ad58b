//! The elastic net: an L1 and a ridge penalty with the same weights.

use super::{L1, Separable};
use crate::error::{Error, Result};

/// sum_ij Lambda_ij (r |theta_ij| + (1 - r) / 2 theta_ij^2), where r is the share of the L1 part (Zou, Hastie, JRSS B
/// 67:301, 2005; for precision matrices Kovacs, Ruckstuhl, Obrist, Buehlmann, arXiv 2101.02148). A forbidden entry
/// stays forbidden.
#[derive(Debug, Clone, PartialEq)]
pub struct ElasticNet {
    lasso: L1,
    /// Weights of theta_ij^2 / 2, finite.
    ridge: L1,
}

impl ElasticNet {
    /// The penalty `lambda`, split into the share `l1_ratio` for |theta| and the rest for theta^2 / 2.
    ///
    /// # Errors
    /// An `l1_ratio` outside [0, 1].
    pub fn new(lambda: &L1, l1_ratio: f64) -> Result<Self> {
        if !(0.0..=1.0).contains(&l1_ratio) {
            return Err(Error::option(format!("l1_ratio must be from 0 to 1, not {l1_ratio}")));
        }
        let is_forbidden = |weight: f64| weight.is_infinite();
        Ok(Self {
            lasso: lambda.map(|weight| if is_forbidden(weight) { weight } else { l1_ratio * weight }),
            ridge: lambda.map(|weight| if is_forbidden(weight) { 0.0 } else { (1.0 - l1_ratio) * weight }),
        })
    }
}

impl Separable for ElasticNet {
    #[inline]
    fn lasso(&self) -> &L1 {
        &self.lasso
    }

    #[inline]
    fn curvature(&self, i: usize, j: usize) -> f64 {
        self.ridge.at(i, j)
    }

    fn restricted(&self, positions: &[usize]) -> Self {
        Self { lasso: self.lasso.restrict(positions), ridge: self.ridge.restrict(positions) }
    }

    fn rescaled(&self, factor: f64) -> Self {
        Self {
            lasso: self.lasso.map(|weight| factor * weight),
            ridge: self.ridge.map(|weight| (factor * (factor * weight)).min(f64::MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn nets() -> Vec<ElasticNet> {
        let lambda = L1::scalar(0.4, true);
        [0.0, 0.3, 1.0].into_iter().map(|ratio| ElasticNet::new(&lambda, ratio).unwrap()).collect()
    }

    #[test]
    fn the_proximal_map_meets_its_optimality_condition() {
        for net in nets() {
            for x in [-2.0, -0.1, 0.0, 0.05, 0.7, 3.0] {
                for step in [0.1, 1.0, 5.0] {
                    let z = net.proximal(0, 1, x, step);
                    assert!(net.violation(0, 1, z, (z - x) / step) < 1e-12, "{net:?} {x} {step}: {z}");
                }
            }
        }
    }

    #[test]
    fn the_conjugate_is_the_largest_difference_and_is_reached_at_its_slope() {
        for net in nets() {
            for u in [-0.9, -0.3, 0.0, 0.1, 0.5] {
                let u = net.project(0, 1, u, f64::INFINITY);
                let conjugate = net.conjugate(0, 1, u);
                let best = (-4000..=4000).map(|k| f64::from(k) / 1000.0).map(|x| u * x - net.value(0, 1, x));
                let best = best.fold(f64::NEG_INFINITY, f64::max);
                assert!((conjugate - best).abs() < 1e-6, "{net:?} {u}: {conjugate} {best}");
            }
        }
    }

    #[test]
    fn slopes_are_projected_as_far_as_the_entry_reaches() {
        let net = ElasticNet::new(&L1::scalar(1.0, false), 0.25).unwrap();
        assert_eq!(net.project(0, 1, 9.0, 0.0), 0.25);
        assert_eq!(net.project(0, 1, -9.0, 2.0), -1.75);
        assert_eq!(net.project(0, 1, 9.0, f64::INFINITY), 9.0);
        assert_eq!(net.project(0, 0, 9.0, f64::INFINITY), 0.0, "a free entry has the slope 0");
        let lasso = L1::scalar(0.5, false);
        assert_eq!(lasso.project(0, 1, 9.0, f64::INFINITY), 0.5);
        assert_eq!(lasso.conjugate(0, 1, 0.6), f64::INFINITY);
    }

    #[test]
    fn forbidden_entries_stay_forbidden_at_every_ratio() {
        let lambda = L1::Matrix(array![[0.0, f64::INFINITY], [f64::INFINITY, 0.0]]);
        for ratio in [0.0, 0.5, 1.0] {
            let net = ElasticNet::new(&lambda, ratio).unwrap();
            assert_eq!((net.proximal(0, 1, 7.0, 2.0), net.value(0, 1, 0.0)), (0.0, 0.0));
            assert_eq!((net.conjugate(0, 1, 7.0), net.project(0, 1, 7.0, f64::INFINITY)), (0.0, 7.0));
        }
        assert!(ElasticNet::new(&lambda, 1.5).is_err() && ElasticNet::new(&lambda, f64::NAN).is_err());
    }
}
