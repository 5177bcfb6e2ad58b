//! The genes that BEELINE keeps of an experiment: those whose expression changes significantly, all regulators among them and
//! the most variable of the others.

use super::{Column, Matrix, Table};
use crate::error::{Error, Result};

/// Which genes are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeneChoice {
    /// Genes beside the regulators at most.
    pub genes: usize,
    /// P-values below this are significant; with 0 every gene is.
    pub p_value: f64,
    /// Whether the bound is divided by the number of genes.
    pub bonferroni: bool,
}

impl Default for GeneChoice {
    fn default() -> Self {
        Self { genes: 500, p_value: 0.01, bonferroni: true }
    }
}

/// What is kept, as positions of columns, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct ChosenGenes {
    /// All of it.
    pub columns: Vec<usize>,
    /// The regulators among it.
    pub regulators: Vec<usize>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl GeneChoice {
    /// Chooses among the columns of `x`, by name. `ordering` has a gene in every row, named by the rows or the first column
    /// of texts; its first column of numbers are p-values, its second variances. `regulators` that are no columns are
    /// left out, which a warning tells.
    ///
    /// # Errors
    /// Data without names, a table without these columns or of which no gene is a column, a gene that has two rows.
    pub fn choose(&self, x: &Matrix, ordering: &Table, regulators: &[String]) -> Result<ChosenGenes> {
        let names = x.names().ok_or_else(|| {
            Error::data("the columns of the data have no names: genes are found by name").with_hint("set_names([..])")
        })?;
        let (labels, p_values, variances) = columns(ordering)?;
        let mut row_of: Vec<Option<usize>> = vec![None; x.cols()];
        let mut strangers = 0;
        for (row, label) in labels.iter().enumerate() {
            match names.find(label) {
                Some(column) if row_of[column].is_some() => {
                    return Err(Error::data(format!("the gene '{label}' has two rows in the table of p-values")));
                }
                Some(column) => row_of[column] = Some(row),
                None => strangers += 1,
            }
        }
        let known = labels.len() - strangers;
        if known == 0 {
            let first = labels.first().map_or("", String::as_str);
            return Err(Error::data("no gene of the table of p-values is a column of the data")
                .with_nearest(first, names.iter())
                .or_hint("rows of the data are cells, columns are genes: perhaps transpose with .t"));
        }
        let bound = if self.bonferroni { self.p_value / known as f64 } else { self.p_value };
        let is_significant = |row: usize| self.p_value == 0.0 || p_values[row] < bound;
        let candidates: Vec<(usize, usize)> = (0..x.cols())
            .filter_map(|column| row_of[column].map(|row| (column, row)))
            .filter(|(_, row)| is_significant(*row))
            .collect();
        let mut regulates = vec![false; x.cols()];
        let found: Vec<usize> = regulators.iter().filter_map(|name| names.find(name)).collect();
        found.iter().for_each(|&column| regulates[column] = true);
        let (acting, mut others): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|(column, _)| regulates[*column]);
        // The sort is stable: equal variances keep the order of the columns. Missing ones come last.
        let variance = |row: usize| if variances[row].is_nan() { f64::NEG_INFINITY } else { variances[row] };
        others.sort_by(|a, b| variance(b.1).total_cmp(&variance(a.1)));
        others.truncate(self.genes);
        let kept: Vec<usize> = acting.iter().map(|(column, _)| *column).collect();
        let mut all: Vec<usize> = kept.iter().copied().chain(others.iter().map(|(column, _)| *column)).collect();
        all.sort_unstable();
        let warnings = warnings(regulators.len(), found.len(), kept.len(), strangers);
        Ok(ChosenGenes { columns: all, regulators: kept, warnings })
    }
}

fn warnings(given: usize, found: usize, kept: usize, strangers: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    if found < given {
        warnings.push(format!("{found} of {given} regulators are among the genes, {kept} of them are kept"));
    }
    if strangers > 0 {
        warnings.push(format!("{strangers} genes of the table of p-values are no columns of the data"));
    }
    warnings
}

/// Genes, p-values and variances of the table.
fn columns(table: &Table) -> Result<(Vec<String>, &[f64], &[f64])> {
    let all = || (0..table.cols()).map(|position| table.column_at(position));
    let labels = match table.row_names() {
        Some(names) => names.as_slice().to_vec(),
        None => {
            let texts = all().find_map(|column| match column {
                Column::Texts(texts) => Some(texts.to_vec()),
                Column::Numbers(_) => None,
            });
            texts.ok_or_else(|| {
                Error::data("the table of p-values has no column with the names of genes")
                    .with_hint("read_csv(path, #{ index: \"index\" }) takes row names from the first column")
            })?
        }
    };
    let mut numbers = all().filter_map(|column| match column {
        Column::Numbers(values) => Some(values.as_slice()),
        Column::Texts(_) => None,
    });
    match (numbers.next(), numbers.next()) {
        (Some(p_values), Some(variances)) => Ok((labels, p_values, variances)),
        _ => Err(Error::data("the table of p-values needs two columns of numbers: p-values, then variances")
            .with_hint("BEELINE's GeneOrdering.csv has VGAMpValue and Variance")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Names;

    fn data() -> Matrix {
        let names = ["a", "b", "c", "d", "e", "f"].map(String::from).to_vec();
        Matrix::from_fn(3, 6, |i, j| (i * j) as f64).with_names(Some(Names::new(names, "columns").unwrap())).unwrap()
    }

    fn ordering() -> Table {
        let genes = ["f", "x", "a", "b", "c", "d", "e"].map(String::from).to_vec();
        let p_values = vec![0.001, 0.0, 0.001, 0.0015, 0.004, 0.5, f64::NAN];
        let variances = vec![1.0, 9.0, 2.0, 3.0, 8.0, 9.0, 9.0];
        let columns =
            [("gene", Column::texts(genes)), ("p", Column::numbers(p_values)), ("v", Column::numbers(variances))];
        Table::new(columns.map(|(name, column)| (name.to_string(), column)).to_vec(), None).unwrap()
    }

    #[test]
    fn significant_regulators_and_the_most_variable_others_are_kept() {
        let regulators = ["a", "d", "tp53"].map(String::from);
        // Six genes are known: the bound is 0.01 / 6, which c misses.
        let choice = GeneChoice { genes: 1, ..GeneChoice::default() };
        let chosen = choice.choose(&data(), &ordering(), &regulators).unwrap();
        assert_eq!((chosen.columns, chosen.regulators), (vec![0, 1], vec![0]));
        assert!(chosen.warnings[0].starts_with("2 of 3 regulators are among the genes, 1 of them"));
        assert!(chosen.warnings[1].starts_with("1 genes of the table"));
        let plain = GeneChoice { genes: 2, bonferroni: false, ..choice };
        assert_eq!(plain.choose(&data(), &ordering(), &regulators).unwrap().columns, [0, 1, 2]);
        let all = GeneChoice { genes: 500, p_value: 0.0, ..choice };
        assert_eq!(all.choose(&data(), &ordering(), &regulators).unwrap().columns, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn tables_that_do_not_fit_are_explained() {
        let choice = GeneChoice::default();
        let only = ordering().head(7).drop(&crate::data::Selector::Name("v".into())).unwrap();
        assert!(choice.choose(&data(), &only, &[]).unwrap_err().message().contains("two columns of numbers"));
        let twice = ordering().pick_rows(&[0, 0]);
        assert!(choice.choose(&data(), &twice, &[]).unwrap_err().message().contains("'f' has two rows"));
        let strangers = ordering().pick_rows(&[1]);
        assert!(choice.choose(&data(), &strangers, &[]).unwrap_err().message().contains("no gene of the table"));
        let unnamed = Matrix::from_fn(2, 2, |i, j| (i + j) as f64);
        assert!(choice.choose(&unnamed, &ordering(), &[]).is_err());
    }
}
