//! HSS-GGM: q-values and a full run against reference numbers, what it finds on simulated graphs, and bad input.

mod common;
#[path = "common/scripts.rs"]
mod scripts;

use common::{distance, has_reference, reference};
use scripts::{check, check_errors};
use serde_json::json;
use sinew::data::{CsvOptions, Table, read_csv};
use sinew::methods::hss_ggm::{Calibration, HssGgm};
use sinew::model::Fit;
use sinew::solver::spike_slab::{MarginalFdr, SpikeSlab};
use sinew::{Context, Matrix, Value};

fn matrix(fit: &Fit, name: &str) -> Matrix {
    fit.added(name).expect(name).object::<Matrix>().expect("a matrix").clone()
}

fn table(fit: &Fit) -> Table {
    fit.added("calibration").expect("a calibration").object::<Table>().expect("a table").clone()
}

/// The labels of the groups of a file with a number a row.
fn groups(path: &str) -> Vec<String> {
    reference(path).as_slice().iter().map(|group| group.to_string()).collect()
}

#[test]
fn q_values_are_those_of_the_reference() {
    if !has_reference("q_values_are_those_of_the_reference") {
        return;
    }
    let path = format!("{}/../shared/reference/hss/qvalue_unit.csv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("a file");
    let (law, links) = (SpikeSlab { rate: 21.46, sd: 0.3 }, [[0.3, 0.05], [0.05, 0.01]]);
    let fdr = MarginalFdr::new(law, &[0.25, 0.75], links.into_iter().flatten());
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let numbers: Vec<f64> = line.split(',').map(|cell| cell.parse().expect("a number")).collect();
        let link = links[numbers[2] as usize][numbers[3] as usize];
        let none = law.densities(numbers[4]).non_edge(link);
        assert!((none - numbers[5]).abs() < 1e-12, "{line}: {none}");
        assert!((fdr.at(none) - numbers[6]).abs() < 1e-12, "{line}: {}", fdr.at(none));
        rows += 1;
    }
    assert_eq!(rows, 28);
}

#[test]
fn known_groups_of_a_hub_graph_give_the_reference() {
    if !has_reference("known_groups_of_a_hub_graph_give_the_reference") {
        return;
    }
    let fit = HssGgm::new().groups(groups("graphs/hub_0_Z.csv")).spike(vec![1.0]).slab(vec![0.3]).tol(1e-6);
    let fit = fit.fit(&reference("graphs/hub_0_X.csv"), &Context::new().with_seed(1)).expect("a fit");
    assert!(fit.converged(), "{fit}");
    let file = |name: &str| reference(&format!("hss/hub_0_knownZ_c1_s0.3_{name}.csv"));
    let far = [("pseudo_precision", "K", 1e-5), ("edge_probability", "P", 1e-4)];
    for (name, their, tol) in far {
        let apart = distance(&matrix(&fit, name), &file(their));
        assert!(apart < tol, "{name}: {apart}");
    }
    // The hubs come first.
    let links = matrix(&fit, "connection_probability");
    assert!((links.view()[(0, 1)] - file("omega").view()[(0, 1)]).abs() < 1e-5, "{links}");
    let ctx = Context::new();
    let graph = fit.graph(0.0).expect("a graph");
    assert_eq!(graph.n_edges(), 80);
    assert_eq!(graph.adjacency(&ctx).expect("a matrix").as_slice(), file("A").as_slice());
    let q_values = matrix(&fit, "q_values");
    let path = format!("{}/../shared/reference/hss/hub_0_knownZ_c1_s0.3_lq.csv", env!("CARGO_MANIFEST_DIR"));
    let theirs = read_csv(&path, &CsvOptions::default(), &ctx).expect("a table").matrix().expect("numbers");
    for row in 0..theirs.rows() {
        let [i, j] = [0, 1].map(|part| theirs.view()[(row, part)] as usize);
        assert!((q_values.view()[(i, j)] - theirs.view()[(row, 3)]).abs() < 1e-4, "{i} {j}");
    }
}

#[test]
fn unknown_groups_of_a_hub_graph_are_found() {
    if !has_reference("unknown_groups_of_a_hub_graph_are_found") {
        return;
    }
    let x = reference("graphs/hub_0_X.csv");
    let truth = reference("graphs/hub_0_A.csv");
    let run = |threads| {
        let ctx = Context::new().with_seed(1).with_threads(threads);
        let method = HssGgm::new().calibration(Calibration::Plugin).blocks(vec![1, 2]).slab(vec![0.3]).starts(1);
        method.fit(&x, &ctx).expect("a fit")
    };
    let fit = run(2);
    assert_eq!(matrix(&fit, "block_probability").cols(), 2, "{}", table(&fit));
    let graph = fit.graph(0.0).expect("a graph");
    let right = graph.edges().iter().filter(|edge| truth.view()[(edge.source, edge.target)] != 0.0).count();
    // Another program finds 51 edges, 49 of them right, with two blocks, and 20 with one.
    assert!(right >= 40 && graph.n_edges() - right <= 6, "{right} of {} edges are right", graph.n_edges());
    // The plug-in of these data, as measured on others: 1.16 to 1.34.
    let spike = fit.added("spike").expect("a spike").as_number().expect("a number");
    assert!((1.1..1.4).contains(&spike), "{spike}");
    assert_eq!(distance(&matrix(&fit, "q_values"), &matrix(&run(1), "q_values")), 0.0);
}

#[test]
fn large_entries_refuse_a_narrow_slab_with_the_reason() {
    if !has_reference("large_entries_refuse_a_narrow_slab_with_the_reason") {
        return;
    }
    let x = reference("graphs/band_0_X.csv");
    let ctx = Context::new().with_seed(1);
    let fit = |slabs: Vec<f64>| HssGgm::new().blocks(vec![1]).spike(vec![0.5]).slab(slabs).fit(&x, &ctx);
    let error = fit(vec![0.1]).map(|_| ()).unwrap_err();
    assert!(error.message().contains("would call entries of the precision matrix above 0.21"), "{error}");
    let both = fit(vec![0.1, 0.6]).expect("a fit");
    let states = table(&both).column("state").expect("a column").clone();
    assert!(states.label(0).starts_with("refused") && states.label(1) == "chosen", "{}", table(&both));
}

#[test]
fn criteria_try_their_own_spikes() {
    let x = common::correlated(60, 8, 0.8, 3);
    let all = [(Calibration::Plugin, 3), (Calibration::UpToPlugin, 9), (Calibration::Bic, 12), (Calibration::Ebic, 21)];
    for (calibration, combinations) in all {
        let method = HssGgm::new().blocks(vec![1]).calibration(calibration);
        let fit = method.fit(&x, &Context::new().with_seed(1)).expect("a fit");
        assert_eq!(table(&fit).rows(), combinations, "{calibration:?}");
    }
}

#[test]
fn scripts_see_everything() {
    let setup = "let g = random_graph(\"band\", #{ nodes: 10 }); let x = sample_gaussian(g.precision(), 200, #{ seed: 2 }); \
                 let fit = x.hss_ggm(#{ blocks: 1, seed: 1 });";
    check(
        setup,
        &[
            ("fit.groups.len()", json!(10)),
            ("fit.q_values[[0, 0]]", json!(1.0)),
            ("fit.q_values[[0, 1]] <= 0.1", json!(true)),
            ("fit.edge_probability[[0, 1]] > 0.9", json!(true)),
            ("fit.block_probability.cols", json!(1)),
            ("score(g, fit.edge_probability).auroc > 0.95", json!(true)),
            ("fit.calibration.rows", json!(9)),
            ("x.cov().hss_ggm(#{ covariance: true, n: 200, blocks: 1, seed: 1 }).n_edges == fit.n_edges", json!(true)),
        ],
    );
    check_errors(
        setup,
        &[
            ("x.hss_ggm(#{ blocks: 11 })", "E010", "11 blocks for 10 columns"),
            ("x.hss_ggm(#{ groups: [1, 1, 2] })", "E010", "3 entries for 10 columns"),
            ("x.hss_ggm(#{ groups: [1, 1, 1, 1, 1, 1, 1, 1, 1, \"a\"] })", "E010", "group 'a' has one column alone"),
            ("x.hss_ggm(#{ groups: [1, 1, 1, 1, 1, 2, 2, 2, 2, 2], starts: 2 })", "E010", "groups are given"),
            ("x.hss_ggm(#{ fdr: 1.0 })", "E010", "fdr"),
            ("x.hss_ggm(#{ spike: [1.0, -1.0] })", "E010", "every spike of hss_ggm is a number of at least 0.000001"),
            ("x.hss_ggm(#{ spike: [] })", "E010", "option 'spike' of hss_ggm is an empty list"),
            ("x.hss_ggm(#{ spike: 1.0, calibration: \"plugin\" })", "E010", "spike is given"),
            ("x.hss_ggm(#{ spike: 1.0, calibration: \"up_to_plugin\" })", "E010", "calibration \"up_to_plugin\" finds"),
            ("x.hss_ggm(#{ slab: 1e-300 })", "E010", "every slab of hss_ggm is a number of at least"),
            (
                "x.hss_ggm(#{ spike: (1..=900).to_array(), slab: (1..=900).to_array(), starts: 900 })",
                "E010",
                "combinations",
            ),
            ("x.hss_ggm(#{ blocks: [1.5] })", "E010", "whole numbers >= 1"),
            ("x.head(3).hss_ggm()", "E030", "four samples"),
            ("x.cov().hss_ggm(#{ covariance: true })", "E011", "number of samples"),
        ],
    );
}

#[test]
fn builders_check_what_options_check() {
    let x = common::correlated(20, 4, 0.5, 1);
    let message = |method: HssGgm| method.fit(&x, &Context::new()).map(|_| ()).unwrap_err().message().to_string();
    assert!(message(HssGgm::new().fdr(0.0)).contains("fdr"));
    assert!(message(HssGgm::new().tol(f64::NAN)).contains("tol"));
    assert!(message(HssGgm::new().starts(0)).contains("at least 1"));
    assert!(message(HssGgm::new().slab(vec![0.3, f64::INFINITY])).contains("every slab"));
    let twice = Matrix::from_fn(20, 4, |i, j| if j == 3 { 5.0 - 2.0 * x.view()[(i, 1)] } else { x.view()[(i, j)] });
    let error = HssGgm::new().fit(&twice, &Context::new()).map(|_| ()).unwrap_err();
    assert!(error.message().contains("columns 1 and 3 are the same up to scale"), "{error}");
    let fit = HssGgm::new().blocks(vec![1]).fit(&x, &Context::new()).expect("a fit");
    let groups = Value::List(vec![Value::Int(0); 4]);
    assert_eq!(fit.added("groups").expect("groups").to_json(), groups.to_json());
}
