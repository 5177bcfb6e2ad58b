//! The settings of the SERGIO paper's data sets.

use super::{Dropout, Library, Outlier, TechnicalNoise};

/// The names of the presets.
pub(super) const NAMES: &[&str] = &["DS1", "DS2", "DS3", "DS4", "DS5", "DS6", "DS7", "DS8", "DS13", "DS14"];

/// Technical noise by data set (Dibaeinia and Sinha, Table S1).
pub const PRESETS: &[(&str, TechnicalNoise)] = &[
    ("DS1", setting(0.8, [4.8, 0.3], [20.0, 82.0])),
    ("DS2", setting(0.8, [6.0, 0.4], [12.0, 80.0])),
    ("DS3", setting(0.8, [7.0, 0.4], [8.0, 80.0])),
    ("DS4", setting(3.0, [6.0, 0.3], [8.0, 74.0])),
    ("DS5", setting(3.0, [6.0, 0.4], [8.0, 82.0])),
    ("DS6", setting(5.0, [4.5, 0.7], [8.0, 45.0])),
    ("DS7", setting(3.0, [4.4, 0.8], [8.0, 85.0])),
    ("DS8", setting(4.5, [10.8, 0.55], [2.0, 92.0])),
    ("DS13", setting(0.8, [3.6, 0.4], [8.0, 70.0])),
    ("DS14", setting(0.8, [5.0, 0.4], [4.0, 80.0])),
];

/// The mean of outliers; mean and scale of libraries; shape and percentile of dropout.
const fn setting(outlier: f64, library: [f64; 2], dropout: [f64; 2]) -> TechnicalNoise {
    TechnicalNoise {
        outlier: Some(Outlier { probability: 0.01, mean: outlier, scale: 1.0 }),
        library: Some(Library { mean: library[0], scale: library[1] }),
        dropout: Some(Dropout { shape: dropout[0], percentile: dropout[1] }),
        umi: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_setting() {
        assert!(PRESETS.iter().map(|(name, _)| *name).eq(NAMES.iter().copied()));
    }
}
