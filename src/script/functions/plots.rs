//! Figures.

use rhai::{Array, Dynamic, FnNamespace, FuncRegistration, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, describe, to_numbers};
use super::super::state::{context, state};
use super::super::vocabulary::Builder;
use crate::data::Matrix;
use crate::data::file::extension;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::model::{Area, Criterion, Fit, Path};
use crate::options::{Kind, Opt, Preset};
use crate::plot::{self, EdgeColor, Figure, JsSource, NetworkLayout, NetworkOptions};
use crate::value::Value;

/// An example about a graph `g`.
macro_rules! with_g {
    ($code:literal) => {
        concat!("let g = random_graph(\"hub\", #{ nodes: 9, hubs: 2 });\n", $code)
    };
}

const NETWORK: &[Opt] = &[
    Opt::new("layout", &[Kind::Choice(&["spring", "circle", "groups"])], Preset::Text("spring"), "Where nodes stand"),
    Opt::new("color", &[Kind::Choice(&["sign", "none"])], Preset::Text("sign"), "What the colour of an edge shows"),
    Opt::new("labels", &[Kind::Bool], Preset::Unset("where there is room"), "Write the nodes' names"),
    Opt::new("title", &[Kind::Text], Preset::Unset("none"), "Title"),
    Opt::new(
        "groups",
        &[Kind::List],
        Preset::Unset("none"),
        "A number for each node: nodes of a number stand together",
    ),
];
const TITLE: &[Opt] = &[Opt::new("title", &[Kind::Text], Preset::Unset("none"), "Title")];
const SAVE: &[Opt] = &[Opt::new(
    "js",
    &[Kind::Choice(&["embedded", "cdn"])],
    Preset::Text("embedded"),
    "Where an HTML page has plotly.js from: in the page, or from the net (small file)",
)];

fn network(call: &NativeCallContext<'_>, g: &Graph, options: &Map) -> Outcome<Figure> {
    let options = check_options("plot", NETWORK, options)?;
    let groups = match options.get("groups") {
        Some(Value::List(list)) => Some(groups(list, g.n_nodes())?),
        _ => None,
    };
    let layout = match options.text("layout") {
        Some("circle") => NetworkLayout::Circle,
        Some("groups") => NetworkLayout::Groups,
        _ => NetworkLayout::Spring,
    };
    let network = NetworkOptions {
        layout,
        color: if options.text("color") == Some("none") { EdgeColor::None } else { EdgeColor::Sign },
        labels: options.is_given("labels").then(|| options.is_true("labels")),
        title: options.text("title").map(String::from),
        groups,
    };
    Ok(plot::network(g, &network, &context(call))?)
}

fn groups(list: &[Value], nodes: usize) -> Result<Vec<usize>> {
    let number = |value: &Value| match value {
        Value::Int(group) => usize::try_from(*group).ok(),
        _ => None,
    };
    let groups: Option<Vec<usize>> = list.iter().map(number).collect();
    groups.filter(|groups| groups.len() == nodes).ok_or_else(|| {
        Error::option(format!("option 'groups' of plot must be a list of {nodes} whole numbers, one a node"))
    })
}

fn fit_plot(call: &NativeCallContext<'_>, fit: &Fit, kind: &str, options: &Map) -> Outcome<Figure> {
    match kind {
        "network" => network(call, &fit.graph(0.0)?, options),
        "heatmap" => heatmap(&fit.partial_correlation()?, options),
        _ => Err(unknown_kind("a fit", kind, &["network", "heatmap"]).into()),
    }
}

fn path_plot(path: &Path, kind: &str) -> Outcome<Figure> {
    let criterion = Criterion::parse(kind, 0.5).ok_or_else(|| unknown_kind("a path", kind, Criterion::NAMES))?;
    // A logarithmic axis has no place for a penalty of 0.
    let values = path.points().iter().map(|point| point.lambda).zip(path.criterion(criterion)?);
    let (lambdas, values): (Vec<f64>, Vec<f64>) = values.filter(|(lambda, _)| *lambda > 0.0).unzip();
    Ok(plot::lines(&[(kind.to_string(), lambdas, values)], "lambda", kind, true))
}

fn unknown_kind(of: &str, kind: &str, known: &[&str]) -> Error {
    Error::argument(format!("there is no plot \"{kind}\" of {of}"))
        .with_nearest(kind, known.iter().copied())
        .or_hint(format!("kinds: {}", known.join(", ")))
}

fn heatmap(m: &Matrix, options: &Map) -> Outcome<Figure> {
    let options = check_options("heatmap", TITLE, options)?;
    Ok(plot::heatmap(m, options.text("title"))?)
}

fn line(x: &Dynamic, y: &Dynamic, options: &Map) -> Outcome<Figure> {
    let options = check_options("line", TITLE, options)?;
    let (x, y) = (to_numbers(x, "x")?, to_numbers(y, "y")?);
    if x.len() != y.len() {
        return Err(Error::shape(format!("{} numbers on x, {} on y", x.len(), y.len())).into());
    }
    let figure = plot::lines(&[(String::new(), x, y)], "", "", false);
    Ok(match options.text("title") {
        Some(title) => figure.with_title(title),
        None => figure,
    })
}

fn grid(list: &Array, options: &Map) -> Outcome<Figure> {
    let options = check_options("grid", TITLE, options)?;
    let figures = list.iter().map(|value| {
        value
            .read_lock::<Figure>()
            .map(|figure| figure.clone())
            .ok_or_else(|| Error::argument(format!("grid joins figures, one of the parts is {}", describe(value))))
    });
    Ok(Figure::grid(&figures.collect::<Result<Vec<_>>>()?, None, options.text("title"))?)
}

fn save(call: &NativeCallContext<'_>, figure: &Figure, path: &str, options: &Map) -> Outcome<()> {
    let options = check_options("save", SAVE, options)?;
    if options.is_given("js") && !matches!(extension(path).as_str(), "html" | "htm") {
        return Err(Error::option("option 'js' of save is for .html files").into());
    }
    let js = if options.text("js") == Some("cdn") { JsSource::Cdn } else { JsSource::Embedded };
    Ok(figure.save(path, &context(call), js)?)
}

/// Writes the figure to a file and says where: a program that may run without a screen opens nothing by itself.
fn show(call: &NativeCallContext<'_>, figure: &Figure) -> Outcome<()> {
    let ctx = context(call);
    let name = format!("sinew-figure-{}.html", ctx.next_seed());
    let path = std::env::temp_dir().join(name).display().to_string();
    figure.save(&path, &ctx, JsSource::Embedded)?;
    if let Some(state) = state(call) {
        state.print(&format!("figure in {path}"));
    }
    Ok(())
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Plot);
    b.verb("plot", "g.plot() -> Figure\ng.plot(#{ layout, color, labels, title, groups }) -> Figure\nfit.plot(\"network\" | \"heatmap\") -> Figure\npath.plot(\"ebic\" | \"bic\" | \"aic\") -> Figure", "Picture of a graph, a fit or a path", with_g!("print(g.plot(#{ layout: \"circle\" }));")).options(NETWORK)
        .on(|call: NativeCallContext<'_>, g: &mut Graph| network(&call, g, &Map::new()))
        .on(|call: NativeCallContext<'_>, g: &mut Graph, options: Map| network(&call, g, &options))
        .on(|call: NativeCallContext<'_>, fit: &mut Fit| fit_plot(&call, fit, "network", &Map::new()))
        .on(|call: NativeCallContext<'_>, fit: &mut Fit, options: Map| fit_plot(&call, fit, "network", &options))
        .on(|call: NativeCallContext<'_>, fit: &mut Fit, kind: &str| fit_plot(&call, fit, kind, &Map::new()))
        .on(|call: NativeCallContext<'_>, fit: &mut Fit, kind: &str, options: Map| fit_plot(&call, fit, kind, &options))
        .on(|path: &mut Path| path_plot(path, "ebic"))
        .on(|path: &mut Path, kind: &str| path_plot(path, kind));
    b.verb(
        "network",
        "network(g) -> Figure\nnetwork(g, #{ layout, color, labels, title, groups }) -> Figure",
        "Picture of a graph; the same as g.plot()",
        with_g!("print(network(g));"),
    )
    .options(NETWORK)
    .on(|call: NativeCallContext<'_>, g: &mut Graph| network(&call, g, &Map::new()))
    .on(|call: NativeCallContext<'_>, g: &mut Graph, options: Map| network(&call, g, &options));
    b.verb(
        "heatmap",
        "heatmap(m) -> Figure\nheatmap(m, #{ title }) -> Figure",
        "Picture of a matrix, coloured around 0",
        "print(heatmap(eye(3)));",
    )
    .options(TITLE)
    .on(|m: &mut Matrix| heatmap(m, &Map::new()))
    .on(|m: &mut Matrix, options: Map| heatmap(m, &options));
    b.verb(
        "line",
        "line(x, y) -> Figure\nline(x, y, #{ title }) -> Figure",
        "Curve through points",
        "print(line([1, 2, 3], [1, 4, 9]));",
    )
    .options(TITLE)
    .on(|x: Dynamic, y: Dynamic| line(&x, &y, &Map::new()))
    .on(|x: Dynamic, y: Dynamic, options: Map| line(&x, &y, &options));
    b.verb(
        "grid",
        "grid([figures]) -> Figure\ngrid([figures], #{ title }) -> Figure",
        "Several figures as one",
        with_g!("print(grid([g.plot(), heatmap(g.to_matrix())]));"),
    )
    .options(TITLE)
    .on(|list: Array| grid(&list, &Map::new()))
    .on(|list: Array, options: Map| grid(&list, &options));
    b.verb(
        "show",
        "figure.show()",
        "Write a figure to a file in the temporary folder and print where it is",
        with_g!("g.plot().show();"),
    )
    .on(|call: NativeCallContext<'_>, figure: &mut Figure| show(&call, figure));
    b.property(
        "title",
        "figure.title -> string\nfigure.title = \"text\"",
        "Title of a figure, to read and to set",
        with_g!("let f = g.plot(); f.title = \"Two stars\"; print(f.title);"),
    )
    .get(|figure: &mut Figure| figure.title().unwrap_or_default().to_string());
    FuncRegistration::new_setter("title")
        .with_namespace(FnNamespace::Global)
        .set_into_module(b.module(), |figure: &mut Figure, title: &str| *figure = figure.with_title(title));
    b.extend("save")
        .on(|call: NativeCallContext<'_>, figure: &mut Figure, path: &str| save(&call, figure, path, &Map::new()))
        .on(|call: NativeCallContext<'_>, figure: &mut Figure, path: &str, options: Map| {
            save(&call, figure, path, &options)
        });
}
