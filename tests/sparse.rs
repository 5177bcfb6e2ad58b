//! Sparse matrices in scripts: what methods make of them, the files they come from, and what they do not have.

use sinew::ErrorKind;
use sinew::script::{Sandbox, ScriptError, Session, SessionOptions};

/// Counts `m` of 80 cells x 6 genes, two thirds of them 0, and the same as sparse matrix `x`.
const COUNTS: &str = "let r = randn(80, 6, #{ seed: 1 }); \
                      let m = where(r > 0.4, (r * 4).round(), 0).set_names([\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]); \
                      let x = m.sparse(); ";

fn is_true(script: &str) {
    let mut session = Session::trusted();
    let found = session.eval_as::<bool>(&format!("{COUNTS}{script}"));
    assert!(found.unwrap_or_else(|error| panic!("{script}\n{error}")), "{script}");
}

fn fails(script: &str, options: SessionOptions) -> ScriptError {
    Session::new(options).eval(script).expect_err(script)
}

/// A folder whose path has no quotes, and a file in it.
fn file(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

#[test]
fn methods_give_the_answer_of_the_dense_matrix() {
    for script in [
        "let o = #{ trees: 20, seed: 3, regulators: [\"a\", \"d\"] }; \
         (x.genie3(o).importances == m.genie3(o).importances).all()",
        "let o = #{ trees: 20, seed: 3 }; \
         (x.log1p().genie3(o).importances == m.log1p().genie3(o).importances).all()",
        "(x.graphical_lasso(#{ lambda: 0.2 }).precision == m.graphical_lasso(#{ lambda: 0.2 }).precision).all()",
        "(GraphicalLasso(#{ lambda: 0.2 }).fit(x).precision == m.graphical_lasso(#{ lambda: 0.2 }).precision).all()",
    ] {
        is_true(script);
    }
}

#[test]
fn verbs_mean_what_they_mean_for_dense_matrices() {
    for script in [
        "x.shape == m.shape && x.rows == 80 && x.cols == 6 && x.names == m.names && x.row_names == ()",
        "x.nnz == (m != 0).count() && x.density == x.nnz / 480.0",
        "(x.t.matrix() == m.t).all() && (x.head(3).matrix() == m.head(3)).all() && x.head().rows == 6",
        "(x.select([\"e\", 0]).matrix() == m.select([\"e\", 0])).all() && x.drop(\"b\").names == m.drop(\"b\").names",
        "let mask = m.col(\"a\") > 0; (x.filter(mask).matrix() == m.filter(mask)).all()",
        "(x[[[5, 2], [\"b\", \"a\"]]].matrix() == m[[[5, 2], [\"b\", \"a\"]]]).all()",
        "x[[4, \"c\"]] == m[[4, \"c\"]] && (x[3] == m[3]).all() && (x[[.., 1]] == m.col(1)).all()",
        "(x.row(-1) == m.row(-1)).all() && (x.col(\"f\") == m.col(\"f\")).all() && (x[0..4].matrix() == m[0..4]).all()",
        "x.sum() == m.sum() && (x.sum(#{ axis: 0 }) == m.sum(#{ axis: 0 })).all()",
        "(x.sum(#{ axis: \"rows\" }) == m.sum(#{ axis: \"rows\" })).all() && x.sum(#{ axis: 0 }).names == m.names",
        "((x.mean(#{ axis: 1 }) - m.mean(#{ axis: 1 })).abs() < 1e-12).all() && (x.mean() - m.mean()).abs() < 1e-12",
        "((x.sd(#{ axis: 0 }) - m.sd(#{ axis: 0 })).abs() < 1e-12).all()",
        "((x.variance(#{ axis: 1 }) - m.variance(#{ axis: 1 })).abs() < 1e-12).all()",
        "x.top_variance(3).names == m.top_variance(3).names && (x.log1p().matrix() == m.log1p()).all()",
        "let y = m; y[[.., 0]] = 2; y.sparse().drop_constant().names == [\"b\", \"c\", \"d\", \"e\", \"f\"]",
        "`${x}`.contains(\"SparseMatrix 80 x 6\") && x.to_map().cols == 6",
    ] {
        is_true(script);
    }
}

#[test]
fn files_give_them_without_a_dense_matrix() {
    let folder = tempfile::tempdir().expect("a folder");
    let (json, mtx, place) = (file(&folder, "x.json"), file(&folder, "matrix.mtx"), folder.path().display());
    is_true(&format!("x.save(\"{json}\"); let y = load(\"{json}\"); (y.matrix() == m).all() && y.names == x.names"));
    is_true(&format!("x.t.save(\"{mtx}\"); (read_mtx(\"{mtx}\", #{{ sparse: true }}).matrix() == m.t).all()"));
    is_true(&format!(
        "let rows = |n| matrix((0..n).to_array().map(|i| [i * 1.0])); \
         rows.call(6).save(\"{place}/features.tsv\"); rows.call(80).save(\"{place}/barcodes.tsv\"); \
         let y = read_10x(\"{place}\", #{{ sparse: true }}); y.nnz == x.nnz && (y.matrix() == read_10x(\"{place}\")).all()"
    ));
}

#[test]
fn what_does_not_fit_or_is_not_there_is_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder, "large.mtx");
    let text = "%%MatrixMarket matrix coordinate integer general\n200000 20000 2\n1 1 1\n200000 20000 5\n";
    std::fs::write(&path, text).expect("a file");
    let small = || SessionOptions::default().sandbox(Sandbox::trusted().memory(4_000_000_000));
    let error = fails(&format!("read_mtx(\"{path}\", #{{ sparse: true }}).genie3()"), small()).error;
    assert_eq!(error.kind(), ErrorKind::Memory);
    assert!(error.message().contains("32.0 GB") && error.message().contains("200000 x 20000"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("top_variance") && hint.contains("select")), "{error}");
    let error = fails(&format!("read_mtx(\"{path}\")"), small()).error;
    assert!(error.hint().is_some_and(|hint| hint.contains("sparse: true")), "{error}");
    for script in ["x + 1", "x.standardize()", "x @ m"] {
        let error = fails(&format!("{COUNTS}{script}"), SessionOptions::trusted()).error;
        assert!(error.hint().is_some_and(|hint| hint.contains("x.matrix() makes it dense")), "{script}: {error}");
    }
    let error = fails(&format!("{COUNTS}x.head(\"a\")"), SessionOptions::trusted()).error;
    assert!(error.hint().is_some_and(|hint| hint.contains("x.head(n)")), "{error}");
}

#[cfg(not(feature = "h5ad"))]
#[test]
fn without_its_feature_h5ad_says_how_to_get_it() {
    for script in ["read(\"x.h5ad\")", "read_h5ad(\"x.h5ad\", #{ layer: \"raw\", sparse: true })"] {
        let error = fails(script, SessionOptions::trusted()).error;
        assert!(error.hint().is_some_and(|hint| hint.contains("--features h5ad")), "{error}");
    }
}
