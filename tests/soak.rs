//! Sessions by the thousand on several threads: answers as on one thread, no deadlock, memory that stays flat.
//!
//! The ordinary run has 8 x 100 sessions. The long one, 8 x 10,000 in some minutes:
//! `cargo test --release --test soak -- --ignored --nocapture`.
#![cfg(feature = "parallel")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sinew::ErrorKind;
use sinew::script::{Sandbox, Session, SessionOptions};

const THREADS: usize = 8;
/// Nobody waits longer for one session.
const PATIENCE: Duration = Duration::from_secs(60);

/// Scripts with the code of the error that each ends with, none where it is empty.
const SCRIPTS: &[(&str, &str)] = &[
    ("let x = randn(30, 6); x.graphical_lasso(#{ lambda: 0.3 }).precision", ""),
    ("randn(40, 5).graphical_lasso_path(#{ n_lambdas: 4 }).select(\"ebic\").n_edges", ""),
    ("randn(30, 5).neighborhood_selection().graph().n_edges", ""),
    (
        "let g = random_graph(\"hub\", #{ nodes: 10 }); let x = sample_gaussian(g.precision(), 50); \
      score(g, x.graphical_lasso(#{ lambda: 0.2 })).f1",
        "",
    ),
    (
        "let t = table([#{ g: \"a\", v: 1.0 }, #{ g: \"b\", v: 2.0 }, #{ g: \"a\", v: 5.0 }]); \
      t.group_by(\"g\").mean([\"v\"]).sort_by(\"g\").to_json()",
        "",
    ),
    (
        "let t = table([#{ g: \"a\", v: 1.0 }, #{ g: \"b\", v: 2.0 }]); let u = table([#{ g: \"a\", w: 7 }, #{ g: \"b\", w: 8 }]); \
      t.filter(|row| row.v > 1.5).join(u, \"g\").to_json()",
        "",
    ),
    (
        "let s = \"\"; for i in 0..200 { s += `${i},`; } let words = s.split(\",\"); print(words.len()); s.to_upper().len()",
        "",
    ),
    ("par_map(0..8, |i| randn(5, 5).sum() + i)", ""),
    ("par_reduce([1, 2, 3, 4, 5], |x| x * x, |a, b| a + b)", ""),
    (
        "fn total(v) { let sum = 0.0; for x in v { sum += x; } sum } let k = 3; let f = |x| x * k; \
      total([1.0, 2.0].map(|x| f.call(x)))",
        "",
    ),
    (
        "import \"std/consensus\" as consensus; let x = randn(30, 5); \
      let g = consensus::vote([x.graphical_lasso(#{ lambda: 0.2 }).graph(), x.graphical_lasso(#{ lambda: 0.3 }).graph()]); \
      g.n_edges",
        "",
    ),
    (
        "import \"std/compare\" as compare; let x = randn(30, 5); \
      compare::overlap(x.graphical_lasso(#{ lambda: 0.2 }).graph(), x.graphical_lasso(#{ lambda: 0.3 }).graph()).len()",
        "",
    ),
    ("Report(\"Title\").add(\"text\").add(random_graph(\"hub\", #{ nodes: 8 })).add(eye(3)).to_html().len()", ""),
    ("try { eye(2) + eye(3) } catch (e) { e.message }", ""),
    ("let m = randn(20, 4); m.sparse().shape", ""),
    ("warn(\"careful\"); debug(1); emit(#{ a: [1, 2, 3] }); nan()", ""),
    ("eye(2) + eye(3)", "E020"),
    ("throw #{ code: 5 }", "E002"),
    ("let x = ;", "E001"),
    ("undefined_name + 1", "E001"),
    ("randn(9, 2).graphical_lasso(#{ lamda: 1 })", "E010"),
    ("read_csv(\"/etc/passwd\")", "E061"),
    ("fn f(n) { f(n + 1) } f(0)", "E052"),
    ("let n = 0; loop { n += 1; }", "E052"),
    ("let s = \"text\"; loop { print(s); }", "E052"),
    ("let v = []; v.pad(100000000, 1);", "E052"),
    ("zeros(100000, 100000)", "E051"),
    ("par_map(0..4, |i| if i == 2 { zeros(100000, 100000) } else { i })", "E051"),
    ("sleep(60)", "E050"),
];

/// What a script gives: its value or its error, what it printed and how often it warned.
fn outcome(number: usize, base: &Session) -> Result<String, String> {
    let (script, code) = SCRIPTS[number % SCRIPTS.len()];
    let printed = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&printed);
    let is_slow = code == ErrorKind::Time.code();
    let mut session = if number.is_multiple_of(5) && !is_slow {
        base.fork()
    } else {
        let time = Duration::from_millis(if is_slow { 200 } else { 10_000 });
        Session::new(options(time).on_print(move |text| {
            if let Ok(mut printed) = sink.lock() {
                printed.push_str(text);
                printed.push('\n');
            }
        }))
    };
    let result = session.eval(script);
    let got = result.as_ref().err().map_or("", |error| error.error.kind().code());
    if got != code {
        return Err(format!("{script}\n  ends with '{got}', not '{code}': {result:?}"));
    }
    let shown = match result {
        Ok(value) => value.to_json().to_string(),
        Err(error) => error.error.to_string(),
    };
    // Whatever has happened, the session goes on.
    match session.eval_as::<i64>("20 + 1") {
        Ok(21) => {}
        other => return Err(format!("{script}\n  leaves a session that gives {other:?}")),
    }
    let printed = printed.lock().map_err(|_| "a lock".to_string())?;
    Ok(format!("{shown}\n{printed}\n{} warnings, {:?}", session.warnings().len(), session.emitted()))
}

fn options(time: Duration) -> SessionOptions {
    // Other sessions of the process grow too: what it holds says nothing about one of them.
    let sandbox =
        Sandbox::new().time(time).operations(30_000).output(2000).memory(100_000_000).threads(2).watch_process(false);
    SessionOptions::default().seed(7).sandbox(sandbox)
}

/// The session that others are forked from.
fn base() -> Session {
    Session::new(options(Duration::from_secs(10)))
}

/// Bytes of the process that are in memory; 0 where the system does not say.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

/// The largest of some sizes in memory.
fn peak(sizes: &[usize]) -> usize {
    sizes.iter().copied().max().unwrap_or(0)
}

/// The size in the middle.
fn median(sizes: &[usize]) -> usize {
    let mut sorted = sizes.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

/// Runs so many sessions on each thread; sizes of the process meanwhile, a hundred of them or more.
fn soak(sessions: usize) -> Vec<usize> {
    let expected: Arc<Vec<String>> = {
        let base = base();
        Arc::new(
            (0..SCRIPTS.len() * 5).map(|number| outcome(number, &base).unwrap_or_else(|e| panic!("{e}"))).collect(),
        )
    };
    let started = Instant::now();
    let done = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = channel::<Result<(), String>>();
    for thread in 0..THREADS {
        let (expected, done, sender) = (Arc::clone(&expected), Arc::clone(&done), sender.clone());
        let work = move || {
            let base = base();
            for i in 0..sessions {
                let number = (i + thread * 7) % expected.len();
                let report = match outcome(number, &base) {
                    Ok(got) if got == expected[number] => Ok(()),
                    Ok(got) => Err(format!("{} on several threads, {} on one", got, expected[number])),
                    Err(error) => Err(error),
                };
                done.fetch_add(1, Ordering::Relaxed);
                if sender.send(report).is_err() {
                    return;
                }
            }
        };
        // As much stack as a program's first thread has.
        std::thread::Builder::new().stack_size(8 << 20).spawn(work).expect("a thread");
    }
    drop(sender);
    let mut sizes = Vec::new();
    let every = (THREADS * sessions / 200).max(1);
    let mut count = 0;
    loop {
        match receiver.recv_timeout(PATIENCE) {
            Ok(Ok(())) => count += 1,
            Ok(Err(error)) => panic!("after {count} sessions: {error}"),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                panic!("a deadlock: {} of {} sessions have ended", done.load(Ordering::Relaxed), THREADS * sessions)
            }
        }
        if count % every == 0 {
            sizes.push(resident());
        }
    }
    assert_eq!(count, THREADS * sessions, "a thread has ended before its work");
    let seconds = started.elapsed().as_secs_f64();
    println!("{count} sessions on {THREADS} threads in {seconds:.1} s, {:.0} a second", count as f64 / seconds);
    sizes
}

/// The median time in which a session is made, in microseconds.
fn start_of_a_session() -> f64 {
    let mut times: Vec<f64> = (0..300)
        .map(|i| {
            let started = Instant::now();
            let session = Session::new(SessionOptions::default().seed(i));
            let time = started.elapsed().as_secs_f64();
            drop(session);
            1e6 * time
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[test]
fn sessions_on_many_threads_answer_as_on_one() {
    let sizes = soak(100);
    println!("{} MB resident at most", peak(&sizes) >> 20);
}

#[test]
fn a_session_starts_in_less_than_a_millisecond() {
    let median = start_of_a_session();
    println!("a session is made in {median:.0} us");
    // The limit is for an optimised build.
    let limit = if cfg!(debug_assertions) { 5000.0 } else { 1000.0 };
    assert!(median < limit, "{median:.0} us");
}

#[test]
#[ignore = "takes minutes: cargo test --release --test soak -- --ignored --nocapture"]
fn eighty_thousand_sessions_leave_memory_flat() {
    let sizes = soak(10_000);
    let fifth = sizes.len() / 5;
    // Windows of the same length: the largest of many sizes is larger than that of few, leak or none, and one moment in which all
    // threads have their largest fit says nothing about what stays.
    let (early, late) = (median(&sizes[fifth / 2..fifth / 2 + fifth]), median(&sizes[sizes.len() - fifth..]));
    let megabytes = |size: usize| size as f64 / 1e6;
    println!(
        "resident: {:.1} MB in the first fifth, {:.1} MB in the last (medians), {:.1} MB at most; a session is made in {:.0} us",
        megabytes(early),
        megabytes(late),
        megabytes(peak(&sizes)),
        start_of_a_session()
    );
    assert!(late as f64 <= 1.05 * early as f64, "{:.1} MB have become {:.1} MB", megabytes(early), megabytes(late));
    assert!(peak(&sizes) as f64 <= 1.5 * early as f64, "{:.1} MB for a moment", megabytes(peak(&sizes)));
}
