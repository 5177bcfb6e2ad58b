//! Modules of scripts that may touch some folders only: they are read from those.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rhai::{Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};

use super::convert::Outcome;
use super::limits::check_calls;
use crate::context::FileAccess;
use crate::error::{Error, ErrorKind};

/// How deep modules may import each other. Those that import themselves would do so for ever.
const DEPTH: usize = 8;
/// Bytes of a module.
const LONGEST: u64 = 1 << 20;

thread_local!(static OPEN: Cell<usize> = const { Cell::new(0) });

/// Finds `import "name"` as `name.rhai` below the folders that may be read, or beside the module that imports it.
pub(super) struct ModulesBelow {
    files: FileAccess,
    /// What was imported before, by its path.
    known: Mutex<HashMap<String, Shared<Module>>>,
}

/// One more module that is being read, until this is dropped.
struct Opened;

impl Opened {
    fn new(path: &str) -> Outcome<Self> {
        if OPEN.get() >= DEPTH {
            let message = format!("modules import each other more than {DEPTH} deep, at '{path}'");
            return Err(Error::new(ErrorKind::Limit, message).with_hint("does a module import itself?").into());
        }
        OPEN.set(OPEN.get() + 1);
        Ok(Self)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        OPEN.set(OPEN.get() - 1);
    }
}

impl ModulesBelow {
    pub(super) fn new(files: FileAccess) -> Self {
        Self { files, known: Mutex::default() }
    }

    fn known(&self, path: &str) -> Option<Shared<Module>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    fn read(&self, path: &str) -> crate::Result<String> {
        let file = self.files.open(Path::new(path))?;
        let mut text = String::new();
        let read = file.take(LONGEST).read_to_string(&mut text);
        read.map_err(|error| Error::file(format!("cannot read '{path}': {error}")))?;
        match text.len() as u64 {
            LONGEST => Err(Error::new(ErrorKind::Limit, format!("the module '{path}' is too long"))),
            _ => Ok(text),
        }
    }
}

/// The path of the file that `import "path"` means, where `source` imports it.
fn file_of(source: Option<&str>, path: &str) -> String {
    let path = Path::new(path).with_extension("rhai");
    let folder = source.map(Path::new).and_then(Path::parent);
    folder.map_or_else(|| path.clone(), |folder| folder.join(&path)).to_string_lossy().into_owned()
}

impl ModuleResolver for ModulesBelow {
    fn resolve(
        &self,
        engine: &Engine,
        source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let file = file_of(source, path);
        if let Some(module) = self.known(&file) {
            return Ok(module);
        }
        let _opened = Opened::new(path)?;
        let within = |error| Box::new(EvalAltResult::ErrorInModule(path.to_string(), error, position));
        let text = self.read(&file)?;
        check_calls(&text)?;
        let mut ast = engine.compile(&text).map_err(|error| within(error.into()))?;
        ast.set_source(file.as_str());
        let module: Shared<Module> = Module::eval_ast_as_new(Scope::new(), &ast, engine).map_err(within)?.into();
        // Two threads that read it at once have two modules that do the same.
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(file, module.clone());
        Ok(module)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Sandbox, Session};
    use super::*;

    #[test]
    fn a_module_is_beside_the_one_that_imports_it() {
        assert_eq!(file_of(None, "lib/a"), "lib/a.rhai");
        assert_eq!(file_of(Some("lib/a.rhai"), "b"), "lib/b.rhai");
    }

    #[test]
    fn modules_come_from_the_folders_alone_and_end() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir_all(root.join("lib")).unwrap();
        std::fs::write(folder.path().join("outside.rhai"), "export const K = 1;").unwrap();
        std::fs::write(root.join("lib/a.rhai"), "import \"b\" as b; fn twice(x) { 2 * x } export const K = b::K;")
            .unwrap();
        std::fs::write(root.join("lib/b.rhai"), "export const K = 5;").unwrap();
        std::fs::write(root.join("itself.rhai"), "import \"itself\" as again;").unwrap();
        let mut session = Session::with_sandbox(Sandbox::new().read(&root));
        assert_eq!(session.eval_as::<i64>("import \"lib/a\" as a; a::twice(a::K)").unwrap(), 10);
        assert_eq!(session.fork().eval_as::<i64>("a::twice(1)").unwrap(), 2, "a fork has its modules");
        let fails = |session: &mut Session, path: &str| {
            session.eval(&format!("import \"{path}\" as other;")).expect_err(path).error.kind()
        };
        assert_eq!(fails(&mut session, "itself"), ErrorKind::Limit);
        assert_eq!(fails(&mut session, "../outside"), ErrorKind::Denied);
        assert_eq!(fails(&mut session, "absent"), ErrorKind::File);
        assert!(Session::sandboxed().eval("import \"lib/a\" as a;").is_err());
    }
}
