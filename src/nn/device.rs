//! Which device a model runs on.

use crate::devices;
use crate::error::Result;

/// A device of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The processor.
    Cpu,
    /// An NVIDIA GPU, by number.
    #[cfg(feature = "cuda")]
    Cuda(usize),
}

impl Device {
    /// What the option `device` asks for: `"auto"` is a GPU where there is one that can be used.
    ///
    /// # Errors
    /// A device that is not known, or that this program cannot use here, with what is missing.
    pub fn choose(wanted: &str) -> Result<Self> {
        devices::check(wanted)?;
        #[cfg(feature = "cuda")]
        if let Some(index) = devices::cuda_index(wanted) {
            return Ok(Self::Cuda(index));
        }
        Ok(Self::Cpu)
    }

    /// As the option takes it.
    pub fn name(self) -> String {
        match self {
            Self::Cpu => "cpu".into(),
            #[cfg(feature = "cuda")]
            Self::Cuda(index) => format!("cuda:{index}"),
        }
    }
}
