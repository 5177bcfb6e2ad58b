//! What stands at a place of a script, explained: for Shift-Tab in notebooks.

use rhai::{Array, Dynamic, Map};

use super::convert::type_name;
use super::help::help;
use super::scan::{Kind, Scan, word_before, word_start};
use super::session::Session;
use super::stdlib::std_module_as;
use super::variables::{shown, summary};

/// Letters of a value at most.
const VALUE: usize = 4000;

impl Session {
    /// Explains what stands at byte `cursor` of `text`: a variable, a function of the session, a name of the vocabulary.
    /// Where there is no such name, the function whose call is open there.
    pub fn inspect(&self, text: &str, cursor: usize) -> Option<String> {
        let mut cursor = cursor.min(text.len());
        while !text.is_char_boundary(cursor) {
            cursor -= 1;
        }
        let start = word_start(&text[..cursor]);
        let rest = text[cursor..].trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        let word = &text[start..text.len() - rest.len()];
        let open = Scan::of(&text[..cursor]).open;
        let is_key = open.last().is_some_and(|open| open.kind == Kind::Map) && is_before_colon(rest);
        let own = match is_key {
            true => None,
            false if rest.trim_start().starts_with("::") => {
                std_module_as(text, word).and_then(|module| help(module.path).ok())
            }
            false => self.explain_at(text, start, word),
        };
        own.or_else(|| {
            let calls = open.iter().rev().filter(|open| open.kind == Kind::Round);
            calls.map(|open| text[..open.at].trim_end()).find_map(|before| {
                let name = word_before(before);
                self.explain_at(text, before.len() - name.len(), name)
            })
        })
    }

    /// Explains the name that starts at byte `start` of `text`: a member, one of a module, or one that stands alone.
    fn explain_at(&self, text: &str, start: usize, name: &str) -> Option<String> {
        let before = text[..start].trim_end();
        match before.strip_suffix("::") {
            Some(before) => {
                let module = std_module_as(text, word_before(before))?;
                help(&format!("{}::{name}", module.name)).ok()
            }
            None => self.explain(name, before.ends_with('.')),
        }
    }

    fn explain(&self, name: &str, is_member: bool) -> Option<String> {
        if name.is_empty() {
            return None;
        }
        let variable = if is_member { None } else { self.scope().get(name) };
        let own = variable.map(|value| about_value(name, value)).or_else(|| self.about_function(name));
        own.or_else(|| help(name).ok())
    }

    /// The signatures of the functions of a name that scripts have defined, with the comments before them.
    fn about_function(&self, name: &str) -> Option<String> {
        let forms: Vec<String> = self
            .functions()
            .iter_functions()
            .filter(|function| function.name == name)
            .map(|function| {
                let comments: String =
                    function.comments.iter().map(|text| format!("\n{}", plain_comment(text))).collect();
                format!("{name}({}){comments}", function.params.join(", "))
            })
            .collect();
        (!forms.is_empty()).then(|| forms.join("\n\n"))
    }
}

fn is_before_colon(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.starts_with(':') && !rest.starts_with("::")
}

fn about_value(name: &str, value: &Dynamic) -> String {
    // Lists and maps may hold a lot: they are not written out to be cut.
    let text = match value.is::<Array>() || value.is::<Map>() {
        true => summary(value),
        false => shown(value).chars().take(VALUE).collect(),
    };
    format!("{name}: {}\n\n{text}", type_name(value))
}

/// A comment before a function without what makes it one.
fn plain_comment(text: &str) -> String {
    let lines = text.trim_start_matches("/**").trim_end_matches("*/").lines();
    let plain: Vec<&str> = lines.map(|line| line.trim().trim_start_matches("///").trim()).collect();
    plain.join("\n").trim().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(session: &Session, text: &str) -> String {
        let cursor = text.find('|').expect("a cursor");
        session.inspect(&text.replace('|', ""), cursor).unwrap_or_default()
    }

    #[test]
    fn words_and_open_calls_are_explained() {
        let mut session = Session::sandboxed();
        session.eval("let lambda = 0.5;\n/// Twice as much.\nfn twice(a) { 2 * a }").unwrap();
        assert!(at(&session, "x.graphical_|lasso(1)").starts_with("x.graphical_lasso("));
        assert!(at(&session, "x.graphical_lasso(#{ lam|bda: 1 })").starts_with("x.graphical_lasso("));
        assert!(at(&session, "x.graphical_lasso(#{ lambda: lamb|da })").starts_with("lambda: float"));
        assert!(at(&session, "fit.lam|bda").contains("fit.lambda"));
        assert!(at(&session, "twi|ce(2)").starts_with("twice(a)\nTwice as much."));
        assert!(at(&session, "stability::edge_freq|uency(m, x)").starts_with("stability::edge_frequency("));
        let imported = "import \"std/stability\" as s;\n";
        assert!(at(&session, &format!("{imported}s::stable_graph(m, |)")).starts_with("stability::stable_graph("));
        assert!(at(&session, &format!("{imported}|s::stable_graph(m)")).starts_with("import \"std/stability\""));
        assert_eq!(at(&session, "own::edge_freq|uency"), "");
        assert_eq!(at(&session, "|"), "");
        assert_eq!(at(&session, "nonsense|"), "");
    }

    #[test]
    fn any_cursor_is_answered() {
        let session = Session::sandboxed();
        for text in ["é.f(", "(((", "#{ é: ", "", "x.é(\"é"] {
            for cursor in 0..=text.len() + 1 {
                let _ = session.inspect(text, cursor);
            }
        }
    }
}
