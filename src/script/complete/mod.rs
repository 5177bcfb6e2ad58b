//! Completion: what can stand at a place of a script. For the program's prompt and for notebooks; it knows neither.

mod code;
mod quotes;
mod receiver;

use std::collections::HashSet;

use super::scan::{Kind, Scan};
use super::session::Session;

/// What a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidateKind {
    /// A variable of the session.
    Variable,
    /// A function: of the session, or a verb.
    Function,
    /// A constructor of a method.
    Constructor,
    /// A property, or the entry of a map.
    Property,
    /// A word of the language.
    Keyword,
    /// The key of an options map.
    Option,
    /// A word that an option or argument takes.
    Choice,
    /// The name of a column, row or node.
    Name,
    /// A data set that comes with sinew.
    DataSet,
    /// A name that has help.
    Topic,
    /// A file or folder.
    File,
}

/// Something that can stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What replaces the text from [`Completion::start`] to the cursor.
    pub text: String,
    /// What it is.
    pub kind: CandidateKind,
    /// The type of a variable, the summary of a verb, the help of an option; may be empty.
    pub detail: String,
}

/// What can stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The byte where the replaced text starts.
    pub start: usize,
    /// The candidates, the likely ones first.
    pub candidates: Vec<Candidate>,
}

impl Session {
    /// What can stand at byte `cursor` of `text`: names, verbs and properties behind a point, option keys and their
    /// words, names of columns, rows and nodes, data sets, help topics (also behind `?`), files.
    pub fn complete(&self, text: &str, cursor: usize) -> Completion {
        let mut cursor = cursor.min(text.len());
        while !text.is_char_boundary(cursor) {
            cursor -= 1;
        }
        let text = &text[..cursor];
        let (start, candidates) = match text.trim_start().strip_prefix('?') {
            Some(topic) => (text.len() - topic.trim_start_matches('?').trim_start().len(), topics()),
            None => candidates(self, text),
        };
        fitting(start, &text[start..], candidates)
    }

    /// The files and folders that `typed`, the beginning of a path, can become.
    pub fn complete_path(&self, typed: &str) -> Completion {
        let (start, candidates) = quotes::files(self, typed);
        fitting(start, &typed[start..], candidates)
    }
}

fn candidates(session: &Session, text: &str) -> (usize, Vec<Candidate>) {
    let scan = Scan::of(text);
    match scan.open.split_last() {
        Some((quoted, around)) if quoted.kind == Kind::Quoted => {
            quotes::in_quotes(session, text, quoted.at + 1, around)
        }
        Some((top, _)) if !top.kind.is_code() => (text.len(), Vec::new()),
        _ => code::in_code(session, text, &scan.open),
    }
}

/// The candidates that go on from `typed`, each once.
fn fitting(start: usize, typed: &str, mut candidates: Vec<Candidate>) -> Completion {
    let mut seen = HashSet::new();
    candidates.retain(|candidate| candidate.text.starts_with(typed) && seen.insert(candidate.text.clone()));
    Completion { start, candidates }
}

fn candidate(text: impl Into<String>, kind: CandidateKind, detail: impl Into<String>) -> Candidate {
    Candidate { text: text.into(), kind, detail: detail.into() }
}

fn topics() -> Vec<Candidate> {
    super::help::names().into_iter().map(|name| candidate(name, CandidateKind::Topic, "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::SessionOptions;

    fn session() -> Session {
        let mut session = Session::new(SessionOptions::trusted());
        let script = "let x = matrix([[1, 2], [3, 4]]).set_names([\"praf\", \"pmek\"]); \
                      let t = example(\"sachs_edges\"); let scores = #{ aupr: 0.5, auroc: 0.9 }; \
                      let total = 1; fn twice(a) { 2 * a }";
        session.eval(script).expect("the variables");
        session
    }

    /// The candidates at the end of a text.
    fn at_end(text: &str) -> Vec<String> {
        let completion = session().complete(text, text.len());
        completion.candidates.into_iter().map(|candidate| candidate.text).collect()
    }

    #[test]
    fn names_of_the_session_come_before_the_vocabulary() {
        assert_eq!(at_end("let y = to")[0], "total");
        assert_eq!(at_end("print(twi"), ["twice"]);
        assert!(at_end("Graphical").contains(&"GraphicalLasso".to_string()));
        assert_eq!(at_end("whi"), ["while"]);
        let completion = session().complete("1 + sco.x", 7);
        assert_eq!((completion.start, completion.candidates[0].detail.as_str()), (4, "map"));
        assert_eq!(completion.candidates[0].kind, CandidateKind::Variable);
    }

    #[test]
    fn behind_a_point_stands_what_works_on_the_type() {
        assert_eq!(at_end("scores.")[..2], ["aupr", "auroc"]);
        let has = |text: &str, names: &[&str], others: &[&str]| {
            let members = at_end(text);
            let is_there = |name: &&&str| members.iter().any(|member| member == **name);
            assert_eq!(names.iter().find(|name| !is_there(name)), None, "{text}");
            assert_eq!(others.iter().find(is_there), None, "{text}");
        };
        has("\"abc\".", &["to_upper", "split", "len", "read_csv"], &["cols", "push", "ebic", "cor"]);
        has("[1, 2].", &["push", "filter", "mean", "unique", "vector", "len"], &["cols", "to_upper", "ebic"]);
        has("#{ a: 1 }.", &["keys", "values", "table", "len"], &["cols", "push", "ebic"]);
        has("x.", &["cols", "cor", "t", "graphical_lasso", "diag"], &["to_upper", "hubs"]);
        has("x.cor().", &["eigh", "head", "graphical_lasso"], &["ebic", "hubs", "sort_by"]);
        has("t.", &["sort_by", "join", "matrix", "graphical_lasso"], &["inv", "ebic"]);
        has("nobody.", &["cols", "ebic", "hubs", "sort_by"], &["push"]);
        assert!(at_end("x\n  .head(3).standard").contains(&"standardize".to_string()));
        assert!(at_end("x.graphical_l").contains(&"graphical_lasso".to_string()));
        let members = at_end("x.");
        let place = |name: &str| members.iter().position(|member| member == name).expect("a member");
        assert!(place("tail") < place("auroc"), "metrics are written as functions, not behind a point");
        assert!(!at_end("0..tot").is_empty() && at_end("1.5").is_empty());
    }

    #[test]
    fn option_keys_and_their_words_are_known() {
        let keys = at_end("x.graphical_lasso(#{ lambda: 0.1, ");
        assert!(keys.contains(&"weights".to_string()) && !keys.contains(&"lambda".to_string()), "{keys:?}");
        assert_eq!(at_end("GraphicalLasso(#{ lamb"), ["lambda"]);
        assert!(at_end("x.graphical_lasso(#{ lambda: \"eb").contains(&"ebic".to_string()));
        assert_eq!(at_end("random_graph(\"hu"), ["hub"]);
        assert!(at_end("let m = #{ ").is_empty());
        assert_eq!(at_end("technical_noise(x, #{ umi: true, dropout: #{ shape: 20, "), ["percentile"]);
        assert!(at_end("technical_noise(x, #{ umi: #{ ").is_empty());
        assert!(at_end("x.graphical_lasso(#{ lambda: tot").contains(&"total".to_string()));
    }

    #[test]
    fn names_of_columns_stand_in_quotes() {
        assert_eq!(at_end("x[[0, \"p"), ["praf", "pmek"]);
        assert_eq!(at_end("x[[0..2, [\"praf\", \"pm"), ["pmek"]);
        assert_eq!(at_end("x.head(1).select([\""), ["praf", "pmek"]);
        assert_eq!(at_end("x.drop(\"pr"), ["praf"]);
        assert_eq!(at_end("t[\"Ca"), ["Cause"]);
        assert!(at_end("x[[\"p").is_empty(), "the rows have no names");
        assert!(at_end("print(\"p").is_empty() && at_end("// x.").is_empty() && at_end("`x.").is_empty());
    }

    #[test]
    fn data_sets_topics_and_files_are_known() {
        assert_eq!(at_end("example(\"sachs_"), ["sachs_edges"]);
        assert_eq!(at_end("help(\"graphical_lasso_p"), ["graphical_lasso_path"]);
        assert_eq!(at_end("?graphical_lasso_p"), ["graphical_lasso_path"]);
        assert_eq!(at_end("import \"std/sta"), ["std/stability"]);
        assert_eq!(at_end("import \"std/stability\" as s;\ns::stable"), ["stable_graph"]);
        assert_eq!(at_end("print(consensus::vo"), ["vote"]);
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("data")).expect("a folder");
        std::fs::write(folder.path().join("data.csv"), "").expect("a file");
        let path = folder.path().display();
        assert_eq!(at_end(&format!("read_csv(\"{path}/da")), ["data.csv", "data/"]);
        let text = format!("read_csv(\"{path}/da");
        assert!(Session::sandboxed().complete(&text, text.len()).candidates.is_empty(), "a sandbox sees no files");
        assert_eq!(session().complete_path(&format!("{path}/data.")).candidates.len(), 1);
    }

    #[test]
    fn any_cursor_in_any_text_is_answered() {
        let session = session();
        for text in ["x[[\"é", ")]}", "?", "#", "x.é", "f(#{ : \"", "[[[\"", ".", "\"", "x.select(.[\""] {
            for cursor in 0..=text.len() + 1 {
                let completion = session.complete(text, cursor);
                assert!(completion.start <= cursor, "{text} {cursor}");
            }
        }
    }
}
