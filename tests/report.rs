//! Reports: a page has everything, is well formed, fetches nothing, and stays the same.

use sinew::Context;
use sinew::script::{Sandbox, Session, SessionOptions};

fn session() -> Session {
    Session::new(SessionOptions {
        seed: Some(7),
        sandbox: Sandbox::new().time(std::time::Duration::from_secs(60)),
        ..SessionOptions::default()
    })
}

/// The page of a report that a script ends with.
fn page(script: &str) -> String {
    let script = format!("{script}.to_html()");
    session().eval_as::<String>(&script).unwrap_or_else(|error| panic!("{script}\n{error}"))
}

const FITTED: &str = "let x = example(\"sachs\").head(150).log1p().standardize(); \
                      let fit = x.graphical_lasso(#{ lambda: 0.25, seed: 3 });\n";

/// The tags of a page outside of scripts and styles: those that are open are closed in order.
fn assert_well_formed(page: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').expect("a tag ends");
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        if tag.starts_with('!') || tag.ends_with('/') {
            continue;
        }
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default().to_string();
        if ["meta", "img", "br"].contains(&name.as_str()) {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name.as_str()), "{}", &rest[..rest.len().min(80)]);
            continue;
        }
        if ["script", "style"].contains(&name.as_str()) {
            let close = format!("</{name}>");
            rest = &rest[rest.find(&close).expect("it is closed") + close.len()..];
            continue;
        }
        open.push(name);
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_page_has_what_a_reader_needs() {
    let report = format!(
        "{FITTED}Report(\"Signalling\").section(\"Data\").data(x).section(\"Result\").add(fit)\
         .add([\"First paragraph.\\n\\nSecond one.\", fit.partial_cor, table([#{{ a: 1 }}]), #{{ key: 2 }}])"
    );
    let page = page(&report);
    for part in [
        "<title>Signalling</title>",
        "<h2>Data</h2>",
        "fingerprint",
        "<h3>Fit by graphical_lasso</h3>",
        "Options",
        "max_iter",
        ">0.25<",
        "seed of the session 7",
        concat!("sinew ", env!("CARGO_PKG_VERSION")),
        "<p>First paragraph.</p>\n<p>Second one.</p>",
        "11 x 11 Matrix",
        "<th scope=\"row\">key</th>",
        "How to cite",
        "Biostatistics 9:432",
        "praf",
        "class=\"edges\"",
    ] {
        assert!(page.contains(part), "no {part}");
    }
    assert!(!page.contains(">seconds<"), "what depends on the clock is left out");
    assert_well_formed(&page);
}

#[test]
fn the_same_script_makes_the_same_page_and_a_date_is_asked_for() {
    let report = format!("{FITTED}Report(\"r\").add(fit)");
    assert_eq!(page(&report), page(&report));
    assert!(page("Report(\"r\", #{ date: \"3 May\" })").contains("3 May · sinew"));
    let today = page("Report(\"r\", #{ date: \"today\" })");
    assert!(today.contains("<p class=\"about\">20"), "{today}");
}

#[test]
fn nothing_is_fetched() {
    let page = page(&format!("{FITTED}Report(\"r\").add(fit).add(fit.graph())"));
    let own = page.split("if (!window.Plotly)").next().unwrap_or_default();
    for part in ["<script src", "<link", "<iframe", "src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!own.contains(part), "{part}");
    }
    assert!(!page.contains("<script src") && !page.contains("<link"));
    assert_eq!(page.matches("plotly.js (cartesian - minified)").count(), usize::from(cfg!(feature = "plot")));
    assert!(page_without_figures().len() < 20_000);
}

fn page_without_figures() -> String {
    page("Report(\"r\").add(\"text\").add(eye(2))")
}

#[test]
fn hostile_names_stay_texts() {
    let evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\\\"'&";
    let names = format!("let evil = \"{evil}\"; let names = [evil, \"b\", \"c\"];\n");
    let page = page(&format!(
        "{names}let x = sample_gaussian(random_graph(\"band\", #{{ nodes: 3 }}).precision(), 60, #{{ seed: 1 }}).set_names(names);\n\
         let t = table(x); t[evil + \"2\"] = (0..60).map(|k| evil);\n\
         Report(evil, #{{ date: evil }}).section(evil).add(evil).data(x).data(t).add(x).add(t)\
         .add(x.graphical_lasso(#{{ lambda: 0.05 }})).add(#{{ evil: evil }}).add(graph_from_matrix(x.cor()))"
    ));
    assert!(!page.contains("<script>alert") && !page.contains("<img src=x"));
    assert!(page.contains("&lt;script&gt;alert(1)"));
    assert_well_formed(&page);
}

#[test]
fn parts_are_added_in_place_and_in_a_chain() {
    let mut session = session();
    let script = "let r = Report(\"r\"); r.section(\"a\"); r.add(\"text\").add(eye(2)); let same = r; same.add(1);";
    session.eval(script).expect("a report");
    let shown = session.eval_as::<String>("`${r}`").expect("a text");
    assert!(shown.starts_with("Report \"r\", 4 parts"), "{shown}");
    for (script, part) in [
        ("Report(\"r\").add(())", "a report has no use for ()"),
        ("Report(\"r\").add(Report(\"s\"))", "cannot be a part"),
        ("let r = Report(\"r\"); r.add([#{ a: [r] }])", "cannot be a part"),
        ("Report(\"r\").add(|x| x)", "cannot be used here"),
        ("Report(\"r\").data(3)", "a Matrix or a Table"),
        ("Report(\"r\", #{ dat: \"x\" })", "did you mean 'date'?"),
        ("Report(\"r\").save(\"r.html\")", "files"),
    ] {
        let error = session.eval(script).expect_err(script).to_string();
        assert!(error.contains(part), "{script}\n{error}");
    }
}

#[test]
fn a_page_is_written_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.html");
    let report = sinew::notebook::Report::new("r");
    report.add(&"text".into()).expect("a part");
    report.save(&path.display().to_string(), &Context::new()).expect("a page");
    let page = std::fs::read_to_string(&path).expect("the page");
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
}

#[test]
fn tests_are_in_the_tables_of_edges_and_in_comparisons() {
    let page = page(
        "let x = sample_gaussian(random_graph(\"band\", #{ nodes: 5 }).precision(), 200, #{ seed: 1 });\n\
         let c = network_comparison(PartialCorrelation(), x.head(100), x.tail(100), #{ permutations: 20, seed: 1 });\n\
         Report(\"Tests\").data(x).add(x.debiased_graphical_lasso(#{ lambda: 0.1 })).add(c)",
    );
    assert_well_formed(&page);
    for part in [
        ">p_value</button>",
        ">q_value</button>",
        "Networks by partial_correlation compared",
        "p_adjusted",
        "<b>network_comparison</b>: van Borkulo",
        "<th scope=\"row\">x4</th>",
    ] {
        assert!(page.contains(part), "no {part}");
    }
    assert!(!page.contains(">seconds<"), "what depends on the clock is left out");
}
