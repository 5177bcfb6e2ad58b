//! Graph files: what is written is read back, whatever the graph, and no file makes the readers panic.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use sinew::data::{Column, Names};
use sinew::graph::{Direction, Edge};
use sinew::{Context, ErrorKind, Graph};

/// Formats that keep everything, and those that keep edges by the names of their nodes.
const WHOLE: [&str; 4] = ["graphml", "gexf", "cyjs", "json"];
const EDGES: [&str; 2] = ["csv", "tsv"];
/// All that is read.
const ALL: [&str; 7] = ["graphml", "gexf", "cyjs", "json", "csv", "tsv", "dot"];

/// Everything that a graph says, attributes in the order of their names.
fn described(g: &Graph) -> String {
    describe(g, |_| true)
}

/// The same without attributes that have no value at all, which DOT has no place for.
fn valued(g: &Graph) -> String {
    describe(g, |column| match column {
        Column::Numbers(values) => values.iter().any(|value| !value.is_nan()),
        Column::Texts(values) => values.iter().any(|text| !text.is_empty()),
    })
}

fn describe(g: &Graph, keeps: impl Fn(&Column) -> bool) -> String {
    let sorted = |attributes: &[(String, Column)]| {
        let kept = attributes.iter().filter(|(_, column)| keeps(column));
        let map: BTreeMap<String, String> = kept.map(|(name, column)| (name.clone(), format!("{column:?}"))).collect();
        format!("{map:?}")
    };
    let (nodes, edges) = (sorted(g.node_attributes()), sorted(g.edge_attributes()));
    format!("{:?}\n{:?}\n{:?}\n{nodes}\n{edges}", g.direction(), g.labels().as_slice(), g.edges())
}

/// What a list of edges says of a graph: names of nodes and edges with their attributes, in no order.
fn listed(g: &Graph) -> (Direction, BTreeSet<String>, BTreeSet<String>) {
    let labels = g.labels();
    let edge = |(row, edge): (usize, &Edge)| {
        let mut ends = [labels.get(edge.source), labels.get(edge.target)];
        if !edge.directed {
            ends.sort_unstable();
        }
        let values: BTreeMap<&str, String> =
            g.edge_attributes().iter().map(|(name, column)| (name.as_str(), column.label(row))).collect();
        format!("{ends:?} {} {:?} {values:?}", edge.directed, edge.weight)
    };
    let edges = g.edges().iter().enumerate().map(edge).collect();
    (g.direction(), labels.iter().map(String::from).collect(), edges)
}

fn path(folder: &tempfile::TempDir, ending: &str) -> String {
    folder.path().join(format!("g.{ending}")).display().to_string()
}

fn check_round_trips(g: &Graph) {
    let (folder, ctx) = (tempfile::tempdir().expect("a folder"), Context::new());
    let back = |ending: &str| {
        let path = path(&folder, ending);
        g.save(&path, &ctx).unwrap_or_else(|error| panic!("{ending}: {error}"));
        Graph::load(&path, &ctx).unwrap_or_else(|error| panic!("{ending}: {error}"))
    };
    for ending in WHOLE {
        assert_eq!(described(&back(ending)), described(g), "{ending}");
    }
    for ending in EDGES {
        assert_eq!(listed(&back(ending)), listed(g), "{ending}");
    }
    assert_eq!(described(&Graph::from_json(&g.to_json()).expect("a graph")), described(g));
    assert_eq!(valued(&back("dot")), valued(g), "dot");
}

fn names(list: &[&str]) -> Option<Names> {
    Some(Names::new(list.iter().map(ToString::to_string).collect(), "nodes").expect("distinct names"))
}

fn texts(list: &[&str]) -> Column {
    Column::Texts(list.iter().map(ToString::to_string).collect::<Vec<_>>().into())
}

fn numbers(list: &[f64]) -> Column {
    Column::Numbers(list.to_vec().into())
}

/// Letters that formats stumble over.
const ODD: [&str; 4] = ["<a&b>\"'", " line\nbreak\r\ttab ", "\u{e9}\u{1f600}\u{85}\u{2028}\\n", "1e3"];

#[test]
fn graphs_of_every_kind_come_back() {
    let plain = [Edge::new(0, 2, -0.1), Edge::new(3, 1, 1e-300), Edge::new(1, 2, 1.0 / 3.0)].to_vec();
    let both_ways = [Edge::new(0, 1, 1.0), Edge::new(1, 0, -1e300), Edge::new(3, 2, 5e-324)].to_vec();
    let some = [Edge::new(0, 1, 1.0).directed(), Edge::new(1, 2, -2.0), Edge::new(2, 0, 0.5).directed()].to_vec();
    for g in [
        Graph::new(4, None, false, plain.clone()),
        Graph::new(4, names(&ODD), false, plain),
        Graph::new(4, names(&ODD), true, both_ways),
        Graph::mixed(4, names(&ODD), some),
        Graph::new(3, names(&["a", "b", "c"]), true, Vec::new()),
        Graph::new(0, None, false, Vec::new()),
    ] {
        check_round_trips(&g.expect("a graph"));
    }
}

#[test]
fn attributes_come_back() {
    let edges = [Edge::new(0, 2, -0.1), Edge::new(3, 1, 2.0), Edge::new(1, 2, 0.5)].to_vec();
    let g = Graph::new(4, names(&ODD), false, edges).expect("a graph");
    let g = g
        .with_edge_attribute("frequency", numbers(&[0.1, f64::NAN, 1e-9]))
        .and_then(|g| g.with_edge_attribute("kind <&>", texts(&["a,b", "", " \"x\"\n"])))
        .and_then(|g| g.with_edge_attribute("interaction", texts(&["pp", "pd", "directed"])))
        .and_then(|g| g.with_edge_attribute("Weight", numbers(&[1.0, 2.0, 3.0])))
        .expect("edge attributes");
    check_round_trips(&g);
    let g = g
        .with_node_attribute("degree", numbers(&[1.0, -2.5, f64::NAN, 0.0]))
        .and_then(|g| g.with_node_attribute("label", texts(&["same", "same", "", "\r\n<"])))
        .and_then(|g| g.with_node_attribute("all missing", numbers(&[f64::NAN; 4])))
        .expect("node attributes");
    check_round_trips(&g);
    // XML has room for what JSON has not: infinite numbers, and columns of texts without a text.
    let (folder, ctx) = (tempfile::tempdir().expect("a folder"), Context::new());
    let g = g
        .with_node_attribute("name", numbers(&[f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0]))
        .and_then(|g| g.with_node_attribute("empty", texts(&["", "", "", ""])))
        .expect("node attributes");
    for ending in ["graphml", "gexf"] {
        let path = path(&folder, ending);
        g.save(&path, &ctx).expect("a file");
        assert_eq!(described(&Graph::load(&path, &ctx).expect("a graph")), described(&g), "{ending}");
    }
    let error = g.save(&path(&folder, "cyjs"), &ctx).expect_err("Cytoscape needs the name");
    assert!(error.message().contains("called 'name'"), "{error}");
}

#[test]
fn letters_that_a_format_cannot_hold_are_refused_by_name() {
    let (folder, ctx) = (tempfile::tempdir().expect("a folder"), Context::new());
    let g = Graph::new(2, names(&["a", "b\u{1}"]), false, Vec::new()).expect("a graph");
    for ending in ["graphml", "gexf", "dot"] {
        let error = g.save(&path(&folder, ending), &ctx).expect_err("a control character");
        assert!(error.message().contains("node 1, \"b\\u{1}\", has the character U+0001"), "{error}");
    }
    let g = Graph::new(2, names(&["a", ""]), false, Vec::new()).expect("a graph");
    assert!(g.save(&path(&folder, "csv"), &ctx).expect_err("no name").message().contains("node 1 has an empty name"));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn errors_name_the_file() {
    let (folder, ctx) = (tempfile::tempdir().expect("a folder"), Context::new());
    for ending in ALL {
        let path = path(&folder, ending);
        let missing = Graph::load(&path, &ctx).expect_err("no file");
        assert_eq!(missing.kind(), ErrorKind::File);
        std::fs::write(&path, "nonsense\n").expect("a file");
        let error = Graph::load(&path, &ctx).expect_err("no graph");
        assert!(error.message().contains(&path) && error.kind() == ErrorKind::Data, "{error}");
    }
}

fn odd_text() -> impl Strategy<Value = String> {
    let letters = "abZ07.-+e \t\n\r<>&\"',;\\#{]=\u{e9}\u{1f600}\u{85}\u{2028}\u{feff}\u{fffd}";
    let letters: Vec<char> = letters.chars().collect();
    prop::collection::vec(select(letters), 1..6).prop_map(|letters| letters.into_iter().collect())
}

fn number() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |value| value.is_finite())
}

/// Whatever a graph can be: any names, weights, directions and attributes.
fn any_graph() -> impl Strategy<Value = Graph> {
    let edge = (any::<Index>(), any::<Index>(), number(), any::<bool>(), odd_text());
    let edges = prop::collection::vec(edge, 0..8);
    (prop::collection::btree_set(odd_text(), 1..7), edges, 0u8..3, number()).prop_map(|(names, edges, kind, value)| {
        let nodes = names.len();
        let mut taken = BTreeSet::new();
        let mut kept = Vec::new();
        let mut words = Vec::new();
        for (source, target, weight, directed, word) in edges {
            let (source, target) = (source.index(nodes), target.index(nodes));
            if source != target && weight != 0.0 && taken.insert((source.min(target), source.max(target))) {
                let edge = Edge::new(source, target, weight);
                kept.push(if kind == 2 && directed { edge.directed() } else { edge });
                words.push(format!("t{word}"));
            }
        }
        let names = Names::new(names.into_iter().collect(), "nodes").ok();
        let g = if kind == 2 { Graph::mixed(nodes, names, kept) } else { Graph::new(nodes, names, kind == 1, kept) };
        let g = g.expect("a graph");
        if words.is_empty() {
            return g;
        }
        let of_nodes = (0..nodes).map(|row| if row % 2 == 0 { value } else { f64::NAN }).collect::<Vec<_>>();
        g.with_edge_attribute("word", Column::Texts(words.into()))
            .and_then(|g| g.with_node_attribute("value", Column::Numbers(of_nodes.into())))
            .expect("attributes")
    })
}

/// Places in a file, what to put there, and whether that is taken from a list of letters that mean something.
fn any_changes() -> impl Strategy<Value = Vec<(Index, u8, bool)>> {
    prop::collection::vec((any::<Index>(), any::<u8>(), any::<bool>()), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_graph_comes_back(g in any_graph()) {
        check_round_trips(&g);
    }

    #[test]
    fn no_file_makes_a_reader_panic(g in any_graph(), changes in any_changes(), end in any::<Index>()) {
        let (folder, ctx) = (tempfile::tempdir().expect("a folder"), Context::new());
        for ending in ALL {
            let path = path(&folder, ending);
            g.save(&path, &ctx).expect("a file");
            let mut bytes = std::fs::read(&path).expect("the file");
            for (place, byte, is_markup) in &changes {
                let markup = b"<>&;\"'{}[],:/=\n\t";
                let place = place.index(bytes.len());
                bytes[place] = if *is_markup { markup[usize::from(*byte) % markup.len()] } else { *byte };
            }
            for cut in [bytes.len(), end.index(bytes.len())] {
                std::fs::write(&path, &bytes[..cut]).expect("a file");
                if let Err(error) = Graph::load(&path, &ctx) {
                    prop_assert!(error.kind() != ErrorKind::Internal && error.message().contains(&path), "{error}");
                }
            }
        }
    }
}
