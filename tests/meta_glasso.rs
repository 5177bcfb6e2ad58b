//! The meta graphical lasso and its baselines: against the reference program, on simulated data, and on bad input.

mod common;

use common::{has_reference, reference};
use sinew::data::Names;
use sinew::methods::meta_graphical_lasso::{Init, MetaGraphicalLasso, Optimizer};
use sinew::model::{JointFit, value_from_json, value_to_json};
use sinew::simulate::latent_factor_data::{LatentFactorData, LatentFactors, NoiseLaw};
use sinew::{Context, ErrorKind, Matrix, Value, Vector, metrics, registry};

/// The objective that a converged program reaches, with a free diagonal and with a penalised one.
const REACHED: [f64; 2] = [-700.797, -691.075];

/// Ten data sets of 200 samples of 100 variables.
fn reference_data() -> Vec<Matrix> {
    let all = reference("mglasso/X.csv");
    (0..10).map(|k| Matrix::from_fn(200, 100, |i, j| all.view()[(100 * k + j, i + 1)])).collect()
}

fn truth_map(projection: Matrix, precisions: Vec<Matrix>, noise: Vec<f64>) -> Value {
    Value::Map(vec![
        ("projection".into(), projection.into()),
        ("precisions".into(), Value::List(precisions.into_iter().map(Value::from).collect())),
        ("noise".into(), Vector::from(noise).into()),
    ])
}

fn reference_truth() -> Value {
    let precisions = reference("mglasso/Lmd_true.csv");
    let list = (0..10).map(|k| Matrix::from_fn(10, 10, |i, j| precisions.view()[(10 * k + i, j + 1)])).collect();
    truth_map(reference("mglasso/D_true.csv"), list, reference("mglasso/eps_true.csv").as_slice().to_vec())
}

fn truth_of(data: &LatentFactorData) -> Value {
    truth_map(data.projection.clone(), data.precisions.clone(), data.noise.clone())
}

fn number(joint: &JointFit, name: &str) -> f64 {
    joint.added(name).expect(name).as_number().expect(name)
}

fn projection(joint: &JointFit) -> &Matrix {
    joint.added("projection").expect("a projection").object().expect("a matrix")
}

fn score(truth: &Value, joint: &JointFit) -> impl Fn(&str) -> f64 + use<> {
    let sides = [truth.clone(), joint.clone().into()];
    let scores = metrics::score::RECORD.call(&sides, &[], &Context::new()).expect("scores");
    move |key| scores.entry(key).and_then(Value::as_number).unwrap_or_else(|| panic!("no {key}"))
}

/// The largest entry of |D'D - I|.
fn departure(d: &Matrix) -> f64 {
    let square = d.view().t().dot(&d.view());
    let entry = |((i, j), value): ((usize, usize), &f64)| (value - if i == j { 1.0 } else { 0.0 }).abs();
    square.indexed_iter().map(entry).fold(0.0, f64::max)
}

fn small(seed: u64) -> LatentFactorData {
    let sizes = LatentFactors { variables: 40, samples: 300, datasets: 8, factors: 4, ..Default::default() };
    let model = LatentFactors { noise: NoiseLaw::Paper, ..sizes };
    model.draw(&Context::new().with_seed(seed)).expect("data")
}

fn call(verb: &str, sets: Vec<Value>, options: &[(&str, Value)]) -> sinew::Result<JointFit> {
    let record = registry::methods().find(|record| record.verb == verb).expect("a method");
    let options: Vec<(String, Value)> = options.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    let result = record.call(&[Value::List(sets)], &options, &Context::new().with_seed(3))?;
    Ok(result.object::<JointFit>().expect("a joint fit").clone())
}

fn values(sets: &[Matrix]) -> Vec<Value> {
    sets.iter().cloned().map(Value::from).collect()
}

#[test]
fn the_reference_data_reach_a_lower_objective_from_every_start() {
    if !has_reference("the_reference_data_reach_a_lower_objective_from_every_start") {
        return;
    }
    let (data, truth) = (reference_data(), reference_truth());
    for (penalize_diagonal, bound) in [false, true].into_iter().zip(REACHED) {
        // The start from principal components, and random ones.
        for seed in 0..4 {
            let init = if seed == 0 { Init::Pca } else { Init::Random };
            let method = MetaGraphicalLasso::new().factors(vec![10]).lambda(vec![0.09]).center(false);
            let method = method.penalize_diagonal(penalize_diagonal).init(init);
            let joint = method.fit(&data, &Context::new().with_threads(1).with_seed(seed)).expect("a fit");
            let objective = number(&joint, "objective");
            assert!(joint.converged() && objective <= bound, "{init:?} {seed}: {objective}\n{joint}");
            assert!(departure(projection(&joint)) < 1e-10);
            let score = score(&truth, &joint);
            if !penalize_diagonal {
                assert!(score("space") >= 9.959 && score("dist") >= 0.970, "{} {}", score("space"), score("dist"));
            }
            assert!(cfg!(debug_assertions) || joint.seconds() < 1.0, "{} s", joint.seconds());
        }
    }
}

#[test]
fn the_published_optimiser_ends_where_its_program_does() {
    if !has_reference("the_published_optimiser_ends_where_its_program_does") {
        return;
    }
    let adam = Optimizer::Adam { epochs: 5000, learning_rate: 1e-3, batch_size: 5 };
    let method = MetaGraphicalLasso::new().factors(vec![10]).lambda(vec![0.09]).center(false).optimizer(adam);
    let joint = method.fit(&reference_data(), &Context::new().with_seed(1)).expect("a fit");
    // What the reference program's projection has, with the diagonal left out of the penalty.
    assert!((number(&joint, "objective") + 700.669).abs() < 0.02, "{}", number(&joint, "objective"));
    let dist = score(&reference_truth(), &joint)("dist");
    assert!((dist - 0.891).abs() < 0.02 && !joint.converged(), "{dist}");
}

#[test]
fn few_epochs_of_the_published_optimiser_go_down_and_say_that_they_have_not_converged() {
    let data = small(1);
    let options = |epochs: i64| {
        let options: [(&str, Value); 4] =
            [("factors", 4.into()), ("lambda", 0.09.into()), ("optimizer", "adam".into()), ("epochs", epochs.into())];
        call("meta_graphical_lasso", values(&data.datasets), &options).expect("a fit")
    };
    let (few, more) = (options(2), options(12));
    assert!(number(&more, "objective") < number(&few, "objective"));
    assert!(!few.converged() && few.warnings().last().is_some_and(|warning| warning.contains("lbfgs")), "{few}");
    assert!(departure(projection(&more)) < 1e-10);
}

#[test]
fn factors_are_found_that_components_miss() {
    let data = small(2);
    let truth = truth_of(&data);
    let options: [(&str, Value); 2] = [("factors", 4.into()), ("lambda", 0.06.into())];
    let [ours, pca, ica] = ["meta_graphical_lasso", "pca_factors", "ica_factors"]
        .map(|verb| score(&truth, &call(verb, values(&data.datasets), &options).expect(verb)));
    assert!(ours("dist") > 0.95 && ours("dist") > pca("dist") && ours("dist") > ica("dist"), "{}", ours("dist"));
    assert!(ours("kld") < 0.5 * pca("kld"), "{} {}", ours("kld"), pca("kld"));
    assert!(ours("space") > 3.9 && ours("eps") < 0.1 && ours("kld_variables") < pca("kld_variables"));
}

#[test]
fn the_bic_finds_the_number_of_factors() {
    let data = small(3);
    let factors = Value::List([2, 4, 8].map(|m: i64| m.into()).to_vec());
    let lambdas = Value::List(vec![0.02.into(), 0.06.into(), 0.4.into()]);
    let joint = call("meta_graphical_lasso", values(&data.datasets), &[("factors", factors), ("lambda", lambdas)]);
    let joint = joint.expect("a fit");
    assert_eq!(joint.p(), 4, "{joint}");
    let Ok(Value::List(tried)) = joint.added("selection") else { panic!("a list") };
    let bics: Vec<f64> = tried.iter().filter_map(|one| one.entry("bic")?.as_number()).collect();
    assert!(bics.len() == 9 && bics.iter().all(|bic| number(&joint, "bic") <= *bic), "{bics:?}");
    let saved = value_to_json(&joint.clone().into());
    assert_eq!(value_to_json(&value_from_json(&saved).expect("a joint fit")), saved);
}

#[test]
fn many_variables_need_no_matrix_of_all_pairs() {
    let sizes = LatentFactors { variables: 2000, samples: 200, datasets: 3, factors: 3, ..Default::default() };
    let model = LatentFactors { noise: NoiseLaw::Paper, ..sizes };
    let data = model.draw(&Context::new().with_seed(4)).expect("data");
    // All pairs would be 32 MB.
    let ctx = Context::new().with_seed(1).with_memory_limit(10_000_000);
    let method = MetaGraphicalLasso::new().factors(vec![3]).lambda(vec![0.1]);
    let joint = method.fit(&data.datasets, &ctx).expect("a fit");
    assert!(score(&truth_of(&data), &joint)("space") > 1.5, "{joint}");
}

#[test]
fn few_samples_get_a_ridge_and_without_it_factors_vanish() {
    let mut lost = 0;
    for seed in 4..10 {
        let sizes = LatentFactors { variables: 400, samples: 60, datasets: 6, factors: 4, ..Default::default() };
        let data = sizes.draw(&Context::new().with_seed(seed)).expect("data");
        let method = MetaGraphicalLasso::new().factors(vec![4]).lambda(vec![0.09]).center(false);
        let fit = |method: &MetaGraphicalLasso| method.fit(&data.datasets, &Context::new().with_seed(3));
        let joint = fit(&method).expect("a fit");
        let ridges: &Vector = joint.added("ridges").expect("ridges").object().expect("a vector");
        assert!(joint.converged() && ridges.as_slice().iter().all(|ridge| *ridge > 0.0), "{seed}: {joint}");
        // A variance of almost 0 in one data set would make it thousands.
        let kld = score(&truth_of(&data), &joint)("kld");
        assert!(kld < 5.0, "{seed}: {kld}");
        let plain = fit(&method.clone().ridge(0.0));
        lost += usize::from(!plain.is_ok_and(|plain| plain.converged()));
    }
    assert!(lost > 0, "the published objective has a minimum");
}

#[test]
fn bad_input_says_what_is_wrong() {
    let data = small(5);
    let named = |x: &Matrix, names: Vec<String>| {
        Value::from(x.clone().with_names(Some(Names::new(names, "columns").expect("names"))).expect("names"))
    };
    let letters = |from: usize| (from..from + 40).map(|i| format!("v{i}")).collect::<Vec<_>>();
    let apart = vec![named(&data.datasets[0], letters(0)), named(&data.datasets[1], letters(3))];
    let fit = |sets: Vec<Value>, options: &[(&str, Value)]| call("meta_graphical_lasso", sets, options);
    let message = |sets: Vec<Value>, options: &[(&str, Value)]| {
        fit(sets, options).map(|_| ()).expect_err("an error").message().to_string()
    };
    let text = message(apart.clone(), &[]);
    assert!(text.contains("no column 'v0', 'v1', 'v2'") && text.contains("'v40', 'v41', 'v42'"), "{text}");
    let joint = fit(apart, &[("variables", "common".into()), ("lambda", 0.1.into())]).expect("a fit");
    assert_eq!((projection(&joint).rows(), projection(&joint).row_names().expect("names").get(0)), (37, "v3"));
    let sets = || values(&data.datasets[..2]);
    assert!(message(sets(), &[("factors", 40.into())]).contains("40 factors of 40 variables"));
    let short = vec![sets()[0].clone(), data.datasets[1].head(5).into()];
    assert!(message(short, &[("factors", 6.into())]).contains("data set 1"), "more factors than samples");
    // Their means taken off, three samples are in a plane.
    assert!(message(vec![data.datasets[0].head(3).into()], &[("factors", 2.into())]).contains("3 samples"));
    assert!(message(vec![data.datasets[0].head(1).into()], &[]).contains("one sample"));
    let mut broken = data.datasets[1].clone();
    broken.fill(&[3], &[2], f64::NAN);
    assert!(message(vec![sets()[0].clone(), broken.clone().into()], &[]).contains("data set 1"), "NaN");
    broken.fill(&(0..300).collect::<Vec<_>>(), &[2], 1.0);
    assert!(message(vec![broken.into()], &[]).contains("constant"));
    for (name, value) in [
        ("epochs", Value::Int(3)),
        ("n_lambdas", Value::Int(5000)),
        ("starts", Value::Int(5000)),
        ("ridge", Value::Float(-1.0)),
        ("lambda", Value::List(vec![])),
    ] {
        let error = fit(sets(), &[(name, value)]).map(|_| ()).expect_err("an error");
        assert!(error.kind() == ErrorKind::Option && error.message().contains(name), "{error}");
    }
}
