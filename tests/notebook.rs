//! What a notebook gets to show for every kind of value that scripts can make.

use sinew::notebook::{Bundle, bundle, error_text, page_script};
use sinew::script::Session;

/// Scripts whose values are of every type of the engine, and what their HTML says.
const VALUES: &[(&str, &str)] = &[
    ("matrix([[1, -2], [3, 0.0 / 0.0]])", "2 x 2 Matrix"),
    ("example(\"sachs\").head(60).log1p()", "60 x 11 Matrix"),
    ("vector([1, 2.5])", "Vector of 2"),
    ("vector([1, -2]) > 0", "Mask 2, 1 true"),
    ("matrix([[0, 3]]).sparse()", "1 x 2 SparseMatrix, 1 not 0"),
    ("example(\"sachs_edges\")", "Table"),
    ("example(\"sachs_edges\").group_by(\"Cause\")", "groups of"),
    ("random_graph(\"hub\", #{ nodes: 30, seed: 1 })", "Graph undirected, 30 nodes"),
    ("random_grn(#{ genes: 20, regulators: 3, seed: 1 })", "-&gt;"),
    ("example(\"sachs\").head(100).log1p().standardize().graphical_lasso(#{ lambda: 0.3 })", "Fit by graphical_lasso"),
    ("example(\"sachs\").head(100).log1p().standardize().graphical_lasso_path(#{ n_lambdas: 5 })", "5 solutions"),
    (
        "sergio(random_grn(#{ genes: 20, regulators: 3, seed: 1 }), #{ cell_types: 2, cells: 20, seed: 2 })",
        "Simulation by",
    ),
    ("#{ name: \"<b>\", x: matrix([[1, 2]]) }", "Matrix 1 x 2"),
    ("[matrix([[1, 2]]), vector([1])]", "list of 2"),
];

#[cfg(feature = "plot")]
const FIGURES: &[&str] = &[
    "heatmap(matrix([[1, -2], [3, 4]]))",
    "random_graph(\"hub\", #{ nodes: 9, seed: 1 }).plot()",
    "[line([1, 2], [3, 4]), line([1, 2], [4, 3])]",
];

fn shown(script: &str) -> Bundle {
    let value = Session::trusted().eval(script).unwrap_or_else(|error| panic!("{script}\n{error}"));
    bundle(&value)
}

fn text<'a>(bundle: &'a Bundle, mime: &str) -> &'a str {
    bundle.get(mime).and_then(|content| content.as_str()).unwrap_or_else(|| panic!("no {mime}"))
}

/// Fails where elements are not closed in the order in which they were opened. What scripts and styles hold is skipped.
fn assert_balanced(html: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once('<') {
        let (tag, behind) = tag.split_once('>').unwrap_or_else(|| panic!("a tag that does not end: {tag}"));
        rest = behind;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
            continue;
        }
        let name = tag.split_whitespace().next().expect("a name");
        if name == "script" || name == "style" {
            let end = format!("</{name}>");
            rest = rest.split_once(&end).unwrap_or_else(|| panic!("{name} does not end")).1;
        } else if name != "img" {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// What holds for the HTML of every output.
fn assert_fits_into_a_page(html: &str) {
    assert_balanced(html);
    assert!(html.starts_with("<div class=\"sinew-out"), "{html}");
    assert!(!html.contains(" id=\"") && !html.contains("http") && !html.contains("src=\"/"), "{html}");
}

#[test]
fn every_value_has_html_and_text() {
    for (script, part) in VALUES {
        let bundle = shown(script);
        let types: Vec<&str> = bundle.entries.iter().map(|(mime, _)| *mime).collect();
        assert_eq!(types, ["text/html", "text/plain"], "{script}");
        let (html, plain) = (text(&bundle, "text/html"), text(&bundle, "text/plain"));
        assert_fits_into_a_page(html);
        assert!(html.contains(part), "{script}: {html}");
        assert!(!plain.is_empty() && plain.len() < 20_000 && html.len() < 500_000, "{script}: {}", html.len());
        assert_eq!(bundle.to_evcxr().matches("EVCXR_BEGIN_CONTENT ").count(), 2);
    }
}

#[test]
fn plain_values_and_errors_are_readable() {
    assert_eq!(shown("1 + 1"), Bundle::text("2"));
    assert_eq!(shown("[1, 2]"), Bundle::text("[1,2]"));
    let error = Session::trusted().eval("let x = 1;\nx.lasso()").expect_err("an unknown function");
    let bundle = error_text(&error.to_string());
    assert_fits_into_a_page(text(&bundle, "text/html"));
    assert_eq!(text(&bundle, "text/plain"), error.to_string());
    assert_eq!(page_script().entries.last().map(|(mime, _)| *mime), Some("text/plain"));
}

#[test]
fn the_same_value_gives_the_same_output() {
    for (script, _) in VALUES.iter().filter(|(script, _)| !script.contains("graphical_lasso")) {
        assert_eq!(shown(script), shown(script), "{script}");
    }
}

#[cfg(feature = "plot")]
#[test]
fn figures_come_with_and_without_plotly() {
    for script in FIGURES {
        let bundle = shown(script);
        let types: Vec<&str> = bundle.entries.iter().map(|(mime, _)| *mime).collect();
        match script.starts_with('[') {
            true => assert_eq!(types, ["text/html", "text/plain"]),
            false => {
                assert_eq!(types, ["application/vnd.plotly.v1+json", "text/html", "image/svg+xml", "text/plain"]);
            }
        }
        let html = text(&bundle, "text/html");
        assert_fits_into_a_page(html);
        let figures = html.matches(" data-sinew=\"").count();
        // The picture, and the numbers for Plotly.
        assert_eq!((html.matches("<img").count(), html.matches("application/json\">").count()), (figures, figures));
        assert_eq!(figures, if script.starts_with('[') { 2 } else { 1 }, "{script}");
        assert_eq!(shown(script), bundle, "{script}");
    }
}

#[cfg(feature = "plot")]
#[test]
fn plotly_comes_once_and_fits() {
    let bundle = page_script();
    let html = text(&bundle, "text/html");
    assert_eq!((html.matches("<script").count(), html.matches("window.Plotly = Plotly").count()), (1, 1));
    assert!(html.len() < 1_900_000 && !html.contains("<script src"));
}
