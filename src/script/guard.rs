//! What ends a script that goes on for too long or holds too much, looked at with every operation of the language.

use super::limits::Operations;
use super::memory::MemoryWatch;
use super::session_options::SessionOptions;
use crate::error::Result;

/// What holds an evaluation within limits that the context does not know.
pub(super) struct Guard {
    operations: Option<Operations>,
    memory: Option<MemoryWatch>,
    /// Whether evaluations have nothing to do with each other.
    is_memory_forgotten: bool,
}

impl Guard {
    pub fn new(options: &SessionOptions) -> Self {
        let sandbox = &options.sandbox;
        let is_watched = sandbox.watches_process || options.memory_probe.is_some();
        let watch = |bytes| MemoryWatch::new(bytes, options.memory_probe.clone());
        Self {
            operations: sandbox.operations.map(Operations::new),
            memory: sandbox.memory.filter(|_| is_watched).map(watch),
            is_memory_forgotten: !sandbox.is_trusted,
        }
    }

    /// Begins again, before an evaluation.
    pub fn restart(&self) {
        if let Some(operations) = &self.operations {
            operations.restart();
        }
        if let Some(memory) = self.memory.as_ref().filter(|_| self.is_memory_forgotten) {
            memory.restart();
        }
    }

    /// Counts one operation.
    ///
    /// # Errors
    /// The evaluation has done more than it may, or what it holds has grown by more.
    pub fn check(&self) -> Result<()> {
        self.operations.as_ref().map_or(Ok(()), Operations::count)?;
        self.memory.as_ref().map_or(Ok(()), MemoryWatch::check)
    }
}
