//! SERGIO: expression against the published program, networks that cannot be simulated, differentiation.

mod common;

use common::{reference, shared};
use sinew::data::{Matrix, Vector};
use sinew::graph::{Edge, Graph};
use sinew::model::Simulation;
use sinew::simulate::sergio::{HalfResponse, Noise, PerGene, Sergio};
use sinew::{Context, Value, registry};

fn ctx(seed: u64) -> Context {
    Context::new().with_seed(seed)
}

fn matrix<'a>(sim: &'a Simulation, part: &str) -> &'a Matrix {
    sim.part(part).expect("a part").object::<Matrix>().expect("a matrix")
}

/// Mean and variance (over n) of every gene in every cell type, genes x types.
fn moments(counts: &Matrix, types: usize) -> (Matrix, Matrix) {
    let cells = counts.rows() / types;
    let of = |gene: usize, cell_type: usize| {
        let values = (0..cells).map(|cell| counts.view()[(cell_type * cells + cell, gene)]);
        let mean = values.clone().sum::<f64>() / cells as f64;
        (mean, values.map(|value| (value - mean).powi(2)).sum::<f64>() / cells as f64)
    };
    let pick = |f: &dyn Fn((f64, f64)) -> f64| Matrix::from_fn(counts.cols(), types, |gene, t| f(of(gene, t)));
    (pick(&|(mean, _)| mean), pick(&|(_, variance)| variance))
}

/// What `run` gives under seeds 0, 1, ...
fn replicates<T: Send>(count: u64, run: impl Fn(&Context) -> sinew::Result<T> + Sync) -> Vec<T> {
    let seeds: Vec<u64> = (0..count).collect();
    sinew::parallel::map(&seeds, &ctx(0), |_, &seed| run(&ctx(seed).with_threads(1))).expect("replicates")
}

/// The share of reference numbers within the 0.1% and 99.9% quantiles of the replicates' numbers.
fn share_within(replicates: &[Matrix], reference: &Matrix) -> f64 {
    let numbers = reference.as_slice();
    let is_within = |i: usize| {
        let mut own: Vec<f64> = replicates.iter().map(|replicate| replicate.as_slice()[i]).collect();
        own.sort_by(f64::total_cmp);
        let edge = own.len() / 1000; // 0 for fewer: the range
        (own[edge]..=own[own.len() - 1 - edge]).contains(&numbers[i])
    };
    (0..numbers.len()).filter(|&i| is_within(i)).count() as f64 / numbers.len() as f64
}

/// Half responses of the published run, by regulator.
fn half_response(meta: &str) -> Vec<(String, f64)> {
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(meta).expect("a file")).expect("JSON");
    let targets = json["half_response"].as_object().expect("a map").values();
    let pairs = targets.flat_map(|pairs| pairs.as_array().expect("a list"));
    pairs.map(|pair| (pair[0].to_string(), pair[1].as_f64().expect("a number"))).collect()
}

#[test]
fn steady_states_have_the_moments_of_the_published_program() {
    const NAME: &str = "steady_states_have_the_moments_of_the_published_program";
    let Some(folder) = shared("reference/unrolled/sergio/net100", NAME) else { return };
    let file = |name: &str| format!("{folder}/{name}");
    let grn = Graph::read_sergio(&file("Interaction.txt"), &file("Regs.txt"), 0.0, &ctx(0)).expect("a network");
    for (word, noise) in [("dpd", Noise::DualProductionDecay), ("sp", Noise::SingleProduction)] {
        let given = half_response(&file(&format!("meta_{word}.json")));
        let sergio = Sergio { noise, half_response: HalfResponse::Named(given), ..Sergio::new() };
        // The range of so many replicates holds 99.6% of further ones; one run shares its cells among all numbers, so
        // that their shares differ by about half a percent.
        let runs = replicates(500, |ctx| Ok(moments(matrix(&sergio.simulate(&grn, ctx)?, "counts"), 5)));
        let (means, variances): (Vec<Matrix>, Vec<Matrix>) = runs.into_iter().unzip();
        for (kind, replicates) in [("mean", means), ("var", variances)] {
            let published = reference(&format!("unrolled/sergio/net100/{kind}_{word}.csv"));
            let share = share_within(&replicates, &published);
            println!("{word} {kind}: {share}");
            assert!(share >= 0.985, "{word} {kind}: {share}");
        }
    }
}

#[test]
fn the_published_data_sets_are_simulated_with_their_moments() {
    const NAME: &str = "the_published_data_sets_are_simulated_with_their_moments";
    let Some(folder) = shared("data/sergio", NAME) else { return };
    let sets = [
        ("De-noised_100G_9T_300cPerT_4_DS1", 4, "DS1"),
        ("De-noised_400G_9T_300cPerT_5_DS2", 5, "DS2"),
        ("De-noised_1200G_9T_300cPerT_6_DS3", 6, "DS3"),
    ];
    for (set, id, name) in sets {
        let file = |kind: &str| format!("{folder}/{set}/{kind}_cID_{id}.txt");
        let grn = Graph::read_sergio(&file("Interaction"), &file("Regs"), 0.0, &ctx(0)).expect("a network");
        let sergio =
            Sergio { cells: 300, noise_amplitude: PerGene::Same(1.0), decay: PerGene::Same(0.8), ..Sergio::new() };
        let count = if name == "DS3" { 1 } else { 20 };
        let own = replicates(count, |ctx| {
            let sim = sergio.simulate(&grn, ctx)?;
            let counts = matrix(&sim, "counts");
            assert_eq!((counts.rows(), counts.cols()), (2700, grn.n_nodes()));
            let (means, variances) = moments(counts, 9);
            let over_types = |m: &Matrix, gene: usize| m.view().row(gene).mean().expect("types");
            Ok(Matrix::from_fn(grn.n_nodes(), 2, |gene, kind| {
                over_types(if kind == 0 { &means } else { &variances }, gene)
            }))
        });
        if name == "DS3" {
            continue;
        }
        let file = shared(&format!("reference/unrolled/sergio/{name}_meanvar_per_gene.csv"), NAME);
        let text = std::fs::read_to_string(file.expect("the reference beside the data")).expect("a file");
        let rows = text.lines().skip(1).map(|line| line.split(',').map(|x| x.parse().expect("a number")).collect());
        let published = Matrix::from_rows(&rows.collect::<Vec<Vec<f64>>>()).expect("a matrix");
        assert_eq!(published.rows(), grn.n_nodes());
        // In units of the spread between runs of ours; one published run has the same spread.
        let mut far = 0;
        for i in 0..2 * grn.n_nodes() {
            let values: Vec<f64> = own.iter().map(|m| m.as_slice()[i]).collect();
            let mean = values.iter().sum::<f64>() / count as f64;
            let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1) as f64;
            let z = (published.as_slice()[i] - mean) / variance.sqrt();
            far += usize::from(z.abs() > 4.0);
        }
        println!("{name}: {far} of {}", 2 * grn.n_nodes());
        assert!(far as f64 <= 0.01 * (2 * grn.n_nodes()) as f64, "{name}: {far}");
    }
}

/// 0 activates 1 and represses 2, 1 activates 2.
fn triangle() -> Graph {
    let edges = vec![Edge::new(0, 1, 3.0), Edge::new(0, 2, -2.0), Edge::new(1, 2, 4.0)];
    Graph::new(3, None, true, edges).expect("a graph")
}

#[test]
fn answers_do_not_depend_on_threads() {
    let grn = sinew::simulate::random_grn::RandomGrn::default().simulate(&ctx(3)).expect("a network");
    let chain = Matrix::from_fn(3, 3, |i, j| if j == i + 1 { 0.3 } else { 0.0 });
    let steady = Sergio { cells: 30, ..Sergio::new() };
    let moving = Sergio { cell_types: Some(3), bifurcation: Some(chain), ..steady.clone() };
    for sergio in [steady, moving] {
        let run = |threads| sergio.simulate(&grn, &ctx(7).with_threads(threads)).expect("a simulation").to_json();
        assert_eq!(run(1), run(3));
    }
}

#[test]
fn without_noise_expression_stays_at_the_fixed_point() {
    let rates = Matrix::from_fn(1, 2, |_, t| [0.5, 2.0][t]);
    let sergio = Sergio {
        cells: 4,
        noise_amplitude: PerGene::Same(0.0),
        decay: PerGene::Each(vec![1.0, 0.5, 2.0]),
        rates: Some(sinew::simulate::sergio::Rates::Given(rates)),
        ..Sergio::new()
    };
    let sim = sergio.simulate(&triangle(), &ctx(1)).expect("a simulation");
    let counts = matrix(&sim, "counts");
    // H_0 = 1.25; h = x^2 / (H^2 + x^2).
    let hill = |x: f64, h: f64| x * x / (h * h + x * x);
    let x0 = [0.5, 2.0];
    let x1 = x0.map(|x| 3.0 * hill(x, 1.25) / 0.5);
    let h1 = 0.5 * (x1[0] + x1[1]);
    for t in 0..2 {
        let x2 = (2.0 * (1.0 - hill(x0[t], 1.25)) + 4.0 * hill(x1[t], h1)) / 2.0;
        for (gene, expected) in [x0[t], x1[t], x2].into_iter().enumerate() {
            for cell in 0..4 {
                assert!((counts.view()[(4 * t + cell, gene)] - expected).abs() < 1e-10, "{t} {gene}");
            }
        }
    }
    let half = sim.part("half_response").expect("a part").object::<Vector>().expect("a vector");
    assert!((half.as_slice()[0] - 1.25).abs() < 1e-12 && half.as_slice()[2].is_nan());
}

#[test]
fn networks_that_cannot_be_simulated_are_errors_that_name_genes() {
    let cyclic = Graph::new(3, None, true, vec![Edge::new(0, 1, 1.0), Edge::new(1, 2, 1.0), Edge::new(2, 0, 1.0)]);
    let error = Sergio::new().simulate(&cyclic.expect("a graph"), &ctx(1)).unwrap_err();
    assert!(error.message().contains("x0 -> x1 -> x2 -> x0"), "{error}");
    let undirected = Graph::new(2, None, false, vec![Edge::new(0, 1, 1.0)]).expect("a graph");
    assert!(Sergio::new().simulate(&undirected, &ctx(1)).unwrap_err().message().contains("directed"));
    let long = Sergio { decay: PerGene::Same(200.0), ..Sergio::new() };
    assert!(long.simulate(&triangle(), &ctx(1)).unwrap_err().message().contains("too long"));
    let wrong = Sergio { decay: PerGene::Each(vec![1.0]), ..Sergio::new() };
    assert!(wrong.simulate(&triangle(), &ctx(1)).unwrap_err().message().contains("1 numbers for 3 genes"));
}

#[test]
fn cells_differentiate_from_their_parent_to_their_own_steady_state() {
    let rates = Matrix::from_fn(1, 2, |_, t| [4.0, 1.0][t]);
    let bifurcation = Matrix::from_fn(2, 2, |i, j| if (i, j) == (0, 1) { 0.2 } else { 0.0 });
    let sergio = Sergio {
        cells: 300,
        noise_amplitude: PerGene::Same(0.3),
        rates: Some(sinew::simulate::sergio::Rates::Given(rates)),
        bifurcation: Some(bifurcation),
        ..Sergio::new()
    };
    let sim = sergio.simulate(&triangle(), &ctx(5)).expect("a simulation");
    let (u, s) = (matrix(&sim, "unspliced"), matrix(&sim, "spliced"));
    let mean = |m: &Matrix, from: usize, to: usize| {
        (from..to).map(|cell| m.view()[(cell, 0)]).sum::<f64>() / (to - from) as f64
    };
    // The root stays at its steady state: 4, spliced four times that.
    assert!((mean(u, 0, 300) - 4.0).abs() < 0.3 && (mean(s, 0, 300) - 16.0).abs() < 1.0);
    // The child moves from 4 to 1, and most of its states are at the end.
    let child = mean(u, 300, 600);
    assert!((1.0..2.0).contains(&child), "{child}");
    let highest = (300..600).map(|cell| u.view()[(cell, 0)]).fold(0.0, f64::max);
    assert!(highest > 2.5, "{highest}");
    let total = matrix(&sim, "counts");
    assert_eq!(total.view()[(7, 2)], u.view()[(7, 2)] + s.view()[(7, 2)]);
}

#[test]
fn dropout_takes_the_share_that_its_law_says() {
    let record = |verb: &str| registry::records().find(|record| record.verb == verb).expect("a record");
    let grn = record("random_grn").call(&[], &[], &ctx(1)).expect("a network");
    let sim = record("sergio").call(&[grn], &[("cells".into(), 100i64.into())], &ctx(2)).expect("a simulation");
    let clean = matrix(sim.object::<Simulation>().expect("a simulation"), "counts").clone();
    for (shape, percentile) in [(6.5, 82.0), (20.0, 25.0), (20.0, 75.0)] {
        let map = Value::Map(vec![("shape".into(), shape.into()), ("percentile".into(), percentile.into())]);
        let noisy = record("technical_noise").call(&[clean.clone().into()], &[("dropout".into(), map)], &ctx(3));
        let noisy = noisy.expect("counts").object::<Matrix>().expect("a matrix").clone();
        let mut logs: Vec<f64> = clean.as_slice().iter().map(|x| x.ln_1p()).collect();
        logs.sort_by(f64::total_cmp);
        let place = percentile / 100.0 * (logs.len() - 1) as f64;
        let (low, high) = (logs[place as usize], logs[(place as usize + 1).min(logs.len() - 1)]);
        let middle = low + place.fract() * (high - low);
        let lost = logs.iter().map(|y| 1.0 - 1.0 / (1.0 + (-shape * (y - middle)).exp()));
        let (mean, variance) = lost.fold((0.0, 0.0), |(mean, variance), p| (mean + p, variance + p * (1.0 - p)));
        let zeros = noisy.as_slice().iter().filter(|&&x| x == 0.0).count() as f64;
        assert!((zeros - mean).abs() < 4.0 * variance.sqrt(), "{zeros} {mean}");
        let kept = noisy.as_slice().iter().zip(clean.as_slice()).filter(|(a, b)| **a != 0.0 && a != b).count();
        assert_eq!(kept, 0);
    }
}
