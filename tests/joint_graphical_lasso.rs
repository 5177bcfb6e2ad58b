//! The joint graphical lasso: optimality conditions computed here, another program's numbers, limits, bad input.

mod common;

use common::{correlated, distance};
use sinew::data::{Names, Table};
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::model::{Fit, JointFit};
use sinew::{Context, ErrorKind, Matrix, Value, registry};

fn call(sets: &[Matrix], options: &[(&str, Value)]) -> sinew::Result<JointFit> {
    call_with(sets, options, &Context::new().with_seed(1))
}

fn call_with(sets: &[Matrix], options: &[(&str, Value)], ctx: &Context) -> sinew::Result<JointFit> {
    let record = registry::methods().find(|record| record.verb == "joint_graphical_lasso").expect("the method");
    let options: Vec<(String, Value)> = options.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    let list = Value::List(sets.iter().cloned().map(Value::from).collect());
    Ok(record.call(&[list], &options, ctx)?.object::<JointFit>().expect("a joint fit").clone())
}

/// Three data sets of 50, 80 and 110 samples of six variables.
fn sets() -> Vec<Matrix> {
    (0..3).map(|k| correlated(50 + 30 * k, 6, 0.3 + 0.3 * k as f64, k as u64 + 1).standardize().unwrap()).collect()
}

/// X'X/n of the centred columns.
fn covariance(x: &Matrix) -> Matrix {
    let (n, p) = (x.rows(), x.cols());
    let mean = |j: usize| (0..n).map(|i| x.view()[(i, j)]).sum::<f64>() / n as f64;
    let means: Vec<f64> = (0..p).map(mean).collect();
    let entry = |a: usize, b: usize| {
        let (a, b) = (a.min(b), a.max(b));
        (0..n).map(|i| (x.view()[(i, a)] - means[a]) * (x.view()[(i, b)] - means[b])).sum::<f64>() / n as f64
    };
    Matrix::from_fn(p, p, entry)
}

fn number(joint: &JointFit, name: &str) -> f64 {
    joint.added(name).expect(name).as_number().expect(name)
}

fn precision(fit: &Fit) -> &Matrix {
    fit.precision().expect("a precision matrix")
}

/// w_k (S_k - Theta_k^-1) at (i, j) of every data set.
fn gradient(joint: &JointFit, s: &[Matrix], weights: &[f64], (i, j): (usize, usize)) -> Vec<f64> {
    let ctx = Context::new();
    let one = |k: usize| weights[k] * (s[k].view()[(i, j)] - joint.fits()[k].covariance(&ctx).unwrap().view()[(i, j)]);
    (0..s.len()).map(one).collect()
}

fn soft(value: f64, by: f64) -> f64 {
    (value.abs() - by).max(0.0).copysign(value)
}

/// By how much the conditions of the group penalty are missed at a pair.
fn missed_by_group(theta: &[f64], g: &[f64], l1: f64, l2: f64) -> f64 {
    let r = theta.iter().map(|value| value * value).sum::<f64>().sqrt();
    if r == 0.0 {
        return (g.iter().map(|value| soft(*value, l1).powi(2)).sum::<f64>().sqrt() - l2).max(0.0);
    }
    let one = |(theta, g): (&f64, &f64)| {
        if *theta == 0.0 { (g.abs() - l1).max(0.0) } else { (g + l1 * theta.signum() + l2 * theta / r).abs() }
    };
    theta.iter().zip(g).map(one).fold(0.0, f64::max)
}

/// The steepest way down among all directions that move a set of the data sets up or down together.
fn missed_by_differences(theta: &[f64], g: &[f64], l1: f64, l2: f64, pairs: &[(usize, usize)]) -> f64 {
    let slope = |at: f64, step: f64| if at.abs() < 1e-9 { step.abs() } else { at.signum() * step };
    let mut missed = 0.0f64;
    for set in 1..1usize << theta.len() {
        for sign in [1.0, -1.0] {
            let d = |k: usize| if (set >> k) & 1 == 1 { sign } else { 0.0 };
            let smooth: f64 = g.iter().enumerate().map(|(k, value)| value * d(k)).sum();
            let single: f64 = theta.iter().enumerate().map(|(k, value)| slope(*value, d(k))).sum();
            let apart: f64 = pairs.iter().map(|&(k, m)| slope(theta[k] - theta[m], d(k) - d(m))).sum();
            missed = missed.max(-(smooth + l1 * single + l2 * apart));
        }
    }
    missed
}

/// By how much the optimality conditions are missed, of three data sets.
fn missed(joint: &JointFit, s: &[Matrix], weights: &[f64], penalty: &str, (l1, l2): (f64, f64)) -> f64 {
    let mut worst = 0.0f64;
    for i in 0..s[0].rows() {
        for j in 0..=i {
            let theta: Vec<f64> = joint.fits().iter().map(|fit| precision(fit).view()[(i, j)]).collect();
            let g = gradient(joint, s, weights, (i, j));
            worst = worst.max(match penalty {
                _ if i == j => g.iter().fold(0.0f64, |most, value| most.max(value.abs())),
                "group" => missed_by_group(&theta, &g, l1, l2),
                "fused" => missed_by_differences(&theta, &g, l1, l2, &[(0, 1), (0, 2), (1, 2)]),
                _ => missed_by_differences(&theta, &g, l1, l2, &[(0, 1), (1, 2)]),
            });
        }
    }
    worst
}

#[test]
fn the_optimality_conditions_hold_for_every_coupling() {
    let data = sets();
    let s: Vec<Matrix> = data.iter().map(covariance).collect();
    let mean = 80.0;
    for (how, weights) in [("samples", [50.0 / mean, 1.0, 110.0 / mean]), ("equal", [1.0; 3])] {
        for penalty in ["group", "fused", "chain"] {
            for (l1, l2) in [(0.05, 0.04), (0.1, 0.02), (0.02, 0.2)] {
                let options = [
                    ("penalty", penalty.into()),
                    ("lambda", Value::Float(l1)),
                    ("lambda2", Value::Float(l2)),
                    ("set_weights", how.into()),
                    ("tol", Value::Float(1e-12)),
                ];
                let joint = call(&data, &options).unwrap();
                assert!(joint.converged() && number(&joint, "gap") <= 1e-12, "{joint}");
                let missed = missed(&joint, &s, &weights, penalty, (l1, l2));
                assert!(missed < 5e-5, "{how} {penalty} {l1} {l2}: {missed}");
            }
        }
    }
}

/// From 16 variables on, the descent starts from solutions of the data sets alone.
#[test]
fn the_optimality_conditions_hold_for_more_variables_than_samples() {
    let data: Vec<Matrix> =
        (0..3).map(|k| correlated(20 + 5 * k, 30, 0.8, k as u64 + 1).standardize().unwrap()).collect();
    let s: Vec<Matrix> = data.iter().map(covariance).collect();
    let weights = [0.8, 1.0, 1.2];
    for penalty in ["group", "fused", "chain"] {
        let options = [
            ("penalty", penalty.into()),
            ("lambda", Value::Float(0.2)),
            ("lambda2", Value::Float(0.1)),
            ("tol", Value::Float(1e-11)),
        ];
        let joint = call(&data, &options).unwrap();
        assert!(joint.converged() && number(&joint, "gap") <= 1e-11, "{joint}");
        let missed = missed(&joint, &s, &weights, penalty, (0.2, 0.1));
        assert!(missed < 2e-4, "{penalty}: {missed}");
    }
}

/// Three covariances of five variables, as the other program was given them.
fn waves() -> Vec<Matrix> {
    let wave = |k: usize| {
        let x = |i: usize, j: usize| (((i + 1) * (j + 2) * (k + 1)) as f64 * 0.7 + j as f64).sin();
        Matrix::from_fn(5, 5, |a, b| {
            let (a, b) = (a.min(b), a.max(b));
            (0..12).map(|i| x(i, a) * x(i, b)).sum::<f64>() / 12.0
        })
    };
    (0..3).map(wave).collect()
}

/// GGLasso 0.3.1, ADMM to 1e-13: objective and some entries (set, i, j).
#[test]
fn another_program_has_the_same_solutions() {
    let covariances = waves();
    for (penalty, l1, l2, objective, entries) in [
        (
            "group",
            0.03,
            0.04,
            1.5508089974342554,
            [(0, 1, 3, -0.0095125616), (1, 2, 3, 1.0678152155), (2, 0, 2, -0.5259746717), (2, 0, 0, 7.6562233396)],
        ),
        (
            "chain",
            0.02,
            0.05,
            1.1804859801660914,
            [(0, 0, 4, -0.2185187598), (1, 2, 4, 0.033435888), (2, 1, 2, 0.1226150611), (2, 3, 3, 8.2236872835)],
        ),
    ] {
        let options = [
            ("penalty", penalty.into()),
            ("lambda", Value::Float(l1)),
            ("lambda2", Value::Float(l2)),
            ("covariance", true.into()),
            ("tol", Value::Float(1e-13)),
        ];
        let joint = call(&covariances, &options).unwrap();
        assert!((number(&joint, "objective") - objective).abs() < 1e-9, "{penalty}: {joint}");
        for (k, i, j, expected) in entries {
            let found = precision(&joint.fits()[k]).view()[(i, j)];
            assert!((found - expected).abs() < 2e-4, "{penalty} {k} {i} {j}: {found} {expected}");
        }
        // What the other program has at exactly 0, or equal over the sets.
        let at = |k: usize, i: usize, j: usize| precision(&joint.fits()[k]).view()[(i, j)];
        assert!((0..3).all(|k| at(k, 0, 1) == 0.0 && at(k, 3, 4) == 0.0), "{penalty}");
        if penalty == "chain" {
            assert!(at(0, 2, 3) == at(1, 2, 3) && at(1, 2, 3) == at(2, 2, 3) && at(0, 0, 3) == at(1, 0, 3));
        }
    }
}

#[test]
fn without_coupling_every_data_set_is_a_graphical_lasso_of_its_own() {
    let data = sets();
    let options = [("lambda", Value::Float(0.1)), ("lambda2", Value::Float(0.0)), ("tol", Value::Float(1e-11))];
    for penalty in ["group", "fused", "chain"] {
        let joint = call(&data, &[&options[..], &[("penalty", Value::from(penalty))]].concat()).unwrap();
        for (fit, x) in joint.fits().iter().zip(&data) {
            let lambda = 0.1 * 80.0 / x.rows() as f64;
            let own = GraphicalLasso::new().lambda(lambda).tol(1e-11).fit(x, &Context::new()).unwrap();
            assert!(distance(precision(fit), precision(&own)) < 1e-5, "{penalty}");
        }
    }
}

#[test]
fn a_large_difference_penalty_pools_the_data_sets() {
    let data = sets();
    let pooled = Matrix::from_fn(6, 6, |i, j| {
        data.iter().map(|x| x.rows() as f64 * covariance(x).view()[(i, j)]).sum::<f64>() / 240.0
    });
    // The diagonals are drawn together only where they are penalised.
    let options = [
        ("lambda", Value::Float(0.1)),
        ("lambda2", Value::Float(50.0)),
        ("penalize_diagonal", true.into()),
        ("tol", Value::Float(1e-11)),
    ];
    let record = registry::methods().find(|record| record.verb == "graphical_lasso").unwrap();
    let own = [("covariance", Value::Bool(true)), options[0].clone(), options[2].clone(), options[3].clone()];
    let own: Vec<(String, Value)> = own.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    let alone = record.call(&[pooled.into()], &own, &Context::new()).unwrap();
    let alone = alone.object::<Fit>().unwrap();
    for penalty in ["fused", "chain"] {
        let joint = call(&data, &[&options[..], &[("penalty", Value::from(penalty))]].concat()).unwrap();
        for fit in joint.fits() {
            assert_eq!(precision(fit), precision(&joint.fits()[0]), "{penalty}");
            assert!(distance(precision(fit), precision(alone)) < 1e-5, "{penalty}");
        }
    }
}

#[test]
fn one_data_set_is_the_graphical_lasso() {
    let x = &sets()[1];
    let record = registry::methods().find(|record| record.verb == "joint_graphical_lasso").unwrap();
    for (penalty, lambda) in [("group", 0.12), ("fused", 0.1), ("chain", 0.1)] {
        let options: Vec<(String, Value)> = vec![
            ("penalty".into(), penalty.into()),
            ("lambda".into(), Value::Float(0.1)),
            ("lambda2".into(), Value::Float(0.02)),
        ];
        let found = record.call(&[x.clone().into()], &options, &Context::new()).unwrap();
        let own = GraphicalLasso::new().lambda(lambda).fit(x, &Context::new()).unwrap();
        assert!(distance(precision(found.object::<Fit>().unwrap()), precision(&own)) < 1e-6, "{penalty}");
    }
}

#[test]
fn the_order_of_variables_and_of_data_sets_does_not_matter() {
    let names = Names::new(["a", "b", "c", "d", "e", "f"].map(String::from).to_vec(), "columns").unwrap();
    let data: Vec<Matrix> = sets().into_iter().map(|x| x.with_names(Some(names.clone())).unwrap()).collect();
    for penalty in ["group", "fused", "chain"] {
        let options = [
            ("penalty", penalty.into()),
            ("lambda", Value::Float(0.05)),
            ("lambda2", Value::Float(0.05)),
            ("tol", Value::Float(1e-12)),
        ];
        let joint = call(&data, &options).unwrap();
        let columns = [4, 1, 5, 0, 3, 2];
        // Backwards, neighbours stay neighbours.
        let moved: Vec<Matrix> =
            data.iter().rev().map(|x| x.pick(&(0..x.rows()).collect::<Vec<_>>(), &columns)).collect();
        let other = call(&moved, &options).unwrap();
        for k in 0..3 {
            let (one, two) = (precision(&joint.fits()[k]), precision(&other.fits()[2 - k]));
            assert!(distance(&one.pick(&columns, &columns), two) < 1e-4, "{penalty} {k}");
        }
        // Other data sets may have their columns in another order.
        let mixed = [data[0].clone(), moved[1].clone(), data[2].clone()];
        assert!(distance(precision(&call(&mixed, &options).unwrap().fits()[1]), precision(&joint.fits()[1])) < 1e-4);
    }
}

#[test]
fn weights_free_and_forbid_pairs_in_all_data_sets() {
    let mut weights = Matrix::from_fn(6, 6, |_, _| 1.0);
    for (i, j, weight) in [(0, 5, 0.0), (0, 1, f64::INFINITY)] {
        weights.fill(&[i], &[j], weight);
        weights.fill(&[j], &[i], weight);
    }
    for penalty in ["group", "fused", "chain"] {
        let options = [
            ("penalty", penalty.into()),
            ("lambda", Value::Float(0.2)),
            ("lambda2", Value::Float(0.1)),
            ("weights", weights.clone().into()),
        ];
        let joint = call(&sets(), &options).unwrap();
        for fit in joint.fits() {
            let theta = precision(fit).view();
            assert!(theta[(0, 1)] == 0.0 && theta[(0, 5)] != 0.0, "{penalty}");
        }
    }
}

#[test]
fn penalties_are_chosen_together_and_threads_change_nothing() {
    let data = sets();
    for rule in ["ebic", "cv"] {
        let options = [("lambda", rule.into()), ("n_lambdas", Value::Int(4)), ("n_lambdas2", Value::Int(3))];
        let run =
            |threads: usize| call_with(&data, &options, &Context::new().with_seed(2).with_threads(threads)).unwrap();
        let joint = run(1);
        let table = joint.added("criteria").unwrap().object::<Table>().unwrap().matrix().unwrap();
        assert_eq!((table.rows(), table.cols()), (12, 5));
        let row = (0..12).find(|&row| table.view()[(row, 4)] == 1.0).expect("one is chosen");
        let least = (0..12).map(|row| table.view()[(row, 2)]).fold(f64::INFINITY, f64::min);
        assert_eq!(table.view()[(row, 2)], least);
        assert_eq!(
            (number(&joint, "lambda"), number(&joint, "lambda2")),
            (table.view()[(row, 0)], table.view()[(row, 1)])
        );
        if rule == "ebic" {
            let sum: f64 = joint.fits().iter().map(|fit| fit.ebic(0.5).unwrap()).sum();
            assert!((sum - least).abs() < 1e-6 * sum.abs(), "{sum} {least}");
        }
        for threads in [2, 4] {
            let other = run(threads);
            for (one, two) in joint.fits().iter().zip(other.fits()) {
                assert_eq!(precision(one), precision(two), "{rule} on {threads} threads");
            }
        }
    }
}

#[test]
fn a_grid_and_a_single_solve_agree() {
    let data = sets();
    let chosen = call(&data, &[("n_lambdas", Value::Int(4)), ("n_lambdas2", Value::Int(2))]).unwrap();
    let options = [("lambda", number(&chosen, "lambda").into()), ("lambda2", number(&chosen, "lambda2").into())];
    let alone = call(&data, &options).unwrap();
    for (one, two) in chosen.fits().iter().zip(alone.fits()) {
        assert!(distance(precision(one), precision(two)) < 1e-3, "{chosen} {alone}");
    }
    assert!((number(&chosen, "objective") - number(&alone, "objective")).abs() < 1e-7);
}

#[test]
fn bad_input_is_named() {
    let data = sets();
    let error = |sets: &[Matrix], options: &[(&str, Value)]| call(sets, options).map(|_| ()).unwrap_err();
    assert!(error(&[], &[]).message().contains("is empty"));
    let narrow = data[1].pick(&(0..80).collect::<Vec<_>>(), &[0, 1, 2]);
    assert_eq!(error(&[data[0].clone(), narrow.clone()], &[]).kind(), ErrorKind::Shape);
    let covariance = ("covariance", Value::Bool(true));
    let s = [waves()[0].clone(), Matrix::from_fn(3, 3, |i, j| if i == j { 1.0 } else { 0.0 })];
    assert_eq!(error(&s, &[covariance.clone(), ("lambda", Value::Float(0.1))]).kind(), ErrorKind::Shape);
    let given = [covariance.clone(), ("lambda", Value::Float(0.1)), ("lambda2", Value::Float(0.1))];
    let with = |name: &'static str, value: Value| {
        let options: Vec<(&str, Value)> = given.iter().cloned().chain([(name, value)]).collect();
        call(&waves(), &options)
    };
    let counts = |list: &[i64]| Value::List(list.iter().map(|&n| Value::Int(n)).collect());
    assert!(with("n", counts(&[10, 20])).unwrap_err().message().contains("2 numbers of samples for 3"));
    assert!(with("n", counts(&[10, 20, 1])).unwrap_err().message().contains("whole numbers >= 2"));
    assert_eq!(with("n", counts(&[10, 20, 30])).unwrap().fits()[2].n(), Some(30));
    assert!(with("set_weights", "samples".into()).unwrap_err().message().contains("numbers of samples"));
    let unknown = error(&waves(), &[covariance]);
    assert!(unknown.message().contains("numbers of samples"), "{unknown}");
    let few = error(&[data[0].head(4), data[1].clone()], &[("lambda", "cv".into()), ("folds", Value::Int(5))]);
    assert!(few.message().contains("data set 0"), "{few}");
    let wrong = error(&data, &[("lambda", Value::Float(0.1)), ("weights", waves()[0].clone().into())]);
    assert!(wrong.message().contains("weights"), "{wrong}");
}
