//! Graphs against brute force on small random ones: set operations, shortest paths, clustering, communities; simulators
//! against expected numbers of edges; what scripts see of all that.

use std::collections::BTreeSet;

use rand::RngExt;
use sinew::data::Names;
use sinew::graph::{Centrality, Direction, Edge};
use sinew::script::{Session, SessionOptions};
use sinew::{Context, ErrorKind, Graph, Matrix};

#[test]
fn a_graph_of_a_matrix_has_its_entries_as_edges_and_hears_a_stop() {
    let rows = [vec![1.0, 0.5, -0.2, 0.0], vec![0.4, 1.0, 0.0, 0.0], vec![-0.7, 0.0, 1.0, 0.0], vec![0.0; 4]];
    let (m, ctx) = (Matrix::from_rows(&rows).expect("a matrix"), Context::new());
    let edges = vec![Edge::new(0, 1, 0.5), Edge::new(0, 2, -0.7)];
    assert_eq!(Graph::from_matrix(&m, 0.0, &ctx), Graph::new(4, None, false, edges));
    let error = Graph::from_matrix(&m, -1.0, &ctx).expect_err("no edge");
    assert!(error.message().contains("has weight 0"), "{error}");
    ctx.cancel_handle().cancel();
    assert_eq!(Graph::from_matrix(&m, 0.0, &ctx).expect_err("a stop").kind(), ErrorKind::Cancelled);
}

/// A graph of few nodes, called by letters, with edges of few different weights, so that paths are often equally long.
fn random(seed: u64, direction: Direction) -> Graph {
    let mut rng = sinew::rng::stream(seed, "test graphs", 0);
    let nodes = rng.random_range(1..7usize);
    let mut letters: Vec<String> = ["a", "b", "c", "d", "e", "f", "g", "h"].map(String::from).to_vec();
    let names = (0..nodes).map(|_| letters.swap_remove(rng.random_range(0..letters.len()))).collect();
    let mut edges = Vec::new();
    for low in 0..nodes {
        for high in low + 1..nodes {
            let weight = [1.0, -0.5, 2.0, 1.0 / 0.3][rng.random_range(0..4usize)];
            let directed = match direction {
                Direction::Undirected => false,
                Direction::Directed => true,
                Direction::Mixed => rng.random_range(0..2) == 1,
            };
            let kind = rng.random_range(0..4);
            if kind & 1 == 1 {
                edges.push(Edge { source: low, target: high, weight, directed });
            }
            if directed && kind & 2 == 2 {
                edges.push(Edge { source: high, target: low, weight: 1.0, directed });
            }
        }
    }
    let names = Some(Names::new(names, "nodes").expect("names"));
    match direction {
        Direction::Mixed => Graph::mixed(nodes, names, edges).expect("a graph"),
        _ => Graph::new(nodes, names, direction == Direction::Directed, edges).expect("a graph"),
    }
}

fn each(check: impl Fn(u64, Direction)) {
    for seed in 0..80 {
        for direction in [Direction::Undirected, Direction::Directed, Direction::Mixed] {
            check(seed, direction);
        }
    }
}

/// All ways from the end of a path that visit no node twice, with their lengths.
fn walk(steps: &[(usize, usize, f64)], path: &mut Vec<usize>, length: f64, found: &mut Vec<(Vec<usize>, f64)>) {
    found.push((path.clone(), length));
    for &(from, to, step) in steps {
        if path.last() == Some(&from) && !path.contains(&to) {
            path.push(to);
            walk(steps, path, length + step, found);
            path.pop();
        }
    }
}

/// All shortest paths between different nodes, by their ends, with their length.
fn shortest(g: &Graph, weighted: bool) -> Vec<(usize, usize, Vec<Vec<usize>>, f64)> {
    let mut steps = Vec::new();
    for edge in g.edges() {
        let length = if weighted { 1.0 / edge.weight.abs() } else { 1.0 };
        steps.push((edge.source, edge.target, length));
        if !edge.directed {
            steps.push((edge.target, edge.source, length));
        }
    }
    let mut all = Vec::new();
    for from in 0..g.n_nodes() {
        let mut found = Vec::new();
        walk(&steps, &mut vec![from], 0.0, &mut found);
        for to in (0..g.n_nodes()).filter(|&to| to != from) {
            let ways: Vec<&(Vec<usize>, f64)> = found.iter().filter(|(path, _)| path.last() == Some(&to)).collect();
            let length = ways.iter().map(|way| way.1).fold(f64::INFINITY, f64::min);
            let paths = ways.iter().filter(|way| way.1 < length + 1e-9).map(|way| way.0.clone()).collect();
            all.push((from, to, paths, length));
        }
    }
    all
}

fn near(found: &[f64], expected: &[f64]) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9)
}

#[test]
fn centrality_agrees_with_all_shortest_paths() {
    let ctx = Context::new().with_threads(2);
    each(|seed, direction| {
        let g = random(seed, direction);
        for weighted in [true, false] {
            let (mut between, mut distance) = (vec![0.0; g.n_nodes()], vec![0.0; g.n_nodes()]);
            for (from, to, paths, length) in shortest(&g, weighted) {
                let found = g.shortest_path(from, to, weighted, &ctx).expect("a search");
                assert_eq!(found.is_some(), length.is_finite(), "{g}");
                assert!(found.is_none_or(|path| paths.contains(&path)), "{g}");
                if length.is_finite() {
                    distance[to] += length;
                    let inner = paths.iter().flat_map(|path| &path[1..path.len() - 1]);
                    inner.for_each(|&node| between[node] += 1.0 / paths.len() as f64);
                }
            }
            // Unordered pairs have been met from both ends.
            if g.direction() == Direction::Undirected {
                between.iter_mut().for_each(|value| *value /= 2.0);
            }
            let closeness: Vec<f64> = distance.iter().map(|&sum| if sum > 0.0 { 1.0 / sum } else { 0.0 }).collect();
            let how = Centrality { weighted, normalized: false };
            assert!(near(&g.betweenness(how, &ctx).expect("numbers"), &between), "{g} {between:?}");
            assert!(near(&g.closeness(how, &ctx).expect("numbers"), &closeness), "{g} {closeness:?}");
        }
    });
}

#[test]
fn clustering_agrees_with_all_triples() {
    each(|seed, direction| {
        let g = random(seed, direction);
        let linked = |a: usize, b: usize| g.neighbors(a).contains(&b);
        let (mut open, mut closed) = (0.0, 0.0);
        for centre in 0..g.n_nodes() {
            let around = g.neighbors(centre);
            for (i, &a) in around.iter().enumerate() {
                for &b in &around[i + 1..] {
                    open += 1.0;
                    closed += f64::from(linked(a, b));
                }
            }
        }
        let expected = if open > 0.0 { closed / open } else { 0.0 };
        assert!((g.clustering(&Context::new()).expect("a number") - expected).abs() < 1e-12, "{g}");
    });
}

/// The edges of a graph by the names of their nodes, with their weights.
fn named(g: &Graph) -> BTreeSet<(String, String, bool)> {
    let labels = g.labels();
    let edge = |edge: &Edge| {
        let mut ends = [labels.get(edge.source).to_string(), labels.get(edge.target).to_string()];
        if !edge.directed {
            ends.sort();
        }
        let [source, target] = ends;
        (source, target, edge.directed)
    };
    g.edges().iter().map(edge).collect()
}

fn nodes(g: &Graph) -> Vec<String> {
    g.labels().as_slice().to_vec()
}

#[test]
fn set_operations_agree_with_sets() {
    each(|seed, direction| {
        if direction == Direction::Mixed {
            return; // two mixed graphs may contradict each other
        }
        let (a, b) = (random(seed, direction), random(seed + 1000, direction));
        let (in_a, in_b) = (named(&a), named(&b));
        let more = nodes(&b).into_iter().filter(|name| !nodes(&a).contains(name));
        let all: Vec<String> = nodes(&a).into_iter().chain(more).collect();
        for (combined, expected, over) in [
            (a.intersect(&b), &in_a & &in_b, &all),
            (a.union(&b), &in_a | &in_b, &all),
            (a.sym_diff(&b), &in_a ^ &in_b, &all),
            (a.diff(&b), &in_a - &in_b, &nodes(&a)),
        ] {
            let combined = combined.expect("a graph");
            assert_eq!((named(&combined), &nodes(&combined), combined.direction()), (expected, over, direction));
        }
        // The first graph's weights: nothing changes in an intersection with itself.
        assert_eq!(a.intersect(&a).expect("a graph"), a);
        assert_eq!(a.union(&a).expect("a graph"), a);
    });
}

fn eval(script: &str) -> serde_json::Value {
    let options = SessionOptions { seed: Some(1), ..SessionOptions::trusted() };
    let value = Session::new(options).eval(script).unwrap_or_else(|error| panic!("{script}\n{error}")).to_json();
    value.get("data").cloned().unwrap_or(value)
}

#[test]
fn kinds_have_their_numbers_of_edges() {
    let mean = |kind: &str| {
        let script = format!("let n = (0..60).map(|k| random_graph(\"{kind}\", #{{ seed: k }}).n_edges); n.mean()");
        eval(&script).as_f64().expect("a number")
    };
    // Five groups: 117 edges; five clusters of 20 with probability 0.3: 285.
    assert!((103.0..126.0).contains(&mean("sbm")), "{}", mean("sbm"));
    assert!((mean("cluster") - 285.0).abs() < 8.0, "{}", mean("cluster"));
    for (kind, edges) in [("scale_free", 99.0), ("tree", 99.0), ("ring", 100.0)] {
        assert_eq!(mean(kind), edges, "{kind}");
    }
    assert_eq!(eval("random_graph(\"scale_free\", #{ edges_per_node: 3 }).n_edges"), 1 + 2 + 97 * 3);
    assert_eq!(
        eval("random_graph(\"cluster\", #{ groups: [3, 2], within: 1 }).attribute(\"group\")").to_string(),
        "[0.0,0.0,0.0,1.0,1.0]"
    );
    assert_eq!(
        eval("random_graph(\"sbm\", #{ seed: 3 }).to_json() == random_graph(\"sbm\", #{ seed: 3 }).to_json()"),
        true
    );
}

#[test]
fn planted_groups_are_found_by_any_number_of_threads() {
    use sinew::simulate::random_graph::{Between, consecutive_groups, grouped};
    for seed in 0..5 {
        let ctx = Context::new().with_seed(seed);
        let groups = consecutive_groups(&[20, 25, 30], &ctx).expect("groups");
        let g = grouped(&groups, 0.5, Between::all(0.02), &ctx).expect("a graph");
        let found = |threads| g.communities(1.0, &ctx.clone().with_threads(threads)).expect("communities");
        let communities = found(1);
        assert_eq!(communities, found(2));
        assert_eq!(communities, found(7));
        let mut of_node = vec![0; 75];
        for (number, nodes) in communities.iter().enumerate() {
            nodes.iter().for_each(|&node| of_node[node] = number);
        }
        let planted: Vec<usize> = (0..75).map(|node| usize::from(node >= 20) + usize::from(node >= 45)).collect();
        let modularity = |groups: &[usize]| g.modularity(groups, 1.0).expect("a number");
        assert!(modularity(&of_node) >= modularity(&planted) - 1e-9, "seed {seed}: {communities:?}");
        assert_eq!(communities.concat().iter().collect::<BTreeSet<_>>().len(), 75);
    }
}

const MIXED: &str = "let edges = [#{ a: \"u\", b: \"v\", d: 1, w: 2.0 }, #{ a: \"v\", b: \"w\", d: 0, w: -3.0 }]; \
                     let g = graph_from_edges(table(edges), #{ directed: \"d\" });";

#[test]
fn scripts_see_mixed_graphs_and_attributes() {
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    for (script, expected) in [
        ("g.direction", "\"mixed\""),
        ("g.edges()[0]", "{\"source\": \"v\", \"target\": \"w\", \"weight\": -3.0, \"directed\": false}"),
        ("g.edge_table().names", "[\"source\", \"target\", \"weight\", \"sign\", \"directed\"]"),
        ("g.edge_table()[\"directed\"]", "[1.0, 0.0]"),
        ("[g.undirected().direction, g.orient([[\"w\", \"v\"]]).direction]", "[\"undirected\", \"directed\"]"),
        ("g.set_edge_attribute(\"cost\", [5, 4]).edges()[0].cost", "4.0"),
        ("g.set_attribute(\"k\", #{ v: 1 }).attribute(\"k\")", "[null, 1.0, null]"),
        ("g.set_attribute(\"k\", [\"x\", \"y\", \"\"]).attribute(\"k\")", "[\"x\", \"y\", \"\"]"),
        ("g.subgraph([\"w\", \"u\"]).to_map().nodes", "[\"w\", \"u\"]"),
        ("[g.shortest_path(\"u\", \"w\"), g.shortest_path(\"w\", \"u\")]", "[[\"u\", \"v\", \"w\"], null]"),
        ("[g.strength, g.in_degree, g.out_degree].map(|v| v[\"v\"])", "[5.0, 2.0, 1.0]"),
        ("g.betweenness(#{ normalized: false })", "[0.0, 1.0, 0.0]"),
        ("g.above(2.5).n_edges", "1"),
        ("g.diff(g.above(2.5)).edges()[0].target", "\"v\""),
        ("g.communities()", "[[\"u\", \"v\", \"w\"]]"),
        ("g.membership()", "[0.0, 0.0, 0.0]"),
        ("g.modularity([\"x\", \"y\", \"y\"]) == g.modularity([[\"u\"], [1, 2]])", "true"),
        ("graph_from_edges(g.edge_table(), #{ directed: \"directed\" }).to_json() == g.to_json()", "true"),
    ] {
        assert_eq!(eval(&format!("{MIXED} {script}")), json(expected), "{script}");
    }
    let agree = "let g = random_graph(\"cluster\", #{ nodes: 60, groups: 3, within: 0.8 }); \
                 [g.communities().len(), g.modularity(g.membership()) == g.modularity(g.communities())]";
    assert_eq!(eval(agree), json("[3, true]"));
}

#[test]
fn wrong_calls_are_explained() {
    for (script, kind, part) in [
        ("g.intersect(random_graph(\"ring\", #{ nodes: 4 }))", ErrorKind::Shape, "3 nodes and one of 4"),
        (
            "g.undirected().diff(g.orient([[\"w\", \"v\"]]))",
            ErrorKind::Argument,
            "one graph is undirected, the other directed",
        ),
        ("g.attribute(\"team\")", ErrorKind::Name, "no attribute 'team'"),
        ("g.set_attribute(\"k\", [1])", ErrorKind::Shape, "1 values of 'k' for 3 nodes"),
        ("g.set_attribute(\"k\", #{ z: 1 })", ErrorKind::Name, "no node is called 'z'"),
        ("g.set_edge_attribute(\"weight\", [1, 2])", ErrorKind::Argument, "every edge has that"),
        ("g.orient([[\"u\", \"w\"]])", ErrorKind::Argument, "no edge between 'u' and 'w'"),
        ("g.orient([[\"u\"]])", ErrorKind::Argument, "a list of pairs of nodes"),
        ("g.subgraph([\"u\", \"u\"])", ErrorKind::Argument, "'u' is listed twice"),
        ("g.above(-1)", ErrorKind::Argument, "a threshold >= 0"),
        ("g.modularity([[\"u\", \"v\"]])", ErrorKind::Argument, "'w' is in no group"),
        ("g.modularity([[\"u\", \"v\"], [\"v\", \"w\"]])", ErrorKind::Argument, "'v' is in two groups"),
        ("g.modularity([1, 2])", ErrorKind::Shape, "2 groups for 3 nodes"),
        ("g.communities(#{ resolution: 1e6 })", ErrorKind::Option, "between 0 and 1000"),
        ("g.closeness(#{ weighed: true })", ErrorKind::Option, "unknown option 'weighed'"),
        ("g.shortest_path(\"u\", \"x\")", ErrorKind::Name, "no node is called 'x'"),
        ("graph_from_edges(table([#{ a: 0, b: 1, d: 2 }]), #{ directed: \"d\" })", ErrorKind::Data, "row 0: 'd' is 2"),
        ("random_graph(\"tree\", #{ between: 0.1 })", ErrorKind::Option, "belongs to random_graph(\"sbm\")"),
    ] {
        let error = Session::trusted().eval(&format!("{MIXED} {script}")).map(|_| ()).expect_err(script);
        assert_eq!(error.error.kind(), kind, "{script}: {error}");
        assert!(error.error.message().contains(part), "{script}: {error}");
    }
}
