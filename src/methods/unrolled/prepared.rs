//! From data to what a model sees.

use ndarray::{Array2, ArrayView2};

use super::units::Units;
use crate::context::Context;
use crate::data::{Matrix, Names};
use crate::error::Result;
use crate::linalg;
use crate::model::Input;
use crate::select::Shrinkage;

/// A data set as a model sees it.
#[derive(Debug)]
pub struct Prepared {
    /// Positions of the model's variables among those of the data.
    pub columns: Vec<usize>,
    /// The covariance that the model gets, of these variables, in the units of the data.
    pub sigma: Array2<f64>,
    /// The diagonal that S was moved towards.
    target: Vec<f64>,
    /// How far S and that diagonal were moved; none where they were not.
    pub shrinkage: Option<(f64, f64)>,
    /// The model's units.
    pub units: Units,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Prepared {
    /// A data set whose covariance is taken as it is, in these units.
    pub fn plain(columns: Vec<usize>, sigma: Array2<f64>, units: Units, warnings: Vec<String>) -> Self {
        Self { target: sigma.diag().to_vec(), columns, sigma, shrinkage: None, units, warnings }
    }

    /// The covariance of an input, whatever it is made of, shrunk; `units` gives the model's units.
    ///
    /// # Errors
    /// What cannot be shrunk; a covariance that is singular all the same; limits of the context.
    pub fn shrunk(
        shrinkage: &Shrinkage,
        input: &Input,
        units: fn(ArrayView2<'_, f64>, &Context) -> Result<Units>,
        ctx: &Context,
    ) -> Result<Self> {
        let shrunk = shrinkage.shrink_input(input, ctx)?;
        let units = units(shrunk.sigma.view(), ctx)?;
        let s = input.s(ctx)?;
        let variances: Vec<f64> = shrunk.columns.iter().map(|&j| s[(j, j)]).collect();
        let mean = variances.iter().sum::<f64>() / variances.len().max(1) as f64;
        let target = variances.iter().map(|v| (1.0 - shrunk.variances) * v + shrunk.variances * mean).collect();
        // That hardly anything in common was borne out is said by `shrinkage`: the order of pairs is good all the same.
        let mut warnings: Vec<String> =
            shrunk.warnings.into_iter().filter(|warning| !warning.starts_with("the largest shrinkage")).collect();
        let equal = input.x().map(|x| equal_columns(x, &shrunk.columns)).unwrap_or_default();
        warnings.extend(equal.into_iter().map(|(first, second)| {
            let [first, second] = [first, second].map(|column| called(input.names(), column));
            format!("columns {first} and {second} are equal: their edge says nothing")
        }));
        let shrinkage = Some((shrunk.intensity, shrunk.variances));
        Ok(Self { columns: shrunk.columns, sigma: shrunk.sigma, target, shrinkage, units, warnings })
    }

    /// The covariance as the model sees it.
    pub fn s(&self) -> Array2<f64> {
        self.units.to_model(self.sigma.view())
    }

    /// Some rows of the data, as the model sees them.
    pub fn part(&self, x: &Matrix, rows: &[usize]) -> Part {
        let x = x.pick(rows, &self.columns);
        Part { means: x.column_means(), x }
    }

    /// The covariance of a part, moved as far as that of all rows, as the model sees it.
    pub fn shrunk_s(&self, part: &Part, ctx: &Context) -> Result<Array2<f64>> {
        let mut s = moments_about(&part.x, &part.means, ctx)?;
        if let Some((intensity, _)) = self.shrinkage {
            s.mapv_inplace(|value| (1.0 - intensity) * value);
            s.diag_mut().iter_mut().zip(&self.target).for_each(|(value, target)| *value += intensity * target);
        }
        Ok(self.units.to_model(s.view()))
    }

    /// The second moments of a part about the means of another, as the model sees them.
    pub fn held_out_s(&self, part: &Part, learned_from: &Part, ctx: &Context) -> Result<Array2<f64>> {
        Ok(self.units.to_model(moments_about(&part.x, &learned_from.means, ctx)?.view()))
    }
}

/// Some rows of a data set.
#[derive(Debug)]
pub struct Part {
    x: Matrix,
    means: Vec<f64>,
}

/// The second moments of a matrix about these means, divided by the number of rows.
pub fn moments_about(x: &Matrix, means: &[f64], ctx: &Context) -> Result<Array2<f64>> {
    let centered = Array2::from_shape_fn((x.rows(), x.cols()), |(i, j)| x.view()[(i, j)] - means[j]);
    Ok(linalg::gram(centered.view(), ctx)? / x.rows() as f64)
}

/// What messages call a column.
pub fn called(names: Option<&Names>, column: usize) -> String {
    names.map(|names| names.get(column)).map_or_else(|| column.to_string(), |name| format!("'{name}'"))
}

/// Pairs of columns whose numbers are the same, each column once with the first that it repeats.
pub fn equal_columns(x: &Matrix, columns: &[usize]) -> Vec<(usize, usize)> {
    let bits = |column: usize| -> Vec<u64> { x.view().column(column).iter().map(|value| value.to_bits()).collect() };
    let mut first = std::collections::HashMap::new();
    let mut pairs = Vec::new();
    for &column in columns {
        match first.entry(bits(column)) {
            std::collections::hash_map::Entry::Occupied(known) => pairs.push((*known.get(), column)),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(column);
            }
        }
    }
    pairs
}

/// A matrix over some of `p` variables, between rows and columns of 0 for the others.
pub fn among_all(part: ArrayView2<'_, f64>, columns: &[usize], p: usize) -> Array2<f64> {
    let mut all = Array2::zeros((p, p));
    part.indexed_iter().for_each(|((i, j), &value)| all[(columns[i], columns[j])] = value);
    all
}
