//! The operations of a cell on the processor, forward and backward, in single or double precision.
//!
//! Matrices are symmetric, n x n in row order, several one after the other (the tasks). Gradients come out symmetric too:
//! what is antisymmetric in a gradient cannot reach a parameter.

pub mod distance;
pub mod likelihood;
pub mod networks;
pub mod newton_schulz;
pub mod proximal;
pub mod start;
pub mod threshold;
