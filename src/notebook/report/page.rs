//! A report as a page: what it has, who made it by what, and what to cite.

use super::super::{figures, markup};
use super::parts::part;
use super::{Part, Report};
use crate::context::Context;
use crate::error::Result;
use crate::model::{Fit, JointFit, NetworkComparison, Path, Simulation, Trained};
use crate::registry::records;
use crate::value::Value;
use markup::escape;

const STYLE: &str = include_str!("../assets/report.css");
const SCRIPT: &str = include_str!("../assets/report.js");
/// What every interactive figure of a page has.
const INTERACTIVE: &str = "class=\"sinew-plot\"";

/// The whole page. Nothing is fetched: with figures, plotly.js is in it, once.
pub(super) fn page(report: &Report, ctx: &Context) -> Result<String> {
    let mut body = String::new();
    let mut held = vec![ctx.reserve(report.text_bytes())?];
    let parts = report.parts();
    for each in &parts {
        if let Part::Section(text) | Part::Text(text) = each {
            // As a paragraph, and in the page that grows.
            held.push(ctx.reserve(escaped_bytes(text).saturating_mul(3))?);
        }
        match each {
            Part::Section(heading) => body += &format!("<h2>{}</h2>\n", escape(heading)),
            each => body += &part(each, ctx)?,
        }
    }
    held.push(ctx.reserve(body.len().saturating_mul(2))?);
    let plotly = if body.contains(INTERACTIVE) { figures::plotly() } else { String::new() };
    let (title, about, cited) = (escape(report.title()), about(report), cited(&parts));
    let styles = markup::styles();
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{styles}{STYLE}</style>\n\
         </head>\n<body>\n<main>\n<h1>{title}</h1>\n<p class=\"about\">{about}</p>\n{body}{cited}</main>\n\
         <script>\n{SCRIPT}</script>\n{plotly}</body>\n</html>\n"
    ))
}

/// Bytes of a text once what HTML has its own words for is escaped.
fn escaped_bytes(text: &str) -> usize {
    let escaped = text.bytes().filter(|byte| b"&<>\"'".contains(byte)).count();
    text.len() + 5 * escaped
}

/// Version, and where they are known date and seed.
fn about(report: &Report) -> String {
    let version = format!("sinew {}", env!("CARGO_PKG_VERSION"));
    let seed = report.seed.map(|seed| format!("seed of the session {seed}"));
    let parts: Vec<String> = report.date.clone().into_iter().chain([version]).chain(seed).collect();
    escape(&parts.join(" · "))
}

/// The verbs of the methods and simulators of a report, each once, in their order.
fn verbs(parts: &[Part]) -> Vec<&str> {
    let mut verbs: Vec<&str> = Vec::new();
    for each in parts {
        let Part::Value(value) = each else { continue };
        if let Some(verb) = verb_of(value).filter(|verb| !verbs.contains(verb)) {
            verbs.push(verb);
        }
    }
    verbs
}

fn verb_of(value: &Value) -> Option<&str> {
    value
        .object::<Fit>()
        .map(Fit::method)
        .or_else(|| value.object::<JointFit>().map(JointFit::method))
        .or_else(|| value.object::<NetworkComparison>().map(NetworkComparison::method))
        .or_else(|| value.object::<Path>().map(Path::verb))
        .or_else(|| value.object::<Trained>().map(Trained::verb))
        .or_else(|| value.object::<Simulation>().map(Simulation::verb))
}

/// The references of the methods that were used.
fn cited(parts: &[Part]) -> String {
    let reference = |verb: &&str| {
        let record = records().find(|record| record.verb == *verb).filter(|record| !record.reference.is_empty())?;
        Some(format!("<li><b>{}</b>: {}</li>\n", escape(verb), escape(record.reference)))
    };
    let mut listed: String = verbs(parts).iter().filter_map(reference).collect();
    if parts.iter().any(|each| matches!(each, Part::Value(value) if value.object::<NetworkComparison>().is_some())) {
        listed += &format!("<li><b>network_comparison</b>: {}</li>\n", escape(NetworkComparison::REFERENCE));
    }
    let own =
        format!("<li><b>sinew</b>: version {}, {}</li>\n", env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_DESCRIPTION"));
    format!("<h2>How to cite</h2>\n<ul>\n{listed}{own}</ul>\n")
}
