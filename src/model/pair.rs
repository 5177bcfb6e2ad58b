//! Pairs of data and truth: what models are trained on.

use super::regulators;
use crate::context::Context;
use crate::data::covariance::variable_names;
use crate::data::{Matrix, Names, numbers_of};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::value::{Value, describe};

/// What is known of data: their network, or a matrix.
#[derive(Debug, Clone)]
pub enum Truth {
    /// A graph over the variables.
    Graph(Graph),
    /// A precision matrix or the weights of a network, p x p.
    Matrix(Matrix),
}

/// Data and what is known of them, over the same variables in the same order.
#[derive(Debug, Clone)]
pub struct Pair {
    /// n x p, samples in rows.
    pub x: Matrix,
    /// The truth behind them.
    pub truth: Truth,
    /// The variables that act on others, by position, where they are known.
    pub regulators: Option<Vec<usize>>,
}

/// The entries of a pair's map. The seed of a simulated pair stays with it.
const ENTRIES: [&str; 4] = ["x", "truth", "regulators", "seed"];
const SHAPE: &str =
    "a pair is a map #{ x: data, truth: a Graph or a square Matrix }, with `regulators` where they are known";

impl Truth {
    fn from_value(value: &Value) -> Result<Self> {
        if let Some(graph) = value.object::<Graph>() {
            return Ok(Self::Graph(graph.clone()));
        }
        let Some(matrix) = value.object::<Matrix>() else {
            let message = format!("the truth must be a Graph or a square Matrix, not {}", describe(value));
            return Err(Error::argument(message));
        };
        if matrix.rows() != matrix.cols() {
            let message = format!("the truth must be square, not {} x {}", matrix.rows(), matrix.cols());
            return Err(Error::shape(message));
        }
        match matrix.first_non_finite() {
            Some(place) => Err(Error::data(format!("the truth has {place}"))),
            None => Ok(Self::Matrix(matrix.clone())),
        }
    }

    /// Number of variables.
    pub fn p(&self) -> usize {
        match self {
            Self::Graph(graph) => graph.n_nodes(),
            Self::Matrix(matrix) => matrix.rows(),
        }
    }

    /// The variables' names, where they have some.
    pub fn names(&self) -> Option<Names> {
        match self {
            Self::Graph(graph) => graph.names().cloned(),
            Self::Matrix(matrix) => variable_names(matrix),
        }
    }

    /// The matrix, or the weights of the graph, p x p.
    ///
    /// # Errors
    /// Memory.
    pub fn matrix(&self, ctx: &Context) -> Result<Matrix> {
        match self {
            Self::Graph(graph) => graph.to_matrix(ctx),
            Self::Matrix(matrix) => Ok(matrix.clone()),
        }
    }

    /// The same about variables in this order.
    fn pick(&self, order: &[usize]) -> Result<Self> {
        Ok(match self {
            Self::Graph(graph) => Self::Graph(graph.subgraph(order)?),
            Self::Matrix(matrix) => Self::Matrix(matrix.pick(order, order)),
        })
    }

    /// The same in the order of the columns of `x`: by name, where both have names.
    fn matched(self, x: &Matrix) -> Result<Self> {
        if self.p() != x.cols() {
            return Err(Error::shape(format!("x has {} columns, the truth {} variables", x.cols(), self.p()))
                .with_hint("the truth is about the columns of x, in their order or under their names"));
        }
        let (Some(columns), Some(names)) = (x.names(), self.names()) else { return Ok(self) };
        if *columns == names {
            return Ok(self);
        }
        let position = |column: &str| {
            let missing = || Error::name(format!("the truth has no variable '{column}', which is a column of x"));
            names.find(column).ok_or_else(|| missing().with_nearest(column, names.iter()))
        };
        self.pick(&columns.iter().map(position).collect::<Result<Vec<usize>>>()?)
    }
}

impl Pair {
    /// Data, n x p, with the truth about them, whose variables are matched to the columns by name where both have names.
    ///
    /// # Errors
    /// Another number of variables, other names.
    pub fn new(x: Matrix, truth: Truth) -> Result<Self> {
        let truth = truth.matched(&x)?;
        Ok(Self { x, truth, regulators: None })
    }

    /// The pair that a map `#{ x, truth, regulators }` holds.
    ///
    /// # Errors
    /// Other entries, with the nearest one; entries of other types; truth or regulators that do not belong to x.
    pub fn from_value(value: &Value, ctx: &Context) -> Result<Self> {
        let Value::Map(entries) = value else {
            return Err(Error::argument(format!("it is {}, not a map", describe(value))).with_hint(SHAPE));
        };
        if let Some((stray, _)) = entries.iter().find(|(name, _)| !ENTRIES.contains(&name.as_str())) {
            let error = Error::argument(format!("there is no entry '{stray}' of a pair"));
            return Err(error.with_nearest(stray, ENTRIES).or_hint(SHAPE));
        }
        let entry = |key: &str| {
            value.entry(key).ok_or_else(|| Error::argument(format!("the entry '{key}' is missing")).with_hint(SHAPE))
        };
        let (x, truth) = (entry("x")?, Truth::from_value(entry("truth")?)?);
        let not_data = || Err(Error::argument(format!("x must be a Matrix or a Table, not {}", describe(x))));
        let pair = Self::new(numbers_of(x, ctx).unwrap_or_else(not_data)?, truth)?;
        match value.entry("regulators") {
            None | Some(Value::Unit) => Ok(pair),
            Some(Value::List(list)) => Ok(Self { regulators: Some(pair.positions(list)?), ..pair }),
            Some(other) => {
                let message = format!("the regulators are a list of names or positions, not {}", describe(other));
                Err(Error::argument(message))
            }
        }
    }

    /// The columns that a list of regulators names.
    fn positions(&self, list: &[Value]) -> Result<Vec<usize>> {
        const PLACE: &str = "the entry 'regulators'";
        let names = self.x.names().cloned().or_else(|| self.truth.names());
        let names = names.unwrap_or_else(|| Names::numbered(self.x.cols()));
        let without = "leave the entry out where they are not known";
        regulators::positions_at(PLACE, &regulators::selectors(PLACE, list)?, &names, "column", without)
    }

    /// The pairs of a list, whose data pass `check`.
    ///
    /// # Errors
    /// Something that is no list, an empty one; the first element that is not a pair, by its number.
    pub fn list(value: &Value, check: impl Fn(&Matrix) -> Result<()>, ctx: &Context) -> Result<Vec<Self>> {
        let Value::List(items) = value else {
            let error = Error::argument(format!("a model is trained on a list of pairs, not on {}", describe(value)));
            return Err(error.with_hint(match value {
                Value::Map(_) => "put the pair into brackets: [pair]",
                _ => SHAPE,
            }));
        };
        if items.is_empty() {
            return Err(Error::argument("a model is trained on at least one pair, the list is empty").with_hint(SHAPE));
        }
        let pair = |item| {
            let pair = Self::from_value(item, ctx)?;
            check(&pair.x)?;
            Ok(pair)
        };
        let numbered = items.iter().enumerate();
        numbered.map(|(i, item)| pair(item).map_err(|error: Error| error.at(format!("pair {i}")))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Table;
    use crate::error::ErrorKind;
    use crate::graph::Edge;

    fn names(list: &[&str]) -> Option<Names> {
        Some(Names::new(list.iter().map(|name| name.to_string()).collect(), "columns").unwrap())
    }

    fn data(columns: &[&str]) -> Value {
        let x = Matrix::from_fn(4, columns.len(), |i, j| (i * (j + 1)) as f64);
        x.with_names(names(columns)).unwrap().into()
    }

    fn graph(nodes: &[&str]) -> Value {
        Graph::new(nodes.len(), names(nodes), true, vec![Edge::new(0, 1, 2.0)]).unwrap().into()
    }

    fn map(entries: Vec<(&str, Value)>) -> Value {
        Value::Map(entries.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
    }

    fn error(entries: Vec<(&str, Value)>) -> Error {
        let pair = Pair::list(&Value::List(vec![map(entries)]), |_| Ok(()), &Context::new());
        pair.map(|_| ()).unwrap_err()
    }

    #[test]
    fn variables_and_regulators_are_matched_by_name() {
        let list = Value::List(vec!["c".into(), 0i64.into()]);
        let entries = vec![("x", data(&["a", "b", "c"])), ("truth", graph(&["c", "a", "b"])), ("regulators", list)];
        let pair = Pair::from_value(&map(entries), &Context::new()).unwrap();
        let Truth::Graph(truth) = &pair.truth else { panic!("a graph") };
        assert_eq!(truth.labels().as_slice(), ["a", "b", "c"]);
        assert_eq!((truth.edges()[0].source, truth.edges()[0].target), (2, 0));
        assert_eq!(pair.regulators, Some(vec![2, 0]));
        let square = Matrix::from_fn(2, 2, |i, j| (2 * i + j) as f64).with_names(names(&["b", "a"])).unwrap();
        let square = map(vec![("x", data(&["a", "b"])), ("truth", square.into())]);
        let pair = Pair::from_value(&square, &Context::new()).unwrap();
        assert_eq!(pair.truth.matrix(&Context::new()).unwrap().as_slice(), [3.0, 2.0, 1.0, 0.0]);
        assert_eq!(pair.truth.names().unwrap().as_slice(), ["a", "b"]);
    }

    #[test]
    fn without_names_variables_are_matched_by_position() {
        let truth: Value = Matrix::from_fn(2, 2, |i, j| (2 * i + j) as f64).into();
        let seeded = map(vec![("x", data(&["a", "b"])), ("truth", truth), ("seed", 3i64.into())]);
        let pair = Pair::from_value(&seeded, &Context::new());
        assert_eq!(pair.unwrap().truth.matrix(&Context::new()).unwrap().as_slice(), [0.0, 1.0, 2.0, 3.0]);
        let table = Table::new(vec![("a".into(), crate::data::Column::numbers(vec![1.0, 2.0]))], None).unwrap();
        let one: Value = Graph::new(1, None, false, Vec::new()).unwrap().into();
        let unknown = map(vec![("x", table.into()), ("truth", one), ("regulators", Value::Unit)]);
        assert_eq!(Pair::from_value(&unknown, &Context::new()).unwrap().regulators, None);
    }

    #[test]
    fn what_is_wrong_is_said_with_the_number_of_the_pair() {
        let (x, truth) = (data(&["a", "b"]), graph(&["a", "b"]));
        let list = |items: Vec<Value>| Value::List(items);
        for (entries, kind, part) in [
            (vec![("x", x.clone())], ErrorKind::Argument, "pair 0: the entry 'truth' is missing"),
            (vec![("x", x.clone()), ("truht", truth.clone())], ErrorKind::Argument, "no entry 'truht'"),
            (vec![("x", 1i64.into()), ("truth", truth.clone())], ErrorKind::Argument, "x must be a Matrix or a Table"),
            (vec![("x", x.clone()), ("truth", 1i64.into())], ErrorKind::Argument, "the truth must be a Graph"),
            (vec![("x", x.clone()), ("truth", x.clone())], ErrorKind::Shape, "must be square, not 4 x 2"),
            (vec![("x", x.clone()), ("truth", graph(&["a", "b", "c"]))], ErrorKind::Shape, "x has 2 columns"),
            (vec![("x", x.clone()), ("truth", graph(&["a", "d"]))], ErrorKind::Name, "the truth has no variable 'b'"),
            (
                vec![("x", x.clone()), ("truth", truth.clone()), ("regulators", list(vec!["c".into()]))],
                ErrorKind::Name,
                "pair 0: the entry 'regulators': no column is called 'c'",
            ),
            (
                vec![("x", x.clone()), ("truth", truth.clone()), ("regulators", list(Vec::new()))],
                ErrorKind::Option,
                "is an empty list",
            ),
            (
                vec![("x", x.clone()), ("truth", truth.clone()), ("regulators", "a".into())],
                ErrorKind::Argument,
                "a list of names or positions, not \"a\"",
            ),
        ] {
            let error = error(entries);
            assert!(error.kind() == kind && error.message().contains(part), "{error}");
        }
        let nearest = error(vec![("x", x.clone()), ("truht", truth.clone())]);
        assert_eq!(nearest.hint(), Some("did you mean 'truth'?"));
        let good = map(vec![("x", x), ("truth", truth)]);
        let ctx = Context::new();
        let of = |value: Value| Pair::list(&value, |_| Err(Error::data("refused")), &ctx).map(|_| ()).unwrap_err();
        assert_eq!(of(list(vec![good.clone()])).message(), "pair 0: refused");
        assert_eq!(of(list(vec![good.clone(), 3i64.into()])).message(), "pair 0: refused");
        assert!(of(good).hint().is_some_and(|hint| hint.contains("[pair]")));
        assert!(of(list(Vec::new())).message().contains("the list is empty"));
        let second = Pair::list(&list(vec![3i64.into()]), |_| Ok(()), &ctx).map(|_| ()).unwrap_err();
        assert_eq!(second.message(), "pair 0: it is 3 (int), not a map");
    }
}
