//! What fits and paths have.

use rhai::{Array, Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, to_dynamic};
use super::super::records::text_list;
use super::super::state::context;
use super::super::vocabulary::Builder;
use crate::data::{Matrix, Vector};
use crate::error::Result;
use crate::graph::Graph;
use crate::model::{Area, Criterion, Fit, Path, Simulation, regulators};
use crate::options::{Kind, Opt, Preset, Range, table};
use crate::select::Rule;

/// An example about a fit.
macro_rules! with_fit {
    ($code:literal) => {
        concat!(
            "let fit = example(\"sachs\").head(200).log1p().standardize().graphical_lasso(#{ lambda: 0.2 });\n",
            $code
        )
    };
}
/// An example about a path.
macro_rules! with_path {
    ($code:literal) => {
        concat!(
            "let path = example(\"sachs\").head(200).log1p().standardize().graphical_lasso_path(#{ n_lambdas: 8 });\n",
            $code
        )
    };
}

const SELECT: &[Opt] = table![
    ..&Rule::OPTIONS,
    Opt::new("seed", &[Kind::Count(0)], Preset::Unset("the session's"), "Seed of \"cv\", \"stars\" and \"ric\""),
];
const GRAPH: &[Opt] = &[
    Opt::new(
        "threshold",
        &[Kind::Number(Range::NON_NEGATIVE)],
        Preset::Number(0.0),
        "Edges with |weight| at or below it are left out",
    ),
    Opt::new(
        regulators::OPTION.name,
        &[Kind::List],
        Preset::Unset("all edges are kept"),
        "Nodes that act on others, by name or position: edges that leave none (without a direction: touch none) are left out",
    ),
];

fn select(call: &NativeCallContext<'_>, path: &Path, name: &str, options: &Map) -> Outcome<Fit> {
    let options = check_options("select", SELECT, options)?;
    let mut ctx = context(call);
    if let Some(seed) = options.count("seed") {
        ctx = ctx.with_seed(seed as u64);
    }
    let fit = Rule::from_options("select", name, &options)?.choose(path, &ctx)?;
    if let Some(state) = super::super::state::state(call) {
        fit.warnings().iter().for_each(|warning| state.warning(&format!("select: {warning}")));
    }
    Ok(fit)
}

fn graph(fit: &Fit, options: &Map) -> Result<Graph> {
    let options = check_options("graph", GRAPH, options)?;
    let graph = fit.graph(options.number("threshold").unwrap_or(0.0))?;
    match regulators::given(&options)? {
        Some(list) => {
            graph.of_regulators(&regulators::positions(&list, &graph.labels(), "node", "all edges are kept")?)
        }
        None => Ok(graph),
    }
}

fn certificate(fit: &Fit, value: fn(&crate::problem::Certificate) -> f64) -> Outcome<f64> {
    Ok(fit.certificate().map(value)?)
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Fits);
    estimates(b);
    likelihood(b);
    certificates(b);
    provenance(b);
    paths(b);
}

fn estimates(b: &mut Builder) {
    b.property("precision", "fit.precision -> Matrix", "Precision matrix, p x p", with_fit!("print(fit.precision);"))
        .get(|fit: &mut Fit| -> Outcome<Matrix> { Ok(fit.precision()?.clone()) });
    b.property(
        "covariance",
        "fit.covariance -> Matrix",
        "Covariance of the model, the inverse of the precision matrix, p x p",
        with_fit!("print(fit.covariance);"),
    )
    .get(|call: NativeCallContext<'_>, fit: &mut Fit| -> Outcome<Matrix> {
        Ok(fit.covariance(&context(&call))?.clone())
    });
    b.property(
        "partial_cor",
        "fit.partial_cor -> Matrix",
        "Partial correlations, p x p with a unit diagonal",
        with_fit!("print(fit.partial_cor[[\"praf\", \"pmek\"]]);"),
    )
    .get(|fit: &mut Fit| -> Outcome<Matrix> { Ok(fit.partial_correlation()?) });
    b.verb(
        "graph",
        "fit.graph() -> Graph\nfit.graph(#{ threshold, regulators }) -> Graph\njoint.graph(k) -> Graph",
        "The recovered graph, with partial correlations as weights; with `regulators` only the edges that they may have",
        with_fit!("print(fit.graph());\nprint(fit.graph(#{ regulators: [\"PKA\", \"PKC\"] }).n_edges);"),
    )
    .options(GRAPH)
    .on(|fit: &mut Fit| -> Outcome<Graph> { Ok(fit.graph(0.0)?) })
    .on(|fit: &mut Fit, options: Map| -> Outcome<Graph> { Ok(graph(fit, &options)?) });
    b.property(
        "lambda",
        "fit.lambda\njoint.lambda",
        "The penalty that was used: a number or a Matrix",
        with_fit!("print(fit.lambda);"),
    )
    .get_any(|fit: &mut Fit| fit.lambda().map_or(Dynamic::UNIT, to_dynamic));
    b.property(
        "selection",
        "fit.selection -> map",
        "How lambda was chosen: `rule`, `lambdas` and the rule's `values`, with `errors` of \"cv\"; of \"ric\" `lambda` and the `maxima` of the rotations; () where it was given",
        with_path!("print(path.select(\"bic\").selection.values);"),
    )
    .get_any(|fit: &mut Fit| fit.selection().map_or(Dynamic::UNIT, to_dynamic));
    b.property("n", "fit.n -> int", "Number of samples; () where it is not known", with_fit!("print(fit.n);"))
        .get_any(|fit: &mut Fit| fit.n().map_or(Dynamic::UNIT, |n| (n as i64).into()));
    b.property("p", "fit.p -> int", "Number of variables", with_fit!("print(fit.p);"))
        .get(|fit: &mut Fit| fit.p() as i64);
}

fn likelihood(b: &mut Builder) {
    b.property(
        "loglik",
        "fit.loglik -> float\npath.loglik -> Vector",
        "Gaussian log-likelihood n/2 (log det Theta - tr(S Theta) - p log 2 pi); with the convention \"huge\" as huge has it: log det Theta - tr(S Theta)",
        with_fit!("print(fit.loglik);"),
    )
    .get(|fit: &mut Fit| -> Outcome<f64> { Ok(fit.loglik()?) })
    .get(|path: &mut Path| -> Outcome<Vector> { Ok(Vector::from(path.logliks()?)) });
    b.property(
        "bic",
        "fit.bic -> float\npath.bic -> Vector",
        "-2 loglik + E log n, with E edges; with the convention \"huge\" -n loglik + E log n",
        with_fit!("print(fit.bic);"),
    )
    .get(|fit: &mut Fit| -> Outcome<f64> { Ok(fit.ebic(0.0)?) })
    .get(|path: &mut Path| -> Outcome<Vector> { Ok(Vector::from(path.criterion(Criterion::Bic)?)) });
    b.property(
        "ebic",
        "fit.ebic -> float\npath.ebic -> Vector",
        "-2 loglik + E log n + 4 gamma E log p, with gamma 0.5 (Foygel and Drton, 2010); with the convention \"huge\" -n loglik + .., as in huge.select",
        with_fit!("print(fit.ebic);"),
    )
    .get(|fit: &mut Fit| -> Outcome<f64> { Ok(fit.ebic(0.5)?) })
    .get(|path: &mut Path| -> Outcome<Vector> { Ok(Vector::from(path.criterion(Criterion::Ebic { gamma: 0.5 })?)) });
}

fn certificates(b: &mut Builder) {
    b.property(
        "gap",
        "fit.gap -> float\njoint.gap -> float",
        "Relative duality gap (primal - dual) / max(1, |primal|): what tol bounds",
        with_fit!("print(fit.gap);"),
    )
    .get(|fit: &mut Fit| certificate(fit, crate::problem::Certificate::relative_gap));
    b.property(
        "gap_absolute",
        "fit.gap_absolute -> float",
        "Duality gap: how far the objective can be from its minimum",
        with_fit!("print(fit.gap_absolute);"),
    )
    .get(|fit: &mut Fit| certificate(fit, |c| c.gap));
    b.property(
        "kkt",
        "fit.kkt -> float\njoint.kkt -> float",
        "Bound on the largest violation of the optimality conditions, in units of the covariance",
        with_fit!("print(fit.kkt);"),
    )
    .get(|fit: &mut Fit| certificate(fit, |c| c.kkt));
    b.property(
        "converged",
        "fit.converged -> bool\njoint.converged -> bool",
        "Whether the tolerance was reached",
        with_fit!("print(fit.converged);"),
    )
    .get(|fit: &mut Fit| fit.converged());
    b.property(
        "iterations",
        "fit.iterations -> int\njoint.iterations -> int",
        "Sweeps or steps of the solver",
        with_fit!("print(fit.iterations);"),
    )
    .get(|fit: &mut Fit| fit.iterations() as i64);
    b.property("solver", "fit.solver -> string", "The algorithm that ran", with_fit!("print(fit.solver);"))
        .get(|fit: &mut Fit| fit.solver().to_string());
}

fn provenance(b: &mut Builder) {
    b.property(
        "method",
        "fit.method -> string\njoint.method -> string\ntrained.method -> string\ncomparison.method -> string",
        "The method's verb",
        with_fit!("print(fit.method);"),
    )
    .get(|fit: &mut Fit| fit.method().to_string());
    b.property(
        "seconds",
        "fit.seconds -> float\njoint.seconds -> float\ntrained.seconds -> float\ncomparison.seconds -> float",
        "Time inside the engine",
        with_fit!("print(fit.seconds >= 0.0);"),
    )
    .get(|fit: &mut Fit| fit.seconds())
    .get(|path: &mut Path| path.seconds());
    b.property(
        "seed",
        "fit.seed -> int\njoint.seed -> int\ntrained.seed -> int\nsim.seed -> int\ncomparison.seed -> int",
        "The seed under which a fit, a training or a simulation ran",
        with_fit!("print(fit.seed);"),
    )
    .get(|fit: &mut Fit| fit.seed() as i64)
    .get(|sim: &mut Simulation| sim.seed() as i64);
    b.property(
        "warnings",
        "fit.warnings -> list\njoint.warnings -> list\ntrained.warnings -> list\ncomparison.warnings -> list",
        "What you should know about the result",
        with_fit!("print(fit.warnings);"),
    )
    .get_list(|fit: &mut Fit| -> Array { text_list(fit.warnings().iter().map(String::as_str)) })
    .get_list(|path: &mut Path| -> Array { path.warnings().into_iter().map(Dynamic::from).collect() });
    b.verb(
        "summary",
        "fit.summary() -> string\njoint.summary() -> string\ntrained.summary() -> string\ncomparison.summary() -> string",
        "What matters about a fit or a training, a line each",
        with_fit!("print(fit.summary());"),
    )
    .on(|fit: &mut Fit| fit.to_string())
    .on(|path: &mut Path| path.to_string());
}

fn paths(b: &mut Builder) {
    b.property("lambdas", "path.lambdas -> Vector", "The penalties, largest first", with_path!("print(path.lambdas);"))
        .get(|path: &mut Path| Vector::from(path.points().iter().map(|point| point.lambda).collect::<Vec<_>>()));
    b.verb(
        "select",
        "path.select(\"ebic\") -> Fit\npath.select(\"cv\", #{ folds: 10 }) -> Fit",
        "The solution that a rule chooses: \"ebic\" \"bic\" \"aic\" (information criteria), \"cv\" (held-out likelihood), \"stars\" (stability) or \"ric\" (rotations)",
        with_path!("print(path.select(\"ebic\").n_edges);"),
    )
    .options(SELECT)
    .on(|call: NativeCallContext<'_>, path: &mut Path, name: &str| select(&call, path, name, &Map::new()))
    .on(|call: NativeCallContext<'_>, path: &mut Path, name: &str, options: Map| select(&call, path, name, &options));
    b.property(
        "n_edges",
        "x.n_edges -> int\npath.n_edges -> Vector\njoint.n_edges -> Vector",
        "Number of edges of a graph or fit; of a path for each solution, of a joint fit for each data set",
        with_path!("print(path.n_edges);"),
    )
    .get(|path: &mut Path| Vector::from(path.points().iter().map(|point| point.n_edges() as f64).collect::<Vec<_>>()))
    .get(|g: &mut Graph| g.n_edges() as i64)
    .get(|fit: &mut Fit| -> Outcome<i64> { Ok(fit.n_edges()? as i64) });
}
