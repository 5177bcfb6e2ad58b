//! Modules that come with sinew: those that do not exist, functions that they do not have, wrong numbers of arguments.

use std::collections::BTreeMap;

use super::super::source::Source;
use super::super::stdlib::{StdFunction, StdModule, is_std, no_module, std_module};
use super::super::tokens::Kind;
use super::report::Report;
use super::script::Script;
use crate::error::{Error, ErrorKind};

pub(super) fn check(script: &Script<'_>, report: &mut Report<'_>) {
    let source = script.source;
    let modules = imported(source, report);
    for i in 0..source.tokens().len() {
        let is_path = source.is_name(i) && source.at(i + 1) == "::" && source.before(i) != "::";
        let Some(Some(module)) = modules.get(source.at(i)).filter(|_| is_path && source.is_name(i + 2)) else {
            continue;
        };
        if source.at(i + 3) != "(" {
            continue;
        }
        let count = source.split(i + 4..source.partner(i + 3)).len();
        if let Some(error) = problem(module, source.at(i + 2), count) {
            report.error(source.tokens()[i + 2].place, &error);
        }
    }
}

/// The modules by the names that the script gives them; none where a name stands for several things.
fn imported<'a>(source: &Source<'a>, report: &mut Report<'_>) -> BTreeMap<&'a str, Option<&'static StdModule>> {
    let mut modules: BTreeMap<&str, Option<&'static StdModule>> = BTreeMap::new();
    for i in (0..source.tokens().len()).filter(|&i| source.at(i) == "import") {
        let Some(token) = source.tokens().get(i + 1) else { continue };
        let Kind::Text(Some(path)) = &token.kind else { continue };
        let module = if is_std(path) { std_module(path) } else { None };
        if is_std(path) && module.is_none() {
            report.error(token.place, &no_module(path));
        }
        if source.at(i + 2) == "as" {
            let same = |known: &Option<&StdModule>| known.map(|known| known.path) == module.map(|module| module.path);
            let is_clear = modules.get(source.at(i + 3)).is_none_or(same);
            modules.insert(source.at(i + 3), module.filter(|_| is_clear));
        }
    }
    modules
}

fn problem(module: &StdModule, name: &str, count: usize) -> Option<Error> {
    let named = |function: &&StdFunction| function.plain_name() == name;
    let Some(function) = module.functions.iter().find(named) else {
        let known = module.functions.iter().map(StdFunction::plain_name);
        let error = Error::new(ErrorKind::Function, format!("{} has no function '{name}'", module.path));
        return Some(error.with_nearest(name, known).or_hint(format!("help(\"{}\") lists them", module.path)));
    };
    if function.arities.contains(&count) {
        return None;
    }
    let allowed: Vec<String> = function.arities.iter().map(usize::to_string).collect();
    let message = format!("{} takes {} arguments, not {count}", function.name, allowed.join(" or "));
    Some(Error::new(ErrorKind::Function, message).with_hint(function.usage.replace('\n', "\n        ")))
}

#[cfg(test)]
mod tests {
    use crate::script::Checker;

    #[test]
    fn functions_of_modules_are_known() {
        let found = |script: &str| {
            let problems = Checker::new().expect("a checker").check(script, "test");
            problems.into_iter().map(|problem| format!("{} {:?}", problem.message, problem.hint)).collect::<String>()
        };
        let import = "import \"std/stability\" as s;\nlet x = randn(20, 3);\n";
        let with = |line: &str| found(&format!("{import}{line}"));
        assert_eq!(with("print(s::edge_frequency(GraphicalLasso(), x));"), "");
        assert_eq!(with("print(s::edge_frequency(GraphicalLasso(), x, #{ seed: 1 }).n_edges);"), "");
        assert!(with("print(s::edge_frequncy(GraphicalLasso(), x));").contains("did you mean 'edge_frequency'?"));
        assert!(with("print(s::edge_frequency(x));").contains("takes 2 or 3 arguments, not 1"));
        let wrong = found("import \"std/stabilty\" as s;\nprint(s::f(1));");
        assert!(wrong.contains("there is no module 'std/stabilty'") && wrong.contains("std/stability"), "{wrong}");
        assert_eq!(found("import \"own\" as s;\nprint(s::f(1));"), "");
    }
}
