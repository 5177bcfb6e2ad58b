//! Metrics of a ranking: what remains when the threshold is left open. Ties count as ties.

use super::Pairs;

/// Counts of true and false pairs at each distinct strength, strongest first.
fn steps(pairs: &Pairs) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..pairs.strength.len()).collect();
    order.sort_by(|&a, &b| pairs.strength[b].total_cmp(&pairs.strength[a]));
    let mut steps: Vec<(usize, usize)> = Vec::new();
    let mut last = f64::NAN;
    for i in order {
        if pairs.strength[i] != last {
            steps.push((0, 0));
            last = pairs.strength[i];
        }
        if let Some(step) = steps.last_mut() {
            if pairs.truth[i] {
                step.0 += 1;
            } else {
                step.1 += 1;
            }
        }
    }
    steps
}

/// Area under the ROC curve: the probability that a true pair is ranked above a false one, ties counting half.
/// NaN when the truth has no edge, or all.
pub fn auroc(pairs: &Pairs) -> f64 {
    let (mut above, mut wins) = (0usize, 0.0);
    let steps = steps(pairs);
    for (hits, misses) in &steps {
        wins += *misses as f64 * (above as f64 + 0.5 * *hits as f64);
        above += hits;
    }
    let negatives = pairs.truth.len() - above;
    wins / (above as f64 * negatives as f64)
}

/// Recall and precision after each distinct strength.
fn curve(pairs: &Pairs) -> Vec<(f64, f64)> {
    let positives = pairs.truth.iter().filter(|&&linked| linked).count() as f64;
    let (mut hits, mut taken) = (0.0, 0.0);
    steps(pairs)
        .into_iter()
        .map(|(true_pairs, false_pairs)| {
            hits += true_pairs as f64;
            taken += (true_pairs + false_pairs) as f64;
            (hits / positives, hits / taken)
        })
        .collect()
}

/// Average precision: the sum over strengths of precision times the gain in recall. NaN when the truth has no edge.
pub fn average_precision(pairs: &Pairs) -> f64 {
    let mut last = 0.0;
    curve(pairs)
        .into_iter()
        .map(|(recall, precision)| {
            let gain = recall - last;
            last = recall;
            gain * precision
        })
        .sum()
}

/// Area under the precision-recall curve by trapezoids, which starts at recall 0 and precision 1.
/// NaN when the truth has no edge.
pub fn aupr_trapezoid(pairs: &Pairs) -> f64 {
    let mut last = (0.0, 1.0);
    curve(pairs)
        .into_iter()
        .map(|point| {
            let area = (point.0 - last.0) * 0.5 * (point.1 + last.1);
            last = point;
            area
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(truth: &[u8], strength: &[f64]) -> Pairs {
        Pairs { truth: truth.iter().map(|&t| t == 1).collect(), strength: strength.to_vec() }
    }

    #[test]
    fn values_as_scikit_learn_gives_them() {
        // roc_auc_score, average_precision_score, auc(recall, precision) of scikit-learn 1.x on the same input.
        let p = pairs(&[0, 0, 1, 1], &[0.1, 0.4, 0.35, 0.8]);
        assert!((auroc(&p) - 0.75).abs() < 1e-15);
        assert!((average_precision(&p) - 0.833_333_333_333_333_3).abs() < 1e-15);
        assert!((aupr_trapezoid(&p) - 0.791_666_666_666_666_6).abs() < 1e-15);
    }

    #[test]
    fn all_ties_are_chance() {
        let p = pairs(&[1, 0, 0, 1, 0], &[0.0; 5]);
        assert_eq!(auroc(&p), 0.5);
        assert!((average_precision(&p) - 0.4).abs() < 1e-15);
        assert!(auroc(&pairs(&[0, 0], &[0.1, 0.2])).is_nan());
    }
}
