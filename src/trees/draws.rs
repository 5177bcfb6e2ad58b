//! Random numbers of trees, drawn so that a seed means the same with every version of a library.

use rand::Rng as _;

use crate::rng::Rng;

/// How many regulators a node looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxFeatures {
    /// The square root of their number, rounded down.
    Sqrt,
    /// All.
    All,
    /// A share of them, rounded down.
    Share(f64),
    /// So many.
    Count(usize),
}

impl MaxFeatures {
    /// The number among `regulators`, at least 1.
    pub fn of(self, regulators: usize) -> usize {
        let wanted = match self {
            Self::Sqrt => regulators.isqrt(),
            Self::All => regulators,
            Self::Share(share) => (share * regulators as f64) as usize,
            Self::Count(count) => count,
        };
        wanted.min(regulators).max(1)
    }
}

/// A number below `count`, which is not 0, each with the same probability (Lemire, ACM TOMACS 29:3, 2019).
#[inline]
pub fn below(rng: &mut Rng, count: u32) -> u32 {
    let mut product = u64::from(rng.next_u32()) * u64::from(count);
    if (product as u32) < count {
        let rejected = count.wrapping_neg() % count;
        while (product as u32) < rejected {
            product = u64::from(rng.next_u32()) * u64::from(count);
        }
    }
    (product >> 32) as u32
}

/// A number in [0, 1).
pub fn unit(rng: &mut Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// Moves one of the entries from `place` on, each with the same probability, to `place`: a shuffle, step by step. Any
/// order of the entries is as good a start as any other.
#[inline]
pub fn step(rng: &mut Rng, entries: &mut [u32], place: usize) -> u32 {
    let other = place + below(rng, (entries.len() - place) as u32) as usize;
    entries.swap(place, other);
    entries[place]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::stream;

    #[test]
    fn numbers_of_regulators_are_those_of_scikit_learn() {
        let of = |rule: MaxFeatures| [1, 9, 10, 127].map(|count| rule.of(count));
        assert_eq!(of(MaxFeatures::Share(0.1)), [1, 1, 1, 12]);
        assert_eq!(of(MaxFeatures::Sqrt), [1, 3, 3, 11]);
        assert_eq!(of(MaxFeatures::All), [1, 9, 10, 127]);
        assert_eq!(of(MaxFeatures::Count(10)), [1, 9, 10, 10]);
    }

    #[test]
    fn draws_are_even() {
        let (mut rng, mut counts) = (stream(1, "draws", 0), [0usize; 7]);
        (0..7000).for_each(|_| counts[below(&mut rng, 7) as usize] += 1);
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        let mut firsts = [0usize; 5];
        let mut entries = [0, 1, 2, 3, 4];
        (0..5000).for_each(|_| firsts[step(&mut rng, &mut entries, 0) as usize] += 1);
        assert!(firsts.iter().all(|count| (850..1150).contains(count)), "{firsts:?}");
        assert!((0..1000).map(|_| unit(&mut rng)).all(|number| (0.0..1.0).contains(&number)));
    }
}
