//! Unrolled neural models that recover graphs, on the processor or a GPU.
//!
//! The only folder that knows Burn. Operations with a gradient of their own are in `host/`, for the processor; the models
//! are written once, on any device.

mod adam;
mod backend;
#[cfg(feature = "cuda")]
mod cuda;
mod decoder;
mod device;
#[cfg(any(feature = "cuda", test))]
mod device_bodies;
mod evaluator;
pub mod host;
mod layer;
mod losses;
mod operations;
mod parameters;
mod perceptron;
mod pieces;
mod regulation;
mod unrolled;

pub use adam::Adam;
pub use decoder::{Decoder, DecoderPlan, MAX_DECODER_LAYERS, MAX_DECODER_UNITS, Pull, PullForm};
pub use device::Device;
pub use evaluator::{Direction, Evaluator, Objective, Pass, Precision, Problem};
pub use host::likelihood::Repair;
pub use host::proximal::Root;
pub use host::start::Start;
pub use host::threshold::Diagonal;
pub use losses::Supervised;
pub use parameters::{ENTRIES, Layout, MAX_HIDDEN, Part};
pub use regulation::{EdgeLoss, NetworkStep, Regulation, RegulationCell, RegulationPass, RegulationProblem, Step};
pub use unrolled::Cell;
