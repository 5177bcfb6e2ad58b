//! `sinew definitions`: what editors need to know of every function, in the form that Rhai itself writes it.

use std::collections::HashSet;

use super::records::arity;
use super::stdlib::{StdFunction, StdModule, std_modules};
use super::usage::{Form, Usage, receiver_type, usage, usages};
use super::vocabulary::{Entry, vocabulary};
use crate::model::Record;
use crate::options::Opt;
use crate::registry::records;

/// A definitions file: all functions, methods, properties and constructors with their help.
pub fn definitions() -> String {
    let mut file = File { text: String::from("module static;\n"), ..File::default() };
    records().for_each(|record| file.record(record));
    vocabulary().entries.iter().for_each(|entry| file.entry(entry));
    std_modules().iter().for_each(|module| file.module(module));
    file.text
}

#[derive(Default)]
struct File {
    text: String,
    written: HashSet<String>,
}

impl File {
    /// Writes a signature once, with its help above it.
    fn write(&mut self, signature: String, help: &[String]) {
        if self.written.contains(&signature) {
            return;
        }
        self.text.push('\n');
        for line in help.iter().flat_map(|text| text.lines()) {
            self.text.push_str(if line.is_empty() { "///" } else { "/// " });
            self.text.push_str(line);
            self.text.push('\n');
        }
        self.text.push_str(&signature);
        self.text.push('\n');
        self.written.insert(signature);
    }

    fn record(&mut self, record: &'static Record) {
        let gives = record.gives().unwrap_or("?");
        let mut help = vec![record.summary.to_string()];
        if !record.details.is_empty() {
            help.push(format!("\n{}", record.details));
        }
        help.extend(options_help("Options", record.all_options()));
        help.extend(options_help("Options of .train(pairs, #{ .. })", record.training_options()));
        help.push(example_help(record.example));
        let data = if record.is_method() { vec!["x"] } else { record.params.iter().map(|param| param.name).collect() };
        debug_assert_eq!(data.len(), arity(record));
        let parameters: Vec<String> = data.iter().map(|name| format!("{name}: ?")).collect();
        let with_options = [parameters.clone(), vec!["options: Map".into()]].concat();
        for parameters in [parameters, with_options] {
            self.write(format!("fn {}({}) -> {gives};", record.verb, parameters.join(", ")), &help);
        }
        if let Some(name) = record.constructor {
            self.write(format!("fn {name}() -> Estimator;"), &help);
            self.write(format!("fn {name}(options: Map) -> Estimator;"), &help);
        }
        for property in record.adds {
            for (owner, kind) in record.adds_to() {
                let help = format!("{}\n\n{kind}s of {}.", property.help, record.verb);
                self.write(format!("fn get {}({owner}: {kind}) -> ?;", property.name), &[help]);
            }
        }
    }

    fn entry(&mut self, entry: &Entry) {
        let mut help = vec![entry.summary.to_string()];
        help.extend(options_help("Options", entry.options.iter()));
        help.push(example_help(entry.example));
        for usage in usages(entry) {
            self.write(signature(entry.name, &usage), &help);
        }
    }

    /// A module that comes with sinew, with its functions in it.
    fn module(&mut self, module: &StdModule) {
        let mut inside = Self::default();
        module.functions.iter().for_each(|function| inside.function(function));
        let StdModule { path, name, summary, .. } = module;
        self.text.push_str(&format!(
            "\n/// {summary}\n///\n/// import \"{path}\" as {name};\nmodule {name} {{{}}}\n",
            inside.text
        ));
    }

    fn function(&mut self, function: &StdFunction) {
        let mut help = vec![function.summary.clone()];
        if !function.details.is_empty() {
            help.push(format!("\n{}", function.details));
        }
        if !function.options.is_empty() {
            let lines: Vec<String> =
                function.options.iter().map(|(name, help)| format!("- `{name}`: {help}")).collect();
            help.push(format!("\n# Options\n\n{}", lines.join("\n")));
        }
        help.push(example_help(&function.example));
        for usage in function.usage.lines().filter_map(|line| usage(line, &function.name)) {
            self.write(signature(function.plain_name(), &usage), &help);
        }
    }
}

fn options_help(title: &str, options: impl Iterator<Item = &'static Opt>) -> Option<String> {
    let lines: Vec<String> = options
        .flat_map(Opt::with_inner)
        .map(|(name, opt)| format!("- `{name}`: {}; {} [{}]", opt.help, opt.describe(), opt.default.describe()))
        .collect();
    (!lines.is_empty()).then(|| format!("\n# {title}\n\n{}", lines.join("\n")))
}

fn example_help(example: &str) -> String {
    format!("\n# Example\n\n```rhai\n{}\n```", example.trim_end())
}

fn signature(name: &str, usage: &Usage<'_>) -> String {
    let receiver = usage.receiver.map(receiver);
    let gives = usage.gives.map_or("?", kind);
    match &usage.form {
        Form::Read => format!("fn get {name}({}) -> {gives};", receiver.unwrap_or_default()),
        Form::Write => format!("fn set {name}({}, value: ?);", receiver.unwrap_or_default()),
        Form::Call(arguments) => {
            let mut parameters: Vec<String> = receiver.into_iter().collect();
            for argument in arguments {
                let parameter = parameter(argument, parameters.len());
                parameters.push(parameter);
            }
            format!("fn {name}({}) -> {gives};", parameters.join(", "))
        }
    }
}

/// A receiver with its type, as far as its name tells.
fn receiver(name: &str) -> String {
    match receiver_type(name) {
        _ if !is_word(name) => "range: ?".into(),
        Some(known) => format!("{name}: {}", kind(known)),
        None => format!("{name}: ?"),
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// An argument with its type; examples of values get a name.
fn parameter(argument: &str, position: usize) -> String {
    match argument.chars().next() {
        Some('#') => "options: Map".into(),
        Some('[') => "list: Array".into(),
        Some('|') => "f: FnPtr".into(),
        Some('"') => "name: String".into(),
        Some('0'..='9') => "number: ?".into(),
        _ if matches!(argument, "path" | "message" | "name") => format!("{argument}: String"),
        _ if is_word(argument) => format!("{argument}: ?"),
        _ => format!("value{position}: ?"),
    }
}

/// A type of the usage lines, as definitions write it.
fn kind(gives: &str) -> &str {
    match gives {
        "string" => "String",
        "list" => "Array",
        "map" => "Map",
        _ if gives.starts_with('[') => "Array",
        _ if gives.starts_with("#{") => "Map",
        _ if is_word(gives) => gives,
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_have_receivers_and_types() {
        let text = definitions();
        for line in [
            "module static;",
            "fn reshape(m: Matrix, rows: ?, cols: ?) -> Matrix;",
            "fn get precision(fit: Fit) -> Matrix;",
            "fn set title(figure: Figure, value: ?);",
            "fn hstack(list: Array) -> Matrix;",
            "fn graphical_lasso(x: ?, options: Map) -> Fit;",
            "fn GraphicalLasso(options: Map) -> Estimator;",
            "fn get n_components(fit: Fit) -> ?;",
            "/// Sparse precision matrix by L1-penalised Gaussian likelihood",
            "module stability {",
            "fn edge_frequency(method: ?, x: ?, options: Map) -> Graph;",
        ] {
            assert!(text.lines().any(|found| found == line), "no line {line}");
        }
    }

    #[test]
    fn every_line_is_a_comment_or_a_signature_and_stands_once() {
        let text = definitions();
        let mut seen = HashSet::new();
        let mut module = "";
        for line in text.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with("///")) {
            if let Some(name) = line.strip_prefix("module ").and_then(|rest| rest.strip_suffix(" {")) {
                module = name;
                continue;
            }
            if line == "}" {
                module = "";
                continue;
            }
            assert!(line.starts_with("fn ") && line.ends_with(';') && line.contains('('), "{line}");
            assert!(seen.insert((module, line)), "twice: {line}");
        }
        for function in std_modules().iter().flat_map(|module| &module.functions) {
            let forms = function.usage.lines().filter_map(|line| usage(line, &function.name)).count();
            assert_eq!(forms, function.usage.lines().count(), "{}", function.name);
        }
        // Functions of modules are called behind the module's name.
        for name in super::super::names().into_iter().filter(|name| is_word(name)) {
            let defined = [format!("fn {name}("), format!("fn get {name}(")];
            assert!(defined.iter().any(|start| text.contains(start)), "{name} is not defined");
        }
    }
}
