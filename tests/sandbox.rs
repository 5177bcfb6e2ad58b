//! The hostile corpus, `tests/sandbox/`: every script in a process of its own, measured from outside.
//!
//! Each has to end with the error that its first lines name, within its time and 0.2 s, and its memory and 10 %; the host goes
//! on, and so does the session. `SINEW_CORPUS="FILE .." cargo test --test sandbox corpus -- --nocapture` runs some of them.
#![cfg(target_os = "linux")]

#[path = "sandbox/ground.rs"]
mod ground;
#[path = "sandbox/script.rs"]
mod script;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use sinew::script::{Session, SessionOptions};

use script::{Script, scripts};

/// What a script may take beyond its time.
const LATE: Duration = Duration::from_millis(200);
/// What it may take beyond its memory.
const MORE: f64 = 1.1;
/// A process that says nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(20);
/// Times that a script is tried: a machine that has been asleep makes it late, and nothing else.
const TRIES: usize = 3;
/// What a host gives a thread that runs scripts.
const STACK: usize = 8 << 20;

#[test]
fn corpus() {
    let chosen = std::env::var("SINEW_CORPUS").ok();
    let files = scripts(chosen.as_deref());
    assert!(chosen.is_some() || files.len() >= 150, "{} scripts", files.len());
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let work = || {
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome =
                (1..=TRIES).map(|_| attack(file)).find_or_last(|outcome| !matches!(outcome, Err(Failure::Late(_))));
            match outcome {
                Some(Ok(line)) => println!("pass {line}"),
                Some(Err(Failure::Late(line) | Failure::Wrong(line))) => {
                    println!("FAIL {line}");
                    failures.lock().expect("no panic").push(line);
                }
                None => {}
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let failures = failures.into_inner().expect("no panic");
    assert!(failures.is_empty(), "{} of {} scripts:\n{}", failures.len(), files.len(), failures.join("\n"));
}

trait FindOrLast: Iterator + Sized {
    /// The first that is as wanted; the last where none is.
    fn find_or_last(self, is_wanted: impl Fn(&Self::Item) -> bool) -> Option<Self::Item> {
        let mut last = None;
        for item in self {
            let is_end = is_wanted(&item);
            last = Some(item);
            if is_end {
                break;
            }
        }
        last
    }
}
impl<I: Iterator> FindOrLast for I {}

/// Why a script has not passed.
enum Failure {
    /// Too late, which a busy machine may be the reason of.
    Late(String),
    Wrong(String),
}

/// Runs a script in a process; a line that says what came of it.
fn attack(file: &Path) -> Result<String, Failure> {
    let place = tempfile::tempdir().expect("a folder");
    let (inside, outside) = (place.path().join("ground"), place.path().join("outside"));
    for folder in [&inside, &outside] {
        std::fs::create_dir(folder).expect("a folder");
    }
    let script = Script::read(file, &inside).map_err(Failure::Wrong)?;
    if script.has_files {
        ground::make(&inside, &outside, &script.text).expect("a ground");
    }
    let before = contents(&outside);
    let mut host = Host::start(file, &inside);
    let outcome = host.run(&script);
    let ended = host.end();
    let line = match (outcome, ended) {
        (Ok(line), Ok(())) => line,
        (Ok(line), Err(error)) => return Err(Failure::Wrong(format!("{line} | {error}"))),
        (Err(Failure::Wrong(line)), Err(error)) => return Err(Failure::Wrong(format!("{line} | {error}"))),
        (Err(failure), _) => return Err(failure),
    };
    match contents(&outside) == before {
        true => Ok(line),
        false => Err(Failure::Wrong(format!("{} has changed what is outside of its folder", script.name))),
    }
}

/// The files of a folder that no script may touch.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let files = entries.map(|path| match path.is_dir() {
        true => contents(&path).into_iter().collect(),
        false => vec![(path.clone(), std::fs::read(&path).unwrap_or_default())],
    });
    files.flatten().collect()
}

/// A process that runs one script in a session.
struct Host {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
}

impl Host {
    fn start(file: &Path, inside: &Path) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .args(["--exact", "host", "--ignored", "--nocapture"])
            .env("SINEW_SCRIPT", file)
            .env("SINEW_GROUND", inside)
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let stdin = child.stdin.take().expect("its input");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let said =
                stdout.lines().map_while(Result::ok).filter_map(|line| Some(line.strip_prefix('@')?.to_string()));
            said.take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
        });
        Self { child, stdin, lines }
    }

    /// The rest of the next line that begins with a word.
    fn hear(&self, name: &str, word: &str) -> Result<String, Failure> {
        let missing = |why: String| Failure::Wrong(format!("{name}: no '{word}': {why}"));
        let line = self.lines.recv_timeout(PATIENCE).map_err(|error| missing(error.to_string()))?;
        line.strip_prefix(word).map(|rest| rest.trim().to_string()).ok_or_else(|| missing(format!("'{line}'")))
    }

    fn go_on(&mut self) {
        // A process that has ended is seen by what it does not say.
        let _ = writeln!(self.stdin);
    }

    /// Kilobytes of the process that the system tells under this name.
    fn memory(&self, name: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
    }

    /// How long the process' threads have been ready while no processor was free for them: the longest of all.
    fn waited(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten();
        let waits = threads.filter_map(|thread| {
            let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
        });
        waits.max().unwrap_or_default()
    }

    fn run(&mut self, script: &Script) -> Result<String, Failure> {
        let name = &script.name;
        self.hear(name, "ready")?;
        // The peak begins again where the system allows it; it is too high otherwise, never too low.
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5");
        let held = self.memory("VmRSS");
        let (started, waited) = (Instant::now(), self.waited());
        self.go_on();
        let end = self.hear(name, "end")?;
        // A busy machine says nothing about the script.
        let seconds = started.elapsed().saturating_sub(self.waited().saturating_sub(waited));
        let peak = (self.memory("VmHWM").saturating_sub(held) * 1024) as f64;
        self.go_on();
        let end: serde_json::Value = serde_json::from_str(&end).expect("JSON");
        let (code, message) = (end["code"].as_str().unwrap_or(""), end["message"].as_str().unwrap_or(""));
        let shown: String = message.chars().take(160).collect();
        let line = format!("{name}: {code} {shown} | {} ms, {:.0} MB", seconds.as_millis(), peak / 1e6);
        let is_end = match script.codes.as_slice() {
            [] => code.is_empty() && message == "true",
            codes => codes.iter().any(|wanted| wanted == code),
        };
        let wrong = |what: &str| Err(Failure::Wrong(format!("{line} | {what}")));
        if !is_end {
            return wrong(&format!(
                "has to end with {}",
                if script.codes.is_empty() { "true".into() } else { script.codes.join(" or ") }
            ));
        }
        if let Some(says) = script.says.as_deref().filter(|&says| !message.contains(says)) {
            return wrong(&format!("does not say '{says}'"));
        }
        if peak > MORE * script.memory as f64 {
            return wrong(&format!("takes more than its {} MB", script.memory / 1_000_000));
        }
        self.hear(name, "usable")?;
        match seconds > script.time + LATE {
            true => Err(Failure::Late(format!("{line} | takes more than its {} ms", script.time.as_millis()))),
            false => Ok(line),
        }
    }

    /// Whether it ends as it should.
    fn end(mut self) -> Result<(), String> {
        self.go_on();
        drop(self.stdin);
        let started = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(format!("the host ended: {status}")),
                Ok(None) if started.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(2)),
                _ => {
                    let _ = self.child.kill();
                    let _ = self.child.wait();
                    return Err("the host does not end".into());
                }
            }
        }
    }
}

/// The process of one script: says when it is ready, how the script has ended, and whether the session is usable.
#[test]
#[ignore = "what `corpus` starts"]
fn host() {
    let (Ok(file), Ok(inside)) = (std::env::var("SINEW_SCRIPT"), std::env::var("SINEW_GROUND")) else { return };
    let script = Script::read(Path::new(&file), Path::new(&inside)).expect("a script");
    let work = std::thread::Builder::new().stack_size(STACK).spawn(move || serve(&script)).expect("a thread");
    work.join().expect("the host goes on");
}

fn serve(script: &Script) {
    let mut session = Session::new(SessionOptions::default().sandbox(script.sandbox.clone()).seed(1).on_print(|_| {}));
    session.engine_mut().register_fn("host_panics", || -> i64 { panic!("the host's own function") });
    session.engine_mut().register_fn("host_fails", || -> Result<i64, Box<sinew::script::rhai::EvalAltResult>> {
        Err("the host's own error".into())
    });
    assert_eq!(session.eval_as::<f64>("eye(2).sum()").expect("a session"), 2.0);
    say("ready");
    wait();
    let outcome = session.eval(&script.text);
    let end = match &outcome {
        Ok(value) => {
            serde_json::json!({ "code": "", "message": value.to_string().chars().take(1000).collect::<String>() })
        }
        Err(error) => serde_json::json!({
            "code": error.error.kind().code(),
            "message": error.error.to_string().chars().take(1000).collect::<String>(),
        }),
    };
    say(&format!("end {end}"));
    wait();
    drop(outcome);
    let answer = session.eval_as::<i64>(
        "fn after(x) { x + 1 } let of_later = randn(30, 3).graphical_lasso(#{ lambda: 0.3 }); after(41)",
    );
    assert_eq!(answer.expect("the session goes on"), 42);
    // What it holds goes as well as it came.
    drop(session);
    say("usable");
    wait();
}

fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "\n@{line}").and_then(|()| out.flush()).expect("an output");
}

fn wait() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("an input");
}
