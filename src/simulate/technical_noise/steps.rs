//! The steps of technical noise. Random numbers of a cell come from a stream of its own, so that cells can be worked on
//! beside each other.

use ndarray::{Array2, Axis};
use rand::RngExt;
use rand_distr::{Distribution, LogNormal, Poisson};

use super::{Dropout, Library, Outlier};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::rng;

/// A log-normal law, whose parameters the options have checked.
/// Looks at the context once in so many genes: a cell may have millions.
fn look(gene: usize, ctx: &Context) -> Result<()> {
    const TOGETHER: usize = 4096;
    if gene.is_multiple_of(TOGETHER) { ctx.check() } else { Ok(()) }
}

fn log_normal(mean: f64, scale: f64) -> Result<LogNormal<f64>> {
    LogNormal::new(mean, scale).map_err(|_| Error::option(format!("there is no log-normal law with scale {scale}")))
}

/// Multiplies all values of some genes by a factor, the same in all parts.
pub(super) fn outliers(parts: &mut [Array2<f64>], outlier: &Outlier, ctx: &Context) -> Result<()> {
    let law = log_normal(outlier.mean, outlier.scale)?;
    let mut rng = rng::stream(ctx.seed(), "outlier genes", 0);
    let genes = parts.first().map_or(0, Array2::ncols);
    let mut factors = Vec::with_capacity(genes);
    for gene in 0..genes {
        look(gene, ctx)?;
        // Both are drawn for every gene: which genes are outliers does not change the factors of others.
        let (is_outlier, factor) = (rng.random::<f64>() < outlier.probability, law.sample(&mut rng));
        factors.push(if is_outlier { factor } else { 1.0 });
    }
    for mut cell in parts.iter_mut().flat_map(|part| part.rows_mut()) {
        cell.iter_mut().zip(&factors).for_each(|(value, factor)| *value *= factor);
    }
    ctx.check()
}

/// Scales every cell so that its total, over all parts, is log-normal. A cell without expression stays as it is.
pub(super) fn library_sizes(parts: &mut [Array2<f64>], library: &Library, ctx: &Context) -> Result<()> {
    let law = log_normal(library.mean, library.scale)?;
    let mut rng = rng::stream(ctx.seed(), "library sizes", 0);
    for cell in 0..parts.first().map_or(0, Array2::nrows) {
        ctx.check()?;
        let wanted = law.sample(&mut rng);
        let total: f64 = parts.iter().map(|part| part.row(cell).sum()).sum();
        if !(wanted.is_finite() && total.is_finite()) {
            return Err(Error::numerical(format!(
                "the total of cell {cell} is too large: {total:e}, wanted {wanted:e}"
            ))
            .with_hint("library: #{ mean, scale } are those of the logarithm of a cell's total"));
        }
        if total > 0.0 {
            parts.iter_mut().for_each(|part| part.row_mut(cell).mapv_inplace(|value| value / total * wanted));
        }
    }
    Ok(())
}

/// Keeps a value with probability 1 / (1 + exp(-shape (log(x + 1) - y0))), else makes it 0.
pub(super) fn dropout(values: &mut Array2<f64>, dropout: &Dropout, part: usize, ctx: &Context) -> Result<()> {
    let middle = percentile_of_logs(values, dropout.percentile, ctx)?;
    let purpose = format!("dropout {part}");
    for (cell, mut row) in values.axis_iter_mut(Axis(0)).enumerate() {
        ctx.check()?;
        let mut rng = rng::stream(ctx.seed(), &purpose, cell as u64);
        for (gene, value) in row.iter_mut().enumerate() {
            look(gene, ctx)?;
            let kept = 1.0 / (1.0 + (-dropout.shape * (value.ln_1p() - middle)).exp());
            if rng.random::<f64>() >= kept {
                *value = 0.0;
            }
        }
    }
    Ok(())
}

/// The percentile of log(x + 1) over a whole matrix, interpolated between the two values beside it as NumPy does.
fn percentile_of_logs(values: &Array2<f64>, percentile: f64, ctx: &Context) -> Result<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().collect();
    let Some(last) = sorted.len().checked_sub(1) else { return Ok(0.0) };
    let place = percentile / 100.0 * last as f64;
    // The logarithm keeps the order, so that only the two values beside the place need one.
    let below = (place.floor() as usize).min(last);
    let (_, low, above) = sorted.select_nth_unstable_by(below, f64::total_cmp);
    let low = low.ln_1p();
    let high = above.iter().copied().min_by(f64::total_cmp).map_or(low, f64::ln_1p);
    ctx.check()?;
    Ok(low + (place - below as f64) * (high - low))
}

/// Poisson counts with the values as means.
pub(super) fn molecules(values: &mut Array2<f64>, part: usize, ctx: &Context) -> Result<()> {
    let purpose = format!("molecules {part}");
    for (cell, mut row) in values.axis_iter_mut(Axis(0)).enumerate() {
        ctx.check()?;
        let mut rng = rng::stream(ctx.seed(), &purpose, cell as u64);
        for (gene, value) in row.iter_mut().enumerate() {
            look(gene, ctx)?;
            // Nothing stays nothing, and is drawn by no law.
            if *value <= 0.0 {
                continue;
            }
            let law = Poisson::new(*value).map_err(|_| {
                Error::numerical(format!("a count with mean {value:e} (cell {cell}, gene {gene}) is too large"))
                    .with_hint("library sizes or outliers with smaller means")
            })?;
            *value = law.sample(&mut rng);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn percentiles_are_interpolated() {
        let values = array![[0.0, 3.0], [1.0, 7.0]];
        let at = |percentile| percentile_of_logs(&values, percentile, &Context::new()).unwrap();
        let logs = [0.0f64, 2f64.ln(), 4f64.ln(), 8f64.ln()];
        assert_eq!((at(0.0), at(100.0)), (logs[0], logs[3]));
        assert!((at(50.0) - 0.5 * (logs[1] + logs[2])).abs() < 1e-15);
        assert!((at(90.0) - (logs[2] + 0.7 * (logs[3] - logs[2]))).abs() < 1e-12);
    }

    #[test]
    fn totals_are_log_normal_and_shared_by_parts() {
        let ctx = Context::new().with_seed(1);
        let mut parts = vec![Array2::from_elem((4000, 3), 2.0), Array2::from_elem((4000, 3), 6.0)];
        parts[0].row_mut(5).fill(0.0);
        parts[1].row_mut(5).fill(0.0);
        library_sizes(&mut parts, &Library { mean: 4.6, scale: 0.4 }, &ctx).unwrap();
        assert!(parts[0].row(5).iter().all(|&value| value == 0.0));
        assert!((parts[1][(0, 0)] / parts[0][(0, 0)] - 3.0).abs() < 1e-12);
        let logs: Vec<f64> = (0..4000)
            .filter(|&cell| cell != 5)
            .map(|cell| (parts[0].row(cell).sum() + parts[1].row(cell).sum()).ln())
            .collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / logs.len() as f64;
        assert!((mean - 4.6).abs() < 0.03 && (variance.sqrt() - 0.4).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn outliers_are_few_genes_with_one_factor_each() {
        let ctx = Context::new().with_seed(3);
        let mut parts = vec![Array2::ones((2, 20_000))];
        outliers(&mut parts, &Outlier { probability: 0.05, mean: 3.0, scale: 1.0 }, &ctx).unwrap();
        let logs: Vec<f64> = parts[0].row(0).iter().filter(|&&value| value != 1.0).map(|value| value.ln()).collect();
        assert!((logs.len() as f64 - 1000.0).abs() < 150.0, "{}", logs.len());
        assert!((logs.iter().sum::<f64>() / logs.len() as f64 - 3.0).abs() < 0.15);
        assert_eq!(parts[0].row(0), parts[0].row(1));
    }

    #[test]
    fn counts_are_whole_with_their_means_and_too_large_ones_are_refused() {
        let ctx = Context::new().with_seed(3);
        let mut values = Array2::from_shape_fn((4000, 3), |(_, gene)| [0.0, 0.5, 40.0][gene]);
        molecules(&mut values, 0, &ctx).unwrap();
        assert!(values.iter().all(|value| value.fract() == 0.0));
        let mean = |gene: usize| values.column(gene).sum() / 4000.0;
        assert!(mean(0) == 0.0 && (mean(1) - 0.5).abs() < 0.05 && (mean(2) - 40.0).abs() < 0.5);
        assert!(molecules(&mut array![[1e300]], 0, &ctx).unwrap_err().hint().is_some());
    }
}
