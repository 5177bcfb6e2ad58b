//! A report: results, figures, data and texts below each other, as one page that needs nothing else.

mod data;
mod page;
mod parts;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value as Json, json};

use super::markup::{Fact, facts, line, shorten};
use super::outline::outline;
use crate::context::Context;
use crate::data::file::{extension, unknown_extension, write_atomic};
use crate::engine_type;
use crate::error::{Error, Result};
use crate::value::{Value, describe};
use data::Described;

/// The word for a report of the day on which it is made.
const TODAY: &str = "today";
/// Letters of a line about a part.
const LINE: usize = 60;
/// Parts at most.
const PARTS: usize = 10_000;

/// What a report consists of.
#[derive(Debug, Clone)]
enum Part {
    /// A heading.
    Section(String),
    /// Paragraphs, with empty lines between them.
    Text(String),
    /// What data are, without them.
    Data(Described),
    /// A result, a figure, a matrix or table.
    Value(Value),
}

/// A report that grows: a title, and below it what was added, in order. Clones are the same report: what is added to one
/// is in all of them, so that calls can follow each other.
///
/// ```
/// use sinew::{Context, notebook::Report};
/// let report = Report::new("A first report");
/// report.section("Result")?;
/// report.add(&"Nothing yet.".into())?;
/// let page = report.to_html(&Context::new())?;
/// assert!(page.contains("<h2>Result</h2>") && page.contains("How to cite"));
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Report {
    title: String,
    date: Option<String>,
    seed: Option<u64>,
    parts: Arc<Mutex<Vec<Part>>>,
}

engine_type!(Report, "Report");

impl Report {
    /// A report without parts.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), date: None, seed: None, parts: Arc::default() }
    }

    /// The same with a date: any text, or "today". Without one, the same results make the same page.
    #[must_use]
    pub fn with_date(mut self, date: &str) -> Self {
        self.date = Some(if date == TODAY { today() } else { date.to_string() });
        self
    }

    /// The same with the seed of the session that makes it.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    fn push(&self, part: Part) -> Result<()> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if parts.len() >= PARTS {
            return Err(Error::argument(format!("a report has at most {PARTS} parts")));
        }
        parts.push(part);
        Ok(())
    }

    /// Bytes of the texts that were added.
    fn text_bytes(&self) -> usize {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = |part: &Part| if let Part::Section(text) | Part::Text(text) = part { text.len() } else { 0 };
        parts.iter().map(bytes).fold(0, usize::saturating_add)
    }

    /// What was added so far.
    fn parts(&self) -> Vec<Part> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a heading.
    ///
    /// # Errors
    /// A report that is full.
    pub fn section(&self, heading: &str) -> Result<()> {
        self.push(Part::Section(heading.to_string()))
    }

    /// Adds a value: a text as paragraphs, a list value by value.
    ///
    /// # Errors
    /// A value that a report has no use for; a report that is full.
    pub fn add(&self, value: &Value) -> Result<()> {
        match value {
            Value::Text(text) => self.push(Part::Text(text.clone())),
            Value::List(list) => list.iter().try_for_each(|item| self.add(item)),
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => self.push(Part::Text(value.to_string())),
            Value::Object(_) | Value::Map(_) if holds_report(value) => {
                Err(Error::argument("a report cannot be a part of a report"))
            }
            Value::Object(_) | Value::Map(_) => self.push(Part::Value(value.clone())),
            Value::Unit => Err(Error::argument(format!("a report has no use for {}", describe(value)))),
        }
    }

    /// Adds what data are: rows, columns, names, missing values, a fingerprint, and a summary of the columns; not the
    /// data.
    ///
    /// # Errors
    /// What is no Matrix and no Table; cancellation; a report that is full.
    pub fn data(&self, value: &Value, ctx: &Context) -> Result<()> {
        let described = data::describe_data(value, ctx)?;
        self.push(Part::Data(described))
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// As a whole HTML page.
    ///
    /// # Errors
    /// Cancellation while figures are laid out.
    pub fn to_html(&self, ctx: &Context) -> Result<String> {
        page::page(self, ctx)
    }

    /// Writes the page to a file `.html`.
    ///
    /// # Errors
    /// Another ending; a file that cannot be written or that the context forbids; cancellation.
    pub fn save(&self, path: &str, ctx: &Context) -> Result<()> {
        if !matches!(extension(path).as_str(), "html" | "htm") {
            return Err(unknown_extension(path, ".html"));
        }
        let page = self.to_html(ctx)?;
        write_atomic(path, ctx, |file| file.write_all(page.as_bytes()))
    }

    /// As JSON: the title, and every part with its kind.
    pub fn to_json(&self) -> Json {
        let part = |part: &Part| match part {
            Part::Section(heading) => json!({ "kind": "section", "text": heading }),
            Part::Text(text) => json!({ "kind": "text", "text": text }),
            Part::Data(described) => json!({ "kind": "data", "value": described.to_json() }),
            Part::Value(value) => json!({ "kind": value.type_name(), "value": value.to_json() }),
        };
        json!({
            "title": self.title, "date": self.date, "seed": self.seed, "version": env!("CARGO_PKG_VERSION"),
            "parts": self.parts().iter().map(part).collect::<Vec<_>>(),
        })
    }
}

/// Whether a value is or holds a report, which could be the one that it would be a part of.
fn holds_report(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.get::<Report>().is_some(),
        Value::List(list) => list.iter().any(holds_report),
        Value::Map(entries) => entries.iter().any(|(_, value)| holds_report(value)),
        _ => false,
    }
}

impl Part {
    /// Its kind, and a line about it.
    fn outline(&self) -> (&'static str, String) {
        match self {
            Self::Section(heading) => ("section", shorten(heading, LINE)),
            Self::Text(text) => ("text", shorten(text.lines().next().unwrap_or_default(), LINE)),
            Self::Data(described) => ("data", described.outline()),
            Self::Value(value) => (value.type_name(), outline(value)),
        }
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = self.parts();
        let outlines: Vec<(&str, String)> = parts.iter().map(Part::outline).collect();
        let width = outlines.iter().map(|(kind, _)| kind.len() + 2).fold(10, usize::max);
        let plural = if parts.len() == 1 { "" } else { "s" };
        write!(f, "Report \"{}\", {} part{plural}", self.title, parts.len())?;
        for at in crate::data::shown(parts.len(), 30) {
            match at.map(|at| &outlines[at]) {
                Some((kind, text)) => write!(f, "\n  {kind:<width$}{text}")?,
                None => f.write_str("\n  ...")?,
            }
        }
        Ok(())
    }
}

/// What a notebook shows of a report: what it consists of.
pub(super) fn card(report: &Report) -> String {
    let fact = |part: &Part| {
        let (kind, text) = part.outline();
        Fact::new(kind, text)
    };
    let parts: Vec<Fact> = report.parts().iter().map(fact).collect();
    line(&format!("Report \"{}\"", report.title)) + facts(&parts).as_str()
}

/// The day by the clock of this machine, in UTC.
fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let (year, month, day) = date_of(seconds / 86_400);
    format!("{year}-{month:02}-{day:02}")
}

/// Year, month and day so many days after 1 January 1970, in the Gregorian calendar.
fn date_of(mut days: u64) -> (u64, usize, u64) {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    for (at, length) in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].into_iter().enumerate() {
        if days < length {
            return (year, at + 1, days + 1);
        }
        days -= length;
    }
    (year, 12, 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        for (days, date) in [(0, (1970, 1, 1)), (59, (1970, 3, 1)), (11_016, (2000, 2, 29)), (20_779, (2026, 11, 22))] {
            assert_eq!(date_of(days), date);
        }
    }

    #[test]
    fn a_report_grows_and_its_copies_with_it() {
        let report = Report::new("a <title>").with_date("a day");
        let same = report.clone();
        report.add(&Value::List(vec!["one".into(), Value::Int(2)])).unwrap();
        assert!(report.add(&Value::Unit).is_err() && report.add(&report.clone().into()).is_err());
        let nested = Value::Map(vec![("r".into(), Value::List(vec![report.clone().into()]))]);
        assert!(report.add(&nested).is_err());
        assert_eq!((same.parts().len(), report.parts().len()), (2, 2));
        assert!(report.to_string().starts_with("Report \"a <title>\", 2 parts\n  text      one"), "{report}");
        assert!(card(&report).contains("a &lt;title&gt;"));
        assert!(report.save("report.txt", &Context::new()).is_err());
    }
}
