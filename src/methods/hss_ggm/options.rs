//! The options of HSS-GGM.

use super::super::block_options::{BLOCKS, Blocks};
use super::HssGgm;
use crate::data::{Vector, number};
use crate::error::{Error, Result};
use crate::methods::shared_options::{max_iter, tol};
use crate::model::SecondMoment;
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::select::spike_slab::Calibration;
use crate::value::Value;

const CALIBRATIONS: &[&str] = &["plugin", "up_to_plugin", "bic", "ebic"];
const GRID: &[Kind] = &[Kind::Choice(&["auto"]), Kind::Number(Range::POSITIVE), Kind::Numbers];

pub(super) const OPTIONS: &[Opt] = &[
    Opt::new("fdr", &[Kind::Number(Range::OPEN_UNIT)], Preset::Number(0.1), "False discovery rate of the edges"),
    Opt::new(
        "blocks",
        BLOCKS,
        Preset::Text("auto"),
        "Number of blocks, or those to choose from; \"auto\" is 1 to 5, at most half as many as columns",
    ),
    Opt::new(
        "groups",
        &[Kind::List, Kind::Object("Vector")],
        Preset::Unset("looked for"),
        "The group of every column, a number or a name, where it is known",
    ),
    Opt::new(
        "calibration",
        &[Kind::Choice(CALIBRATIONS)],
        Preset::Text("up_to_plugin"),
        "How spikes are found that are not given, and the criterion between combinations",
    ),
    Opt::new(
        "spike",
        GRID,
        Preset::Text("auto"),
        "Rates of the spike in units of sqrt(n log p): a number, a list to choose from, or as `calibration` says",
    ),
    Opt::new(
        "slab",
        GRID,
        Preset::Text("auto"),
        "Standard deviations of the slab: a number, a list to choose from; \"auto\" is [0.15, 0.3, 0.6]",
    ),
    Opt::new("starts", &[Kind::Count(1)], Preset::Count(3), "First groupings for every number of blocks above 1"),
    tol(1e-3, "Bound on the change of every entry of the precision matrix in the last turn"),
    max_iter(200, "Turns of precision matrix and blocks at most"),
    SecondMoment::COR,
    SecondMoment::MISSING,
];

/// Spikes and slabs are within these: beyond them squares and exponentials say nothing.
const SCALES: [f64; 2] = [1e-6, 1e6];
/// As many spikes, slabs or starts are tried at most: a mistake would run for days.
const MOST: usize = 1000;

impl HssGgm {
    pub(super) fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        let calibration = match options.text("calibration") {
            Some("plugin") => Calibration::Plugin,
            Some("bic") => Calibration::Bic,
            Some("ebic") => Calibration::Ebic,
            _ => default.calibration,
        };
        let spike = grid(options, "spike")?;
        let finds = matches!(calibration, Calibration::Plugin | Calibration::UpToPlugin);
        if spike.is_some() && finds && options.is_given("calibration") {
            let word = options.text("calibration").unwrap_or_default();
            return Err(Error::option(format!("calibration \"{word}\" finds the spike, and spike is given"))
                .with_hint("leave one of them out; spikes that are given are compared by \"bic\" or \"ebic\""));
        }
        let groups = groups(options)?;
        let blocks = Blocks::given(options)?.unwrap_or_default();
        if groups.is_some() && (blocks != Blocks::Auto || options.is_given("starts")) {
            return Err(Error::option("blocks and starts are for groups that are looked for, and groups are given")
                .with_hint("leave blocks and starts out, or leave groups out"));
        }
        Ok(Self {
            fdr: options.number("fdr").unwrap_or(default.fdr),
            blocks,
            groups,
            calibration,
            spike,
            slab: grid(options, "slab")?,
            starts: options.count("starts").unwrap_or(default.starts),
            tol: options.number("tol").unwrap_or(default.tol),
            max_iter: options.count("max_iter").unwrap_or(default.max_iter),
        })
    }

    /// What is wrong with the options, whatever the data.
    pub(super) fn check(&self) -> Result<()> {
        if !(self.fdr > 0.0 && self.fdr < 1.0) {
            return Err(Error::option(format!("fdr is a number > 0 and < 1, not {}", self.fdr)));
        }
        if !(self.tol.is_finite() && self.tol > 0.0) {
            return Err(Error::option(format!("tol is a number > 0, not {}", self.tol)));
        }
        if self.starts == 0 || self.max_iter == 0 {
            return Err(Error::option("starts and max_iter of hss_ggm are at least 1"));
        }
        for (name, grid) in [("spike", &self.spike), ("slab", &self.slab)] {
            let wrong = grid.iter().flatten().find(|value| !(SCALES[0]..=SCALES[1]).contains(*value));
            if let Some(wrong) = wrong {
                let [least, most] = SCALES;
                return Err(Error::option(format!(
                    "every {name} of hss_ggm is a number of at least {least} and at most {most}, not {}",
                    number(*wrong)
                )));
            }
            check_length(name, grid.as_ref().map(Vec::len))?;
        }
        check_length("starts", Some(self.starts))
    }
}

fn check_length(name: &str, length: Option<usize>) -> Result<()> {
    match length {
        Some(0) => Err(Error::option(format!("option '{name}' of hss_ggm is an empty list"))
            .with_hint("leave it out, or give one value at least")),
        Some(length) if length > MOST => {
            Err(Error::option(format!("{name} of hss_ggm: {length} are more than the {MOST} that can be tried")))
        }
        _ => Ok(()),
    }
}

/// A number or a list of numbers; none for "auto".
fn grid(options: &Options, name: &str) -> Result<Option<Vec<f64>>> {
    let mut numbers = match options.get(name) {
        Some(Value::List(list)) => list.iter().filter_map(Value::as_number).collect::<Vec<f64>>(),
        Some(value) => match value.as_number() {
            Some(number) => vec![number],
            None => return Ok(None),
        },
        None => return Ok(None),
    };
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
    Ok(Some(numbers))
}

/// The label of every column's group.
fn groups(options: &Options) -> Result<Option<Vec<String>>> {
    let label = |value: &Value| match value {
        Value::Text(name) => Ok(name.clone()),
        Value::Int(number) => Ok(number.to_string()),
        Value::Float(number) if number.is_finite() => Ok(number.to_string()),
        other => Err(Error::option(format!(
            "option 'groups' of hss_ggm lists a number or a name for every column, one of them is {}",
            other.brief()
        ))),
    };
    let labels: Result<Vec<String>> = match (options.get("groups"), options.object::<Vector>("groups")) {
        (_, Some(vector)) => vector.as_slice().iter().map(|&number| label(&Value::Float(number))).collect(),
        (Some(Value::List(list)), _) => list.iter().map(label).collect(),
        _ => return Ok(None),
    };
    labels.map(Some)
}
