//! Intrinsic noise of expression: one step of the chemical Langevin equation.

use rand_distr::{Distribution, StandardNormal};

use crate::rng::Rng;

/// Which reactions have noise of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noise {
    /// Production and decay, with independent noise ("dpd").
    DualProductionDecay,
    /// Production alone ("sp").
    SingleProduction,
    /// Production and decay, with the same noise ("spd").
    SingleProductionDecay,
}

impl Noise {
    /// The words of scripts.
    pub const WORDS: &[&str] = &["dpd", "sp", "spd"];

    /// From the word of scripts.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "dpd" => Some(Self::DualProductionDecay),
            "sp" => Some(Self::SingleProduction),
            "spd" => Some(Self::SingleProductionDecay),
            _ => None,
        }
    }

    /// The word of scripts.
    pub fn word(self) -> &'static str {
        match self {
            Self::DualProductionDecay => "dpd",
            Self::SingleProduction => "sp",
            Self::SingleProductionDecay => "spd",
        }
    }
}

/// What drives one species: d x = (P - decay x) dt + noise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reaction {
    pub decay: f64,
    /// The amplitude q.
    pub amplitude: f64,
    pub dt: f64,
    pub noise: Noise,
}

impl Reaction {
    /// `lanes` species side by side, from `x` on: writes the states behind `x`, one a row of `states`, where row t is
    /// driven by row t of `production` and of the standard normal numbers `normals`.
    ///
    /// Two independent noises, q sqrt(P) w1 + q sqrt(decay x) w2, are together q sqrt(P + decay x) w: the same law from
    /// half of the random numbers and roots.
    pub fn run(&self, x: &mut [f64], production: &[f64], normals: &[f64], states: &mut [f64]) {
        match self.noise {
            Noise::DualProductionDecay => self.advance(x, production, normals, states, |p, d| (p + d).sqrt()),
            Noise::SingleProduction => self.advance(x, production, normals, states, |p, _| p.sqrt()),
            Noise::SingleProductionDecay => {
                self.advance(x, production, normals, states, |p, d| p.sqrt() + d.sqrt());
            }
        }
    }

    #[inline(always)]
    fn advance(
        &self,
        x: &mut [f64],
        production: &[f64],
        normals: &[f64],
        states: &mut [f64],
        spread: impl Fn(f64, f64) -> f64,
    ) {
        let lanes = x.len();
        let (decay, dt, scale) = (self.decay, self.dt, self.amplitude * self.dt.sqrt());
        let drivers = production.chunks_exact(lanes).zip(normals.chunks_exact(lanes));
        for (states, (production, normals)) in states.chunks_exact_mut(lanes).zip(drivers) {
            for lane in 0..lanes {
                let (produced, decayed) = (production[lane], decay * x[lane]);
                let noise = scale * spread(produced, decayed) * normals[lane];
                let next = x[lane] + dt * (produced - decayed) + noise;
                // Unlike max, this keeps what is no number, so that it can be found.
                let next = if next < 0.0 { 0.0 } else { next };
                x[lane] = next;
                states[lane] = next;
            }
        }
    }
}

/// Standard normal numbers.
pub(super) fn fill_normal(rng: &mut Rng, numbers: &mut [f64]) {
    numbers.iter_mut().for_each(|number| *number = StandardNormal.sample(rng));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;

    /// Mean and variance of long trajectories with constant production.
    fn moments(noise: Noise, amplitude: f64) -> (f64, f64) {
        let reaction = Reaction { decay: 0.8, amplitude, dt: 0.01, noise };
        let (lanes, steps) = (200, 20_000);
        let mut rng = rng::stream(1, "noise", 0);
        let mut x = vec![2.0 / 0.8; lanes];
        let production = vec![2.0; lanes];
        let (mut normals, mut states) = (vec![0.0; lanes], vec![0.0; lanes]);
        let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
        for step in 0..steps {
            fill_normal(&mut rng, &mut normals);
            reaction.run(&mut x, &production, &normals, &mut states);
            if step > 2000 {
                sum += states.iter().sum::<f64>();
                squares += states.iter().map(|x| x * x).sum::<f64>();
                count += lanes as f64;
            }
        }
        let mean = sum / count;
        (mean, squares / count - mean * mean)
    }

    #[test]
    fn stationary_moments_are_those_of_the_equation() {
        // d x = (P - l x) dt + q sqrt(P + l x) dW has mean P / l and variance q^2 P / l; production noise alone half of
        // that, common noise twice.
        let (mean, variance) = (2.0 / 0.8, 0.01 * 2.0 / 0.8);
        for (noise, factor) in
            [(Noise::DualProductionDecay, 1.0), (Noise::SingleProduction, 0.5), (Noise::SingleProductionDecay, 2.0)]
        {
            let (found, spread) = moments(noise, 0.1);
            assert!((found - mean).abs() < 0.01, "{noise:?}: {found}");
            assert!((spread / (variance * factor) - 1.0).abs() < 0.05, "{noise:?}: {spread}");
        }
        assert!(moments(Noise::DualProductionDecay, 0.0).1.abs() < 1e-12);
    }
}
