//! `load` reads back what `.save` wrote.

use sinew::script::{Sandbox, Session, SessionOptions};

fn session(name: &str) -> Session {
    let folder = std::env::temp_dir().join(format!("sinew-files-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut session = Session::new(SessionOptions { seed: Some(5), ..SessionOptions::trusted() });
    session.set("dir", folder.display().to_string());
    session
}

fn check(name: &str, script: &str) {
    session(name).eval(script).unwrap_or_else(|error| panic!("{name}: {error}"));
}

#[test]
fn numbers_come_back_to_the_last_bit_and_packed() {
    check(
        "numbers",
        r#"
        let m = matrix([[0.1 + 0.2, 1e-300], [-1.0 / 3.0, 12345678.9]]).set_names(["a", "b"]).set_row_names(["r", "s"]);
        for ending in ["json", "csv", "tsv", "json.gz", "csv.gz"] {
            let path = `${dir}/m.${ending}`;
            m.save(path);
            let back = load(path);
            assert((back == m).all() && back.names == m.names && back.row_names == m.row_names, ending);
        }
        for ending in ["npy", "mtx", "npy.gz", "mtx.gz"] {
            let path = `${dir}/m.${ending}`;
            m.save(path);
            assert((load(path) == m).all(), ending);
        }
        let weights = matrix([[0, inf()], [inf(), 0]]);
        weights.save(`${dir}/w.json`);
        assert((load(`${dir}/w.json`) == weights).all(), "infinite numbers");
        let v = vector([1, nan(), -inf()]);
        v.save(`${dir}/v.json`);
        assert(load(`${dir}/v.json`).is_nan().count() == 1 && load(`${dir}/v.json`)[2] == -inf(), "vector");
        let t = table([#{ name: "u,\"v", x: 1.5 }, #{ name: "", x: () }]);
        for ending in ["json", "csv", "tsv.gz"] {
            t.save(`${dir}/t.${ending}`);
            assert(load(`${dir}/t.${ending}`).to_json() == t.to_json(), `table ${ending}`);
        }
        "#,
    );
}

#[test]
fn lists_and_maps_are_plain_json() {
    let mut session = session("plain");
    let script = "let path = `${dir}/list.json`; [0.1, 2, #{ a: [\"b\", ()] }].save(path); #{ b: 1 }.save(`${dir}/map.json`); path";
    let path = session.eval(script).expect("a file").to_json();
    let text = std::fs::read_to_string(path.as_str().expect("a path")).expect("a file");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json, serde_json::json!([0.1, 2, { "a": ["b", null] }]));
    assert_eq!(session.eval("load(path)").expect("the list").to_json(), json);
    let script = "[eye(2), nan()].save(path); let back = load(path); (back[0] == eye(2)).all() && back[1].is_nan()";
    assert_eq!(session.eval(script).expect("the list").to_json(), serde_json::json!(true));
    for wrong in ["[1].save(\"list.csv\")", "[|x| x].save(path)"] {
        assert!(session.eval(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn results_come_back_and_can_be_gone_on_with() {
    check(
        "results",
        r#"
        let x = example("sachs").head(120).log1p().standardize();
        let weights = ones(11, 11);
        weights[[0, 1]] = inf(); weights[[1, 0]] = inf();
        let fit = x.graphical_lasso(#{ lambda: 0.2, weights: weights });
        fit.save(`${dir}/fit.json`);
        let back = load(`${dir}/fit.json`);
        assert(back.to_json() == fit.to_json(), "fit");
        assert((back.precision == fit.precision).all() && back.gap == fit.gap && back.n_components == fit.n_components, "parts");
        assert(back.options.weights[[0, 1]] == inf(), "options keep infinities");
        let chosen = x.graphical_lasso(#{ lambda: "cv", n_lambdas: 8, folds: 3 });
        chosen.save(`${dir}/chosen.json`);
        assert(load(`${dir}/chosen.json`).selection.rule == "cv", "selection");
        let hood = x.neighborhood_selection();
        hood.save(`${dir}/hood.json`);
        assert(load(`${dir}/hood.json`).graph() == hood.graph(), "a fit without a precision matrix");

        let path = x.graphical_lasso_path(#{ n_lambdas: 6, penalize_diagonal: true });
        path.save(`${dir}/path.json`);
        let again = load(`${dir}/path.json`);
        assert(again.to_json() == path.to_json(), "path");
        for rule in ["ebic", "cv", "stars", "ric"] {
            assert((again.select(rule).precision == path.select(rule).precision).all(), rule);
        }
        "#,
    );
    check(
        "figures",
        r#"
        let g = random_graph("hub", #{ nodes: 9, hubs: 2 });
        for ending in ["json", "graphml", "gexf", "cyjs", "csv", "tsv", "json.gz"] {
            g.set_names(["a", "b", "c", "d", "e", "f", "g", "h", "i"]).save(`${dir}/g.${ending}`);
            assert(load(`${dir}/g.${ending}`).n_edges == g.n_edges, `graph ${ending}`);
        }
        let figure = grid([g.plot(), heatmap(g.to_matrix()), line([1, 2, 3], [1.0, nan(), 2.0])]);
        figure.save(`${dir}/figure.json`);
        let back = load(`${dir}/figure.json`);
        figure.save(`${dir}/a.svg`);
        back.save(`${dir}/b.svg`);
        assert(back.to_json() == figure.to_json(), "figure");
        "#,
    );
}

#[test]
fn files_that_are_not_ours_are_explained() {
    for (text, part) in [
        ("not json", "is not JSON"),
        (r#"{"type": "Matrix"}"#, "\"rows\" is missing"),
        (r#"{"type": "Fit", "p": 2, "estimate": 3}"#, "no precision matrix and no Graph"),
        (r#"{"type": "Path", "verb": "x"}"#, "is missing"),
        (r#"{"type": "Figure"}"#, "no \"scene\""),
    ] {
        let mut session = session("wrong");
        let dir = session.get::<String>("dir").expect("a folder");
        std::fs::write(format!("{dir}/wrong.json"), text).expect("a file");
        let error = session.eval("load(`${dir}/wrong.json`)").expect_err(text);
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
    // A gzip file of nothing but zeros would fill any memory.
    let mut bomb = Session::with_sandbox(Sandbox::trusted().memory(20_000_000));
    let path = std::env::temp_dir().join(format!("sinew-bomb-{}.csv.gz", std::process::id()));
    let mut packed =
        flate2::write::GzEncoder::new(std::fs::File::create(&path).expect("a file"), flate2::Compression::best());
    for _ in 0..200 {
        std::io::Write::write_all(&mut packed, &vec![b'0'; 1 << 20]).expect("bytes");
    }
    packed.finish().expect("a packed file");
    let error = bomb.eval(&format!("read_csv(\"{}\")", path.display())).expect_err("too large");
    assert_eq!(error.error.kind(), sinew::ErrorKind::Memory, "{error}");
}

#[test]
fn delimited_text_keeps_missing_values_names_of_rows_and_names_that_are_numbers() {
    check(
        "delimited",
        r#"
        let plain = matrix([[nan(), 1], [2, 3], [4, 5]]);
        let rows = matrix([[1, 2], [3, 4]]).set_row_names(["r", "s"]);
        let numbers = matrix([[1, 2], [3, 4]]).set_names(["1", "2"]);
        let single = matrix([[nan()], [2]]);
        for ending in ["csv", "tsv"] {
            for m in [plain, rows, numbers, single, plain.t, numbers.t] {
                let path = `${dir}/m.${ending}`;
                m.save(path);
                assert(load(path).to_json() == m.to_json(), `${ending}: ${m}`);
            }
        }
        "#,
    );
}
