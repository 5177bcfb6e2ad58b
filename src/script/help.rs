//! Help: what `help(name)`, `sinew help` and `sinew methods --json` print.

use std::fmt::Write;

use super::stdlib::{StdFunction, std_function, std_module, std_modules};
use super::vocabulary::{Entry, vocabulary};
use crate::error::{Error, Result};
use crate::model::{Area, Record};
use crate::options::Opt;
use crate::registry::records;

/// What a name means: records first, then verbs and properties of the vocabulary.
///
/// # Errors
/// A name that nothing has, with the nearest one.
pub fn help(name: &str) -> Result<String> {
    let vocabulary = vocabulary();
    let found = records().filter(|record| record.verb == name || record.constructor == Some(name));
    let added = records().flat_map(|record| record.adds.iter().map(move |property| (record, property)));
    let texts: Vec<String> = found
        .map(record_help)
        .chain(vocabulary.entries.iter().filter(|entry| entry.name == name).map(entry_help))
        .chain(added.filter(|(_, property)| property.name == name).map(|(record, property)| {
            let forms: String = record.adds_to().iter().map(|(owner, _)| format!("{owner}.{name}\n")).collect();
            let kinds: Vec<String> = record.adds_to().iter().map(|(_, kind)| format!("{kind}s")).collect();
            format!("{forms}  {}\n  {} of {}.\n", property.help, kinds.join(" and "), record.verb)
        }))
        .collect();
    match std_help(name) {
        _ if !texts.is_empty() => Ok(texts.join("\n")),
        Some(text) => Ok(text),
        None => Err(unknown_name(name)),
    }
}

/// The error for a name that help does not know.
pub fn unknown_name(name: &str) -> Error {
    let known = names();
    Error::name(format!("no help for '{name}'"))
        .with_nearest(name, known.iter().map(String::as_str))
        .or_hint("`sinew methods` lists the methods, `sinew help` everything")
}

/// What a prompt answers to `?NAME`, to `??TEXT` and to `?`.
///
/// # Errors
/// A name that nothing has, a text that is in no name and no summary.
pub fn answer(question: &str) -> Result<String> {
    let question = question.trim();
    if let Some(text) = question.strip_prefix("??") {
        return found(text.trim());
    }
    match question.trim_start_matches('?').trim() {
        "" => Ok(overview()),
        name => help(name),
    }
}

fn found(text: &str) -> Result<String> {
    let found = search(text);
    if found.is_empty() {
        let error = Error::name(format!("no name and no summary contains '{text}'"));
        return Err(error.with_hint("? lists all names"));
    }
    let lines: Vec<String> = found.iter().map(|(name, summary)| format!("{name:<26}{summary}")).collect();
    Ok(lines.join("\n"))
}

/// The names whose name or summary contains a text, each with its summary, in order of name.
pub fn search(text: &str) -> Vec<(String, String)> {
    let wanted = text.to_lowercase();
    let vocabulary = vocabulary();
    let mut found: Vec<(String, String)> = records()
        .map(|record| (record.verb, record.summary))
        .chain(vocabulary.entries.iter().map(|entry| (entry.name, entry.summary)))
        .chain(records().flat_map(|record| record.adds.iter().map(|property| (property.name, property.help))))
        .chain(std_modules().iter().map(|module| (module.path, module.summary.as_str())))
        .chain(std_functions().map(|function| (function.name.as_str(), function.summary.as_str())))
        .filter(|(name, summary)| name.contains(&wanted) || summary.to_lowercase().contains(&wanted))
        .map(|(name, summary)| (name.to_string(), summary.to_string()))
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Whether a name is one that is called: not a property's.
pub(super) fn is_verb(name: &str) -> bool {
    records().any(|record| record.verb == name || record.constructor == Some(name))
        || vocabulary().entries.iter().any(|entry| entry.name == name && !entry.is_property)
}

/// Every name that has help, sorted.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = records()
        .flat_map(|record| {
            std::iter::once(record.verb).chain(record.constructor).chain(record.adds.iter().map(|p| p.name))
        })
        .chain(vocabulary().entries.iter().map(|entry| entry.name))
        .chain(std_modules().iter().map(|module| module.path))
        .chain(std_functions().map(|function| function.name.as_str()))
        .map(String::from)
        .collect();
    names.sort();
    names.dedup();
    names
}

fn std_functions() -> impl Iterator<Item = &'static StdFunction> {
    std_modules().iter().flat_map(|module| &module.functions)
}

/// Help on a module that comes with sinew, or on a function of one.
fn std_help(name: &str) -> Option<String> {
    if let Some(function) = std_function(name) {
        return Some(std_function_help(function));
    }
    let module = std_module(name)?;
    let mut text = format!("import \"{}\" as {};\n{}", module.path, module.name, wrap(&module.summary, 2));
    for function in &module.functions {
        let _ = write!(text, "\n{}\n{}", indent(&function.usage), wrap(&function.summary, 4));
    }
    Some(text)
}

fn std_function_help(function: &StdFunction) -> String {
    let mut text = format!("{}\n{}", function.usage, wrap(&function.summary, 2));
    if !function.details.is_empty() {
        let _ = write!(text, "\n{}", wrap(&function.details, 2));
    }
    if !function.options.is_empty() {
        text.push_str("\nOptions\n");
    }
    for (name, help) in &function.options {
        let _ = writeln!(text, "  {name:<18}{}{help}", gap(name));
    }
    let _ = write!(text, "\nExample\n{}\n", indent(&function.example));
    text
}

fn entry_help(entry: &Entry) -> String {
    let options = options_text("Options", entry.options.iter());
    format!("{}\n  {}\n{options}\nExample\n{}\n", entry.usage, entry.summary, indent(entry.example))
}

/// What separates a name from its help where it fills its column.
fn gap(name: &str) -> String {
    if name.len() < 18 { String::new() } else { format!("\n{:20}", "") }
}

fn options_text(title: &str, options: impl Iterator<Item = &'static Opt>) -> String {
    let mut text = String::new();
    for (name, opt) in options.flat_map(Opt::with_inner) {
        if text.is_empty() {
            let _ = writeln!(text, "\n{title}");
        }
        let _ = writeln!(text, "  {name:<18}{}{} [{}]", gap(&name), opt.help, opt.default.describe());
        let _ = writeln!(text, "  {:<18}{}", "", opt.describe());
    }
    text
}

/// How a record is called, a line for each form.
pub(super) fn usage(record: &Record) -> String {
    let verb = record.verb;
    let options = if record.all_options().next().is_some() { "#{ .. }" } else { "" };
    let parameters: Vec<&str> = record.params.iter().map(|param| param.name).collect();
    let gives = record.gives().map_or_else(String::new, |kind| format!(" -> {kind}"));
    match record.constructor {
        Some(constructor) => usage_of_method(record, constructor, options),
        None if options.is_empty() => format!("{verb}({})", parameters.join(", ")),
        None => {
            let parameters: Vec<&str> = parameters.into_iter().chain([options]).collect();
            format!("{verb}({}){gives}", parameters.join(", "))
        }
    }
}

fn usage_of_method(record: &Record, constructor: &str, options: &str) -> String {
    let (verb, gives) = (record.verb, record.gives().unwrap_or("Fit"));
    let mut forms =
        vec![format!("x.{verb}({options}) -> {gives}"), format!("{constructor}({options}).fit(x) -> {gives}")];
    if record.takes_several() {
        forms.push(format!("{verb}([x, y], {options}) -> JointFit"));
        forms.push(format!("{constructor}({options}).fit([x, y]) -> JointFit"));
    }
    if record.trainable().is_some() {
        forms.push(format!("{constructor}({options}).train(pairs, {options}) -> TrainedModel"));
        forms.push(format!("trained.fit(x, {options}) -> {gives}"));
    }
    forms.join("\n")
}

fn record_help(record: &Record) -> String {
    let mut text = format!("{}\n  {}\n", usage(record), record.summary);
    if !record.details.is_empty() {
        let _ = write!(text, "\n{}", wrap(record.details, 2));
    }
    if !record.params.is_empty() {
        text.push_str("\nArguments\n");
        for param in record.params {
            let _ = writeln!(text, "  {:<17} {}", param.name, param.help);
        }
    }
    text.push_str(&options_text("Options", record.all_options()));
    text.push_str(&options_text("Options of .train(pairs, #{ .. })", record.training_options()));
    if !record.adds.is_empty() {
        text.push_str(if record.is_method() { "\nThe fit adds\n" } else { "\nThe simulation has\n" });
        for property in record.adds {
            let _ = writeln!(text, "  {:<17} {}", property.name, property.help);
        }
    }
    let _ = write!(text, "\nExample\n{}\n", indent(record.example));
    if !record.reference.is_empty() {
        let _ = write!(text, "\nReference\n{}", wrap(record.reference, 2));
    }
    text
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// Lines of at most 100 characters.
fn wrap(text: &str, margin: usize) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.len() + word.len() + 1 > 100 - margin {
            let _ = writeln!(lines, "{:margin$}{line}", "");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(lines, "{:margin$}{line}", "");
    lines
}

/// Everything about every method, simulator and metric, for other programs.
pub fn methods_json() -> serde_json::Value {
    let option = |opt: &'static Opt| {
        serde_json::json!({
            "name": opt.name, "takes": opt.describe(), "default": opt.default.describe(), "help": opt.help,
        })
    };
    let record = |record: &'static Record| {
        serde_json::json!({
            "verb": record.verb, "constructor": record.constructor, "area": record.area.title(),
            "summary": record.summary, "details": record.details, "random": record.random,
            "arguments": record.params.iter().map(|p| serde_json::json!({ "name": p.name, "help": p.help })).collect::<Vec<_>>(),
            "options": record.all_options().map(option).collect::<Vec<_>>(),
            "training_options": record.training_options().map(option).collect::<Vec<_>>(),
            "trainable": record.trainable().is_some(), "takes_several": record.takes_several(),
            "adds": record.adds.iter().map(|p| serde_json::json!({ "name": p.name, "help": p.help })).collect::<Vec<_>>(),
            "reference": record.reference, "example": record.example,
        })
    };
    let entry = |entry: &Entry| {
        serde_json::json!({
            "name": entry.name, "area": entry.area.title(), "usage": entry.usage, "summary": entry.summary,
            "property": entry.is_property, "example": entry.example,
            "options": entry.options.iter().map(option).collect::<Vec<_>>(),
        })
    };
    serde_json::json!({
        "schema_version": 1, "version": env!("CARGO_PKG_VERSION"),
        "records": records().map(record).collect::<Vec<_>>(),
        "vocabulary": vocabulary().entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

/// All names by area, a paragraph each.
pub fn overview() -> String {
    let vocabulary = vocabulary();
    let mut by_area: std::collections::BTreeMap<Area, Vec<&str>> = std::collections::BTreeMap::new();
    for record in records() {
        by_area.entry(record.area).or_default().push(record.verb);
    }
    for entry in &vocabulary.entries {
        by_area.entry(entry.area).or_default().push(entry.name);
    }
    let mut text = String::from("help(\"name\") or `sinew help NAME` explains each of these:\n");
    for (area, mut names) in by_area {
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(*name));
        let _ = write!(text, "\n{}\n{}", area.title(), wrap(&names.join(" "), 2));
    }
    let modules: Vec<&str> = std_modules().iter().map(|module| module.path).collect();
    let _ = write!(text, "\nmodules to import\n{}", wrap(&modules.join(" "), 2));
    text
}
