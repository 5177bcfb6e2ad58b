//! The penalty of methods that find graphs and no precision matrix: by stability or by rotations.

use crate::context::Context;
use crate::data::{Vector, number};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Input;
use crate::options::{Opt, Options};
use crate::value::Value;

use super::ric;
use super::rule::{Rule, check_rule};
use super::stars::{self, Graphs, Subsampling};

/// The graphs of one input for descending penalties.
#[derive(Debug)]
pub struct Linked {
    /// The pairs that are linked, for every penalty.
    pub pairs: Vec<Vec<(u32, u32)>>,
    /// Solutions that did not converge.
    pub unconverged: usize,
}

/// A penalty, and how it was chosen.
#[derive(Debug)]
pub struct GraphPenalty {
    /// The penalty.
    pub lambda: f64,
    /// The rule, and what it saw.
    pub selection: Value,
    /// What to know about the choice.
    pub warnings: Vec<String>,
}

impl GraphPenalty {
    /// The rules that need graphs alone.
    pub const NAMES: &'static [&'static str] = &["ric", "stars"];

    /// What "stars" can be told, and last what "ric" can.
    pub const OPTIONS: &'static [Opt] = Rule::OPTIONS.split_at(3).1;

    /// The rule of option `lambda` of `verb`, where that is a word.
    ///
    /// # Errors
    /// An option of another rule than the one that chooses.
    pub fn rule(verb: &str, options: &Options) -> Result<Option<Rule>> {
        match options.text("lambda") {
            Some(name) => Rule::from_options(verb, name, options).map(Some),
            None => match Rule::OPTIONS.iter().find(|opt| options.is_given(opt.name)) {
                None => Ok(None),
                Some(stray) => {
                    let owner = if stray.name == "rotations" { "ric" } else { "stars" };
                    Err(Error::option(format!("option '{}' of {verb} goes with lambda: \"{owner}\"", stray.name)))
                }
            },
        }
    }

    /// Chooses by the rule. `lambdas` is the descending grid of "stars", in units of correlations; `graphs` finds the
    /// graphs of an input for them. "ric" takes its penalty from rotations of the standardised columns.
    ///
    /// # Errors
    /// Another rule, a covariance instead of data, limits of the context, what `graphs` reports.
    pub fn choose(
        rule: Rule,
        input: &Input,
        lambdas: &[f64],
        graphs: impl Fn(&Input, &Context) -> Result<Linked> + Sync,
        ctx: &Context,
    ) -> Result<Self> {
        check_rule(&rule)?;
        match rule {
            Rule::Ric { rotations } => Self::by_rotations(rule, input, rotations, ctx),
            Rule::Stars { subsamples, ratio, threshold } => {
                let subsampling = Subsampling { subsamples, ratio, threshold };
                Self::by_stability(rule, input, subsampling, lambdas, graphs, ctx)
            }
            other => Err(Error::option(format!("\"{}\" needs a precision matrix, which a graph is not", other.name()))
                .with_hint("rules for graphs: \"ric\", \"stars\"")),
        }
    }

    fn by_stability(
        rule: Rule,
        input: &Input,
        subsampling: Subsampling,
        lambdas: &[f64],
        graphs: impl Fn(&Input, &Context) -> Result<Linked> + Sync,
        ctx: &Context,
    ) -> Result<Self> {
        let x = rule.data(input)?;
        let columns: Vec<usize> = (0..x.cols()).collect();
        let of_rows = |rows: &[usize], inner: &Context| -> Result<Graphs> {
            let part = input.of_rows(&x.pick(rows, &columns), inner).map_err(|error| error.at("a subsample"))?;
            let Linked { pairs, unconverged } = graphs(&part, inner)?;
            Graphs::new(pairs, unconverged, inner)
        };
        let choice = stars::compare(x, subsampling, lambdas.len(), of_rows, ctx)?;
        let lambda = lambdas.get(choice.position).copied();
        let lambda = lambda.ok_or_else(|| Error::internal("a grid without a penalty"))?;
        let mut warnings: Vec<String> = choice.warning.into_iter().collect();
        warnings.extend(at_an_end(choice.position, lambdas));
        warnings.extend(missed(choice.unconverged, ctx)?);
        let selection = Value::Map(vec![
            ("rule".into(), rule.name().into()),
            ("lambdas".into(), Vector::from(lambdas.to_vec()).into()),
            ("values".into(), Vector::from(choice.values).into()),
        ]);
        Ok(Self { lambda, selection, warnings })
    }

    fn by_rotations(rule: Rule, input: &Input, rotations: usize, ctx: &Context) -> Result<Self> {
        let maxima = ric::maxima(&rule.data(input)?.standardize()?, rotations, ctx)?;
        let lambda = maxima.iter().copied().fold(f64::INFINITY, f64::min);
        let selection = Value::Map(vec![
            ("rule".into(), rule.name().into()),
            ("lambda".into(), lambda.into()),
            ("maxima".into(), Vector::from(maxima).into()),
        ]);
        Ok(Self { lambda, selection, warnings: Vec::new() })
    }
}

/// What to know about a choice at the dense end of the grid.
fn at_an_end(position: usize, lambdas: &[f64]) -> Option<String> {
    (position + 1 == lambdas.len() && position > 0).then(|| {
        format!(
            "the smallest lambda of the grid ({}) was chosen: no graph of the grid is unstable, denser ones may be",
            number(lambdas[position])
        )
    })
}

fn missed(unconverged: usize, ctx: &Context) -> Result<Option<String>> {
    if unconverged == 0 {
        return Ok(None);
    }
    let text =
        format!("{unconverged} of the solutions that \"stars\" compared did not converge: raise max_iter, or tol");
    match ctx.is_strict() {
        true => Err(Error::new(ErrorKind::NotConverged, text)),
        false => Ok(Some(text)),
    }
}
