//! What methods share that give every pair of a regulator and a gene a score: all but the scores themselves.

use ndarray::{Array2, ArrayView2};

use crate::context::Context;
use crate::data::{Column, Matrix, Names, Selector};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Edge, Graph, REGULATOR};
use crate::model::{Estimate, Fit, FitBuilder, Input, regulators};
use crate::value::Value;

/// What a method with a field `regulators` and a function `fit_input` has in Rust beside its own options.
macro_rules! over_regulators {
    ($method:ident) => {
        impl $method {
            /// With the defaults of the script verb.
            pub fn new() -> Self {
                Self::default()
            }

            /// Columns that act on others, by name or position; without them, all.
            #[must_use]
            pub fn regulators(mut self, regulators: Vec<$crate::data::Selector>) -> Self {
                self.regulators = Some(regulators);
                self
            }

            /// Fits data, n x p, in which columns may be constant.
            ///
            /// # Errors
            /// Data or options that cannot be used, a limit of the context.
            pub fn fit(
                &self,
                x: &$crate::data::Matrix,
                ctx: &$crate::context::Context,
            ) -> $crate::error::Result<$crate::model::Fit> {
                let moment = $crate::model::SecondMoment::default();
                self.fit_input(&$crate::model::Input::with_constants(x, moment, ctx)?, ctx)
            }
        }
    };
}
pub(super) use over_regulators;

/// The data of a method that takes nothing else.
///
/// # Errors
/// A covariance matrix.
pub(super) fn data<'a>(verb: &str, input: &'a Input) -> Result<&'a Matrix> {
    input.x().ok_or_else(|| Error::argument(format!("{verb} needs data, not a covariance matrix")))
}

/// A method, as far as its fits must know it.
#[derive(Debug)]
pub(super) struct Method<'a> {
    /// Its verb.
    pub verb: &'static str,
    /// Columns that act on others, as they were given; without them, all.
    pub regulators: Option<&'a [Selector]>,
    /// The property that has the scores.
    pub scores: &'static str,
    /// Whether a score compares a column's regulators, so that one alone has the same score for every column.
    pub compares: bool,
    /// The options that held, beside the regulators.
    pub options: Vec<(String, Value)>,
}

/// Numbers that an edge takes as much memory as.
const EDGE: usize = size_of::<Edge>().div_ceil(size_of::<f64>());

impl Method<'_> {
    /// The fit of the graph of the scores that `find` finds: of all regulators (rows, in the order in which they were given)
    /// and all columns, 0 where there is no edge. With them comes what tells the fit the rest: the solver, other properties.
    ///
    /// # Errors
    /// Regulators that cannot be used, those of `find`, scores that are not finite, a limit of the context.
    pub fn fit<T: FnOnce(FitBuilder) -> FitBuilder>(
        self,
        input: &Input,
        ctx: &Context,
        find: impl FnOnce(&Roles) -> Result<(Array2<f64>, T)>,
    ) -> Result<Fit> {
        let roles = Roles::of(self.regulators, input)?;
        let warning = self.lonely(&roles);
        let options = std::iter::once(roles.recorded(input)).chain(self.options).collect();
        let mut builder = Fit::builder(self.verb, input, options, ctx);
        if let Some(warning) = warning {
            builder.warn(warning);
        }
        // Scores, as they are found and as they are placed, and edges.
        let _held = ctx.reserve_matrices(2 + EDGE, roles.regulators.len(), input.p())?;
        let (scores, tell) = find(&roles)?;
        let graph = roles.graph(scores.view(), input, ctx)?;
        let builder = builder.add(self.scores, roles.matrix(scores, input)?.into());
        tell(builder).finish(Estimate::Graph(graph), ctx)
    }

    /// What the user should know where fewer than two regulators vary.
    fn lonely(&self, roles: &Roles) -> Option<String> {
        match roles.acting()[..] {
            [] => Some("no regulator varies: there are no edges".into()),
            [only] if self.compares => Some(format!(
                "'{}' is the only regulator that varies: {} compares the regulators of a column, and one alone has the same \
                 score for all columns",
                roles.labels.get(only),
                self.verb
            )),
            _ => None,
        }
    }
}

/// Who acts on whom.
#[derive(Debug)]
pub(super) struct Roles {
    /// The names of the columns, or what they are called without.
    pub labels: Names,
    /// Columns that act on others, in the order in which they were given.
    pub regulators: Vec<usize>,
    /// Columns that are not constant, ascending: the others have no edges.
    pub varying: Vec<usize>,
    is_given: bool,
}

impl Roles {
    /// The regulators that an option lists, or all columns.
    ///
    /// # Errors
    /// As [`regulators::positions`].
    pub fn of(given: Option<&[Selector]>, input: &Input) -> Result<Self> {
        let labels = input.names().cloned().unwrap_or_else(|| Names::numbered(input.p()));
        let regulators = match given {
            Some(list) => regulators::positions(list, &labels, "column", "all columns are regulators")
                .map_err(|error| without_names(error, input))?,
            None => (0..input.p()).collect(),
        };
        Ok(Self { labels, regulators, varying: input.varying(), is_given: given.is_some() })
    }

    /// The option `regulators` as it held: by name, where columns have names; none where it was not given.
    pub fn recorded(&self, input: &Input) -> (String, Value) {
        let value = |&t: &usize| match input.names() {
            Some(_) => Value::from(self.labels.get(t)),
            None => Value::from(t),
        };
        let list = self.is_given.then(|| self.regulators.iter().map(value).collect::<Vec<Value>>());
        (regulators::OPTION.name.into(), Value::from(list))
    }

    /// The regulators that are not constant.
    pub fn acting(&self) -> Vec<usize> {
        self.regulators.iter().copied().filter(|column| self.varying.binary_search(column).is_ok()).collect()
    }

    /// Scores of some regulators (rows, columns of the data each) and some targets (columns) among those of all
    /// regulators, in the order in which they were given, and all columns; 0 for the others.
    pub fn placed(&self, scores: ArrayView2<'_, f64>, rows: &[usize], targets: &[usize]) -> Array2<f64> {
        let mut row_of = vec![0; self.labels.len()];
        self.regulators.iter().enumerate().for_each(|(row, &regulator)| row_of[regulator] = row);
        let mut all = Array2::zeros((self.regulators.len(), self.labels.len()));
        for (scores, &regulator) in scores.rows().into_iter().zip(rows) {
            let row = row_of[regulator];
            scores.iter().zip(targets).for_each(|(score, &target)| all[(row, target)] = *score);
        }
        all
    }

    /// Scores of all regulators and columns, with names.
    ///
    /// # Errors
    /// Never for as many rows as there are regulators; the type says so because matrices check their names.
    pub fn matrix(&self, scores: Array2<f64>, input: &Input) -> Result<Matrix> {
        let names = self.labels.pick(&self.regulators);
        Matrix::from(scores).with_names(input.names().cloned())?.with_row_names(Some(names))
    }

    /// The directed graph of the scores of all regulators and columns that are not 0, with regulators marked.
    ///
    /// # Errors
    /// Cancellation; scores that are not finite.
    pub fn graph(&self, scores: ArrayView2<'_, f64>, input: &Input, ctx: &Context) -> Result<Graph> {
        let mut marks = vec![0.0; input.p()];
        self.regulators.iter().for_each(|&regulator| marks[regulator] = 1.0);
        let mut rows: Vec<(usize, usize)> = self.regulators.iter().copied().zip(0..).collect();
        rows.sort_unstable();
        // There may be millions: they are counted before there is room for them, and come in the order of the graph.
        let mut edges = Vec::with_capacity(scores.iter().filter(|score| **score != 0.0).count());
        for (source, row) in rows {
            ctx.check()?;
            let linked = scores.row(row).into_iter().enumerate().filter(|(_, score)| **score != 0.0);
            edges.extend(linked.map(|(target, &score)| Edge::new(source, target, score)));
        }
        let marks = Column::numbers(marks);
        Graph::new(input.p(), input.names().cloned(), true, edges)?.with_node_attribute(REGULATOR, marks)
    }
}

/// An unknown name, of columns that have none.
fn without_names(error: Error, input: &Input) -> Error {
    match (error.kind(), input.names()) {
        (ErrorKind::Name, None) => {
            error.with_hint("the columns have no names: give positions, or names to the data with set_names(list)")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn fit(method: Method<'_>, x: &Matrix) -> Fit {
        let input = Input::with_constants(x, Default::default(), &Context::new()).unwrap();
        let find = |roles: &Roles| {
            let all = Array2::from_shape_fn((roles.regulators.len(), 4), |(t, g)| f64::from(roles.regulators[t] != g));
            Ok((all, |builder: FitBuilder| builder.solver("guess", 7, true).add("more", Value::Int(1))))
        };
        method.fit(&input, &Context::new(), find).unwrap()
    }

    #[test]
    fn fits_have_scores_options_and_what_the_method_tells() {
        let x = Matrix::from_fn(9, 4, |i, j| if j > 1 { 7.0 } else { ((i * (j + 2) + i * i) % 7) as f64 });
        let guess = |given: &[i64], compares: bool| {
            let given: Vec<Selector> = given.iter().copied().map(Selector::Position).collect();
            let options = vec![("depth".into(), Value::Int(2))];
            fit(Method { verb: "guess", regulators: Some(&given), scores: "guesses", compares, options }, &x)
        };
        let both = guess(&[1, 0], true);
        let options = Value::Map(both.options().to_vec()).to_json();
        assert_eq!(options, serde_json::json!({ "regulators": [1, 0], "depth": 2 }));
        assert_eq!((both.solver(), both.iterations(), both.graph(0.0).unwrap().n_edges()), ("guess", 7, 6));
        let scores = both.added("guesses").unwrap().object::<Matrix>().unwrap().clone();
        assert_eq!((scores.row_slice(0), both.added("more").is_ok()), (&[1.0, 0.0, 1.0, 1.0][..], true));
        assert_eq!(both.warnings().len(), 1, "{both}");
        assert!(guess(&[1, 2], true).warnings()[1].starts_with("'x1' is the only regulator that varies"));
        assert_eq!(guess(&[1, 2], false).warnings().len(), 1);
        assert_eq!(guess(&[3, 2], false).warnings()[1], "no regulator varies: there are no edges");
    }

    #[test]
    fn scores_are_put_where_they_belong() {
        let x = Matrix::from_fn(9, 4, |i, j| if j == 1 { 7.0 } else { ((i * (j + 2) + i * i) % 7) as f64 });
        let input = Input::with_constants(&x, Default::default(), &Context::new()).unwrap();
        let given = [3, 1, 0].map(Selector::Position);
        let roles = Roles::of(Some(&given), &input).unwrap();
        assert_eq!((roles.acting(), &roles.varying), (vec![3, 0], &vec![0, 2, 3]));
        // Rows of 0 and 3; columns of 0, 2 and 3.
        let scores = roles.placed(array![[0.0, 5.0, 6.0], [7.0, 0.0, 0.0]].view(), &[0, 3], &roles.varying);
        assert_eq!(scores, array![[7.0, 0.0, 0.0, 0.0], [0.0; 4], [0.0, 0.0, 5.0, 6.0]]);
        let graph = roles.graph(scores.view(), &input, &Context::new()).unwrap();
        let edges: Vec<(usize, usize, f64)> = graph.edges().iter().map(|e| (e.source, e.target, e.weight)).collect();
        assert_eq!(edges, [(0, 2, 5.0), (0, 3, 6.0), (3, 0, 7.0)]);
        assert_eq!(graph.node_attribute(REGULATOR).unwrap(), &Column::numbers(vec![1.0, 1.0, 0.0, 1.0]));
        let matrix = roles.matrix(scores, &input).unwrap();
        assert_eq!(matrix.row_names().unwrap().as_slice(), ["x3", "x1", "x0"]);
    }
}
