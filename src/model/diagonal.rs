//! The diagonal of a penalty matrix, where it is not used although it was meant.

use ndarray::ArrayView2;

use crate::data::Matrix;
use crate::value::Value;

/// A warning, where the options hold a matrix of penalties (`lambda`) or weights whose diagonal was evidently meant, but
/// the diagonal is not penalised.
pub(super) fn unused_diagonal(options: &[(String, Value)]) -> Option<&'static str> {
    let value = |wanted: &str| options.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    if !matches!(value("penalize_diagonal"), Some(Value::Bool(false))) {
        return None;
    }
    let matrix = |name: &str| value(name).and_then(Value::object::<Matrix>);
    let given = matrix("lambda").or_else(|| matrix("weights"))?;
    is_meant(given.view())
        .then_some("the diagonal of the penalty matrix was not used; set penalize_diagonal: true to use it")
}

/// Whether the diagonal is more than a filling: neither 0 nor one number that also stands off the diagonal, as in
/// ones(p, p).
fn is_meant(matrix: ArrayView2<'_, f64>) -> bool {
    let diagonal = matrix.diag();
    let Some(&first) = diagonal.first() else { return false };
    let is_same = diagonal.iter().all(|&value| value == first);
    let is_elsewhere = || matrix.indexed_iter().any(|((i, j), &value)| i != j && value == first);
    !is_same || (first != 0.0 && !is_elsewhere())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn a_filling_says_nothing() {
        let mut one_free = Array2::<f64>::ones((3, 3));
        (one_free[(0, 1)], one_free[(1, 0)]) = (0.0, 0.0);
        for filling in [Array2::ones((3, 3)), Array2::zeros((3, 3)), array![[0.0, 0.2], [0.2, 0.0]], one_free] {
            assert!(!is_meant(filling.view()), "{filling}");
        }
        for meant in [array![[0.1, 0.2], [0.2, 0.1]], array![[0.2, 0.2], [0.2, 0.3]], array![[0.5]]] {
            assert!(is_meant(meant.view()), "{meant}");
        }
    }

    #[test]
    fn penalties_and_weights_are_treated_alike() {
        let matrix = Matrix::from(array![[0.1, 0.2], [0.2, 0.1]]);
        for name in ["lambda", "weights"] {
            let options = |penalize: bool| {
                [(name.to_string(), matrix.clone().into()), ("penalize_diagonal".to_string(), Value::Bool(penalize))]
            };
            assert!(unused_diagonal(&options(false)).is_some() && unused_diagonal(&options(true)).is_none(), "{name}");
        }
        assert_eq!(unused_diagonal(&[("lambda".into(), Value::Float(0.1))]), None);
    }
}
