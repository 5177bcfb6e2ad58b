//! Graphs whose share of wrong edges is controlled: the option, and tests of all pairs of variables.

use ndarray::{Array2, ArrayView2};

use super::Input;
use crate::context::Context;
use crate::detached::detached_if_many;
use crate::error::{Error, Result};
use crate::graph::{Edge, Graph};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::solver::{multiple_testing, pairs_above};

/// The share of wrong edges that a graph may have.
pub const OPTION: Opt = Opt::new(
    "fdr",
    &[Kind::Number(Range::OPEN_UNIT)],
    Preset::Number(DEFAULT),
    "False discovery rate: the share of the edges that may be wrong, in expectation",
);

/// What holds where none is given.
pub const DEFAULT: f64 = 0.1;

/// The rate that holds.
pub fn given(options: &Options) -> f64 {
    options.number(OPTION.name).unwrap_or(DEFAULT)
}

/// Checks what Rust callers can get wrong; scripts have been checked before.
///
/// # Errors
/// A rate that is not between 0 and 1.
pub fn check(fdr: f64) -> Result<()> {
    match fdr > 0.0 && fdr < 1.0 {
        true => Ok(()),
        false => Err(Error::option(format!("fdr must be a number > 0 and < 1, not {fdr}"))),
    }
}

/// Columns whose correlation is closer to 1 or -1 than this are the same.
const SAME: f64 = 1e-10;

/// Checks that no two variables are the same up to scale and rounding, from their correlations, p x p.
///
/// # Errors
/// The first two that are.
pub fn check_distinct(r: ArrayView2<'_, f64>, input: &Input) -> Result<()> {
    let same = r.indexed_iter().find(|((i, j), value)| i < j && value.abs() > 1.0 - SAME);
    let Some(((i, j), _)) = same else { return Ok(()) };
    let name = |column: usize| match input.names() {
        Some(names) => format!("'{}'", names.get(column)),
        None => column.to_string(),
    };
    let message = format!("columns {} and {} are the same up to scale", name(i), name(j));
    Err(Error::data(message).with_hint("leave one of them out: no regression tells them apart"))
}

/// Statistics of all pairs, p x p, with what they say.
#[derive(Debug)]
pub struct Tested {
    /// The statistics, standard normal without an edge.
    pub statistics: Array2<f64>,
    /// Their two-sided p-values, 1 on the diagonal.
    pub p_values: Array2<f64>,
    /// Their adjusted p-values (Benjamini and Hochberg), 1 on the diagonal: an edge has a q-value of at most the false
    /// discovery rate.
    pub q_values: Array2<f64>,
}

/// Tests all pairs. The caller has reserved the memory.
///
/// # Errors
/// Limits of the context, which do not wait for millions of pairs.
pub fn tested(statistics: Array2<f64>, ctx: &Context) -> Result<Tested> {
    detached_if_many(statistics.len(), ctx, move || {
        let p_values = p_values(statistics.view());
        let q_values = q_values(p_values.view());
        Tested { statistics, p_values, q_values }
    })
}

fn p_values(statistics: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut values = statistics.mapv(multiple_testing::p_value);
    values.diag_mut().fill(1.0);
    values
}

fn q_values(p_values: ArrayView2<'_, f64>) -> Array2<f64> {
    let p = p_values.nrows();
    let adjusted = multiple_testing::q_values(&pairs_above(p_values));
    let mut values = Array2::from_elem((p, p), 1.0);
    let pairs = (0..p).flat_map(|i| (i + 1..p).map(move |j| (i, j)));
    for ((i, j), q) in pairs.zip(adjusted) {
        values[(i, j)] = q;
        values[(j, i)] = q;
    }
    values
}

/// The graph of the pairs i < j that are believed, with these weights cut to [-1, 1].
///
/// # Errors
/// Limits of the context.
pub fn graph(
    input: &Input,
    weight: impl Fn(usize, usize) -> f64,
    believed: impl Fn(usize, usize) -> bool,
    ctx: &Context,
) -> Result<Graph> {
    let p = input.p();
    let mut edges = Vec::new();
    for source in 0..p {
        ctx.check()?;
        let targets = (source + 1..p).filter(|&target| believed(source, target));
        edges.extend(targets.map(|target| Edge::new(source, target, weight(source, target).clamp(-1.0, 1.0))));
    }
    Graph::new(p, input.names().cloned(), false, edges)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn q_values_of_pairs_are_symmetric() {
        let p = p_values(array![[0.0, 3.0, -1.0], [3.0, 0.0, 0.0], [-1.0, 0.0, 0.0]].view());
        let q = q_values(p.view());
        assert!((p[(0, 1)] - 0.002_699_796_063_260_19).abs() < 1e-15 && p[(1, 2)] == 1.0 && p[(1, 1)] == 1.0);
        assert!((q[(1, 0)] - 3.0 * p[(0, 1)]).abs() < 1e-15 && (q[(0, 2)] - 1.5 * p[(0, 2)]).abs() < 1e-15, "{q}");
        assert_eq!((q[(1, 2)], q[(2, 2)]), (1.0, 1.0));
        assert!(check(0.0).is_err() && check(1.0).is_err() && check(f64::NAN).is_err() && check(0.05).is_ok());
    }
}
