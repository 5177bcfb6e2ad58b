//! The graphical lasso along a grid of penalties.

use std::sync::Arc;

use super::graphical_lasso::{GraphicalLasso, Lambda};
use super::penalties::{self, refuse_grid};
use crate::context::Context;
use crate::data::{Matrix, Vector};
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, Fit, Input, Path, Point, Record, Run, SecondMoment, Solved, timed};
use crate::options::{Kind, Opt, Options, Preset};
use crate::select::{Grid, Rule, path_points};
use crate::value::Value;

const OPTIONS: &[Opt] = &[
    Opt::new(
        "lambdas",
        &[Kind::List, Kind::Object("Vector")],
        Preset::Unset("an automatic grid"),
        "Penalties; sorted, largest first",
    ),
    penalties::N_LAMBDAS,
    penalties::MIN_RATIO,
    penalties::WEIGHTS,
    penalties::PENALIZE_DIAGONAL,
    penalties::CONVENTION,
    SecondMoment::COR,
    SecondMoment::MISSING,
    penalties::TOL,
    penalties::MAX_ITER,
];

/// The record.
pub static RECORD: Record = Record {
    verb: "graphical_lasso_path",
    constructor: Some("GraphicalLassoPath"),
    area: Area::Recover,
    summary: "The graphical lasso along a grid of penalties, with warm starts",
    details: "The automatic grid runs from the smallest penalty that empties the graph down to `min_ratio` of it, evenly in \
logarithm. Every solution carries its own certificate. Choose one with path.select(\"ebic\" | \"bic\" | \"aic\" | \"cv\" | \
\"stars\" | \"ric\"); a choice at an end of the grid is a warning on the fit. `cor` and `missing` are those of graphical_lasso, and \
hold for the refits of \"cv\" and \"stars\" too; the held-out rows of \"cv\" then have their own correlation of that kind. \
With `convention: \"huge\"` path.lambdas, \
path.n_edges (df), path.loglik and path.ebic are those of huge(x, method = \"glasso\") and huge.select, up to huge's \
tolerance of 1e-4: S is the correlation, also of a covariance, the diagonal is penalised, 10 penalties run down to a tenth \
of the largest, loglik = log det Theta - tr(S Theta) with -1 for a variable without an edge, and \
ebic = -n loglik + E log n + 4 gamma E log p.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: false,
    adds: &[],
    reference: "Friedman, Hastie, Tibshirani, Biostatistics 9:432 (2008); Foygel, Drton, NIPS (2010)",
    example: "let x = example(\"sachs\").head(200).log1p().standardize();\n\
              let path = x.graphical_lasso_path(#{ n_lambdas: 10, min_ratio: 0.05 });\n\
              print(path.select(\"ebic\", #{ gamma: 0.5 }).n_edges);",
    run: Run::Path(|input, options, ctx| GraphicalLassoPath::from_options(options)?.fit_input(input, ctx)),
};

/// The graphical lasso along a grid, and its options.
#[derive(Debug, Clone)]
pub struct GraphicalLassoPath {
    model: GraphicalLasso,
    lambdas: Option<Vec<f64>>,
}

impl Default for GraphicalLassoPath {
    fn default() -> Self {
        Self::of(GraphicalLasso::new())
    }
}

impl GraphicalLassoPath {
    /// The path of a graphical lasso with its convention; its own penalty is replaced by the grid's.
    pub fn of(model: GraphicalLasso) -> Self {
        Self { model, lambdas: None }
    }

    /// These penalties instead of an automatic grid.
    #[must_use]
    pub fn lambdas(mut self, lambdas: Vec<f64>) -> Self {
        self.lambdas = Some(lambdas);
        self
    }

    /// Number of penalties and smallest over largest, for the automatic grid.
    #[must_use]
    pub fn grid(mut self, n_lambdas: usize, min_ratio: f64) -> Self {
        self.model.n_lambdas = n_lambdas;
        self.model.min_ratio = min_ratio;
        self
    }

    fn from_options(options: &Options) -> Result<Self> {
        if options.is_given("lambdas") {
            refuse_grid(options, "the automatic grid, lambdas were given")?;
        }
        let lambdas = match options.get("lambdas") {
            Some(Value::List(values)) => Some(
                values
                    .iter()
                    .map(|value| {
                        value.as_number().ok_or_else(|| {
                            Error::option(format!(
                                "option 'lambdas' must be a list of numbers, one of them is {}",
                                value.brief()
                            ))
                        })
                    })
                    .collect::<Result<Vec<f64>>>()?,
            ),
            Some(value) => value.object::<Vector>().map(|vector| vector.as_slice().to_vec()),
            None => None,
        };
        Ok(Self { model: GraphicalLasso::from_options(options)?, lambdas })
    }

    /// The path for data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used, a problem without a minimum, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Path> {
        self.fit_input(Input::data(x)?, ctx)
    }

    /// The path for data or a covariance matrix.
    ///
    /// # Errors
    /// As [`GraphicalLassoPath::fit`].
    pub fn fit_input(&self, input: Input, ctx: &Context) -> Result<Path> {
        self.model.check()?;
        if !(self.model.min_ratio > 0.0 && self.model.min_ratio < 1.0) || self.model.n_lambdas == 0 {
            return Err(Error::option("n_lambdas must be >= 1 and min_ratio between 0 and 1"));
        }
        let input = self.model.convention.input(&input);
        let (points, seconds) = timed(|| self.solve(&input, &self.grid_of(&input, ctx)?, ctx))?;
        self.path(input, points, seconds, ctx)
    }

    /// The path of these solutions.
    fn path(&self, input: Input, points: Vec<Point>, seconds: f64, ctx: &Context) -> Result<Path> {
        let own = self.clone();
        let options = self.recorded(&input);
        let solved = Solved {
            verb: RECORD.verb,
            method: super::graphical_lasso::RECORD.verb.into(),
            input,
            points,
            options,
            seconds,
            solve: Arc::new(move |input, lambdas, ctx| own.solve(input, lambdas, ctx)),
        };
        Path::new(solved, ctx)
    }

    /// The grid of penalties, largest first.
    fn grid_of(&self, input: &Input, ctx: &Context) -> Result<Vec<f64>> {
        self.model.check_weights(input)?;
        let grid = match &self.lambdas {
            Some(lambdas) => Grid::Given(lambdas.clone()),
            None => Grid::Automatic { count: self.model.n_lambdas, min_ratio: self.model.min_ratio },
        };
        let weights = self.model.weights.as_ref().map(Matrix::view);
        grid.values(self.model.convention.solve(input, ctx, |moments| moments.largest(weights, ctx))?)
    }

    fn solve(&self, input: &Input, lambdas: &[f64], ctx: &Context) -> Result<Vec<Point>> {
        let model = &self.model;
        let penalty = |lambda: f64| model.scaled(lambda);
        let convention = model.convention;
        let mut points =
            convention.solve(input, ctx, |moments| path_points(moments, lambdas, penalty, model.settings(), ctx))?;
        for point in &mut points {
            point.likelihood = convention.likelihood(point.likelihood, &point.precision);
        }
        Ok(points)
    }

    /// The options of the path's own verb, with which it can be solved again.
    fn recorded(&self, input: &Input) -> Vec<(String, Value)> {
        let model = &self.model;
        let mut options: Vec<(String, Value)> = vec![
            ("penalize_diagonal".into(), model.penalize_diagonal.into()),
            ("convention".into(), model.convention.name().into()),
            ("tol".into(), model.tol.into()),
            ("max_iter".into(), model.max_iter.into()),
        ];
        match &self.lambdas {
            Some(lambdas) => options.push(("lambdas".into(), Vector::from(lambdas.clone()).into())),
            None => {
                options.push(("n_lambdas".into(), model.n_lambdas.into()));
                options.push(("min_ratio".into(), model.min_ratio.into()));
            }
        }
        if let Some(weights) = &model.weights {
            options.push(("weights".into(), weights.clone().into()));
        }
        options.extend(input.recorded());
        options
    }

    /// The fit that a rule chooses along the path, as a fit of the graphical lasso.
    pub(super) fn choose(&self, input: &Input, rule: Rule, ctx: &Context) -> Result<Fit> {
        check_choosable(input, rule)?;
        debug_assert!(matches!(self.model.lambda, Lambda::Rule(_)));
        let path = match rule {
            // It brings its own penalty: no solution of a grid is needed.
            Rule::Ric { .. } => self.path(input.clone(), Vec::new(), 0.0, ctx)?,
            _ => self.fit_input(input.clone(), ctx)?,
        };
        rule.choose(&path, ctx)
    }
}

/// Fails before any work where the input lacks what the rule chooses by.
pub(super) fn check_choosable(input: &Input, rule: Rule) -> Result<()> {
    if rule.needs_data() {
        rule.data(input)?;
    } else if input.n().is_none() {
        return Err(Error::argument("choosing lambda by a criterion needs the number of samples")
            .with_hint("give it with the covariance, `n: 100`, or give lambda as a number"));
    }
    Ok(())
}
