//! The options of composed estimators: their table, how they are read, and which hold of a fit.

use super::{Estimate, RECORD};
use crate::error::{Error, Result};
use crate::methods::along_grid::CRITERIA;
use crate::methods::graphical_lasso::GraphicalLasso;
use crate::methods::joint_graphical_lasso::options::SET_WEIGHTS;
use crate::methods::neighborhoods::{self, Rule as Links};
use crate::methods::penalties;
use crate::methods::shared_options::{lambda, max_iter, tol};
use crate::model::{SecondMoment, VARIABLES};
use crate::options::{Kind, Opt, Options, Preset, Range, table};
use crate::problem::Concave;
use crate::select::Rule;
use crate::solver::{Algorithm, Loss, Penalty, Reweighting};
use crate::value::Value;

/// The losses; the last word is an older one for the first.
const LOSSES: &[&str] = &["logdet", "nodewise", "concord", "log_det"];
/// Every penalty.
const PENALTIES: &[&str] = &["l1", "elastic_net", "scad", "mcp", "adaptive", "group", "fused", "chain", "nuclear"];
const SOLVERS: &[&str] = &["auto", "dual_descent", "reweighting", "proximal_newton", "coordinate_descent"];
const EXPONENT: Range = Range::POSITIVE.at_most(Reweighting::MOST_EXPONENT);

pub(super) const OPTIONS: &[Opt] = table![
    Opt::new(
        "loss",
        &[Kind::Choice(LOSSES)],
        Preset::Text("logdet"),
        "What fits the data: \"logdet\" the Gaussian -logdet Theta + tr(S Theta), \"nodewise\" a regression of every variable on the others, \"concord\" their pseudo-likelihood",
    ),
    Opt::new(
        "penalty",
        &[Kind::Choice(PENALTIES)],
        Preset::Text("l1"),
        "\"l1\", \"elastic_net\" (L1 and ridge), \"scad\" or \"mcp\" (no shrinkage of large entries), \"adaptive\" (L1 weighted by its own solution); of a list of data sets \"group\", \"fused\", \"chain\"; \"nuclear\" (L1 beside a low-rank part)",
    ),
    Opt::new(
        "solver",
        &[Kind::Choice(SOLVERS)],
        Preset::Text("auto"),
        "What minimises; which goes with what is said above, \"auto\" is the first that does",
    ),
    lambda(
        &[Kind::Number(Range::NON_NEGATIVE), Kind::Object("Matrix"), Kind::Choice(Rule::NAMES)],
        "Penalty: a number, a matrix of numbers, or a rule that chooses one",
    ),
    Opt::new(
        "l1_ratio",
        &[Kind::Number(Range::UNIT)],
        Preset::Number(0.5),
        "Share of the L1 part of \"elastic_net\": 0 is ridge, 1 is \"l1\"",
    ),
    Opt::new(
        "concavity",
        &[Kind::Number(Range::POSITIVE.at_most(Concave::MOST))],
        Preset::Unset("3.7 of \"scad\", 3 of \"mcp\""),
        "From so many lambda on \"scad\" (above 2) and \"mcp\" (above 1) cost nothing more; a large one is \"l1\"",
    ),
    Opt::new(
        "exponent",
        &[Kind::Number(EXPONENT)],
        Preset::Number(0.5),
        "How strongly the weights of \"adaptive\" depend on the solution before",
    ),
    Opt::new(
        "epsilon",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Number(0.01),
        "Added to |theta| in the weights of \"adaptive\": below it entries weigh alike",
    ),
    Opt::new(
        "steps",
        &[Kind::Count(0)],
        Preset::Unset("2 of \"adaptive\"; of \"scad\" and \"mcp\" until the solution is stationary"),
        "How often solver \"reweighting\" and penalty \"adaptive\" weight and solve again; 0 is \"l1\"",
    ),
    Opt::new(
        "lambda2",
        &[Kind::Number(Range::NON_NEGATIVE), Kind::Choice(CRITERIA)],
        Preset::Unset("as in joint_graphical_lasso"),
        "Penalty on what couples data sets",
    ),
    Opt::new(
        "mu",
        &[Kind::Number(Range::POSITIVE), Kind::Choice(CRITERIA)],
        Preset::Unset("as in latent_graphical_lasso"),
        "Penalty of \"nuclear\" on the trace of the low-rank part",
    ),
    SET_WEIGHTS,
    VARIABLES,
    neighborhoods::RULE,
    penalties::WEIGHTS,
    penalties::PENALIZE_DIAGONAL,
    SecondMoment::COR,
    SecondMoment::MISSING,
    ..&Rule::OPTIONS,
    penalties::N_LAMBDAS,
    penalties::MIN_RATIO,
    tol(
        1e-9,
        "Bound on the relative gap; with loss \"nodewise\" on the KKT violation in units of the two standard deviations",
    ),
    max_iter(
        1000,
        "Sweeps or Newton steps at most, a hundred times as many passes over coefficients with loss \"nodewise\"",
    ),
];

/// Options that belong to some penalties.
const OWN: [(&str, &[&str]); 9] = [
    ("lambda2", Penalty::JOINT),
    ("mu", &["nuclear"]),
    ("set_weights", Penalty::JOINT),
    ("variables", Penalty::JOINT),
    ("l1_ratio", &["elastic_net"]),
    ("concavity", &["scad", "mcp"]),
    ("exponent", &["adaptive"]),
    ("epsilon", &["adaptive"]),
    ("steps", &["adaptive", "scad", "mcp"]),
];

/// The estimator that the options say.
///
/// # Errors
/// Options that do not go together.
pub(super) fn read(options: &Options) -> Result<Estimate> {
    let (loss, algorithm) = (loss(options), algorithm(options));
    let penalty = penalty(options);
    refuse_strays(options, penalty.name())?;
    refuse_others(options, loss, &penalty, algorithm)?;
    let base = GraphicalLasso::new().read(RECORD.verb, options)?;
    Ok(Estimate { base, loss, penalty, algorithm, links: Links::given(options) })
}

pub(super) fn loss(options: &Options) -> Loss {
    let named = options.text("loss");
    Loss::ALL.into_iter().find(|loss| named == Some(loss.name())).unwrap_or(Loss::LogDet)
}

pub(super) fn algorithm(options: &Options) -> Option<Algorithm> {
    let named = options.text("solver");
    Algorithm::ALL.into_iter().find(|algorithm| named == Some(algorithm.name()))
}

fn penalty(options: &Options) -> Penalty {
    let default = Reweighting::default();
    let number = |name: &str, default: f64| options.number(name).unwrap_or(default);
    let concave = |form: Concave| Penalty::Concave { form, steps: options.count("steps") };
    match options.text("penalty") {
        Some("elastic_net") => Penalty::ElasticNet { l1_ratio: number("l1_ratio", 0.5) },
        Some("scad") => concave(Concave::Scad { concavity: number("concavity", Concave::SCAD.concavity()) }),
        Some("mcp") => concave(Concave::Mcp { concavity: number("concavity", Concave::MCP.concavity()) }),
        Some("adaptive") => Penalty::Adaptive(Reweighting {
            exponent: number("exponent", default.exponent),
            epsilon: number("epsilon", default.epsilon),
            steps: options.count("steps").unwrap_or(default.steps),
        }),
        _ => Penalty::L1,
    }
}

/// Fails for options that belong to other penalties than this one.
pub(super) fn refuse_strays(options: &Options, own: &str) -> Result<()> {
    let stray = |(name, owners): &&(&str, &[&str])| options.is_given(name) && !owners.contains(&own);
    match OWN.iter().find(stray) {
        None => Ok(()),
        Some((name, owners)) => {
            let owners: Vec<String> = owners.iter().map(|owner| format!("\"{owner}\"")).collect();
            let (verb, owners) = (RECORD.verb, owners.join(" or "));
            Err(Error::option(format!("option '{name}' of {verb} goes with penalty {owners}, not with \"{own}\"")))
        }
    }
}

/// Fails for options that belong to another loss or solver.
fn refuse_others(options: &Options, loss: Loss, penalty: &Penalty, algorithm: Option<Algorithm>) -> Result<()> {
    let verb = RECORD.verb;
    let is_newton = algorithm == Some(Algorithm::ProximalNewton);
    if options.is_given("steps") && matches!(penalty, Penalty::Concave { .. }) {
        check_steps(verb, loss, is_newton)?;
    }
    match loss {
        Loss::LogDet | Loss::Concord if options.is_given("rule") => Err(Error::option(format!(
            "option 'rule' of {verb} goes with loss \"nodewise\", not with \"{}\"",
            loss.name()
        ))),
        Loss::Nodewise if options.is_true("penalize_diagonal") => Err(Error::option(format!(
            "option 'penalize_diagonal' of {verb} goes with loss \"logdet\": regressions have no diagonal"
        ))),
        _ => Ok(()),
    }
}

fn check_steps(verb: &str, loss: Loss, is_newton: bool) -> Result<()> {
    if loss == Loss::LogDet && !is_newton {
        return Ok(());
    }
    Err(Error::option(format!("option 'steps' of {verb} goes with solver \"reweighting\" and loss \"logdet\"")))
}

impl Estimate {
    /// The options that hold, beside lambda and its grid.
    pub(super) fn recorded(&self) -> Vec<(String, Value)> {
        let mut options: Vec<(&str, Value)> = vec![
            ("loss", self.loss.name().into()),
            ("penalty", self.penalty.name().into()),
            ("solver", self.algorithm.map_or("auto", Algorithm::name).into()),
        ];
        match self.penalty {
            Penalty::L1 => {}
            Penalty::ElasticNet { l1_ratio } => options.push(("l1_ratio", l1_ratio.into())),
            Penalty::Concave { form, steps } => {
                options.push(("concavity", form.concavity().into()));
                options.extend(steps.map(|steps| ("steps", Value::from(steps))));
            }
            Penalty::Adaptive(Reweighting { exponent, epsilon, steps }) => {
                options.extend([
                    ("exponent", exponent.into()),
                    ("epsilon", epsilon.into()),
                    ("steps", Value::from(steps)),
                ]);
            }
        }
        let last: (&'static str, Value) = match self.loss {
            Loss::LogDet | Loss::Concord => ("penalize_diagonal", self.base.penalize_diagonal.into()),
            Loss::Nodewise => ("rule", self.links.name().into()),
        };
        let own = options.into_iter().map(|(name, value)| (name.to_string(), value));
        own.chain(self.base.recorded_with([last])).collect()
    }
}
