//! What methods share that give every pair of a regulator and a gene a score.

use ndarray::{Array2, ArrayView2};

use crate::context::Context;
use crate::data::{Column, Matrix, Names, Selector};
use crate::error::Result;
use crate::graph::{Edge, Graph, REGULATOR};
use crate::model::{Input, regulators};
use crate::value::Value;

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
            Some(list) => regulators::positions(list, &labels, "column", "all columns are regulators")?,
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
        let mut edges = Vec::new();
        let mut marks = vec![0.0; input.p()];
        for (row, &source) in scores.rows().into_iter().zip(&self.regulators) {
            ctx.check()?;
            marks[source] = 1.0;
            let linked = row.iter().enumerate().filter(|(_, score)| **score != 0.0);
            edges.extend(linked.map(|(target, &score)| Edge::new(source, target, score)));
        }
        let marks = Column::numbers(marks);
        Graph::new(input.p(), input.names().cloned(), true, edges)?.with_node_attribute(REGULATOR, marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

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
