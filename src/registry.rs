//! What exists: every record, from the lists of the folders.

use crate::error::{Error, Result};
use crate::model::{Record, Trained};
use crate::{methods, metrics, simulate};

// Records that only the library's own tests have.
#[cfg(test)]
use crate::model::dummies::RECORDS as DUMMIES;
#[cfg(not(test))]
static DUMMIES: &[&Record] = &[];

/// Every record, in the order of the reference.
pub fn records() -> impl Iterator<Item = &'static Record> {
    [methods::RECORDS, DUMMIES, simulate::RECORDS, metrics::RECORDS].into_iter().flatten().copied()
}

/// The methods: what is fitted to data.
pub fn methods() -> impl Iterator<Item = &'static Record> {
    records().filter(|record| record.is_method())
}

/// The method of a trained model, which it passes the check of.
///
/// # Errors
/// A method that does not exist or is not trained; what the method finds wrong with the model.
pub fn method_of(trained: &Trained) -> Result<&'static Record> {
    let found = methods().find(|record| record.verb == trained.verb());
    let record = found.ok_or_else(|| {
        Error::name(format!("there is no method '{}', of which this is a trained model", trained.verb()))
            .with_nearest(trained.verb(), trainable_methods().map(|record| record.verb))
    })?;
    record.check_trained(trained)?;
    Ok(record)
}

/// The methods that can be trained.
pub fn trainable_methods() -> impl Iterator<Item = &'static Record> {
    methods().filter(|record| record.trainable().is_some())
}
