//! `sinew doc`: the reference as static web pages, from records and vocabulary. Nothing on them comes from the net.

mod entries;
mod example;
mod html;
mod modules;
mod phrases;

use std::collections::BTreeMap;

use self::entries::{Item, area_page, items, method_page};
use self::html::{code, escape, page, prose, table};
use crate::error::{Error, ErrorKind, Result};
use crate::explain::{EXPLANATIONS, Explanation};
use crate::model::Area;
use crate::registry::methods;

const SEARCH: &str = include_str!("assets/search.js");

/// A page of the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The file's name.
    pub name: String,
    /// A whole HTML document.
    pub html: String,
}

impl Page {
    fn new(name: impl Into<String>, title: &str, body: &str) -> Self {
        Self { name: name.into(), html: page(title, body) }
    }
}

/// Every page. Examples run meanwhile; some write files into the working directory.
///
/// # Errors
/// Examples that fail, by name.
pub fn pages() -> Result<Vec<Page>> {
    let items = items();
    let mut failures = Vec::new();
    let mut pages = vec![index_page(&items)];
    for area in areas(&items).into_keys() {
        pages.push(area_page(area, &items, &mut failures));
    }
    pages.extend(methods().map(|record| method_page(record, &mut failures)));
    pages.push(modules::page(&mut failures));
    pages.extend(phrases::pages());
    pages.push(errors_page());
    match failures.as_slice() {
        [] => Ok(pages),
        _ => Err(Error::new(ErrorKind::Script, format!("examples of the reference fail: {}", failures.join("; ")))),
    }
}

/// The names of every area that has some.
fn areas(items: &[Item]) -> BTreeMap<Area, Vec<&Item>> {
    let mut areas: BTreeMap<Area, Vec<&Item>> = BTreeMap::new();
    items.iter().for_each(|item| areas.entry(item.area).or_default().push(item));
    areas
}

/// All names with a box to search them; without scripts the page shows all.
fn index_page(items: &[Item]) -> Page {
    let mut body = String::from(
        "<p>Sparse graphs recovered from data: every name of the script language.</p>\n\
         <input id=\"search\" type=\"search\" placeholder=\"Find a name or a word\" \
         aria-label=\"Find a name or a word\" autocomplete=\"off\" hidden>\n",
    );
    for (area, items) in areas(items) {
        let lines: String = items.iter().map(|item| line(&item.link, item.name, item.summary)).collect();
        body.push_str(&names_of(&area_file(area), area.title(), &lines));
    }
    let lines: String = modules::names().map(|(link, name, summary)| line(&link, name, summary)).collect();
    body.push_str(&names_of(modules::FILE, "modules", &lines));
    body.push_str(&format!("<script>\n{SEARCH}</script>\n"));
    Page::new("index.html", "Reference", &body)
}

/// The names of a page.
fn names_of(file: &str, title: &str, lines: &str) -> String {
    format!(
        "<section class=\"area\">\n<h2><a href=\"{file}\">{title}</a></h2>\n<ul class=\"names\">\n{lines}</ul>\n\
         </section>\n"
    )
}

/// A name with what it is for.
fn line(link: &str, name: &str, summary: &str) -> String {
    let link = escape(link);
    format!("<li><a href=\"{link}\">{}</a> <span class=\"faint\">{}</span></li>\n", code(name), prose(summary))
}

/// The file of an area's page.
fn area_file(area: Area) -> String {
    format!("area-{}.html", area.title())
}

fn errors_page() -> Page {
    let row = |known: &Explanation| {
        let code_of = known.kind.code();
        vec![
            format!("<span id=\"{code_of}\">{}</span>", code(code_of)),
            prose(known.meaning),
            prose(&known.causes.join("; ")),
            code(known.cure),
            known.kind.exit_code().to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = EXPLANATIONS.iter().map(row).collect();
    let intro = "<p>Every error has a code, says what was wrong and where, and mostly what to do about it. A script \
                 can catch errors, but not a reached limit on time or memory. <code>sinew explain CODE</code> shows a wrong \
                 line beside each cure.</p>\n";
    let caught = html::code_block("try { eye(2).get(5, 0) } catch (e) { print(`${e.code} ${e.message}`); }");
    let codes = table(&["Code", "What happened", "Usual causes", "A line as it should be", "Exit code"], &rows);
    let checked = "<p>Warnings of <code>sinew check</code>: <code>W001</code> is a variable that is never used, \
                   <code>W002</code> a division of whole numbers that drops the rest.</p>\n";
    Page::new("errors.html", "Errors", &format!("{intro}{caught}{codes}{checked}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The values of an attribute in a page.
    fn attributes(html: &str, name: &str) -> Vec<String> {
        let start = format!(" {name}=\"");
        html.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).map(String::from).collect()
    }

    /// The names behind every opening angle.
    fn names_of_tags(html: &str) -> BTreeSet<String> {
        let tags = html.split('<').skip(1).map(|rest| rest.trim_start_matches(['/', '!']));
        tags.map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).collect()).collect()
    }

    #[test]
    fn pages_without_examples_are_whole() {
        let mut pages = vec![index_page(&items()), errors_page()];
        pages.extend(phrases::pages());
        for page in &pages {
            let ids = attributes(&page.html, "id");
            let unique: BTreeSet<&String> = ids.iter().collect();
            assert_eq!(ids.len(), unique.len(), "{}: an id stands twice", page.name);
            let known = [
                "a", "body", "br", "code", "DOCTYPE", "div", "footer", "h1", "h2", "head", "header", "html", "input",
                "li", "main", "meta", "nav", "p", "pre", "script", "section", "span", "style", "table", "tbody", "td",
                "th", "thead", "title", "tr", "ul",
            ];
            let found = names_of_tags(page.html.split("<script>").next().unwrap_or_default());
            let strange: Vec<&String> = found.iter().filter(|tag| !known.contains(&tag.as_str())).collect();
            assert!(strange.is_empty(), "{}: {strange:?}", page.name);
        }
    }

    #[test]
    fn the_index_names_everything_that_has_help() {
        let index = index_page(&items()).html;
        for name in super::super::names() {
            assert!(index.contains(&format!("<code>{name}</code>")), "{name}");
        }
    }

    #[test]
    fn every_kind_of_error_has_a_row() {
        let page = errors_page().html;
        let codes: BTreeSet<&str> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
        assert!(codes.iter().all(|code| page.contains(&format!("id=\"{code}\""))));
    }
}
