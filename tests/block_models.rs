//! Blocks of nodes behind graphs and statistics, and the methods that look for them: NSBM-GGM, SIMoNe; and BAGUS, which is
//! compared with them.

mod common;
#[path = "common/scripts.rs"]
mod scripts;

use common::{distance, has_reference, reference};
use scripts::{check, check_errors};
use serde_json::json;
use sinew::methods::bagus::Bagus;
use sinew::methods::nsbm_ggm::{NsbmGgm, Statistics};
use sinew::methods::simone::{Choice, Simone};
use sinew::model::Fit;
use sinew::solver::block_model::{NoisySettings, Spread, fit_statistics};
use sinew::{Context, Matrix};

type Pairs = Vec<(usize, usize)>;

fn pairs(fit: &Fit) -> Pairs {
    fit.graph(0.0).expect("a graph").edges().iter().map(|edge| (edge.source, edge.target)).collect()
}

/// The pairs that a matrix links.
fn pairs_of(matrix: &Matrix, linked: impl Fn(f64) -> bool) -> Pairs {
    let all = (0..matrix.rows()).flat_map(|i| (i + 1..matrix.rows()).map(move |j| (i, j)));
    all.filter(|&pair| linked(matrix.view()[pair])).collect()
}

fn file(name: &str) -> Pairs {
    pairs_of(&reference(&format!("graphs/{name}.csv")), |value| value != 0.0)
}

fn shared(a: &Pairs, b: &Pairs) -> usize {
    a.iter().filter(|pair| b.contains(pair)).count()
}

fn seeded(seed: u64) -> Context {
    Context::new().with_seed(seed)
}

#[test]
fn statistics_of_ren_have_the_edges_of_noisysbm() {
    if !has_reference("statistics_of_ren_have_the_edges_of_noisysbm") {
        return;
    }
    let settings = NoisySettings { blocks: vec![1, 2, 3, 4, 5], starts: 4, spread: Spread::One, max_sweeps: 20 };
    for (topology, sizes, edges) in [("hub", vec![97, 3], 80..88), ("band", vec![100], 93..98)] {
        let z = reference(&format!("graphs/{topology}_0_ren_z.csv"));
        let (truth, theirs) = (file(&format!("{topology}_0_A")), file(&format!("ref_{topology}_0_nsbm_ren")));
        for seed in [1, 2] {
            let model = fit_statistics(z.view(), &settings, &seeded(seed)).expect("a model");
            let q = Matrix::from(model.q_values.clone());
            let taken = pairs_of(&q, |q| q <= 0.1);
            let found: Vec<usize> =
                (0..sizes.len()).map(|block| model.labels.iter().filter(|&&label| label == block).count()).collect();
            assert_eq!(found, sizes, "{topology} {:?}", model.icl);
            assert!(edges.contains(&taken.len()), "{topology}: {}", taken.len());
            assert!(shared(&taken, &theirs) >= theirs.len() - 2, "{topology}: {}", shared(&taken, &theirs));
            assert!(shared(&taken, &truth) as f64 >= 0.85 * taken.len() as f64, "{topology}");
        }
    }
}

#[test]
fn nsbm_finds_hubs_from_data_with_every_statistic() {
    if !has_reference("nsbm_finds_hubs_from_data_with_every_statistic") {
        return;
    }
    let (x, truth) = (reference("graphs/hub_0_X.csv"), file("hub_0_A"));
    for statistics in [Statistics::Ren, Statistics::Liu, Statistics::LiuScaled] {
        let fit = NsbmGgm::new().statistics(statistics).fit(&x, &seeded(3)).expect("a fit");
        let (found, right) = (pairs(&fit), shared(&pairs(&fit), &truth));
        let few = if statistics == Statistics::Ren { 60 } else { 20 };
        assert!(
            right >= few && right as f64 >= 0.75 * found.len() as f64,
            "{statistics:?}: {right} of {}",
            found.len()
        );
        // Precision entries of the truth are positive: partial correlations are negative.
        let graph = fit.graph(0.0).expect("a graph");
        assert!(graph.edges().iter().filter(|edge| edge.weight < 0.0).count() as f64 > 0.7 * found.len() as f64);
        let strict = NsbmGgm::new().statistics(statistics).fdr(0.01).fit(&x, &seeded(3)).expect("a fit");
        assert!(shared(&pairs(&strict), &found) == pairs(&strict).len() && pairs(&strict).len() < found.len());
    }
}

#[test]
fn simone_chooses_the_networks_of_the_published_program() {
    if !has_reference("simone_chooses_the_networks_of_the_published_program") {
        return;
    }
    for topology in ["hub", "band"] {
        let x = reference(&format!("graphs/{topology}_0_X.csv"));
        let theirs = |name: &str| file(&format!("ref_{topology}_0_simone_{name}"));
        let fit = |simone: Simone| pairs(&simone.fit(&x, &seeded(1)).expect("a fit"));
        assert_eq!(fit(Simone::new().choice(Choice::Density(0.03))), theirs("3pc_noclust"), "{topology}");
        assert_eq!(fit(Simone::new().authors(true).choice(Choice::Bic)), theirs("bic_noclust"), "{topology}");
        assert_eq!(fit(Simone::new().authors(true).choice(Choice::Aic)), theirs("aic_noclust"), "{topology}");
        // The reference of groups is no output of the published program.
        let grouped = fit(Simone::new().blocks(vec![1, 2, 3, 4, 5]).choice(Choice::Density(0.03)));
        let theirs = theirs("3pc_clust");
        assert!(grouped.len() <= 148 && shared(&grouped, &theirs) as f64 >= 0.85 * theirs.len() as f64, "{topology}");
    }
}

#[test]
fn bagus_has_the_edges_of_another_implementation() {
    if !has_reference("bagus_has_the_edges_of_another_implementation") {
        return;
    }
    let (x, theirs) = (reference("graphs/band_0_X.csv"), file("ref_band_0_bagus"));
    let fit = Bagus::new().spike(vec![1.0]).slab(vec![10.0]).fit(&x, &Context::new()).expect("a fit");
    let found = pairs(&fit);
    assert!(shared(&found, &theirs) >= 165 && found.len() <= 185, "{} {}", shared(&found, &theirs), found.len());
    let units = x.map(|value| 1e3 * value);
    let again = Bagus::new().spike(vec![1.0]).slab(vec![10.0]).fit(&units, &Context::new()).expect("a fit");
    let part = |fit: &Fit| fit.added("edge_probability").expect("added").object::<Matrix>().expect("a matrix").clone();
    assert!(distance(&part(&fit), &part(&again)) < 1e-3);
}

const STARS: &str = "let g = random_graph(\"hub\", #{ nodes: 40, hubs: 2 });
    let x = sample_gaussian(g.precision(), 80, #{ seed: 4 });";

#[test]
fn scripts_reach_groups_scores_and_criteria() {
    check(
        STARS,
        &[
            ("g.block_model(#{ blocks: 2, seed: 1 }).shares.round(6).to_array()", json!([0.95, 0.05])),
            ("g.block_model(#{ blocks: 1..=3, seed: 1 }).criterion.rows", json!(3)),
            ("let m = g.block_model(#{ blocks: 2 }); g.modularity(m.groups) < 0.5", json!(true)),
            ("let f = x.nsbm_ggm(#{ blocks: 1..=2, seed: 1 }); [f.groups.len(), f.icl.rows]", json!([40, 2])),
            ("let f = x.nsbm_ggm(#{ seed: 1 }); let s = score(g, f.edge_probability); s.auroc > 0.8", json!(true)),
            ("x.simone(#{ edges: 10 }).graph().n_edges <= 10", json!(true)),
            ("let f = x.simone(#{ lambda: 0.3 }); [f.lambda, f.networks.rows, f.groups[0]]", json!([0.3, 1, 0])),
            ("let f = x.bagus(#{ spike: 1, slab: 10 }); [f.spike, f.slab, f.calibration.rows]", json!([1.0, 10.0, 1])),
        ],
    );
}

#[test]
fn wrong_options_say_what_to_do() {
    check_errors(
        STARS,
        &[
            ("x.nsbm_ggm(#{ fdr: 1 })", "E010", "fdr"),
            ("x.nsbm_ggm(#{ blocks: 41 })", "E010", "at most 40, not 41"),
            ("x.nsbm_ggm(#{ blocks: [] })", "E010", "empty list"),
            ("x.nsbm_ggm(#{ blocks: [2.5] })", "E010", "2.5"),
            ("x.nsbm_ggm(#{ starts: 5000 })", "E010", "at most 1000"),
            ("x.head(3).nsbm_ggm()", "E030", "3 samples"),
            ("hstack([x, x]).nsbm_ggm(#{ statistics: \"liu_sl\" })", "E030", "are the same up to scale"),
            ("x.simone(#{ lambda: \"bic\", edges: 3 })", "E010", "give one of"),
            ("x.simone(#{ starts: 3 })", "E010", "searches for groups"),
            ("x.simone(#{ blocks: 100 })", "E010", "the number of columns"),
            ("x.cov().simone(#{ covariance: true })", "E011", "number of samples"),
            ("x.bagus(#{ spike: [1, 3], slab: 2 })", "E010", "not wider"),
            ("x.bagus(#{ spike: [] })", "E010", "1 to 100"),
            ("g.block_model(#{ blocks: [1, 50] })", "E010", "there are 40 nodes"),
        ],
    );
}
