//! The learned numbers of a cell, in one flat list: where each stands, how they start, what they are called.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::rng;

/// The most units that a hidden layer may have.
pub const MAX_HIDDEN: usize = 32;

/// Where the parameters of a cell with `hidden` units a layer stand: 42 numbers for 3 units.
///
/// The offset t of the start; the threshold network 3 -> hidden -> hidden -> 1, whose inputs are an entry of Theta, S and
/// Z; the weight network 2 -> hidden -> 1, whose inputs are the last distance of Z from Theta and the last lambda.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    hidden: usize,
}

/// A part of the parameters: a matrix in row order, or a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// What it is called.
    pub name: &'static str,
    /// Rows and columns; a vector has one column.
    pub shape: (usize, usize),
    /// Inputs of the layer that it belongs to; 0 for the offset.
    inputs: usize,
}

impl Part {
    fn len(&self) -> usize {
        self.shape.0 * self.shape.1
    }
}

impl Layout {
    /// Of this many units in a hidden layer.
    ///
    /// # Errors
    /// No unit, or more than [`MAX_HIDDEN`].
    pub fn new(hidden: usize) -> Result<Self> {
        if hidden == 0 || hidden > MAX_HIDDEN {
            return Err(Error::option(format!("a hidden layer has 1 to {MAX_HIDDEN} units, not {hidden}")));
        }
        Ok(Self { hidden })
    }

    /// Units in a hidden layer.
    pub fn hidden(self) -> usize {
        self.hidden
    }

    /// The parts in order.
    pub fn parts(self) -> [Part; 11] {
        let h = self.hidden;
        let part = |name, shape, inputs| Part { name, shape, inputs };
        [
            part("offset", (1, 1), 0),
            part("threshold.weight_1", (h, 3), 3),
            part("threshold.bias_1", (h, 1), 3),
            part("threshold.weight_2", (h, h), h),
            part("threshold.bias_2", (h, 1), h),
            part("threshold.weight_3", (1, h), h),
            part("threshold.bias_3", (1, 1), h),
            part("lambda.weight_1", (h, 2), 2),
            part("lambda.bias_1", (h, 1), 2),
            part("lambda.weight_2", (1, h), h),
            part("lambda.bias_2", (1, 1), h),
        ]
    }

    /// How many numbers there are.
    pub fn len(self) -> usize {
        self.parts().iter().map(Part::len).sum()
    }

    /// Never.
    pub fn is_empty(self) -> bool {
        false
    }

    /// Where the threshold network stands.
    pub fn threshold(self) -> Range<usize> {
        1..self.weights().start
    }

    /// Where the network of lambda stands.
    pub fn weights(self) -> Range<usize> {
        let h = self.hidden;
        1 + h * h + 6 * h + 1..self.len()
    }

    /// Fresh parameters: every weight and bias uniform within 1 / sqrt(inputs of its layer), and this offset.
    pub fn initial(self, offset: f64, seed: u64, index: u64) -> Vec<f64> {
        use rand::RngExt;
        let mut rng = rng::stream(seed, "unrolled cell", index);
        let mut parameters = Vec::with_capacity(self.len());
        for part in self.parts() {
            match part.inputs {
                0 => parameters.push(offset),
                inputs => {
                    let bound = 1.0 / (inputs as f64).sqrt();
                    parameters.extend((0..part.len()).map(|_| rng.random_range(-bound..bound)));
                }
            }
        }
        parameters
    }

    /// The parts with their numbers.
    pub fn split(self, parameters: &[f64]) -> Vec<(Part, Vec<f64>)> {
        let mut start = 0;
        let parts = self.parts().into_iter().map(|part| {
            let numbers = parameters[start..start + part.len()].to_vec();
            start += part.len();
            (part, numbers)
        });
        parts.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_three_units_has_42_parameters() {
        let layout = Layout::new(3).unwrap();
        assert_eq!((layout.len(), layout.threshold(), layout.weights()), (42, 1..29, 29..42));
        let parameters = layout.initial(1.0, 5, 0);
        assert_eq!(parameters, layout.initial(1.0, 5, 0));
        assert_ne!(parameters, layout.initial(1.0, 5, 1));
        let parts = layout.split(&parameters);
        assert_eq!((parts[0].1.as_slice(), parts[10].1.len()), ([1.0].as_slice(), 1));
        assert!(parts.iter().all(|(part, numbers)| part.len() == numbers.len()));
        assert!(Layout::new(0).is_err() && Layout::new(MAX_HIDDEN + 1).is_err());
        for hidden in 1..=MAX_HIDDEN {
            let layout = Layout::new(hidden).unwrap();
            let threshold: usize = layout.parts()[1..7].iter().map(Part::len).sum();
            assert_eq!(layout.threshold(), 1..1 + threshold);
        }
    }
}
