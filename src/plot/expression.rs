//! Figures of simulated expression, and of other samples in groups.

use ndarray::{Array2, ArrayViewMut1};

use super::charts::{Points, scatter};
use super::figure::Figure;
use super::heatmap::stretched_heatmap;
use super::scene::Axis;
use crate::context::Context;
use crate::data::{Matrix, Names, Vector};
use crate::error::{Error, Result};
use crate::linalg::principal_components;
use crate::model::Simulation;

/// Cells drawn as points at most.
const POINTS: usize = 5000;
/// Cells and genes of a heatmap at most.
const CELLS: usize = 300;
const GENES: usize = 100;

/// Samples with the group of each.
struct Grouped {
    samples: Matrix,
    groups: Vec<usize>,
    /// The number of each sample within its group.
    numbers: Vec<usize>,
    /// What a group is.
    word: &'static str,
}

/// Samples of all groups on their first two principal components, coloured by group: cell types, or data sets.
/// Expression, which is never negative, is taken as log(x + 1).
///
/// # Errors
/// A simulation without samples, fewer than two samples or variables, limits of the context.
pub fn component_scatter(simulation: &Simulation, ctx: &Context) -> Result<Figure> {
    let Grouped { samples, groups, word, .. } = evenly(grouped(simulation)?, POINTS)?;
    if samples.rows() < 2 || samples.cols() < 2 {
        let (rows, cols) = (samples.rows(), samples.cols());
        return Err(Error::shape(format!("components of {rows} x {cols} numbers cannot be drawn: two each at least")));
    }
    let is_expression = samples.as_slice().iter().all(|&value| value >= 0.0);
    let values = if is_expression { samples.map(f64::ln_1p) } else { samples };
    let (scores, shares) = principal_components(values.view(), 2, ctx)?;
    let axis = |i: usize| Axis::linear(format!("component {} ({:.0}% of variance)", i + 1, 100.0 * shares[i]));
    let points = Points {
        x: scores.column(0).to_vec(),
        y: scores.column(1).to_vec(),
        groups: groups.iter().map(|group| format!("{word} {group}")).collect(),
        labels: Vec::new(),
    };
    scatter(&points, axis(0), axis(1))
}

/// log(x + 1) of expression, standardized gene by gene, cells in their order by type, genes as columns: as many cells of
/// all types as there is room for, and the genes that vary most, in their own order.
///
/// # Errors
/// A simulation without counts, counts without cells or genes.
pub fn expression_heatmap(simulation: &Simulation) -> Result<Figure> {
    let grouped = grouped(simulation)?;
    if grouped.word != TYPE {
        return Err(Error::argument(format!("a simulation by {} has no expression", simulation.verb()))
            .with_hint("plot(\"pca\") draws its samples"));
    }
    let (all_cells, all_genes) = (grouped.samples.rows(), grouped.samples.cols());
    let Grouped { samples, groups, numbers, .. } = evenly(grouped, CELLS)?;
    let logs = samples.map(f64::ln_1p);
    let genes = most_variable(&logs, GENES);
    let mut values = Array2::from_shape_fn((logs.rows(), genes.len()), |(cell, gene)| logs.view()[(cell, genes[gene])]);
    values.columns_mut().into_iter().for_each(standardize);
    let names = logs.names().map(|names| names.pick(&genes));
    let rows = groups.iter().zip(&numbers).map(|(group, number)| format!("{TYPE} {group}, {number}"));
    let rows = Names::new(rows.collect(), "rows")?;
    let shown = Matrix::from(values).with_names(names)?.with_row_names(Some(rows))?;
    let mut title = "Standardized log expression".to_string();
    if shown.rows() < all_cells {
        title += &format!(", {} of {all_cells} cells", shown.rows());
    }
    if shown.cols() < all_genes {
        title += &format!(", {} most variable genes of {all_genes}", shown.cols());
    }
    stretched_heatmap(&shown, Some(&title))
}

/// Mean 0, standard deviation 1, and nothing beyond three of them, which would take the colours from all the rest.
fn standardize(mut gene: ArrayViewMut1<'_, f64>) {
    let count = gene.len() as f64;
    let mean = gene.sum() / count;
    let deviation = (gene.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    // A gene without variation is at its mean everywhere.
    let scale = if deviation > 1e-12 * mean.abs() { 1.0 / deviation } else { 0.0 };
    gene.mapv_inplace(|value| ((value - mean) * scale).clamp(-3.0, 3.0));
}

/// What the group of a cell is.
const TYPE: &str = "type";

fn grouped(simulation: &Simulation) -> Result<Grouped> {
    let counts = simulation.get("counts").and_then(|part| part.object::<Matrix>());
    let types = simulation.get("cell_type").and_then(|part| part.object::<Vector>());
    if let (Some(counts), Some(types)) = (counts, types) {
        let groups = types.as_slice().iter().map(|&group| group as usize).collect();
        return Ok(Grouped::new(counts.clone(), groups, TYPE));
    }
    let Some(crate::Value::List(sets)) = simulation.get("datasets") else {
        return Err(Error::argument(format!("a simulation by {} has no samples to draw", simulation.verb())));
    };
    let sets: Vec<&Matrix> = sets.iter().filter_map(|set| set.object::<Matrix>()).collect();
    let groups = sets.iter().enumerate().flat_map(|(set, samples)| std::iter::repeat_n(set, samples.rows())).collect();
    let views: Vec<_> = sets.iter().map(|samples| samples.view()).collect();
    let samples = ndarray::concatenate(ndarray::Axis(0), &views)
        .map_err(|_| Error::shape("the data sets have different variables"))?;
    Ok(Grouped::new(Matrix::from(samples), groups, "data set"))
}

impl Grouped {
    fn new(samples: Matrix, groups: Vec<usize>, word: &'static str) -> Self {
        let mut counts = std::collections::BTreeMap::new();
        let number = |group: &usize| {
            let count = counts.entry(*group).or_insert(0);
            *count += 1;
            *count - 1
        };
        let numbers = groups.iter().map(number).collect();
        Self { samples, groups, numbers, word }
    }
}

/// At most so many samples, evenly over their order.
fn evenly(grouped: Grouped, most: usize) -> Result<Grouped> {
    let all = grouped.samples.rows();
    if all <= most {
        return Ok(grouped);
    }
    let picked: Vec<usize> = (0..most).map(|i| i * all / most).collect();
    let samples = Matrix::from(grouped.samples.view().select(ndarray::Axis(0), &picked));
    Ok(Grouped {
        samples: samples.with_names(grouped.samples.names().cloned())?,
        groups: picked.iter().map(|&i| grouped.groups[i]).collect(),
        numbers: picked.iter().map(|&i| grouped.numbers[i]).collect(),
        word: grouped.word,
    })
}

/// The columns of the largest variances, in their own order.
fn most_variable(m: &Matrix, most: usize) -> Vec<usize> {
    let variances: Vec<f64> = m.by_column(crate::data::summary::variance).as_slice().to_vec();
    let mut order: Vec<usize> = (0..m.cols()).collect();
    order.sort_by(|&a, &b| variances[b].total_cmp(&variances[a]));
    order.truncate(most);
    order.sort_unstable();
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simulation(cells: usize, genes: usize) -> Simulation {
        let counts = Matrix::from_fn(2 * cells, genes, |i, j| ((i / cells) * 5 + (i * 7 + j * 3) % 4) as f64);
        let types = (0..2 * cells).map(|i| (i / cells) as f64).collect::<Vec<_>>();
        Simulation::new("sergio", Vec::new(), &Context::new())
            .with("counts", counts)
            .with("cell_type", Vector::from(types))
    }

    #[test]
    fn every_type_has_a_colour_and_large_matrices_are_thinned_out() {
        let figure = component_scatter(&simulation(20, 5), &Context::new()).unwrap();
        assert_eq!(figure.scene().panels[0].traces.len(), 2);
        assert!(figure.scene().panels[0].summary.contains("40 points in 2 groups"));
        let heatmap = expression_heatmap(&simulation(400, 150)).unwrap();
        assert!(heatmap.title().unwrap().contains("300 of 800 cells, 100 most variable genes of 150"));
        assert!(heatmap.scene().panels[0].summary.contains("300 x 100"));
    }

    #[test]
    fn what_has_no_samples_is_an_error() {
        let empty = Simulation::new("other", Vec::new(), &Context::new());
        assert!(component_scatter(&empty, &Context::new()).is_err() && expression_heatmap(&empty).is_err());
        assert!(component_scatter(&simulation(1, 1), &Context::new()).unwrap_err().message().contains("2 x 1"));
    }
}
