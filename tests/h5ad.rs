//! AnnData files, those of `tests/data/make_h5ad.py`: how counts are read, and what damaged files give.
#![cfg(feature = "h5ad")]

use sinew::data::{read_h5ad, read_h5ad_sparse};
use sinew::script::{Session, SessionOptions};
use sinew::{Context, ErrorKind, Matrix};

const FILES: [&str; 4] = ["dense.h5ad", "csr.h5ad", "csc.h5ad", "old.h5ad"];

fn path(name: &str) -> String {
    format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The counts of `make_h5ad.py`.
fn counts(genes: usize) -> Matrix {
    Matrix::from_fn(40, genes, |i, j| if (i + 2 * j).is_multiple_of(4) { ((7 * i + 3 * j) % 11) as f64 } else { 0.0 })
}

/// The matrix of a file, read as dense and as sparse one, which are the same.
fn read(name: &str, layer: Option<&str>) -> (Matrix, Vec<String>) {
    let ctx = Context::new();
    let (dense, warnings) = read_h5ad(&path(name), layer, &ctx).expect(name);
    let (sparse, again) = read_h5ad_sparse(&path(name), layer, &ctx).expect(name);
    assert_eq!((&sparse.matrix(&ctx).expect("memory"), &again), (&dense, &warnings), "{name}");
    assert_eq!(sparse.nnz(), dense.as_slice().iter().filter(|&&value| value != 0.0).count());
    (dense, warnings)
}

#[test]
fn every_layout_gives_the_counts() {
    for (name, layer) in
        [("csr.h5ad", None), ("csc.h5ad", None), ("dense.h5ad", Some("whole")), ("dense.h5ad", Some("counts"))]
    {
        let (x, _) = read(name, layer);
        assert_eq!((x.as_slice(), x.cols()), (counts(12).as_slice(), 12), "{name} {layer:?}");
        let names = (x.row_names().expect("cells").get(39), x.names().expect("genes").get(11));
        assert_eq!(names, ("cell39", "gene11"), "{name}");
    }
    let (x, warnings) = read("dense.h5ad", None);
    assert!(warnings.is_empty());
    let logs = counts(12).map(|count| f64::from(count.ln_1p() as f32));
    assert!(x.as_slice().iter().zip(logs.as_slice()).all(|(a, b)| (a - b).abs() < 1e-6));
    let (raw, _) = read("dense.h5ad", Some("raw"));
    assert_eq!((raw.as_slice(), raw.names().expect("genes").get(13)), (counts(14).as_slice(), "more1"));
}

#[test]
fn genes_of_one_name_are_told_apart() {
    let (x, warnings) = read("csc.h5ad", None);
    assert_eq!((x.names().expect("genes").get(3), x.names().expect("genes").get(5)), ("GENE", "GENE.2"));
    assert!(warnings[0].contains("1 genes") && warnings[0].contains("'GENE.2'"), "{warnings:?}");
}

#[test]
fn what_is_not_there_is_explained() {
    let ctx = Context::new();
    for (name, layer, message, hint) in [
        ("dense.h5ad", Some("cuonts"), "there is no layers/cuonts", "did you mean 'counts'?"),
        ("dense.h5ad", Some("something"), "there is no layers/something", "whole"),
        ("csr.h5ad", Some("raw"), "there is no raw/X", "X is read"),
        ("old.h5ad", None, "compound table", "write_h5ad"),
        ("make_h5ad.py", None, "is not HDF5", "gzip"),
        ("nothing.h5ad", None, "there is no such file", "working directory"),
    ] {
        let error = read_h5ad(&path(name), layer, &ctx).expect_err(name);
        assert!(error.message().contains(message), "{error}");
        assert!(error.hint().is_some_and(|found| found.contains(hint)), "{error}");
    }
    let error = read_h5ad(&path("csr.h5ad"), None, &Context::new().with_memory_limit(1000)).expect_err("memory");
    assert_eq!(error.kind(), ErrorKind::Memory);
}

#[test]
fn damaged_files_are_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("damaged.h5ad").display().to_string();
    let mut failed = 0;
    let mut check = |bytes: &[u8]| {
        std::fs::write(&place, bytes).expect("a file");
        let ctx = Context::new().with_memory_limit(50_000_000).with_time_limit(std::time::Duration::from_secs(2));
        if let Err(error) = read_h5ad_sparse(&place, None, &ctx) {
            let is_named = error.message().contains("damaged.h5ad") || error.kind().is_stop();
            assert!(error.kind() != ErrorKind::Internal && is_named, "{error}");
            failed += 1;
        }
    };
    for name in FILES {
        let whole = std::fs::read(path(name)).expect(name);
        (0..whole.len()).step_by(97).for_each(|end| check(&whole[..end]));
        // The structure of a file stands at its begin and between its data: every part is hit.
        for (place, byte) in (0..whole.len()).step_by(41).zip([0xff, 0x00, 0x01, 0x80].into_iter().cycle()) {
            let mut damaged = whole.clone();
            damaged[place] ^= byte.max(0x10);
            check(&damaged);
        }
    }
    assert!(failed > 300, "{failed}");
}

#[test]
fn scripts_read_them_too() {
    let mut session = Session::new(SessionOptions::trusted());
    let script = format!(
        "let x = read_h5ad(\"{0}\", #{{ sparse: true }}); let y = read(\"{0}\"); \
         let z = read_h5ad(\"{1}\", #{{ layer: \"counts\" }}); \
         x.nnz == 110 && (x.matrix() == y).all() && (y == z).all()",
        path("csr.h5ad"),
        path("dense.h5ad")
    );
    assert!(session.eval_as::<bool>(&script).expect("a truth value"));
}
