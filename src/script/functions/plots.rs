//! Figures.

use rhai::{Array, FnNamespace, FuncRegistration, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, describe};
use super::super::state::{context, state};
use super::super::vocabulary::Builder;
use super::charts::{self, unknown_kind, with_titles};
use crate::data::Matrix;
use crate::data::file::extension;
use crate::detached::detached_if_many;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::model::{Area, Criterion, Fit, Path, Simulation};
use crate::options::{Kind, Opt, Preset, Range};
use crate::plot::{self, EdgeColor, Figure, Groups, JsSource, NetworkLayout, NetworkOptions};
use crate::value::{Object, Value};

const LAYOUT: Opt =
    Opt::new("layout", &[Kind::Choice(&["spring", "circle", "groups"])], Preset::Text("spring"), "Where nodes stand");
const COLOR: Opt =
    Opt::new("color", &[Kind::Choice(&["sign", "none"])], Preset::Text("sign"), "What the colour of an edge shows");
const LABELS: Opt = Opt::new("labels", &[Kind::Bool], Preset::Unset("where there is room"), "Write the nodes' names");
const GROUPS: Opt = Opt::new(
    "groups",
    &[Kind::List, Kind::Text],
    Preset::Unset("none"),
    "A number or a name for each node, or the attribute of the nodes that has them: groups have a colour",
);
const LOG: Opt = Opt::new(
    "log",
    &[Kind::Bool],
    Preset::Bool(false),
    "For \"degrees\": the share of nodes with at least a degree, on logarithmic axes",
);
const GAMMA: Opt =
    Opt::new("gamma", &[Kind::Number(Range::UNIT)], Preset::Number(0.5), "Extra cost of an edge in \"ebic\"");
pub(super) const COLUMNS: Opt =
    Opt::new("columns", &[Kind::Count(1)], Preset::Unset("about a square"), "How many figures stand beside each other");
pub(super) const LEVEL: Opt = Opt::new(
    "level",
    &[Kind::Number(Range::UNIT)],
    Preset::Unset("all differences are shown"),
    "For \"edges\" of a comparison: the largest adjusted p-value of the differences that are shown",
);
const NETWORK: &[Opt] = &[LAYOUT, COLOR, LABELS, charts::TITLE, GROUPS];
const DEGREES: &[Opt] = &[LOG, charts::TITLE, charts::X_LABEL, charts::Y_LABEL];
const PATH: &[Opt] = &[GAMMA, charts::TITLE, charts::X_LABEL, charts::Y_LABEL];
/// Every option of any plot.
const PLOT: &[Opt] = &[
    LAYOUT,
    COLOR,
    LABELS,
    GROUPS,
    LOG,
    GAMMA,
    COLUMNS,
    LEVEL,
    charts::X,
    charts::Y,
    charts::GROUP,
    charts::LOG_X,
    charts::LOG_Y,
    charts::BINS,
    charts::DENSITY,
    charts::TITLE,
    charts::X_LABEL,
    charts::Y_LABEL,
];
const GRAPH_KINDS: [&str; 4] = ["network", "circle", "groups", "degrees"];
const FIT_KINDS: [&str; 7] = ["heatmap", "selection", "criterion", "error", "penalties", "calibration", "low_rank"];
const TITLE: &[Opt] = &[charts::TITLE];
const GRID: &[Opt] = &[charts::TITLE, COLUMNS];
pub(super) const SAVE: &[Opt] = &[Opt::new(
    "js",
    &[Kind::Choice(&["embedded", "cdn"])],
    Preset::Text("embedded"),
    "Where an HTML page has plotly.js from: in the page, or from the net (small file)",
)];

/// A picture of a graph; where the layout is given, the options do not have it.
fn network(call: &NativeCallContext<'_>, g: &Graph, layout: Option<NetworkLayout>, options: &Map) -> Outcome<Figure> {
    let options = check_options("plot", NETWORK, options)?;
    if layout.is_some() && options.is_given("layout") {
        return Err(Error::option("option 'layout' of plot goes with the kind \"network\"").into());
    }
    let layout = layout.unwrap_or(match options.text("layout") {
        Some("circle") => NetworkLayout::Circle,
        Some("groups") => NetworkLayout::Groups,
        _ => NetworkLayout::Spring,
    });
    let network = NetworkOptions {
        layout,
        color: if options.text("color") == Some("none") { EdgeColor::None } else { EdgeColor::Sign },
        labels: options.is_given("labels").then(|| options.is_true("labels")),
        title: options.text("title").map(String::from),
        groups: options.get("groups").map(groups).transpose()?,
        sizes: None,
        positions: None,
    };
    Ok(plot::network(g, &network, &context(call))?)
}

/// Groups of nodes: numbers, names, or the name of an attribute.
fn groups(given: &Value) -> Result<Groups> {
    let list = match given {
        Value::Text(attribute) => return Ok(Groups::Attribute(attribute.clone())),
        Value::List(list) => list.as_slice(),
        _ => &[],
    };
    let number = |value: &Value| match value {
        Value::Int(group) => usize::try_from(*group).ok(),
        _ => None,
    };
    let name = |value: &Value| match value {
        Value::Text(name) => Some(name.clone()),
        _ => None,
    };
    let numbers: Option<Vec<usize>> = list.iter().map(number).collect();
    let names: Option<Vec<String>> = list.iter().map(name).collect();
    numbers
        .map(Groups::Numbers)
        .or(names.map(Groups::Names))
        .ok_or_else(|| Error::option("option 'groups' of plot must be a list of whole numbers or of names, one a node"))
}

fn graph_plot(call: &NativeCallContext<'_>, g: &Graph, kind: &str, options: &Map) -> Outcome<Figure> {
    match kind {
        "network" => network(call, g, None, options),
        "circle" => network(call, g, Some(NetworkLayout::Circle), options),
        "groups" => network(call, g, Some(NetworkLayout::Groups), options),
        "degrees" => degrees(g, options),
        _ => Err(unknown_kind("a graph", kind, &GRAPH_KINDS).into()),
    }
}

fn degrees(g: &Graph, options: &Map) -> Outcome<Figure> {
    let options = check_options("plot(\"degrees\")", DEGREES, options)?;
    Ok(with_titles(plot::degree_distribution(g, options.is_true("log"))?, &options))
}

fn fit_plot(call: &NativeCallContext<'_>, fit: &Fit, kind: &str, options: &Map) -> Outcome<Figure> {
    match kind {
        "heatmap" => heatmap(call, &fit.partial_correlation()?, options),
        "selection" | "criterion" | "error" | "penalties" => {
            let options = check_options(&format!("plot(\"{kind}\")"), TITLE, options)?;
            let figure = match kind {
                "selection" => plot::selection_curve(fit)?,
                "criterion" => plot::tuning_curve(fit)?,
                "error" => plot::tuning_error_curve(fit)?,
                _ => plot::penalty_heatmap(fit)?,
            };
            Ok(options.text("title").map_or_else(|| figure.clone(), |title| figure.with_title(title)))
        }
        "calibration" => {
            let options = check_options("plot(\"calibration\")", TITLE, options)?;
            Ok(with_titles(plot::calibration_surfaces(fit)?, &options))
        }
        "low_rank" => {
            let options = check_options("plot(\"low_rank\")", TITLE, options)?;
            Ok(with_titles(plot::low_rank_parts(fit)?, &options))
        }
        kind if GRAPH_KINDS.contains(&kind) => graph_plot(call, &fit.graph(0.0)?, kind, options),
        _ => {
            let known: Vec<&str> = GRAPH_KINDS.into_iter().chain(FIT_KINDS).collect();
            Err(unknown_kind("a fit", kind, &known).into())
        }
    }
}

fn path_plot(call: &NativeCallContext<'_>, path: &Path, kind: &str, options: &Map) -> Outcome<Figure> {
    let options = check_options(&format!("plot(\"{kind}\")"), PATH, options)?;
    if options.is_given("gamma") && kind != "ebic" {
        return Err(Error::option(format!("option 'gamma' of plot goes with \"ebic\", not with \"{kind}\"")).into());
    }
    let figure = match (kind, Criterion::parse(kind, options.number("gamma").unwrap_or(0.5))) {
        ("edges", _) => plot::edge_curve(path)?,
        ("loglik", _) => plot::likelihood_curve(path)?,
        ("coefficients", _) => plot::coefficient_paths(path, &context(call))?,
        (_, Some(criterion)) => plot::criterion_curve(path, criterion, kind)?,
        _ => {
            let others = ["edges", "coefficients", "loglik"];
            let known: Vec<&str> = Criterion::NAMES.iter().copied().chain(others).collect();
            return Err(unknown_kind("a path", kind, &known).into());
        }
    };
    Ok(with_titles(figure, &options))
}

/// Samples of a simulation, or the network behind them.
fn simulation_plot(call: &NativeCallContext<'_>, sim: &Simulation, kind: &str, options: &Map) -> Outcome<Figure> {
    const KINDS: [&str; 2] = ["pca", "heatmap"];
    let truth = sim.get("truth").and_then(|truth| truth.object::<Graph>());
    let figure = match (kind, truth) {
        ("pca", _) => plot::component_scatter(sim, &context(call))?,
        ("heatmap", _) => plot::expression_heatmap(sim)?,
        (kind, Some(truth)) if GRAPH_KINDS.contains(&kind) => return graph_plot(call, truth, kind, options),
        (_, truth) => {
            let of_truth = GRAPH_KINDS.into_iter().filter(|_| truth.is_some());
            return Err(
                unknown_kind("a simulation", kind, &KINDS.into_iter().chain(of_truth).collect::<Vec<_>>()).into()
            );
        }
    };
    let options = check_options(&format!("plot(\"{kind}\")"), TITLE, options)?;
    Ok(with_titles(figure, &options))
}

fn heatmap(call: &NativeCallContext<'_>, m: &Matrix, options: &Map) -> Outcome<Figure> {
    let title = check_options("heatmap", TITLE, options)?.text("title").map(String::from);
    let m = m.clone();
    // An interrupt does not wait for a large one.
    Ok(detached_if_many(m.as_slice().len(), &context(call), move || plot::heatmap(&m, title.as_deref()))??)
}

fn grid(call: &NativeCallContext<'_>, list: &Array, options: &Map) -> Outcome<Figure> {
    let options = check_options("grid", GRID, options)?;
    // The figures are copied, and a grid of grids is twice as large each time.
    let parts = list.iter().filter_map(|value| value.read_lock::<Figure>().map(|figure| figure.bytes()));
    let _held = context(call).reserve(parts.fold(0, usize::saturating_add))?;
    let figures = list.iter().map(|value| {
        value
            .read_lock::<Figure>()
            .map(|figure| figure.clone())
            .ok_or_else(|| Error::argument(format!("grid joins figures, one of the parts is {}", describe(value))))
    });
    Ok(Figure::grid(&figures.collect::<Result<Vec<_>>>()?, options.count("columns"), options.text("title"))?)
}

fn save(call: &NativeCallContext<'_>, figure: &Figure, path: &str, options: &Map) -> Outcome<()> {
    let options = check_options("save", SAVE, options)?;
    if options.is_given("js") && !matches!(extension(path).as_str(), "html" | "htm") {
        return Err(Error::option("option 'js' of save is for .html files").into());
    }
    let js = if options.text("js") == Some("cdn") { JsSource::Cdn } else { JsSource::Embedded };
    Ok(figure.save(path, &context(call), js)?)
}

/// Shows the figure where figures can be seen. Elsewhere it goes to a file, and the script says where that is: a program
/// that may run without a screen opens nothing by itself.
fn show(call: &NativeCallContext<'_>, figure: &Figure) -> Outcome<()> {
    if let Some(state) = state(call).filter(|state| state.has_displays()) {
        state.display(Value::Object(Object::new(figure.clone())), None);
        return Ok(());
    }
    let ctx = context(call);
    let name = format!("sinew-figure-{}.html", ctx.next_seed());
    let path = std::env::temp_dir().join(name).display().to_string();
    figure.save(&path, &ctx, JsSource::Embedded)?;
    if let Some(state) = state(call) {
        state.print(&format!("figure in {path}"));
    }
    Ok(())
}

/// Pictures of results. Those of tables are with the other figures of data.
fn plot_verb(b: &mut Builder) {
    let usage = "g.plot() -> Figure\ng.plot(#{ layout, color, labels, title, groups }) -> Figure\n\
        g.plot(\"network\" | \"circle\" | \"groups\" | \"degrees\", #{ .. }) -> Figure\n\
        fit.plot(\"network\" | \"circle\" | \"groups\" | \"degrees\" | \"heatmap\" | \"selection\", #{ .. }) -> Figure\n\
        fit.plot(\"criterion\" | \"error\" | \"penalties\" | \"calibration\" | \"low_rank\", #{ title }) -> Figure\n\
        path.plot(\"ebic\" | \"bic\" | \"aic\" | \"edges\" | \"coefficients\" | \"loglik\", #{ gamma }) -> Figure\n\
        joint.plot(\"network\" | \"circle\" | \"heatmap\" | \"differences\" | \"choice\", #{ title, columns }) -> Figure\n\
         comparison.plot(\"networks\" | \"edges\" | \"permutations\", #{ title, columns, level }) -> Figure\n\
        trained.plot(\"loss\", #{ title }) -> Figure\n\
        sim.plot(\"pca\" | \"heatmap\" | \"network\", #{ title }) -> Figure\n\
        t.plot(\"box\" | \"bar\", #{ x, y, group, title }) -> Figure\n\
        t.plot(\"scatter\" | \"line\", #{ x, y, group, title, log_x, log_y }) -> Figure\n\
        t.plot(\"histogram\", #{ x, bins, density, title }) -> Figure";
    let example = with_g!(
        "print(g.plot(#{ layout: \"circle\" }));\nprint(g.plot(\"degrees\"));\n\
         print(example(\"sachs\").plot(\"scatter\", #{ x: \"praf\", y: \"pmek\", log_x: true, log_y: true }));"
    );
    b.verb("plot", usage, "Picture of a graph, a fit, a path, a training, a simulation or columns of a table", example)
        .options(PLOT)
        .on(|call: NativeCallContext<'_>, g: &mut Graph| network(&call, g, None, &Map::new()))
        .on(|call: NativeCallContext<'_>, g: &mut Graph, options: Map| network(&call, g, None, &options))
        .on(|call: NativeCallContext<'_>, g: &mut Graph, kind: &str| graph_plot(&call, g, kind, &Map::new()))
        .on(|call: NativeCallContext<'_>, g: &mut Graph, kind: &str, options: Map| graph_plot(&call, g, kind, &options))
        .on(|call: NativeCallContext<'_>, fit: &mut Fit| fit_plot(&call, fit, "network", &Map::new()))
        .on(|call: NativeCallContext<'_>, fit: &mut Fit, options: Map| fit_plot(&call, fit, "network", &options))
        .on(|call: NativeCallContext<'_>, fit: &mut Fit, kind: &str| fit_plot(&call, fit, kind, &Map::new()))
        .on(|call: NativeCallContext<'_>, fit: &mut Fit, kind: &str, options: Map| fit_plot(&call, fit, kind, &options))
        .on(|call: NativeCallContext<'_>, path: &mut Path| path_plot(&call, path, "ebic", &Map::new()))
        .on(|call: NativeCallContext<'_>, path: &mut Path, options: Map| path_plot(&call, path, "ebic", &options))
        .on(|call: NativeCallContext<'_>, path: &mut Path, kind: &str| path_plot(&call, path, kind, &Map::new()))
        .on(|call: NativeCallContext<'_>, path: &mut Path, kind: &str, options: Map| {
            path_plot(&call, path, kind, &options)
        })
        .on(|call: NativeCallContext<'_>, sim: &mut Simulation| simulation_plot(&call, sim, "pca", &Map::new()))
        .on(|call: NativeCallContext<'_>, sim: &mut Simulation, options: Map| {
            simulation_plot(&call, sim, "pca", &options)
        })
        .on(|call: NativeCallContext<'_>, sim: &mut Simulation, kind: &str| {
            simulation_plot(&call, sim, kind, &Map::new())
        })
        .on(|call: NativeCallContext<'_>, sim: &mut Simulation, kind: &str, options: Map| {
            simulation_plot(&call, sim, kind, &options)
        });
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Plot);
    plot_verb(b);
    charts::define(b);
    b.verb(
        "network",
        "network(g) -> Figure\nnetwork(g, #{ layout, color, labels, title, groups }) -> Figure",
        "Picture of a graph; the same as g.plot()",
        with_g!("print(network(g));"),
    )
    .options(NETWORK)
    .on(|call: NativeCallContext<'_>, g: &mut Graph| network(&call, g, None, &Map::new()))
    .on(|call: NativeCallContext<'_>, g: &mut Graph, options: Map| network(&call, g, None, &options));
    b.verb(
        "degree_distribution",
        "g.degree_distribution() -> Figure\ng.degree_distribution(#{ log, title, x_label, y_label }) -> Figure",
        "How many nodes have each degree; the same as g.plot(\"degrees\")",
        with_g!("print(g.degree_distribution(#{ log: true }));"),
    )
    .options(DEGREES)
    .on(|g: &mut Graph| degrees(g, &Map::new()))
    .on(|g: &mut Graph, options: Map| degrees(g, &options));
    b.verb(
        "heatmap",
        "heatmap(m) -> Figure\nheatmap(m, #{ title }) -> Figure",
        "Picture of a matrix, coloured around 0",
        "print(heatmap(eye(3)));",
    )
    .options(TITLE)
    .on(|call: NativeCallContext<'_>, m: &mut Matrix| heatmap(&call, m, &Map::new()))
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, options: Map| heatmap(&call, m, &options));
    b.verb(
        "grid",
        "grid([figures]) -> Figure\ngrid([figures], #{ title, columns }) -> Figure",
        "Several figures as one",
        with_g!("print(grid([g.plot(), heatmap(g.to_matrix())]));"),
    )
    .options(GRID)
    .on(|call: NativeCallContext<'_>, list: Array| grid(&call, &list, &Map::new()))
    .on(|call: NativeCallContext<'_>, list: Array, options: Map| grid(&call, &list, &options));
    b.verb(
        "show",
        "figure.show()",
        "Show a figure in a notebook; elsewhere write it to a temporary file and print where that is",
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
