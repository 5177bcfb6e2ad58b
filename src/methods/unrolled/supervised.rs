//! Learning from pairs of data and truth: passes over them with a step after each, judged by pairs that are held out.

use crate::context::{Context, Reservation};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Epoch, Keeper, Parameter, Trained, regulators};
use crate::nn::{Adam, Direction, Layout};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;
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
    /// As many as the option `ensemble` says, with random parameters, this offset and this learning rate; and the memory
    /// that they take.
    ///
    /// # Errors
    /// Memory, cancellation.
    pub fn several(
        layout: Layout,
        offset: f64,
        rate: f64,
        options: &Options,
        ctx: &Context,
    ) -> Result<(Vec<Self>, Reservation)> {
        let count = options.count("ensemble").unwrap_or(1);
        // Parameters and two moments, before and after an epoch; what is judged, and what is kept.
        let held = ctx.reserve_matrices(8, count, layout.len())?;
        let member = |index: usize| -> Result<Self> {
            ctx.check()?;
            let parameters = layout.initial(offset, ctx.seed(), index as u64);
            Ok(Self { adam: Adam::new(parameters.len(), rate), parameters })
        };
        Ok(((0..count).map(member).collect::<Result<_>>()?, held))
    }
}

/// The examples that an epoch visits, in order, each several times in a row.
#[derive(Debug)]
pub struct Round {
    order: Vec<usize>,
    times: usize,
}

impl Round {
    /// Each once.
    pub fn once(order: Vec<usize>) -> Self {
        Self { order, times: 1 }
    }

    /// One example alone.
    pub fn of_one(example: usize, times: usize) -> Self {
        Self { order: vec![example], times }
    }

    fn visits(&self) -> impl Iterator<Item = usize> {
        self.order.iter().flat_map(move |&example| std::iter::repeat_n(example, self.times))
    }

    fn len(&self) -> usize {
        self.order.len().saturating_mul(self.times)
    }
}

/// The loss of an example under parameters, and its gradient where it is asked for; the number makes the random numbers
/// of a pass its own.
pub type Pass<'a> = dyn Fn(usize, &[f64], Direction, u64, &Context) -> Result<(f64, Vec<f64>)> + Sync + 'a;
/// What ranks the members by some examples, the smallest first; NaN where they give no numbers, and none where these
/// examples say nothing.
pub type Judge<'a> = dyn Fn(&[Vec<f64>], &[usize], &Context) -> Result<Option<f64>> + Sync + 'a;

/// The number of every pass that judges: it is none of those of training.
pub const JUDGING: u64 = u64::MAX;

/// How members learn.
pub struct Course<'a> {
    /// How many epochs there are.
    pub epochs: usize,
    /// The examples that an epoch visits.
    pub round: &'a (dyn Fn(usize) -> Round + Sync),
    /// Examples that are learned from.
    pub learned_from: &'a [usize],
    /// Examples that judge; without any, those that are learned from.
    pub held_out: &'a [usize],
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

/// Examples in the order of an epoch.
pub fn shuffled(examples: &[usize], epoch: usize, purpose: &str, ctx: &Context) -> Vec<usize> {
    let order = rng::permutation(&mut rng::stream(ctx.seed(), purpose, epoch as u64), examples.len());
    order.into_iter().map(|position| examples[position]).collect()
}

/// The positions of the pairs that are learned from, and of those that are held out: at least one of the former.
pub fn parted(count: usize, part: f64, purpose: &str, ctx: &Context) -> (Vec<usize>, Vec<usize>) {
    let order = rng::permutation(&mut rng::stream(ctx.seed(), purpose, 0), count);
    let out = ((count as f64 * part).floor() as usize).min(count.saturating_sub(1));
    let (held_out, learned_from) = order.split_at(out);
    (learned_from.to_vec(), held_out.to_vec())
}

impl Course<'_> {
    /// Takes the course; the keeper keeps the best epoch, whose parameters `arrays` names.
    ///
    /// # Errors
    /// Whatever stops a pass but numbers that are not finite; a checkpoint that cannot be written.
    pub fn take(
        &self,
        mut members: Vec<Member>,
        keeper: &mut Keeper<'_>,
        arrays: impl Fn(&[Vec<f64>]) -> Result<Vec<Parameter>>,
        ctx: &Context,
    ) -> Result<()> {
        let (mut least, mut waited) = (f64::INFINITY, 0);
        let mut visited = 0u64;
        for epoch in 0..self.epochs {
            let (round, factor) = ((self.round)(epoch), (self.slow)(epoch, self.epochs));
            members.iter_mut().for_each(|member| member.adam.scale_rate(factor));
            let trained = parallel::map(&members, ctx, |index, member| {
                let stream = rng::derive(ctx.seed(), "member", index as u64).wrapping_add(visited);
                self.epoch(member, &round, stream, ctx)
            })?;
            visited = visited.wrapping_add(round.len() as u64);
            let losses: Vec<f64> = trained.iter().map(|(_, loss)| *loss).collect();
            members = trained.into_iter().map(|(member, _)| member).collect();
            let mean = losses.iter().sum::<f64>() / losses.len() as f64;
            let now: Vec<Vec<f64>> = members.iter().map(|member| member.parameters.clone()).collect();
            // The mean on the way is that of other parameters at every pair: what is kept is judged by itself.
            let judged = if self.held_out.is_empty() { self.learned_from } else { self.held_out };
            let rank = if mean.is_finite() { self.rank(&now, judged, ctx)? } else { f64::NAN };
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

    /// What ranks the members.
    fn rank(&self, members: &[Vec<f64>], examples: &[usize], ctx: &Context) -> Result<f64> {
        if let Some(judge) = self.judge
            && let Some(rank) = judge(members, examples, ctx)?
        {
            return Ok(rank);
        }
        self.mean_loss(members, examples, ctx)
    }

    /// Passes over the examples of a round, with a step after each; the mean loss on the way. Passes have the numbers from
    /// `stream` on.
    fn epoch(&self, member: &Member, round: &Round, stream: u64, ctx: &Context) -> Result<(Member, f64)> {
        let mut next = Member { parameters: member.parameters.clone(), adam: member.adam.clone() };
        let mut sum = 0.0;
        for (visit, example) in round.visits().enumerate() {
            let stream = stream.wrapping_add(visit as u64);
            let pass = (self.pass)(example, &next.parameters, Direction::Both, stream, ctx);
            // What has been learned before must not be lost: this epoch is NaN, and training ends.
            let Some((loss, gradient)) = unless_numerical(pass)? else { return Ok((next, f64::NAN)) };
            if !loss.is_finite() || gradient.iter().any(|g| !g.is_finite()) {
                return Ok((next, f64::NAN));
            }
            sum += loss;
            next.adam.step(&mut next.parameters, &gradient);
            (self.bound)(&mut next.parameters);
        }
        Ok((next, sum / round.len() as f64))
    }

    /// The mean loss of some examples over all members; NaN where one cannot be computed.
    fn mean_loss(&self, members: &[Vec<f64>], examples: &[usize], ctx: &Context) -> Result<f64> {
        let alone = ctx.clone().with_threads(1);
        let losses = parallel::map(examples, ctx, |_, &example| {
            let mut sum = 0.0;
            for member in members {
                let pass = (self.pass)(example, member, Direction::Forward, JUDGING, &alone);
                sum += unless_numerical(pass)?.map_or(f64::NAN, |(loss, _)| loss);
            }
            Ok::<_, Error>(sum / members.len() as f64)
        })?;
        Ok(losses.iter().sum::<f64>() / losses.len() as f64)
    }
}

/// What a pass gives, or none where its numbers overflowed: that ends a training with what it has, and every other error
/// ends it at once.
///
/// # Errors
/// All others.
pub fn unless_numerical<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::Numerical => Ok(None),
        other => other.map(Some),
    }
}

/// Fails where a training was given the regulators of fits; `training` is a hint.
///
/// # Errors
/// That.
pub fn refuse_regulators(verb: &str, is_given: bool, training: &str) -> Result<()> {
    if !is_given {
        return Ok(());
    }
    let name = regulators::OPTION.name;
    Err(Error::option(format!("option '{name}' of {verb} says what is fitted: pairs bring their own"))
        .with_hint(format!("{training}, and .fit(x, #{{ {name}: [..] }})")))
}

/// The option `beta`, where the loss has one.
///
/// # Errors
/// It is given for a loss that has none.
pub fn beta(verb: &str, has_beta: bool, options: &Options) -> Result<Option<f64>> {
    if options.is_given(BETA.name) && !has_beta {
        return Err(Error::option(format!("option 'beta' of {verb} goes with loss: \"fbeta\" or \"mse_fbeta\"")));
    }
    Ok(if has_beta { options.number(BETA.name) } else { None })
}

/// The options of a model, which hold for other data too, and those of its training in the order of their table: as
/// `held` says, or else as they were given.
pub fn recorded(
    mut model: Vec<(String, Value)>,
    table: &[Opt],
    options: &Options,
    held: &[(&str, Value)],
) -> Vec<(String, Value)> {
    model.extend(table.iter().map(|opt| {
        let known = held.iter().find(|(name, _)| *name == opt.name).map(|(_, value)| value);
        (opt.name.to_string(), known.or(options.get(opt.name)).cloned().unwrap_or(Value::Unit))
    }));
    model
}

/// Members, hidden units and inputs of the threshold network of a trained model.
///
/// # Errors
/// It has none.
pub fn sizes(trained: &Trained) -> Result<[usize; 3]> {
    let first = trained.parameters().iter().find(|parameter| parameter.name() == "threshold.weight_1");
    match first.map(Parameter::shape) {
        Some(&[members, hidden, inputs]) if members > 0 => Ok([members, hidden, inputs]),
        _ => Err(foreign(trained, "it has no parameter 'threshold.weight_1' of its shape")),
    }
}

/// A model that was read is none of its method.
pub fn foreign(trained: &Trained, why: &str) -> Error {
    Error::data(format!("this is no model of {}: {why}", trained.verb()))
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
pub fn check_held(held: &[&str], recorded: &[(String, Value)], trained: &Trained) -> Result<()> {
    for name in held {
        let now = recorded.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        if let (Some(then), Some(now)) = (trained.option(name), now)
            && then.to_json() != now.to_json()
        {
            let how = match then {
                Value::Unit => format!("without `{name}`"),
                then => format!("with {name}: {}", then.brief()),
            };
            return Err(Error::option(format!("this model was trained {how}"))
                .with_hint("what a model was trained with cannot be changed in its fits"));
        }
    }
    Ok(())
}
