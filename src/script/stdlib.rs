//! The modules that come with sinew: their sources, what help says of them, and the resolver that imports them.

use std::sync::OnceLock;

use rhai::module_resolvers::FileModuleResolver;
use rhai::{AST, Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use super::cells::imports;
use super::operators::bare_engine;
use super::vocabulary::vocabulary;
use crate::error::{Error, ErrorKind};

/// What the paths of all modules that come with sinew start with; no file is looked for there.
const PREFIX: &str = "std/";

/// Path and source of every module. A module imports those before it alone.
const SOURCES: &[(&str, &str)] = &[
    ("std/stability", include_str!("../../stdlib/stability.rhai")),
    ("std/consensus", include_str!("../../stdlib/consensus.rhai")),
    ("std/compare", include_str!("../../stdlib/compare.rhai")),
    ("std/report", include_str!("../../stdlib/report.rhai")),
    ("std/pipeline", include_str!("../../stdlib/pipeline.rhai")),
];

/// A module that comes with sinew, as help knows it.
#[derive(Debug)]
pub struct StdModule {
    /// What scripts import: `std/stability`.
    pub path: &'static str,
    /// What they usually call it: `stability`.
    pub name: &'static str,
    /// Its source.
    pub source: &'static str,
    /// What it is for.
    pub summary: String,
    /// Its functions, in their order in the source.
    pub functions: Vec<StdFunction>,
}

/// A function of such a module.
#[derive(Debug, Clone, Default)]
pub struct StdFunction {
    /// Its name, with the module's before it: `stability::edge_frequency`.
    pub name: String,
    /// How many arguments it takes, in each of its forms.
    pub arities: Vec<usize>,
    /// What it does.
    pub summary: String,
    /// What a user should know beyond that.
    pub details: String,
    /// How it is called, a line for each form.
    pub usage: String,
    /// Its options, a line each: name and what it is.
    pub options: Vec<(String, String)>,
    /// A short script that runs as it stands.
    pub example: String,
}

impl StdFunction {
    /// The name without the module's.
    pub fn plain_name(&self) -> &str {
        self.name.rsplit("::").next().unwrap_or(&self.name)
    }
}

/// The modules that come with sinew.
pub fn std_modules() -> &'static [StdModule] {
    static MODULES: OnceLock<Vec<StdModule>> = OnceLock::new();
    MODULES.get_or_init(|| SOURCES.iter().map(|(path, source)| documented(path, source)).collect())
}

/// The module of a path, or of the name that it usually has.
pub(super) fn std_module(path: &str) -> Option<&'static StdModule> {
    std_modules().iter().find(|module| module.path == path || module.name == path)
}

/// The module that a script calls by a name: as it imports it, or as it is usually called.
pub(super) fn std_module_as(text: &str, name: &str) -> Option<&'static StdModule> {
    let path = imports(text).into_iter().find(|(_, known)| known == name).map(|(path, _)| path);
    // What an earlier piece imported usually has the name of the module.
    std_module(path.as_deref().unwrap_or(name))
}

/// A function by its name with the module's before it, as help is asked for it.
pub(super) fn std_function(name: &str) -> Option<&'static StdFunction> {
    let name = name.strip_prefix(PREFIX).unwrap_or(name);
    std_modules().iter().flat_map(|module| &module.functions).find(|function| function.name == name)
}

/// The source of a module, by its path.
pub(super) fn source_of(path: &str) -> Option<&'static str> {
    SOURCES.iter().find(|(known, _)| *known == path).map(|(_, source)| *source)
}

/// Whether no file is looked for at a path, because the modules that come with sinew stand there.
pub(super) fn is_std(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// The error for a module that cannot be imported.
pub(super) fn no_module(path: &str) -> Error {
    let known = || SOURCES.iter().map(|(known, _)| *known);
    let error = Error::new(ErrorKind::File, format!("there is no module '{path}'"));
    if !is_std(path) {
        return error.with_nearest(path, known());
    }
    error.with_nearest(path, known()).or_hint(format!("there are {}", known().collect::<Vec<_>>().join(", ")))
}

/// What the comments of a source say.
fn documented(path: &'static str, source: &'static str) -> StdModule {
    let name = path.strip_prefix(PREFIX).unwrap_or(path);
    let mut summary: Vec<&str> = Vec::new();
    let mut functions: Vec<StdFunction> = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    for line in source.lines() {
        if let Some(text) = line.strip_prefix("//!") {
            summary.push(text.trim());
        } else if let Some(text) = line.strip_prefix("///") {
            comment.push(text.strip_prefix(' ').unwrap_or(text));
        } else {
            let text = std::mem::take(&mut comment);
            if let Some((function, arity)) = line.strip_prefix("fn ").and_then(signature) {
                let full = format!("{name}::{function}");
                match functions.iter().position(|known| known.name == full) {
                    Some(known) => functions[known].arities.push(arity),
                    None => functions.push(StdFunction { name: full, arities: vec![arity], ..explained(&text) }),
                }
            }
        }
    }
    functions.iter_mut().for_each(|function| function.arities.sort_unstable());
    StdModule { path, name, source, summary: summary.join(" ").trim().to_string(), functions }
}

/// Name and number of parameters of `name(a, b) {..`.
fn signature(line: &str) -> Option<(&str, usize)> {
    let (name, rest) = line.split_once('(')?;
    let (parameters, _) = rest.split_once(')')?;
    Some((name, parameters.split(',').filter(|parameter| !parameter.trim().is_empty()).count()))
}

/// The parts of a comment: a summary, details, and sections with headings.
fn explained(comment: &[&str]) -> StdFunction {
    let mut function = StdFunction::default();
    let mut heading = "";
    let mut plain: Vec<&str> = Vec::new();
    let (mut usage, mut example): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for &line in comment {
        match (line.strip_prefix("# "), heading) {
            (Some(title), _) => heading = title,
            (None, "Usage") => usage.push(line),
            (None, "Example") => example.push(line),
            (None, "Options") => function
                .options
                .extend(line.split_once(' ').map(|(name, help)| (name.to_string(), help.trim().to_string()))),
            _ => plain.push(line),
        }
    }
    let text = plain.join("\n");
    let (summary, details) = text.trim().split_once("\n\n").unwrap_or((text.trim(), ""));
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    function.summary = one_line(summary);
    function.details = one_line(details);
    function.usage = usage.join("\n").trim().to_string();
    function.example = example.join("\n").trim().to_string();
    function
}

/// Imports the modules that come with sinew, and others as another resolver finds them.
pub(super) struct Resolver {
    others: Option<Box<dyn ModuleResolver>>,
}

impl Resolver {
    /// For sessions that import files as they like.
    pub(super) fn with_files() -> Self {
        Self::over(FileModuleResolver::new())
    }

    /// For sessions that import what this resolver finds.
    pub(super) fn over(others: impl ModuleResolver + 'static) -> Self {
        Self { others: Some(Box::new(others)) }
    }

    /// For sessions that import no files.
    pub(super) fn without_files() -> Self {
        Self { others: None }
    }
}

impl ModuleResolver for Resolver {
    fn resolve(
        &self,
        engine: &Engine,
        source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        match &self.others {
            _ if is_std(path) => compiled(path, position),
            Some(others) => others.resolve(engine, source, path, position),
            None => Err(Box::new(EvalAltResult::ErrorModuleNotFound(path.to_string(), position))),
        }
    }

    fn resolve_ast(
        &self,
        engine: &Engine,
        source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Option<Result<AST, Box<EvalAltResult>>> {
        if is_std(path) {
            return None;
        }
        self.others.as_ref().and_then(|others| others.resolve_ast(engine, source, path, position))
    }
}

/// The module of a path, which all sessions share.
fn compiled(path: &str, position: Position) -> Result<Shared<Module>, Box<EvalAltResult>> {
    match SOURCES.iter().position(|(known, _)| *known == path) {
        Some(at) => cached(at),
        None => Err(Box::new(EvalAltResult::ErrorModuleNotFound(path.to_string(), position))),
    }
}

type Built = Result<Shared<Module>, Error>;

/// Module `at`; compiled once (once a thread, where Rhai's types cannot be shared between threads).
#[cfg(feature = "parallel")]
fn cached(at: usize) -> Result<Shared<Module>, Box<EvalAltResult>> {
    static MODULES: [OnceLock<Built>; SOURCES.len()] = [const { OnceLock::new() }; SOURCES.len()];
    Ok(MODULES[at].get_or_init(|| build(at)).clone()?)
}

/// Module `at`; compiled once (once a thread, where Rhai's types cannot be shared between threads).
#[cfg(not(feature = "parallel"))]
fn cached(at: usize) -> Result<Shared<Module>, Box<EvalAltResult>> {
    use std::cell::OnceCell;
    thread_local!(static MODULES: [OnceCell<Built>; SOURCES.len()] = const { [const { OnceCell::new() }; SOURCES.len()] });
    Ok(MODULES.with(|modules| modules[at].get_or_init(|| build(at)).clone())?)
}

/// Compiles a module with an engine of its own: its functions run on whichever engine calls them.
fn build(at: usize) -> Built {
    let (path, source) = SOURCES[at];
    let defect = |error: String| Error::internal(format!("the module '{path}': {error}"));
    let mut engine = bare_engine();
    engine.register_global_module(vocabulary().module.clone());
    engine.set_strict_variables(true);
    engine.set_module_resolver(Resolver::without_files());
    let mut ast = engine.compile(source).map_err(|error| defect(error.to_string()))?;
    ast.set_source(path);
    let module = Module::eval_ast_as_new(Scope::new(), &ast, &engine).map_err(|error| defect(error.to_string()))?;
    Ok(module.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_says_what_it_does_and_how() {
        assert!(std_modules().iter().all(|module| module.summary.len() > 10 && !module.functions.is_empty()));
        for function in std_modules().iter().flat_map(|module| &module.functions) {
            let name = &function.name;
            assert!(function.summary.len() > 20 && !function.usage.is_empty(), "{name}");
            assert!(function.usage.lines().all(|line| line.starts_with(name.as_str())), "{name}: {}", function.usage);
            assert!(function.example.contains(name.as_str()) && function.example.contains("print("), "{name}");
            // Every option of the usage is explained, and the other way round.
            for (option, help) in &function.options {
                assert!(function.usage.contains(option.as_str()) && help.ends_with(']'), "{name}: {option}");
            }
            assert_eq!(function.usage.contains("#{"), !function.options.is_empty(), "{name}");
        }
        let function = std_function("std/stability::edge_frequency").expect("a function");
        assert_eq!(function.arities, [2, 3]);
        assert_eq!(function.options.first().map(|(name, _)| name.as_str()), Some("resamples"));
    }

    #[test]
    fn modules_are_short_and_compile() {
        for (at, (path, source)) in SOURCES.iter().enumerate() {
            assert!(source.lines().count() < 160, "{path}");
            assert!(build(at).is_ok(), "{path}: {:?}", build(at).err());
        }
    }
}
