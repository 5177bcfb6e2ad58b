//! Any bytes as a file of any format that is read: the first byte says which.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sinew_fuzz::{folder, with_session};

/// Endings, and the verbs that read such files.
const FORMATS: [(&str, &[&str]); 12] = [
    ("csv", &["read", "read_csv", "read_matrix"]),
    ("tsv", &["read"]),
    ("npy", &["read"]),
    ("mtx", &["read", "read_mtx"]),
    ("h5ad", &["read"]),
    ("graphml", &["load"]),
    ("gexf", &["load"]),
    ("cyjs", &["load"]),
    ("dot", &["load"]),
    ("json", &["load"]),
    ("txt", &["read"]),
    ("gz", &["read"]),
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let (ending, verbs) = FORMATS[usize::from(first) % FORMATS.len()];
    // What is packed has the format behind it in its name.
    let name = if ending == "gz" { "x.csv.gz".to_string() } else { format!("x.{ending}") };
    if std::fs::write(folder().join(&name), rest).is_err() {
        return;
    }
    with_session(|session| {
        for verb in verbs {
            let _ = session.eval(&format!("let value = {verb}(\"{name}\"); value.to_string()"));
        }
    });
});
