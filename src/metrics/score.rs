//! `score(truth, estimate)` and each of its metrics as a verb of its own.

use super::evidence::{Evidence, Formula};
use super::matrices::Matrices;
use super::ranking::Ranking;
use super::{Comparison, factors, joint, regulators};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, JointFit, Param, Record, Run};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::{Args, Value};

const PARAMS: &[Param] = &[
    Param { name: "truth", help: "a Graph, a Fit or a square Matrix; what is not 0 is an edge" },
    Param { name: "estimate", help: "a Fit, a Graph or a square Matrix; absolute weights rank the pairs" },
];

const BETA: Opt = Opt::new(
    "beta",
    &[Kind::Number(Range::POSITIVE)],
    Preset::Number(1.0),
    "How many times as much as precision recall counts in f_beta",
);

const fn regulators_option(default: &'static str) -> Opt {
    let help = "Nodes that act on others, by name or position: only pairs whose source, or either end, is one";
    Opt::new("regulators", &[Kind::List], Preset::Unset(default), help)
}

const ALL: &[Opt] = &[BETA, regulators_option("the nodes of a true Graph whose attribute `regulator` is 1")];
const OVER_PAIRS: &[Opt] = &[regulators_option("all pairs")];
const OVER_PAIRS_WITH_BETA: &[Opt] = &[BETA, regulators_option("all pairs")];

/// Every metric that applies, of a joint fit for every data set, or of its factors.
fn all(args: &Args<'_>, options: &Options, ctx: &Context) -> Result<Value> {
    match args.get(1)?.object::<JointFit>() {
        Some(fits) if matches!(args.get(0)?, Value::Map(_)) => {
            if let Some(name) = ["beta", "regulators"].into_iter().find(|name| options.is_given(name)) {
                return Err(Error::option(format!("option '{name}' of score says nothing about latent factors")));
            }
            factors::score(args.get(0)?, fits, ctx)
        }
        Some(fits) => joint::score(args, fits, |args| single(args, options, ctx), ctx),
        None => single(args, options, ctx),
    }
}

/// Every metric that applies; those over pairs once more over the pairs of regulators.
fn single(args: &Args<'_>, options: &Options, ctx: &Context) -> Result<Value> {
    let comparison = Comparison::of(args, ctx)?;
    let given = regulators::given(options, &comparison)?;
    let mut values = Evidence::of(&comparison, None, beta(options), ctx)?.values(METRICS.iter(), ctx)?;
    if let Some(regulators) = given.as_deref().or(comparison.own_regulators()) {
        let over_pairs = METRICS.iter().filter(|(_, formula)| !matches!(formula, Formula::Matrices(_)));
        let inner = Evidence::of(&comparison, Some(regulators), beta(options), ctx)?.values(over_pairs, ctx)?;
        values.push(("regulators".into(), Value::Map(inner)));
    }
    Ok(Value::Map(values))
}

/// One metric.
fn one(formula: Formula, args: &Args<'_>, options: &Options, ctx: &Context) -> Result<Value> {
    let comparison = Comparison::of(args, ctx)?;
    if let Formula::Matrices(metric) = formula {
        // No pairs are needed.
        return metric(&Matrices::of(&comparison, ctx)?, ctx).map(Value::from);
    }
    let regulators = regulators::given(options, &comparison)?;
    Evidence::of(&comparison, regulators.as_deref(), beta(options), ctx)?.value(formula, ctx)
}

/// How much recall counts in f_beta; other metrics do not have the option.
fn beta(options: &Options) -> f64 {
    options.number("beta").unwrap_or(1.0)
}

const fn record(
    verb: &'static str,
    summary: &'static str,
    details: &'static str,
    options: &'static [Opt],
    example: &'static str,
    run: Run,
) -> Record {
    Record {
        verb,
        constructor: None,
        area: Area::Score,
        summary,
        details,
        params: PARAMS,
        options,
        accepts: Accepts::Data,
        random: false,
        adds: &[],
        reference: "",
        example,
        run,
    }
}

/// All metrics at once.
pub static RECORD: Record = record(
    "score",
    "Every metric of an estimate against the truth, as one map",
    "Over pairs of nodes: auroc, aupr (average precision), aupr_trapezoid, early_precision; aupr_ratio, \
aupr_ratio_trapezoid and epr (aupr, aupr_trapezoid and early_precision over the share of pairs that are edges, so that \
chance is 1; BEELINE's are aupr_ratio_trapezoid and epr), fdp (wrong among the selected), tdp \
= recall, precision, f1, f_beta, mcc, shd; sign_success (1 if all signs are right, zeros included, else 0) and \
sign_success_edges (of the true edges alone), where both sides are precision matrices (a Matrix, a Fit that has one) \
or both are graphs. Over precision matrices, diagonal included: frobenius, nmse_db and, where both are symmetric \
positive definite, kl. A metric that does not apply is left out; its own verb says why. `regulators` holds the metrics \
over pairs once more, over the pairs whose source (of unordered pairs: either end) is a regulator. Pairs are \
unordered, with the larger absolute weight of the two, unless truth and estimate are both directed; a graph of which \
only some edges have a direction counts as undirected. Where both have names, nodes are matched by name. Ties count as \
ties. Without a true edge what divides by their number is NaN. Of a JointFit the means over its data sets, with the \
scores of each as the list `per_set`; the truth is one for all of them, or a list of one for each. Of a JointFit over latent \
factors, with the truth of latent_factor_data: space (sum of the singular values of D'E for an orthonormal basis E of the \
estimate; the number of factors at best), eps (mean difference of the noise), dist (mean inner product of matched factors, 1 \
at best), kld (mean divergence of the factors' Gaussians) and kld_variables (that of the variables').",
    ALL,
    "let g = random_graph(\"hub\", #{ nodes: 20, hubs: 2 });\n\
     let x = sample_gaussian(g.precision(), 200, #{ seed: 1 });\n\
     print(score(g, x.standardize().graphical_lasso(#{ lambda: 0.2 }), #{ regulators: [0, 10] }));",
    Run::Value(all),
);

/// What the metrics of a kind have in common: details and options.
type Family = (&'static str, &'static [Opt]);

const PAIRS_DETAILS: &str = "Pairs are those of score(): unordered unless truth and estimate are both directed. Where \
both have names, nodes are matched by name.";

const PAIRS: Family = (PAIRS_DETAILS, OVER_PAIRS);
const PAIRS_BETA: Family = (PAIRS_DETAILS, OVER_PAIRS_WITH_BETA);

const SIGNS: Family = (
    "Both sides are precision matrices (a Matrix, a Fit that has one) or both are graphs: an entry of a precision \
matrix has the opposite sign of its partial correlation. Pairs are those of score(). Without a true edge no edge has a \
wrong sign.",
    OVER_PAIRS,
);

const MATRICES: Family = (
    "Both sides are precision matrices: a Matrix, or a Fit that has one. Diagonals count. Where both have names, rows \
and columns are matched by name.",
    &[],
);

/// Declares the record of each metric, the list of the records and that of the metrics.
macro_rules! metrics {
    ($($name:ident, $verb:literal, $family:expr, $formula:expr, $summary:literal;)*) => {
        /// Every record of this file.
        pub static RECORDS: &[&Record] = &[&RECORD, $( &$name, )*];

        /// Every metric by name.
        const METRICS: &[(&str, Formula)] = &[$( ($verb, $formula), )*];

        $(
        static $name: Record = record(
            $verb,
            $summary,
            $family.0,
            $family.1,
            concat!(
                "let theta = random_graph(\"band\", #{ nodes: 6 }).precision();\n",
                "let fit = sample_gaussian(theta, 200, #{ seed: 1 }).graphical_lasso(#{ lambda: 0.1 });\n",
                "print(", $verb, "(theta, fit));"
            ),
            Run::Value(|args, options, ctx| one($formula, args, options, ctx)),
        );
        )*
    };
}
metrics! {
    AUROC, "auroc", PAIRS, Formula::Ranking(Ranking::auroc),
        "Area under the ROC curve, ties counting half; NaN when the truth has no edge, or all.";
    AUPR, "aupr", PAIRS, Formula::Ranking(Ranking::average_precision),
        "Average precision: the step-wise area under the precision-recall curve.";
    AUPR_TRAPEZOID, "aupr_trapezoid", PAIRS, Formula::Ranking(Ranking::aupr_trapezoid),
        "Area under the precision-recall curve by trapezoids.";
    AUPR_RATIO, "aupr_ratio", PAIRS, Formula::Ranking(Ranking::aupr_ratio),
        "Average precision over the share of pairs that are edges, which is 1 by chance.";
    AUPR_RATIO_TRAPEZOID, "aupr_ratio_trapezoid", PAIRS, Formula::Ranking(Ranking::aupr_ratio_trapezoid),
        "aupr_trapezoid over the share of pairs that are edges, which is 1 by chance: the AUPRC ratio of BEELINE.";
    EARLY_PRECISION, "early_precision", PAIRS, Formula::Ranking(Ranking::early_precision),
        "Share of right edges among the strongest: as many as the truth has, with ties; 0 when none is selected.";
    EPR, "epr", PAIRS, Formula::Ranking(Ranking::early_precision_ratio),
        "Early precision over the share of pairs that are edges, which is 1 by chance.";
    FDP, "fdp", PAIRS, Formula::Selection(|selection, _| selection.fdp().into()),
        "False discovery proportion: wrong edges over selected ones; 0 when none is selected.";
    TDP, "tdp", PAIRS, Formula::Selection(|selection, _| selection.tdp().into()),
        "True discovery proportion: found edges over true ones.";
    PRECISION, "precision", PAIRS, Formula::Selection(|selection, _| selection.precision().into()),
        "Right edges over selected ones; 0 when none is selected.";
    RECALL, "recall", PAIRS, Formula::Selection(|selection, _| selection.tdp().into()),
        "Found edges over true ones; the same as tdp.";
    F1, "f1", PAIRS, Formula::Selection(|selection, _| selection.f1().into()),
        "Harmonic mean of precision and recall.";
    F_BETA, "f_beta", PAIRS_BETA, Formula::Selection(|selection, beta| selection.f_beta(beta).into()),
        "Weighted harmonic mean of precision and recall; f1 unless `beta` is given.";
    MCC, "mcc", PAIRS, Formula::Selection(|selection, _| selection.mcc().into()),
        "Matthews' correlation between truth and selection.";
    SHD, "shd", PAIRS, Formula::Selection(|selection, _| Value::Int(selection.shd() as i64)),
        "Structural Hamming distance: edges to add or take away.";
    SIGN_SUCCESS, "sign_success", SIGNS, Formula::Signs(|pairs| pairs.wrong_signs),
        "1 if every pair has the sign that it has in the truth, zeros included, else 0.";
    SIGN_SUCCESS_EDGES, "sign_success_edges", SIGNS, Formula::Signs(|pairs| pairs.wrong_edge_signs),
        "1 if every true edge has the sign that it has in the truth, else 0.";
    FROBENIUS, "frobenius", MATRICES, Formula::Matrices(|matrices, _| Ok(matrices.frobenius())),
        "Frobenius norm of the estimated minus the true precision matrix.";
    NMSE_DB, "nmse_db", MATRICES, Formula::Matrices(|matrices, _| Ok(matrices.nmse_db())),
        "Mean squared error of the precision matrix over the mean square of the true one, in decibels.";
    KL, "kl", MATRICES, Formula::Matrices(Matrices::kl),
        "Kullback-Leibler divergence of the estimated from the true Gaussian, both of mean 0, in nats.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::covariance::partial_correlation;
    use crate::data::{Column, Matrix, Names};
    use crate::error::ErrorKind;
    use crate::graph::{Edge, Graph};
    use crate::linalg::Cholesky;
    use crate::methods::graphical_lasso;
    use crate::model::Fit;

    const TRUTH: [[f64; 3]; 3] = [[2.0, -0.8, 0.0], [-0.8, 2.0, 0.5], [0.0, 0.5, 1.0]];

    fn matrix(rows: [[f64; 3]; 3], names: [&str; 3]) -> Matrix {
        let names = Names::new(names.map(String::from).to_vec(), "columns").unwrap();
        Matrix::from_rows(&rows.map(|row| row.to_vec())).unwrap().with_names(Some(names)).unwrap()
    }

    fn truth() -> Matrix {
        matrix(TRUTH, ["a", "b", "c"])
    }

    fn call(
        verb: &str,
        truth: impl Into<Value>,
        estimate: impl Into<Value>,
        options: &[(&str, Value)],
    ) -> Result<Value> {
        let record = RECORDS.iter().find(|record| record.verb == verb).unwrap();
        let options: Vec<_> = options.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        let sides: [Value; 2] = [truth.into(), estimate.into()];
        record.call(&sides, &options, &Context::new())
    }

    fn score(truth: impl Into<Value>, estimate: impl Into<Value>) -> Value {
        call("score", truth, estimate, &[]).unwrap()
    }

    fn error(verb: &str, truth: impl Into<Value>, estimate: impl Into<Value>, options: &[(&str, Value)]) -> Error {
        call(verb, truth, estimate, options).unwrap_err()
    }

    fn number(score: &Value, key: &str) -> f64 {
        score.entry(key).and_then(Value::as_number).unwrap_or_else(|| panic!("no {key}"))
    }

    fn signs(score: &Value) -> (f64, f64) {
        (number(score, "sign_success"), number(score, "sign_success_edges"))
    }

    #[test]
    fn nodes_in_another_order_are_matched_by_name() {
        let same = matrix([[1.0, 0.0, 0.5], [0.0, 2.0, -0.8], [0.5, -0.8, 2.0]], ["c", "a", "b"]);
        let s = score(truth(), same.clone());
        assert_eq!((number(&s, "f1"), number(&s, "frobenius"), signs(&s)), (1.0, 0.0, (1.0, 1.0)));
        assert!(number(&s, "kl") < 1e-12);
        assert_eq!(call("nmse_db", truth(), same, &[]).unwrap().as_number(), Some(f64::NEG_INFINITY));
        for (name, _) in METRICS {
            assert!(s.entry(name).is_some(), "{name}");
        }
    }

    #[test]
    fn signs_of_precision_matrices_and_of_graphs_are_never_mixed() {
        let estimate = matrix([[2.0, -0.1, 0.1], [-0.1, 2.0, 0.5], [0.1, 0.5, 1.0]], ["a", "b", "c"]);
        assert_eq!(signs(&score(truth(), estimate.clone())), (0.0, 1.0));
        let graph = |m: &Matrix| Graph::from_matrix(m, 0.0, &Context::new()).unwrap();
        let s = score(graph(&truth()), graph(&estimate));
        assert_eq!((signs(&s), s.entry("frobenius").is_none(), s.entry("kl").is_none()), ((0.0, 1.0), true, true));
        let s = score(graph(&truth()), estimate.clone());
        assert!(s.entry("sign_success").is_none() && s.entry("nmse_db").is_none() && s.entry("f1").is_some());
        let message = "signs cannot be compared: the truth is a graph, the estimate a precision matrix";
        assert_eq!(error("sign_success", graph(&truth()), estimate.clone(), &[]).message(), message);
        let message = "the truth is a graph, not a precision matrix";
        assert_eq!(error("nmse_db", graph(&truth()), estimate, &[]).message(), message);
    }

    #[test]
    fn signs_of_a_fit_are_those_of_its_precision_matrix() {
        let sigma = Cholesky::new(truth().view()).unwrap().inverse();
        let options = [("lambda", Value::Float(1e-3)), ("covariance", Value::Bool(true)), ("n", Value::Int(100))];
        let options = options.map(|(name, value)| (name.to_string(), value));
        let fit = graphical_lasso::RECORD.call(&[Matrix::from(sigma).into()], &options, &Context::new()).unwrap();
        assert_eq!(signs(&score(truth(), fit.clone())).1, 1.0);
        let fit = fit.object::<Fit>().unwrap().graph(0.0).unwrap();
        let correlations = Graph::from_matrix(&partial_correlation(&truth()), 0.0, &Context::new()).unwrap();
        assert_eq!(signs(&score(correlations, fit.clone())).1, 1.0);
        assert_eq!(signs(&score(Graph::from_matrix(&truth(), 0.0, &Context::new()).unwrap(), fit)).1, 0.0);
    }

    #[test]
    fn a_metric_without_a_value_is_left_out_and_its_verb_says_why() {
        let zeros = matrix([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0; 3]], ["a", "b", "c"]);
        let s = score(truth(), zeros.clone());
        assert!(s.entry("kl").is_none() && s.entry("frobenius").is_some());
        assert_eq!(error("kl", truth(), zeros, &[]).message(), "the estimate is not positive definite");
        let scores = matrix([[f64::NAN, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0; 3]], ["a", "b", "c"]);
        let s = score(truth(), scores.clone());
        assert!(s.entry("frobenius").is_none() && s.entry("auroc").is_some());
        assert_eq!(error("frobenius", truth(), scores, &[]).message(), "the estimate has NaN in row 0, column 'a'");
    }

    fn network(edges: &[(usize, usize, f64)]) -> Graph {
        let names = Names::new(["gata1", "spi1", "fli1"].map(String::from).to_vec(), "nodes").unwrap();
        let edges = edges.iter().map(|&(source, target, weight)| Edge::new(source, target, weight)).collect();
        Graph::new(3, Some(names), true, edges).unwrap()
    }

    fn networks() -> (Graph, Graph) {
        (network(&[(0, 1, 1.0), (2, 1, 1.0)]), network(&[(0, 1, 0.9), (1, 2, 0.5)]))
    }

    fn list(items: Vec<Value>) -> [(&'static str, Value); 1] {
        [("regulators", Value::List(items))]
    }

    #[test]
    fn regulators_by_name_position_and_attribute() {
        let (truth, estimate) = networks();
        let plain = score(truth.clone(), estimate.clone());
        assert!(number(&plain, "f1") == 0.5 && plain.entry("regulators").is_none());
        let marked = Column::numbers(vec![1.0, 0.0, 0.0]);
        let own = score(truth.with_node_attribute("regulator", marked).unwrap(), estimate.clone());
        let given = |item: Value| call("score", truth.clone(), estimate.clone(), &list(vec![item])).unwrap();
        for s in [own, given("gata1".into()), given(Value::Int(0)), given(Value::Int(-3))] {
            let inner = s.entry("regulators").unwrap();
            assert_eq!((number(&s, "f1"), number(inner, "f1"), number(inner, "shd")), (0.5, 1.0, 0.0));
            assert_eq!((number(inner, "epr"), inner.entry("regulators").is_none()), (2.0, true));
        }
        let one = call("f1", truth, estimate, &list(vec!["gata1".into()])).unwrap();
        assert_eq!(one.as_number(), Some(1.0));
    }

    #[test]
    fn wrong_regulators_are_errors() {
        let (truth, estimate) = networks();
        let wrong = |items: Vec<Value>| error("score", truth.clone(), estimate.clone(), &list(items));
        let unknown = wrong(vec!["gata2".into()]);
        assert_eq!(unknown.message(), "option 'regulators': no node is called 'gata2'");
        assert_eq!(unknown.hint(), Some("did you mean 'gata1'?"));
        assert_eq!(wrong(vec![Value::Int(3)]).kind(), ErrorKind::Index);
        assert_eq!(wrong(vec![Value::Float(0.5)]).kind(), ErrorKind::Option);
        assert_eq!(wrong(vec![]).kind(), ErrorKind::Option);
    }

    #[test]
    fn an_option_of_another_metric_is_an_error() {
        let (truth, estimate) = networks();
        let beta = [("beta", Value::Float(2.0))];
        assert_eq!(error("f1", truth.clone(), estimate.clone(), &beta).kind(), ErrorKind::Option);
        assert_eq!(error("kl", truth.clone(), estimate.clone(), &list(vec![])).kind(), ErrorKind::Option);
        let s = call("score", truth, network(&[(0, 1, 1.0)]), &beta).unwrap();
        // Precision 1, recall 1/2.
        assert!((number(&s, "f_beta") - 5.0 / 9.0).abs() < 1e-15);
    }

    #[test]
    fn an_empty_estimate_and_an_empty_truth() {
        let (full, empty) = (network(&[(0, 1, 1.0), (2, 1, 1.0)]), network(&[]));
        let s = score(full.clone(), empty.clone());
        let keys = ["fdp", "precision", "f1", "f_beta", "early_precision", "epr", "sign_success"];
        assert_eq!(keys.map(|key| number(&s, key)), [0.0; 7]);
        let s = score(empty, full);
        let keys = ["auroc", "aupr", "tdp", "f1", "f_beta", "early_precision", "epr", "aupr_ratio"];
        assert!(keys.iter().all(|key| number(&s, key).is_nan()));
        assert_eq!((signs(&s), number(&s, "shd")), ((0.0, 1.0), 2.0));
    }
}
