//! Seeds and named random streams.
//!
//! A stream is derived from a seed, a purpose and an index, never from a thread, so that results do not depend on
//! how work was spread. ChaCha8 is portable: the same seed gives the same numbers on every machine.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The generator behind every random number of the crate.
pub type Rng = ChaCha8Rng;

/// Seeds stay below 2^53, so that they survive JSON.
pub const MAX_SEED: u64 = (1 << 53) - 1;

/// The stream of `seed` for one purpose and index (a replicate, a tree, a fold).
pub fn stream(seed: u64, purpose: &str, index: u64) -> Rng {
    let mut key = [0u8; 32];
    let purpose_hash = purpose.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3) // FNV-1a
    });
    for (chunk, word) in key.chunks_exact_mut(8).zip([seed, purpose_hash, index, 0x7369_6e65_7700_0001]) {
        chunk.copy_from_slice(&mix(word).to_le_bytes());
    }
    Rng::from_seed(key)
}

/// A seed derived from another: call number `index` for `purpose`.
pub fn derive(seed: u64, purpose: &str, index: u64) -> u64 {
    use rand::Rng as _;
    stream(seed, purpose, index).next_u64() & MAX_SEED
}

/// A seed from the operating system, for when none was given.
pub fn fresh() -> u64 {
    use rand::TryRng as _;
    // Without the system's generator a constant would silently repeat runs; the clock at least differs.
    rand::rngs::SysRng.try_next_u64().unwrap_or_else(|_| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        mix(now.map_or(0, |time| time.as_nanos() as u64))
    }) & MAX_SEED
}

/// The numbers below `count` in random order.
pub fn permutation(rng: &mut Rng, count: usize) -> Vec<usize> {
    use rand::seq::SliceRandom;
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(rng);
    order
}

/// `draws` numbers below `count`, which must not be 0 unless there are no draws.
pub fn with_replacement(rng: &mut Rng, count: usize, draws: usize) -> Vec<usize> {
    use rand::RngExt;
    (0..draws).map(|_| rng.random_range(0..count)).collect()
}

/// SplitMix64's finaliser: close inputs give unrelated outputs.
fn mix(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng as _;

    #[test]
    fn streams_differ_by_seed_purpose_and_index_and_repeat() {
        let draw = |seed, purpose, index| stream(seed, purpose, index).next_u64();
        let first = draw(1, "graph", 0);
        assert_eq!(first, draw(1, "graph", 0));
        for other in [draw(2, "graph", 0), draw(1, "sample", 0), draw(1, "graph", 1)] {
            assert_ne!(first, other);
        }
    }
}
