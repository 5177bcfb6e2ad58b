//! Least angle regression: the path of the lasso from the empty model, one variable at a time.
//!
//! Where some variables are active, with signs s, the coefficients move along d = G_AA^-1 s, so that the gradients
//! c = X'(y - X b) of all active variables shrink by the same amount. A step ends where another variable's gradient becomes as
//! large as theirs, or where a coefficient reaches 0 and its variable leaves.

use ndarray::ArrayView2;

/// Pivots below this share of a variable's square say that it depends on those that are active.
const DEPENDENT: f64 = 1e-9;
/// Steps and gradients below this share of the first gradient are none.
const NOTHING: f64 = 1e-10;

/// A regression on its way along the path.
///
/// Variable j is w_j x_j: the moments are of the x_j, which many regressions can share.
#[derive(Debug)]
pub struct LeastAngle<'a> {
    /// X'X, of which the first rows and columns are those of the variables.
    gram: ArrayView2<'a, f64>,
    weights: &'a [f64],
    /// Gradients, all at most `level` in size, those of active variables as large.
    gradients: Vec<f64>,
    level: f64,
    /// The gradient that counts as none.
    least: f64,
    active: Vec<usize>,
    coefficients: Vec<f64>,
    signs: Vec<f64>,
    /// Which variables take no part: active ones, and those that depend on them.
    is_out: Vec<bool>,
    /// What the last step ended with.
    end: End,
    /// The variable that left with it.
    left: Option<usize>,
    /// The Cholesky factor of the active block, row by row.
    factor: Vec<Vec<f64>>,
}

/// How a step ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// A variable's gradient has become as large as those of the active ones.
    Joins(usize),
    /// The active variable at this place reaches the coefficient 0.
    Leaves(usize),
    /// No gradient is left.
    Exhausted,
}

impl<'a> LeastAngle<'a> {
    /// Of y on as many variables as there are weights, from X'X, `products` = X'y and a variable that takes no part.
    pub fn new(
        gram: ArrayView2<'a, f64>,
        products: impl Iterator<Item = f64>,
        weights: &'a [f64],
        excluded: Option<usize>,
    ) -> Self {
        let gradients: Vec<f64> = products.zip(weights).map(|(product, weight)| product * weight).collect();
        let mut is_out = vec![false; gradients.len()];
        if let Some(excluded) = excluded {
            is_out[excluded] = true;
        }
        let mut path = Self {
            gram,
            weights,
            gradients,
            level: 0.0,
            least: 0.0,
            active: Vec::new(),
            coefficients: Vec::new(),
            signs: Vec::new(),
            is_out,
            end: End::Exhausted,
            left: None,
            factor: Vec::new(),
        };
        if let Some(first) = path.largest() {
            path.level = path.gradients[first].abs();
            path.least = NOTHING * path.level;
            if path.level > 0.0 && path.level.is_finite() {
                path.end = End::Joins(first);
            }
        }
        path
    }

    /// The variables whose coefficients are not 0, in the order in which they joined.
    pub fn active(&self) -> &[usize] {
        &self.active
    }

    /// Their coefficients.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// The largest gradient: the penalty of which the lasso has these coefficients.
    pub fn level(&self) -> f64 {
        self.level
    }

    /// Takes a step; false where there is none left.
    pub fn step(&mut self) -> bool {
        let goes_on = match self.end {
            End::Exhausted => false,
            End::Joins(variable) => self.join(variable),
            End::Leaves(_) => true,
        };
        if !goes_on {
            return false;
        }
        let left = self.left.take();
        let direction = self.direction();
        let slopes = self.slopes(&direction);
        let (length, end) = self.length(&direction, &slopes, left);
        for (coefficient, d) in self.coefficients.iter_mut().zip(&direction) {
            *coefficient += length * d;
        }
        for (gradient, slope) in self.gradients.iter_mut().zip(&slopes) {
            *gradient -= length * slope;
        }
        self.level -= length;
        for (&variable, sign) in self.active.iter().zip(&self.signs) {
            self.gradients[variable] = sign * self.level;
        }
        self.end = if self.level <= self.least { End::Exhausted } else { end };
        if let End::Leaves(place) = self.end {
            self.left = Some(self.leave(place));
        }
        true
    }

    /// The variable of the largest gradient among those that take part.
    fn largest(&self) -> Option<usize> {
        let sizes = self.gradients.iter().map(|gradient| gradient.abs()).enumerate();
        let inside = sizes.filter(|(variable, _)| !self.is_out[*variable]);
        inside.reduce(|best, other| if other.1 > best.1 { other } else { best }).map(|(variable, _)| variable)
    }

    fn entry(&self, i: usize, j: usize) -> f64 {
        self.weights[i] * self.gram[(i, j)] * self.weights[j]
    }

    /// Makes a variable active, or the next one with as large a gradient where it depends on those that are.
    fn join(&mut self, first: usize) -> bool {
        let mut next = Some(first);
        while let Some(variable) = next {
            self.is_out[variable] = true;
            if self.extend_factor(variable) {
                self.active.push(variable);
                self.coefficients.push(0.0);
                self.signs.push(self.gradients[variable].signum());
                return true;
            }
            // Others can be as far only if they tie with it.
            next = self.largest().filter(|&other| self.gradients[other].abs() >= self.level * (1.0 - NOTHING));
            if next.is_none() && !self.active.is_empty() {
                return true;
            }
        }
        false
    }

    /// Takes the active variable at a place out.
    fn leave(&mut self, place: usize) -> usize {
        let variable = self.active.remove(place);
        self.coefficients.remove(place);
        self.signs.remove(place);
        self.is_out[variable] = false;
        // Rows before it stay as they are.
        let behind = self.active.split_off(place);
        self.factor.truncate(place);
        for other in behind {
            // Part of a block that had a factor: it has one too.
            self.extend_factor(other);
            self.active.push(other);
        }
        variable
    }

    /// Adds a variable's row to the factor; false where it depends on the active ones.
    fn extend_factor(&mut self, variable: usize) -> bool {
        let mut row = Vec::with_capacity(self.active.len() + 1);
        for (k, &other) in self.active.iter().enumerate() {
            let known: f64 = self.factor[k].iter().zip(&row).map(|(a, b): (&f64, &f64)| a * b).sum();
            row.push((self.entry(variable, other) - known) / self.factor[k][k]);
        }
        let square = self.entry(variable, variable);
        let pivot = square - row.iter().map(|value| value * value).sum::<f64>();
        if pivot.is_nan() || pivot <= DEPENDENT * square {
            return false;
        }
        row.push(pivot.sqrt());
        self.factor.push(row);
        true
    }

    /// G_AA^-1 s.
    fn direction(&self) -> Vec<f64> {
        let mut d = self.signs.clone();
        for k in 0..d.len() {
            let known: f64 = self.factor[k][..k].iter().zip(&d).map(|(a, b)| a * b).sum();
            d[k] = (d[k] - known) / self.factor[k][k];
        }
        for k in (0..d.len()).rev() {
            let known: f64 = (k + 1..d.len()).map(|i| self.factor[i][k] * d[i]).sum();
            d[k] = (d[k] - known) / self.factor[k][k];
        }
        d
    }

    /// By how much the gradients shrink with a step of length 1.
    fn slopes(&self, direction: &[f64]) -> Vec<f64> {
        let mut slopes = vec![0.0; self.weights.len()];
        for (&variable, d) in self.active.iter().zip(direction) {
            let factor = d * self.weights[variable];
            let row = self.gram.row(variable);
            slopes.iter_mut().zip(row).for_each(|(slope, value)| *slope += factor * value);
        }
        slopes.iter_mut().zip(self.weights).for_each(|(slope, weight)| *slope *= weight);
        slopes
    }

    /// How far the step goes, and what ends it.
    fn length(&self, direction: &[f64], slopes: &[f64], left: Option<usize>) -> (f64, End) {
        let mut best = (self.level, End::Exhausted);
        for (variable, (&gradient, &slope)) in self.gradients.iter().zip(slopes).enumerate() {
            if self.is_out[variable] {
                continue;
            }
            for sign in [1.0, -1.0] {
                // The one that has just left falls behind on its own side.
                if left == Some(variable) && gradient * sign > 0.0 {
                    continue;
                }
                let (distance, speed) = (self.level - sign * gradient, 1.0 - sign * slope);
                // One that is as far already, and does not fall behind, joins at once.
                let length = distance.max(0.0) / speed;
                if speed > NOTHING && length < best.0 {
                    best = (length, End::Joins(variable));
                }
            }
        }
        for (place, (coefficient, d)) in self.coefficients.iter().zip(direction).enumerate() {
            let length = -coefficient / d;
            if *coefficient != 0.0 && length > 0.0 && length < best.0 {
                best = (length, End::Leaves(place));
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2, array};

    /// Moments of n samples of some correlated variables, and of a target with them.
    fn problem(n: usize, variables: usize, shift: f64) -> (Array2<f64>, Array1<f64>) {
        let value = |i: usize, j: usize| ((i * i + 3 * j * j + 2 * i * j) as f64 * 0.7 + shift).sin();
        let x = Array2::from_shape_fn((n, variables), |(i, j)| value(i, j) + 0.6 * value(i, j / 2) + 0.2 * value(i, 0));
        let y = Array1::from_shape_fn(n, |i| value(i, 1) - 2.0 * value(i, 3) + (i as f64).cos());
        (x.t().dot(&x), x.t().dot(&y))
    }

    #[test]
    fn independent_variables_join_in_the_order_of_their_gradients() {
        let gram = Array2::eye(4);
        let mut path = LeastAngle::new(gram.view(), [1.0, -4.0, 3.0, 0.5].into_iter(), &[1.0; 4], None);
        let mut steps = Vec::new();
        while path.step() {
            steps.push((path.active().to_vec(), path.coefficients().to_vec(), path.level()));
        }
        let expected = [
            (vec![1], vec![-1.0], 3.0),
            (vec![1, 2], vec![-3.0, 2.0], 1.0),
            (vec![1, 2, 0], vec![-3.5, 2.5, 0.5], 0.5),
            (vec![1, 2, 0, 3], vec![-4.0, 3.0, 1.0, 0.5], 0.0),
        ];
        assert_eq!(steps, expected);
        // A weight scales its variable.
        let mut path = LeastAngle::new(gram.view(), [1.0, -4.0, 3.0, 0.5].into_iter(), &[1.0, 0.5, 1.0, 1.0], Some(2));
        assert!(path.step());
        assert_eq!((path.active(), path.coefficients(), path.level()), (&[1][..], &[-4.0][..], 1.0));
    }

    #[test]
    fn every_step_is_a_solution_of_the_lasso() {
        let mut left = 0;
        for case in 0..60 {
            let (gram, products) = problem(12, 8, f64::from(case));
            let weights: Vec<f64> = (0..8).map(|j| 0.4 + 0.1 * j as f64).collect();
            let excluded = (case % 3 == 0).then_some(2);
            let mut path = LeastAngle::new(gram.view(), products.iter().copied(), &weights, excluded);
            let mut before = 0;
            while path.step() {
                let mut b = [0.0; 8];
                path.active().iter().zip(path.coefficients()).for_each(|(&j, value)| b[j] = *value);
                for j in (0..8).filter(|j| excluded != Some(*j)) {
                    let fitted: f64 = (0..8).map(|k| gram[(j, k)] * weights[k] * b[k]).sum();
                    let gradient = weights[j] * (products[j] - fitted);
                    let off = if b[j] == 0.0 {
                        gradient.abs() - path.level()
                    } else {
                        (gradient - path.level() * b[j].signum()).abs()
                    };
                    assert!(off < 1e-8, "case {case}, variable {j}: {gradient} at {}", path.level());
                }
                left += usize::from(path.active().len() < before);
                before = path.active().len();
            }
            assert!(path.level() < 1e-8, "case {case}: {}", path.level());
        }
        assert!(left > 0, "no coefficient ever went back to 0");
    }

    #[test]
    fn copies_and_zeros_end_the_path() {
        let gram = array![[2.0, 2.0, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 0.0]];
        let mut path = LeastAngle::new(gram.view(), [4.0, 4.0, 0.0].into_iter(), &[1.0; 3], None);
        let count = (0..10).take_while(|_| path.step()).count();
        assert!(count <= 2 && path.level() == 0.0 && path.active().len() == 1, "{path:?}");
        assert!(!LeastAngle::new(gram.view(), [0.0; 3].into_iter(), &[1.0; 3], None).step());
        assert!(!LeastAngle::new(gram.view(), [f64::NAN; 3].into_iter(), &[1.0; 3], None).step());
    }
}
