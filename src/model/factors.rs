//! Joint fits over latent factors: what their projection says about samples and variables.

use super::JointFit;
use crate::context::Context;
use crate::data::{Column, Matrix, Names, Table, Vector, normal};
use crate::error::{Error, Result};
use crate::linalg::matmul;
use crate::value::Value;

/// Latent factors: a projection, and for each data set a precision matrix of the factors and the variance of the noise.
#[derive(Debug, Clone)]
pub struct Factors {
    /// D, variables x factors.
    pub projection: Matrix,
    /// Precision matrices of the factors, one a data set.
    pub precisions: Vec<Matrix>,
    /// Variances of the noise, one a data set.
    pub noise: Vec<f64>,
}

/// In which group of variables a label is how frequent.
struct Enriched {
    factor: usize,
    sign: &'static str,
    label: usize,
    /// Variables of the group that have the label, of the group, and how many would have it by chance.
    counts: (usize, usize, f64),
    statistic: f64,
    p_value: f64,
}

impl Factors {
    /// Those of a joint fit.
    ///
    /// # Errors
    /// A joint fit of a method that has no factors.
    pub fn of(joint: &JointFit) -> Result<Self> {
        Self::from_parts(|name| joint.added(name).ok()).ok_or_else(|| {
            Error::argument(format!("a joint fit of {} has no latent factors", joint.method()))
                .with_hint("meta_graphical_lasso([x, y]) has")
        })
    }

    /// Those of a truth, as `latent_factor_data` gives it: a map of `projection`, `precisions` and `noise`.
    ///
    /// # Errors
    /// A map without these.
    pub fn of_truth(truth: &Value) -> Result<Self> {
        let found = Self::from_parts(|name| truth.entry(name));
        let fits = |factors: &Self| {
            let m = factors.projection.cols();
            factors.precisions.len() == factors.noise.len()
                && factors.noise.iter().all(|noise| noise.is_finite() && *noise > 0.0)
                && factors.precisions.iter().all(|precision| (precision.rows(), precision.cols()) == (m, m))
        };
        found.filter(fits).ok_or_else(|| {
            Error::argument(
                "the truth must be a map of `projection`, `precisions` and `noise` > 0, one for each data set",
            )
            .with_hint("latent_factor_data(#{ .. }).truth is such a map")
        })
    }

    fn from_parts<'v>(part: impl Fn(&str) -> Option<&'v Value>) -> Option<Self> {
        let projection = part("projection")?.object::<Matrix>()?.clone();
        let Value::List(list) = part("precisions")? else { return None };
        let precisions = list.iter().map(|value| value.object::<Matrix>().cloned()).collect::<Option<Vec<_>>>()?;
        let noise = match part("noise")? {
            Value::List(list) => list.iter().map(Value::as_number).collect::<Option<Vec<_>>>()?,
            other => other.object::<Vector>()?.as_slice().to_vec(),
        };
        Some(Self { projection, precisions, noise })
    }

    /// The variables' names; `x0, x1, ...` where they have none.
    pub fn variables(&self) -> Names {
        self.projection.row_names().cloned().unwrap_or_else(|| Names::numbered(self.projection.rows()))
    }

    /// The position of a factor; negative ones count from the end.
    ///
    /// # Errors
    /// One that is out of range.
    pub fn position(&self, factor: i64) -> Result<usize> {
        let count = self.projection.cols() as i64;
        let position = if factor < 0 { factor.checked_add(count).unwrap_or(-1) } else { factor };
        if (0..count).contains(&position) {
            return Ok(position as usize);
        }
        Err(Error::argument(format!("factor {factor} is out of range: there are {count} factors")))
    }

    /// Scores of samples, n x factors: x D. Columns are matched by name where both sides have names.
    ///
    /// # Errors
    /// Other variables; memory, cancellation.
    pub fn scores(&self, x: &Matrix, ctx: &Context) -> Result<Matrix> {
        let variables = self.projection.rows();
        let ordered = match (self.projection.row_names(), x.names()) {
            (Some(own), Some(given)) if own != given => {
                let columns = own.iter().map(|name| given.position(name, "column")).collect::<Result<Vec<_>>>()?;
                x.pick(&(0..x.rows()).collect::<Vec<_>>(), &columns)
            }
            _ if x.cols() == variables => x.clone(),
            _ => {
                return Err(Error::shape(format!("{} columns for factors of {variables} variables", x.cols())));
            }
        };
        if let Some(place) = ordered.first_non_finite() {
            return Err(Error::data(format!("the data has {place}")));
        }
        let _held = ctx.reserve_matrices(1, x.rows(), self.projection.cols())?;
        let scores = Matrix::from(matmul(ordered.view(), self.projection.view(), ctx)?);
        scores.with_names(self.projection.names().cloned())?.with_row_names(x.row_names().cloned())
    }

    /// The variables of a factor by the size of their weights, the largest first: `variable` and `weight` with its sign.
    ///
    /// # Errors
    /// A factor that is out of range.
    pub fn loadings(&self, factor: i64) -> Result<Table> {
        let column = self.projection.col(self.position(factor)?);
        let weights = column.as_slice();
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by(|&a, &b| weights[b].abs().total_cmp(&weights[a].abs()));
        let names = self.variables();
        let variable = Column::texts(order.iter().map(|&i| names.get(i).to_string()).collect());
        let weight = Column::numbers(order.iter().map(|&i| weights[i]).collect());
        Table::new(vec![("variable".into(), variable), ("weight".into(), weight)], None)
    }

    /// Which labels of variables are frequent among those of large weight, as in tables 6 and 7 of Maruhashi et al. (2024).
    /// The group of a factor and a sign are the variables whose weights are more than `deviations` standard deviations above
    /// (below) their mean. For every label that is more frequent in a group than elsewhere: the log-likelihood ratio test
    /// of a table of two by two, with one degree of freedom. Smallest p-values first within each group; they are not
    /// corrected for the number of tests.
    ///
    /// # Errors
    /// Another number of labels than of variables; cancellation.
    pub fn enrichment(&self, labels: &[String], deviations: f64, ctx: &Context) -> Result<Table> {
        let variables = self.projection.rows();
        if labels.len() != variables {
            return Err(Error::shape(format!("{} labels for {variables} variables", labels.len())));
        }
        let mut known: Vec<&str> = labels.iter().map(String::as_str).collect();
        known.sort_unstable();
        known.dedup();
        let of_variable: Vec<usize> =
            labels.iter().map(|label| known.binary_search(&label.as_str()).unwrap_or(0)).collect();
        let mut found = Vec::new();
        for factor in 0..self.projection.cols() {
            ctx.check()?;
            let column = self.projection.col(factor);
            for (sign, in_group) in groups(column.as_slice(), deviations) {
                let mut own = enriched(&in_group, &of_variable, known.len());
                own.sort_by(|a, b| a.p_value.total_cmp(&b.p_value));
                found.extend(own.into_iter().map(|enriched| Enriched { factor, sign, ..enriched }));
            }
        }
        let number = |f: fn(&Enriched) -> f64| Column::numbers(found.iter().map(f).collect());
        let label = |enriched: &Enriched| known[enriched.label].to_string();
        let columns = vec![
            ("factor".to_string(), number(|one| one.factor as f64)),
            ("sign".to_string(), Column::texts(found.iter().map(|one| one.sign.to_string()).collect())),
            ("label".to_string(), Column::texts(found.iter().map(label).collect())),
            ("count".to_string(), number(|one| one.counts.0 as f64)),
            ("group".to_string(), number(|one| one.counts.1 as f64)),
            ("expected".to_string(), number(|one| one.counts.2)),
            ("statistic".to_string(), number(|one| one.statistic)),
            ("p_value".to_string(), number(|one| one.p_value)),
        ];
        Table::new(columns, None)
    }
}

/// Which variables have weights far above the mean, and which far below it.
fn groups(weights: &[f64], deviations: f64) -> [(&'static str, Vec<bool>); 2] {
    let count = weights.len().max(1) as f64;
    let mean = weights.iter().sum::<f64>() / count;
    let deviation = (weights.iter().map(|weight| (weight - mean).powi(2)).sum::<f64>() / count).sqrt();
    let far = |sign: f64| weights.iter().map(|weight| sign * (weight - mean) > deviations * deviation).collect();
    [("positive", far(1.0)), ("negative", far(-1.0))]
}

/// The labels that are more frequent in the group than elsewhere.
fn enriched(in_group: &[bool], labels: &[usize], known: usize) -> Vec<Enriched> {
    let total = labels.len() as f64;
    let group = in_group.iter().filter(|&&is_in| is_in).count();
    let (mut inside, mut all) = (vec![0usize; known], vec![0usize; known]);
    for (&is_in, &label) in in_group.iter().zip(labels) {
        all[label] += 1;
        inside[label] += usize::from(is_in);
    }
    let one = |label: usize| {
        let expected = group as f64 * all[label] as f64 / total;
        let (a, size, with) = (inside[label] as f64, group as f64, all[label] as f64);
        // Observed counts with the sums of their row and their column.
        let cells = [
            (a, size, with),
            (size - a, size, total - with),
            (with - a, total - size, with),
            (total - size - with + a, total - size, total - with),
        ];
        let term = |(observed, row, column): (f64, f64, f64)| match observed > 0.0 {
            true => observed * (observed * total / (row * column)).ln(),
            false => 0.0,
        };
        let statistic = (2.0 * cells.into_iter().map(term).sum::<f64>()).max(0.0);
        // Chi-squared with one degree of freedom.
        let p_value = (2.0 * normal::cdf(-statistic.sqrt())).min(1.0);
        Enriched { factor: 0, sign: "", label, counts: (inside[label], group, expected), statistic, p_value }
    };
    (0..known).map(one).filter(|one| one.counts.0 as f64 > one.counts.2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors() -> Factors {
        let names = |letter: &str, count: usize| {
            let list = (0..count).map(|i| format!("{letter}{i}")).collect();
            Some(Names::new(list, "names").unwrap())
        };
        // Three of twenty variables stand out on either side of the first factor.
        let weight = |i: usize, j: usize| match (i, j) {
            (0..3, 0) => 5.0,
            (3, 0) => -6.0,
            _ => 0.1 * (i % 3) as f64,
        };
        let projection = Matrix::from_fn(20, 2, weight).with_names(names("f", 2)).unwrap();
        let projection = projection.with_row_names(names("v", 20)).unwrap();
        Factors { projection, precisions: Vec::new(), noise: Vec::new() }
    }

    #[test]
    fn weights_are_listed_by_size_with_their_signs() {
        let table = factors().loadings(-2).unwrap();
        let cells: Vec<String> = (0..2).map(|row| table.column_at(0).cell(row)).collect();
        assert_eq!((cells[0].as_str(), cells[1].as_str()), ("v3", "v0"));
        assert_eq!(table.column_at(1).pick(&[0]), Column::numbers(vec![-6.0]));
        assert!(factors().loadings(2).unwrap_err().message().contains("there are 2 factors"));
        assert!(factors().loadings(i64::MIN).is_err());
    }

    #[test]
    fn a_label_that_all_of_a_group_have_stands_out() {
        let labels: Vec<String> = (0..20).map(|i| if i < 4 { "metal" } else { "other" }.to_string()).collect();
        let table = factors().enrichment(&labels, 1.0, &Context::new()).unwrap();
        assert_eq!((table.column_at(1).cell(0), table.column_at(2).cell(0)), ("positive".into(), "metal".into()));
        let Column::Numbers(p) = table.column("p_value").unwrap() else { panic!("numbers") };
        let Column::Numbers(g) = table.column("statistic").unwrap() else { panic!("numbers") };
        // The table 3, 0 / 1, 16.
        let expected =
            2.0 * (3.0 * (3.0f64 * 20.0 / 12.0).ln() + (20.0f64 / 68.0).ln() + 16.0 * (16.0f64 * 20.0 / 272.0).ln());
        assert!((g[0] - expected).abs() < 1e-12 && p[0] < 0.01, "{table}");
        assert!(factors().enrichment(&labels[1..], 1.0, &Context::new()).is_err());
    }

    #[test]
    fn samples_are_matched_by_name() {
        let ctx = Context::new();
        let factors = factors();
        let x = Matrix::from_fn(2, 20, |i, j| (i + j) as f64);
        let plain = factors.scores(&x, &ctx).unwrap();
        let names: Vec<String> = (0..20).rev().map(|i| format!("v{i}")).collect();
        let turned = x.pick(&[0, 1], &(0..20).rev().collect::<Vec<_>>());
        let turned = turned.with_names(Some(Names::new(names, "columns").unwrap())).unwrap();
        assert_eq!(factors.scores(&turned, &ctx).unwrap().as_slice(), plain.as_slice());
        assert!(factors.scores(&x.pick(&[0], &[0, 1]), &ctx).is_err());
    }
}
