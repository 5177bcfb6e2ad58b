//! Phrase books: what is written in R, Python and Julia, and what in sinew.

use super::Page;
use super::html::{code, escape, prose, table};

/// What they write, what sinew has, and what differs.
type Phrase = (&'static str, &'static str, &'static str);

/// Phrases of one kind.
type Chapter = (&'static str, &'static [Phrase]);

/// A book for people who come from another language.
struct Book {
    file: &'static str,
    title: &'static str,
    /// The head of their column.
    theirs: &'static str,
    chapters: &'static [Chapter],
}

const DATA: &str = "`x` is a Matrix of `n` rows and `p` columns, `s` its covariance, `a` and `b` square matrices, \
                    `v` a vector, `t` a table, `g` a graph, `truth` a graph and `estimate` what stands for it.";

const BOOKS: &[Book] = &[
    Book {
        file: "for-r.html",
        title: "For R users",
        theirs: "R",
        chapters: &[
            ("Matrices", R_MATRICES),
            ("Data", R_DATA),
            ("Graphical models", R_MODELS),
            ("The language", R_WORDS),
        ],
    },
    Book {
        file: "for-scikit-learn.html",
        title: "For scikit-learn users",
        theirs: "Python",
        chapters: &[
            ("scikit-learn", PYTHON_MODELS),
            ("numpy", PYTHON_MATRICES),
            ("pandas", PYTHON_DATA),
            ("networkx", PYTHON_GRAPHS),
            ("The language", PYTHON_WORDS),
        ],
    },
    Book {
        file: "for-julia.html",
        title: "For Julia users",
        theirs: "Julia",
        chapters: &[
            ("Matrices and statistics", JULIA_MATRICES),
            ("Tables and graphs", JULIA_DATA),
            ("The language", JULIA_WORDS),
        ],
    },
];

const R_MATRICES: &[Phrase] = &[
    ("x[1, 2]", "x[[0, 1]]", "positions count from 0"),
    ("x[, \"praf\"]", "x[[.., \"praf\"]]", ""),
    ("x[1:3, ]", "x[0..3]", "the end of a range is left out"),
    ("x[, c(\"praf\", \"pmek\")]", "x.select([\"praf\", \"pmek\"])", ""),
    ("x[, -1]", "x.drop(0)", "a negative position counts from the end"),
    ("dim(x)", "x.shape", ""),
    ("nrow(x)", "x.rows", ""),
    ("colnames(x)", "x.names", ""),
    ("head(x)", "x.head()", ""),
    ("t(x)", "x.t", ""),
    ("a %*% b", "a @ b", ""),
    ("a * b", "a * b", "entry by entry"),
    ("solve(a)", "a.inv()", ""),
    ("solve(a, v)", "a.solve(v)", ""),
    ("chol(a)", "a.chol().t", "`chol` gives the lower triangle, R's the upper"),
    ("eigen(a)", "a.eigh()", "for symmetric matrices; values ascend, R's descend"),
    ("determinant(a)$modulus", "a.logdet()", ""),
    ("diag(3)", "eye(3)", ""),
    ("diag(a)", "diag(a)", ""),
    ("cbind(a, b)", "hstack([a, b])", ""),
    ("rbind(a, b)", "vstack([a, b])", ""),
    ("matrix(rnorm(n * p), n, p)", "randn(n, p)", "a seed gives other numbers than in R"),
    ("seq(0, 1, length.out = 5)", "linspace(0, 1, 5)", ""),
];

const R_DATA: &[Phrase] = &[
    ("read.csv(\"data.csv\", row.names = \"id\")", "read_csv(\"data.csv\", #{ index: \"id\" })", "gives a Table"),
    ("write.csv(x, \"x.csv\")", "x.save(\"x.csv\")", ""),
    ("as.matrix(t)", "t.matrix()", "methods take a Table as it is"),
    ("t$praf", "t[\"praf\"]", ""),
    ("colMeans(x)", "x.mean(#{ axis: 0 })", ""),
    ("apply(x, 2, sd)", "x.sd(#{ axis: 0 })", "both divide by n - 1"),
    ("var(v)", "v.variance()", "both divide by n - 1"),
    ("scale(x)", "x.standardize()", "sinew divides by n, R by n - 1"),
    ("scale(x, scale = FALSE)", "x.center()", ""),
    ("cov(x)", "x.cov() * (n / (n - 1.0))", "`x.cov()` divides by n, R by n - 1"),
    ("cor(x)", "x.cor()", ""),
    ("ppcor::pcor(x)$estimate", "x.partial_cor()", ""),
];

const R_MODELS: &[Phrase] = &[
    (
        "glasso::glasso(s, rho)",
        "s.graphical_lasso(#{ lambda: rho, covariance: true, n: n, penalize_diagonal: true })",
        "glasso penalises the diagonal unless told otherwise, sinew does not",
    ),
    ("glasso::glasso(s, rho)$wi", "fit.precision", ""),
    ("glasso::glasso(s, rho)$w", "fit.covariance", ""),
    (
        "glasso::glassopath(s, c(0.1, 0.2))",
        "s.graphical_lasso_path(#{ lambdas: [0.1, 0.2], covariance: true, n: n, penalize_diagonal: true })",
        "",
    ),
    (
        "huge::huge(x, method = \"glasso\")",
        "x.graphical_lasso_path(#{ convention: \"huge\" })",
        "the same lambdas, df (path.n_edges), loglik and EBIC; without the convention see help(\"graphical_lasso\")",
    ),
    ("huge::huge.select(path, \"ebic\")", "path.select(\"ebic\", #{ gamma: 0.5 })", ""),
    (
        "huge::huge(x, rho, method = \"mb\")",
        "x.standardize().neighborhood_selection(#{ lambda: rho, rule: \"or\" })",
        "one penalty a fit",
    ),
    (
        "huge::huge.generator(n, 50, \"hub\", g = 3)",
        "let truth = random_graph(\"hub\", #{ nodes: 50, hubs: 3 });\n\
         sample_gaussian(truth.precision(), n).standardize()",
        "huge scales the model to unit variances",
    ),
    (
        "qgraph::EBICglasso(cor(x), n)",
        "let fit = x.standardize().graphical_lasso(#{ lambda: \"ebic\", n_lambdas: 100 });\nfit.partial_cor",
        "both with gamma 0.5 and a free diagonal; sinew's matrix has a unit diagonal",
    ),
    ("qgraph::qgraph(network)", "fit.plot()", ""),
    ("igraph::degree(g)", "g.degree", ""),
    ("igraph::ecount(g)", "g.n_edges", ""),
    ("igraph::edge_density(g)", "g.density", ""),
    ("igraph::components(g)", "g.components", ""),
    ("igraph::neighbors(g, 1)", "g.neighbors(0)", "positions count from 0"),
    ("igraph::as_adjacency_matrix(g)", "g.adjacency", ""),
    ("igraph::graph_from_data_frame(edges)", "graph_from_edges(edges, #{ directed: true })", "undirected without it"),
    ("igraph::write_graph(g, \"g.graphml\", \"graphml\")", "g.save(\"g.graphml\")", ""),
];

const R_WORDS: &[Phrase] = &[
    ("k <- 1", "let k = 1;", "then `k = 2;`"),
    ("function(a, b) a + b", "|a, b| a + b", ""),
    ("lapply(1:3, function(k) k^2)", "(1..=3).map(|k| k ** 2)", ""),
    ("1 / 2", "1.0 / 2", "`1/2` is 0 with whole numbers"),
    ("paste0(\"p = \", p)", "`p = ${p}`", ""),
    ("list(a = 1, b = 2)", "#{ a: 1, b: 2 }", ""),
    ("set.seed(1)", "set_seed(1)", ""),
    ("NULL", "()", ""),
    ("NA", "nan()", ""),
    ("Inf", "inf()", ""),
    ("help(solve)", "help(\"solve\")", ""),
];

const PYTHON_MODELS: &[Phrase] = &[
    ("StandardScaler().fit_transform(X)", "x.standardize()", "both divide by n"),
    ("empirical_covariance(X)", "x.cov()", "both divide by n"),
    (
        "GraphicalLasso(alpha=0.1).fit(X)",
        "GraphicalLasso(#{ lambda: 0.1 }).fit(x)",
        "neither penalises the diagonal; also `x.graphical_lasso(#{ lambda: 0.1 })`",
    ),
    ("model.precision_", "fit.precision", ""),
    ("model.covariance_", "fit.covariance", ""),
    (
        "graphical_lasso(emp_cov, alpha=0.1)",
        "s.graphical_lasso(#{ lambda: 0.1, covariance: true, n: n })",
        "gives a fit with everything",
    ),
    (
        "GraphicalLassoCV().fit(X)",
        "x.graphical_lasso(#{ lambda: \"ebic\" })",
        "chosen by the extended BIC, not by folds",
    ),
    ("roc_auc_score(y_true, y_score)", "auroc(truth, estimate)", "over the pairs of variables"),
    ("average_precision_score(y_true, y_score)", "aupr(truth, estimate)", ""),
    ("f1_score(y_true, y_pred)", "f1(truth, estimate)", ""),
    ("matthews_corrcoef(y_true, y_pred)", "mcc(truth, estimate)", ""),
];

const PYTHON_MATRICES: &[Phrase] = &[
    ("a[0, 1]", "a[[0, 1]]", "an index is a list of rows and columns"),
    ("a[:, 0]", "a[[.., 0]]", ""),
    ("a[0:2]", "a[0..2]", ""),
    ("a[-1]", "a[-1]", ""),
    ("a[a > 0]", "a[a > 0]", ""),
    ("a.shape", "a.shape", ""),
    ("a.T", "a.t", ""),
    ("a @ b", "a @ b", ""),
    ("a * b", "a * b", "entry by entry"),
    ("np.linalg.inv(a)", "a.inv()", ""),
    ("np.linalg.solve(a, v)", "a.solve(v)", ""),
    ("np.linalg.cholesky(a)", "a.chol()", ""),
    ("np.linalg.eigh(a)", "a.eigh()", "a map with `values` and `vectors`"),
    ("np.linalg.slogdet(a)[1]", "a.logdet()", ""),
    ("np.linalg.norm(a)", "a.norm()", ""),
    ("np.trace(a)", "a.trace()", ""),
    ("a.mean(axis=0)", "a.mean(#{ axis: 0 })", ""),
    ("v.std(ddof=1)", "v.sd()", "numpy divides by n unless told otherwise"),
    ("np.cov(X, rowvar=False)", "x.cov() * (n / (n - 1.0))", "numpy divides by n - 1"),
    ("np.corrcoef(X, rowvar=False)", "x.cor()", ""),
    ("np.eye(3)", "eye(3)", ""),
    ("np.zeros((2, 3))", "zeros(2, 3)", ""),
    ("np.linspace(0, 1, 5)", "linspace(0, 1, 5)", ""),
    ("np.logspace(0, -2, 3)", "logspace(1, 0.01, 3)", "sinew takes the ends, numpy their exponents"),
    ("np.hstack([a, b])", "hstack([a, b])", ""),
    ("rng.standard_normal((n, p))", "randn(n, p)", "a seed gives other numbers than in numpy"),
    ("np.load(\"m.npy\")", "read_npy(\"m.npy\")", ""),
    ("np.save(\"m.npy\", a)", "a.save(\"m.npy\")", ""),
];

const PYTHON_DATA: &[Phrase] = &[
    ("pd.read_csv(\"data.csv\", index_col=\"id\")", "read_csv(\"data.csv\", #{ index: \"id\" })", ""),
    ("df.to_numpy()", "t.matrix()", "methods take a Table as it is"),
    ("df[\"praf\"]", "t[\"praf\"]", ""),
    ("df[[\"praf\", \"pmek\"]]", "t.select([\"praf\", \"pmek\"])", ""),
    ("df.drop(columns=[\"praf\"])", "t.drop([\"praf\"])", ""),
    ("df.head()", "t.head(5)", "`t.head()` gives 6 rows"),
    ("list(df.columns)", "t.names", ""),
    ("len(df)", "t.rows", ""),
];

const PYTHON_GRAPHS: &[Phrase] = &[
    ("nx.from_numpy_array(a)", "graph_from_matrix(a)", "the diagonal is left out"),
    ("nx.to_numpy_array(G)", "g.to_matrix()", ""),
    ("G.number_of_edges()", "g.n_edges", ""),
    ("dict(G.degree)", "g.degree", "a Vector with the nodes' names"),
    ("nx.density(G)", "g.density", ""),
    ("list(nx.connected_components(G))", "g.components", "largest first"),
    ("list(G.neighbors(0))", "g.neighbors(0)", ""),
    ("nx.write_graphml(G, \"g.graphml\")", "g.save(\"g.graphml\")", ""),
];

const PYTHON_WORDS: &[Phrase] = &[
    ("k = 1", "let k = 1;", "then `k = 2;`"),
    ("[k**2 for k in range(3)]", "(0..3).map(|k| k ** 2)", ""),
    ("lambda a: a + 1", "|a| a + 1", ""),
    ("1 / 2", "1.0 / 2", "`1/2` is 0 with whole numbers"),
    ("f\"p = {p}\"", "`p = ${p}`", ""),
    ("{\"a\": 1, \"b\": 2}", "#{ a: 1, b: 2 }", ""),
    ("f(x, seed=1)", "randn(2, 2, #{ seed: 1 })", "named arguments are a map at the end"),
    ("len(v)", "v.len()", ""),
    ("None", "()", ""),
    ("np.nan", "nan()", ""),
    ("np.inf", "inf()", ""),
];

const JULIA_MATRICES: &[Phrase] = &[
    ("a[1, 2]", "a[[0, 1]]", "positions count from 0"),
    ("a[:, 1]", "a[[.., 0]]", ""),
    ("a[1:2, :]", "a[0..2]", "the end of a range is left out"),
    ("a[end, 1]", "a[[-1, 0]]", ""),
    ("size(a)", "a.shape", ""),
    ("a'", "a.t", ""),
    ("a * b", "a @ b", "`*` is entry by entry"),
    ("a .* b", "a * b", ""),
    ("a \\ v", "a.solve(v)", ""),
    ("inv(a)", "a.inv()", ""),
    ("cholesky(a).L", "a.chol()", ""),
    ("eigen(Symmetric(a))", "a.eigh()", "a map with `values` and `vectors`"),
    ("logdet(a)", "a.logdet()", ""),
    ("tr(a)", "a.trace()", ""),
    ("norm(a)", "a.norm()", ""),
    ("dot(v, v)", "v.dot(v)", ""),
    ("Diagonal(v)", "diag(v)", ""),
    ("hcat(a, b)", "hstack([a, b])", ""),
    ("vcat(a, b)", "vstack([a, b])", ""),
    ("any(a .> 0)", "(a > 0).any()", ""),
    ("range(0, 1, length = 5)", "linspace(0, 1, 5)", ""),
    ("randn(n, p)", "randn(n, p)", "a seed gives other numbers than in Julia"),
    ("mean(x, dims = 1)", "x.mean(#{ axis: 0 })", ""),
    ("std(x, dims = 1)", "x.sd(#{ axis: 0 })", "both divide by n - 1"),
    ("cov(x, corrected = false)", "x.cov()", "divides by n"),
    ("cor(x)", "x.cor()", ""),
];

const JULIA_DATA: &[Phrase] = &[
    ("CSV.read(\"data.csv\", DataFrame)", "read_csv(\"data.csv\")", ""),
    ("Matrix(t)", "t.matrix()", "methods take a Table as it is"),
    ("t[:, \"praf\"]", "t[\"praf\"]", ""),
    ("select(t, [\"praf\", \"pmek\"])", "t.select([\"praf\", \"pmek\"])", ""),
    ("first(t, 5)", "t.head(5)", ""),
    ("nrow(t)", "t.rows", ""),
    ("names(t)", "t.names", ""),
    ("SimpleGraph(a)", "graph_from_matrix(a)", "weights are kept"),
    ("ne(g)", "g.n_edges", ""),
    ("nv(g)", "g.n_nodes", ""),
    ("degree(g)", "g.degree", ""),
    ("density(g)", "g.density", ""),
    ("connected_components(g)", "g.components", "largest first"),
    ("neighbors(g, 1)", "g.neighbors(0)", "positions count from 0"),
    ("adjacency_matrix(g)", "g.adjacency", ""),
];

const JULIA_WORDS: &[Phrase] = &[
    ("k = 1", "let k = 1;", "then `k = 2;`"),
    ("k -> k^2", "|k| k ** 2", ""),
    ("map(k -> k^2, 0:2)", "(0..3).map(|k| k ** 2)", ""),
    ("1 / 2", "1.0 / 2", "`1/2` is 0 with whole numbers"),
    ("\"p = $(p)\"", "`p = ${p}`", ""),
    ("(a = 1, b = 2)", "#{ a: 1, b: 2 }", ""),
    ("randn(Xoshiro(1), 2, 2)", "randn(2, 2, #{ seed: 1 })", "named arguments are a map at the end"),
    ("Random.seed!(1)", "set_seed(1)", ""),
    ("nothing", "()", ""),
    ("NaN", "nan()", ""),
    ("Inf", "inf()", ""),
    ("println(p)", "print(p)", ""),
];

/// A page for each book.
pub(super) fn pages() -> impl Iterator<Item = Page> {
    BOOKS.iter().map(page)
}

fn page(book: &Book) -> Page {
    let mut body = format!("<p>{}</p>\n", prose(DATA));
    for (title, phrases) in book.chapters {
        let row = |(theirs, ours, note): &Phrase| {
            let ours = code(ours).replace('\n', "<br>");
            vec![code(theirs), ours, prose(note)]
        };
        let rows: Vec<Vec<String>> = phrases.iter().map(row).collect();
        body.push_str(&format!("<h2>{}</h2>\n{}", escape(title), table(&[book.theirs, "sinew", "To know"], &rows)));
    }
    Page::new(book.file, book.title, &body)
}

#[cfg(test)]
mod tests {
    use super::super::super::check::{Checker, Severity};
    use super::super::super::session::Session;
    use super::*;

    /// What the phrases are about.
    const PRELUDE: &str = "let n = 100; let p = 11; let rho = 0.1; let x = example(\"sachs\").head(100).log1p();\n\
        let s = x.cov(); let a = matrix([[2, 0.5], [0.5, 1]]); let b = eye(2); let v = vector([1, 2]);\n\
        let t = example(\"sachs\"); let edges = example(\"sachs_edges\");\n\
        let g = random_graph(\"hub\", #{ nodes: 9 }); let truth = g; let estimate = g.to_matrix();\n\
        let fit = x.standardize().graphical_lasso(#{ lambda: 0.3 });\n\
        let path = x.standardize().graphical_lasso_path(#{ n_lambdas: 5 });\n";

    #[test]
    fn every_phrase_is_true() {
        let checker = Checker::new().unwrap();
        let phrases = BOOKS.iter().flat_map(|book| book.chapters).flat_map(|(_, phrases)| *phrases);
        for (_, ours, _) in phrases {
            let script = format!("{PRELUDE}{ours}");
            let errors = checker.check(&script, "phrase").into_iter().find(|found| found.severity == Severity::Error);
            assert!(errors.is_none(), "{}", errors.map(|found| found.to_string()).unwrap_or_default());
            // Files are left alone, figures need their feature.
            let runs = !ours.contains("read_")
                && !ours.contains(".save(")
                && (cfg!(feature = "plot") || !ours.contains("plot"));
            if runs && let Err(error) = Session::trusted().eval(&script) {
                panic!("{ours}\n{error}");
            }
        }
    }

    #[test]
    fn covariances_differ_as_the_books_say() {
        let gives = |code: &str| Session::trusted().eval(code).unwrap().to_json().as_f64().unwrap();
        // Of 1, 2, 4: 14/9 divided by n, 7/3 divided by n - 1.
        let x = "let x = matrix([[1], [2], [4]]); let n = 3; ";
        assert!((gives(&format!("{x} x.cov()[[0, 0]]")) - 14.0 / 9.0).abs() < 1e-12);
        assert!((gives(&format!("{x} (x.cov() * (n / (n - 1.0)))[[0, 0]]")) - 7.0 / 3.0).abs() < 1e-12);
        assert!((gives(&format!("{x} x.standardize().variance()")) - 1.5).abs() < 1e-12);
    }
}
