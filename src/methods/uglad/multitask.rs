//! Several data sets over the same variables, for which one model learns.

use ndarray::Array2;

use super::Uglad;
use super::run::Counter;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::methods::unrolled::learning::{Keep, Learned};
use crate::methods::unrolled::model::named;
use crate::methods::unrolled::prepared::Prepared;
use crate::model::{Fit, Input, JointFit};
use crate::nn::{Direction, Problem};
use crate::rng;

/// Fits data sets together.
pub(super) fn fit(method: &Uglad, inputs: &[Input], ctx: &Context) -> Result<JointFit> {
    let builder = JointFit::builder("uglad", method.recorded(), ctx);
    let prepared = inputs.iter().enumerate().map(|(set, input)| {
        let complete = input.check_complete().map_err(|error| error.with_hint("impute() or drop_missing() first"));
        let prepared = complete.and_then(|()| method.prepared(input, ctx));
        prepared.map_err(|error| error.at(format!("data set {set}")))
    });
    let prepared = prepared.collect::<Result<Vec<_>>>()?;
    if let Some(set) = prepared.iter().position(|other| other.columns != prepared[0].columns) {
        return Err(Error::data(format!(
            "data sets 0 and {set} do not have the same variables: columns are constant, or equal, in one of them"
        ))
        .with_hint("a model of several data sets wants the same variables: select those that vary in all"));
    }
    let whole: Vec<_> = prepared.iter().map(Prepared::s).collect();
    let (s, held_out) = match method.split {
        None => (whole.clone(), None),
        Some(part) => split(&prepared, inputs, part, ctx).map(|[s, held_out]| (s, Some(held_out)))?,
    };
    let is_split = held_out.is_some();
    let problem = Problem { s, mask: None, objective: method.objective(held_out) };
    let evaluator = method.model.evaluator(&problem, ctx)?;
    let keep = if method.model.is_published() { Keep::Last } else { Keep::Best };
    let counter = Counter::new(method.ensemble.saturating_mul(method.epochs), ctx);
    let mut learned = method.learn_all(&evaluator, method.learning(method.epochs, keep), None, &counter, ctx)?;
    if is_split {
        // What was learned from parts of the rows is applied to all of them.
        let evaluator = method.model.evaluator(&Problem { s: whole, mask: None, objective: None }, ctx)?;
        for member in &mut learned {
            member.pass = evaluator.pass(&member.parameters, Direction::Forward, ctx)?;
        }
    }
    let fits = inputs.iter().zip(&prepared).enumerate().map(|(set, (input, prepared))| {
        let builder = Fit::builder("uglad", input, method.recorded(), ctx);
        let own: Vec<Learned> = learned.iter().map(|member| of_task(member, set)).collect();
        method.finish(builder, input, prepared, &own, ctx)
    });
    let fits = fits.collect::<Result<Vec<_>>>()?;
    let parameters = named(method.model.layout()?, &learned[0].parameters);
    let epochs = learned.iter().map(|member| member.losses.len()).max().unwrap_or(0);
    builder.solver(epochs, true).add("parameters", parameters).finish(fits, ctx)
}

/// The covariances of a part of every data set's rows, and the second moments of the rest about the same means (eq. 8).
fn split(prepared: &[Prepared], inputs: &[Input], part: f64, ctx: &Context) -> Result<[Vec<Array2<f64>>; 2]> {
    let (mut s, mut held_out) = (Vec::new(), Vec::new());
    for (set, (prepared, input)) in prepared.iter().zip(inputs).enumerate() {
        let n = input.matrix().rows();
        let out = ((n as f64 * part).round() as usize).max(1);
        if n < out + 2 {
            return Err(Error::option(format!("split {part} leaves {} of {n} samples of data set {set}", n - out))
                .with_hint("a smaller split, or none"));
        }
        let order = rng::permutation(&mut rng::stream(ctx.seed(), "uglad split", set as u64), n);
        let learned_from = prepared.part(input.matrix(), &order[out..]);
        let rest = prepared.part(input.matrix(), &order[..out]);
        s.push(prepared.shrunk_s(&learned_from, ctx)?);
        held_out.push(prepared.held_out_s(&rest, &learned_from, ctx)?);
    }
    Ok([s, held_out])
}

/// What was learned, with the results of one task.
fn of_task(learned: &Learned, task: usize) -> Learned {
    let mut own = learned.clone();
    own.pass.theta = vec![learned.pass.theta[task].clone()];
    own.pass.z = vec![learned.pass.z[task].clone()];
    own
}
