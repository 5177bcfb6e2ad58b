//! Any bytes as a file of any format that is read: the first byte says which.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sinew::Context;
use sinew::context::FileAccess;
use sinew::script::{Session, SessionOptions};
use sinew_fuzz::{path, sandbox};

const EXTENSIONS: [&str; 12] =
    ["csv", "tsv", "npy", "mtx", "h5ad", "graphml", "gexf", "cyjs", "dot", "json", "txt", "gml"];

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let extension = EXTENSIONS[usize::from(first) % EXTENSIONS.len()];
    let path = path(extension);
    if std::fs::write(&path, rest).is_err() {
        return;
    }
    let mut session = Session::new(SessionOptions { files: FileAccess::All, ..sandbox() });
    session.set("path", path.display().to_string());
    for verb in ["read", "load", "read_graph", "read_csv", "read_matrix", "read_mtx", "read_npy"] {
        let _ = session.eval(&format!("print({verb}(path))"));
    }
    let _ = sinew::Graph::load(&path.display().to_string(), &Context::new());
});
