//! Learning from pairs of data and truth: passes over them with a step after each, judged by pairs that are held out.

use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Epoch, Keeper, Parameter, Trained};
use crate::nn::{Adam, Direction, Layout};
use crate::options::{Kind, Opt, Preset, Range};
use crate::{parallel, rng};

/// `validation`
pub const VALIDATION: Opt = Opt::new(
    "validation",
    &[Kind::Number(Range::UNIT.below(1.0))],
    Preset::Number(0.2),
    "Part of the pairs, drawn by `seed`, whose loss decides which epoch is kept; 0: the training loss decides",
);
/// `patience`
pub const PATIENCE: Opt =
    Opt::new("patience", &[Kind::Count(1)], Preset::Unset("never"), "End after so many epochs without a better loss");
/// `beta`
pub const BETA: Opt = Opt::new(
    "beta",
    &[Kind::Number(Range::POSITIVE)],
    Preset::Number(2.0),
    "How much more recall weighs than precision in F_beta",
);

/// One member of an ensemble while it learns.
#[derive(Debug)]
pub struct Member {
    parameters: Vec<f64>,
    adam: Adam,
}

impl Member {
    /// With these parameters to start from, and this learning rate.
    pub fn new(parameters: Vec<f64>, rate: f64) -> Self {
        Self { adam: Adam::new(parameters.len(), rate), parameters }
    }
}

/// The loss of an example under parameters, and its gradient where it is asked for; the number makes the random numbers
/// of a pass its own.
pub type Pass<'a> = dyn Fn(usize, &[f64], Direction, u64, &Context) -> Result<(f64, Vec<f64>)> + Sync + 'a;
/// What ranks the members by some examples, the smallest first.
pub type Judge<'a> = dyn Fn(&[Vec<f64>], &[usize], &Context) -> Result<f64> + Sync + 'a;

/// How members learn.
pub struct Course<'a> {
    /// The examples that every epoch visits, in order.
    pub visits: Vec<Vec<usize>>,
    /// Examples that are learned from.
    pub seen: Vec<usize>,
    /// Examples that judge; without any, those that are learned from.
    pub held_out: Vec<usize>,
    /// One pass.
    pub pass: &'a Pass<'a>,
    /// The mean loss where there is none.
    pub judge: Option<&'a Judge<'a>>,
    /// Brings parameters back into their range after a step.
    pub bound: &'a (dyn Fn(&mut [f64]) + Sync),
    /// By what the learning rate is multiplied before an epoch.
    pub slow: fn(usize, usize) -> f64,
    /// End after so many epochs that were not better.
    pub patience: Option<usize>,
}

/// Epochs that visit all of `seen` in an order of their own.
pub fn shuffled(seen: &[usize], epochs: usize, purpose: &str, ctx: &Context) -> Vec<Vec<usize>> {
    let order = |epoch: usize| rng::permutation(&mut rng::stream(ctx.seed(), purpose, epoch as u64), seen.len());
    (0..epochs).map(|epoch| order(epoch).into_iter().map(|position| seen[position]).collect()).collect()
}

/// The positions of the pairs that are learned from, and of those that are held out: at least one of the former.
pub fn parted(count: usize, part: f64, purpose: &str, ctx: &Context) -> (Vec<usize>, Vec<usize>) {
    let order = rng::permutation(&mut rng::stream(ctx.seed(), purpose, 0), count);
    let out = ((count as f64 * part).floor() as usize).min(count.saturating_sub(1));
    let (held_out, seen) = order.split_at(out);
    (seen.to_vec(), held_out.to_vec())
}

impl Course<'_> {
    /// Takes the course; the keeper keeps the best epoch, whose parameters `arrays` names.
    ///
    /// # Errors
    /// Cancellation, memory, a checkpoint that cannot be written.
    pub fn take(
        &self,
        mut members: Vec<Member>,
        keeper: &mut Keeper<'_>,
        arrays: impl Fn(&[Vec<f64>]) -> Result<Vec<Parameter>>,
        ctx: &Context,
    ) -> Result<()> {
        let (mut least, mut waited) = (f64::INFINITY, 0);
        for (epoch, order) in self.visits.iter().enumerate() {
            let factor = (self.slow)(epoch, self.visits.len());
            members.iter_mut().for_each(|member| member.adam.scale_rate(factor));
            let trained = parallel::map(&members, ctx, |index, member| self.epoch(index, member, epoch, order, ctx))?;
            let losses: Vec<f64> = trained.iter().map(|(_, loss)| *loss).collect();
            members = trained.into_iter().map(|(member, _)| member).collect();
            let mean = losses.iter().sum::<f64>() / losses.len() as f64;
            let now: Vec<Vec<f64>> = members.iter().map(|member| member.parameters.clone()).collect();
            // The mean on the way is that of other parameters at every pair: what is kept is judged by itself.
            let judged = if self.held_out.is_empty() { &self.seen } else { &self.held_out };
            let rank = match (mean.is_finite(), self.judge) {
                (false, _) => f64::NAN,
                (true, Some(judge)) => judge(&now, judged, ctx)?,
                (true, None) => self.mean_loss(&now, judged, ctx)?,
            };
            let so_far = match self.held_out.is_empty() {
                true => Epoch::new(rank),
                false => Epoch::new(if rank.is_finite() { mean } else { f64::NAN }).validation(rank),
            };
            let goes_on = keeper.epoch(so_far, || arrays(&now))?;
            (least, waited) = if rank < least { (rank, 0) } else { (least, waited + 1) };
            if !goes_on || self.patience.is_some_and(|patience| waited >= patience) {
                break;
            }
        }
        Ok(())
    }

    /// Passes over examples in this order, with a step after each; the mean loss on the way.
    fn epoch(
        &self,
        index: usize,
        member: &Member,
        epoch: usize,
        order: &[usize],
        ctx: &Context,
    ) -> Result<(Member, f64)> {
        let mut next = Member { parameters: member.parameters.clone(), adam: member.adam.clone() };
        let mut sum = 0.0;
        for (visit, &example) in order.iter().enumerate() {
            let stream = ((index as u64) << 40) + (epoch * order.len() + visit) as u64;
            let (loss, gradient) = match (self.pass)(example, &next.parameters, Direction::Both, stream, ctx) {
                Err(error) if ends(&error) => return Err(error),
                // What has been learned before must not be lost: this epoch is NaN, and training ends.
                Err(_) => return Ok((next, f64::NAN)),
                Ok(pass) => pass,
            };
            if !loss.is_finite() || gradient.iter().any(|g| !g.is_finite()) {
                return Ok((next, f64::NAN));
            }
            sum += loss;
            next.adam.step(&mut next.parameters, &gradient);
            (self.bound)(&mut next.parameters);
        }
        Ok((next, sum / order.len() as f64))
    }

    /// The mean loss of some examples over all members; NaN where one cannot be computed.
    fn mean_loss(&self, members: &[Vec<f64>], examples: &[usize], ctx: &Context) -> Result<f64> {
        let alone = ctx.clone().with_threads(1);
        let losses = parallel::map(examples, ctx, |_, &example| {
            let mut sum = 0.0;
            for member in members {
                sum += match (self.pass)(example, member, Direction::Forward, u64::MAX >> 1, &alone) {
                    Err(error) if ends(&error) => return Err(error),
                    Err(_) => f64::NAN,
                    Ok((loss, _)) => loss,
                };
            }
            Ok::<_, Error>(sum / members.len() as f64)
        })?;
        Ok(losses.iter().sum::<f64>() / losses.len() as f64)
    }
}

/// Whether an error ends a training at once.
fn ends(error: &Error) -> bool {
    error.kind().is_stop() || error.kind() == ErrorKind::Memory
}

/// The parameters of all members, a row for each, by part.
///
/// # Errors
/// Numbers that are not finite.
pub fn arrays(layout: Layout, members: &[Vec<f64>]) -> Result<Vec<Parameter>> {
    let split: Vec<_> = members.iter().map(|parameters| layout.split(parameters)).collect();
    let part = |index: usize| {
        let (part, _) = &split[0][index];
        let values = split.iter().flat_map(|member| member[index].1.iter().copied()).collect();
        Parameter::new(part.name, &[members.len(), part.shape.0, part.shape.1], values)
    };
    (0..split[0].len()).map(part).collect()
}

/// The parameters of every one of `count` members of a trained model.
///
/// # Errors
/// A part that is not there or has another shape.
pub fn from_arrays(layout: Layout, count: usize, trained: &Trained) -> Result<Vec<Vec<f64>>> {
    let mut parameters = vec![Vec::with_capacity(layout.len()); count];
    for part in layout.parts() {
        let values = trained.parameter(part.name, &[count, part.shape.0, part.shape.1])?.values();
        let size = part.shape.0 * part.shape.1;
        for (own, values) in parameters.iter_mut().zip(values.chunks_exact(size)) {
            own.extend_from_slice(values);
        }
    }
    Ok(parameters)
}

/// Fails where options of a fit are not those that a model was trained with.
///
/// # Errors
/// The first of `held` that is another one.
pub fn check_held(held: &[&str], recorded: &[(String, crate::value::Value)], trained: &Trained) -> Result<()> {
    for name in held {
        let now = recorded.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        if let (Some(then), Some(now)) = (trained.option(name), now)
            && then.to_json() != now.to_json()
        {
            return Err(Error::option(format!("this model was trained with {name}: {}", then.brief()))
                .with_hint("what a model was trained with cannot be changed in its fits"));
        }
    }
    Ok(())
}
