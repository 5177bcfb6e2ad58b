//! Tables in scripts: making, choosing, grouping, joining, rows at random, missing cells, files.

#[path = "common/scripts.rs"]
mod scripts;

use scripts::{check, check_errors, data};
use serde_json::json;

/// Two methods, two replicates, and a cell that is missing.
const T: &str = "let t = table([#{ method: \"b\", rep: 1, tdp: 0.5 }, #{ method: \"a\", rep: 1, tdp: 0.7 }, \
                 #{ method: \"b\", rep: 2, tdp: 0.9 }, #{ method: \"a\", rep: 2 }]);";

#[test]
fn tables_are_made_from_records_columns_and_matrices() {
    check(
        T,
        &[
            ("t.shape", json!([4, 3])),
            ("t.names", json!(["method", "rep", "tdp"])),
            ("t.row_names", json!(null)),
            ("t[\"method\"]", json!(["b", "a", "b", "a"])),
            ("t[\"tdp\"]", json!([0.5, 0.7, 0.9, null])),
            ("t.rep", json!([1, 1, 2, 2])),
            ("t.to_array()[2]", json!({ "method": "b", "rep": 2, "tdp": 0.9 })),
            (
                "table(#{ a: [1, 2], b: [\"u\", \"v\"] }).to_array()",
                json!([{ "a": 1, "b": "u" }, { "a": 2, "b": "v" }]),
            ),
            (
                "table(#{ a: 0..3, b: vector([4, 5, 6]), c: vector([1, 2, 3]) > 1 }).matrix()",
                json!([[0, 4, 0], [1, 5, 1], [2, 6, 1]]),
            ),
            ("table([#{ s: #{ f1: 0.5, auroc: 1 }, rep: 0 }]).names", json!(["rep", "s.auroc", "s.f1"])),
            ("table([#{ a: true }, #{ a: false }, #{ a: () }])[\"a\"]", json!([1, 0, null])),
            // One text makes a column of texts.
            ("table([#{ a: 1 }, #{ a: \"u\" }, #{ }])[\"a\"]", json!(["1", "u", ""])),
            ("table(matrix([[1, 2], [3, 4]])).names", json!(["c0", "c1"])),
            ("table(eye(2).set_names([\"u\", \"v\"]).set_row_names([\"r\", \"s\"])).row_names", json!(["r", "s"])),
            ("table([]).shape", json!([0, 0])),
        ],
    );
    check_errors(
        T,
        &[
            ("table([1])", "E011", "element 0 is 1, not a map"),
            ("table(5)", "E011", "a list of maps or a map of lists"),
            ("table(#{ a: [1, 2], b: [1] })", "E020", "column 'b' has 1 rows, the first has 2"),
            ("table(#{ a: 1 })", "E011", "column 'a'"),
            ("table([#{ a: eye(2) }])", "E011", "column 'a': row 0 holds a Matrix"),
            ("t.matrix()", "E030", "column 'method' is not numeric: row 0 is \"b\""),
        ],
    );
}

#[test]
fn columns_are_chosen_renamed_and_added() {
    check(
        T,
        &[
            ("t.select([\"tdp\", \"rep\"]).names", json!(["tdp", "rep"])),
            ("t.select(1..3).matrix()[[0, \"tdp\"]]", json!(0.5)),
            ("t.select(\"rep\").shape", json!([4, 1])),
            ("t.drop(\"method\").names", json!(["rep", "tdp"])),
            ("t.drop([0, \"tdp\"]).names", json!(["rep"])),
            ("t.rename(#{ tdp: \"power\", rep: \"replicate\" }).names", json!(["method", "replicate", "power"])),
            ("t[\"double\"] = t[\"rep\"] * 2; t.names", json!(["method", "rep", "tdp", "double"])),
            ("t[\"double\"] = t[\"rep\"] * 2; t.double", json!([2, 2, 4, 4])),
            ("t[\"rep\"] = [\"x\", \"y\", \"z\", \"x\"]; t.unique(\"rep\")", json!(["x", "y", "z"])),
            // A table is a value: what is written to one leaves the others alone.
            ("let u = t; u[\"rep\"] = [9, 9, 9, 9]; [t.rep[0], u.rep[0]]", json!([1, 9])),
            ("fn f(x) { x[\"rep\"] = [9, 9, 9, 9]; x.rep[0] } [f(t), t.rep[0]]", json!([9, 1])),
            ("t.unique(\"method\")", json!(["b", "a"])),
            ("vector([2, 1, 2, 3, 1]).unique()", json!([2, 1, 3])),
            ("[1, \"1\", 1, 1.0].unique()", json!([1, "1"])),
        ],
    );
    check_errors(
        T,
        &[
            ("t[\"tpd\"]", "E022", "did you mean 'tdp'?"),
            ("t.select([\"tpd\"])", "E022", "did you mean 'tdp'?"),
            ("t.drop(3)", "E021", "column 3 is out of range: there are 3 columns"),
            ("t.rename(#{ tpd: \"x\" })", "E022", "did you mean 'tdp'?"),
            ("t.rename(#{ tdp: 1 })", "E011", "the new name of 'tdp' is 1 (int)"),
            ("t.rename(#{ tdp: \"rep\" })", "E030", "two columns are called 'rep'"),
            ("t[\"x\"] = [1, 2];", "E020", "a column of 2 values for a table of 4 rows"),
            ("t[\"x\"] = 1;", "E011", "a column is a list or a Vector"),
            ("t.unique(\"x\")", "E022", "no column is called 'x'"),
        ],
    );
}

#[test]
fn rows_are_filtered_sorted_and_cut() {
    check(
        T,
        &[
            ("t.filter(|row| row.method == \"a\").rep", json!([1, 2])),
            ("t.filter(|row| row.tdp > 0.6).rows", json!(2)),
            ("t.filter(t[\"tdp\"] > 0.6)[\"tdp\"]", json!([0.7, 0.9])),
            ("let limit = 0.8; t.filter(|row| row.tdp > limit).method", json!(["b"])),
            ("t.filter(|row| false).shape", json!([0, 3])),
            ("t.sort_by(\"tdp\", #{ descending: true }).tdp", json!([0.9, 0.7, 0.5, null])),
            ("t.sort_by(\"tdp\").tdp", json!([0.5, 0.7, 0.9, null])),
            // Rows that are equal keep their order, and the first column counts most.
            ("t.sort_by(\"rep\").method", json!(["b", "a", "b", "a"])),
            (
                "t.sort_by([\"method\", \"rep\"], #{ descending: true }).to_array().map(|row| `${row.method}${row.rep}`)",
                json!(["b2.0", "b1.0", "a2.0", "a1.0"]),
            ),
            ("table(#{ a: [\"v\", \"\", \"u\"] }).sort_by(\"a\", #{ descending: true }).a", json!(["v", "u", ""])),
            ("t.head(1).method", json!(["b"])),
            ("t.head(-3).rows", json!(1)),
            ("t.tail(1).tdp", json!([null])),
            ("t.tail(-1).rows", json!(3)),
            ("[t.head().rows, t.tail(99).rows, t.head(0).rows]", json!([4, 4, 0])),
            ("eye(3).filter(vector([1, 0, 1]) > 0)", json!([[1, 0, 0], [0, 0, 1]])),
        ],
    );
    check_errors(
        T,
        &[
            ("t.filter(|row| row.tdp)", "E011", "must give true or false, it gave 0.5 (float)"),
            ("t.filter(|row| row.tpd > 1)", "E022", "no entry 'tpd'"),
            ("t.filter(vector([1, 2]) > 1)", "E020", "a mask of 2 for 4 rows"),
            ("t.sort_by(\"tpd\")", "E022", "did you mean 'tdp'?"),
            ("t.sort_by(\"tdp\", #{ decending: true })", "E010", "did you mean 'descending'?"),
        ],
    );
}

#[test]
fn groups_are_summed_up_in_order_of_appearance() {
    check(
        T,
        &[
            (
                "t.group_by(\"method\").mean([\"tdp\"]).to_array()",
                json!([{ "method": "b", "tdp": 0.7 }, { "method": "a", "tdp": null }]),
            ),
            ("t.group_by(\"method\").mean().names", json!(["method", "rep", "tdp"])),
            ("t.group_by(\"method\").sum(\"rep\").rep", json!([3, 3])),
            ("t.group_by(\"rep\").min(\"tdp\").tdp", json!([0.5, null])),
            ("t.group_by(\"rep\").max(\"tdp\").tdp[0]", json!(0.7)),
            ("t.group_by(\"rep\").median(\"tdp\").tdp[0]", json!(0.6)),
            // R: sd(c(0.5, 0.9)), var(c(0.5, 0.9)).
            ("t.group_by(\"method\").sd(\"tdp\").tdp[0]", json!(0.282_842_712_474_619)),
            ("t.group_by(\"method\").variance(\"tdp\").tdp[0]", json!(0.08)),
            (
                "t.group_by(\"method\").count().to_array()",
                json!([{ "count": 2, "method": "b" }, { "count": 2, "method": "a" }]),
            ),
            ("t.group_by([\"method\", \"rep\"]).count().rows", json!(4)),
            (
                "t.split_by(\"method\").map(|part| part.rep)",
                json!([{ "names": null, "data": [1, 2] }, { "names": null, "data": [1, 2] }]),
            ),
            ("t.split_by(\"method\").map(|part| part.names.len())", json!([3, 3])),
            ("`${t.group_by(\"rep\")}`", json!("2 groups of 4 rows by rep")),
        ],
    );
    check_errors(
        T,
        &[
            ("t.group_by(\"metod\")", "E022", "did you mean 'method'?"),
            ("t.group_by(\"rep\").mean(\"method\")", "E030", "column 'method' is not numeric"),
            ("t.group_by(\"rep\").mean(\"tpd\")", "E022", "did you mean 'tdp'?"),
        ],
    );
}

#[test]
fn joins_pair_the_rows_that_agree() {
    let setup = format!("{T} let sizes = table([#{{ method: \"a\", tdp: 3 }}, #{{ method: \"c\", tdp: 4 }}]);");
    check(
        &setup,
        &[
            ("t.join(sizes, \"method\").names", json!(["method", "rep", "tdp", "tdp_2"])),
            ("t.join(sizes, \"method\").tdp_2", json!([3, 3])),
            ("t.join(sizes, [\"method\"]).rep", json!([1, 2])),
            ("t.join(t, [\"method\", \"rep\"]).shape", json!([4, 4])),
            // Every pair: 2 rows of each method twice.
            ("t.join(t, \"method\").rows", json!(8)),
            ("t.join(sizes.filter(|row| false), \"method\").shape", json!([0, 4])),
        ],
    );
    check_errors(
        &setup,
        &[
            ("t.join(sizes, \"rep\")", "E022", "no column is called 'rep'"),
            ("t.join(sizes, [])", "E011", "needs a column that both tables have"),
            ("t.join(sizes, 0)", "E011", "must be a list of strings, not 0 (int)"),
        ],
    );
}

#[test]
fn rows_at_random_are_a_partition_and_repeat_with_the_seed() {
    check(
        "let t = table(#{ id: 0..10, x: (0..10).map(|i| `r${i}`) });",
        &[
            ("let p = t.train_test(0.8); [p.train.rows, p.test.rows]", json!([8, 2])),
            ("let p = t.train_test(0.7); (p.train.id.to_array() + p.test.id.to_array()).sum()", json!(45)),
            (
                "let p = t.train_test(0.5); let rows = p.train.id.to_array() + p.test.id.to_array(); rows.unique().len()",
                json!(10),
            ),
            (
                "(t.train_test(0.5, #{ seed: 3 }).train.id == t.train_test(0.5, #{ seed: 3 }).train.id).all()",
                json!(true),
            ),
            ("let p = t.train_test(0.5, #{ seed: 3 }); (p.train.id == p.train.id.sort()).all()", json!(true)),
            (
                "let p = t.train_test(0.5); (t.train_test(0.5, #{ seed: p.seed }).train.id == p.train.id).all()",
                json!(true),
            ),
            (
                "let f = |t| t.id.mean(); let b = bootstrap(f, t, #{ resamples: 5 }); \
                 (bootstrap(f, t, #{ resamples: 5, seed: b.seed }).values == b.values).all()",
                json!(true),
            ),
            ("t.sample_rows(10).id.sum()", json!(45)),
            ("t.sample_rows(4).id.to_array().unique().len()", json!(4)),
            ("t.sample_rows(50, #{ replace: true }).rows", json!(50)),
            (
                "let m = t.select(\"id\").matrix(); let p = m.train_test(0.3, #{ seed: 1 }); p.train.sum() + p.test.sum()",
                json!(45),
            ),
            ("set_seed(4); let a = t.sample_rows(5).id; set_seed(4); (a == t.sample_rows(5).id).all()", json!(true)),
            ("set_seed(4); let a = t.sample_rows(9).id; (a == t.sample_rows(9).id).all()", json!(false)),
        ],
    );
    check_errors(
        "let t = table(#{ id: 0..10 });",
        &[
            ("t.train_test(1.5)", "E011", "between 0 and 1, not 1.5 (float)"),
            ("t.train_test(0.01)", "E011", "leaves one part empty"),
            ("t.train_test(0.5, #{ sed: 1 })", "E010", "did you mean 'seed'?"),
            ("t.sample_rows(11)", "E011", "replace: true"),
            ("t.sample_rows(-1)", "E011", "-1 rows cannot be drawn"),
            ("zeros(0, 2).sample_rows(1, #{ replace: true })", "E011", "there are no rows"),
        ],
    );
}

#[test]
fn missing_cells_are_dropped_by_row_or_column() {
    check(
        &format!("{T} let u = table(#{{ a: [1, nan()], b: [\"\", \"x\"], c: [3, 4] }});"),
        &[
            ("t.drop_missing().rows", json!(3)),
            ("t.drop_missing(#{ axis: \"columns\" }).names", json!(["method", "rep"])),
            ("u.drop_missing(#{ axis: \"columns\" }).names", json!(["c"])),
            ("t.drop(\"method\").impute(\"mean\")[[.., \"tdp\"]]", json!([0.5, 0.7, 0.9, 0.7])),
        ],
    );
    check_errors(
        "let u = table(#{ a: [1, nan()], b: [\"\", \"x\"], c: [3, 4] });",
        &[
            ("u.drop_missing()", "E030", "every row has a missing value"),
            ("u.drop_missing(#{ axis: 2 })", "E010", "0 (rows) or 1 (columns)"),
        ],
    );
}

#[test]
fn tables_come_back_from_files_as_they_were() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let table = "let t = table(#{ name: [\"a,b\", \"say \\\"x\\\"\", \"two\\nlines\", \"\"], \
                 number: [0.1 + 0.2, 1e-300, -0.0, nan()], whole: [1, 2, 3, 4] });";
    for (file, read) in [("t.csv", "read_csv"), ("t.tsv", "read_tsv"), ("t.csv", "read"), ("t.tsv", "read")] {
        let script = format!(
            "{table} t.save(\"{0}\"); let u = {read}(\"{0}\"); \
             [t.to_json() == u.to_json(), u[\"name\"][2].contains(\"\\n\"), u.number.is_nan().count()]",
            path(file)
        );
        assert_eq!(data(&script), json!([true, true, 1]), "{file} {read}");
    }
    // A row whose only cell is missing is still a row.
    let script = format!(
        "table(#{{ a: [1, nan(), 3] }}).save(\"{0}\"); read_csv(\"{0}\").a.is_nan().to_array()",
        path("one.csv")
    );
    assert_eq!(data(&script), json!([false, true, false]));
    let script = format!(
        "let m = matrix([[1, 2], [3, 4]]).set_names([\"u\", \"v\"]).set_row_names([\"r\", \"s\"]); m.save(\"{0}\"); \
         let t = read_csv(\"{0}\", #{{ index: \"index\" }}); [t.row_names, t.names, t.matrix()[[\"s\", \"u\"]]]",
        path("index.csv")
    );
    assert_eq!(data(&script), json!([["r", "s"], ["u", "v"], 3.0]));
}

#[test]
fn options_of_reading_are_obeyed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cells.txt").display().to_string();
    std::fs::write(&path, "1;x\n;y\n3;NA\n").expect("written");
    check(
        &format!("let t = read_csv(\"{path}\", #{{ header: false, delimiter: \";\" }});"),
        &[("t.names", json!(["c0", "c1"])), ("t.c0", json!([1, null, 3])), ("t.c1", json!(["x", "y", "NA"]))],
    );
    for (options, code, part) in [
        ("#{ delimiter: \"||\" }", "E010", "must be one character"),
        ("#{ headers: false }", "E010", "did you mean 'header'?"),
        ("#{ delimiter: \";\", index: \"z\" }", "E022", "no column is called 'z'"),
    ] {
        let script = format!("read_csv(\"{path}\", {options})");
        check_errors("", &[(script.as_str(), code, part)]);
    }
}

#[test]
fn a_call_on_a_column_does_not_tear_the_rows_apart() {
    let mut session = sinew::script::Session::sandboxed();
    let script = "let t = table(#{ m: [\"z\", \"a\"], b: [3, 4] }); t[\"m\"].len(); t[\"b\"].mean(); t[\"m\"].sort();";
    let error = session.eval(script).expect_err("a list that is a copy");
    assert!(error.error.message().contains("is a copy"), "{error}");
    let same = "t[\"m\"] == [\"z\", \"a\"] && t.names == [\"b\", \"m\"] && t[\"b\"][0] == 3.0";
    assert!(session.eval_as::<bool>(same).expect("a comparison"));
    assert!(
        session.eval_as::<bool>("t[\"c\"] = [1, 2]; t[\"b\"] = [5, 6]; t.c.sum() + t.b.sum() == 14.0").expect("set")
    );
}
