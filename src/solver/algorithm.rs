//! Which algorithm minimises which penalty.

use super::reweighting::Reweighting;
use crate::error::{Error, Result};

/// A kind of penalty; the weights lambda come with the problem.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Penalty {
    /// sum lambda_ij |theta_ij|.
    L1,
    /// sum lambda_ij (r |theta_ij| + (1 - r) / 2 theta_ij^2).
    ElasticNet {
        /// The share r of the L1 part, from 0 to 1.
        l1_ratio: f64,
    },
    /// The L1 penalty, weighted by its own solution.
    Adaptive(Reweighting),
}

impl Penalty {
    /// The words that scripts use.
    pub const NAMES: &'static [&'static str] = &["l1", "elastic_net", "adaptive"];

    /// The word for the penalty.
    pub fn name(&self) -> &'static str {
        match self {
            Self::L1 => "l1",
            Self::ElasticNet { .. } => "elastic_net",
            Self::Adaptive(_) => "adaptive",
        }
    }
}

/// What minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Block coordinate descent on the dual.
    DualDescent,
    /// Proximal Newton on the precision matrix.
    ProximalNewton,
}

impl Algorithm {
    /// Every algorithm, the one to prefer first.
    pub const ALL: [Self; 2] = [Self::DualDescent, Self::ProximalNewton];

    /// The word for the algorithm.
    pub fn name(self) -> &'static str {
        match self {
            Self::DualDescent => "dual_descent",
            Self::ProximalNewton => "proximal_newton",
        }
    }

    /// Whether it can minimise the penalty.
    pub fn takes(self, penalty: &Penalty) -> bool {
        match self {
            Self::DualDescent => matches!(penalty, Penalty::L1 | Penalty::Adaptive(_)),
            Self::ProximalNewton => true,
        }
    }

    /// The penalties that it minimises, as messages name them.
    fn penalties(self) -> &'static str {
        match self {
            Self::DualDescent => "\"l1\" and \"adaptive\"",
            Self::ProximalNewton => "every penalty",
        }
    }

    /// The preferred algorithm for the penalty.
    pub fn for_penalty(penalty: &Penalty) -> Self {
        Self::ALL.into_iter().find(|algorithm| algorithm.takes(penalty)).unwrap_or(Self::ProximalNewton)
    }

    /// Fails where the algorithm cannot minimise the penalty.
    ///
    /// # Errors
    /// What it minimises instead, and which algorithms would do.
    pub fn check(self, penalty: &Penalty) -> Result<()> {
        if self.takes(penalty) {
            return Ok(());
        }
        let able: Vec<String> = Self::ALL
            .iter()
            .filter(|other| other.takes(penalty))
            .map(|other| format!("\"{}\"", other.name()))
            .collect();
        let (name, takes) = (self.name(), self.penalties());
        Err(Error::option(format!("solver \"{name}\" minimises {takes}, not \"{}\"", penalty.name()))
            .with_hint(format!("\"{}\" goes with solver {} or \"auto\"", penalty.name(), able.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_penalty_has_an_algorithm_and_a_wrong_pair_names_it() {
        let net = Penalty::ElasticNet { l1_ratio: 0.5 };
        for penalty in [Penalty::L1, net, Penalty::Adaptive(Reweighting::default())] {
            assert!(Algorithm::for_penalty(&penalty).check(&penalty).is_ok());
            assert!(Penalty::NAMES.contains(&penalty.name()));
        }
        let error = Algorithm::DualDescent.check(&net).unwrap_err();
        assert_eq!(error.message(), "solver \"dual_descent\" minimises \"l1\" and \"adaptive\", not \"elastic_net\"");
        assert_eq!(error.hint(), Some("\"elastic_net\" goes with solver \"proximal_newton\" or \"auto\""));
    }
}
