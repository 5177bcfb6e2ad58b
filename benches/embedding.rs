//! What scripts cost a host: calls of functions, entries of matrices, sessions, parallel loops. Ratios come first, and say
//! whether they are within their bounds; `cargo bench --bench embedding`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use divan::Bencher;
use sinew::Matrix;
use sinew::script::{Sandbox, Session};

/// Times around each loop of a script.
const TURNS: usize = 50_000;
/// Runs that a median is taken of.
const RUNS: usize = 11;
/// What a call of ours may take, as a multiple of a call of an empty function of the host's own.
const CALL: f64 = 1.3;
/// Nanoseconds that reading an entry may take.
const ENTRY: f64 = 300.0;
/// Nanoseconds that making a session may take.
const START: f64 = 1e6;

fn main() {
    calls("trusted", &mut trusted());
    calls("sandboxed", &mut sandboxed());
    starts();
    parallel();
    divan::main();
}

/// A session with a matrix `m`, positions `i` and `j`, and functions of the host's own that do nothing.
fn with_functions(mut session: Session) -> Session {
    let engine = session.engine_mut();
    engine.register_fn("nothing", || 0.0_f64);
    engine.register_fn("nothing", |_: &mut Matrix, _: i64, _: i64| 0.0_f64);
    engine.register_get("nothing", |_: &mut Matrix| 0_i64);
    session.eval("let m = ones(10, 10); let v = m.row(0); let i = 2; let j = 3;").expect("variables");
    session
}

/// As the program runs scripts.
fn trusted() -> Session {
    with_functions(Session::trusted())
}

/// As hosts run scripts of others: with limits, which time is read for.
fn sandboxed() -> Session {
    with_functions(Session::with_sandbox(Sandbox::new().time(Duration::from_secs(3600)).operations(u64::MAX)))
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// Nanoseconds of an expression, without the loop around it; each beside the others, since machines change their pace.
fn nanoseconds(session: &mut Session, expressions: &[&str]) -> Vec<f64> {
    let mut time = |body: &str| {
        let script = format!("for turn in 0..{TURNS} {{ {body} }}");
        let started = Instant::now();
        session.eval(&script).expect("a loop");
        started.elapsed().as_secs_f64() * 1e9 / TURNS as f64
    };
    let mut taken = vec![Vec::with_capacity(RUNS); expressions.len()];
    for _ in 0..RUNS {
        let around = time("");
        for (taken, expression) in taken.iter_mut().zip(expressions) {
            taken.push((time(&format!("{expression};")) - around).max(0.0));
        }
    }
    taken.into_iter().map(median).collect()
}

/// The seconds that `work` takes.
fn seconds(mut work: impl FnMut()) -> f64 {
    let run = |_| {
        let started = Instant::now();
        work();
        started.elapsed().as_secs_f64()
    };
    median((0..RUNS * 10).map(run).collect())
}

fn verdict(is_within: bool) -> &'static str {
    if is_within { "within" } else { "TOO SLOW" }
}

fn calls(kind: &str, session: &mut Session) {
    println!("{kind}: ns, and as a multiple of the host's own empty function of the same form; at most {CALL}");
    let pairs = [
        ("inf()", "nothing()"),
        ("threads()", "nothing()"),
        ("m.rows", "m.nothing"),
        ("m.get(i, j)", "m.nothing(i, j)"),
        ("get(m, i, j)", "nothing(m, i, j)"),
    ];
    let expressions: Vec<&str> = pairs.iter().flat_map(|&(ours, theirs)| [ours, theirs]).collect();
    let taken = nanoseconds(session, &expressions);
    for (&(ours, _), taken) in pairs.iter().zip(taken.chunks(2)) {
        let ratio = taken[0] / taken[1];
        println!("  {ours:14} {:7.0} {:7.0} {ratio:6.2}  {}", taken[0], taken[1], verdict(ratio <= CALL));
    }
    let plain = ["m[[i, j]]", "v[i]", "i + j", "1.5 * i", "i < j", "1.5 < i"];
    let taken = nanoseconds(session, &plain);
    for (at, (expression, taken)) in plain.iter().zip(&taken).enumerate() {
        let verdict = if at == 0 { verdict(*taken <= ENTRY) } else { "" };
        println!("  {expression:14} {taken:7.0}  {verdict}");
    }
}

fn starts() {
    let first = Instant::now();
    black_box(Session::trusted());
    println!("sessions: us; at most {} each", START / 1e3);
    println!("  one more after the first of this process: {:.0}", first.elapsed().as_secs_f64() * 1e6);
    let mut parent = sandboxed();
    parent.eval("let large = zeros(1000, 1000); fn f(x) { 2 * x }").expect("variables");
    let ways: [(&str, &dyn Fn()); 4] = [
        ("Session::trusted()", &|| drop(black_box(Session::trusted()))),
        ("Session::sandboxed()", &|| drop(black_box(Session::sandboxed()))),
        ("Session::with_sandbox(..)", &|| drop(black_box(Session::with_sandbox(Sandbox::new().threads(1))))),
        ("session.fork()", &|| drop(black_box(parent.fork()))),
    ];
    for (name, way) in ways {
        let taken = seconds(way) * 1e9;
        println!("  {name:28} {:7.1}  {}", taken / 1e3, verdict(taken <= START));
    }
}

/// What `par_map` takes beyond the work of its items: for each call, and for each item.
fn parallel() {
    let mut session = trusted();
    let mut time = |script: &str| seconds(|| drop(black_box(session.eval(script).expect("a loop")))) * 1e6;
    let (one, many) = (time("par_map([0], |x| x)"), time("par_map(0..2000, |x| x)"));
    let plain = time("let list = []; for x in 0..2000 { list.push(x); } list.map(|x| x)");
    println!("par_map: us");
    println!("  of one item {one:.1}, of 2000 empty ones {many:.0}; the language's own map {plain:.0}");
}

#[divan::bench]
fn session(bencher: Bencher<'_, '_>) {
    bencher.bench_local(Session::sandboxed);
}

#[divan::bench]
fn session_and_a_line(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| Session::sandboxed().eval_as::<i64>("6 * 7").expect("a number"));
}

#[divan::bench(args = ["m[[i, j]]", "m.get(i, j)", "nothing(m, i, j)"])]
fn thousand_times(bencher: Bencher<'_, '_>, expression: &str) {
    let mut session = trusted();
    let script = format!("for turn in 0..1000 {{ {expression}; }}");
    bencher.bench_local(|| session.eval(&script).expect("a loop"));
}
