//! What stands behind `--` on the command line: named, typed by the defaults, with help.

use rhai::{Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, to_dynamic, to_entries};
use super::super::state::state;
use super::super::vocabulary::Builder;
use super::system::exit;
use crate::error::{Error, Result};
use crate::model::Area;
use crate::value::{Value, describe};

/// What an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Int,
    Float,
    Text,
    Flag,
    /// A text without which the script cannot run.
    Required,
    /// Everything that is no option.
    Rest,
}

/// One entry of the script's specification.
#[derive(Debug)]
struct Argument {
    key: String,
    takes: Takes,
    default: Value,
    help: String,
}

impl Argument {
    fn new(key: &str, given: &Value) -> Result<Self> {
        let wrong = |what: String| Error::argument(format!("args_spec: '{key}' {what}"));
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if key == "help" || !key.starts_with(char::is_alphabetic) || !key.chars().all(is_word) {
            return Err(wrong("cannot be the name of an option".into())
                .with_hint("a name has letters, digits and _, and --help is taken"));
        }
        let (default, help) = match given {
            Value::Map(entries) => described(entries).map_err(|error| error.at(format!("args_spec: '{key}'")))?,
            plain => (plain.clone(), String::new()),
        };
        let takes = match &default {
            Value::Int(_) => Takes::Int,
            Value::Float(_) => Takes::Float,
            Value::Text(_) => Takes::Text,
            Value::Bool(_) => Takes::Flag,
            Value::Unit => Takes::Required,
            Value::List(list) if key == "rest" && list.is_empty() => Takes::Rest,
            other => {
                return Err(wrong(format!("cannot have {} as its default", describe(other))).with_hint(
                    "a default is a number, a string, true or false, or () for what must be given; rest: [] takes \
                     what is no option",
                ));
            }
        };
        Ok(Self { key: key.into(), takes, default, help })
    }

    /// As it is written on the command line.
    fn option(&self) -> String {
        format!("--{}", self.key.replace('_', "-"))
    }

    /// The value that `text` stands for.
    fn parse(&self, text: &str) -> Result<Value> {
        let (value, wanted) = match self.takes {
            Takes::Int => (text.parse().ok().map(Value::Int), "a whole number"),
            Takes::Float => (text.parse().ok().filter(|x: &f64| !x.is_nan()).map(Value::Float), "a number"),
            Takes::Flag => (text.parse().ok().map(Value::Bool), "true or false"),
            Takes::Text | Takes::Required | Takes::Rest => (Some(text.into()), "a text"),
        };
        value.ok_or_else(|| Error::usage(format!("{} takes {wanted}, not '{text}'", self.option())))
    }

    /// A line of the script's help.
    fn describe(&self) -> String {
        let option = self.option();
        let left = match self.takes {
            Takes::Int | Takes::Float => format!("{option} NUMBER"),
            Takes::Text | Takes::Required => format!("{option} TEXT"),
            Takes::Flag => option,
            Takes::Rest => "REST..".into(),
        };
        let default = match self.takes {
            Takes::Required => "(required)".into(),
            Takes::Rest => "[none]".into(),
            _ => format!("[{}]", self.default.brief()),
        };
        let gap = if self.help.is_empty() { "" } else { " " };
        format!("  {left:<24} {}{gap}{default}", self.help)
    }
}

/// The default and the help of `#{ value: 0.1, help: "..." }`.
fn described(entries: &[(String, Value)]) -> Result<(Value, String)> {
    let mut value = None;
    let mut help = String::new();
    for (key, entry) in entries {
        match (key.as_str(), entry) {
            ("value", entry) => value = Some(entry.clone()),
            ("help", Value::Text(text)) => help = text.clone(),
            ("help", other) => return Err(Error::argument(format!("help is a string, not {}", describe(other)))),
            (other, _) => {
                let error = Error::argument(format!("unknown entry '{other}'"));
                return Err(error.with_hint("an option with help is #{ value: default, help: \"text\" }"));
            }
        }
    }
    let missing = || Error::argument("the entry 'value' is missing").with_hint("() means that it must be given");
    Ok((value.ok_or_else(missing)?, help))
}

/// The options as the command line has them, one value a key; `None` if it asks for help.
fn read(spec: &[Argument], args: &[String]) -> Result<Option<Vec<(String, Value)>>> {
    let mut given: Vec<Option<Value>> = vec![None; spec.len()];
    let mut rest = Vec::new();
    let mut words = args.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--help" | "-h" => return Ok(None),
            "--" => rest.extend(words.by_ref()),
            _ if !is_option(word) => rest.push(word),
            _ => {
                let (name, inline) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
                let (position, is_negated) = find(spec, name)?;
                let value = match (spec[position].takes, inline) {
                    (Takes::Flag, None) => Value::Bool(!is_negated),
                    (_, Some(_)) if is_negated => return Err(Error::usage(format!("{name} takes no value"))),
                    (_, Some(text)) => spec[position].parse(text)?,
                    (_, None) => spec[position].parse(following(name, &mut words)?)?,
                };
                if given[position].replace(value).is_some() {
                    return Err(Error::usage(format!("{} is given twice", spec[position].option())));
                }
            }
        }
    }
    collect(spec, given, &rest).map(Some)
}

/// Whether a word is an option: a negative number is none.
fn is_option(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-') && word.parse::<f64>().is_err()
}

/// The value behind an option.
fn following<'a>(name: &str, words: &mut impl Iterator<Item = &'a str>) -> Result<&'a str> {
    let missing = || Error::usage(format!("{name} needs a value"));
    let word = words.next().ok_or_else(missing)?;
    if word.starts_with("--") {
        return Err(missing().with_hint(format!("if '{word}' is the value, write {name}={word}")));
    }
    Ok(word)
}

/// Which entry an option means, and whether it is its `--no-` form.
fn find(spec: &[Argument], name: &str) -> Result<(usize, bool)> {
    let wanted = name.replace('_', "-");
    let options: Vec<String> = spec.iter().filter(|entry| entry.takes != Takes::Rest).map(Argument::option).collect();
    let named = |option: &str| spec.iter().position(|entry| entry.takes != Takes::Rest && entry.option() == option);
    if let Some(position) = named(&wanted) {
        return Ok((position, false));
    }
    let positive = wanted.strip_prefix("--no-").and_then(|flag| named(&format!("--{flag}")));
    match positive {
        Some(position) if spec[position].takes == Takes::Flag => Ok((position, true)),
        _ => Err(Error::usage(format!("unknown option {name}"))
            .with_nearest(&wanted, options.iter().map(String::as_str))
            .or_hint(format!("this script takes {} --help", options.join(" ")))),
    }
}

fn collect(spec: &[Argument], given: Vec<Option<Value>>, rest: &[&str]) -> Result<Vec<(String, Value)>> {
    if let Some(first) = rest.first().filter(|_| spec.iter().all(|entry| entry.takes != Takes::Rest)) {
        return Err(Error::usage(format!("'{first}' is no option")).with_hint("--help shows what the script takes"));
    }
    let value = |entry: &Argument, given: Option<Value>| match (entry.takes, given) {
        (_, Some(value)) => Ok(value),
        (Takes::Rest, None) => Ok(Value::List(rest.iter().map(|word| Value::from(*word)).collect())),
        (Takes::Required, None) => {
            let option = entry.option();
            Err(Error::usage(format!("{option} is missing")).with_hint(format!("give it behind --: {option} TEXT")))
        }
        (_, None) => Ok(entry.default.clone()),
    };
    spec.iter().zip(given).map(|(entry, given)| Ok((entry.key.clone(), value(entry, given)?))).collect()
}

fn help(spec: &[Argument]) -> String {
    let mut lines = vec!["Options of this script, behind --".to_string()];
    lines.extend(spec.iter().map(Argument::describe));
    lines.push(format!("  {:<24} {}", "--help", "Show this"));
    lines.join("\n")
}

fn args_spec(call: &NativeCallContext<'_>, spec: &Map) -> Outcome<Dynamic> {
    let entries = to_entries(spec)?;
    let spec = entries.iter().map(|(key, given)| Argument::new(key, given)).collect::<Result<Vec<_>>>()?;
    let state = state(call);
    let args = state.as_ref().map(|state| state.args()).unwrap_or_default();
    if let Some(values) = read(&spec, &args)? {
        return Ok(to_dynamic(&Value::Map(values)));
    }
    if let Some(state) = state {
        state.print(&help(&spec));
    }
    exit(call, 0).map(|()| Dynamic::UNIT)
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::System);
    b.verb(
        "args_spec",
        "args_spec(#{ name: default, .. }) -> map\nargs_spec(#{ name: #{ value: default, help: \"text\" } }) -> map",
        "Options of the script, behind --, typed by their defaults; () must be given, rest: [] takes what is no option",
        "let args = args_spec(#{ alpha: 0.1, n_lambdas: 40, verbose: false, rest: [] });\n\
         print(`${args.alpha} ${args.n_lambdas} ${args.rest}`);",
    )
    .on_any(|call: NativeCallContext<'_>, spec: Map| args_spec(&call, &spec));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Vec<Argument> {
        let help = Value::Map(vec![("value".into(), Value::Float(0.1)), ("help".into(), "Level".into())]);
        let entries: [(&str, Value); 6] = [
            ("alpha", help),
            ("file", Value::Unit),
            ("n_lambdas", Value::Int(40)),
            ("name", "x".into()),
            ("rest", Value::List(Vec::new())),
            ("verbose", false.into()),
        ];
        entries.iter().map(|(key, value)| Argument::new(key, value).expect("an argument")).collect()
    }

    fn values(args: &str) -> Result<Option<Value>> {
        let args: Vec<String> = args.split_whitespace().map(String::from).collect();
        Ok(read(&spec(), &args)?.map(Value::Map))
    }

    #[test]
    fn options_are_typed_by_their_defaults() {
        let map = values("--alpha 2 --n-lambdas=7 --verbose one --file=a=b -3").unwrap().unwrap();
        assert_eq!(
            map.to_json(),
            serde_json::json!({
                "alpha": 2.0, "file": "a=b", "n_lambdas": 7, "name": "x", "rest": ["one", "-3"], "verbose": true,
            })
        );
        let map = values("--file f --alpha -1e-3 --no-verbose -- --alpha").unwrap().unwrap();
        assert_eq!(map.entry("alpha").and_then(Value::as_number), Some(-1e-3));
        assert_eq!(map.entry("rest").map(Value::to_json), Some(serde_json::json!(["--alpha"])));
        assert!(values("--nonsense --help").is_err() && values("--help --nonsense").unwrap().is_none());
    }

    #[test]
    fn what_does_not_fit_is_said() {
        for (args, part) in [
            ("", "--file is missing"),
            ("--file f --alhpa 1", "unknown option --alhpa (did you mean '--alpha'?)"),
            ("--file f --alpha", "--alpha needs a value"),
            ("--file --alpha 1", "--file needs a value"),
            ("--file f --alpha x", "--alpha takes a number, not 'x'"),
            ("--file f --n-lambdas 1.5", "takes a whole number"),
            ("--file f --verbose=maybe", "takes true or false"),
            ("--file f --no-verbose=true", "takes no value"),
            ("--file f --file g", "--file is given twice"),
            ("--file f --verbose --no-verbose", "--verbose is given twice"),
            ("--file f --no-alpha", "unknown option --no-alpha"),
            ("--file f -v", "unknown option -v"),
        ] {
            let error = values(args).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Usage, "{args}");
            assert!(error.to_string().contains(part), "{args}: {error}");
        }
        let error = read(&[], &["word".to_string()]).unwrap_err();
        assert!(error.message().contains("'word' is no option"), "{error}");
    }

    #[test]
    fn a_specification_that_makes_no_sense_is_refused() {
        for (key, value) in [
            ("help", Value::Int(1)),
            ("2x", Value::Int(1)),
            ("a b", Value::Int(1)),
            ("list", Value::List(Vec::new())),
            ("x", Value::Map(Vec::new())),
            ("x", Value::Map(vec![("value".into(), Value::Int(1)), ("hlep".into(), "".into())])),
        ] {
            assert!(Argument::new(key, &value).is_err(), "{key}");
        }
    }

    #[test]
    fn help_shows_defaults() {
        let text = help(&spec());
        assert!(text.contains("--alpha NUMBER") && text.contains("Level [0.1]"), "{text}");
        assert!(text.contains("--file TEXT") && text.contains("(required)") && text.contains("REST.."), "{text}");
    }
}
