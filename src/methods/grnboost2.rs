//! GRNBoost2: gradient boosting of shallow trees for every gene, on the regulators.

use super::setters::setters;
use crate::context::Context;
use crate::data::{Selector, Vector};
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, Fit, FitBuilder, Input, Property, Record, Run, regulators};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::trees::{Boosting, EarlyStop, MaxFeatures, Regressions};
use crate::value::Value;

use super::directed::{self, Method, over_regulators};
use super::tree_options;

/// The laws of the early stop by their words.
const LAWS: [(&str, EarlyStop); 3] =
    [("sklearn-1.2", EarlyStop::SameSamples), ("sklearn-1.3", EarlyStop::OtherSamples), ("none", EarlyStop::Never)];

const OPTIONS: &[Opt] = &[
    regulators::OPTION,
    Opt::new("trees", &[Kind::Count(1)], Preset::Count(5000), "Trees of every gene at most"),
    Opt::new(
        "learning_rate",
        &[Kind::Number(Range::POSITIVE.at_most(1.0))],
        Preset::Number(0.01),
        "Share of a tree's prediction that is taken",
    ),
    tree_options::max_features(Preset::Number(0.1)),
    Opt::new(
        "subsample",
        &[Kind::Number(Range::POSITIVE.at_most(1.0))],
        Preset::Number(0.9),
        "Share of the samples that a tree sees, drawn without replacement",
    ),
    Opt::new("depth", &[Kind::Count(1)], Preset::Count(3), "Splits between the root and a leaf at most"),
    Opt::new(
        "early_stop",
        &[Kind::Choice(&[LAWS[0].0, LAWS[1].0, LAWS[2].0])],
        Preset::Text(LAWS[0].0),
        "When boosting ends early: the law of GRNBoost2 with scikit-learn up to 1.2, that with later ones, or never",
    ),
    Opt::new("window", &[Kind::Count(1)], Preset::Count(25), "Trees over whose improvements the mean is taken"),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "grnboost2",
    constructor: Some("GrnBoost2"),
    area: Area::Recover,
    summary: "Directed graph from gradient boosting of every gene on the regulators (GRNBoost2)",
    details: "For every column g shallow trees are boosted on the regulators but g itself, with squared error. The weight of the \
edge t -> g is the importance of t, the decrease of the squared error by splits on t as a share of that by all splits, times \
the number of trees: columns that are predicted well keep more trees and get larger weights. Boosting of a column ends when \
the mean improvement over the last `window` trees falls below 0, measured on the samples that a tree has not seen. \
`early_stop` says how: \"sklearn-1.2\" takes the loss on the same samples before and after the tree, as GRNBoost2 was \
published and tested (hundreds of trees); \"sklearn-1.3\" compares the loss with that of the tree before, on other samples, which is \
what arboreto does without a word since scikit-learn 1.3: it mostly ends soon after `window` trees, with a weaker model. With \
`subsample: 1.0` no samples are left for that, and all `trees` are grown. The criterion of scikit-learn, \"friedman_mse\", ranks \
splits as the squared error does. Regulators with more than 256 different values are split between 256 bins of about as many \
samples each, all others between all their values. The random numbers of a column come from the seed and its name: neither \
the order of columns or regulators nor the number of threads changes the answer. A constant column has no edges, which a \
warning tells. Without `regulators` all columns regulate all.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::Constants,
    random: true,
    adds: &[
        Property {
            name: "importances",
            help: "Row t has the importances of regulator t for every column (Matrix, regulators x p)",
        },
        Property { name: "trees", help: "Number of trees of every column (Vector, p)" },
    ],
    reference: "Moerman et al., Bioinformatics 35:2159 (2019)",
    example: "let x = example(\"sachs\").head(200).log1p();\n\
              let fit = x.grnboost2(#{ regulators: [\"PKA\", \"PKC\"], seed: 1 });\n\
              print(fit.graph());\n\
              print(fit.trees);",
    run: Run::Fit(|input, options, ctx| GrnBoost2::from_options(options)?.fit_input(input, ctx)),
};

/// GRNBoost2 and its options.
///
/// ```
/// use sinew::data::Selector;
/// use sinew::{Context, Matrix, methods::grnboost2::GrnBoost2};
/// let x = Matrix::from_fn(50, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let fit = GrnBoost2::new().regulators(vec![Selector::Position(0)]).trees(60).fit(&x, &Context::new())?;
/// assert!(fit.graph(0.0)?.edges().iter().all(|edge| edge.source == 0));
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GrnBoost2 {
    regulators: Option<Vec<Selector>>,
    boosting: Boosting,
}

impl Default for GrnBoost2 {
    fn default() -> Self {
        let boosting = Boosting {
            trees: 5000,
            learning_rate: 0.01,
            max_features: MaxFeatures::Share(0.1),
            subsample: 0.9,
            depth: 3,
            early_stop: EarlyStop::SameSamples,
            window: 25,
        };
        Self { regulators: None, boosting }
    }
}

over_regulators!(GrnBoost2);

impl GrnBoost2 {
    setters! {
        /// The most trees of every column, at least 1.
        trees: usize => boosting.trees;
        /// When boosting ends early.
        early_stop: EarlyStop => boosting.early_stop;
        /// How trees are boosted.
        boosting: Boosting => boosting;
    }

    fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default().boosting;
        let law = options.text("early_stop").and_then(|word| LAWS.iter().find(|(known, _)| *known == word));
        let boosting = Boosting {
            trees: options.count("trees").unwrap_or(default.trees),
            learning_rate: options.number("learning_rate").unwrap_or(default.learning_rate),
            max_features: tree_options::given(options).unwrap_or(default.max_features),
            subsample: options.number("subsample").unwrap_or(default.subsample),
            depth: options.count("depth").unwrap_or(default.depth),
            early_stop: law.map_or(default.early_stop, |(_, law)| *law),
            window: options.count("window").unwrap_or(default.window),
        };
        let stops = boosting.early_stop != EarlyStop::Never;
        if options.is_given("early_stop") && stops && boosting.subsample >= 1.0 {
            return Err(Error::option("early_stop looks at samples that a tree has not seen: there are none")
                .with_hint("a subsample below 1, or `early_stop: \"none\"`"));
        }
        Ok(Self { regulators: regulators::given(options)?, boosting })
    }

    /// Fits checked data.
    ///
    /// # Errors
    /// As [`GrnBoost2::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        self.check()?;
        let x = directed::data(RECORD.verb, input)?;
        let method = Method {
            verb: RECORD.verb,
            regulators: self.regulators.as_deref(),
            scores: "importances",
            compares: false,
            options: self.recorded(),
        };
        method.fit(input, ctx, |roles| {
            let boost = |problem: &Regressions<'_>| problem.boost(&self.boosting, &roles.varying, ctx.seed(), ctx);
            let (importances, counts) = tree_options::importances(x, roles, boost, ctx)?;
            let mut trees = vec![0.0; input.p()];
            roles.varying.iter().zip(&counts).for_each(|(&column, &count)| trees[column] = count as f64);
            Ok((importances, move |builder: FitBuilder| {
                builder.solver("gradient boosting", counts.iter().sum(), true).add("trees", Vector::from(trees).into())
            }))
        })
    }

    /// What scripts cannot say.
    fn check(&self) -> Result<()> {
        let Boosting { trees, learning_rate, max_features, subsample, depth, window, .. } = self.boosting;
        tree_options::check(max_features)?;
        let is_share = |number: f64| number > 0.0 && number <= 1.0;
        if !is_share(learning_rate) || !is_share(subsample) {
            return Err(Error::option(format!(
                "learning_rate and subsample are numbers > 0 and <= 1, not {learning_rate} and {subsample}"
            )));
        }
        if trees == 0 || depth == 0 || window == 0 {
            return Err(Error::option("trees, depth and window of grnboost2 are at least 1"));
        }
        Ok(())
    }

    /// The options that held.
    fn recorded(&self) -> Vec<(String, Value)> {
        let Boosting { trees, learning_rate, max_features, subsample, depth, early_stop, window } = self.boosting;
        let law = if subsample < 1.0 { early_stop } else { EarlyStop::Never };
        let word = LAWS.iter().find(|(_, known)| *known == law).map_or("none", |(word, _)| *word);
        vec![
            ("trees".into(), trees.into()),
            ("learning_rate".into(), learning_rate.into()),
            ("max_features".into(), tree_options::recorded(max_features)),
            ("subsample".into(), subsample.into()),
            ("depth".into(), depth.into()),
            ("early_stop".into(), word.into()),
            ("window".into(), window.into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(GrnBoost2::from_options(&options).unwrap(), GrnBoost2::default());
    }

    #[test]
    fn an_early_stop_needs_samples_that_are_left_out() {
        let from = |given: &[(String, Value)]| GrnBoost2::from_options(&RECORD.check(given).unwrap());
        let whole = ("subsample".to_string(), Value::Float(1.0));
        assert!(from(std::slice::from_ref(&whole)).is_ok());
        let both = [whole.clone(), ("early_stop".into(), "sklearn-1.3".into())];
        assert!(from(&both).unwrap_err().message().contains("has not seen"));
        assert!(from(&[whole, ("early_stop".into(), "none".into())]).is_ok());
        let wrong = Boosting { window: 0, ..GrnBoost2::default().boosting };
        assert!(GrnBoost2::new().boosting(wrong).check().is_err());
    }
}
