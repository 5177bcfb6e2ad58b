//! Fits that are sparse plus low rank: both parts side by side, and how large the low-rank part is in every direction.

use crate::data::{Matrix, Vector};
use crate::error::{Error, Result};
use crate::model::Fit;

use super::charts::bar;
use super::figure::Figure;
use super::heatmap::heatmap;

/// A figure of the sparse part beside the low-rank part, with the eigenvalues of the latter where it is not 0.
///
/// # Errors
/// A fit without a low-rank part.
pub fn low_rank_parts(fit: &Fit) -> Result<Figure> {
    let part = |name: &str| -> Result<&Matrix> {
        fit.added(name)?.object().ok_or_else(|| Error::internal("a part of a precision matrix is no matrix"))
    };
    let mut figures =
        vec![heatmap(part("sparse_part")?, Some("sparse part"))?, heatmap(part("low_rank")?, Some("low-rank part"))?];
    let eigenvalues: Option<&Vector> = fit.added("eigenvalues")?.object();
    if let Some(values) = eigenvalues.filter(|values| !values.is_empty()) {
        let names: Vec<String> = (1..=values.len()).map(|k| k.to_string()).collect();
        let bars = bar(&names, &[("eigenvalue".to_string(), values.as_slice().to_vec())])?;
        figures.push(bars.with_title("eigenvalues of the low-rank part"));
    }
    Figure::grid(&figures, Some(figures.len()), None)
}
