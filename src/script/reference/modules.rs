//! The modules that come with sinew, on one page.

use super::super::stdlib::{StdFunction, StdModule, std_modules};
use super::Page;
use super::entries::shown;
use super::html::{code, code_block, escape, prose, table};

/// The file of the page.
pub(super) const FILE: &str = "modules.html";

/// A name on the page: where it stands, what it is called, and what it is for.
pub(super) fn names() -> impl Iterator<Item = (String, &'static str, &'static str)> {
    let link = |name: &str| format!("{FILE}#{}", anchor(name));
    std_modules().iter().flat_map(move |module| {
        let functions = module.functions.iter();
        let functions = functions.map(move |f| (link(&f.name), f.name.as_str(), f.summary.as_str()));
        std::iter::once((link(module.path), module.path, module.summary.as_str())).chain(functions)
    })
}

/// The page, with every function whole.
pub(super) fn page(failures: &mut Vec<String>) -> Page {
    let mut body = String::from("<p>Functions written in the language itself; a script imports their module.</p>\n");
    for module in std_modules() {
        body.push_str(&module_section(module));
        for function in &module.functions {
            body.push_str(&section(&function.name, &inside(function, failures)));
        }
    }
    Page::new(FILE, "Modules", &body)
}

/// A place on the page, for a path or a name of a function.
fn anchor(name: &str) -> String {
    name.replace("::", "-").replace('/', "-")
}

fn section(name: &str, inside: &str) -> String {
    format!("<section id=\"{}\">\n<h2>{}</h2>\n{inside}</section>\n", escape(&anchor(name)), code(name))
}

fn module_section(module: &StdModule) -> String {
    let import = code_block(&format!("import \"{}\" as {};", module.path, module.name));
    section(module.path, &format!("<p>{}</p>\n{import}", prose(&module.summary)))
}

fn inside(function: &StdFunction, failures: &mut Vec<String>) -> String {
    let mut html = format!("{}<p>{}</p>\n", code_block(&function.usage), prose(&function.summary));
    if !function.details.is_empty() {
        html.push_str(&format!("<p>{}</p>\n", prose(&function.details)));
    }
    if !function.options.is_empty() {
        let rows: Vec<Vec<String>> =
            function.options.iter().map(|(name, help)| vec![code(name), prose(help)]).collect();
        html.push_str(&format!("<h3>Options</h3>\n{}", table(&["Option", "What it is, and its default"], &rows)));
    }
    html.push_str(&shown(&function.name, &function.example, failures));
    html
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_function_has_a_place_of_its_own() {
        let links: Vec<String> = names().map(|(link, ..)| link).collect();
        let unique: HashSet<&String> = links.iter().collect();
        assert_eq!(unique.len(), links.len());
        assert!(unique.contains(&"modules.html#std-stability".to_string()));
        assert!(unique.contains(&"modules.html#stability-edge_frequency".to_string()));
    }
}
