//! The result of a test whether two groups have the same network.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::Fit;
use super::saved::{entries, entries_to_json, number as number_of, seed_from_json, warnings_from_json};
use crate::data::saved::{broken, number_to_json, numbers_from_json, numbers_to_json, part};
use crate::data::{Column, Matrix, Table, number};
use crate::engine_type;
use crate::error::Result;
use crate::value::Value;

/// Two networks and what permutations of their groups say about their differences. Clones share it.
#[derive(Debug, Clone)]
pub struct NetworkComparison(Arc<ComparedNetworks>);

engine_type!(NetworkComparison, "NetworkComparison", saved);

/// What a [`NetworkComparison`] consists of. Data set 0 is the first group, 1 the second.
#[derive(Debug, Clone)]
pub struct ComparedNetworks {
    /// The fit of each group.
    pub fits: [Fit; 2],
    /// The largest difference of a weight.
    pub structure: PermutedStatistic,
    /// The difference of the sums of |weights|.
    pub global_strength: PermutedStatistic,
    /// The sum of |weights| in each group.
    pub global_strengths: [f64; 2],
    /// Weights of the first group less those of the second, p x p.
    pub differences: Matrix,
    /// A row for every tested edge: `source`, `target`, `weight_0`, `weight_1`, `difference`, `p_value`, `p_adjusted`,
    /// smallest p-values first; none where no edge was tested.
    pub edge_tests: Option<Table>,
    /// A row for every node: `node`, `strength_0`, `strength_1` (sums of the |weights| of its edges), `difference`,
    /// `p_value`, `p_adjusted`.
    pub node_tests: Table,
    /// The options that held.
    pub options: Vec<(String, Value)>,
    /// Time inside the engine, in seconds.
    pub seconds: f64,
    /// The seed of fits and permutations.
    pub seed: u64,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A statistic of two networks, 0 or more, with its values where rows were exchanged between the groups.
#[derive(Debug, Clone, PartialEq)]
pub struct PermutedStatistic {
    /// Its value for the groups as they are.
    pub value: f64,
    /// The share of the values that are as large, the groups as they are counted as one permutation more.
    pub p_value: f64,
    /// A value for each permutation.
    pub permuted: Vec<f64>,
}

impl PermutedStatistic {
    /// The statistic with its p-value.
    pub fn new(value: f64, permuted: Vec<f64>) -> Self {
        let count = permuted.iter().filter(|&&other| Self::reaches(other, value)).count();
        Self { value, p_value: Self::p_value(count, permuted.len()), permuted }
    }

    /// Whether the value of a permutation is as large as that of the groups as they are. Sums over the same rows in
    /// another order are equal but for rounding.
    pub fn reaches(permuted: f64, value: f64) -> bool {
        permuted >= value * (1.0 - 1e-9)
    }

    /// (1 + count) / (1 + permutations), for so many permutations of which `count` reach the value.
    pub fn p_value(count: usize, permutations: usize) -> f64 {
        (1.0 + count as f64) / (1.0 + permutations as f64)
    }

    fn to_json(&self) -> Json {
        json!({
            "value": number_to_json(self.value), "p_value": number_to_json(self.p_value),
            "permuted": numbers_to_json(&self.permuted),
        })
    }

    fn from_json(json: &Json) -> Result<Self> {
        Ok(Self {
            value: number_of(json, "value")?,
            p_value: number_of(json, "p_value")?,
            permuted: numbers_from_json(part(json, "permuted")?, "permuted")?,
        })
    }
}

/// Tests whose adjusted p-value is at most this are counted in prints.
const LEVEL: f64 = 0.05;

impl NetworkComparison {
    /// Where the test comes from.
    pub const REFERENCE: &'static str = "van Borkulo et al., Psychological Methods 28:1273 (2023)";

    /// From what was found.
    pub fn new(parts: ComparedNetworks) -> Self {
        Self(Arc::new(parts))
    }

    /// What was found.
    pub fn parts(&self) -> &ComparedNetworks {
        &self.0
    }

    /// The verb of the method that estimated the networks.
    pub fn method(&self) -> &str {
        self.0.fits[0].method()
    }

    /// Number of permutations that could be used.
    pub fn permutations(&self) -> usize {
        self.0.structure.permuted.len()
    }

    /// The values of both statistics for every permutation: columns `structure` and `global_strength`.
    ///
    /// # Errors
    /// Never; the type says so because tables check their columns.
    pub fn permuted(&self) -> Result<Table> {
        let columns = [("structure", &self.0.structure), ("global_strength", &self.0.global_strength)];
        let column = |(name, statistic): (&str, &PermutedStatistic)| {
            (name.to_string(), Column::numbers(statistic.permuted.clone()))
        };
        Table::new(columns.map(column).to_vec(), None)
    }

    /// What a person wants to know, a line each: label and text.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let inner = &*self.0;
        let samples = |fit: &Fit| fit.n().map_or_else(|| "?".to_string(), |n| n.to_string());
        let edges = |fit: &Fit| fit.n_edges().map_or_else(|_| "?".to_string(), |edges| edges.to_string());
        let [first, second] = &inner.fits;
        let [one, other] = inner.global_strengths;
        let mut facts = vec![
            ("samples", format!("{} and {}, {} variables", samples(first), samples(second), first.p())),
            ("edges", format!("{} and {}", edges(first), edges(second))),
            (
                "structure",
                format!("largest difference {}, p {}", number(inner.structure.value), number(inner.structure.p_value)),
            ),
            (
                "global strength",
                format!("{} and {}, p {}", number(one), number(other), number(inner.global_strength.p_value)),
            ),
        ];
        if let Some(table) = &inner.edge_tests {
            facts.push(("edges that differ", Self::found(table)));
        }
        facts.push(("nodes that differ", Self::found(&inner.node_tests)));
        facts.push(("permutations", self.permutations().to_string()));
        facts.push(("seconds", number(inner.seconds)));
        facts.extend(inner.warnings.iter().map(|warning| ("warning", warning.clone())));
        facts
    }

    /// How many rows of a table of tests have an adjusted p-value of at most the level.
    fn found(table: &Table) -> String {
        let count = match table.column("p_adjusted") {
            Ok(Column::Numbers(values)) => values.iter().filter(|&&value| value <= LEVEL).count(),
            _ => 0,
        };
        format!("{count} of {} with an adjusted p of at most {LEVEL}", table.rows())
    }

    /// As JSON: everything about the comparison.
    pub fn to_json(&self) -> Json {
        let inner = &*self.0;
        json!({
            "method": self.method(), "fits": inner.fits.iter().map(Fit::to_json).collect::<Vec<_>>(),
            "structure": inner.structure.to_json(), "global_strength": inner.global_strength.to_json(),
            "global_strengths": inner.global_strengths, "differences": inner.differences.to_json(),
            "edge_tests": inner.edge_tests.as_ref().map(Table::to_json), "node_tests": inner.node_tests.to_json(),
            "options": Value::Map(inner.options.clone()).to_json(), "permutations": self.permutations(),
            "seconds": inner.seconds, "seed": inner.seed, "warnings": inner.warnings,
        })
    }

    /// As it is saved.
    pub fn to_saved_json(&self) -> Json {
        let inner = &*self.0;
        json!({
            "type": "NetworkComparison", "fits": inner.fits.iter().map(Fit::to_saved_json).collect::<Vec<_>>(),
            "structure": inner.structure.to_json(), "global_strength": inner.global_strength.to_json(),
            "global_strengths": numbers_to_json(&inner.global_strengths),
            "differences": inner.differences.to_saved_json(),
            "edge_tests": inner.edge_tests.as_ref().map(Table::to_saved_json),
            "node_tests": inner.node_tests.to_saved_json(), "options": entries_to_json(&inner.options),
            "seconds": number_to_json(inner.seconds), "seed": inner.seed, "warnings": inner.warnings,
        })
    }

    /// The comparison that was saved.
    ///
    /// # Errors
    /// JSON of another shape.
    pub fn from_saved_json(json: &Json) -> Result<Self> {
        let fits = part(json, "fits")?.as_array().ok_or_else(|| broken("\"fits\" is not a list"))?;
        let [first, second] = fits.as_slice() else { return Err(broken("\"fits\" is not a list of two fits")) };
        let fits = [Fit::from_saved_json(first)?, Fit::from_saved_json(second)?];
        let strengths = numbers_from_json(part(json, "global_strengths")?, "global_strengths")?;
        let &[one, other] = strengths.as_slice() else {
            return Err(broken("\"global_strengths\" is not a list of two numbers"));
        };
        let differences = Matrix::from_saved_json(part(json, "differences")?)?;
        let p = fits[0].p();
        if fits[1].p() != p || differences.rows() != p || differences.cols() != p {
            return Err(broken("\"fits\" and \"differences\" are over other variables"));
        }
        let edge_tests = match json.get("edge_tests") {
            None | Some(Json::Null) => None,
            Some(table) => Some(Table::from_saved_json(table)?),
        };
        Ok(Self::new(ComparedNetworks {
            fits,
            structure: PermutedStatistic::from_json(part(json, "structure")?)?,
            global_strength: PermutedStatistic::from_json(part(json, "global_strength")?)?,
            global_strengths: [one, other],
            differences,
            edge_tests,
            node_tests: Table::from_saved_json(part(json, "node_tests")?)?,
            options: entries(json, "options")?,
            seconds: number_of(json, "seconds")?,
            seed: seed_from_json(json)?,
            warnings: warnings_from_json(json)?,
        }))
    }
}

impl std::fmt::Display for NetworkComparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NetworkComparison by {}", self.method())?;
        for (label, text) in self.facts() {
            write!(f, "\n  {label:<18}{text}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_as_they_are_count_as_a_permutation() {
        let statistic = PermutedStatistic::new(0.5, vec![0.1, 0.5 * (1.0 - 1e-14), 0.7]);
        assert_eq!(statistic.p_value, 0.75);
        assert_eq!(PermutedStatistic::new(0.0, vec![0.0]).p_value, 1.0);
        assert_eq!(PermutedStatistic::from_json(&statistic.to_json()).unwrap(), statistic);
    }
}
