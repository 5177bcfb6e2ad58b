//! What works on which type: every form of every name, ours and those of the language, and what it gives.
//!
//! The types are those of the registered functions. A usage line says what a form gives where the function itself gives
//! one of several types.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::OnceLock;

use rhai::{Array, Dynamic, Engine, FnPtr, ImmutableString, Map};
use serde_json::Value as Json;

use super::convert::for_engine_types;
use super::functions::Timer;
use super::records::{Estimator, arity};
use super::usage::{Form, Usage, receiver_type, usages};
use super::vocabulary::{Signature, Vocabulary, vocabulary};
use crate::data::{Groups, Mask, Matrix, SparseMatrix, Table, Vector};
use crate::error::Error;
use crate::graph::Graph;
use crate::model::{Fit, JointFit, NetworkComparison, Path, Record, Simulation, Trained};
use crate::notebook::Report;
#[cfg(feature = "plot")]
use crate::plot::Figure;
use crate::registry::records;

/// Functions that take anything and look at it themselves, with the types that they take; none means every type.
const LOOKING: &[(&str, &[&str])] = &[
    ("assert", &["bool"]),
    ("bar", &["list", "range", "Vector"]),
    ("box", &["list", "map", "range", "Matrix", "Table", "Vector"]),
    ("display", &[]),
    ("emit", &[]),
    ("histogram", &["list", "range", "Matrix", "Vector"]),
    ("line", &["list", "range", "Vector"]),
    ("linspace", &["float", "int"]),
    ("logspace", &["float", "int"]),
    ("par_for", &["list", "range", "Vector"]),
    ("par_map", &["list", "range", "Vector"]),
    ("par_reduce", &["list", "range", "Vector"]),
    ("refit", &["Matrix", "SparseMatrix", "Table"]),
    ("scatter", &["list", "range", "Vector"]),
    ("table", &["list", "map", "Matrix"]),
    ("vector", &["list", "range", "Vector"]),
];
/// Types of the engine that the first argument of a record may be.
const DATA: &[&str] =
    &["Matrix", "SparseMatrix", "Table", "Vector", "Graph", "Fit", "Path", "JointFit", "TrainedModel", "Simulation"];
/// Functions of the language for values of any type that are worth a proposal.
const FOR_ALL: &[&str] = &["to_debug", "to_string"];

/// What a form is called on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Receiver {
    /// Nothing.
    Nothing,
    /// A value of any type.
    Any,
    /// A value of the type that scripts know by this name.
    Type(&'static str),
}

/// One form of a name.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// The name.
    pub name: String,
    /// Whether it is read as a property.
    pub is_property: bool,
    /// What it is called on, be it before a point or as first argument.
    pub receiver: Receiver,
    /// How many values it is given; the receiver is one.
    pub count: usize,
    /// The type of what it gives; `None` where that is not known.
    pub gives: Option<&'static str>,
    /// Whether it is meant to stand behind a point.
    pub is_method: bool,
    /// What it does, in one line.
    pub help: String,
}

impl Member {
    fn is_on(&self, type_name: &str) -> bool {
        match self.receiver {
            Receiver::Nothing => false,
            Receiver::Any => true,
            Receiver::Type(own) => own == type_name,
        }
    }
}

/// Everything that works on values of a type, what is meant to stand behind a point first; nothing for a type that
/// nobody knows.
pub(super) fn members_of(type_name: &str) -> Vec<&'static Member> {
    let mut found: Vec<&Member> = members().iter().filter(|member| member.is_on(type_name)).collect();
    if found.iter().all(|member| member.receiver == Receiver::Any) {
        return Vec::new();
    }
    found.sort_by(|a, b| (!a.is_method, &a.name).cmp(&(!b.is_method, &b.name)));
    found
}

/// The type of what a property or a call of `count` values gives, where all forms agree on it. `first` is the type of the
/// receiver or first argument, if that is known.
pub(super) fn result(name: &str, is_property: bool, first: Option<&str>, count: usize) -> Option<&'static str> {
    let is_form =
        |member: &&Member| (member.name.as_str(), member.is_property, member.count) == (name, is_property, count);
    let fits = |member: &&Member| match (first, member.receiver) {
        (Some(first), Receiver::Type(own)) => own == first,
        _ => true,
    };
    let forms: Vec<&Member> = members().iter().filter(is_form).filter(fits).collect();
    // A form for this very type wins over one for all.
    let is_own = |member: &&&Member| first.is_none() || matches!(member.receiver, Receiver::Type(_));
    let own: Vec<&Member> = forms.iter().filter(is_own).copied().collect();
    let forms = if own.is_empty() { forms } else { own };
    let gives = forms.first()?.gives;
    gives.filter(|_| forms.iter().all(|member| member.gives == gives))
}

/// Every form; found out once.
fn members() -> &'static [Member] {
    static MEMBERS: OnceLock<Vec<Member>> = OnceLock::new();
    MEMBERS.get_or_init(|| {
        let mut members = of_vocabulary(&vocabulary());
        members.extend(records().flat_map(of_record));
        members.extend(of_language());
        members
    })
}

/// A type as scripts know it.
fn script_type(id: TypeId) -> Option<&'static str> {
    macro_rules! named {
        ($($type:ty, $name:literal;)*) => { $(
            if id == TypeId::of::<$type>() {
                return Some($name);
            }
        )* };
    }
    for_engine_types!(named);
    named! {
        (), "()"; bool, "bool"; i64, "int"; f64, "float"; char, "char"; String, "string"; ImmutableString, "string";
        Array, "list"; Map, "map"; FnPtr, "function"; std::ops::Range<i64>, "range";
        std::ops::RangeInclusive<i64>, "range"; Estimator, "Estimator"; Timer, "Timer"; Error, "Error";
    }
    None
}

fn of_vocabulary(vocabulary: &Vocabulary) -> Vec<Member> {
    let mut forms: HashMap<&str, Vec<Usage<'static>>> = HashMap::new();
    for entry in &vocabulary.entries {
        forms.entry(entry.name).or_default().extend(usages(entry));
    }
    let mut members = Vec::new();
    for signature in &vocabulary.signatures {
        let usages = forms.get(signature.name).map_or(&[] as &[Usage<'_>], Vec::as_slice);
        let entries = || vocabulary.entries.iter().filter(|entry| entry.name == signature.name);
        let entry = entries().find(|entry| entry.is_property == signature.is_property).or_else(|| entries().next());
        for receiver in receivers(signature) {
            members.push(Member {
                name: signature.name.into(),
                is_property: signature.is_property,
                receiver,
                count: signature.count,
                gives: gives(signature, receiver, usages),
                is_method: usages.iter().any(|usage| usage.receiver.is_some()),
                help: entry.map_or_else(String::new, |entry| entry.summary.into()),
            });
        }
    }
    members
}

/// What a registered function is called on.
fn receivers(signature: &Signature) -> Vec<Receiver> {
    let looks = || LOOKING.iter().find(|(name, _)| *name == signature.name).map_or(&[] as &[&str], |(_, types)| *types);
    match signature.first {
        None => vec![Receiver::Nothing],
        Some(first) if first != TypeId::of::<Dynamic>() => script_type(first).map(Receiver::Type).into_iter().collect(),
        Some(_) if looks().is_empty() => vec![Receiver::Any],
        Some(_) => looks().iter().map(|&type_name| Receiver::Type(type_name)).collect(),
    }
}

/// The type of what a function gives; what its usage lines say where that is one of several.
fn gives(signature: &Signature, receiver: Receiver, usages: &[Usage<'static>]) -> Option<&'static str> {
    if signature.gives != TypeId::of::<Dynamic>() {
        return script_type(signature.gives);
    }
    let is_about = |usage: &&Usage<'_>| {
        // A form for a list of data stands beside that for data.
        if matches!(&usage.form, Form::Call(arguments) if arguments.iter().any(|argument| argument.starts_with('['))) {
            return false;
        }
        let count = match &usage.form {
            Form::Call(arguments) => arguments.len() + usize::from(usage.receiver.is_some()),
            Form::Read | Form::Write => 1,
        };
        let stated = usage.receiver.and_then(receiver_type);
        (usage.form == Form::Read) == signature.is_property
            && usage.form != Form::Write
            && count == signature.count
            && stated.is_none_or(|stated| receiver == Receiver::Type(stated))
    };
    let mut stated = usages.iter().filter(is_about).map(|usage| usage.gives.and_then(stated_type));
    let first = stated.next()??;
    stated.all(|other| other == Some(first)).then_some(first)
}

/// The type that stands behind the arrow of a usage line.
fn stated_type(gives: &'static str) -> Option<&'static str> {
    const PLAIN: &[&str] = &["bool", "int", "float", "string", "list", "map", "Mask", "Groups", "Figure"];
    match gives.chars().next() {
        Some('[') => Some("list"),
        Some('#') => Some("map"),
        _ => (PLAIN.contains(&gives) || DATA.contains(&gives)).then_some(gives),
    }
}

/// The forms of a record's verb and constructor, and the properties that it adds.
fn of_record(record: &'static Record) -> Vec<Member> {
    let member = |name: &str, receiver: Receiver, count: usize, gives: Option<&'static str>| Member {
        name: name.into(),
        is_property: false,
        receiver,
        count,
        gives,
        is_method: record.is_method(),
        help: record.summary.into(),
    };
    let count = arity(record);
    let mut members = Vec::new();
    for receiver in first_arguments(record) {
        // The options may stand behind the arguments; where there are no arguments, they are the first.
        let with_options = if count == 0 { Receiver::Type("map") } else { receiver };
        members.push(member(record.verb, receiver, count, record.gives()));
        members.push(member(record.verb, with_options, count + 1, record.gives()));
    }
    if let Some(name) = record.constructor {
        members.extend([0, 1].map(|count| member(name, Receiver::Nothing, count, Some("Estimator"))));
    }
    let added = |property: &crate::model::Property, type_name: &'static str| Member {
        is_property: true,
        is_method: true,
        help: property.help.into(),
        ..member(property.name, Receiver::Type(type_name), 1, None)
    };
    for (_, type_name) in record.adds_to() {
        members.extend(record.adds.iter().map(|property| added(property, type_name)));
    }
    members
}

/// What the first argument of a record may be: methods take data, the help of others says it.
fn first_arguments(record: &Record) -> Vec<Receiver> {
    if record.is_method() {
        let several = record.takes_several().then_some("list");
        return ["Matrix", "SparseMatrix", "Table"].into_iter().chain(several).map(Receiver::Type).collect();
    }
    let Some(parameter) = record.params.first() else { return vec![Receiver::Nothing] };
    let words: Vec<&str> = parameter.help.split(|c: char| !c.is_alphanumeric()).collect();
    let is_named = |name: &&&str| words.iter().any(|word| word.eq_ignore_ascii_case(name));
    let mut types: Vec<Receiver> = DATA.iter().filter(is_named).map(|&name| Receiver::Type(name)).collect();
    if parameter.help.contains('"') {
        types.push(Receiver::Type("string"));
    }
    if words.first() == Some(&"number") {
        types.push(Receiver::Type("int"));
    }
    if types.is_empty() { vec![Receiver::Any] } else { types }
}

/// The functions and properties of the language itself. Rhai describes them as JSON, and in no other way.
fn of_language() -> Vec<Member> {
    let json = Engine::new().gen_fn_metadata_to_json(true).unwrap_or_default();
    let json: Json = serde_json::from_str(&json).unwrap_or_default();
    json["functions"].as_array().into_iter().flatten().filter_map(of_language_function).collect()
}

fn of_language_function(function: &Json) -> Option<Member> {
    let full = function["name"].as_str()?;
    let (name, is_property) = full.strip_prefix("get$").map_or((full, false), |name| (name, true));
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    let count = usize::try_from(function["numParams"].as_u64()?).ok()?;
    let receiver = match function["params"][0]["type"].as_str() {
        _ if count == 0 => Receiver::Nothing,
        Some(first) if first.ends_with("Dynamic") => FOR_ALL.contains(&name).then_some(Receiver::Any)?,
        first => Receiver::Type(language_type(first?)?),
    };
    let comment = function["docComments"][0].as_str().unwrap_or_default();
    Some(Member {
        name: name.into(),
        is_property,
        receiver,
        count,
        gives: language_type(function["returnType"].as_str().unwrap_or_default()),
        is_method: receiver != Receiver::Any,
        help: comment.lines().next().unwrap_or_default().trim_start_matches('/').trim().into(),
    })
}

/// A type as scripts know it, from Rhai's name of a parameter or result.
fn language_type(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix("Result<").and_then(|name| name.strip_suffix(", Box<EvalAltResult>>")).unwrap_or(name);
    Some(match name.trim_start_matches('&').trim_start_matches("mut ") {
        "" | "()" => "()",
        "bool" => "bool",
        "i64" => "int",
        "f64" => "float",
        "char" => "char",
        "str" | "String" | "ImmutableString" => "string",
        "Array" => "list",
        "Map" => "map",
        "FnPtr" => "function",
        "Range<i64>" | "RangeInclusive<i64>" => "range",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::session::Session;
    use super::*;

    fn has(type_name: &str, name: &str, is_property: bool) -> bool {
        members_of(type_name).iter().any(|member| (member.name.as_str(), member.is_property) == (name, is_property))
    }

    #[test]
    fn everything_that_usage_lines_promise_is_there() {
        for entry in &vocabulary().entries {
            for usage in usages(entry).into_iter().filter(|usage| usage.form != Form::Write) {
                let Some(receiver) = usage.receiver else { continue };
                let is_property = usage.form == Form::Read;
                let types = receiver_type(receiver).map_or_else(|| DATA.to_vec(), |type_name| vec![type_name]);
                assert!(types.iter().any(|of| has(of, entry.name, is_property)), "{receiver}.{}", entry.name);
            }
        }
    }

    #[test]
    fn whatever_runs_without_arguments_is_there() {
        let mut session = Session::sandboxed();
        let script = "let m = matrix([[1, 2.5], [2, 1], [3, 7], [5, 4]]); let v = vector([1, 2.5]); let mask = v > 1; let counts = m.sparse(); \
                      let t = table(#{ a: [1, 2], b: [\"u\", \"v\"] }); let groups = t.group_by(\"b\"); \
                      let g = random_graph(\"hub\", #{ nodes: 9, hubs: 2, seed: 1 }); let list = [1.0, 2.5]; \
                      let data = example(\"sachs\").head(60).log1p().standardize(); let range = 0..3; \
                      let fit = data.graphical_lasso(#{ lambda: 0.4 }); let model = GraphicalLasso(#{ lambda: 0.5 }); \
                      let path = data.graphical_lasso_path(#{ n_lambdas: 3 }); let clock = timer(); \
                      let grn = random_grn(#{ genes: 20, regulators: 3, seed: 1 }); \
                      let sim = sergio(grn, #{ cell_types: 2, cells: 10, seed: 2 });";
        session.eval(script).unwrap();
        #[cfg(feature = "plot")]
        session.eval("let figure = line([1, 2], [3, 4]);").unwrap();
        for variable in session.variables() {
            // The language ends a script with any value, behind a point too.
            for entry in vocabulary().entries.iter().filter(|entry| entry.name != "exit") {
                let brackets = if entry.is_property { "" } else { "()" };
                let script = format!("{}.{}{brackets};", variable.name, entry.name);
                let is_there = has(&variable.type_name, entry.name, entry.is_property);
                assert!(is_there || session.eval(&script).is_err(), "{script} works on a {}", variable.type_name);
            }
        }
    }

    #[test]
    fn functions_that_take_anything_say_what_that_is() {
        let vocabulary = vocabulary();
        let looking = vocabulary.signatures.iter().filter(|it| it.first == Some(TypeId::of::<Dynamic>()));
        for signature in looking {
            assert!(LOOKING.iter().any(|(name, _)| *name == signature.name), "LOOKING lacks {}", signature.name);
        }
        for record in records() {
            assert!(!first_arguments(record).contains(&Receiver::Any), "the help of {} names no type", record.verb);
        }
    }

    #[test]
    fn the_language_is_known_too() {
        assert!(has("string", "to_upper", false) && has("list", "push", false) && has("map", "keys", false));
        assert!(!has("string", "push", false) && !has("Matrix", "to_upper", false));
        assert_eq!(result("split", false, Some("string"), 2), Some("list"));
        assert_eq!(result("len", false, Some("list"), 1), Some("int"));
        assert!(members_of("list").iter().any(|member| member.name == "push" && !member.help.is_empty()));
        assert!(members_of("nothing of the kind").is_empty());
    }
}
