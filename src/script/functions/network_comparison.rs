//! Networks of groups held against each other.

use rhai::{Array, Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, to_map, to_value};
use super::super::records::{Estimator, text_list};
use super::super::state::state;
use super::super::vocabulary::Builder;
use super::resampling::own_context;
use crate::context::Context;
use crate::data::{Matrix, Table, Vector, numbers_of};
use crate::error::{Error, Result};
use crate::metrics::{NETWORK_TEST_OPTIONS, NetworkTest};
use crate::model::{Area, Fit, NetworkComparison};
use crate::rng;
use crate::value::describe;

const VERB: &str = "network_comparison";

/// An example about a comparison.
macro_rules! with_comparison {
    ($code:literal) => {
        concat!(
            "let theta = random_graph(\"band\", #{ nodes: 5 }).precision();\n",
            "let a = sample_gaussian(theta, 80, #{ seed: 1 });\n",
            "let b = sample_gaussian(eye(5), 60, #{ seed: 2 });\n",
            "let comparison = network_comparison(PartialCorrelation(), a, b, #{ permutations: 50, seed: 1 });\n",
            $code
        )
    };
}

fn data(value: &Dynamic, set: usize, ctx: &Context) -> Result<Matrix> {
    let value = to_value(value)?;
    match numbers_of(&value, ctx) {
        Some(matrix) => matrix.map_err(|error| error.at(format!("data set {set}"))),
        None => {
            let message = format!("{VERB}: data set {set} must be a Matrix or a Table, not {}", describe(&value));
            Err(Error::argument(message))
        }
    }
}

fn network(model: &Estimator, x: &Matrix, ctx: &Context) -> Result<Fit> {
    let fitted = model.fit(x, ctx)?;
    fitted
        .object::<Fit>()
        .cloned()
        .ok_or_else(|| Error::argument(format!("{VERB} takes a method that gives a Fit, not a {}", fitted.type_name())))
}

fn tell(call: &NativeCallContext<'_>, comparison: &NetworkComparison, place: &str) {
    let Some(state) = state(call) else { return };
    comparison.parts().warnings.iter().for_each(|warning| state.warning(&format!("{VERB}: {place}{warning}")));
}

fn two(
    call: &NativeCallContext<'_>,
    model: &Estimator,
    [first, second]: [&Dynamic; 2],
    options: &Map,
) -> Outcome<NetworkComparison> {
    let options = check_options(VERB, NETWORK_TEST_OPTIONS, options)?;
    let (test, ctx) = (NetworkTest::from_options(&options)?, own_context(call, &options));
    let sets = [data(first, 0, &ctx)?, data(second, 1, &ctx)?];
    let comparison = test.compare(&sets[0], &sets[1], |x, ctx| network(model, x, ctx), &ctx)?;
    tell(call, &comparison, "");
    Ok(comparison)
}

/// Every two of several data sets, in the order (0, 1), (0, 2), (1, 2).
fn several(call: &NativeCallContext<'_>, model: &Estimator, list: &Array, options: &Map) -> Outcome<Array> {
    let options = check_options(VERB, NETWORK_TEST_OPTIONS, options)?;
    let (test, ctx) = (NetworkTest::from_options(&options)?, own_context(call, &options));
    if list.len() < 2 {
        let message = format!("{VERB} compares at least two data sets, the list has {}", list.len());
        return Err(Error::argument(message).into());
    }
    let sets = list.iter().enumerate().map(|(set, value)| data(value, set, &ctx)).collect::<Result<Vec<_>>>()?;
    let mut found = Array::new();
    for (i, first) in sets.iter().enumerate() {
        for (j, second) in sets.iter().enumerate().skip(i + 1) {
            let own = ctx.clone().with_seed(rng::derive(ctx.seed(), "pair of groups", found.len() as u64));
            let place = format!("data sets {i} and {j}: ");
            let comparison = test
                .compare(first, second, |x, ctx| network(model, x, ctx), &own)
                .map_err(|error| if error.kind().is_stop() { error } else { error.at(place.trim_end_matches(": ")) })?;
            tell(call, &comparison, &place);
            found.push(Dynamic::from(comparison));
        }
    }
    Ok(found)
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Score);
    b.verb(
        VERB,
        "network_comparison(model, a, b) -> NetworkComparison\n\
         network_comparison(model, a, b, #{ permutations, paired, edges, p_adjust, center, seed }) -> NetworkComparison\n\
         network_comparison(model, [a, b, c]) -> list\nnetwork_comparison(model, [a, b, c], #{ .. }) -> list",
        "Whether two groups have the same network, by fits of the method to rows exchanged between them: tests of the largest difference of a weight, of the global strength, of every edge and of every node's strength; of a list every two, in the order (0, 1), (0, 2), (1, 2)",
        with_comparison!("print(comparison);\nprint(comparison.edge_tests.head(3));"),
    )
    .options(NETWORK_TEST_OPTIONS)
    .on(|call: NativeCallContext<'_>, model: Estimator, first: Dynamic, second: Dynamic| {
        two(&call, &model, [&first, &second], &Map::new())
    })
    .on(|call: NativeCallContext<'_>, model: Estimator, first: Dynamic, second: Dynamic, options: Map| {
        two(&call, &model, [&first, &second], &options)
    })
    .on_list(|call: NativeCallContext<'_>, model: Estimator, sets: Array| several(&call, &model, &sets, &Map::new()))
    .on_list(|call: NativeCallContext<'_>, model: Estimator, sets: Array, options: Map| {
        several(&call, &model, &sets, &options)
    });
    statistics(b);
    tables(b);
    provenance(b);
    #[cfg(feature = "plot")]
    figures::define(b);
}

fn statistics(b: &mut Builder) {
    b.property(
        "structure",
        "comparison.structure -> float",
        "Largest difference of a weight between the two networks",
        with_comparison!("print(comparison.structure);"),
    )
    .get(|c: &mut NetworkComparison| c.parts().structure.value);
    b.property(
        "structure_p",
        "comparison.structure_p -> float",
        "P-value of the largest difference of a weight: small where the networks differ somewhere",
        with_comparison!("print(comparison.structure_p);"),
    )
    .get(|c: &mut NetworkComparison| c.parts().structure.p_value);
    b.property(
        "global_strength",
        "comparison.global_strength -> float",
        "Difference between the sums of |weights| of the two networks",
        with_comparison!("print(comparison.global_strength);"),
    )
    .get(|c: &mut NetworkComparison| c.parts().global_strength.value);
    b.property(
        "global_strength_p",
        "comparison.global_strength_p -> float",
        "P-value of the difference between the sums of |weights|",
        with_comparison!("print(comparison.global_strength_p);"),
    )
    .get(|c: &mut NetworkComparison| c.parts().global_strength.p_value);
    b.property(
        "global_strengths",
        "comparison.global_strengths -> Vector",
        "Sum of the |weights| of each network",
        with_comparison!("print(comparison.global_strengths);"),
    )
    .get(|c: &mut NetworkComparison| Vector::from(c.parts().global_strengths.to_vec()));
}

fn tables(b: &mut Builder) {
    b.property(
        "differences",
        "comparison.differences -> Matrix",
        "Weights of the first network less those of the second, p x p",
        with_comparison!("print(comparison.differences);"),
    )
    .get(|c: &mut NetworkComparison| c.parts().differences.clone());
    b.property(
        "edge_tests",
        "comparison.edge_tests -> Table",
        "Every tested edge: source, target, weight_0 and weight_1 in the networks, difference, p_value, p_adjusted, smallest p-values first; () with `edges: false`",
        with_comparison!("print(comparison.edge_tests);"),
    )
    .get_any(|c: &mut NetworkComparison| c.parts().edge_tests.clone().map_or(Dynamic::UNIT, Dynamic::from));
    b.property(
        "node_tests",
        "comparison.node_tests -> Table",
        "Every node: its strength_0 and strength_1, the sums of the |weights| of its edges, difference, p_value, p_adjusted",
        with_comparison!("print(comparison.node_tests);"),
    )
    .get(|c: &mut NetworkComparison| c.parts().node_tests.clone());
    b.property(
        "permuted",
        "comparison.permuted -> Table",
        "Columns structure and global_strength: their values for every permutation",
        with_comparison!("print(comparison.permuted.head(3));"),
    )
    .get(|c: &mut NetworkComparison| -> Outcome<Table> { Ok(c.permuted()?) });
}

fn provenance(b: &mut Builder) {
    b.extend("fits")
        .get_list(|c: &mut NetworkComparison| -> Array { c.parts().fits.iter().cloned().map(Dynamic::from).collect() });
    b.extend("method").get(|c: &mut NetworkComparison| c.method().to_string());
    b.extend("options").get_map(|c: &mut NetworkComparison| to_map(&c.parts().options));
    b.extend("seconds").get(|c: &mut NetworkComparison| c.parts().seconds);
    b.extend("seed").get(|c: &mut NetworkComparison| c.parts().seed as i64);
    b.extend("warnings")
        .get_list(|c: &mut NetworkComparison| -> Array { text_list(c.parts().warnings.iter().map(String::as_str)) });
    b.extend("summary").on(|c: &mut NetworkComparison| c.to_string());
}

#[cfg(feature = "plot")]
mod figures {
    use rhai::{Map, NativeCallContext};

    use super::super::super::convert::{Outcome, check_options};
    use super::super::super::state::context;
    use super::super::super::vocabulary::Builder;
    use super::super::charts::{TITLE, unknown_kind};
    use super::super::plots::{COLUMNS, LEVEL};
    use crate::model::NetworkComparison;
    use crate::options::Opt;
    use crate::plot::{Figure, compared_networks, compared_permutations, compared_weights};

    const KINDS: [&str; 3] = ["networks", "edges", "permutations"];
    const PANELS: &[Opt] = &[TITLE, COLUMNS];
    const EDGES: &[Opt] = &[TITLE, LEVEL];

    fn plot(call: &NativeCallContext<'_>, c: &NetworkComparison, kind: &str, options: &Map) -> Outcome<Figure> {
        let verb = format!("plot(\"{kind}\")");
        Ok(match kind {
            "networks" => {
                let options = check_options(&verb, PANELS, options)?;
                compared_networks(c, options.count("columns"), options.text("title"), &context(call))?
            }
            "permutations" => {
                let options = check_options(&verb, PANELS, options)?;
                compared_permutations(c, options.count("columns"), options.text("title"))?
            }
            "edges" => {
                let options = check_options(&verb, EDGES, options)?;
                compared_weights(c, options.number("level"), options.text("title"))?
            }
            _ => return Err(unknown_kind("a comparison", kind, &KINDS).into()),
        })
    }

    pub(super) fn define(b: &mut Builder) {
        b.extend("plot")
            .on(|call: NativeCallContext<'_>, c: &mut NetworkComparison| plot(&call, c, "networks", &Map::new()))
            .on(|call: NativeCallContext<'_>, c: &mut NetworkComparison, options: Map| {
                plot(&call, c, "networks", &options)
            })
            .on(|call: NativeCallContext<'_>, c: &mut NetworkComparison, kind: &str| plot(&call, c, kind, &Map::new()))
            .on(|call: NativeCallContext<'_>, c: &mut NetworkComparison, kind: &str, options: Map| {
                plot(&call, c, kind, &options)
            });
    }
}
