//! Indexing in scripts against ndarray: every form of index, to read and to write, inside and outside.

mod forms;

use forms::{Index, Meaning, index, name, position};
use ndarray::{Array2, Axis, Slice};
use proptest::prelude::*;
use sinew::data::Names;
use sinew::script::Session;
use sinew::{ErrorKind, Matrix, Value, Vector};

fn size() -> impl Strategy<Value = (usize, usize)> {
    (0usize..7, 0usize..7)
}

fn labels(letter: char, count: usize) -> Option<Names> {
    Some(Names::new((0..count).map(|i| format!("{letter}{i}")).collect(), "names").expect("distinct names"))
}

/// Distinct numbers, with row and column names.
fn matrix((rows, cols): (usize, usize)) -> Matrix {
    let values = Matrix::from_fn(rows, cols, |i, j| (10 * i + j) as f64 + 0.5);
    values
        .with_names(labels('c', cols))
        .and_then(|m| m.with_row_names(labels('r', rows)))
        .expect("as many names as columns and rows")
}

fn session(m: &Matrix) -> Session {
    let mut session = Session::trusted();
    session.set("m", m.clone());
    session
}

fn run(session: &mut Session, script: &str) -> Result<Value, TestCaseError> {
    session.eval(script).map_err(|error| TestCaseError::fail(format!("{script}\n{error}")))
}

/// What a script gives as a block, if it is of the type that an index of this form gives.
fn block(value: &Value, keeps: (bool, bool)) -> Option<Array2<f64>> {
    let vector =
        |rows: usize, cols: usize, v: &Vector| Array2::from_shape_vec((rows, cols), v.as_slice().to_vec()).ok();
    match (keeps, value) {
        ((false, false), Value::Float(number)) => Some(Array2::from_elem((1, 1), *number)),
        ((true, false), value) => value.object::<Vector>().and_then(|v| vector(v.len(), 1, v)),
        ((false, true), value) => value.object::<Vector>().and_then(|v| vector(1, v.len(), v)),
        ((true, true), value) => value.object::<Matrix>().map(|m| m.view().to_owned()),
        _ => None,
    }
}

fn list(names: Option<&Names>) -> Option<Vec<String>> {
    names.map(|names| names.as_slice().to_vec())
}

/// Checks what `script` reads against ndarray.
fn check_read(m: &Matrix, script: &str, rows: &Index, cols: &Index) -> Result<(), TestCaseError> {
    let outcome = session(m).eval(script);
    let (rows, cols) = match (rows.meaning(m.rows()), cols.meaning(m.cols())) {
        (Ok(rows), Ok(cols)) => (rows, cols),
        (Err(kind), _) | (_, Err(kind)) => {
            let error = outcome.err().map(|error| error.error.kind());
            prop_assert_eq!(error, Some(kind), "{}", script);
            return Ok(());
        }
    };
    let value = outcome.map_err(|error| TestCaseError::fail(format!("{script}\n{error}")))?;
    let expected = cols.take(&rows.take(&m.view().to_owned(), Axis(0)), Axis(1));
    prop_assert_eq!(block(&value, (rows.keeps, cols.keeps)), Some(expected), "{}", script);
    if let Some(part) = value.object::<Matrix>() {
        for (names, expected) in [(part.row_names(), rows.names('r')), (part.names(), cols.names('c'))] {
            prop_assert!(expected.is_none() || list(names) == expected, "{}: {:?}", script, names);
        }
    }
    if let Some(part) = value.object::<Vector>() {
        let expected = if rows.keeps { rows.names('r') } else { cols.names('c') };
        prop_assert!(expected.is_none() || list(part.names()) == expected, "{}: {:?}", script, part);
    }
    Ok(())
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Write {
    Number,
    Added,
    Block,
    List,
}

/// What a write to these positions makes of the values; `None` where it is an error.
fn written(before: &Array2<f64>, rows: &Meaning, cols: &Meaning, write: Write) -> Option<Array2<f64>> {
    let (height, width) = (rows.positions.len(), cols.positions.len());
    if write == Write::List && rows.keeps && cols.keeps && height != 1 && width != 1 {
        return None;
    }
    let mut after = before.clone();
    for (a, &i) in rows.positions.iter().enumerate() {
        for (b, &j) in cols.positions.iter().enumerate() {
            after[(i, j)] = match write {
                Write::Number => 7.25,
                Write::Added => before[(i, j)] + 2.5,
                Write::Block | Write::List => (100 + a * width + b) as f64,
            };
        }
    }
    Some(after)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn blocks_are_read_as_by_ndarray(size in size(), rows in index(), cols in index()) {
        let m = matrix(size);
        let script = format!("m[[{}, {}]]", rows.text('r', size.0), cols.text('c', size.1));
        check_read(&m, &script, &rows, &cols)?;
    }

    #[test]
    fn one_index_alone_means_rows(size in size(), rows in index().prop_filter("a list", Index::stands_alone)) {
        let m = matrix(size);
        check_read(&m, &format!("m[{}]", rows.text('r', size.0)), &rows, &Index::All)?;
    }

    #[test]
    fn a_row_can_be_indexed_again(size in size(), row in prop_oneof![position(), name()], cols in index()) {
        let m = matrix(size);
        let script = format!("m[{}][{}]", row.text('r', size.0), cols.text('c', size.1));
        check_read(&m, &script, &row, &cols)?;
    }

    #[test]
    fn rows_and_columns_have_their_verbs(size in size(), index in index(), count in -8i64..9) {
        let m = matrix(size);
        let values = m.view().to_owned();
        let mut session = session(&m);
        for (verb, letter, axis, len) in [("row", 'r', Axis(0), size.0), ("col", 'c', Axis(1), size.1)] {
            let script = format!("m.{verb}({})", index.text(letter, len));
            let outcome = session.eval(&script);
            match index.meaning(len) {
                Ok(meaning) if meaning.positions.len() == 1 => {
                    let expected = values.index_axis(axis, meaning.positions[0]).to_vec();
                    let value = outcome.map_err(|error| TestCaseError::fail(format!("{script}\n{error}")))?;
                    prop_assert_eq!(value.object::<Vector>().map(Vector::as_slice), Some(expected.as_slice()));
                }
                _ => prop_assert!(outcome.is_err(), "{}", script),
            }
        }
        // As in R: a negative count leaves out so many from the other end.
        let rows = size.0 as i64;
        let first = if count < 0 { (rows + count).max(0) } else { count.min(rows) };
        for (verb, range) in [("head", 0..first), ("tail", rows - first..rows)] {
            let value = run(&mut session, &format!("m.{verb}({count})"))?;
            let expected = values.slice_axis(Axis(0), Slice::from(range.start as isize..range.end as isize)).to_owned();
            prop_assert_eq!(block(&value, (true, true)), Some(expected), "m.{}({})", verb, count);
        }
    }

    #[test]
    fn columns_are_selected_and_dropped(size in size(), cols in index()) {
        let m = matrix(size);
        let values = m.view().to_owned();
        let text = cols.text('c', size.1);
        let mut session = session(&m);
        let selected = session.eval(&format!("m.select({text})"));
        let dropped = session.eval(&format!("m.drop({text})"));
        match cols.meaning(size.1) {
            Ok(meaning) => {
                let rest: Vec<usize> = (0..size.1).filter(|j| !meaning.positions.contains(j)).collect();
                for (outcome, expected) in [(selected, &meaning.positions), (dropped, &rest)] {
                    let value = outcome.map_err(|error| TestCaseError::fail(format!("{text}\n{error}")))?;
                    prop_assert_eq!(block(&value, (true, true)), Some(values.select(Axis(1), expected)), "{}", &text);
                }
            }
            Err(kind) => {
                prop_assert_eq!(selected.err().map(|error| error.error.kind()), Some(kind), "{}", &text);
                prop_assert_eq!(dropped.err().map(|error| error.error.kind()), Some(kind), "{}", &text);
            }
        }
    }

    #[test]
    fn a_write_changes_its_entries_and_no_copy(
        size in size(),
        rows in index(),
        cols in index(),
        write in prop_oneof![Just(Write::Number), Just(Write::Added), Just(Write::Block), Just(Write::List)],
    ) {
        let m = matrix(size);
        let before = m.view().to_owned();
        let meanings = rows.meaning(size.0).ok().zip(cols.meaning(size.1).ok());
        let counts = meanings.as_ref().map_or((1, 1), |(rows, cols)| (rows.positions.len(), cols.positions.len()));
        let mut session = session(&m);
        session.set("block", Matrix::from_fn(counts.0, counts.1, |a, b| (100 + a * counts.1 + b) as f64));
        let numbers = (0..counts.0 * counts.1).map(|k| Value::Float((100 + k) as f64)).collect::<Vec<_>>();
        session.set("numbers", Value::List(numbers));
        let place = format!("m[[{}, {}]]", rows.text('r', size.0), cols.text('c', size.1));
        let change = match write {
            Write::Number => "= 7.25",
            Write::Added => "+= 2.5",
            Write::Block => "= block",
            Write::List => "= numbers",
        };
        run(&mut session, "let copy = m; let held = #{ m: m }; let listed = [m];")?;
        let outcome = session.eval(&format!("{place} {change};"));
        let expected = meanings.and_then(|(rows, cols)| written(&before, &rows, &cols, write));
        prop_assert_eq!(outcome.is_ok(), expected.is_some(), "{} {}: {:?}", &place, change, outcome.err());
        let after = run(&mut session, "m")?;
        prop_assert_eq!(block(&after, (true, true)), Some(expected.unwrap_or_else(|| before.clone())), "{} {}", &place, change);
        prop_assert_eq!(after.object::<Matrix>().and_then(Matrix::names), m.names());
        for other in ["copy", "held.m", "listed[0]"] {
            let kept = run(&mut session, other)?;
            prop_assert_eq!(kept.object::<Matrix>(), Some(&m), "{} {} changes {}", &place, change, other);
        }
    }

    #[test]
    fn a_mask_of_the_matrix_picks_entries_in_row_order(size in size(), limit in 0.0f64..70.0) {
        let m = matrix(size);
        let before = m.view().to_owned();
        let mut session = session(&m);
        session.set("limit", limit);
        let picked: Vec<f64> = before.iter().copied().filter(|&value| value > limit).collect();
        let value = run(&mut session, "m[m > limit]")?;
        prop_assert_eq!(value.object::<Vector>().map(Vector::as_slice), Some(picked.as_slice()));
        run(&mut session, "let copy = m; m[m > limit] = -1;")?;
        let after = run(&mut session, "m")?;
        let expected = before.mapv(|value| if value > limit { -1.0 } else { value });
        prop_assert_eq!(block(&after, (true, true)), Some(expected));
        let value = run(&mut session, "copy")?;
        prop_assert_eq!(value.object::<Matrix>(), Some(&m));
        run(&mut session, "copy[copy > limit] = copy[copy > limit] * 2;")?;
        let doubled = run(&mut session, "copy")?;
        let expected = before.mapv(|value| if value > limit { 2.0 * value } else { value });
        prop_assert_eq!(block(&doubled, (true, true)), Some(expected));
    }

    #[test]
    fn vectors_are_indexed_like_rows(len in 0usize..7, index in index()) {
        let v = matrix((1, len)).row(0);
        let mut session = Session::trusted();
        session.set("v", v.clone());
        let text = index.text('c', len);
        let outcome = session.eval(&format!("v[{text}]"));
        let changed = session.eval(&format!("let copy = v; v[{text}] = -1;"));
        match index.meaning(len) {
            Ok(meaning) => {
                let value = outcome.map_err(|error| TestCaseError::fail(format!("v[{text}]\n{error}")))?;
                let picked: Vec<f64> = meaning.positions.iter().map(|&i| v.as_slice()[i]).collect();
                match value {
                    Value::Float(number) => prop_assert_eq!((vec![number], false), (picked, meaning.keeps)),
                    value => {
                        prop_assert!(meaning.keeps, "{}", &text);
                        prop_assert_eq!(value.object::<Vector>().map(Vector::as_slice), Some(picked.as_slice()));
                    }
                }
                let mut expected = v.as_slice().to_vec();
                meaning.positions.iter().for_each(|&i| expected[i] = -1.0);
                prop_assert!(changed.is_ok(), "{}: {:?}", &text, changed.err());
                let after = run(&mut session, "v")?;
                prop_assert_eq!(after.object::<Vector>().map(Vector::as_slice), Some(expected.as_slice()));
            }
            Err(kind) => {
                prop_assert_eq!(outcome.err().map(|error| error.error.kind()), Some(kind), "{}", &text);
                prop_assert_eq!(changed.err().map(|error| error.error.kind()), Some(kind), "{}", &text);
            }
        }
        let copy = run(&mut session, "copy")?;
        prop_assert_eq!(copy.object::<Vector>(), Some(&v));
    }
}

/// What a script gives, as JSON without names.
fn data(script: &str) -> serde_json::Value {
    let mut session = session(&matrix((3, 3)));
    let value = session.eval(script).unwrap_or_else(|error| panic!("{script}\n{error}")).to_json();
    value.get("data").cloned().unwrap_or(value)
}

#[test]
fn the_last_position_can_be_the_end_of_a_range() {
    for (index, expected) in [
        ("m[[0, 1..=-1]]", serde_json::json!([1.5, 2.5])),
        ("m[[0, ..=-1]]", serde_json::json!([0.5, 1.5, 2.5])),
        ("m[[0, -2..=-1]]", serde_json::json!([1.5, 2.5])),
        ("m[[0, 0..-1]]", serde_json::json!([0.5, 1.5])),
        ("m[[0, ..-1]]", serde_json::json!([0.5, 1.5])),
        ("m[[0, 0..=-2]]", serde_json::json!([0.5, 1.5])),
        ("m[[0, 3..]]", serde_json::json!([])),
    ] {
        assert_eq!(data(index), expected, "{index}");
    }
    for index in ["m[[0, 4..]]", "m[[0, 0..-4]]", "m[[0, 0..=3]]", "m[[0, -4..]]"] {
        let error = session(&matrix((3, 3))).eval(index).expect_err(index);
        assert_eq!(error.error.kind(), ErrorKind::Index, "{index}");
    }
}

#[test]
fn rows_are_written_whole_and_entry_by_entry() {
    for (script, expected) in [
        ("m[1] = [1, 2, 3]; m[1]", serde_json::json!([1.0, 2.0, 3.0])),
        ("m[-1] = 0; m[2]", serde_json::json!([0.0, 0.0, 0.0])),
        ("m[0..2] = zeros(2, 3); m[[.., 0]]", serde_json::json!([0.0, 0.0, 20.5])),
        ("m[1][2] = 9; m[1]", serde_json::json!([10.5, 11.5, 9.0])),
        ("m[\"r1\"][\"c0\"] += 1; m[1]", serde_json::json!([11.5, 11.5, 12.5])),
        ("let row = m[1]; row[0] = 100; m[[1, 0]]", serde_json::json!(10.5)),
        ("let v = vector([1, 2, 3]); m[0] = v; v[0] = 7; m[0]", serde_json::json!([1.0, 2.0, 3.0])),
    ] {
        assert_eq!(data(script), expected, "{script}");
    }
}

#[test]
fn functions_and_closures_change_their_own_copy_only() {
    for script in [
        "fn change(x) { x[[0, 0]] = 100; x } let n = change(m); [m[[0, 0]], n[[0, 0]]]",
        "let change = |x| { x[[0, 0]] = 100; x }; let n = change.call(m); [m[[0, 0]], n[[0, 0]]]",
        "let all = [m].map(|x| { x[[0, 0]] = 100; x }); [m[[0, 0]], all[0][[0, 0]]]",
        "let n = m; n[[0, 0]] = 100; [m[[0, 0]], n[[0, 0]]]",
        "let map = #{ m: m }; map.m[[0, 0]] = 100; [m[[0, 0]], map.m[[0, 0]]]",
        "let list = [m, m]; list[1][[0, 0]] = 100; [list[0][[0, 0]], list[1][[0, 0]]]",
    ] {
        assert_eq!(data(script), serde_json::json!([0.5, 100.0]), "{script}");
    }
}
