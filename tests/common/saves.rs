//! Everything that can be saved, as scripts: what tests of disks and of killed processes write.
#![allow(dead_code)] // every test program uses a part

use std::collections::BTreeSet;
use std::path::Path;

/// Something that is saved.
#[derive(Debug)]
pub struct Save {
    pub name: &'static str,
    /// Endings of the files that one save writes, behind a common beginning.
    pub endings: &'static [&'static str],
    /// Script that gives `a` and `b`, of some megabytes where the format makes that easy.
    pub values: &'static str,
    /// Script that saves `x` at the beginning `to`.
    pub save: &'static str,
    /// Whether the same script gives other bytes every time: results know how many seconds they took. What has been saved
    /// once and is loaded gives the same bytes for ever.
    pub has_times: bool,
}

const fn save(name: &'static str, ending: &'static [&'static str], values: &'static str, save: &'static str) -> Save {
    Save { name, endings: ending, values, save, has_times: false }
}

const MATRICES: &str = "let a = randn(900, 80, #{ seed: 1 }); let b = randn(910, 80, #{ seed: 2 });";
const TABLES: &str = "let a = random_graph(\"erdos_renyi\", #{ nodes: 150, probability: 0.3, seed: 1 }).edge_table(); \
                      let b = random_graph(\"erdos_renyi\", #{ nodes: 150, probability: 0.3, seed: 2 }).edge_table();";
const GRAPHS: &str = "let a = random_graph(\"erdos_renyi\", #{ nodes: 150, probability: 0.3, seed: 1 }); \
                      let b = random_graph(\"erdos_renyi\", #{ nodes: 150, probability: 0.3, seed: 2 });";
const GRNS: &str = "let a = sergio(random_grn(#{ genes: 50, seed: 1 }), #{ cell_types: 2, cells: 2, seed: 1 }).truth; \
                    let b = sergio(random_grn(#{ genes: 60, seed: 2 }), #{ cell_types: 2, cells: 2, seed: 2 }).truth;";
const FIGURES: &str =
    "let a = random_graph(\"hub\", #{ nodes: 60 }).plot(); let b = random_graph(\"band\", #{ nodes: 60 }).plot();";

const PLAIN: &[Save] = &[
    save("matrix csv", &["csv"], MATRICES, "x.save(`${to}.csv`);"),
    save("matrix csv.gz", &["csv.gz"], MATRICES, "x.save(`${to}.csv.gz`);"),
    save("matrix npy", &["npy"], MATRICES, "x.save(`${to}.npy`);"),
    save("matrix mtx", &["mtx"], MATRICES, "x.save(`${to}.mtx`);"),
    save("matrix json", &["json"], MATRICES, "x.save(`${to}.json`);"),
    save(
        "sparse mtx",
        &["mtx"],
        "let a = randn(900, 80, #{ seed: 1 }).sparse(); let b = randn(910, 80, #{ seed: 2 }).sparse();",
        "x.save(`${to}.mtx`);",
    ),
    save("table csv", &["csv"], TABLES, "x.save(`${to}.csv`);"),
    save("table json", &["json"], TABLES, "x.save(`${to}.json`);"),
    save(
        "list json",
        &["json"],
        "let a = []; a.pad(100000, 1.5); let b = []; b.pad(100000, 2.5);",
        "x.save(`${to}.json`);",
    ),
    save("graph graphml", &["graphml"], GRAPHS, "x.save(`${to}.graphml`);"),
    save("graph gexf", &["gexf"], GRAPHS, "x.save(`${to}.gexf`);"),
    save("graph cyjs", &["cyjs"], GRAPHS, "x.save(`${to}.cyjs`);"),
    save("graph dot", &["dot"], GRAPHS, "x.save(`${to}.dot`);"),
    save("graph json", &["json"], GRAPHS, "x.save(`${to}.json`);"),
    save("graph csv", &["csv"], GRAPHS, "x.save(`${to}.csv`);"),
    save(
        "sergio",
        &["targets.txt", "regulators.txt"],
        GRNS,
        "x.write_sergio(`${to}.targets.txt`, `${to}.regulators.txt`);",
    ),
    save(
        "report html",
        &["html"],
        "let a = Report(\"a\").add(randn(200, 20, #{ seed: 1 })); let b = Report(\"b\").add(randn(210, 20, #{ seed: 2 }));",
        "x.save(`${to}.html`);",
    ),
];

const WITH_TIMES: &[Save] = &[
    save(
        "fit json",
        &["json"],
        "let x = randn(80, 100, #{ seed: 1 }); let a = x.graphical_lasso(#{ lambda: 0.4 }); \
         let b = x.graphical_lasso(#{ lambda: 0.5 });",
        "x.save(`${to}.json`);",
    ),
    save(
        "path json",
        &["json"],
        "let x = randn(80, 40, #{ seed: 1 }); let a = x.graphical_lasso_path(#{ n_lambdas: 8 }); \
         let b = x.graphical_lasso_path(#{ n_lambdas: 9 });",
        "x.save(`${to}.json`);",
    ),
    save(
        "joint fit json",
        &["json"],
        "let sets = [randn(60, 30, #{ seed: 1 }), randn(60, 30, #{ seed: 2 })]; \
         let a = joint_graphical_lasso(sets, #{ penalty: \"group\", lambda: 0.4, lambda2: 0.1 }); \
         let b = joint_graphical_lasso(sets, #{ penalty: \"group\", lambda: 0.5, lambda2: 0.1 });",
        "x.save(`${to}.json`);",
    ),
    save(
        "simulation json",
        &["json"],
        "let grn = random_grn(#{ genes: 50, seed: 1 }); let a = sergio(grn, #{ cell_types: 2, cells: 60, seed: 1 }); \
         let b = sergio(grn, #{ cell_types: 2, cells: 60, seed: 2 });",
        "x.save(`${to}.json`);",
    ),
];

const FIGURE: &[Save] = &[
    save("figure html", &["html"], FIGURES, "x.save(`${to}.html`);"),
    save("figure svg", &["svg"], FIGURES, "x.save(`${to}.svg`);"),
    save("figure json", &["json"], FIGURES, "x.save(`${to}.json`);"),
];

const MODEL: Save = save(
    "trained model json",
    &["json"],
    "let pairs = [#{ x: randn(30, 8, #{ seed: 1 }), truth: eye(8) }]; \
     let a = Glad(#{ steps: 3 }).train(pairs, #{ epochs: 1, seed: 1 }); \
     let b = Glad(#{ steps: 3 }).train(pairs, #{ epochs: 1, seed: 2 });",
    "x.save(`${to}.json`);",
);

/// All that can be saved with the features of this build.
pub fn saves() -> Vec<Save> {
    let mut all: Vec<Save> = Vec::new();
    let copy = |from: &Save, has_times: bool| Save {
        name: from.name,
        endings: from.endings,
        values: from.values,
        save: from.save,
        has_times,
    };
    all.extend(PLAIN.iter().map(|save| copy(save, false)));
    all.extend(WITH_TIMES.iter().map(|save| copy(save, true)));
    if cfg!(feature = "plot") {
        all.extend(FIGURE.iter().map(|save| copy(save, false)));
    }
    if cfg!(feature = "nn") {
        all.push(copy(&MODEL, true));
    }
    all
}

/// Names of the files in a folder that are being written, or were when their writer was killed.
pub fn unfinished(folder: &Path) -> BTreeSet<String> {
    let names = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    names.map(|name| name.to_string_lossy().to_string()).filter(|name| name.starts_with(".sinew-")).collect()
}
