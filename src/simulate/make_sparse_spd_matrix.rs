//! A sparse precision matrix from a random Cholesky factor.

use ndarray::Array2;
use rand::RngExt;

use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::linalg::Cholesky;
use crate::model::{Accepts, Area, Param, Record, Run};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::rng::{self, Rng};

const OPTIONS: &[Opt] = &[
    Opt::new(
        "alpha",
        &[Kind::Number(Range::UNIT)],
        Preset::Number(0.95),
        "Probability that an entry of the factor L below its diagonal is 0",
    ),
    Opt::new("smallest_coef", &[Kind::Number(Range::UNIT)], Preset::Number(0.1), "Smallest such entry that is not 0"),
    Opt::new("largest_coef", &[Kind::Number(Range::UNIT)], Preset::Number(0.9), "Largest such entry"),
    Opt::new("norm_diag", &[Kind::Bool], Preset::Bool(false), "Scale the result to a unit diagonal"),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "make_sparse_spd_matrix",
    constructor: None,
    area: Area::Simulate,
    summary: "Sparse positive definite matrix from a random factor",
    details: "The law of scikit-learn's function of that name: K = L'L, p x p, with -1 on the diagonal of L; below it every \
entry is 0 with probability `alpha`, else uniform between `smallest_coef` and `largest_coef`; rows and columns of that lower \
triangle are then permuted alike at random. The diagonal of K is 1 plus the sum of squares of the entries of L in its \
column, (p - 1) (1 - alpha) (s^2 + s l + l^2) / 6 on average with s and l the two coefficients; `norm_diag` divides K_ij by \
sqrt(K_ii K_jj). K has more entries than L: pairs that share a row of L are linked too. The smallest eigenvalue falls \
exponentially with (1 - alpha) p; where double precision no longer tells it from 0, that is an error.",
    params: &[Param { name: "p", help: "number of variables" }],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: &[],
    reference: "Pedregosa and others, JMLR 12:2825 (2011), sklearn.datasets.make_sparse_spd_matrix",
    example: "let theta = make_sparse_spd_matrix(6, #{ alpha: 0.7, seed: 1 });\nprint(theta);\n\
print(make_sparse_spd_matrix(20, #{ norm_diag: true, seed: 1 }).trace());",
    run: Run::Value(|args, options, ctx| {
        SparseFactor::from_options(options).matrix(args.count(0, "p", 1)?, ctx).map(Into::into)
    }),
};

/// The law of the factor L, and what is done with L'L.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SparseFactor {
    /// Probability that an entry below the diagonal is 0.
    pub alpha: f64,
    /// Entries that are not 0 are uniform from this number on.
    pub smallest: f64,
    /// Entries that are not 0 are uniform up to this number.
    pub largest: f64,
    /// Whether L'L is scaled to a unit diagonal.
    pub unit_diagonal: bool,
}

impl Default for SparseFactor {
    fn default() -> Self {
        Self { alpha: 0.95, smallest: 0.1, largest: 0.9, unit_diagonal: false }
    }
}

impl SparseFactor {
    fn from_options(options: &Options) -> Self {
        let default = Self::default();
        Self {
            alpha: options.number("alpha").unwrap_or(default.alpha),
            smallest: options.number("smallest_coef").unwrap_or(default.smallest),
            largest: options.number("largest_coef").unwrap_or(default.largest),
            unit_diagonal: options.is_true("norm_diag"),
        }
    }

    fn check(&self) -> Result<()> {
        let unit = |number: f64| (0.0..=1.0).contains(&number);
        if ![self.alpha, self.smallest, self.largest].into_iter().all(unit) {
            return Err(Error::option(format!(
                "alpha, smallest_coef and largest_coef of make_sparse_spd_matrix are from 0 to 1, not {}, {}, {}",
                self.alpha, self.smallest, self.largest
            )));
        }
        if self.smallest > self.largest {
            return Err(Error::option(format!(
                "smallest_coef of make_sparse_spd_matrix is {}, above largest_coef {}",
                self.smallest, self.largest
            ))
            .with_hint("the defaults are 0.1 and 0.9: give both where one of them passes the other"));
        }
        Ok(())
    }

    /// L'L, p x p, exactly symmetric; the seed is the context's.
    ///
    /// # Errors
    /// Numbers that are not between 0 and 1, or of the wrong order; a result that is singular in double precision;
    /// memory, cancellation.
    pub fn matrix(&self, p: usize, ctx: &Context) -> Result<Matrix> {
        self.check()?;
        // The result, a copy to be factored, and its factor.
        let _held = ctx.reserve_matrices(3, p, p)?;
        let mut rng = rng::stream(ctx.seed(), RECORD.verb, 0);
        let mut values = self.product(&mut rng, p, ctx)?;
        if self.unit_diagonal {
            let scale: Vec<f64> = values.diag().iter().map(|entry| 1.0 / entry.sqrt()).collect();
            for ((i, j), value) in values.indexed_iter_mut() {
                *value = if i == j { 1.0 } else { *value * (scale[i] * scale[j]) };
            }
        }
        check_definite(&values, ctx)?;
        Ok(Matrix::from(values))
    }

    /// L'L as a sum over the rows of L, of which only one is held: their order does not change it.
    fn product(&self, rng: &mut Rng, p: usize, ctx: &Context) -> Result<Array2<f64>> {
        let place = rng::permutation(rng, p);
        let mut values = Array2::<f64>::zeros((p, p));
        let mut row: Vec<(usize, f64)> = Vec::new();
        for i in 0..p {
            ctx.check()?;
            row.clear();
            for &column in &place[..i] {
                if rng.random::<f64>() >= self.alpha {
                    let share: f64 = rng.random();
                    row.push((column, self.smallest + (self.largest - self.smallest) * share));
                }
            }
            row.push((place[i], -1.0));
            for (k, &(a, left)) in row.iter().enumerate() {
                // A row without zeros has p^2 / 2 products.
                if k.is_multiple_of(256) {
                    ctx.check()?;
                }
                for &(b, right) in &row[..=k] {
                    values[(a.max(b), a.min(b))] += left * right;
                }
            }
        }
        for i in 0..p {
            ctx.check()?;
            for j in 0..i {
                values[(j, i)] = values[(i, j)];
            }
        }
        Ok(values)
    }
}

/// Fails where the smallest eigenvalue is not above what rounding may do to it.
fn check_definite(values: &Array2<f64>, ctx: &Context) -> Result<()> {
    let norm =
        values.rows().into_iter().map(|row| row.iter().map(|entry| entry.abs()).sum::<f64>()).fold(0.0, f64::max);
    let margin = f64::EPSILON * values.nrows() as f64 * norm;
    let mut shifted = values.clone();
    shifted.diag_mut().iter_mut().for_each(|entry| *entry -= margin);
    match Cholesky::checked(shifted.view(), ctx)? {
        Some(_) => Ok(()),
        None => Err(Error::numerical(
            "make_sparse_spd_matrix: the smallest eigenvalue cannot be told from 0 in double precision",
        )
        .with_hint("an alpha closer to 1, such as 1 - 3.0 / p, fewer variables, or smaller coefficients")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn call(p: i64, given: &[(&str, Value)], seed: u64) -> Result<Matrix> {
        let given: Vec<(String, Value)> = given.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        let made = RECORD.call(&[p.into()], &given, &Context::new().with_seed(seed))?;
        made.object::<Matrix>().cloned().ok_or_else(|| Error::internal("no matrix"))
    }

    #[test]
    fn known_factors_give_known_products() {
        let identity = Matrix::from_fn(4, 4, |i, j| f64::from(i == j));
        assert_eq!(call(4, &[("alpha", 1i64.into())], 1).unwrap(), identity);
        assert_eq!(call(1, &[], 1).unwrap(), Matrix::from_fn(1, 1, |_, _| 1.0));
        // L = [[-1, 0], [1, -1]] in some order: L'L has 2 where its column has two entries.
        let full = [("alpha", 0i64.into()), ("smallest_coef", 1i64.into()), ("largest_coef", 1i64.into())];
        let k = call(2, &full, 1).unwrap();
        let mut sorted = k.as_slice().to_vec();
        sorted.sort_by(f64::total_cmp);
        assert_eq!(sorted, [-1.0, -1.0, 1.0, 2.0]);
        assert_eq!(k.view()[(0, 1)], -1.0);
    }

    #[test]
    fn every_position_is_as_often_the_one_without_entries_below_it() {
        let mut counts = [0; 3];
        for seed in 0..600 {
            let k = call(3, &[("alpha", 0i64.into())], seed).unwrap();
            let last = (0..3).find(|&i| k.view()[(i, i)] == 1.0).unwrap();
            counts[last] += 1;
        }
        // Standard deviation of a count of 200: 11.5.
        assert!(counts.iter().all(|&count: &i32| (count - 200).abs() < 50), "{counts:?}");
    }

    #[test]
    fn wrong_orders_and_matrices_beyond_double_precision_are_errors() {
        let error = call(3, &[("smallest_coef", 0.95.into())], 1).unwrap_err();
        assert!(error.message().contains("above largest_coef"), "{error}");
        // The smallest eigenvalue is about 1.5^-600.
        let error = call(300, &[("alpha", 0i64.into())], 1).unwrap_err();
        assert!(error.message().contains("cannot be told from 0"), "{error}");
        let small = Context::new().with_memory_limit(1000);
        assert_eq!(SparseFactor::default().matrix(100, &small).unwrap_err().kind(), crate::error::ErrorKind::Memory);
    }
}
