//! Several data sets over the same variables: what joint methods take.

use super::{Input, Record};
use crate::context::Context;
use crate::data::covariance::variable_names;
use crate::data::{Matrix, Names, numbers_of};
use crate::error::{Error, Result};
use crate::options::{Kind, Opt, Options, Preset};
use crate::value::{Value, describe};

/// The option of methods that can leave out what not all data sets have.
pub const VARIABLES: Opt = Opt::new(
    "variables",
    &[Kind::Choice(&["same", "common"])],
    Preset::Text("same"),
    "Whether all data sets must have the same variables, or those count that all of them have, by name",
);

/// So many names stand in an error.
const NAMED: usize = 5;

const SAME: &str = "data sets have the same variables: take those that all have, x.select([..])";

impl Record {
    /// The data sets of a list, or covariances with `covariance: true`, each checked as one alone would be. Where they have
    /// names, their variables are matched by name and stand in the order of the first data set that has names.
    ///
    /// # Errors
    /// An empty list, an element that is no data, other variables, data that cannot be used; each with the number of the
    /// data set.
    pub(super) fn inputs(&self, list: &[Value], options: &Options, ctx: &Context) -> Result<Vec<Input>> {
        let matrix = |(set, value): (usize, &Value)| match numbers_of(value, ctx) {
            Some(matrix) => matrix.map_err(|error| error.at(format!("data set {set}"))),
            None => {
                let message = format!("data set {set} must be a Matrix or a Table, not {}", describe(value));
                Err(Error::argument(message))
            }
        };
        let sets: Result<Vec<Matrix>> = list.iter().enumerate().map(matrix).collect();
        let is_covariance = options.is_true("covariance");
        let is_common = options.text(VARIABLES.name) == Some("common");
        let sets = sets.and_then(|sets| if is_common { common(sets) } else { Ok(sets) });
        let sets = sets.and_then(|sets| matched(sets, is_covariance)).map_err(|error| error.at(self.verb))?;
        let input = |(set, matrix): (usize, &Matrix)| {
            ctx.check()?;
            let checked = self.checked(matrix, options, ctx);
            checked.map_err(|error| self.located(error.at(format!("data set {set}"))))
        };
        sets.iter().enumerate().map(input).collect()
    }
}

/// The data sets with the variables that all of them have, in the order of the first.
fn common(sets: Vec<Matrix>) -> Result<Vec<Matrix>> {
    let names: Vec<Names> = sets.iter().filter_map(|m| m.names().cloned()).collect();
    if names.len() < sets.len() {
        return Err(Error::argument(
            "`variables: \"common\"` matches variables by name, and not all data sets have names",
        )
        .with_hint("x.set_names([..])"));
    }
    let Some(first) = names.first() else { return Ok(sets) };
    let shared: Vec<&str> = first.iter().filter(|name| names.iter().all(|own| own.find(name).is_some())).collect();
    if shared.is_empty() {
        return Err(Error::name("the data sets have no variable in common"));
    }
    let one = |(m, own): (&Matrix, &Names)| {
        let columns: Vec<usize> = shared.iter().filter_map(|name| own.find(name)).collect();
        if columns.len() == m.cols() { m.clone() } else { m.pick(&(0..m.rows()).collect::<Vec<_>>(), &columns) }
    };
    Ok(sets.iter().zip(&names).map(one).collect())
}

/// Names in a message, the first few of them.
fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().take(NAMED).map(|name| format!("'{name}'")).collect();
    let more = names.len().saturating_sub(NAMED);
    if more > 0 { format!("{} and {more} more", quoted.join(", ")) } else { quoted.join(", ") }
}

/// Data sets with their variables in one order and under the same names: those of the first that has names.
///
/// # Errors
/// An empty list; other variables, with the number of the data set.
pub fn same_variables(sets: Vec<Matrix>) -> Result<Vec<Matrix>> {
    matched(sets, false)
}

/// The data sets with their variables in one order and under the same names.
fn matched(sets: Vec<Matrix>, is_covariance: bool) -> Result<Vec<Matrix>> {
    let Some(first) = sets.first() else {
        return Err(Error::argument("the list of data sets is empty").with_hint("at least one is needed: [x]"));
    };
    let names = |m: &Matrix| if is_covariance { variable_names(m) } else { m.names().cloned() };
    let named = sets.iter().enumerate().find_map(|(set, m)| names(m).map(|names| (set, names)));
    let Some((reference, wanted)) = named else {
        let columns = first.cols();
        return match sets.iter().position(|m| m.cols() != columns) {
            Some(set) => Err(other_count(set, sets[set].cols(), 0, columns)),
            None => Ok(sets),
        };
    };
    let one = |(set, m): (usize, Matrix)| match names(&m) {
        Some(own) => by_name(m, set, &own, (reference, &wanted), is_covariance),
        None if m.cols() == wanted.len() => m.with_names(Some(wanted.clone())),
        None => Err(other_count(set, m.cols(), reference, wanted.len())),
    };
    sets.into_iter().enumerate().map(one).collect()
}

fn other_count(set: usize, columns: usize, reference: usize, wanted: usize) -> Error {
    Error::shape(format!("data set {set} has {columns} columns, data set {reference} has {wanted}")).with_hint(SAME)
}

/// The data set `set`, whose variables are called `own`, with those of the data set `reference` in their order.
fn by_name(
    m: Matrix,
    set: usize,
    own: &Names,
    (reference, wanted): (usize, &Names),
    is_covariance: bool,
) -> Result<Matrix> {
    if own == wanted {
        return Ok(m);
    }
    let missing: Vec<&str> = wanted.iter().filter(|name| own.find(name).is_none()).collect();
    let extra: Vec<&str> = own.iter().filter(|name| wanted.find(name).is_none()).collect();
    if let Some(name) = missing.first() {
        let mut message = format!("data set {set} has no column {}, which data set {reference} has", listed(&missing));
        if !extra.is_empty() {
            message += &format!("; it has {} instead", listed(&extra));
        }
        let error = Error::name(message);
        return Err(if missing.len() == 1 { error.with_nearest(name, own.iter()) } else { error }.or_hint(SAME));
    }
    if !extra.is_empty() {
        let message = format!("data set {set} has a column {}, which data set {reference} has not", listed(&extra));
        return Err(Error::name(message).with_hint(SAME));
    }
    let order: Vec<usize> = wanted.iter().filter_map(|name| own.find(name)).collect();
    // What is no square is told so when it is looked at as a covariance.
    let rows = if is_covariance && m.rows() == m.cols() { order.clone() } else { (0..m.rows()).collect() };
    Ok(m.pick(&rows, &order))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dummies::JOINT;
    use crate::model::{Fit, JointFit};

    fn data(columns: usize, names: &[&str]) -> Matrix {
        let x = Matrix::from_fn(3, columns, |i, j| (10 * i + j) as f64);
        let names = names.iter().map(|name| name.to_string()).collect();
        x.with_names(Some(Names::new(names, "columns").unwrap())).unwrap()
    }

    fn error(sets: Vec<Matrix>) -> Error {
        matched(sets, false).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_list_is_fitted_jointly_and_one_data_set_alone() {
        let ctx = Context::new();
        let x = |rows: usize| Value::from(Matrix::from_fn(rows, 2, |i, j| ((i * (j + 2) + i * i) % 7) as f64));
        let call = |value: Value| JOINT.call(&[value], &[], &ctx);
        assert_eq!(call(x(5)).unwrap().object::<Fit>().unwrap().n(), Some(5));
        let joint = call(Value::List(vec![x(5), x(6)])).unwrap();
        let joint = joint.object::<JointFit>().unwrap();
        assert_eq!(joint.fits().iter().map(Fit::n).collect::<Vec<_>>(), [Some(5), Some(6)]);
        assert_eq!(joint.added("dummy_sizes").unwrap().to_json(), serde_json::json!([5, 6]));
        let flat = Value::from(Matrix::from_fn(4, 2, |_, j| j as f64));
        for (list, message) in [
            (vec![], "dummy_joint: the list of data sets is empty"),
            (vec![x(5), 3i64.into()], "dummy_joint: data set 1 must be a Matrix or a Table, not 3 (int)"),
            (vec![x(5), flat], "dummy_joint: data set 1: column 0 is constant"),
        ] {
            assert_eq!(call(Value::List(list)).map(|_| ()).unwrap_err().message(), message);
        }
        let error = call(3i64.into()).map(|_| ()).unwrap_err();
        assert!(error.message().contains("a Matrix, a Table or a list of these"), "{error}");
    }

    #[test]
    fn variables_stand_in_the_order_of_the_first_data_set_with_names() {
        let plain = Matrix::from_fn(2, 2, |i, j| (i + j) as f64);
        let sets = matched(vec![plain, data(2, &["a", "b"]), data(2, &["b", "a"])], false).unwrap();
        assert!(sets.iter().all(|m| m.names().unwrap().as_slice() == ["a", "b"]));
        assert_eq!((sets[1].row_slice(1), sets[2].row_slice(1)), ([10.0, 11.0].as_slice(), [11.0, 10.0].as_slice()));
        let s = |names: [&str; 2], variance: f64| {
            let names = Names::new(names.map(String::from).to_vec(), "columns").unwrap();
            let s = Matrix::from_rows(&[vec![variance, 0.5], vec![0.5, 4.0]]).unwrap();
            s.with_names(Some(names.clone())).unwrap().with_row_names(Some(names)).unwrap()
        };
        let sets = matched(vec![s(["a", "b"], 1.0), s(["b", "a"], 2.0)], true).unwrap();
        assert_eq!(sets[1].as_slice(), [4.0, 0.5, 0.5, 2.0]);
        assert_eq!(sets[1].row_names().unwrap().as_slice(), ["a", "b"]);
    }

    #[test]
    fn common_variables_are_those_of_all_in_the_order_of_the_first() {
        let sets = common(vec![data(3, &["a", "b", "c"]), data(3, &["c", "x", "a"])]).unwrap();
        assert!(sets.iter().all(|m| m.names().unwrap().as_slice() == ["a", "c"]));
        assert_eq!(sets[1].row_slice(0), [2.0, 0.0]);
        assert!(common(vec![data(1, &["a"]), data(1, &["b"])]).unwrap_err().message().contains("in common"));
        let plain = Matrix::from_fn(2, 1, |i, _| i as f64);
        assert!(common(vec![data(1, &["a"]), plain]).unwrap_err().message().contains("have names"));
    }

    #[test]
    fn other_variables_are_named_with_the_data_set() {
        let missing = error(vec![data(2, &["a", "b1"]), data(2, &["a", "b2"])]);
        let message = "data set 1 has no column 'b1', which data set 0 has; it has 'b2' instead";
        assert_eq!(missing.message(), message);
        assert_eq!(missing.hint(), Some("did you mean 'b2'?"));
        let extra = error(vec![data(1, &["a"]), data(2, &["a", "c"])]);
        assert_eq!(extra.message(), "data set 1 has a column 'c', which data set 0 has not");
        let plain = |columns: usize| Matrix::from_fn(2, columns, |i, j| (i + j) as f64);
        assert_eq!(error(vec![plain(2), plain(2), plain(3)]).message(), "data set 2 has 3 columns, data set 0 has 2");
        assert_eq!(error(vec![plain(3), data(1, &["a"])]).message(), "data set 0 has 3 columns, data set 1 has 1");
        assert!(error(Vec::new()).message().contains("is empty"));
    }
}
