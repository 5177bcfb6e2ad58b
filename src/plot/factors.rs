//! Joint fits over latent factors: variances over data sets, scores in order, the variables of large weight.

use crate::context::Context;
use crate::data::{Column, Matrix};
use crate::error::{Error, Result};
use crate::model::{Factors, JointFit};
use crate::value::Value;

use super::charts::bar;
use super::curves::{Series, curves};
use super::figure::Figure;
use super::scene::Axis;

/// Variables of a factor that are drawn.
const VARIABLES: usize = 12;

/// A figure of the variances of the factors in every data set, and of the noise beside them.
///
/// # Errors
/// A joint fit without latent factors.
pub fn factor_variances(joint: &JointFit, title: Option<&str>) -> Result<Figure> {
    let factors = Factors::of(joint)?;
    let missing = || Error::internal("a joint fit over factors has no variances");
    let variances = joint.added("variances")?.object::<Matrix>().ok_or_else(missing)?;
    let sets: Vec<f64> = (0..variances.rows()).map(|set| set as f64).collect();
    let one = |j: usize| (factor_name(joint, j), sets.clone(), variances.col(j).as_slice().to_vec());
    let of_factors: Vec<Series> = (0..variances.cols()).map(one).collect();
    let of_noise: Vec<Series> = vec![(String::new(), sets.clone(), factors.noise)];
    let axes = || (Axis::whole("data set"), Axis::linear("variance"));
    let panel = |series: &[Series], title: &str| {
        let (x, y) = axes();
        curves(series, x, y).with_title(title)
    };
    Figure::grid(&[panel(&of_factors, "factors"), panel(&of_noise, "noise")], Some(2), title)
}

/// A figure of the scores of all samples, a panel a factor, one data set behind the other.
///
/// # Errors
/// A joint fit without latent factors; 0 columns; cancellation.
pub fn factor_scores(joint: &JointFit, columns: Option<usize>, title: Option<&str>, ctx: &Context) -> Result<Figure> {
    let count = Factors::of(joint)?.projection.cols();
    let Value::List(list) = joint.added("scores")? else {
        return Err(Error::internal("a joint fit over factors has no scores"));
    };
    let scores: Vec<&Matrix> = list.iter().filter_map(Value::object::<Matrix>).collect();
    let mut figures = Vec::with_capacity(count);
    for factor in 0..count {
        ctx.check()?;
        let mut series: Vec<Series> = Vec::with_capacity(scores.len());
        let mut first = 0;
        for (set, own) in scores.iter().enumerate() {
            let places = (first..first + own.rows()).map(|sample| sample as f64).collect();
            series.push((format!("data set {set}"), places, own.col(factor).as_slice().to_vec()));
            first += own.rows();
        }
        let figure = curves(&series, Axis::linear("sample"), Axis::linear("score"));
        figures.push(figure.with_title(&factor_name(joint, factor)));
    }
    Figure::grid(&figures, columns, title)
}

/// A figure of the variables with the largest weights, a panel a factor.
///
/// # Errors
/// A joint fit without latent factors; 0 columns.
pub fn factor_loadings(joint: &JointFit, columns: Option<usize>, title: Option<&str>) -> Result<Figure> {
    let factors = Factors::of(joint)?;
    let mut figures = Vec::with_capacity(factors.projection.cols());
    for factor in 0..factors.projection.cols() {
        let table = factors.loadings(factor as i64)?.head(VARIABLES as i64);
        let names: Vec<String> = (0..table.rows()).map(|row| table.column_at(0).label(row)).collect();
        let Column::Numbers(weights) = table.column_at(1) else {
            return Err(Error::internal("weights are numbers"));
        };
        let figure = bar(&names, &[("weight".to_string(), weights.to_vec())])?;
        figures.push(figure.with_title(&factor_name(joint, factor)));
    }
    Figure::grid(&figures, columns, title)
}

fn factor_name(joint: &JointFit, factor: usize) -> String {
    joint.names().map_or_else(|| format!("f{factor}"), |names| names.get(factor).to_string())
}
