//! The penalties of precision matrices that are estimated together: L1 on every entry, and one on the K entries of a
//! pair of variables, which draws the matrices to one graph or to each other (Danaher, Wang, Witten, JRSS B 76:373,
//! 2014).

use ndarray::Array2;

use super::L1;
use super::fusion::{Differences, Division, Strength};
use super::group::{self, norm, shrunk};
use crate::error::{Error, Result};

/// What draws the K entries of a pair together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coupling {
    /// Their Euclidean norm: the same edges, whatever their strengths.
    Group,
    /// The absolute differences of all pairs of data sets: the same numbers.
    Fused,
    /// The absolute differences of neighbours in the list of data sets: numbers that seldom change along it.
    Chain,
}

impl Coupling {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Group, Self::Fused, Self::Chain];

    /// The name in scripts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Fused => "fused",
            Self::Chain => "chain",
        }
    }

    /// The coupling of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|coupling| coupling.name() == name)
    }

    /// The norm, or the sum of differences, of the K entries of a pair.
    pub fn value(self, x: &[f64]) -> f64 {
        match self {
            Self::Group => norm(x),
            Self::Fused => (1..x.len()).flat_map(|k| x[..k].iter().map(move |other| (x[k] - other).abs())).sum(),
            Self::Chain => x.windows(2).map(|two| (two[1] - two[0]).abs()).sum(),
        }
    }

    fn differences(self) -> Option<Differences> {
        match self {
            Self::Group => None,
            Self::Fused => Some(Differences::All),
            Self::Chain => Some(Differences::Neighbours),
        }
    }
}

/// Room for the proximal maps of a [`JointPenalty`]: made once, used for any number of pairs.
#[derive(Debug, Clone, Default)]
pub struct CouplingScratch {
    division: Division,
    numbers: Vec<f64>,
    members: Vec<usize>,
}

/// sum_ij ( Lambda_ij sum_k |theta_k,ij| + M_ij C(theta_1,ij, ..., theta_K,ij) ), where C is the coupling.
///
/// Lambda and M are [`L1`] weights, shared by all data sets: 0 frees an entry, an infinite Lambda_ij forbids it in all
/// of them, M is finite wherever Lambda is. Both sums go over all i and j, so that every pair counts twice, as in the
/// graphical lasso.
///
/// At a pair the penalty is a norm or a seminorm P of the K numbers there. Its dual ball, the g with g'x <= P(x) for
/// all x, is the subdifferential at 0.
#[derive(Debug, Clone, PartialEq)]
pub struct JointPenalty {
    coupling: Coupling,
    lambda: L1,
    coupled: L1,
}

/// The two weights at a pair.
#[derive(Debug, Clone, Copy)]
struct Weights {
    l1: f64,
    l2: f64,
}

impl JointPenalty {
    /// The penalty with the weights `lambda` of single entries and `coupled` of the coupling.
    ///
    /// # Errors
    /// Weights that are negative or missing; weights of the coupling that are infinite where the entry is not
    /// forbidden; matrices of different sizes.
    pub fn new(coupling: Coupling, lambda: L1, coupled: L1) -> Result<Self> {
        let infinite = match (&lambda, &coupled) {
            (L1::Matrix(lambda), L1::Matrix(coupled)) if lambda.dim() != coupled.dim() => {
                return Err(Error::shape("the penalties of entries and of their coupling are of different sizes"));
            }
            (_, L1::Scalar { lambda, diagonal }) => !lambda.is_finite() || !diagonal.is_finite(),
            (lambda, L1::Matrix(coupled)) => {
                coupled.indexed_iter().any(|((i, j), value)| !value.is_finite() && lambda.at(i, j).is_finite())
            }
        };
        if infinite {
            return Err(Error::option("the penalty on the coupling, lambda2, must be finite"));
        }
        let is_negative = |value: &f64| value.is_nan() || *value < 0.0;
        let negative = |weights: &L1| match weights {
            L1::Scalar { lambda, diagonal } => is_negative(lambda) || is_negative(diagonal),
            L1::Matrix(weights) => weights.iter().any(is_negative),
        };
        if negative(&lambda) || negative(&coupled) {
            return Err(Error::option("penalties must not be negative"));
        }
        Ok(Self { coupling, lambda, coupled })
    }

    /// What draws the entries together.
    pub fn coupling(&self) -> Coupling {
        self.coupling
    }

    /// The weights of single entries.
    pub fn lambda(&self) -> &L1 {
        &self.lambda
    }

    /// The weights of the coupling.
    pub fn coupled(&self) -> &L1 {
        &self.coupled
    }

    /// The penalty on some of the variables.
    #[must_use]
    pub fn restrict(&self, positions: &[usize]) -> Self {
        Self {
            coupling: self.coupling,
            lambda: self.lambda.restrict(positions),
            coupled: self.coupled.restrict(positions),
        }
    }

    /// The penalty of each of `count` data sets where it does not couple them: those of single entries.
    pub fn apart(&self, count: usize) -> Option<L1> {
        let is_uncoupled = match &self.coupled {
            L1::Scalar { lambda, diagonal } => *lambda == 0.0 && *diagonal == 0.0,
            L1::Matrix(coupled) => coupled.iter().all(|&value| value == 0.0),
        };
        if is_uncoupled || count == 1 && self.coupling != Coupling::Group {
            return Some(self.lambda.clone());
        }
        (count == 1).then(|| sum(&self.lambda, &self.coupled))
    }

    /// About what the penalty is for each of `count` data sets whose entries are alike, on its own.
    pub fn alike(&self, count: usize) -> L1 {
        let share = match self.coupling {
            Coupling::Group => 1.0 / (count.max(1) as f64).sqrt(),
            Coupling::Fused | Coupling::Chain => 0.5,
        };
        sum(&self.lambda, &self.coupled.map(|weight| share * weight))
    }

    #[inline]
    fn weights(&self, i: usize, j: usize) -> Weights {
        Weights { l1: self.lambda.at(i, j), l2: self.coupled.at(i, j) }
    }

    /// P at the K numbers of a pair; infinite where they must be 0 and are not.
    pub fn value(&self, i: usize, j: usize, x: &[f64]) -> f64 {
        let size: f64 = x.iter().map(|value| value.abs()).sum();
        if size == 0.0 {
            return 0.0; // infinity times 0 would be NaN
        }
        let Weights { l1, l2 } = self.weights(i, j);
        l1 * size + if l2 > 0.0 { l2 * self.coupling.value(x) } else { 0.0 }
    }

    /// Replaces the K numbers in `x` by the z that minimise sum_k (z_k - x_k)^2 / 2 + `step` P(z).
    pub fn proximal(&self, i: usize, j: usize, x: &mut [f64], step: f64, scratch: &mut CouplingScratch) {
        let Weights { l1, l2 } = self.weights(i, j);
        if l1.is_infinite() {
            x.fill(0.0);
        } else {
            self.least(x, |_| 1.0, Weights { l1: step * l1, l2: step * l2 }, scratch);
        }
    }

    /// Replaces the K numbers in `x` by the z that minimise sum_k `curvature`_k (z_k - x_k)^2 / 2 + P(z), for positive
    /// curvatures.
    pub fn weighted_proximal(
        &self,
        i: usize,
        j: usize,
        x: &mut [f64],
        curvature: &[f64],
        scratch: &mut CouplingScratch,
    ) {
        let weights = self.weights(i, j);
        if weights.l1.is_infinite() {
            x.fill(0.0);
        } else {
            self.least(x, |k| curvature[k], weights, scratch);
        }
    }

    #[inline]
    fn least(
        &self,
        x: &mut [f64],
        curvature: impl Fn(usize) -> f64,
        Weights { l1, l2 }: Weights,
        scratch: &mut CouplingScratch,
    ) {
        match self.coupling.differences() {
            Some(differences) if l2 > 0.0 && x.len() > 1 => {
                scratch.division.minimize(x, curvature, Strength { l1, l2, differences });
            }
            None if l2 > 0.0 => group::least(x, curvature, l1, l2),
            _ => x.iter_mut().enumerate().for_each(|(k, value)| *value = shrunk(*value, l1 / curvature(k))),
        }
    }

    /// Whether the K numbers `g` are in the dual ball: whether 0 is best where the gradient of the loss is `g` or `-g`.
    pub fn allows_zero(&self, i: usize, j: usize, g: &[f64], scratch: &mut CouplingScratch) -> bool {
        let Weights { l1, l2 } = self.weights(i, j);
        if g.iter().all(|value| value.abs() <= l1) {
            return true;
        }
        if self.coupling == Coupling::Group {
            return group::allows_zero(g, l1, l2);
        }
        let mut numbers = std::mem::take(&mut scratch.numbers);
        numbers.clear();
        numbers.extend_from_slice(g);
        self.proximal(i, j, &mut numbers, 1.0, scratch);
        let within = numbers.iter().all(|&value| value == 0.0);
        scratch.numbers = numbers;
        within
    }

    /// Replaces `g` by the nearest point of the dual ball.
    pub fn project(&self, i: usize, j: usize, g: &mut [f64], scratch: &mut CouplingScratch) {
        let Weights { l1, .. } = self.weights(i, j);
        if g.iter().all(|value| value.abs() <= l1) {
            return;
        }
        let mut numbers = std::mem::take(&mut scratch.numbers);
        numbers.clear();
        numbers.extend_from_slice(g);
        self.proximal(i, j, &mut numbers, 1.0, scratch);
        g.iter_mut().zip(&numbers).for_each(|(value, outside)| *value -= outside);
        scratch.numbers = numbers;
    }

    /// How far `gradient`, of the loss at the K numbers `x`, is from the negative of a subgradient of P there, by its
    /// largest component: 0 where x is optimal.
    pub fn violation(&self, i: usize, j: usize, x: &[f64], gradient: &[f64], scratch: &mut CouplingScratch) -> f64 {
        let weights = self.weights(i, j);
        if weights.l1.is_infinite() {
            return if x.iter().all(|&value| value == 0.0) { 0.0 } else { f64::INFINITY };
        }
        match self.coupling {
            Coupling::Group => group::violation(x, gradient, weights.l1, weights.l2),
            Coupling::Fused | Coupling::Chain => self.violation_of_parts(x, gradient, weights, scratch),
        }
    }

    /// Numbers that are equal, and neighbours in a chain, are a part: between parts all signs are known, within one the
    /// subgradients are a dual ball.
    fn violation_of_parts(
        &self,
        x: &[f64],
        gradient: &[f64],
        Weights { l1, l2 }: Weights,
        scratch: &mut CouplingScratch,
    ) -> f64 {
        let (mut numbers, mut members) = (std::mem::take(&mut scratch.numbers), std::mem::take(&mut scratch.members));
        let is_chain = self.coupling == Coupling::Chain;
        members.clear();
        members.extend(0..x.len());
        if !is_chain {
            members.sort_unstable_by(|&a, &b| x[a].total_cmp(&x[b]).then(a.cmp(&b)));
        }
        let mut worst = 0.0f64;
        for part in members.chunk_by(|&a, &b| x[a] == x[b]) {
            let level = x[part[0]];
            let towards = |other: f64| if other > level { l2 } else { -l2 };
            let between: f64 = if is_chain {
                0.0
            } else {
                x.iter().filter(|&&other| other != level).map(|&other| towards(other)).sum()
            };
            let own = if level == 0.0 { 0.0 } else { l1.copysign(level) };
            numbers.clear();
            numbers.extend(part.iter().map(|&k| between - own - gradient[k]));
            if is_chain {
                let (first, last) = (part[0], part[part.len() - 1]);
                numbers[0] += if first > 0 { towards(x[first - 1]) } else { 0.0 };
                numbers[last - first] += x.get(last + 1).map_or(0.0, |&next| towards(next));
            }
            let within = Weights { l1: if level == 0.0 { l1 } else { 0.0 }, l2 };
            self.least(&mut numbers, |_| 1.0, within, scratch);
            worst = numbers.iter().fold(worst, |most, value| most.max(value.abs()));
        }
        (scratch.numbers, scratch.members) = (numbers, members);
        worst
    }
}

fn sum(one: &L1, other: &L1) -> L1 {
    match (one, other) {
        (L1::Scalar { lambda, diagonal }, L1::Scalar { lambda: off, diagonal: on }) => {
            L1::Scalar { lambda: lambda + off, diagonal: diagonal + on }
        }
        (L1::Matrix(weights), _) | (_, L1::Matrix(weights)) => {
            L1::Matrix(Array2::from_shape_fn(weights.dim(), |(i, j)| one.at(i, j) + other.at(i, j)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers between -1 and 1.
    fn noise(k: usize) -> f64 {
        ((k * 7919 + 13) as f64).sin()
    }

    fn penalty(coupling: Coupling, l1: f64, l2: f64) -> JointPenalty {
        JointPenalty::new(coupling, L1::scalar(l1, false), L1::scalar(l2, false)).unwrap()
    }

    #[test]
    fn maps_of_differences_meet_theirs_and_a_violation_is_seen() {
        let mut scratch = CouplingScratch::default();
        for (case, coupling) in (0..60).flat_map(|case| [(case, Coupling::Fused), (case, Coupling::Chain)]) {
            let count = 1 + case % 5;
            let penalty = penalty(coupling, [0.0, 0.1, 0.4][case % 3], [0.05, 0.3, 1.0, 0.0][case % 4]);
            let u: Vec<f64> = (0..count).map(|k| 2.0 * noise(11 * case + k)).collect();
            let a: Vec<f64> = (0..count).map(|k| 1.2 + noise(5 * case + k + 3)).collect();
            let mut x = u.clone();
            penalty.weighted_proximal(0, 1, &mut x, &a, &mut scratch);
            let mut gradient: Vec<f64> = (0..count).map(|k| a[k] * (x[k] - u[k])).collect();
            let violation = penalty.violation(0, 1, &x, &gradient, &mut scratch);
            assert!(violation < 1e-12, "{penalty:?} {u:?} {a:?}: {x:?} {violation}");
            gradient.iter_mut().for_each(|value| *value += 7.0);
            assert!(penalty.violation(0, 1, &x, &gradient, &mut scratch) > 1.0, "{penalty:?} {x:?}");
        }
    }

    #[test]
    fn the_projection_is_within_the_dual_ball_and_bounds_the_penalty() {
        let mut scratch = CouplingScratch::default();
        for (case, coupling) in (0..40).flat_map(|case| Coupling::ALL.map(|coupling| (case, coupling))) {
            let penalty = penalty(coupling, 0.2, 0.3);
            let outside: Vec<f64> = (0..4).map(|k| 3.0 * noise(7 * case + k)).collect();
            let mut g = outside.clone();
            penalty.project(0, 1, &mut g, &mut scratch);
            let inner: Vec<f64> = g.iter().map(|value| value * (1.0 - 1e-12)).collect();
            assert!(penalty.allows_zero(0, 1, &inner, &mut scratch), "{coupling:?} {outside:?} {g:?}");
            for other in 0..20 {
                let x: Vec<f64> = (0..4).map(|k| noise(100 + 13 * other + k)).collect();
                let product: f64 = g.iter().zip(&x).map(|(g, x)| g * x).sum();
                assert!(product <= penalty.value(0, 1, &x) + 1e-12, "{coupling:?} {g:?} {x:?}");
            }
            // What is left is where the penalty is as large as the ball allows.
            let rest: Vec<f64> = outside.iter().zip(&g).map(|(outside, g)| outside - g).collect();
            let product: f64 = g.iter().zip(&rest).map(|(g, x)| g * x).sum();
            assert!((product - penalty.value(0, 1, &rest)).abs() < 1e-12, "{coupling:?} {outside:?} {g:?}");
        }
    }

    #[test]
    fn numbers_that_can_be_checked_by_hand() {
        let mut scratch = CouplingScratch::default();
        let mut run = |coupling: Coupling, l1: f64, l2: f64, x: [f64; 2], step: f64| {
            let mut x = x;
            penalty(coupling, l1, l2).proximal(0, 1, &mut x, step, &mut scratch);
            x
        };
        // (3, 4) is 5 long.
        assert_eq!(run(Coupling::Group, 0.0, 2.5, [3.0, 4.0], 1.0), [1.5, 2.0]);
        // After the soft threshold of one half (3.5, -4.5) is longer than 2.5, (1, -1) is not.
        assert_eq!(run(Coupling::Group, 1.0, 5.0, [1.5, -1.5], 0.5), [0.0, 0.0]);
        assert_eq!(run(Coupling::Fused, 0.5, 0.25, [3.0, 1.0], 2.0), [1.5, 0.5]);
        assert_eq!(run(Coupling::Chain, 0.0, 9.0, [3.0, 1.0], 1.0), [2.0, 2.0]);
        let value = |coupling| penalty(coupling, 1.0, 2.0).value(0, 1, &[3.0, 0.0, -4.0]);
        assert_eq!(Coupling::ALL.map(value), [17.0, 35.0, 21.0]);
        assert_eq!(penalty(Coupling::Group, 1.0, 2.0).value(1, 1, &[3.0]), 0.0, "the diagonal is free");
    }

    #[test]
    fn forbidden_and_free_entries_and_penalties_of_one_data_set() {
        let weights = |value: f64| L1::Matrix(Array2::from_elem((2, 2), value));
        let mut scratch = CouplingScratch::default();
        let forbidden = JointPenalty::new(Coupling::Fused, weights(f64::INFINITY), weights(f64::INFINITY)).unwrap();
        let mut x = [1.0, 2.0];
        forbidden.proximal(0, 1, &mut x, 1.0, &mut scratch);
        assert_eq!((x, forbidden.value(0, 1, &x)), ([0.0; 2], 0.0));
        let mut g = [9.0, -9.0];
        forbidden.project(0, 1, &mut g, &mut scratch);
        assert_eq!((g, forbidden.allows_zero(0, 1, &g, &mut scratch)), ([9.0, -9.0], true));
        let free = JointPenalty::new(Coupling::Group, weights(0.0), weights(0.0)).unwrap();
        free.project(0, 1, &mut g, &mut scratch);
        assert_eq!((g, free.apart(3)), ([0.0; 2], Some(weights(0.0))));
        assert!(JointPenalty::new(Coupling::Group, weights(1.0), weights(f64::INFINITY)).is_err());
        assert!(JointPenalty::new(Coupling::Group, weights(1.0), weights(-1.0)).is_err());
        assert_eq!(penalty(Coupling::Group, 1.0, 2.0).apart(1), Some(L1::scalar(3.0, false)));
        assert_eq!(penalty(Coupling::Chain, 1.0, 2.0).apart(1), Some(L1::scalar(1.0, false)));
        assert_eq!(penalty(Coupling::Chain, 1.0, 2.0).apart(2), None);
        assert!(Coupling::ALL.iter().all(|one| Coupling::named(one.name()) == Some(*one)));
    }
}
