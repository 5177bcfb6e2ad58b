//! Scripts in Rhai beside the Rust code of a notebook.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sinew::data::Column;
use sinew::notebook::{self, Bundle};
use sinew::script::{Completeness, Sandbox, ScriptError, Session, SessionOptions};
use sinew::{Error, Table, Value};

use crate::output::{Output, Part, panicked};
use crate::show::Show;
use crate::values::{FromValue, take};

/// What the script that runs has shown so far.
type Parts = Arc<Mutex<Vec<Part>>>;

/// A session of Rhai that a notebook keeps in a variable. Variables, functions, closures and imported modules stay from
/// one [`Notebook::run`] to the next, also after an error or a panic.
///
/// ```
/// use sinew_notebook::*;
///
/// let mut rhai = Notebook::new().with_seed(1);
/// rhai.set("x", Matrix::from_fn(40, 3, |i, j| ((i * (j + 2)) % 7) as f64))?;
/// rhai.run(r#"
///     let fit = x.standardize().graphical_lasso(#{ lambda: 0.1 });
///     fn edges(fit) { fit.n_edges }
/// "#).evcxr_display();
/// let fit: Fit = rhai.get("fit")?;
/// assert_eq!(rhai.run("edges(fit)").get(), Ok(fit.n_edges()? as i64));
/// # Ok::<(), Error>(())
/// ```
pub struct Notebook {
    session: Session,
    options: SessionOptions,
    parts: Parts,
    runs: usize,
}

impl Default for Notebook {
    fn default() -> Self {
        Self::with_options(SessionOptions::trusted())
    }
}

impl std::fmt::Debug for Notebook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notebook").field("session", &self.session).field("runs", &self.runs).finish_non_exhaustive()
    }
}

impl Notebook {
    /// Without limits, with all files, with a fresh seed.
    pub fn new() -> Self {
        Self::default()
    }

    /// With these options; what scripts print, warn and display is always part of the [`Output`].
    pub fn with_options(options: SessionOptions) -> Self {
        let parts = Parts::default();
        let session = Session::new(collecting(&options, &parts));
        Self { session, options, parts, runs: 0 }
    }

    /// A new session, without variables, with this seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        self.changed(|options| options.seed = Some(seed))
    }

    /// A new session, without variables, with this many threads at most.
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        self.limited(|sandbox| sandbox.threads(threads))
    }

    /// A new session, without variables, with a limit on the time of each run.
    #[must_use]
    pub fn with_time_limit(self, limit: Duration) -> Self {
        self.limited(|sandbox| sandbox.time(limit))
    }

    /// A new session, without variables, with a limit in bytes on what large matrices may take together.
    #[must_use]
    pub fn with_memory_limit(self, bytes: usize) -> Self {
        self.limited(|sandbox| sandbox.memory(bytes))
    }

    fn limited(self, change: impl FnOnce(Sandbox) -> Sandbox) -> Self {
        self.changed(|options| options.sandbox = change(std::mem::take(&mut options.sandbox)))
    }

    fn changed(mut self, change: impl FnOnce(&mut SessionOptions)) -> Self {
        change(&mut self.options);
        Self::with_options(self.options)
    }

    /// Runs a script; the output shows what it printed and displayed, and its last value or its error.
    pub fn run(&mut self, code: &str) -> Output {
        self.runs += 1;
        let name = format!("run[{}]", self.runs);
        lock(&self.parts).clear();
        let session = &mut self.session;
        let result = guarded(&name, || session.eval_cell(code, &name));
        let parts = std::mem::take(&mut *lock(&self.parts));
        Output::new(name, parts, result)
    }

    /// Sets a variable.
    ///
    /// # Errors
    /// A name that no script can write.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> Result<(), Error> {
        let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
        let is_word = name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit());
        // The language has words of its own, which it alone knows.
        let declaration = format!("let {name} = 0;");
        if !is_word || self.session.completeness(&declaration) != Completeness::Complete {
            return Err(Error::argument(format!("'{name}' cannot be the name of a variable")).with_hint(
                "letters, digits and underscores, a letter or underscore first, and no word of the language",
            ));
        }
        self.session.set(name, value);
        Ok(())
    }

    /// The value of a variable as a type of Rust: `let fit: Fit = rhai.get("fit")?;`
    ///
    /// # Errors
    /// No variable of that name, a function, a value of another type.
    pub fn get<T: FromValue>(&self, name: &str) -> Result<T, Error> {
        if let Ok(value) = self.session.get(name) {
            return take(&value, &format!("'{name}'"));
        }
        let variables = self.session.variables();
        match variables.iter().find(|variable| variable.name == name) {
            Some(variable) => {
                Err(Error::argument(format!("'{name}' is a {}, which Rust has no type for", variable.type_name)))
            }
            None => Err(Error::name(format!("there is no variable '{name}'"))
                .with_nearest(name, variables.iter().map(|variable| variable.name.as_str()))),
        }
    }

    /// The seed of everything random in the scripts.
    pub fn seed(&self) -> u64 {
        self.session.seed()
    }
}

/// A notebook shows its variables.
impl Show for Notebook {
    fn bundle(&self) -> Bundle {
        let variables = self.session.variables();
        if variables.is_empty() {
            return Bundle::text("Notebook without variables");
        }
        let column = |of: fn(&sinew::script::Variable) -> &String| {
            Column::Texts(Arc::new(variables.iter().map(of).cloned().collect()))
        };
        let columns = vec![
            ("variable".to_string(), column(|variable| &variable.name)),
            ("type".to_string(), column(|variable| &variable.type_name)),
            ("value".to_string(), column(|variable| &variable.summary)),
        ];
        match Table::new(columns, None) {
            Ok(table) => notebook::bundle(&table.into()),
            Err(error) => error.bundle(),
        }
    }
}

/// The options of a session that collects what its scripts show.
fn collecting(options: &SessionOptions, parts: &Parts) -> SessionOptions {
    let printed = Arc::clone(parts);
    let warned = Arc::clone(parts);
    let shown = Arc::clone(parts);
    let cleared = Arc::clone(parts);
    SessionOptions {
        print: Some(Arc::new(move |text: &str| print(&mut lock(&printed), text))),
        warn: Some(Arc::new(move |text: &str| lock(&warned).push(Part::Warning(text.to_string())))),
        display: Some(Arc::new(move |value: &Value, id: Option<&str>| display(&mut lock(&shown), value, id))),
        // All is shown at the end: there is nothing to wait for.
        clear: Some(Arc::new(move |_| lock(&cleared).clear())),
        ..options.clone()
    }
}

/// Adds a line to what was printed.
fn print(parts: &mut Vec<Part>, line: &str) {
    match parts.last_mut() {
        Some(Part::Text(text)) => {
            text.push('\n');
            text.push_str(line);
        }
        _ => parts.push(Part::Text(line.to_string())),
    }
}

/// Adds a value, in the place of the one that was displayed under the same name.
fn display(parts: &mut Vec<Part>, value: &Value, id: Option<&str>) {
    let is_earlier = |part: &&mut Part| matches!(part, Part::Shown(_, known) if id.is_some() && known.as_deref() == id);
    match parts.iter_mut().find(is_earlier) {
        Some(Part::Shown(earlier, _)) => *earlier = value.clone(),
        _ => parts.push(Part::Shown(value.clone(), id.map(String::from))),
    }
}

fn lock(parts: &Parts) -> MutexGuard<'_, Vec<Part>> {
    parts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A panic as an error. A session holds whole values only: what did not finish has changed none of them.
fn guarded(name: &str, work: impl FnOnce() -> Result<Value, ScriptError>) -> Result<Value, ScriptError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(ScriptError::outside(panicked(&*panic), name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let error = guarded("run[1]", || panic!("native {}", "code")).expect_err("an error");
        assert!(error.to_string().contains("a defect in sinew: native code"), "{error}");
    }

    #[test]
    fn lines_are_joined_and_displays_of_a_name_replaced() {
        let mut parts = Vec::new();
        print(&mut parts, "a");
        print(&mut parts, "b");
        display(&mut parts, &Value::Int(1), Some("id"));
        display(&mut parts, &Value::Int(2), None);
        display(&mut parts, &Value::Int(3), Some("id"));
        let output = Output::new("run[1]".into(), parts, Ok(Value::Unit));
        assert_eq!(output.text(), "a\nb\n3\n2");
    }
}
