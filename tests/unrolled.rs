//! Unrolled models against the published programs and against finite differences.

mod common;

use ndarray::Array2;
use sinew::Context;
use sinew::nn::host::{likelihood, newton_schulz, proximal, start, threshold};
use sinew::nn::{
    Adam, Cell, Device, Diagonal, Direction, Evaluator, Layout, Objective, Precision, Problem, Repair, Root, Start,
    Supervised,
};

fn fixture(path: &str) -> serde_json::Value {
    let path = format!("{}/../shared/reference/unrolled/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("a fixture")).expect("JSON")
}

/// All numbers of a nested list, in order.
fn flat(value: &serde_json::Value) -> Vec<f64> {
    match value {
        serde_json::Value::Array(items) => items.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().expect("a number")],
    }
}

fn matrix(value: &serde_json::Value) -> Array2<f64> {
    let rows = value.as_array().expect("rows").len();
    let all = flat(value);
    Array2::from_shape_vec((rows, all.len() / rows), all).expect("a matrix")
}

fn matrices(value: &serde_json::Value) -> Vec<Array2<f64>> {
    value.as_array().expect("matrices").iter().map(matrix).collect()
}

/// The published names of the parts, in our order.
const NAMES: [&str; 11] = [
    "theta_init_offset",
    "rho_l1.0.weight",
    "rho_l1.0.bias",
    "rho_l1.2.weight",
    "rho_l1.2.bias",
    "rho_l1.4.weight",
    "rho_l1.4.bias",
    "lambda_f.0.weight",
    "lambda_f.0.bias",
    "lambda_f.2.weight",
    "lambda_f.2.bias",
];

fn parameters(value: &serde_json::Value) -> Vec<f64> {
    NAMES.iter().flat_map(|name| flat(&value[*name])).collect()
}

fn published(start: Start) -> Cell {
    Cell {
        layout: Layout::new(3).unwrap(),
        steps: 15,
        start,
        root: Root::NewtonSchulz,
        diagonal: Diagonal::Thresholded,
        through_lambda: false,
        lambda_start: 1.0,
    }
}

fn worst<'a>(a: impl IntoIterator<Item = &'a f64>, b: impl IntoIterator<Item = &'a f64>) -> f64 {
    a.into_iter().zip(b).fold(0.0, |most, (a, b)| f64::max(most, (a - b).abs() / b.abs().max(1.0)))
}

/// Follows a published run epoch by epoch. `tasks_added`: whether its loss was the sum over tasks instead of the mean.
fn follow(path: &str, problem: Problem, start: Start, tasks_added: bool, theta: f64) {
    let run = fixture(path);
    let ctx = Context::new();
    let evaluator = Evaluator::new(&published(start), &problem, Device::Cpu, Precision::Double, &ctx).unwrap();
    let scale = if tasks_added { problem.s.len() as f64 } else { 1.0 };
    let mut own = parameters(&run["init"]);
    let mut adam = Adam::new(own.len(), run["lr"].as_f64().unwrap());
    let losses = flat(&run["loss"]);
    for (epoch, loss) in losses.iter().enumerate() {
        let pass = evaluator.pass(&own, Direction::Both, &ctx).unwrap();
        assert!((scale * pass.loss - loss).abs() < 1e-10 * loss.abs().max(1.0), "{path} loss {epoch}: {}", pass.loss);
        let gradient: Vec<f64> = pass.gradient.iter().map(|g| scale * g).collect();
        if let Some(expected) = run.get(format!("grad_{epoch}")) {
            let off = worst(&gradient, &parameters(expected));
            assert!(off < 1e-10, "{path} gradient {epoch}: {off:e}");
        }
        let kept = run.get("theta_epochs").and_then(|all| all.get(epoch.to_string()));
        if let Some(expected) = kept {
            for (z, expected) in pass.z.iter().zip(matrices(expected)) {
                assert!(worst(z, &expected) < theta, "{path} Z {epoch}: {:e}", worst(z, &expected));
            }
        }
        if let Some(expected) = run.get(format!("theta_{epoch}")) {
            assert!(worst(&pass.z[0], &matrix(expected)) < theta, "{path} Z {epoch}");
        }
        adam.step(&mut own, &gradient);
        if epoch == 0 && run.get("params_after_1").is_some() {
            assert!(worst(&own, &parameters(&run["params_after_1"])) < 1e-10, "{path}");
        }
    }
    assert!(worst(&own, &parameters(&run["final"])) < theta.max(1e-9), "{path} at the end");
}

#[test]
fn uglad_is_the_published_one() {
    if !common::has_reference("uglad_is_the_published_one") {
        return;
    }
    for (name, start, added, theta) in [
        ("direct_D6", Start::Whole, false, 1e-10),
        ("direct_D6_initdiag", Start::Diagonal, false, 1e-10),
        ("multitask_D6_K3", Start::Whole, false, 1e-10),
        ("missing_D6_K3", Start::Whole, true, 1e-7),
    ] {
        let path = format!("uglad_parity/{name}.json");
        let run = fixture(&path);
        let s = run.get("loss_S").filter(|s| !s.is_null()).map(matrices);
        let objective = Some(Objective::Likelihood { s, repair: Repair::Never });
        follow(&path, Problem { s: matrices(&run["S"]), mask: None, objective }, start, added, theta);
    }
}

#[test]
fn glad_and_glad_tf_are_the_published_ones() {
    if !common::has_reference("glad_and_glad_tf_are_the_published_ones") {
        return;
    }
    for name in ["glad_gauss_mse_D10", "glad_tf_msefb_D12"] {
        let path = format!("glad/{name}.json");
        let run = fixture(&path);
        let regulators = run["n_TF_first"].as_u64().unwrap() as usize;
        let truth = matrix(&run["theta_true"]);
        let p = truth.nrows();
        let may = |i: usize, j: usize| i == j || i.min(j) < regulators;
        let mask = (regulators > 0).then(|| Array2::from_shape_fn((p, p), |(i, j)| f64::from(u8::from(may(i, j)))));
        let loss = match run["loss_kind"].as_str().unwrap() {
            "mse" => Supervised::Mse,
            _ => Supervised::Balanced { beta: run["beta"].as_f64().unwrap() },
        };
        let objective = Some(Objective::Supervised { loss, truth: vec![truth] });
        follow(&path, Problem { s: vec![matrix(&run["S"])], mask, objective }, Start::Whole, false, 1e-10);
    }
}

#[test]
fn the_consensus_is_the_published_one() {
    if !common::has_reference("the_consensus_is_the_published_one") {
        return;
    }
    let case = fixture("uglad_parity/consensus.json");
    let all = matrices(&case["in"]);
    let agreed = sinew::methods::uglad::consensus_of(&all.iter().collect::<Vec<_>>());
    assert!(worst(&agreed, &matrices(&case["out_min"])[0]) < 1e-14);
}

#[test]
fn losses_of_edges_are_the_published_ones() {
    if !common::has_reference("losses_of_edges_are_the_published_ones") {
        return;
    }
    // The fixture is rectangular: its rows are regulators, whose entries with themselves count for nothing.
    let case = fixture("glad/fbeta_TxD.json");
    let (out, target) = (matrix(&case["out"]), matrix(&case["target"]));
    let entries = out.len() as f64;
    for case in case["cases"].as_array().unwrap() {
        let beta = case["beta"].as_f64().unwrap();
        let loss = |out: &Array2<f64>| {
            let (mut hit, mut all, mut edges) = (0.0, 0.0, 0.0);
            for ((i, j), value) in out.indexed_iter().filter(|((i, j), _)| i != j) {
                let p = value.abs().tanh();
                hit += p * target[(i, j)];
                all += p;
                edges += target[(i, j)];
            }
            let hits = (1.0 + beta * beta) * hit;
            1.0 - hits / (hits + beta * beta * (edges - hit) + (all - hit))
        };
        assert!((loss(&out) - case["fbeta_loss"].as_f64().unwrap()).abs() < 1e-12);
        let mse = |out: &Array2<f64>| (out - &target).mapv(|d| d * d).sum() / entries;
        let ratio = loss(&out) / mse(&out);
        let gradient = matrix(&case["grad"]);
        for (place, expected) in gradient.indexed_iter() {
            let moved = |h: f64| {
                let mut moved = out.clone();
                moved[place] += h;
                ratio * mse(&moved) + loss(&moved)
            };
            agree("edge loss", *expected, slope(moved, 1e-4), 1e-7);
        }
        // The same on a square of it, through the engine's own operations.
        let ctx = Context::new();
        let p = out.nrows();
        let square = |m: &Array2<f64>| Array2::from_shape_fn((p, p), |(i, j)| 0.5 * (m[(i, j)] + m[(j, i)]));
        let truth = square(&target).mapv(|value| if value > 0.0 { 1.0 } else { 0.0 });
        let cell = Cell { layout: Layout::new(2).unwrap(), steps: 3, ..published(Start::Whole) };
        let objective = Some(Objective::Supervised { loss: Supervised::FBeta { beta }, truth: vec![truth] });
        let problem = Problem { s: vec![covariance(p, 5.0)], mask: None, objective };
        let evaluator = Evaluator::new(&cell, &problem, Device::Cpu, Precision::Double, &ctx).unwrap();
        let pass = evaluator.pass(&cell.layout.initial(0.3, 2, 0), Direction::Both, &ctx).unwrap();
        assert!((0.0..=1.0).contains(&pass.loss) && pass.gradient.iter().all(|g| g.is_finite()));
    }
}

#[test]
fn both_square_roots_are_the_published_ones() {
    if !common::has_reference("both_square_roots_are_the_published_ones") {
        return;
    }
    let ctx = Context::new();
    for condition in ["10", "1000", "1000000"] {
        let case = fixture(&format!("uglad_parity/sqrtm_cond{condition}.json"));
        let (a, n) = (flat(&case["A"]), 8);
        let root = newton_schulz::forward(&a, n, &ctx).unwrap();
        assert!(worst(&root, &flat(&case["sqrt_ns10"])) < 1e-10, "{condition}");
        let gradient = newton_schulz::backward(&root, &flat(&case["W"]), n, &ctx).unwrap();
        let expected = flat(&case["grad_ns10"]);
        assert!(worst(&gradient, &expected) < 1e-9, "{condition}: {:e}", worst(&gradient, &expected));
        // With Z = 0 the step is (-S/lambda + ((S/lambda)^2 + 4/lambda)^(1/2)) / 2, an exact root, whatever the condition.
        let (theta, _) = proximal::forward(&a, &vec![0.0; n * n], 1.0, n, Root::Exact, &ctx).unwrap();
        let (a, theta) = (square(&a, n), square(&theta, n));
        let residual = theta.dot(&theta) + a.dot(&theta) - Array2::<f64>::eye(n);
        assert!(residual.iter().all(|entry| entry.abs() < 1e-10), "{condition}");
    }
}

fn square(values: &[f64], n: usize) -> Array2<f64> {
    Array2::from_shape_vec((n, n), values.to_vec()).unwrap()
}

/// A covariance of this condition, by rotations of a graded diagonal.
fn covariance(n: usize, condition: f64) -> Array2<f64> {
    let mut a = Array2::zeros((n, n));
    for i in 0..n {
        a[(i, i)] = condition.powf(-(i as f64) / (n - 1) as f64);
    }
    for i in 0..n - 1 {
        let (sin, cos) = (0.7 + i as f64).sin_cos();
        let mut q = Array2::<f64>::eye(n);
        q[(i, i)] = cos;
        q[(i + 1, i + 1)] = cos;
        q[(i, i + 1)] = -sin;
        q[(i + 1, i)] = sin;
        a = q.dot(&a).dot(&q.t());
    }
    (&a + &a.t()) / 2.0
}

/// Symmetric numbers that are different everywhere.
fn direction(n: usize, seed: f64) -> Vec<f64> {
    let value = |i: usize, j: usize| (seed + 1.7 * (i * i + j * j) as f64 + (i * j) as f64).sin();
    (0..n * n).map(|k| value(k / n, k % n)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn moved(a: &[f64], by: &[f64], step: f64) -> Vec<f64> {
    a.iter().zip(by).map(|(a, b)| a + step * b).collect()
}

/// The central difference of fourth order of `f` at 0.
fn slope(f: impl Fn(f64) -> f64, h: f64) -> f64 {
    (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h)
}

fn agree(what: &str, exact: f64, difference: f64, tolerance: f64) {
    assert!(
        (exact - difference).abs() <= tolerance * difference.abs().max(1.0),
        "{what}: {exact} against {difference}"
    );
}

#[test]
fn the_step_to_theta_has_its_derivative_also_when_ill_conditioned() {
    let (n, ctx) = (7, Context::new());
    for (condition, lambda) in [(10.0, 0.6), (1e4, 0.05), (1e8, 0.9)] {
        let s: Vec<f64> = covariance(n, condition).iter().copied().collect();
        let (z, by, g) = (direction(n, 0.3), direction(n, 1.1), direction(n, 2.9));
        let at = |z: &[f64], lambda: f64| {
            let (theta, _) = proximal::forward(&s, z, lambda, n, Root::Exact, &ctx).unwrap();
            dot(&theta, &g)
        };
        let (_, trace) = proximal::forward(&s, &z, lambda, n, Root::Exact, &ctx).unwrap();
        let (of_z, of_lambda) = proximal::backward(&trace, &s, lambda, &g, n, &ctx).unwrap();
        agree("Z", dot(&of_z, &by), slope(|h| at(&moved(&z, &by, h), lambda), 1e-3), 1e-8);
        agree("lambda", of_lambda, slope(|h| at(&z, lambda + h), 1e-3 * lambda), 1e-8);
        let (t, start) = (0.3, Start::Whole);
        let first = start::forward(&s, t, n, start, &ctx).unwrap();
        let of_t = start::backward(&first, &g, n, start, &ctx).unwrap();
        agree("t", of_t, slope(|h| dot(&start::forward(&s, t + h, n, start, &ctx).unwrap(), &g), 1e-3), 1e-7);
        let first: Vec<f64> = covariance(n, condition).iter().copied().collect();
        let loss = |z: &[f64]| likelihood::loss(z, z, &s, n, Repair::Never, &ctx).unwrap();
        let step = 1e-3 / condition;
        agree("log det", dot(&loss(&first).gradient, &by), slope(|h| loss(&moved(&first, &by, h)).value, step), 1e-6);
    }
}

#[test]
fn the_threshold_step_has_its_derivative_for_any_number_of_units() {
    let n = 9;
    for (hidden, diagonal) in [(1, Diagonal::Thresholded), (3, Diagonal::Kept), (5, Diagonal::Thresholded)] {
        let layout = Layout::new(hidden).unwrap();
        let parameters = layout.initial(1.0, 11, 0);
        let (theta, s, z, g) = (direction(n, 0.2), direction(n, 1.4), direction(n, 2.2), direction(n, 3.3));
        let theta = moved(&theta, &theta, 1.0);
        let at = |theta: &[f64], z: &[f64], parameters: &[f64]| {
            let step = threshold::Step { parameters, layout, diagonal };
            dot(&threshold::forward(step, theta, &s, z, n), &g)
        };
        let step = threshold::Step { parameters: &parameters, layout, diagonal };
        let (of_theta, of_z, of_parameters) = threshold::backward(step, &theta, &s, &z, &g, n);
        let by = direction(n, 5.0);
        let h = 1e-5;
        agree("Theta", dot(&of_theta, &by), slope(|h| at(&moved(&theta, &by, h), &z, &parameters), h), 1e-8);
        agree("Z", dot(&of_z, &by), slope(|h| at(&theta, &moved(&z, &by, h), &parameters), h), 1e-8);
        for (k, exact) in of_parameters.iter().enumerate() {
            let mut one = vec![0.0; parameters.len()];
            one[k] = 1.0;
            let difference = slope(|h| at(&theta, &z, &moved(&parameters, &one, h)), h);
            agree(&format!("parameter {k} of {hidden} units"), *exact, difference, 1e-8);
        }
    }
}

/// Every parameter through the whole of a small model, with gradients through lambda too.
#[test]
fn a_whole_model_has_its_gradient() {
    let ctx = Context::new();
    let layout = Layout::new(4).unwrap();
    let truth = covariance(5, 20.0).mapv(|value| if value.abs() < 0.1 { 0.0 } else { value });
    let s = vec![covariance(5, 8.0), covariance(5, 30.0)];
    let likelihood = Objective::Likelihood { s: None, repair: Repair::TowardsTheta };
    let supervised = |loss| Objective::Supervised { loss, truth: vec![truth.clone(), truth.clone()] };
    let objectives = [likelihood, supervised(Supervised::Mse), supervised(Supervised::FBeta { beta: 2.0 })];
    for (objective, start) in objectives.into_iter().zip([Start::Whole, Start::Diagonal, Start::Whole]) {
        let cell = Cell {
            layout,
            steps: 4,
            start,
            root: Root::Exact,
            diagonal: Diagonal::Kept,
            through_lambda: true,
            lambda_start: 1.0,
        };
        let problem = Problem { s: s.clone(), mask: None, objective: Some(objective) };
        let evaluator = Evaluator::new(&cell, &problem, Device::Cpu, Precision::Double, &ctx).unwrap();
        let parameters = layout.initial(0.5, 3, 1);
        let pass = evaluator.pass(&parameters, Direction::Both, &ctx).unwrap();
        let loss = |parameters: &[f64]| evaluator.pass(parameters, Direction::Forward, &ctx).unwrap().loss;
        for (k, exact) in pass.gradient.iter().enumerate() {
            let mut one = vec![0.0; parameters.len()];
            one[k] = 1.0;
            let difference = slope(|h| loss(&moved(&parameters, &one, h)), 1e-5);
            agree(&format!("parameter {k}"), *exact, difference, 1e-6);
        }
        let single = Evaluator::new(&cell, &problem, Device::Cpu, Precision::Single, &ctx).unwrap();
        let single = single.pass(&parameters, Direction::Both, &ctx).unwrap();
        assert!((single.loss - pass.loss).abs() < 1e-4 * pass.loss.abs().max(1.0));
        assert!(worst(&single.gradient, &pass.gradient) < 2e-3, "{:e}", worst(&single.gradient, &pass.gradient));
    }
}
