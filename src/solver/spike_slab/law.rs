//! The two laws of an entry off the diagonal: spike and slab.

/// A Laplace spike with density rate/2 exp(-rate |x|), and a Gaussian slab around 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpikeSlab {
    /// Rate of the spike.
    pub rate: f64,
    /// Standard deviation of the slab.
    pub sd: f64,
}

/// One value under a mixture of spike and slab.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mixed {
    /// The logarithm of the density.
    pub log_density: f64,
    /// The probability that the value is from the slab.
    pub edge: f64,
}

/// The logarithms of both densities at one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Densities {
    slab: f64,
    spike: f64,
}

impl SpikeSlab {
    /// 2 sd^2 rate: entries that are larger have a larger density in the tail of the spike than in the slab, so that they
    /// would be taken for none.
    pub fn largest_entry(&self) -> f64 {
        2.0 * self.sd * self.sd * self.rate
    }

    /// The logarithms of both densities at `value`.
    pub fn densities(&self, value: f64) -> Densities {
        let scaled = value / self.sd;
        Densities {
            slab: -0.5 * (2.0 * std::f64::consts::PI).ln() - self.sd.ln() - 0.5 * scaled * scaled,
            spike: (0.5 * self.rate).ln() - self.rate * value.abs(),
        }
    }
}

impl Densities {
    /// Under the mixture in which the slab has probability `share`, between 0 and 1.
    pub fn mixed(&self, share: f64) -> Mixed {
        let slab = share.ln() + self.slab;
        let spike = (-share).ln_1p() + self.spike;
        let log_density = slab.max(spike) + (-(slab - spike).abs()).exp().ln_1p();
        Mixed { log_density, edge: (slab - log_density).exp() }
    }

    /// The probability that the value is from the spike, with all its digits where that is small.
    pub fn non_edge(&self, share: f64) -> f64 {
        let slab = share.ln() + self.slab;
        let spike = (-share).ln_1p() + self.spike;
        1.0 / (1.0 + (slab - spike).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_probabilities_sum_to_one_and_the_far_tail_is_the_spikes() {
        let law = SpikeSlab { rate: 21.46, sd: 0.3 };
        for value in [0.0, -0.05, 0.4, 2.0] {
            let at = law.densities(value);
            let (mixed, none) = (at.mixed(0.2), at.non_edge(0.2));
            assert!((mixed.edge + none - 1.0).abs() < 1e-14);
            let slab = (-0.5 * value * value / 0.09f64).exp() / (0.3 * (2.0 * std::f64::consts::PI).sqrt());
            let spike = 10.73 * (-21.46 * f64::abs(value)).exp();
            assert!((mixed.log_density - (0.2 * slab + 0.8 * spike).ln()).abs() < 1e-12);
        }
        assert!(
            law.densities(2.0).non_edge(0.2) < 1e-6 && law.densities(1.3 * law.largest_entry()).non_edge(0.2) > 0.9
        );
    }
}
