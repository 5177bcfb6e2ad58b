//! `x.refit(graph)`: the graph of the record's option, behind the data.

use rhai::{Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, to_options, to_value};
use super::super::records::pass_warnings;
use super::super::state::context;
use super::super::vocabulary::Builder;
use crate::data::Matrix;
use crate::error::Error;
use crate::graph::Graph;
use crate::methods::refit::RECORD;
use crate::model::Fit;
use crate::value::Value;

fn refit(call: &NativeCallContext<'_>, x: &Dynamic, graph: Value, options: &Map) -> Outcome<Fit> {
    let mut options = to_options(options)?;
    if options.iter().any(|(name, _)| name == "graph") {
        return Err(Error::option("refit was given a graph and the option 'graph'").into());
    }
    options.push(("graph".into(), graph));
    let fit = RECORD.call(&[to_value(x)?], &options, &context(call))?;
    pass_warnings(call, RECORD.verb, &fit);
    fit.object::<Fit>().cloned().ok_or_else(|| Error::internal("refit gave no fit").into())
}

/// Registers the forms with a graph of one type, without and with options.
macro_rules! with_graphs {
    ($b:expr; $($type:ident)*) => { $(
        $b.extend(RECORD.verb)
            .on(|call: NativeCallContext<'_>, x: Dynamic, graph: $type| refit(&call, &x, graph.into(), &Map::new()))
            .on(|call: NativeCallContext<'_>, x: Dynamic, graph: $type, options: Map| {
                refit(&call, &x, graph.into(), &options)
            });
    )* };
}

pub(super) fn define(b: &mut Builder) {
    with_graphs! { b; Graph Fit Matrix }
}

#[cfg(test)]
mod tests {
    use crate::script::Session;

    #[test]
    fn the_graph_may_stand_behind_the_data() {
        let mut session = Session::trusted();
        let script = "let x = example(\"sachs\").head(100).log1p().standardize();\n\
                      let fit = x.graphical_lasso(#{ lambda: 0.3 });\n\
                      let g = fit.graph();";
        session.eval(script).expect("a fit");
        for holds in [
            "x.refit(fit).precision.to_json() == x.refit(g).precision.to_json()",
            "x.refit(g, #{ tol: 1e-6 }).n_edges == g.n_edges",
            "x.refit(fit.precision).n_edges == g.n_edges",
            "Refit(#{ graph: g }).fit(x).loglik > fit.loglik",
        ] {
            assert!(session.eval_as::<bool>(holds).unwrap_or(false), "{holds}");
        }
        let twice = session.eval("x.refit(g, #{ graph: g })").map(|_| ()).unwrap_err();
        assert!(twice.error.message().contains("the option 'graph'"), "{twice}");
    }
}
