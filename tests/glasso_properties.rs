//! The graphical lasso on many random and degenerate problems: what its solutions and certificates promise, recomputed
//! from S, the penalties and Theta alone.

mod common;
#[path = "common/optimality.rs"]
mod optimality;

use std::time::{Duration, Instant};

use common::{correlated, distance};
use ndarray::{Array2, ArrayView2};
use optimality::Problem;
use proptest::prelude::{ProptestConfig, TestCaseError, any, proptest};
use proptest::test_runner::RngSeed;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sinew::linalg::{Cholesky, SparseSymmetric};
use sinew::methods::estimate::Estimate;
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::methods::graphical_lasso_path::GraphicalLassoPath;
use sinew::model::{Fit, Input};
use sinew::problem::{L1, dual_bound};
use sinew::select::Rule;
use sinew::solver::graphical_lasso::{Settings, Solution, solve};
use sinew::solver::{Algorithm, Moments};
use sinew::{Context, ErrorKind, Matrix};

/// Correlated data whose columns have standard deviations over so many decades.
fn data(n: usize, p: usize, mix: f64, decades: f64, seed: u64) -> Matrix {
    let x = correlated(n, p, mix, seed).standardize().expect("columns that vary");
    let scale = |j: usize| 10f64.powf(decades * ((j + seed as usize) % 5) as f64 / 4.0);
    Matrix::from_fn(n, p, |i, j| x.view()[(i, j)] * scale(j))
}

fn covariance(x: &Matrix) -> Array2<f64> {
    let input = Input::data(x).expect("an input");
    input.s(&Context::new()).expect("a covariance").to_owned()
}

/// The smallest lambda that leaves no edge.
fn largest(s: &Array2<f64>) -> f64 {
    Moments::Whole(s.view()).largest(None, &Context::new()).expect("no limit")
}

fn settings(tol: f64) -> Settings {
    Settings { tol, max_iter: 1000 }
}

fn try_fit(s: &Array2<f64>, penalty: &L1, tol: f64) -> sinew::Result<Solution> {
    solve(Moments::Whole(s.view()), penalty, None, settings(tol), &Context::new().with_threads(1))
}

fn fit(s: &Array2<f64>, penalty: &L1, tol: f64) -> Solution {
    try_fit(s, penalty, tol).expect("a solution")
}

/// What a solution promises, recomputed; `closer` is the solution for a smaller tolerance.
fn verify(s: ArrayView2<'_, f64>, penalty: &L1, solution: &Solution, tol: f64) -> Result<(), String> {
    let theta = solution.theta.to_dense();
    let verdict = Problem::new(s, penalty).judge(&theta, tol).ok_or("theta is not positive definite")?;
    let (claimed, scale) = (solution.certificate, verdict.scale());
    let residual = 4.0 * verdict.inflation * (2.0 * (tol * scale + verdict.noise)).sqrt();
    let facts = [
        (solution.converged, "it did not converge"),
        (theta == theta.t(), "theta is not symmetric"),
        (verdict.gap <= (tol + 1e-12) * scale + verdict.noise, "the gap is larger than tol"),
        (verdict.residual <= residual, "the optimality conditions do not hold"),
        ((claimed.primal - verdict.objective).abs() <= 1e-12 * scale + verdict.noise, "the primal value is wrong"),
        (claimed.kkt * (1.0 + 1e-9) + verdict.kkt_noise >= verdict.kkt, "kkt is larger than claimed"),
        (claimed.gap >= 0.0 && claimed.relative_gap() <= tol, "the claimed gap is not within tol"),
    ];
    match facts.iter().find(|(holds, _)| !holds) {
        Some((_, wrong)) => Err(format!("{wrong}: {verdict:?}; the solver says {solution:?}")),
        None => Ok(()),
    }
}

/// Fits, verifies, and holds the claimed gap against the minimum that a much smaller tolerance finds.
fn fit_and_verify(s: &Array2<f64>, penalty: &L1, tol: f64) -> Result<Solution, String> {
    let solution = try_fit(s, penalty, tol).map_err(|error| error.to_string())?;
    verify(s.view(), penalty, &solution, tol)?;
    let problem = Problem::new(s.view(), penalty);
    let closer = try_fit(s, penalty, 1e-4 * tol).map_err(|error| error.to_string())?.theta.to_dense();
    let verdict = problem.judge(&solution.theta.to_dense(), f64::INFINITY).ok_or("theta is not positive definite")?;
    let missing = verdict.objective - problem.objective(&closer).ok_or("the closer theta is not positive definite")?;
    let claimed = solution.certificate.gap;
    if missing > claimed + 1e-13 * verdict.scale() + 2.0 * verdict.noise {
        return Err(format!("the claimed gap {claimed:e} is less than {missing:e}, which is missing: {verdict:?}"));
    }
    Ok(solution)
}

/// Weights of pairs: some forbidden, some pairs of neighbours free, the others different.
fn weights(p: usize, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut weights = Array2::ones((p, p));
    for i in 0..p {
        for j in 0..i {
            let draw: f64 = rng.random_range(0.0..1.0);
            // Free entries that share no variable: on them S is positive definite, so that there is a minimum.
            let is_couple = i == j + 1 && j % 2 == 0;
            let weight = match draw {
                _ if is_couple && draw < 0.5 => 0.0,
                _ if draw > 0.9 => f64::INFINITY,
                _ => 0.3 + 2.0 * draw,
            };
            (weights[(i, j)], weights[(j, i)]) = (weight, weight);
        }
    }
    weights
}

/// The same cases in every run.
fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, rng_seed: RngSeed::Fixed(20_080_101), ..ProptestConfig::default() }
}

const TOLERANCES: [f64; 3] = [1e-4, 1e-6, 1e-9];

proptest! {
    #![proptest_config(cases(90))]

    #[test]
    fn one_penalty_for_all_pairs(
        seed in 0u64..10_000, p in 1usize..=40, n in 3usize..80, mix in 0.0..2.0f64, is_wide in any::<bool>(),
        exponent in -4.0..0.05f64, penalize in any::<bool>(), loose in 0usize..6,
    ) {
        let s = covariance(&data(n, p, mix, if is_wide { 3.0 } else { 0.0 }, seed));
        let penalty = L1::scalar(10f64.powf(exponent) * largest(&s), penalize);
        let tol = TOLERANCES[loose.min(2)];
        fit_and_verify(&s, &penalty, tol).map_err(TestCaseError::fail)?;
    }
}

proptest! {
    #![proptest_config(cases(70))]

    #[test]
    fn penalties_for_each_pair(
        seed in 0u64..10_000, p in 1usize..=40, n in 6usize..80, mix in 0.0..1.0f64,
        exponent in -3.0..0.0f64, penalize in any::<bool>(), loose in 1usize..4,
    ) {
        let s = covariance(&data(n, p, mix, 0.0, seed));
        let lambda = (10f64.powf(exponent) * largest(&s)).max(1e-4);
        let penalty = L1::matrix(weights(p, seed).mapv(|weight| lambda * weight), penalize, "penalties");
        let penalty = penalty.expect("penalties");
        let tol = TOLERANCES[loose.min(2)];
        let solution = fit_and_verify(&s, &penalty, tol).map_err(TestCaseError::fail)?;
        for (i, j, _) in solution.theta.pairs() {
            proptest::prop_assert!(penalty.at(i, j).is_finite(), "the forbidden pair {i}, {j} is an edge");
        }
    }
}

#[test]
fn a_tight_tolerance_meets_the_conditions_themselves() {
    for seed in 0..6 {
        let s = covariance(&data(60, 20, 1.0, 0.0, seed));
        let penalty = L1::scalar(0.2 * largest(&s), seed % 2 == 0);
        let solution = fit(&s, &penalty, 1e-12);
        let verdict = Problem::new(s.view(), &penalty).judge(&solution.theta.to_dense(), 1e-12).expect("a theta");
        assert!(solution.converged && verdict.kkt < 1e-6 && verdict.gap <= 1e-12 * verdict.scale(), "{verdict:?}");
    }
}

#[test]
fn the_bound_by_w_holds_for_any_theta_and_feasible_w() {
    let ctx = Context::new();
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let (mut held, mut asked) = (0, 0);
    for seed in 0..12 {
        let s = covariance(&data(25, 8, 0.8, 0.0, seed));
        let penalty = L1::scalar(0.3 * largest(&s), seed % 2 == 0);
        let problem = Problem::new(s.view(), &penalty);
        let best = fit(&s, &penalty, 1e-13);
        let least = problem.objective(&best.theta.to_dense()).expect("positive definite");
        for push in [0.0, 1e-6, 1e-4, 1e-2, 0.05, 0.2] {
            let mut noise = || rng.random_range(-push..=push);
            let pairs: Vec<(u32, u32, f64)> =
                best.theta.pairs().map(|(i, j, value)| (i as u32, j as u32, value + noise())).collect();
            let diagonal = best.theta.diagonal().iter().map(|value| value * (1.0 + noise())).collect();
            let theta = SparseSymmetric::from_upper(diagonal, &pairs);
            let Some(verdict) = problem.judge(&theta.to_dense(), f64::INFINITY) else { continue };
            let inverse = Cholesky::new(theta.to_dense().view()).expect("positive definite").inverse();
            let mut w = inverse;
            for i in 0..8 {
                for j in 0..=i {
                    let (center, bound) = (s[(i, j)], penalty.at(i, j));
                    w[(i, j)] = (w[(i, j)] + noise()).clamp(center - bound, center + bound);
                    w[(j, i)] = w[(i, j)];
                }
            }
            asked += 1;
            let Some(certificate) = dual_bound(s.view(), &penalty, &theta, w.view(), &ctx).expect("no limit") else {
                continue;
            };
            held += 1;
            let missing = verdict.objective - least;
            let place = format!("seed {seed}, push {push}: {certificate:?}, {missing:e} missing, {verdict:?}");
            assert!(certificate.gap >= missing - 1e-12 * verdict.scale(), "{place}");
            assert!(certificate.kkt * (1.0 + 1e-9) + verdict.kkt_noise >= verdict.kkt, "{place}");
            assert!((certificate.primal - verdict.objective).abs() < 1e-11 * verdict.scale(), "{place}");
        }
    }
    assert!(2 * held > asked, "{held} bounds of {asked}");
}

/// Groups of 4 columns that depend on each other, more than columns of different groups do.
fn in_groups(n: usize, p: usize, seed: u64) -> Matrix {
    let (own, shared) = (correlated(n, p, 0.0, seed), correlated(n, p.div_ceil(4), 0.0, seed + 1000));
    let x = Matrix::from_fn(n, p, |i, j| own.view()[(i, j)] + 1.5 * shared.view()[(i, j / 4)]);
    x.standardize().expect("columns that vary")
}

#[test]
fn screened_parts_solve_the_whole_problem_from_s_and_from_data() {
    let ctx = Context::new();
    for seed in 0..4 {
        let x = in_groups(60, 30, seed);
        let s = covariance(&x);
        for fraction in [0.9, 0.7, 0.5, 0.2] {
            let penalty = L1::scalar(fraction * largest(&s), seed % 2 == 0);
            let whole = fit(&s, &penalty, 1e-12);
            let place = format!("seed {seed}, fraction {fraction}");
            assert!(fraction < 0.5 || whole.components.len() > 2, "{place}: nothing was screened");
            // The certificate recomputed here knows nothing of components.
            verify(s.view(), &penalty, &whole, 1e-12).unwrap_or_else(|wrong| panic!("{place}: {wrong}"));
            let variables = x.center().transpose();
            let streamed = solve(Moments::Samples(variables.view()), &penalty, None, settings(1e-12), &ctx);
            let streamed = streamed.expect("a solution");
            assert_eq!(streamed.components, whole.components, "{place}");
            let far = distance(&whole.theta.to_dense().into(), &streamed.theta.to_dense().into());
            assert!(far < 1e-7, "{place}: {far:e}");
        }
    }
}

/// The largest difference of two precision matrices, in units of (Theta_ii Theta_jj)^1/2.
fn relative_distance(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    let unit = |(i, j): (usize, usize)| (b[(i, i)] * b[(j, j)]).sqrt();
    a.indexed_iter().map(|(place, value)| (value - b[place]).abs() / unit(place)).fold(0.0, f64::max)
}

#[test]
fn warm_starts_from_any_other_penalty_end_where_cold_ones_do() {
    const GRID: usize = 24;
    const STEPS: usize = 600;
    let tol = 1e-12;
    let ctx = Context::new().with_threads(1);
    for (seed, (n, p, is_matrix)) in
        [(40, 10, false), (8, 12, false), (60, 9, true), (20, 15, true)].into_iter().enumerate()
    {
        let mut rng = ChaCha8Rng::seed_from_u64(seed as u64);
        let s = covariance(&data(n, p, 0.8, 0.0, seed as u64));
        let weights = weights(p, seed as u64);
        let most = largest(&s);
        let penalties: Vec<L1> = (0..GRID)
            .map(|k| {
                let lambda = most * 100f64.powf(-(k as f64) / (GRID - 1) as f64);
                // Every third has a penalised diagonal, so that steps change that too.
                if is_matrix {
                    L1::matrix(weights.mapv(|weight| lambda * weight), k % 3 == 0, "penalties").expect("penalties")
                } else {
                    L1::scalar(lambda, k % 3 == 0)
                }
            })
            .collect();
        let cold: Vec<Array2<f64>> = penalties.iter().map(|penalty| fit(&s, penalty, tol).theta.to_dense()).collect();
        let mut from = 0;
        let mut solution = fit(&s, &penalties[0], tol);
        for _ in 0..STEPS {
            let to = rng.random_range(0..GRID);
            let warm = Some((solution, &penalties[from]));
            solution = solve(Moments::Whole(s.view()), &penalties[to], warm, settings(tol), &ctx).expect("a solution");
            let theta = solution.theta.to_dense();
            let place = format!("n {n}, p {p}, from {:?} to {:?}", penalties[from], penalties[to]);
            assert!(solution.converged, "{place}: {}", solution.why_not(settings(tol)));
            assert!(Cholesky::new(theta.view()).is_some(), "{place}: theta is not positive definite");
            let far = relative_distance(&theta, &cold[to]);
            assert!(far < 1e-5, "{place}: {far:e} from the cold start");
            from = to;
        }
    }
}

#[test]
fn one_and_two_variables_have_closed_forms() {
    let one = Array2::from_elem((1, 1), 4.0);
    for (penalize, expected) in [(false, 0.25), (true, 0.2)] {
        assert_eq!(fit(&one, &L1::scalar(1.0, penalize), 1e-9).theta.diagonal(), [expected]);
    }
    let two = ndarray::array![[1.0, -0.6], [-0.6, 2.0]];
    for (lambda, w) in [(0.0, -0.6), (0.1, -0.5), (0.6, 0.0), (7.0, 0.0), (f64::INFINITY, 0.0)] {
        let solution = fit(&two, &L1::scalar(lambda, false), 1e-12);
        let determinant = 2.0 - w * w;
        let expected = ndarray::array![[2.0 / determinant, -w / determinant], [-w / determinant, 1.0 / determinant]];
        let far = relative_distance(&solution.theta.to_dense(), &expected);
        assert!(solution.converged && far < 1e-12, "lambda {lambda}: {far:e}");
        assert_eq!(solution.theta.n_pairs(), usize::from(w != 0.0), "lambda {lambda}");
    }
}

#[test]
fn copies_and_mirrored_columns_have_a_certified_solution() {
    let x = correlated(30, 4, 0.5, 2);
    // Column 4 is column 0 again, column 5 is column 1 with the other sign.
    let x = Matrix::from_fn(30, 6, |i, j| match j {
        4 => x.view()[(i, 0)],
        5 => -x.view()[(i, 1)],
        _ => x.view()[(i, j)],
    });
    let s = covariance(&x.standardize().expect("columns that vary"));
    for lambda in [0.3, 0.05, 1e-3] {
        for penalize in [false, true] {
            let penalty = L1::scalar(lambda, penalize);
            let place = format!("lambda {lambda}, diagonal {penalize}");
            let solution = fit_and_verify(&s, &penalty, 1e-9).unwrap_or_else(|wrong| panic!("{place}: {wrong}"));
            assert!(solution.theta.at(0, 4) < 0.0 && solution.theta.at(1, 5) > 0.0, "{place}");
        }
    }
    for s in [s, covariance(&data(6, 15, 0.5, 0.0, 1))] {
        let error = try_fit(&s, &L1::scalar(0.0, false), 1e-9).expect_err("a singular covariance");
        assert_eq!(error.kind(), ErrorKind::Numerical, "{error}");
        // A penalty on the diagonal alone makes it a problem with a solution.
        let ridge = L1::Scalar { lambda: 0.0, diagonal: 0.1 };
        fit_and_verify(&s, &ridge, 1e-9).unwrap_or_else(|wrong| panic!("penalised diagonal alone: {wrong}"));
    }
}

#[test]
fn forbidden_pairs_and_a_diagonal_covariance_leave_the_diagonal() {
    let s = covariance(&data(10, 15, 0.5, 1.0, 3));
    let forbidden = L1::matrix(Array2::from_elem((15, 15), f64::INFINITY), false, "penalties").expect("penalties");
    let diagonal = Array2::from_diag(&s.diag());
    for (s, penalty) in [(&s, &forbidden), (&diagonal, &L1::scalar(0.0, false)), (&diagonal, &L1::scalar(0.3, false))] {
        let solution = fit_and_verify(s, penalty, 1e-9).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_eq!((solution.theta.n_pairs(), solution.components.len()), (0, 15));
        let expected = s.diag().mapv(|variance| 1.0 / variance);
        let far = expected.iter().zip(solution.theta.diagonal()).map(|(a, b)| (a / b - 1.0).abs()).fold(0.0, f64::max);
        assert!(far < 1e-14, "{far:e}");
    }
    let error = L1::matrix(Array2::from_elem((3, 3), f64::INFINITY), true, "penalties").expect_err("no diagonal left");
    assert_eq!(error.kind(), ErrorKind::Argument, "{error}");
}

#[test]
fn theta_scales_inversely_with_the_units_of_the_data() {
    let s = covariance(&data(50, 12, 0.9, 0.0, 6));
    let lambda = 0.25 * largest(&s);
    let ctx = Context::new();
    let solved = |scale: f64, penalize: bool| {
        let input = Input::covariance_matrix(&s.mapv(|value| scale * value).into(), Some(50)).expect("a covariance");
        let model = GraphicalLasso::new().lambda(scale * lambda).penalize_diagonal(penalize).tol(1e-13);
        model.fit_input(&input, &ctx).expect("a fit")
    };
    for penalize in [false, true] {
        let reference = solved(1.0, penalize);
        for scale in [1e-150, 1e-30, 1e6, 1e150] {
            let own = solved(scale, penalize);
            let place = format!("scale {scale:e}, diagonal {penalize}: {own}");
            assert!(own.converged(), "{place}");
            let theta = own.precision().expect("precision").view().mapv(|value| scale * value);
            let expected = reference.precision().expect("precision").view().to_owned();
            let far = relative_distance(&theta, &expected);
            assert!(far < 1e-5, "{place}: {far:e}");
            assert_eq!(own.n_edges().expect("edges"), reference.n_edges().expect("edges"), "{place}");
        }
    }
}

#[test]
fn small_components_and_what_is_derived_from_theta_hold_at_every_scale() {
    let ctx = Context::new();
    // A pair, a triple and a single one.
    let s = ndarray::array![
        [1.0, 0.5, 0.0, 0.0, 0.0, 0.0],
        [0.5, 2.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.6, 0.3, 0.0],
        [0.0, 0.0, 0.6, 1.0, 0.4, 0.0],
        [0.0, 0.0, 0.3, 0.4, 3.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.5]
    ];
    let solved = |scale: f64, newton: bool| {
        let input = Input::covariance_matrix(&s.mapv(|value| scale * value).into(), Some(50)).expect("a covariance");
        let model = GraphicalLasso::new().lambda(0.1 * scale).tol(1e-12);
        if newton {
            return Estimate::of(model).solver(Algorithm::ProximalNewton).fit_input(&input, &ctx).expect("a fit");
        }
        model.fit_input(&input, &ctx).expect("a fit")
    };
    let reference = solved(1.0, false);
    assert_eq!(reference.n_edges().expect("edges"), 4);
    for scale in [1e-290, 1e-200, 1e-150, 1e3, 1e150, 1e200, 1e290] {
        for newton in [false, true] {
            let own = solved(scale, newton);
            let place = format!("scale {scale:e}, {own}");
            assert!(own.converged() && own.n_edges().expect("edges") == 4, "{place}");
            let kkt = own.certificate().expect("a certificate").kkt / scale;
            assert!((0.0..1e-5).contains(&kkt), "{place}: {kkt:e}");
            assert_eq!(own.graph(0.0).expect("a graph").n_edges(), 4, "{place}");
            let far = distance(
                &own.partial_correlation().expect("partial"),
                &reference.partial_correlation().expect("partial"),
            );
            assert!(far < 1e-5, "{place}: {far:e}");
        }
    }
}

#[test]
fn units_of_single_variables_do_not_change_what_a_certificate_says() {
    let s = covariance(&data(60, 8, 0.8, 0.0, 4));
    for decades in [3.0, 8.0] {
        let unit = |i: usize| if i.is_multiple_of(2) { 10f64.powf(decades) } else { 1.0 };
        let far = Array2::from_shape_fn((8, 8), |(i, j)| s[(i, j)] * unit(i) * unit(j));
        let lambda = Array2::from_shape_fn((8, 8), |(i, j)| if i == j { 0.0 } else { 0.1 * unit(i) * unit(j) });
        let penalty = L1::matrix(lambda, false, "penalties").expect("penalties");
        let solution = fit(&far, &penalty, 1e-12);
        let largest = far.diag().iter().copied().fold(0.0, f64::max);
        assert!(solution.converged && solution.certificate.kkt < 1e-5 * largest, "{:?}", solution.certificate);
    }
}

/// Fits a problem of seconds under this context; how it ended, and after how long.
fn ending(ctx: &Context, is_path: bool, input: &Input) -> (ErrorKind, Duration) {
    let start = Instant::now();
    let error = if is_path {
        GraphicalLassoPath::default().grid(30, 1e-3).fit_input(input.clone(), ctx).expect_err("no end in time")
    } else {
        GraphicalLasso::new().lambda(2e-4).tol(1e-12).fit_input(input, ctx).expect_err("no end in time")
    };
    (error.kind(), start.elapsed())
}

#[test]
fn a_cancel_and_a_time_limit_stop_a_fit_at_once() {
    let x = data(200, 400, 1.0, 0.0, 1);
    let input = Input::data(&x).expect("an input");
    // Computed before, so that what is stopped is the solver.
    input.s(&Context::new()).expect("a covariance");
    for is_path in [false, true] {
        let ctx = Context::new();
        let handle = ctx.cancel_handle();
        let (kind, time) = std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                handle.cancel();
            });
            ending(&ctx, is_path, &input)
        });
        assert!(kind == ErrorKind::Cancelled && time < Duration::from_millis(500), "{kind:?} after {time:?}");
        let limited = Context::new().with_time_limit(Duration::from_millis(30));
        let (kind, time) = ending(&limited, is_path, &input);
        assert!(kind == ErrorKind::Time && time < Duration::from_millis(500), "{kind:?} after {time:?}");
    }
}

/// The bits of a precision matrix.
fn bits(fit: &Fit) -> Vec<u64> {
    fit.precision().expect("precision").as_slice().iter().map(|value| value.to_bits()).collect()
}

#[test]
fn every_number_of_threads_gives_the_same_bytes() {
    let (many, wide) = (in_groups(70, 60, 1), data(60, 110, 0.7, 0.0, 2));
    let answers = |threads: usize| {
        let ctx = Context::new().with_threads(threads).with_seed(5);
        let own = GraphicalLasso::new().lambda(0.4).fit(&many, &ctx).expect("a fit");
        // From 100 variables on a path is solved in two parts.
        let path = GraphicalLassoPath::default().grid(8, 0.3).fit(&wide, &ctx).expect("a path");
        let mut answers: Vec<Vec<u64>> = (0..8).map(|k| bits(&path.fit(k, &ctx).expect("a fit"))).collect();
        let short = GraphicalLassoPath::default().grid(6, 0.3).fit(&many, &ctx).expect("a path");
        for rule in [
            Rule::CrossValidation { folds: 4, one_se: false },
            Rule::Stars { subsamples: 6, ratio: None, threshold: 0.1 },
        ] {
            let chosen = short.select(rule, &ctx.clone().with_seed(9)).expect("a fit");
            answers.push(format!("{:?}", chosen.selection()).bytes().map(u64::from).collect());
            answers.push(bits(&chosen));
        }
        answers.push(bits(&own));
        (own.added("n_components").map(|value| value.as_number()).expect("a count"), answers)
    };
    let (components, one) = answers(1);
    assert!(components.is_some_and(|count| count > 5.0), "{components:?} components");
    for threads in [2, 3] {
        let (_, others) = answers(threads);
        let differing: Vec<usize> = (0..one.len()).filter(|&k| one[k] != others[k]).collect();
        assert!(differing.is_empty(), "{threads} threads: answers {differing:?} differ from those of one");
    }
}
