//! Names of the vocabulary and of records as sections and pages.

use super::super::usage::{Form, usages};
use super::super::vocabulary::{Entry, vocabulary};
use super::example::example;
use super::html::{code, code_block, escape, prose, table};
use super::{Page, area_file};
use crate::model::{Area, Property, Record};
use crate::options::Opt;
use crate::registry::{methods, records};

/// A name of the reference and where it is explained.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub name: &'static str,
    pub area: Area,
    pub summary: &'static str,
    /// File and anchor.
    pub link: String,
    content: Content,
}

/// What there is to say about a name.
#[derive(Debug, Clone)]
enum Content {
    /// A verb or property.
    Entry(Entry),
    /// A simulator or metric.
    Record(&'static Record),
    /// Said elsewhere: the page of a method.
    Elsewhere,
}

/// Everything that has a name, in the order of the reference.
pub(super) fn items() -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for record in records() {
        record_items(record, &mut items);
    }
    for entry in &vocabulary().entries {
        let link = anchor(entry.area, entry.name, &items);
        let content = Content::Entry(entry.clone());
        items.push(Item { name: entry.name, area: entry.area, summary: entry.summary, link, content });
    }
    items
}

fn record_items(record: &'static Record, items: &mut Vec<Item>) {
    let Record { verb, area, summary, .. } = *record;
    if !record.is_method() {
        let link = anchor(area, verb, items);
        for property in record.adds {
            let (summary, content) = (property.help, Content::Elsewhere);
            items.push(Item { name: property.name, area, summary, link: link.clone(), content });
        }
        items.push(Item { name: verb, area, summary, link, content: Content::Record(record) });
        return;
    }
    let names = std::iter::once(verb).chain(record.constructor);
    for name in names {
        let content = Content::Elsewhere;
        items.push(Item { name, area, summary, link: method_file(record), content });
    }
    for property in record.adds {
        let content = Content::Elsewhere;
        let link = format!("{}#adds", method_file(record));
        items.push(Item { name: property.name, area: Area::Fits, summary: property.help, link, content });
    }
}

/// A place on an area's page that no other name has; one of two of the same name gets a number.
fn anchor(area: Area, name: &str, items: &[Item]) -> String {
    let plain = format!("{}#{name}", area_file(area));
    let taken = |link: &String| items.iter().any(|item| item.link == *link);
    let numbered = (2..).map(|number| format!("{plain}-{number}"));
    std::iter::once(plain.clone()).chain(numbered).find(|link| !taken(link)).unwrap_or_default()
}

fn method_file(record: &Record) -> String {
    format!("method-{}.html", record.verb)
}

/// The page of an area: methods by their links, everything else whole.
pub(super) fn area_page(area: Area, items: &[Item], failures: &mut Vec<String>) -> Page {
    let mut body = String::new();
    if area == Area::Recover {
        let rows: Vec<Vec<String>> = methods()
            .map(|record| {
                let link = format!("<a href=\"{}\">{}</a>", escape(&method_file(record)), code(record.verb));
                vec![link, prose(record.summary)]
            })
            .collect();
        body.push_str(&table(&["Method", "What it does"], &rows));
    }
    for item in items.iter().filter(|item| item.area == area) {
        let inside = match &item.content {
            Content::Entry(entry) => entry_section(entry, failures),
            Content::Record(record) => record_section(record, failures),
            Content::Elsewhere => continue,
        };
        let id = item.link.split_once('#').map_or(item.name, |(_, id)| id);
        body.push_str(&format!("<section id=\"{}\">\n<h2>{}</h2>\n{inside}</section>\n", escape(id), code(item.name)));
    }
    Page::new(area_file(area), &format!("Names of the area: {}", area.title()), &body)
}

/// The properties that a record adds.
fn added_properties(record: &Record) -> String {
    let row = |property: &Property| vec![code(property.name), prose(property.help)];
    table(&["Property", "What it is"], &record.adds.iter().map(row).collect::<Vec<_>>())
}

/// The page of a method.
pub(super) fn method_page(record: &'static Record, failures: &mut Vec<String>) -> Page {
    let mut body = record_section(record, failures);
    if !record.adds.is_empty() {
        let added = added_properties(record);
        body.push_str(&format!("<section id=\"adds\">\n<h2>The fit adds</h2>\n{added}</section>\n"));
    }
    body.push_str(&format!(
        "<p>What every fit has: <a href=\"{}\">{}</a>.</p>\n",
        area_file(Area::Fits),
        Area::Fits.title()
    ));
    Page::new(method_file(record), record.verb, &body)
}

fn entry_section(entry: &Entry, failures: &mut Vec<String>) -> String {
    let mut html = code_block(entry.usage);
    html.push_str(&format!("<p>{}</p>\n", prose(entry.summary)));
    let sets = usages(entry).iter().any(|usage| usage.form == Form::Write);
    if entry.is_property {
        let how = if sets { "A property, to read and to set." } else { "A property: no parentheses." };
        html.push_str(&format!("<p class=\"faint\">{how}</p>\n"));
    }
    html.push_str(&options("Options", entry.options.iter()));
    html.push_str(&shown(entry.name, entry.example, failures));
    html
}

fn record_section(record: &'static Record, failures: &mut Vec<String>) -> String {
    let mut html = code_block(&super::super::help::usage(record));
    html.push_str(&format!("<p>{}</p>\n", prose(record.summary)));
    if !record.details.is_empty() {
        html.push_str(&format!("<p>{}</p>\n", prose(record.details)));
    }
    if !record.params.is_empty() {
        let rows: Vec<Vec<String>> =
            record.params.iter().map(|param| vec![code(param.name), prose(param.help)]).collect();
        html.push_str("<h3>Arguments</h3>\n");
        html.push_str(&table(&["Argument", "What it is"], &rows));
    }
    html.push_str(&options("Options", record.all_options()));
    html.push_str(&options("Options of training", record.training_options()));
    if !record.is_method() && !record.adds.is_empty() {
        html.push_str(&format!("<h3>The simulation has</h3>\n{}", added_properties(record)));
    }
    html.push_str(&shown(record.verb, record.example, failures));
    if !record.reference.is_empty() {
        html.push_str(&format!("<h3>Literature</h3>\n<p>{}</p>\n", prose(record.reference)));
    }
    html
}

fn options(title: &str, options: impl Iterator<Item = &'static Opt>) -> String {
    let row = |(name, opt): (String, &'static Opt)| {
        vec![code(&name), prose(opt.help), escape(&opt.describe()), escape(&opt.default.describe())]
    };
    let rows: Vec<Vec<String>> = options.flat_map(Opt::with_inner).map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("<h3>{title}</h3>\n{}", table(&["Option", "What it does", "Takes", "Default"], &rows))
}

/// An example with what it prints; one that fails is noted.
pub(super) fn shown(name: &str, code: &str, failures: &mut Vec<String>) -> String {
    match example(code) {
        Ok(html) => format!("<h3>Example</h3>\n{html}"),
        Err(error) => {
            failures.push(format!("{name} ({})", error.error));
            String::new()
        }
    }
}
