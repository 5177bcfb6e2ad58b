//! Data sets of BEELINE, and its scores.

#[path = "common/scripts.rs"]
mod scripts;

use scripts::{check, check_errors};
use serde_json::json;

/// A true network of four genes, of which two regulate, and an estimate with ties and a negative weight.
const NETWORKS: &str = "\
    fn network(list) { graph_from_edges(table(list), #{ directed: true, nodes: [\"a\", \"b\", \"c\", \"d\"] }) } \
    fn keys(s) { [s.auroc, s.aupr_trapezoid, s.aupr_ratio_trapezoid, s.aupr_ratio, s.early_precision, s.epr] } \
    let truth = network([#{ from: \"a\", to: \"b\", weight: 1 }, #{ from: \"a\", to: \"c\", weight: -1 }, \
        #{ from: \"b\", to: \"d\", weight: 1 }]); \
    let estimate = network([#{ from: \"a\", to: \"b\", weight: 0.9 }, #{ from: \"b\", to: \"a\", weight: 0.6 }, \
        #{ from: \"c\", to: \"a\", weight: -0.6 }, #{ from: \"a\", to: \"c\", weight: 0.6 }, \
        #{ from: \"d\", to: \"b\", weight: 0.2 }, #{ from: \"a\", to: \"d\", weight: 0.1 }]); ";

#[test]
fn scores_are_those_of_beeline() {
    // By hand, and as roc_curve, precision_recall_curve and auc of scikit-learn 1.9.1 give them. Of 12 ordered pairs 3 are edges.
    // Strengths 0.9 (an edge), 0.6 three times (one edge), 0.2, 0.1 (none), 0 six times (one edge): the precision-recall curve has
    // the points (0, 1), (1/3, 1), (2/3, 2/4), (2/3, 2/5), (2/3, 2/6), (1, 3/12), so that its area is
    // (1 + (1 + 1/2) / 2 + (1/3 + 1/4) / 2) / 3 = 49/72, which is 49/18 of the density 1/4. Average precision is
    // (1 + 1/2 + 1/4) / 3 = 7/12. Of the 9 other pairs the edges beat 9, 7 and two ties, and five ties: 9 + 8 + 5/2 of 27.
    // The third strength is 0.6, with which four pairs are taken, two of them edges: 1/2, twice the density.
    let all = [19.5 / 27.0, 49.0 / 72.0, 49.0 / 18.0, 7.0 / 3.0, 0.5, 2.0];
    // Pairs whose source is a or b: 6, with 3 edges; the third strength is 0.6 again, and three pairs are taken.
    let of_regulators = [6.0 / 9.0, 7.0 / 9.0, 14.0 / 9.0, 13.0 / 9.0, 2.0 / 3.0, 4.0 / 3.0];
    check(
        NETWORKS,
        &[
            ("keys(score(truth, estimate))", json!(all)),
            ("keys(score(truth, estimate, #{ regulators: [\"a\", \"b\"] }).regulators)", json!(of_regulators)),
            ("keys(score(truth, estimate, #{ regulators: truth.regulators }))", json!(all)),
            ("aupr_ratio_trapezoid(truth, estimate)", json!(49.0 / 18.0)),
            ("aupr_ratio_trapezoid(truth, estimate, #{ regulators: [\"b\"] })", json!(0.5)),
            // The estimate may have more genes than the network: its part over the network's genes is scored.
            ("keys(score(truth, estimate.subgraph(truth.names)))", json!(all)),
        ],
    );
    let part = "let part = truth.subgraph([\"a\", \"b\", \"d\"]); score(part, estimate)";
    check_errors(NETWORKS, &[(part, "E020", "fit.graph().subgraph(truth.names)")]);
}

#[test]
fn folders_of_beeline_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    // Genes in rows; every edge of a list from STRING stands in it twice.
    write("ExpressionData.csv", "\"\",\"E1\",\"E2\",\"E3\"\nSOX9,1,2,3\nGATA4,0,0.5,0\nAMH,7,8,9\nFGF9,0,0,1\n");
    write("refNetwork.csv", "Gene1,Gene2\nSOX9,AMH\nGATA4,AMH\nGATA4,GATA4\nSOX9,AMH\nGATA4,AMH\nGATA4,GATA4\n");
    // What a second network says does not count.
    write("GroundTruthNetwork.csv", "Gene1,Gene2,Type\nFGF9,SOX9,-\n");
    write("PseudoTime.csv", ",PseudoTime1,PseudoTime2\r\nE3,0.5,NA\r\nE1,NA,2\r\nE2,1,1\r\n");
    let setup = format!("let set = read_beeline(\"{}\"); ", folder.path().display());
    check(
        &setup,
        &[
            ("[set.x.rows, set.x.cols]", json!([3, 4])),
            ("set.x.names", json!(["SOX9", "GATA4", "AMH", "FGF9"])),
            ("set.x.row_names", json!(["E1", "E2", "E3"])),
            ("set.x[[1, \"GATA4\"]]", json!(0.5)),
            ("set.truth.names", json!(["SOX9", "GATA4", "AMH"])),
            (
                "set.truth.edges.map(|e| [e.source, e.target, e.weight])",
                json!([["SOX9", "AMH", 1.0], ["GATA4", "AMH", 1.0]]),
            ),
            ("set.truth.regulators", json!(["SOX9", "GATA4"])),
            ("set.pseudotime.row_names", json!(["E1", "E2", "E3"])),
            ("[set.pseudotime[\"PseudoTime1\"][2], set.pseudotime[\"PseudoTime2\"][1]]", json!([0.5, 1.0])),
        ],
    );
}
