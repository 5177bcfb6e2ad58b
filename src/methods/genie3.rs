//! GENIE3: a forest of regression trees for every gene, on the regulators.

use super::setters::setters;
use crate::context::Context;
use crate::data::Selector;
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, Fit, FitBuilder, Input, Property, Record, Run, regulators};
use crate::options::{Kind, Opt, Options, Preset};
use crate::trees::{self, MaxFeatures, Regressions};
use crate::value::Value;

use super::directed::{self, Method, over_regulators};
use super::tree_options;

const OPTIONS: &[Opt] = &[
    regulators::OPTION,
    Opt::new("trees", &[Kind::Count(1)], Preset::Count(1000), "Trees of every gene"),
    tree_options::max_features(Preset::Text("sqrt")),
    Opt::new(
        "forest",
        &[Kind::Choice(&["random", "extra"])],
        Preset::Text("random"),
        "\"random\": bootstrap samples and best splits; \"extra\": all samples, and the best of random splits",
    ),
    Opt::new("depth", &[Kind::Count(1)], Preset::Unset("no limit"), "Splits between the root and a leaf at most"),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "genie3",
    constructor: Some("Genie3"),
    area: Area::Recover,
    summary: "Directed graph from a random forest of every gene on the regulators (GENIE3)",
    details: "For every column g a forest predicts g from the regulators but g itself. The weight of the edge t -> g is the \
importance of t: the decrease of the squared error by splits on t, as a share of the decrease by all splits, so that a \
column's importances add up to 1 and its units do not matter. As in arboreto, which calls scikit-learn, each tree's \
importances are scaled to 1 before their mean is taken; trees grow until their leaves are pure. Regulators with more than \
256 different values are split between 256 bins of about as many samples each, all others between all their values. \
The random numbers of a column come from the seed and its name: neither the order of columns or regulators nor the number \
of threads changes the answer. The importances rank a column's regulators; they say nothing about how well it is \
predicted, which those of grnboost2 do. A constant column has no edges, which a warning tells. Without `regulators` all \
columns regulate all.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::Constants,
    random: true,
    adds: &[Property {
        name: "importances",
        help: "Row t has the importances of regulator t for every column (Matrix, regulators x p)",
    }],
    reference: "Huynh-Thu, Irrthum, Wehenkel, Geurts, PLoS ONE 5:e12776 (2010)",
    example: "let x = example(\"sachs\").head(200).log1p();\n\
              let fit = x.genie3(#{ regulators: [\"PKA\", \"PKC\"], trees: 50, seed: 1 });\n\
              print(fit.importances);",
    run: Run::Fit(|input, options, ctx| Genie3::from_options(options)?.fit_input(input, ctx)),
};

/// GENIE3 and its options.
///
/// ```
/// use sinew::data::Selector;
/// use sinew::{Context, Matrix, methods::genie3::Genie3};
/// let x = Matrix::from_fn(50, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let fit = Genie3::new().regulators(vec![Selector::Position(0)]).trees(20).fit(&x, &Context::new())?;
/// assert!(fit.graph(0.0)?.edges().iter().all(|edge| edge.source == 0));
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Genie3 {
    regulators: Option<Vec<Selector>>,
    trees: usize,
    max_features: MaxFeatures,
    forest: trees::Kind,
    depth: Option<usize>,
}

impl Default for Genie3 {
    fn default() -> Self {
        Self {
            regulators: None,
            trees: 1000,
            max_features: MaxFeatures::Sqrt,
            forest: trees::Kind::Random,
            depth: None,
        }
    }
}

over_regulators!(Genie3);

impl Genie3 {
    setters! {
        /// Trees of every column, at least 1.
        trees: usize => trees;
        /// How many regulators a node looks at.
        max_features: MaxFeatures => max_features;
        /// What is random in the forest.
        forest: trees::Kind => forest;
        /// Splits between the root and a leaf at most, at least 1.
        depth: usize => depth = Some;
    }

    fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        Ok(Self {
            regulators: regulators::given(options)?,
            trees: options.count("trees").unwrap_or(default.trees),
            max_features: tree_options::given(options).unwrap_or(default.max_features),
            forest: if options.text("forest") == Some("extra") { trees::Kind::Extra } else { trees::Kind::Random },
            depth: options.count("depth"),
        })
    }

    /// Fits checked data.
    ///
    /// # Errors
    /// As [`Genie3::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        tree_options::check(self.max_features)?;
        if self.trees == 0 || self.depth == Some(0) {
            return Err(Error::option("genie3 needs at least one tree of depth 1"));
        }
        let x = directed::data(RECORD.verb, input)?;
        let plan = trees::Forest {
            kind: self.forest,
            trees: self.trees,
            max_features: self.max_features,
            depth: self.depth.unwrap_or(usize::MAX),
        };
        let solver = format!("{} forests", self.word());
        let method = Method {
            verb: RECORD.verb,
            regulators: self.regulators.as_deref(),
            scores: "importances",
            compares: true,
            options: self.recorded(),
        };
        method.fit(input, ctx, |roles| {
            let grow = |problem: &Regressions<'_>| problem.grow(&plan, &roles.varying, ctx.seed(), ctx);
            let (importances, _) = tree_options::importances(x, roles, grow, ctx)?;
            Ok((importances, move |builder: FitBuilder| builder.solver(solver, plan.trees, true)))
        })
    }

    fn word(&self) -> &'static str {
        match self.forest {
            trees::Kind::Random => "random",
            trees::Kind::Extra => "extra",
        }
    }

    /// The options that held.
    fn recorded(&self) -> Vec<(String, Value)> {
        vec![
            ("trees".into(), self.trees.into()),
            ("max_features".into(), tree_options::recorded(self.max_features)),
            ("forest".into(), self.word().into()),
            ("depth".into(), self.depth.into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(Genie3::from_options(&options).unwrap(), Genie3::default());
    }
}
