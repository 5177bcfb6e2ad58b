//! Scores of joint fits: those of every data set, and their means.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::JointFit;
use crate::value::{Args, Value};

/// The key of the scores of each data set, beside the means.
const PER_SET: &str = "per_set";

/// The means over the data sets of a joint fit of what `score` gives for the truth and each of its fits, and these
/// themselves as the list `per_set`. The truth is one for all data sets, or a list of one for each.
///
/// # Errors
/// A list of another length; as `score`, with the number of the data set.
pub fn score(
    args: &Args<'_>,
    joint: &JointFit,
    score: impl Fn(&Args<'_>) -> Result<Value>,
    ctx: &Context,
) -> Result<Value> {
    let truth = args.get(0)?;
    let truths: Vec<&Value> = match truth {
        Value::List(list) if list.len() == joint.len() => list.iter().collect(),
        Value::List(list) => {
            let (given, sets) = (list.len(), joint.len());
            return Err(Error::argument(format!("score: {given} truths for the {sets} data sets of the joint fit"))
                .with_hint("one truth for each data set, in their order, or a single one for all"));
        }
        single => vec![single; joint.len()],
    };
    let mut scores = Vec::with_capacity(truths.len());
    for (set, (truth, fit)) in truths.into_iter().zip(joint.fits()).enumerate() {
        ctx.check()?;
        let sides = [truth.clone(), fit.clone().into()];
        scores.push(score(&Args::new("score", &sides)).map_err(|error| error.at(format!("data set {set}")))?);
    }
    let mut means = means(&scores.iter().collect::<Vec<_>>());
    means.push((PER_SET.into(), Value::List(scores)));
    Ok(Value::Map(means))
}

/// The mean of every number that all maps have under the same name, also in maps within them.
fn means(maps: &[&Value]) -> Vec<(String, Value)> {
    let Some(Value::Map(first)) = maps.first() else { return Vec::new() };
    let mut means = Vec::new();
    for (name, _) in first {
        let entries: Option<Vec<&Value>> = maps.iter().map(|map| map.entry(name)).collect();
        // A metric that does not apply to one data set has no mean.
        let Some(entries) = entries else { continue };
        let numbers: Option<Vec<f64>> = entries.iter().map(|entry| entry.as_number()).collect();
        match numbers {
            Some(numbers) => {
                means.push((name.clone(), Value::Float(numbers.iter().sum::<f64>() / numbers.len() as f64)));
            }
            None if entries.iter().all(|entry| matches!(entry, Value::Map(_))) => {
                means.push((name.clone(), Value::Map(self::means(&entries))));
            }
            None => {}
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Matrix;
    use crate::graph::{Edge, Graph};
    use crate::metrics::score::RECORD;
    use crate::model::{Estimate, Fit, Input};

    fn graph(edges: &[(usize, usize)]) -> Graph {
        Graph::new(4, None, false, edges.iter().map(|&(i, j)| Edge::new(i, j, 1.0)).collect()).unwrap()
    }

    /// A joint fit that has found these edges in three data sets.
    fn joint(ctx: &Context) -> JointFit {
        let x = Matrix::from_fn(6, 4, |i, j| ((i * (j + 2) + i * i) % 7) as f64);
        let input = Input::data(&x).unwrap();
        let fits = [vec![(0, 1)], vec![(0, 1), (1, 2)], vec![(2, 3)]].map(|edges| {
            Fit::builder("demo", &input, Vec::new(), ctx).finish(Estimate::Graph(graph(&edges)), ctx).unwrap()
        });
        JointFit::builder("demo", Vec::new(), ctx).finish(fits.to_vec(), ctx).unwrap()
    }

    fn scored(truth: Value, options: &[(String, Value)]) -> Result<Value> {
        let ctx = Context::new();
        RECORD.call(&[truth, joint(&ctx).into()], options, &ctx)
    }

    fn number(score: &Value, key: &str) -> f64 {
        score.entry(key).and_then(Value::as_number).unwrap()
    }

    #[test]
    fn a_truth_for_all_or_one_for_each() {
        let s = scored(graph(&[(0, 1)]).into(), &[]).unwrap();
        // 2 TP / (2 TP + FP + FN): 1, 2/3 and 0.
        assert!((number(&s, "f1") - (1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-15, "{s}");
        assert_eq!(number(&s, "shd"), 1.0);
        let Some(Value::List(each)) = s.entry("per_set") else { panic!("a list") };
        assert_eq!(each.iter().map(|score| number(score, "shd")).collect::<Vec<_>>(), [0.0, 1.0, 2.0]);
        let truths = [graph(&[(0, 1)]), graph(&[(0, 1), (1, 2)]), graph(&[(2, 3)])].map(Value::from);
        assert_eq!(number(&scored(Value::List(truths.to_vec()), &[]).unwrap(), "f1"), 1.0);
        let regulators = [("regulators".to_string(), Value::List(vec![0i64.into()]))];
        let s = scored(graph(&[(0, 1)]).into(), &regulators).unwrap();
        let inner = s.entry("regulators").unwrap();
        assert!((number(inner, "f1") - 2.0 / 3.0).abs() < 1e-15 && inner.entry("per_set").is_none(), "{s}");
    }

    #[test]
    fn wrong_truths_say_which_data_set() {
        let two = Value::List(vec![graph(&[]).into(), graph(&[]).into()]);
        assert!(scored(two, &[]).unwrap_err().message().contains("2 truths for the 3 data sets"));
        let other = Value::List(vec![graph(&[]).into(), 1i64.into(), graph(&[]).into()]);
        let error = scored(other, &[]).unwrap_err();
        assert!(error.message().starts_with("data set 1: score: the truth must be"), "{error}");
    }

    #[test]
    fn what_one_data_set_lacks_has_no_mean() {
        let map = |entries: &[(&str, f64)]| {
            Value::Map(entries.iter().map(|(name, value)| (name.to_string(), (*value).into())).collect())
        };
        let (a, b) = (map(&[("x", 1.0), ("y", 2.0)]), map(&[("x", 3.0)]));
        let means = means(&[&a, &b]);
        assert_eq!((means.len(), means[0].0.as_str(), means[0].1.as_number()), (1, "x", Some(2.0)));
    }
}
