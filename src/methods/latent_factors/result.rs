//! From a projection to the joint fit that a user gets.

use ndarray::{Array2, Axis};

use super::objective::{Objective, Part};
use super::sets::{Sets, Units};
use crate::context::Context;
use crate::data::{Matrix, Names, Vector};
use crate::error::Result;
use crate::linalg::{SparseSymmetric, matmul, symmetrize};
use crate::model::{Estimate, Fit, Input, JointFitBuilder, Property};
use crate::value::Value;

/// What every joint fit over latent factors has.
pub const PROJECTION: Property = Property {
    name: "projection",
    help: "D: a column a factor, the one of the largest variance first (Matrix, variables x factors)",
};
/// The precision matrices of the factors.
pub const PRECISIONS: Property =
    Property { name: "precisions", help: "Precision matrix of the factors in each data set (list of Matrix, M x M)" };
/// The variances of the noise.
pub const NOISE: Property =
    Property { name: "noise", help: "eps: variance of what is beside the factors, of each data set (Vector)" };
/// The variances of the factors.
pub const VARIANCES: Property =
    Property { name: "variances", help: "Variance of every factor in each data set (Matrix, data sets x factors)" };
/// The scores of the samples.
pub const SCORES: Property =
    Property { name: "scores", help: "Scores of the samples of each data set (list of Matrix, samples x factors)" };
/// The criterion.
pub const BIC: Property = Property {
    name: "bic",
    help: "-2 log-likelihood + k log n with k the non-zeros of the precision matrices, the noise and D (float)",
};

/// A projection and what it gives for each data set.
#[derive(Debug)]
pub struct Found {
    /// D, V x M.
    pub d: Array2<f64>,
    /// What it gives.
    pub parts: Vec<Part>,
}

/// How a joint fit came about.
#[derive(Debug)]
pub struct Origin<'a> {
    /// The verb.
    pub verb: &'static str,
    /// What ran, for how many iterations, and whether it reached its tolerance.
    pub solver: (&'static str, usize, bool),
    /// The options that held.
    pub options: &'a [(String, Value)],
}

impl Found {
    /// For directions that need not be orthogonal, with an orthonormal basis of their span.
    ///
    /// # Errors
    /// As [`Objective::at`].
    pub fn of_directions(
        objective: &Objective<'_>,
        d: Array2<f64>,
        basis: &Array2<f64>,
        ctx: &Context,
    ) -> Result<Self> {
        let sets = objective.sets;
        let mut parts = Vec::with_capacity(sets.len());
        for set in 0..sets.len() {
            let product = sets.product(set, basis.view(), Units::Own, ctx)?;
            let mut within = matmul(basis.t(), product.view(), ctx)?;
            symmetrize(&mut within);
            // D = basis x turn.
            let turn = matmul(basis.t(), d.view(), ctx)?;
            let mut s = matmul(matmul(turn.t(), within.view(), ctx)?.view(), turn.view(), ctx)?;
            symmetrize(&mut s);
            parts.push(objective.part(set, s, within.diag().sum(), ctx)?);
        }
        Ok(Self { d, parts })
    }

    /// Factors by their mean variance, the largest first; of each the weight of the largest size is positive.
    fn ordered(self) -> Self {
        let m = self.d.ncols();
        let variance = |i: usize| self.parts.iter().map(|part| part.s[(i, i)]).sum::<f64>();
        let mut order: Vec<usize> = (0..m).collect();
        order.sort_by(|&a, &b| variance(b).total_cmp(&variance(a)));
        let mut d = self.d.select(Axis(1), &order);
        let signs: Vec<f64> = d
            .columns()
            .into_iter()
            .map(|column| {
                let largest =
                    column.iter().fold(0.0f64, |best, value| if value.abs() > best.abs() { *value } else { best });
                if largest < 0.0 { -1.0 } else { 1.0 }
            })
            .collect();
        for (mut column, sign) in d.columns_mut().into_iter().zip(&signs) {
            column *= *sign;
        }
        // Without a negative zero where nothing is.
        let moved = |a: &Array2<f64>| {
            Array2::from_shape_fn((m, m), |(i, j)| 0.0 + signs[i] * signs[j] * a[(order[i], order[j])])
        };
        let parts =
            self.parts.iter().map(|part| Part { s: moved(&part.s), precision: moved(&part.precision), ..part.clone() });
        let parts = parts.collect();
        Self { d, parts }
    }

    /// The fits of the data sets, over the factors, and the properties that all such joint fits have.
    ///
    /// # Errors
    /// Not converged, where the context is strict; memory, cancellation.
    pub fn finish(
        self,
        sets: &Sets<'_>,
        lambda: f64,
        origin: &Origin<'_>,
        builder: JointFitBuilder,
        ctx: &Context,
    ) -> Result<(JointFitBuilder, Vec<Fit>)> {
        let found = self.ordered();
        let m = found.d.ncols();
        let names = Names::numbered_with("f", m);
        let (solver, iterations, converged) = origin.solver;
        let (mut fits, mut scores, mut variances) = (Vec::new(), Vec::new(), Vec::new());
        let (mut precisions, mut noise) = (Vec::new(), Vec::new());
        for (set, part) in found.parts.iter().enumerate() {
            let samples = sets.samples(set);
            let _held = ctx.reserve_matrices(2, samples, m)?;
            let input = Input::of_moments(part.s.clone(), Some(&names), samples);
            let estimate = Estimate::precision(SparseSymmetric::from_dense(part.precision.view()), Some(&names));
            let fit = Fit::builder(origin.verb, &input, origin.options.to_vec(), ctx)
                .lambda(Value::Float(lambda))
                .likelihood(part.likelihood)
                .certificate(part.certificate)
                .solver(solver, iterations, converged)
                .finish(estimate, &ctx.clone().with_strict(false))?;
            variances.push(fit.covariance(ctx)?.diagonal().as_slice().to_vec());
            precisions.push(Value::from(fit.precision()?.clone()));
            noise.push(part.noise);
            let own = Matrix::from(sets.scores(set, found.d.view(), Units::Own, ctx)?);
            let own = own.with_names(Some(names.clone()))?.with_row_names(sets.sample_names(set).cloned())?;
            scores.push(Value::from(own));
            fits.push(fit);
        }
        let projection =
            Matrix::from(found.d).with_names(Some(names.clone()))?.with_row_names(sets.names().cloned())?;
        let variances = Matrix::from_rows(&variances)?.with_names(Some(names))?;
        let builder = builder
            .solver(iterations, converged)
            .add(PROJECTION.name, projection.into())
            .add(PRECISIONS.name, Value::List(precisions))
            .add(NOISE.name, Vector::from(noise).into())
            .add(VARIANCES.name, variances.into())
            .add(SCORES.name, Value::List(scores));
        Ok((builder, fits))
    }
}

/// Eq. (17) of the paper, of an orthonormal D: -2 log-likelihood + k log n, with n the number of all samples and k that of
/// the entries of the precision matrices that are not 0, the noise, and D with its V M - M (M + 1) / 2 free numbers.
pub fn bic(sets: &Sets<'_>, parts: &[Part]) -> f64 {
    let m = parts.first().map_or(0, |part| part.s.nrows()) as f64;
    let v = sets.variables() as f64;
    let mut k = parts.len() as f64 + v * m - 0.5 * m * (m + 1.0);
    let (mut deviance, mut n) = (0.0, 0.0);
    for (set, part) in parts.iter().enumerate() {
        let samples = sets.samples(set) as f64;
        let of_noise = (v - m) * (1.0 + part.noise.ln());
        deviance += samples * (of_noise - part.likelihood + v * (2.0 * std::f64::consts::PI).ln());
        k += part.precision.iter().filter(|value| **value != 0.0).count() as f64;
        n += samples;
    }
    deviance + k * n.ln()
}
