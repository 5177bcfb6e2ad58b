//! Reports.

use rhai::{Dynamic, ImmutableString, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, to_value};
use super::super::state::context;
use super::super::vocabulary::Builder;
use crate::model::Area;
use crate::notebook::Report;
use crate::options::{Kind, Opt, Preset};

const REPORT: &[Opt] = &[Opt::new(
    "date",
    &[Kind::Text],
    Preset::Unset("none, so that the same results make the same page"),
    "A date as it is to be written, or \"today\"",
)];

/// An example about a report.
macro_rules! with_report {
    ($code:literal) => {
        concat!(
            "let x = example(\"sachs\").head(200).log1p().standardize();\n",
            "let fit = x.graphical_lasso(#{ lambda: 0.2 });\n",
            "let r = Report(\"Signalling\");\n",
            $code
        )
    };
}

fn report(call: &NativeCallContext<'_>, title: &str, options: &Map) -> Outcome<Report> {
    let options = check_options("Report", REPORT, options)?;
    let report = Report::new(title).with_seed(context(call).seed());
    Ok(match options.text("date") {
        Some(date) => report.with_date(date),
        None => report,
    })
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::System);
    b.verb(
        "Report",
        "Report(title) -> Report\nReport(title, #{ date }) -> Report",
        "A report that grows by .add(..) and becomes one page by .save(\"report.html\"): results with data, options, seeds, warnings, figures, tables of edges, and what to cite",
        with_report!("r.section(\"Result\").add(fit).add(fit.graph()).save(\"report.html\");\nprint(r);"),
    )
    .options(REPORT)
    .on(|call: NativeCallContext<'_>, title: &str| report(&call, title, &Map::new()))
    .on(|call: NativeCallContext<'_>, title: &str, options: Map| report(&call, title, &options));
    parts(b);
}

/// What adds to a report changes it and all its copies, and gives it, so that calls can follow each other.
fn parts(b: &mut Builder) {
    b.verb(
        "add",
        "report.add(value) -> Report",
        "Add a fit, path, joint fit, graph, figure, table, matrix, map, text (empty lines between paragraphs), or a list of these to a report",
        with_report!("r.add(\"All cells.\").add([fit, fit.partial_cor]);\nprint(r);"),
    )
    .on(|call: NativeCallContext<'_>, report: &mut Report, value: Dynamic| -> Outcome<Report> {
        let texts = value.read_lock::<ImmutableString>().map_or(0, |text| text.len());
        // A text is copied on its way, and kept.
        let _held = context(&call).reserve(2 * texts)?;
        report.add(&to_value(&value)?)?;
        Ok(report.clone())
    });
    b.verb(
        "section",
        "report.section(heading) -> Report",
        "Add a heading to a report",
        with_report!("print(r.section(\"Result\").add(fit));"),
    )
    .on(|report: &mut Report, heading: &str| -> Outcome<Report> {
        report.section(heading)?;
        Ok(report.clone())
    });
    b.verb(
        "data",
        "report.data(x) -> Report",
        "Describe data in a report, without including them: rows, columns, missing values, a fingerprint, and a summary of the columns",
        with_report!("print(r.section(\"Data\").data(x));"),
    )
    .on(|call: NativeCallContext<'_>, report: &mut Report, x: Dynamic| -> Outcome<Report> {
        report.data(&to_value(&x)?, &context(&call))?;
        Ok(report.clone())
    });
    b.verb(
        "to_html",
        "report.to_html() -> string",
        "A report as the page that .save writes",
        with_report!("print(r.add(fit).to_html().contains(\"How to cite\"));"),
    )
    .on(|call: NativeCallContext<'_>, report: &mut Report| -> Outcome<String> { Ok(report.to_html(&context(&call))?) });
    b.extend("save").on(|call: NativeCallContext<'_>, report: &mut Report, path: &str| -> Outcome<()> {
        Ok(report.save(path, &context(&call))?)
    });
}
