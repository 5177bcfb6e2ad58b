//! The learned numbers of a cell, in one flat list: where each stands, how they start, what they are called.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::rng;

/// The most units that a hidden layer may have.
pub const MAX_HIDDEN: usize = 32;

/// Where the parameters of a cell with `hidden` units a layer stand: 42 numbers for 3 units.
///
/// The offset t of the start; the threshold network inputs -> hidden -> hidden -> 1, whose inputs are an entry of Theta, S
/// and Z, and what else is known of the entry; the weight network 2 -> its hidden units -> 1, whose inputs are the last
/// distance of Z from Theta and the last lambda.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    inputs: usize,
    hidden: usize,
    weight_hidden: usize,
}

/// Inputs of the threshold network of every cell: an entry of Theta, S and Z.
pub const ENTRIES: usize = 3;
/// Units of the weight network of a threshold network with further inputs.
const WEIGHT_HIDDEN: usize = 3;

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
        Ok(Self { inputs: ENTRIES, hidden, weight_hidden: hidden })
    }

    /// With so many inputs of the threshold network beside an entry of Theta, S and Z, and a weight network of 3 units.
    ///
    /// # Errors
    /// As [`Layout::new`].
    pub fn with_context(further: usize, hidden: usize) -> Result<Self> {
        Ok(Self { inputs: ENTRIES + further, weight_hidden: WEIGHT_HIDDEN, ..Self::new(hidden)? })
    }

    /// Units in a hidden layer of the threshold network.
    pub fn hidden(self) -> usize {
        self.hidden
    }

    /// Inputs of the threshold network.
    pub fn inputs(self) -> usize {
        self.inputs
    }

    /// Units in the hidden layer of the weight network.
    pub fn weight_hidden(self) -> usize {
        self.weight_hidden
    }

    /// The parts in order.
    pub fn parts(self) -> [Part; 11] {
        let (h, x, w) = (self.hidden, self.inputs, self.weight_hidden);
        let part = |name, shape, inputs| Part { name, shape, inputs };
        [
            part("offset", (1, 1), 0),
            part("threshold.weight_1", (h, x), x),
            part("threshold.bias_1", (h, 1), x),
            part("threshold.weight_2", (h, h), h),
            part("threshold.bias_2", (h, 1), h),
            part("threshold.weight_3", (1, h), h),
            part("threshold.bias_3", (1, 1), h),
            part("lambda.weight_1", (w, 2), 2),
            part("lambda.bias_1", (w, 1), 2),
            part("lambda.weight_2", (1, w), w),
            part("lambda.bias_2", (1, 1), w),
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
        1 + h * h + (self.inputs + 3) * h + 1..self.len()
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
        let wide = Layout::with_context(4, 5).unwrap();
        let threshold: usize = wide.parts()[1..7].iter().map(Part::len).sum();
        assert_eq!((wide.inputs(), wide.threshold(), wide.len()), (7, 1..1 + threshold, 1 + threshold + 13));
        assert!(Layout::new(0).is_err() && Layout::new(MAX_HIDDEN + 1).is_err());
        for hidden in 1..=MAX_HIDDEN {
            let layout = Layout::new(hidden).unwrap();
            let threshold: usize = layout.parts()[1..7].iter().map(Part::len).sum();
            assert_eq!(layout.threshold(), 1..1 + threshold);
        }
    }
}
