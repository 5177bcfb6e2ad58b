//! Which algorithm minimises which loss with which penalty: one table.

use super::reweighting::Reweighting;
use crate::error::{Error, Result};
use crate::problem::Concave;

/// What fits the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The Gaussian -logdet Theta + tr(S Theta).
    LogDet,
    /// The squared error of a regression of every variable on the others.
    Nodewise,
    /// CONCORD's pseudo-likelihood -sum_i log omega_ii + tr(Omega S Omega) / 2.
    Concord,
}

impl Loss {
    /// Every loss.
    pub const ALL: [Self; 3] = [Self::LogDet, Self::Nodewise, Self::Concord];

    /// The word for the loss.
    pub fn name(self) -> &'static str {
        match self {
            Self::LogDet => "logdet",
            Self::Nodewise => "nodewise",
            Self::Concord => "concord",
        }
    }
}

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
    /// SCAD or MCP.
    Concave {
        /// Which of them.
        form: Concave,
        /// Of reweighting: solve so many weighted problems, instead of going on until the solution is stationary.
        steps: Option<usize>,
    },
}

impl Penalty {
    /// The words that scripts use.
    pub const NAMES: &'static [&'static str] = &["l1", "elastic_net", "scad", "mcp", "adaptive"];
    /// Those of penalties on more than one matrix, which are no sums over the entries of one.
    pub const JOINT: &'static [&'static str] = &["group", "fused", "chain", "nuclear"];

    /// The word for the penalty.
    pub fn name(&self) -> &'static str {
        match self {
            Self::L1 => "l1",
            Self::ElasticNet { .. } => "elastic_net",
            Self::Adaptive(_) => "adaptive",
            Self::Concave { form, .. } => form.name(),
        }
    }
}

/// What minimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Block coordinate descent on the dual.
    DualDescent,
    /// A sequence of weighted L1 problems, each by block coordinate descent on the dual.
    Reweighting,
    /// Proximal Newton on the precision matrix.
    ProximalNewton,
    /// Coordinate descent on coefficients.
    CoordinateDescent,
}

/// What goes together, of a loss the preferred algorithm of a penalty first.
const TABLE: &[(Loss, Algorithm, &[&str])] = &[
    (Loss::LogDet, Algorithm::DualDescent, &["l1", "adaptive"]),
    (Loss::LogDet, Algorithm::Reweighting, &["scad", "mcp", "adaptive"]),
    (
        Loss::LogDet,
        Algorithm::ProximalNewton,
        &["l1", "elastic_net", "scad", "mcp", "adaptive", "group", "fused", "chain", "nuclear"],
    ),
    (Loss::Nodewise, Algorithm::CoordinateDescent, &["l1", "elastic_net", "scad", "mcp"]),
    (Loss::Concord, Algorithm::CoordinateDescent, &["l1", "elastic_net"]),
];

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [Self::DualDescent, Self::Reweighting, Self::ProximalNewton, Self::CoordinateDescent];

    /// The word for the algorithm.
    pub fn name(self) -> &'static str {
        match self {
            Self::DualDescent => "dual_descent",
            Self::Reweighting => "reweighting",
            Self::ProximalNewton => "proximal_newton",
            Self::CoordinateDescent => "coordinate_descent",
        }
    }

    /// Whether it can minimise the loss with the penalty.
    pub fn takes(self, loss: Loss, penalty: &Penalty) -> bool {
        able(loss, penalty.name()).any(|algorithm| algorithm == self)
    }

    /// The preferred algorithm for the Gaussian loss with the penalty.
    pub fn for_penalty(penalty: &Penalty) -> Self {
        able(Loss::LogDet, penalty.name()).next().unwrap_or(Self::ProximalNewton)
    }

    /// The preferred algorithm.
    ///
    /// # Errors
    /// A penalty that nothing minimises with this loss: what goes with either.
    pub fn preferred(loss: Loss, penalty: &Penalty) -> Result<Self> {
        Self::preferred_for(loss, penalty.name())
    }

    /// The same for a penalty of this name.
    ///
    /// # Errors
    /// As [`Algorithm::preferred`].
    pub fn preferred_for(loss: Loss, own: &str) -> Result<Self> {
        able(loss, own).next().ok_or_else(|| {
            let with = TABLE.iter().filter(|(known, ..)| *known == loss).flat_map(|(.., penalties)| *penalties);
            let losses =
                Loss::ALL.into_iter().filter(|other| able(*other, own).next().is_some()).map(|other| other.name());
            Error::option(format!("no solver takes loss \"{}\" with penalty \"{own}\"", loss.name())).with_hint(
                format!(
                    "loss \"{}\" goes with {}; penalty \"{own}\" goes with loss {}",
                    loss.name(),
                    listed(with.copied(), "and"),
                    listed(losses, "and")
                ),
            )
        })
    }

    /// Fails where the algorithm cannot minimise the loss with the penalty.
    ///
    /// # Errors
    /// What it minimises instead, and which algorithms would do.
    pub fn check(self, loss: Loss, penalty: &Penalty) -> Result<()> {
        self.check_for(loss, penalty.name())
    }

    /// The same for a penalty of this name.
    ///
    /// # Errors
    /// As [`Algorithm::check`].
    pub fn check_for(self, loss: Loss, own: &str) -> Result<()> {
        Self::preferred_for(loss, own)?;
        if able(loss, own).any(|algorithm| algorithm == self) {
            return Ok(());
        }
        let name = self.name();
        let rows = TABLE.iter().filter(|(_, algorithm, _)| *algorithm == self);
        let message = match rows.clone().find(|(known, ..)| *known == loss) {
            Some((.., penalties)) => {
                format!("solver \"{name}\" minimises {}, not \"{own}\"", listed(penalties.iter().copied(), "and"))
            }
            None => {
                let losses = listed(rows.map(|(other, ..)| other.name()), "and");
                format!("solver \"{name}\" goes with loss {losses}, not with \"{}\"", loss.name())
            }
        };
        let able: Vec<String> = able(loss, own).map(|other| format!("\"{}\"", other.name())).collect();
        Err(Error::option(message).with_hint(format!("\"{own}\" goes with solver {} or \"auto\"", able.join(", "))))
    }
}

/// What minimises a loss with the penalty of this name.
fn able(loss: Loss, penalty: &str) -> impl Iterator<Item = Algorithm> {
    TABLE
        .iter()
        .filter(move |(known, _, penalties)| *known == loss && penalties.contains(&penalty))
        .map(|(_, algorithm, _)| *algorithm)
}

/// Words in quotes, each once, as a sentence lists them.
fn listed(words: impl Iterator<Item = &'static str>, last: &str) -> String {
    let mut quoted: Vec<String> = Vec::new();
    for word in words.map(|word| format!("\"{word}\"")) {
        if !quoted.contains(&word) {
            quoted.push(word);
        }
    }
    match quoted.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        _ => quoted.join(""),
    }
}

/// What goes together, in words: for every loss its solvers with their penalties, the preferred solver first.
pub fn combinations() -> String {
    let row = |(_, algorithm, penalties): &(Loss, Algorithm, &[&'static str])| {
        format!("solver \"{}\" takes {}", algorithm.name(), listed(penalties.iter().copied(), "and"))
    };
    let of_loss = |loss: &Loss| {
        let rows: Vec<String> = TABLE.iter().filter(|(known, ..)| known == loss).map(row).collect();
        format!("With loss \"{}\" {}.", loss.name(), rows.join(", "))
    };
    Loss::ALL.iter().map(of_loss).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_penalty_has_an_algorithm_and_a_wrong_one_names_it() {
        let net = Penalty::ElasticNet { l1_ratio: 0.5 };
        let scad = Penalty::Concave { form: Concave::SCAD, steps: None };
        for penalty in [Penalty::L1, net, Penalty::Adaptive(Reweighting::default()), scad] {
            assert!(Algorithm::for_penalty(&penalty).check(Loss::LogDet, &penalty).is_ok());
            assert!(Penalty::NAMES.contains(&penalty.name()));
        }
        assert_eq!(Algorithm::for_penalty(&scad), Algorithm::Reweighting);
        let error = Algorithm::DualDescent.check(Loss::LogDet, &net).unwrap_err();
        assert_eq!(error.message(), "solver \"dual_descent\" minimises \"l1\" and \"adaptive\", not \"elastic_net\"");
        assert_eq!(error.hint(), Some("\"elastic_net\" goes with solver \"proximal_newton\" or \"auto\""));
        let error = Algorithm::Reweighting.check(Loss::Nodewise, &scad).unwrap_err();
        assert_eq!(error.message(), "solver \"reweighting\" goes with loss \"logdet\", not with \"nodewise\"");
        let adaptive = Penalty::Adaptive(Reweighting::default());
        let error = Algorithm::preferred(Loss::Nodewise, &adaptive).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("penalty \"adaptive\" goes with loss \"logdet\"")));
    }

    #[test]
    fn the_table_has_known_words_and_every_penalty() {
        for name in Penalty::NAMES {
            assert!(TABLE.iter().any(|(.., penalties)| penalties.contains(name)), "{name}");
        }
        let is_known = |name: &&'static str| Penalty::NAMES.contains(name) || Penalty::JOINT.contains(name);
        assert!(TABLE.iter().flat_map(|(.., penalties)| *penalties).all(is_known));
    }
}
