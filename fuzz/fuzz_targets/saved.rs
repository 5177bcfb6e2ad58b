//! Any JSON as a saved value: fits, paths, simulations, graphs, tables, figures, models.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sinew::model::{value_from_json, value_to_json};

fuzz_target!(|bytes: &[u8]| {
    let Ok(json) = serde_json::from_slice(bytes) else { return };
    if let Ok(value) = value_from_json(&json) {
        // What could be read can be printed, and written and read again.
        let _ = value.to_string();
        assert!(value_from_json(&value_to_json(&value)).is_ok(), "what was read cannot be written and read again");
    }
});
