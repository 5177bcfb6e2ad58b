//! Regulatory networks in files: SERGIO's two files and the DOT files of GeneNetWeaver.

mod common;

use std::collections::BTreeSet;

use sinew::graph::{Direction, HILL};
use sinew::script::Session;
use sinew::{Context, Graph};

/// The files of SERGIO's data sets: folder, number of the files, genes, edges, master regulators, cell types.
const DATA_SETS: [(&str, u8, usize, usize, usize, usize); 4] = [
    ("De-noised_100G_9T_300cPerT_4_DS1", 4, 100, 258, 7, 9),
    ("De-noised_400G_9T_300cPerT_5_DS2", 5, 400, 1155, 20, 9),
    ("De-noised_1200G_9T_300cPerT_6_DS3", 6, 1200, 2713, 67, 9),
    ("De-noised_100G_6T_300cPerT_dynamics_7_DS6", 7, 100, 137, 6, 6),
];

/// The edges by the numbers of their genes, from a file of lines `regulator,target`.
fn edges_of(path: &str) -> BTreeSet<(String, String)> {
    let text = std::fs::read_to_string(path).expect("a list of edges");
    let pair = |line: &str| line.split_once(',').map(|(from, to)| (from.trim().to_string(), to.trim().to_string()));
    text.lines().filter_map(pair).collect()
}

fn named_edges(g: &Graph) -> BTreeSet<(String, String)> {
    let labels = g.labels();
    g.edges().iter().map(|e| (labels.get(e.source).to_string(), labels.get(e.target).to_string())).collect()
}

/// Writes SERGIO's files and reads them again.
fn written_and_read(g: &Graph) -> Graph {
    let (folder, ctx) = (tempfile::tempdir().expect("a folder"), Context::new());
    let [targets, regulators] =
        ["targets.txt.gz", "regulators.txt"].map(|name| folder.path().join(name).display().to_string());
    g.write_sergio(&targets, &regulators, &ctx).expect("files");
    Graph::read_sergio(&targets, &regulators, 0.0, &ctx).expect("a network")
}

/// Everything but NaN, which is no equal of itself.
fn assert_same(a: &Graph, b: &Graph) {
    assert_eq!((a.labels(), a.edges(), a.edge_attributes()), (b.labels(), b.edges(), b.edge_attributes()));
    let rates = |g: &Graph| format!("{:?}", g.rates().expect("rates"));
    assert_eq!((rates(a), a.regulators().expect("regulators")), (rates(b), b.regulators().expect("regulators")));
}

#[test]
fn the_data_sets_of_sergio() {
    let Some(folder) = common::shared("data/sergio", "the_data_sets_of_sergio") else { return };
    let ctx = Context::new();
    for (name, number, genes, edges, masters, types) in DATA_SETS {
        let path = |file: String| format!("{folder}/{name}/{file}");
        let (targets, regulators) =
            (path(format!("Interaction_cID_{number}.txt")), path(format!("Regs_cID_{number}.txt")));
        let g = Graph::read_sergio(&targets, &regulators, 0.0, &ctx).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((g.n_nodes(), g.n_edges(), g.master_regulators().len()), (genes, edges, masters), "{name}");
        assert_eq!(g.rates().expect("rates").expect("rates").dim(), (genes, types), "{name}");
        assert_eq!((g.direction(), g.find_cycle()), (Direction::Directed, None), "{name}");
        assert!(g.hill().expect("Hill coefficients").iter().all(|&hill| hill == 2.0), "{name}");
        assert_eq!(named_edges(&g), edges_of(&path("gt_GRN.csv".into())), "{name}");
        assert_same(&written_and_read(&g), &g);
        let shared = Graph::read_sergio(&targets, &regulators, 1.5, &ctx).expect("a network");
        assert!(shared.hill().expect("Hill coefficients").iter().all(|&hill| hill == 1.5), "{name}");
    }
}

#[test]
fn the_network_of_the_reference_runs() {
    let Some(folder) = common::shared("reference/unrolled/sergio/net100", "the_network_of_the_reference_runs") else {
        return;
    };
    let path = |file: &str| format!("{folder}/{file}");
    let g = Graph::read_sergio(&path("Interaction.txt"), &path("Regs.txt"), 0.0, &Context::new()).expect("a network");
    assert_eq!((g.n_nodes(), named_edges(&g)), (100, edges_of(&path("gt_GRN.csv"))));
    assert_same(&written_and_read(&g), &g);
}

#[test]
fn the_networks_of_genenetweaver() {
    let Some(folder) = common::shared("data/sergio/GNW_sampled_GRNs", "the_networks_of_genenetweaver") else { return };
    let (ctx, mut files) = (Context::new(), 0);
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path().display().to_string();
        let text = std::fs::read_to_string(&path).expect("a file");
        let ends = |line: &str| {
            let (source, rest) = line.split_once("->")?;
            Some((source.trim().to_string(), rest.split('[').next()?.trim().to_string()))
        };
        let lines: Vec<(String, String)> = text.lines().filter_map(ends).collect();
        let loops = lines.iter().filter(|(source, target)| source == target).count();
        if loops > 0 {
            let error = Graph::load(&path, &ctx).expect_err("loops");
            assert!(error.message().contains("to itself") && error.message().contains("line "), "{error}");
        }
        let g = Graph::load_without_loops(&path, &ctx).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(g.n_edges(), lines.len() - loops, "{path}");
        assert!(path.contains(&format!("_{}_", g.n_nodes())), "{path}: {} nodes", g.n_nodes());
        let negative = g.edges().iter().filter(|edge| edge.weight == -1.0).count();
        assert!(negative > 0 && g.edges().iter().all(|edge| edge.weight.abs() == 1.0), "{path}");
        files += 1;
    }
    assert_eq!(files, 4);
}

#[test]
fn scripts_read_and_write_networks() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let script = format!(
        r#"
        let edges = table(#{{ from: ["0", "1", "0"], to: ["2", "2", "1"], weight: [0.1, -2.5, 3.0] }});
        let g = graph_from_edges(edges, #{{ directed: true, nodes: ["0", "1", "2"] }})
            .set_edge_attribute("hill", [2, 1.5, 3]).set_attribute("rate_0", #{{ "0": 0.3 }});
        g.write_sergio("{targets}", "{regulators}");
        let back = read_sergio("{targets}", "{regulators}");
        assert(back.regulators.len() == 2 && back.master_regulators.len() == 1 && back.master_regulators[0] == "0");
        assert(back.edge_table().to_string() == g.edge_table().to_string());
        back.save("{dot}");
        assert(load("{dot}").attribute("rate_0")[0] == 0.3);
        load("{dot}", #{{ drop_loops: true }}).n_edges
        "#,
        targets = path("t.txt"),
        regulators = path("r.txt"),
        dot = path("g.dot"),
    );
    let count = Session::new(sinew::script::SessionOptions::trusted()).eval_as::<i64>(&script);
    assert_eq!(count.unwrap_or_else(|error| panic!("{error}")), 3);
    let g = Graph::load(&path("g.dot"), &Context::new()).expect("a network");
    assert_eq!(g.edge_attributes()[0].0, HILL);
}
