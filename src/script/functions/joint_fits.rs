//! What fits of several data sets have.

use rhai::{Array, Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, to_dynamic, to_map};
use super::super::records::text_list;
use super::super::state::context;
use super::super::vocabulary::Builder;
use crate::data::{Selector, Vector};
use crate::graph::Graph;
use crate::model::{Area, Fit, JointFit};
use crate::options::{Kind, Opt, Preset};

/// An example about a joint fit.
macro_rules! with_joint {
    ($code:literal) => {
        concat!(
            "let theta = random_graph(\"band\", #{ nodes: 5 }).precision();\n",
            "let a = sample_gaussian(theta, 60, #{ seed: 1 });\n",
            "let b = sample_gaussian(theta, 80, #{ seed: 2 });\n",
            "let joint = uglad([a, b], #{ mode: \"multitask\", epochs: 5, seed: 1 });\n",
            $code
        )
    };
}

const COMMON: &[Opt] = &[Opt::new(
    "at_least",
    &[Kind::Count(1)],
    Preset::Unset("all of them"),
    "In how many of the data sets an edge has to be",
)];

fn common_graph(call: &NativeCallContext<'_>, joint: &JointFit, options: &Map) -> Outcome<Graph> {
    let options = check_options("common_graph", COMMON, options)?;
    Ok(joint.common_graph(options.count("at_least").unwrap_or(joint.len()), &context(call))?)
}

/// The fit of data set `position`; negative positions count from the end.
pub(in crate::script) fn fit_of_set(joint: &JointFit, position: i64) -> Outcome<Fit> {
    let picked = Selector::Position(position).pick(joint.len(), None, "data set")?;
    Ok(joint.fits()[picked.positions()[0]].clone())
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Fits);
    b.property(
        "fits",
        "joint.fits -> list\ncomparison.fits -> list",
        "The fit of every data set; joint[0] is the first",
        with_joint!("print(joint.fits.map(|fit| fit.n));\nprint(joint[1].n_edges);"),
    )
    .get_list(|joint: &mut JointFit| -> Array { joint.fits().iter().cloned().map(Dynamic::from).collect() });
    b.property(
        "graphs",
        "joint.graphs -> list",
        "The recovered graph of every data set",
        with_joint!("for g in joint.graphs { print(g.n_edges); }"),
    )
    .get_list(|joint: &mut JointFit| -> Outcome<Array> {
        Ok(joint.graphs()?.into_iter().map(Dynamic::from).collect())
    });
    b.verb(
        "common_graph",
        "joint.common_graph() -> Graph\njoint.common_graph(#{ at_least }) -> Graph",
        "The edges that all data sets have, or at least so many, with the mean of their weights there and how many these are as the attribute `sets`",
        with_joint!("print(joint.common_graph());\nprint(joint.common_graph(#{ at_least: 1 }).n_edges);"),
    )
    .options(COMMON)
    .on(|call: NativeCallContext<'_>, joint: &mut JointFit| common_graph(&call, joint, &Map::new()))
    .on(|call: NativeCallContext<'_>, joint: &mut JointFit, options: Map| common_graph(&call, joint, &options));
    b.extend("fit").on(|joint: &mut JointFit, position: i64| fit_of_set(joint, position));
    b.extend("len").on(|joint: &mut JointFit| joint.len() as i64).get(|joint: &mut JointFit| joint.len() as i64);
    what_fits_have_too(b);
    #[cfg(feature = "plot")]
    figures::define(b);
}

fn what_fits_have_too(b: &mut Builder) {
    b.extend("n_edges").get(|joint: &mut JointFit| -> Outcome<Vector> {
        let edges = joint.fits().iter().map(|fit| fit.n_edges().map(|edges| edges as f64));
        Ok(Vector::from(edges.collect::<crate::Result<Vec<f64>>>()?))
    });
    b.extend("method").get(|joint: &mut JointFit| joint.method().to_string());
    b.extend("options").get_map(|joint: &mut JointFit| to_map(joint.options()));
    b.extend("iterations").get(|joint: &mut JointFit| joint.iterations() as i64);
    b.extend("converged").get(|joint: &mut JointFit| joint.converged());
    b.extend("seconds").get(|joint: &mut JointFit| joint.seconds());
    b.extend("seed").get(|joint: &mut JointFit| joint.seed() as i64);
    b.extend("warnings")
        .get_list(|joint: &mut JointFit| -> Array { text_list(joint.warnings().iter().map(String::as_str)) });
    b.extend("summary").on(|joint: &mut JointFit| joint.to_string());
    for name in ["lambda", "gap", "kkt"] {
        b.extend(name).get_any(move |joint: &mut JointFit| -> Outcome<Dynamic> { Ok(to_dynamic(joint.added(name)?)) });
    }
}

#[cfg(feature = "plot")]
mod figures {
    use rhai::{Map, NativeCallContext};

    use super::super::super::convert::{Outcome, check_options};
    use super::super::super::state::context;
    use super::super::super::vocabulary::Builder;
    use super::super::charts::{TITLE, unknown_kind};
    use super::super::plots::COLUMNS;
    use crate::error::Error;
    use crate::model::JointFit;
    use crate::options::Opt;
    use crate::plot::{
        Figure, NetworkLayout, NetworkOptions, joint_differences, joint_heatmaps, joint_networks, penalty_choice,
    };
    use crate::plot::{factor_loadings, factor_scores, factor_variances};

    const KINDS: [&str; 8] =
        ["network", "circle", "heatmap", "differences", "choice", "variances", "scores", "loadings"];
    const JOINT: &[Opt] = &[TITLE, COLUMNS];

    fn plot(call: &NativeCallContext<'_>, joint: &JointFit, kind: &str, options: &Map) -> Outcome<Figure> {
        if !KINDS.contains(&kind) {
            return Err(unknown_kind("a joint fit", kind, &KINDS).into());
        }
        let options = check_options(&format!("plot(\"{kind}\")"), JOINT, options)?;
        let (columns, title, ctx) = (options.count("columns"), options.text("title"), context(call));
        match kind {
            "heatmap" => return Ok(joint_heatmaps(joint, columns, title, &ctx)?),
            "differences" => return Ok(joint_differences(joint, columns, title, &ctx)?),
            "variances" if columns.is_some() => {
                return Err(Error::option("plot(\"variances\") has two panels: it takes no option 'columns'").into());
            }
            "choice" if columns.is_some() => {
                return Err(Error::option("plot(\"choice\") has one panel: it takes no option 'columns'").into());
            }
            "choice" => return Ok(penalty_choice(joint, title)?),
            "variances" => return Ok(factor_variances(joint, title)?),
            "scores" => return Ok(factor_scores(joint, columns, title, &ctx)?),
            "loadings" => return Ok(factor_loadings(joint, columns, title)?),
            _ => {}
        }
        let layout = if kind == "circle" { NetworkLayout::Circle } else { NetworkLayout::Spring };
        let network = NetworkOptions { layout, title: title.map(String::from), ..NetworkOptions::default() };
        Ok(joint_networks(joint, &network, columns, &ctx)?)
    }

    pub(super) fn define(b: &mut Builder) {
        b.extend("plot")
            .on(|call: NativeCallContext<'_>, joint: &mut JointFit| plot(&call, joint, "network", &Map::new()))
            .on(|call: NativeCallContext<'_>, joint: &mut JointFit, options: Map| {
                plot(&call, joint, "network", &options)
            })
            .on(|call: NativeCallContext<'_>, joint: &mut JointFit, kind: &str| plot(&call, joint, kind, &Map::new()))
            .on(|call: NativeCallContext<'_>, joint: &mut JointFit, kind: &str, options: Map| {
                plot(&call, joint, kind, &options)
            });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::notebook::bundle;
    use crate::script::{Session, definitions, help};

    const JOINT: &str = "let theta = matrix([[2, 0.5, 0], [0.5, 2, 0.5], [0, 0.5, 2]]);\n\
        let a = sample_gaussian(theta, 20, #{ seed: 1 }).set_names([\"u\", \"v\", \"w\"]);\n\
        let b = sample_gaussian(theta, 30, #{ seed: 2 }).set_names([\"w\", \"v\", \"u\"]);\n\
        let joint = dummy_joint([a, b], #{ links: 2, seed: 5 });\n";

    fn session() -> Session {
        let mut session = Session::trusted();
        session.eval(JOINT).expect("a joint fit");
        session
    }

    fn data(script: &str) -> Json {
        session().eval(script).unwrap_or_else(|error| panic!("{script}\n{error}")).to_json()
    }

    fn error(script: &str) -> crate::Error {
        *session().eval(script).map(|_| ()).unwrap_err().error
    }

    #[test]
    fn a_list_gives_a_joint_fit_and_a_matrix_a_fit() {
        assert_eq!(
            data("[type_of(joint), type_of(a.dummy_joint()), joint.method]"),
            json!(["JointFit", "Fit", "dummy_joint"])
        );
        assert_eq!(data("DummyJoint(#{ links: 1 }).fit([a, b]).n_edges.to_array()"), json!([1.0, 1.0]));
        assert_eq!(
            data("[joint.len(), joint[1].n, joint[-2].n, joint.fit(0).n, joint.fits.len()]"),
            json!([2, 30, 20, 20, 2])
        );
        assert_eq!(data("joint.graphs.map(|g| g.n_edges)"), json!([2, 2]));
        assert_eq!(
            data("[joint.seed, joint.iterations, joint.options.links, joint.dummy_sizes]"),
            json!([5, 2, 2, [20, 30]])
        );
        assert_eq!(data("joint[1].names"), json!(["u", "v", "w"]));
        assert_eq!(data("joint.common_graph(#{ at_least: 1 }).n_edges"), json!(2));
        assert_eq!(data("joint.summary() == `${joint}` && joint.converged && joint.seconds >= 0.0"), json!(true));
        assert_eq!(data("joint.to_map().fits[0].n"), json!(20));
    }

    #[test]
    fn a_truth_is_held_against_every_fit() {
        assert_eq!(data("let s = score(joint[0].graph(), joint); [s.f1, s.per_set.len()]"), json!([1.0, 2]));
        assert_eq!(data("score([theta, theta], joint).per_set[1].f1"), json!(1.0));
        assert!(error("f1(theta, joint)").hint().is_some_and(|hint| hint.contains("score(truth, joint)")));
    }

    #[test]
    fn mistakes_name_the_data_set() {
        assert!(error("dummy_joint([a, b.drop(\"u\")])").message().contains("data set 1 has no column 'u'"));
        assert!(error("dummy_joint([])").message().contains("is empty"));
        assert_eq!(error("joint[2]").message(), "data set 2 is out of range: there are 2 data sets");
        assert!(error("joint.common_graph(#{ at_least: 3 })").message().contains("from 1 to 2"));
        assert!(error("joint.dummy_weight").message().contains("dummy_weight"));
    }

    #[test]
    fn a_file_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("joint.json").display().to_string();
        assert_eq!(
            data(&format!("joint.save(\"{path}\"); load(\"{path}\").to_json() == joint.to_json()")),
            json!(true)
        );
    }

    #[test]
    fn help_editors_and_notebooks_know_joint_fits() {
        let text = help("dummy_joint").unwrap();
        for part in ["dummy_joint([x, y], #{ .. }) -> JointFit", "DummyJoint(#{ .. }).fit([x, y]) -> JointFit"] {
            assert!(text.contains(part), "{text}");
        }
        let text = definitions();
        for line in ["fn get fits(joint: JointFit) -> Array;", "fn get dummy_sizes(joint: JointFit) -> ?;"] {
            assert!(text.lines().any(|found| found == line), "no line {line}");
        }
        let found = session().complete("joint.", 6).candidates;
        let has = |name: &str| found.iter().any(|found| found.text == name);
        assert!(has("common_graph") && has("dummy_sizes") && !has("lambdas"));
        let bundle = bundle(&session().eval("joint").unwrap());
        let html = bundle.get("text/html").unwrap().as_str().unwrap();
        assert!(html.contains("JointFit by dummy_joint, 2 data sets") && html.contains("log-likelihood"), "{html}");
    }

    #[cfg(feature = "plot")]
    #[test]
    fn data_sets_are_drawn_side_by_side() {
        for plot in ["joint.plot()", "joint.plot(\"circle\", #{ columns: 1, title: \"t\" })"] {
            assert!(data(&format!("`${{{plot}}}`")).as_str().unwrap().contains("2 panels"), "{plot}");
        }
        assert!(data("`${joint.plot(\"differences\")}`").as_str().unwrap().contains("heatmap, 3 x 3"));
        assert!(error("joint.plot(\"heatmap\")").message().contains("no precision matrix"));
        assert!(error("joint.plot(\"circel\")").hint().is_some_and(|hint| hint.contains("circle")));
    }
}
