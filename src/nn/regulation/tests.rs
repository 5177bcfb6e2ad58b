use ndarray::{Array2, array};

use super::*;
use crate::nn::Decoder;

const GENES: usize = 7;
const OWN: [usize; 3] = [4, 0, 2];

fn wave(rows: usize, cols: usize, phase: f64) -> Array2<f64> {
    Array2::from_shape_fn((rows, cols), |(i, j)| (phase + 1.7 * i as f64 + 0.9 * j as f64 + 0.3 * (i * j) as f64).sin())
}

/// Correlations of seven genes, three of which regulate.
fn problem(further: usize, objective: Option<EdgeLoss>) -> (RegulationProblem, Array2<f64>) {
    let factors = wave(GENES, 12, 0.2);
    let mut r = factors.dot(&factors.t());
    let scale: Vec<f64> = r.diag().iter().map(|value: &f64| value.sqrt()).collect();
    r.indexed_iter_mut().for_each(|((i, j), value)| *value /= scale[i] * scale[j]);
    let block = Array2::from_shape_fn((3, 3), |(i, j)| r[(OWN[i], OWN[j])]);
    let (values, vectors) = crate::linalg::eigh(block.view(), &Context::new()).unwrap();
    let s = Array2::from_shape_fn((3, GENES), |(t, g)| if OWN[t] == g { 0.0 } else { r[(OWN[t], g)] });
    let truth = Array2::from_shape_fn((3, GENES), |(t, g)| f64::from(u8::from(OWN[t] != g && (t + 2 * g) % 3 == 0)));
    let problem = RegulationProblem {
        s,
        own: OWN.to_vec(),
        pairs: Array2::from_shape_fn((3, GENES), |(t, g)| f64::from(u8::from(OWN[t] != g))),
        context: wave(if further == 0 { 0 } else { 3 * GENES }, further, 1.1),
        step: Step::Ridge { values, vectors },
        objective: objective.map(|loss| (loss, truth)),
    };
    (problem, r)
}

fn cell(further: usize, softness: Option<f64>, learn_lambda: bool) -> RegulationCell {
    let layout = Layout::with_context(further, 4).unwrap();
    let scaling = (further > 0).then(|| (0..layout.inputs()).map(|k| (0.1 * k as f64, 0.5 + 0.1 * k as f64)).collect());
    RegulationCell { layout, steps: 3, softness, scaling, learn_lambda }
}

fn on(cell: &RegulationCell, problem: &RegulationProblem) -> Regulation {
    Regulation::new(cell, problem, Device::Cpu, Precision::Double, &Context::new()).unwrap()
}

#[test]
fn gradients_agree_with_finite_differences() {
    let balanced = EdgeLoss::Of(Supervised::FBeta { beta: 2.0 });
    for (further, softness, loss) in [
        (2, Some(0.1), EdgeLoss::CrossEntropy),
        (2, Some(0.1), EdgeLoss::Of(Supervised::Mse)),
        (2, Some(0.1), balanced),
        (0, None, balanced),
    ] {
        let cell = cell(further, softness, true);
        let regulation = on(&cell, &problem(further, Some(loss)).0);
        let mut parameters = cell.layout.initial(0.3, 11, 0);
        // A low threshold, so that Z is not 0 where it may be.
        let last = cell.layout.threshold().end - 1;
        parameters[last] = -3.0;
        let ctx = Context::new();
        let at = |parameters: &[f64]| regulation.pass(parameters, Direction::Forward, 0, &ctx).unwrap().loss;
        let pass = regulation.pass(&parameters, Direction::Both, 0, &ctx).unwrap();
        assert!(pass.loss.is_finite() && pass.gradient.len() == parameters.len());
        let largest = pass.gradient.iter().fold(0.0f64, |most, g| most.max(g.abs()));
        let first = if softness.is_some() { 0 } else { 1 };
        for index in first..parameters.len() {
            let step = 1e-5;
            let mut moved = parameters.clone();
            moved[index] += step;
            let above = at(&moved);
            moved[index] -= 2.0 * step;
            let slope = (above - at(&moved)) / (2.0 * step);
            let off = (pass.gradient[index] - slope).abs();
            assert!(off < 1e-6 * largest.max(1e-3), "{loss:?} {index}: {} {slope}", pass.gradient[index]);
        }
    }
}

#[test]
fn the_start_is_a_ridge_regression_of_every_gene_without_itself() {
    let mut one = cell(2, Some(0.1), true);
    one.steps = 1;
    let (problem, r) = problem(2, None);
    let parameters = one.layout.initial(0.3, 11, 0);
    let pass = on(&one, &problem).pass(&parameters, Direction::Forward, 0, &Context::new()).unwrap();
    for gene in 0..GENES {
        let others: Vec<usize> = (0..3).filter(|&t| OWN[t] != gene).collect();
        let system = Array2::from_shape_fn((others.len(), others.len()), |(i, j)| {
            r[(OWN[others[i]], OWN[others[j]])] + if i == j { 0.3 } else { 0.0 }
        });
        let right = Array2::from_shape_fn((others.len(), 1), |(i, _)| r[(OWN[others[i]], gene)]);
        let direct = crate::linalg::solve(system.view(), right.view(), &Context::new()).unwrap();
        for (k, &t) in others.iter().enumerate() {
            assert!((pass.theta[(t, gene)] - direct[(k, 0)]).abs() < 1e-12);
            let rho = pass.theta[(t, gene)].abs() - pass.margin[(t, gene)];
            assert!(rho > 0.0 && rho < 1.0);
        }
    }
    assert!(OWN.iter().enumerate().all(|(t, &g)| pass.theta[(t, g)] == 0.0 && pass.z[(t, g)] == 0.0));
    assert!(pass.loss.is_nan() && pass.gradient.is_empty());
}

#[test]
fn lambda_is_learned_only_where_it_is_asked_for() {
    let (problem, _) = problem(2, Some(EdgeLoss::CrossEntropy));
    for learned in [true, false] {
        let cell = cell(2, Some(0.1), learned);
        let parameters = cell.layout.initial(0.3, 11, 0);
        let pass = on(&cell, &problem).pass(&parameters, Direction::Both, 0, &Context::new()).unwrap();
        let of_lambda = &pass.gradient[cell.layout.weights()];
        assert_eq!(of_lambda.iter().any(|g| *g != 0.0), learned);
        assert_eq!(pass.lambdas.len(), 3);
    }
}

#[test]
fn a_network_takes_the_place_of_regressions() {
    let x = wave(40, GENES, 0.4);
    let plan = DecoderPlan { hidden: vec![5], learning_rate: 0.05, device: Device::Cpu, precision: Precision::Double };
    for afresh in [false, true] {
        let (mut problem, _) = problem(0, Some(EdgeLoss::Of(Supervised::Balanced { beta: 2.0 })));
        problem.step = Step::Network(NetworkStep {
            plan: plan.clone(),
            x: Arc::new(x.clone()),
            epochs: 12,
            steps: 4,
            afresh,
            shares: false,
        });
        let cell = cell(0, None, false);
        let regulation = on(&cell, &problem);
        let mut parameters = cell.layout.initial(1.0, 11, 0);
        parameters[cell.layout.threshold().end - 1] = -3.0;
        let ctx = Context::new().with_seed(3);
        let pass = |stream| regulation.pass(&parameters, Direction::Both, stream, &ctx).unwrap();
        let (first, again, other) = (pass(0), pass(0), pass(1));
        assert_eq!(first.theta, again.theta);
        assert_ne!(first.theta, other.theta);
        assert!(first.theta.iter().all(|w| *w >= 0.0) && first.loss.is_finite());
        // Neither the offset nor lambda is learned; the threshold is.
        assert_eq!(first.gradient[0], 0.0);
        assert!(first.gradient[cell.layout.threshold()].iter().any(|g| *g != 0.0));
    }
    let inputs = Array2::from_shape_fn((40, 3), |(i, t)| x[(i, OWN[t])]);
    assert!(Decoder::new(&plan, inputs.view(), x.view(), 0, &Context::new()).is_ok());
}

#[test]
fn pairs_that_can_have_no_edge_count_for_nothing() {
    let ctx = Context::new();
    let (mut whole, _) = problem(2, Some(EdgeLoss::CrossEntropy));
    // The last gene shows nothing: whatever the truth says of it, losses and gradients are the same.
    whole.pairs.column_mut(GENES - 1).fill(0.0);
    let cell = cell(2, Some(0.1), true);
    let parameters = cell.layout.initial(0.3, 11, 0);
    let pass = |problem: &RegulationProblem| {
        let pass = on(&cell, problem).pass(&parameters, Direction::Both, 0, &ctx).unwrap();
        assert!(pass.theta.column(GENES - 1).iter().chain(pass.z.column(GENES - 1)).all(|value| *value == 0.0));
        (pass.loss, pass.gradient)
    };
    let mut other = whole.clone();
    if let Some((_, truth)) = &mut other.objective {
        truth.column_mut(GENES - 1).fill(1.0);
    }
    assert_eq!(pass(&whole), pass(&other));
    whole.step = Step::Network(NetworkStep {
        plan: DecoderPlan { hidden: vec![5], learning_rate: 0.05, device: Device::Cpu, precision: Precision::Double },
        x: Arc::new(wave(40, GENES, 0.4)),
        epochs: 12,
        steps: 4,
        afresh: false,
        shares: true,
    });
    let network = on(&cell, &whole).pass(&parameters, Direction::Forward, 0, &ctx).unwrap();
    assert!(OWN.iter().enumerate().all(|(t, &g)| network.theta[(t, g)] == 0.0 && network.z[(t, g)] == 0.0));
    let sums = network.theta.columns().into_iter().map(|column| column.sum());
    assert!(sums.take(GENES - 1).all(|sum| (sum - 1.0).abs() < 1e-12), "{}", network.theta);
}

#[test]
fn iterations_that_no_memory_holds_are_refused() {
    let (problem, _) = problem(2, Some(EdgeLoss::CrossEntropy));
    let endless = RegulationCell { steps: 1 << 60, ..cell(2, Some(0.1), true) };
    let parameters = endless.layout.initial(0.3, 11, 0);
    let error = on(&endless, &problem).pass(&parameters, Direction::Both, 0, &Context::new()).unwrap_err();
    assert_eq!(error.kind(), crate::error::ErrorKind::Memory);
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let (good, _) = problem(2, None);
    let cell = cell(2, Some(0.1), true);
    for change in [
        |problem: &mut RegulationProblem| problem.own[0] = GENES,
        |problem: &mut RegulationProblem| problem.own.truncate(1),
        |problem: &mut RegulationProblem| problem.pairs = array![[1.0]],
        |problem: &mut RegulationProblem| problem.context = array![[1.0, 2.0]],
    ] {
        let mut bad = good.clone();
        change(&mut bad);
        assert!(Regulation::new(&cell, &bad, Device::Cpu, Precision::Double, &Context::new()).is_err());
    }
}
