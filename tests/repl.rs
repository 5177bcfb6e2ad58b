//! The prompt as a person meets it: keys go into a terminal, and a screen comes out. The terminal is that of the
//! system's `script` command; where there is none, these tests say so and pass.
#![cfg(all(feature = "cli", target_os = "linux"))]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What a terminal is told whenever a line begins to be edited.
const READY: &str = "\x1b[?2004h";

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<Vec<u8>>>,
    /// Prompts that were seen.
    prompts: usize,
}

impl Terminal {
    /// Runs `sinew` with these arguments; `None` where no terminal can be made.
    fn start(arguments: &str, home: &Path) -> Option<Self> {
        let works = Command::new("script").args(["-qec", "true", "/dev/null"]).stdin(Stdio::null()).output();
        if !works.is_ok_and(|output| output.status.success()) {
            println!("!! no terminal from the command `script`: the prompt is not tested here");
            return None;
        }
        let command = format!("exec '{}' {arguments}", env!("CARGO_BIN_EXE_sinew"));
        let mut child = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .env("TERM", "xterm")
            .env("XDG_DATA_HOME", home)
            .env_remove("NO_COLOR")
            .current_dir(home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a terminal");
        let keys = child.stdin.take().expect("keys");
        let mut output = child.stdout.take().expect("a screen");
        let screen = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut piece) {
                shared.lock().expect("a lock").extend_from_slice(&piece[..count]);
            }
        });
        Some(Self { child, keys, screen, prompts: 0 })
    }

    fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().expect("a lock")).into_owned()
    }

    /// What was written up to the next prompt, since the last one.
    fn until_prompt(&mut self) -> String {
        self.prompts += 1;
        let started = Instant::now();
        loop {
            let screen = self.screen();
            let parts: Vec<&str> = screen.split(READY).collect();
            if parts.len() > self.prompts {
                return parts[self.prompts - 1].to_string();
            }
            assert!(started.elapsed() < Duration::from_secs(60), "no prompt {}: {screen:?}", self.prompts);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).expect("keys are taken");
    }

    /// Types an input at the prompt, and gives what the screen shows until the next.
    fn input(&mut self, keys: &str) -> String {
        self.press(keys);
        self.press("\r");
        self.until_prompt()
    }

    /// Types something that ends the program, and gives its exit code.
    fn end(mut self, keys: &str) -> Option<i32> {
        self.press(keys);
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                return status.code();
            }
            assert!(started.elapsed() < Duration::from_secs(60), "no end: {:?}", self.screen());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The screen holds numbers of its own, such as columns: what is looked for is larger than these.
#[test]
fn a_session_at_the_prompt() {
    let home = tempfile::tempdir().expect("a folder");
    let Some(mut terminal) = Terminal::start("", home.path()) else { return };
    let greeting = terminal.until_prompt();
    assert!(greeting.contains("sinew ") && greeting.contains(":help"), "{greeting:?}");
    terminal.input("let x = 41000;");
    let shown = terminal.input("x + 234");
    assert!(shown.contains("41234"), "{shown:?}");
    terminal.input("fn twice(a) {\r2 * a\r}");
    let shown = terminal.input("twice(x)");
    assert!(shown.contains("82000"), "{shown:?}");
    let shown = terminal.input("x.nonsense()");
    assert!(shown.contains("error[E003]"), "{shown:?}");
    terminal.press("unfinished(");
    terminal.press(CTRL_C);
    terminal.until_prompt();
    let shown = terminal.input(":vars");
    assert!(shown.contains("int") && shown.contains("41000"), "{shown:?}");
    let shown = terminal.input("?graphical_lasso");
    assert!(shown.contains("Options") && shown.contains("lambda"), "{shown:?}");
    let shown = terminal.input("??duality");
    assert!(shown.contains("gap"), "{shown:?}");
    let shown = terminal.input("vecto\t([1, 52999]).max() + 1.0");
    assert!(shown.contains("53000.0"), "{shown:?}");
    let shown = terminal.input("random_graph(\"band\", #{ bandw\t: 1, nodes: 1235 }).n_edges");
    assert!(shown.contains("1234\r\n"), "{shown:?}");
    let shown = terminal.input(":save saved.rhai");
    assert!(shown.contains("inputs written"), "{shown:?}");
    let saved = std::fs::read_to_string(home.path().join("saved.rhai")).expect("the script");
    assert!(saved.contains("let x = 41000;") && !saved.contains("nonsense"), "{saved}");
    terminal.input("let x = 1;");
    terminal.input(":load saved.rhai");
    let shown = terminal.input("x + 345");
    assert!(shown.contains("41345"), "{shown:?}");
    assert_eq!(terminal.end(CTRL_D), Some(0));
    let history = std::fs::read_to_string(home.path().join("sinew").join("history")).expect("the history");
    assert!(history.contains("x + 234"), "{history}");
}

#[test]
fn an_interrupt_stops_the_computation_and_keeps_the_session() {
    let home = tempfile::tempdir().expect("a folder");
    let Some(mut terminal) = Terminal::start("repl --quiet", home.path()) else { return };
    let greeting = terminal.until_prompt();
    assert!(!greeting.contains(":help"), "{greeting:?}");
    terminal.input("let kept = 77123;");
    terminal.press("loop {}\r");
    std::thread::sleep(Duration::from_millis(700));
    terminal.press(CTRL_C);
    let shown = terminal.until_prompt();
    assert!(shown.contains("interrupted"), "{shown:?}");
    let shown = terminal.input("kept + 1");
    assert!(shown.contains("77124"), "{shown:?}");
    assert_eq!(terminal.end("exit(7)\r"), Some(7));
}
