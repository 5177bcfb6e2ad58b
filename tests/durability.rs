//! Processes that are killed while they save: the old file is there or the new one, never a part of one.
#![cfg(all(unix, feature = "cli"))]

#[path = "common/saves.rs"]
mod saves;

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use saves::{Save, saves, unfinished};

/// Kills for each kind of file.
const KILLS: usize = 9;

/// Numbers that scatter the moments of the kills.
struct Scatter(u64);

impl Scatter {
    fn below(&mut self, bound: Duration) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bound.mul_f64((self.0 >> 11) as f64 / (1u64 << 53) as f64)
    }
}

/// The program, with one seed: reports say it.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sinew"));
    command.args(["--seed", "1"]);
    command
}

fn run(arguments: &[&str]) {
    let output = program().args(arguments).output().expect("the program");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A folder with what one kind of save gives from two values, `known-0` and `known-1`, and the former as `target`.
struct Ground {
    folder: tempfile::TempDir,
    script: PathBuf,
}

impl Ground {
    fn new(save: &Save) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let Save { values, save: saving, .. } = save;
        let loaded = "let a = load(`${args[0]}/known-0.json`); let b = load(`${args[0]}/known-1.json`);";
        let first = format!(
            "{values} let values = [a, b]; for i in 0..2 {{ let x = values[i]; let to = `${{args[0]}}/known-${{i}}`; {saving} }}"
        );
        let script = folder.path().join("again.rhai");
        let again = format!(
            "{values} let values = [a, b]; let to = `${{args[0]}}/target`; for x in values {{ {saving} }} print(\"READY\"); \
             loop {{ for x in values {{ {saving} }} }}",
            values = if save.has_times { loaded } else { *values }
        );
        std::fs::write(&script, again).expect("a script");
        let ground = Self { folder, script };
        let once = ground.path("once.rhai");
        std::fs::write(&once, first).expect("a script");
        run(&["run", &once.display().to_string(), "--", &ground.folder.path().display().to_string()]);
        for ending in save.endings {
            std::fs::copy(ground.path(&format!("known-0.{ending}")), ground.path(&format!("target.{ending}")))
                .expect("a file");
        }
        ground
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A process that saves again and again, once it has begun to.
    fn saving(&self, name: &str) -> Child {
        let mut child = program()
            .arg("run")
            .arg(&self.script)
            .arg("--")
            .arg(self.folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        assert!(line.contains("READY"), "{name} cannot be saved: '{line}'");
        child
    }

    /// Each file of a save is the whole old one or the whole new one.
    fn check(&self, save: &Save) {
        for ending in save.endings {
            let read = |name: &str| std::fs::read(self.path(&format!("{name}.{ending}"))).expect(save.name);
            let target = read("target");
            assert!(
                target == read("known-0") || target == read("known-1"),
                "{}: {} bytes of .{ending} are neither the {} of the old file nor the {} of the new one",
                save.name,
                target.len(),
                read("known-0").len(),
                read("known-1").len()
            );
        }
    }

    /// What killed processes have left is known by its name, and goes with a later save, once it is old.
    fn check_leftovers(&self, name: &str) {
        let folder = self.folder.path();
        for left in unfinished(folder) {
            let id = left.strip_prefix(".sinew-").expect("the prefix");
            assert!(id.len() == 16 && id.chars().all(|c| c.is_ascii_hexdigit()), "{name}: {left}");
            let file = std::fs::File::options().write(true).open(folder.join(&left)).expect("a file");
            file.set_modified(SystemTime::now() - Duration::from_secs(3600)).expect("its time");
        }
        run(&["eval", &format!("[1].save(\"{}\")", self.path("later.json").display())]);
        assert_eq!(unfinished(folder).len(), 0, "{name}: {:?}", unfinished(folder));
    }
}

/// Kills processes that save one kind of file; how many kills hit an unfinished one.
fn kill_while_saving(save: &Save, scatter: &mut Scatter) -> usize {
    let ground = Ground::new(save);
    let mut hits = 0;
    for _ in 0..KILLS {
        let before = unfinished(ground.folder.path()).len();
        let mut child = ground.saving(save.name);
        std::thread::sleep(scatter.below(Duration::from_millis(60)));
        child.kill().expect("a kill");
        child.wait().expect("its end");
        ground.check(save);
        hits += unfinished(ground.folder.path()).len() - before;
    }
    assert!(hits <= KILLS, "{}: each process leaves one file at most", save.name);
    ground.check_leftovers(save.name);
    hits
}

#[test]
fn a_kill_leaves_the_old_file_or_the_new_one() {
    let started = Instant::now();
    let all = saves();
    let count = all.len() * KILLS;
    let queue = Mutex::new(VecDeque::from(all));
    let work = |seed: u64| {
        let mut scatter = Scatter(seed);
        let mut hits = 0;
        loop {
            let next = queue.lock().expect("the queue").pop_front();
            let Some(save) = next else { return hits };
            hits += kill_while_saving(&save, &mut scatter);
        }
    };
    let hits: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=2).map(|seed| scope.spawn(move || work(seed))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread")).sum()
    });
    println!("{count} kills, {hits} within a save, {:.1} s", started.elapsed().as_secs_f64());
    assert!(count >= 200 && hits * 4 >= count, "{hits} of {count} kills were within a save");
}

/// Kills a process at scattered moments of its time, counted from when `begun` says so.
fn kill_at_any_time(arguments: &[&str], begun: impl Fn() -> bool, time: Duration, scatter: &mut Scatter, home: &Path) {
    let mut child = program().args(arguments).env("TMPDIR", home).stdout(Stdio::null()).spawn().expect("the program");
    while !begun() && child.try_wait().expect("its state").is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(scatter.below(time));
    child.kill().expect("a kill");
    child.wait().expect("its end");
}

#[test]
fn checkpoints_of_a_training_that_is_killed_are_models() {
    if cfg!(not(feature = "nn")) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("checkpoint.json").display().to_string();
    let script = format!(
        "let pairs = [#{{ x: randn(30, 8, #{{ seed: 1 }}), truth: eye(8) }}]; \
         loop {{ Glad(#{{ steps: 2 }}).train(pairs, #{{ epochs: 2, seed: 1, checkpoint: \"{path}\" }}); }}"
    );
    let mut scatter = Scatter(5);
    for _ in 0..KILLS {
        let is_there = || Path::new(&path).exists();
        kill_at_any_time(&["eval", &script], is_there, Duration::from_millis(150), &mut scatter, folder.path());
        run(&["eval", &format!("assert(type_of(load(\"{path}\")) == \"TrainedModel\")")]);
    }
}

#[test]
fn definitions_and_pages_are_whole_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut scatter = Scatter(9);
    let [known, target] = ["known.rhai", "target.rhai"].map(|name| folder.path().join(name).display().to_string());
    let started = Instant::now();
    run(&["definitions", "--out", &known]);
    let time = started.elapsed();
    let new = std::fs::read(&known).expect("definitions");
    for _ in 0..KILLS {
        std::fs::write(&target, "old").expect("a file");
        kill_at_any_time(&["definitions", "--out", &target], || true, time, &mut scatter, folder.path());
        let got = std::fs::read(&target).expect("definitions");
        assert!(got == b"old" || got == new, "{} bytes", got.len());
    }
    // The pages take seconds, and are written in the end.
    let pages = folder.path().join("pages");
    let out = pages.display().to_string();
    for _ in 0..2 {
        let begun = || pages.join("index.html").exists();
        let arguments = ["doc", "--force", "--out", out.as_str()];
        kill_at_any_time(&arguments, begun, Duration::from_millis(30), &mut scatter, folder.path());
        let written = std::fs::read_dir(&pages).expect("pages").map(|page| page.expect("a page").path());
        for page in written.filter(|page| page.extension().is_some_and(|extension| extension == "html")) {
            let text = std::fs::read_to_string(&page).expect("a page");
            assert!(text.trim_end().ends_with("</html>"), "{} is cut off after {} bytes", page.display(), text.len());
        }
        std::fs::remove_file(pages.join("index.html")).ok();
    }
}
