//! The record of a user-visible thing: from it come its verb, constructor, help, option checks and conformance tests.

use std::time::Instant;

use super::{Fit, Input, JointFit, Path, SecondMoment, Trainable, Trained};
use crate::context::Context;
use crate::data::{Matrix, matrix_argument};
use crate::detached::detached_if_many;
use crate::error::{Error, ErrorKind, Result};
use crate::options::{Kind, Opt, Options, Preset};
use crate::value::{Args, Value};

/// Where a verb stands in the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// Making matrices and vectors.
    Construct,
    /// Shape and parts.
    Shape,
    /// Linear algebra.
    Algebra,
    /// Numbers, entry by entry and summed up.
    Numbers,
    /// Reading data.
    Data,
    /// Preparing data.
    Prepare,
    /// Recovering graphs.
    Recover,
    /// What a fit has.
    Fits,
    /// Graphs.
    Graphs,
    /// Simulating.
    Simulate,
    /// Scoring.
    Score,
    /// Plotting.
    Plot,
    /// Lists and maps.
    Lists,
    /// The session.
    System,
}

impl Area {
    /// The heading in the reference.
    pub fn title(self) -> &'static str {
        match self {
            Self::Construct => "construct",
            Self::Shape => "shape",
            Self::Algebra => "algebra",
            Self::Numbers => "numbers",
            Self::Data => "data",
            Self::Prepare => "prepare",
            Self::Recover => "recover",
            Self::Fits => "fits",
            Self::Graphs => "graphs",
            Self::Simulate => "simulate",
            Self::Score => "score",
            Self::Plot => "plot",
            Self::Lists => "lists",
            Self::System => "system",
        }
    }
}

/// What the input of a method may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    /// Data only.
    Data,
    /// Data only, which may have constant columns: they have no edges, which a warning says.
    Constants,
    /// Data, or a sample covariance with `covariance: true` and `n`.
    DataOrCovariance,
    /// The same, and data may have constant columns: they have no edges, which a warning says.
    ConstantsOrCovariance,
    /// Data in which values may be missing and columns constant or empty: the method sees to them.
    Incomplete,
    /// The same, or a sample covariance.
    IncompleteOrCovariance,
}

impl Accepts {
    /// Whether a sample covariance may stand for the data.
    pub fn takes_covariance(self) -> bool {
        matches!(self, Self::DataOrCovariance | Self::ConstantsOrCovariance | Self::IncompleteOrCovariance)
    }

    /// Whether columns of data may be constant.
    pub fn takes_constants(self) -> bool {
        matches!(self, Self::Constants | Self::ConstantsOrCovariance) || self.takes_missing()
    }

    /// Whether the method is given data as they are, with missing values and columns without any: it may refuse them.
    pub fn takes_missing(self) -> bool {
        matches!(self, Self::Incomplete | Self::IncompleteOrCovariance)
    }
}

/// A positional argument.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What it is, as help shows it.
    pub help: &'static str,
}

/// A property that a method adds to its fits, or a part of what a simulator gives.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// What it is, with its shape.
    pub help: &'static str,
}

/// What fits one data set.
pub type FitOne = fn(&Input, &Options, &Context) -> Result<Fit>;
/// What fits several data sets over the same variables together.
pub type FitSeveral = fn(&[Input], &Options, &Context) -> Result<JointFit>;

/// What runs.
#[derive(Debug, Clone, Copy)]
pub enum Run {
    /// A method that gives a fit.
    Fit(FitOne),
    /// A method that gives a fit of one data set, and a joint fit of a list of data sets over the same variables.
    FitOrJoint {
        /// What fits one data set.
        fit: FitOne,
        /// What fits several, at least one.
        joint: FitSeveral,
    },
    /// A method that gives a joint fit of a list of data sets over the same variables, or of one: its fits are not over
    /// these variables, but over factors.
    Joint(FitSeveral),
    /// A method that can be trained on pairs of data and truth.
    Trainable(Trainable),
    /// A method that gives a path of fits.
    Path(fn(Input, &Options, &Context) -> Result<Path>),
    /// A simulator or a metric.
    Value(fn(&Args<'_>, &Options, &Context) -> Result<Value>),
}

/// The record of a method, simulator or metric.
#[derive(Debug)]
pub struct Record {
    /// The verb in scripts.
    pub verb: &'static str,
    /// The constructor in scripts, for methods.
    pub constructor: Option<&'static str>,
    /// Where it stands in the reference.
    pub area: Area,
    /// One line.
    pub summary: &'static str,
    /// What a user should know beyond that line: formula, conventions, traps.
    pub details: &'static str,
    /// Positional arguments; a method's input is the first.
    pub params: &'static [Param],
    /// Options.
    pub options: &'static [Opt],
    /// What a method's input may be.
    pub accepts: Accepts,
    /// Whether random numbers are drawn.
    pub random: bool,
    /// What fits of this method have beyond what every fit has, or what a simulation by it consists of.
    pub adds: &'static [Property],
    /// Where it was published.
    pub reference: &'static str,
    /// A short script that runs as it stands.
    pub example: &'static str,
    /// What runs.
    pub run: Run,
}

/// Options that every record has.
pub const SHARED_OPTIONS: &[Opt] = &[
    Opt::new("seed", &[Kind::Count(0)], Preset::Unset("drawn and recorded"), "Seed of the random numbers"),
    Opt::new("threads", &[Kind::Count(1)], Preset::Unset("the session's"), "Threads; never changes the result"),
    Opt::new("progress", &[Kind::Bool], Preset::Bool(true), "Show progress where the session does"),
];

pub(super) const DEVICE: Opt = Opt::new(
    "device",
    &[Kind::Text],
    Preset::Text("auto"),
    "Where to compute: \"auto\", \"cpu\" or \"cuda:0\"; this method runs on the CPU",
);
const STRICT: Opt = Opt::new("strict", &[Kind::Bool], Preset::Bool(false), "Make not converging an error");

/// Options that tell what a method's input is.
const COVARIANCE_OPTIONS: &[Opt] = &[
    Opt::new("covariance", &[Kind::Bool], Preset::Bool(false), "The input is a sample covariance matrix"),
    Opt::new("n", &[Kind::Count(2)], Preset::Unset("unknown"), "Number of samples behind the covariance matrix"),
];

impl Record {
    /// Whether it is a method: something that is fitted to data.
    pub fn is_method(&self) -> bool {
        !matches!(self.run, Run::Value(_))
    }

    /// Whether a list of data sets may stand for the data.
    pub fn takes_several(&self) -> bool {
        matches!(self.run, Run::FitOrJoint { .. } | Run::Joint(_))
    }

    /// The type of what it gives, where that is always the same.
    pub fn gives(&self) -> Option<&'static str> {
        match self.run {
            Run::Fit(_) | Run::Trainable(_) => Some("Fit"),
            Run::FitOrJoint { .. } => None,
            Run::Joint(_) => Some("JointFit"),
            Run::Path(_) => Some("Path"),
            Run::Value(_) => (!self.adds.is_empty()).then_some("Simulation"),
        }
    }

    /// What may have the properties that the record adds: how scripts call it, and its type.
    pub fn adds_to(&self) -> &'static [(&'static str, &'static str)] {
        match self.run {
            Run::Fit(_) | Run::Path(_) => &[("fit", "Fit")],
            Run::FitOrJoint { .. } => &[("fit", "Fit"), ("joint", "JointFit")],
            Run::Joint(_) => &[("joint", "JointFit")],
            Run::Trainable(_) => &[("fit", "Fit"), ("trained", "TrainedModel")],
            Run::Value(_) => &[("sim", "Simulation")],
        }
    }

    /// Every option: its own, those of its input, and the shared ones.
    pub fn all_options(&self) -> impl Iterator<Item = &'static Opt> + Clone + use<> {
        let covariance = self.is_method() && self.accepts.takes_covariance();
        let shared: &'static [Opt] = if self.is_method() || self.random { SHARED_OPTIONS } else { &[] };
        let every = if covariance { COVARIANCE_OPTIONS } else { &[] };
        let of_methods = if self.is_method() { &[DEVICE, STRICT] } else { &[] as &[Opt] };
        let own = self.options;
        // A method that says something of its own about a shared option has that one.
        let others = every.iter().chain(shared).chain(of_methods);
        own.iter().chain(others.filter(move |opt| own.iter().all(|known| known.name != opt.name)))
    }

    /// Checks options as a caller wrote them.
    ///
    /// # Errors
    /// An unknown option or a value that does not fit.
    pub fn check(&self, given: &[(String, Value)]) -> Result<Options> {
        self.refuse_training_options(given)?;
        let given = given.iter().map(|(name, value)| (name.as_str(), value.clone()));
        Options::check(self.verb, self.all_options(), given)
    }

    /// Runs the record on its positional arguments.
    ///
    /// # Errors
    /// Whatever is wrong with options, arguments or data, or stops the computation.
    pub fn call(&self, args: &[Value], given: &[(String, Value)], ctx: &Context) -> Result<Value> {
        self.call_with(args, given, None, ctx)
    }

    /// The same with what training found, for a method that can be trained.
    pub(super) fn call_with(
        &self,
        args: &[Value],
        given: &[(String, Value)],
        trained: Option<&Trained>,
        ctx: &Context,
    ) -> Result<Value> {
        let options = self.check(given)?;
        let ctx = self.context(&options, self.random, ctx)?;
        match (self.run, args.first()) {
            (Run::FitOrJoint { joint, .. } | Run::Joint(joint), Some(Value::List(sets))) => {
                joint(&self.inputs(sets, &options, &ctx)?, &options, &ctx).map(Value::from)
            }
            (Run::Fit(fit) | Run::FitOrJoint { fit, .. }, _) => {
                fit(&self.input(args, &options, &ctx)?, &options, &ctx).map(Value::from)
            }
            (Run::Joint(joint), _) => joint(&[self.input(args, &options, &ctx)?], &options, &ctx).map(Value::from),
            (Run::Trainable(method), _) => {
                (method.fit)(&self.input(args, &options, &ctx)?, &options, trained, &ctx).map(Value::from)
            }
            (Run::Path(path), _) => path(self.input(args, &options, &ctx)?, &options, &ctx).map(Value::from),
            (Run::Value(run), _) => run(&Args::new(self.verb, args), &options, &ctx),
        }
    }

    /// Input, options and context of a call of a method, checked: for what calls the method otherwise than [`Record::call`].
    ///
    /// # Errors
    /// Whatever is wrong with options, arguments or data.
    pub(crate) fn prepared(
        &self,
        args: &[Value],
        given: &[(String, Value)],
        ctx: &Context,
    ) -> Result<(Input, Options, Context)> {
        let options = self.check(given)?;
        let ctx = self.context(&options, self.random, ctx)?;
        let input = self.input(args, &options, &ctx)?;
        Ok((input, options, ctx))
    }

    /// The context of one call: what the options say, and a seed of its own where it is `random`.
    ///
    /// # Errors
    /// A device that is not there, a context that was cancelled.
    pub(super) fn context(&self, options: &Options, random: bool, ctx: &Context) -> Result<Context> {
        self.check_device(options.text("device").unwrap_or("auto"))?;
        let mut own = ctx.clone();
        if random || options.is_given("seed") {
            own = own.with_seed(options.count("seed").map_or_else(|| ctx.next_seed(), |seed| seed as u64));
        }
        if let Some(threads) = options.count("threads") {
            own = own.with_threads(threads);
        }
        if options.get("progress").is_some() && !options.is_true("progress") {
            own = own.with_progress(None);
        }
        if options.is_true("strict") {
            own = own.with_strict(true);
        }
        own.check()?;
        Ok(own)
    }

    /// Fails for a device that is not there, and for a GPU where the method cannot use one.
    fn check_device(&self, wanted: &str) -> Result<()> {
        crate::devices::check(wanted)?;
        let takes_gpus = self.options.iter().any(|opt| opt.name == DEVICE.name);
        match takes_gpus || matches!(wanted, "auto" | "cpu") {
            true => Ok(()),
            false => Err(Error::option(format!("{} runs on the CPU alone, not on \"{wanted}\"", self.verb))
                .with_hint("device: \"cpu\", or leave the option out")),
        }
    }

    fn input(&self, args: &[Value], options: &Options, ctx: &Context) -> Result<Input> {
        if args.is_empty() {
            return Err(Error::argument(format!("{} needs data", self.verb)));
        }
        let expected = match self.takes_several() {
            true => "a Matrix, a Table or a list of these",
            false => "a Matrix or a Table",
        };
        let matrix = matrix_argument(&Args::new(self.verb, args), 0, "the data", expected, ctx)?;
        self.checked(&matrix, options, ctx).map_err(|error| self.located(error))
    }

    /// One data set, or a covariance, as the record takes it.
    pub(super) fn checked(&self, matrix: &Matrix, options: &Options, ctx: &Context) -> Result<Input> {
        if options.is_true("covariance") {
            SecondMoment::refuse_options(self.verb, options)?;
            return Input::covariance_matrix(matrix, options.count("n"));
        }
        if options.is_given("n") {
            return Err(Error::option(format!("option 'n' of {} goes with `covariance: true`", self.verb))
                .with_hint("for data, n is its number of rows"));
        }
        let (accepts, moment) = (self.accepts, SecondMoment::from_options(options));
        let (own, inner) = (matrix.clone(), ctx.clone());
        // Every value is looked at some times.
        detached_if_many(matrix.as_slice().len(), ctx, move || match accepts {
            accepts if accepts.takes_missing() => Input::incomplete(&own, moment, &inner),
            accepts if accepts.takes_constants() => Input::with_constants(&own, moment, &inner),
            _ => Input::with_moment(&own, moment, &inner),
        })?
    }

    /// An error about data with the verb that they were given to.
    pub(super) fn located(&self, error: Error) -> Error {
        match error.kind() {
            ErrorKind::Data | ErrorKind::Shape => error.at(self.verb),
            _ => error,
        }
    }
}

/// The registry of a folder: one line a file, which declares the module and lists its `RECORD`.
macro_rules! records {
    ($($(#[$when:meta])* $file:ident,)*) => {
        $( $(#[$when])* pub mod $file; )*

        /// The records of this folder, in the order of the reference.
        pub static RECORDS: &[&crate::model::Record] = &[$( $(#[$when])* &$file::RECORD, )*];
    };
}
pub(crate) use records;

/// Seconds that `f` takes, with its result.
pub(crate) fn timed<T>(f: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let started = Instant::now();
    f().map(|result| (result, started.elapsed().as_secs_f64()))
}
