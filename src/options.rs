//! Options: what a verb can be told, checked in one place before any work starts.
//!
//! A record lists its options as [`Opt`]s. [`Options::check`] turns what a caller wrote into checked values, so
//! that an algorithm never sees an unknown key or a value out of range.

mod tables;

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::value::{Engine, Value, describe};
pub(crate) use tables::{joined, table, total};

/// The values an option takes; an option may allow several kinds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A number in a range.
    Number(Range),
    /// A whole number of at least the given size.
    Count(i64),
    /// Any whole number.
    Int,
    /// True or false.
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
    /// A list of names or positions.
    List,
    /// One of the engine's types.
    Object(&'static str),
    /// A list of two numbers in a range, the smaller first.
    Interval(Range),
    /// A list of numbers.
    Numbers,
    /// A map from names, which are not known beforehand.
    Map,
    /// A map of options of its own.
    Options(&'static [Opt]),
}

/// A range of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    min: f64,
    max: f64,
    open_min: bool,
    open_max: bool,
}

impl Range {
    /// Every finite number.
    pub const ANY: Self = Self { min: f64::NEG_INFINITY, max: f64::INFINITY, open_min: false, open_max: false };
    /// 0 or more.
    pub const NON_NEGATIVE: Self = Self::at_least(0.0);
    /// More than 0.
    pub const POSITIVE: Self = Self { min: 0.0, open_min: true, ..Self::ANY };
    /// From 0 to 1, both included.
    pub const UNIT: Self = Self { min: 0.0, max: 1.0, ..Self::ANY };
    /// Between 0 and 1, both excluded.
    pub const OPEN_UNIT: Self = Self { min: 0.0, max: 1.0, open_min: true, open_max: true };

    /// `min` or more.
    pub const fn at_least(min: f64) -> Self {
        Self { min, ..Self::ANY }
    }

    /// The same with `max` as its largest number.
    #[must_use]
    pub const fn at_most(self, max: f64) -> Self {
        Self { max, open_max: false, ..self }
    }

    /// The same with numbers below `max` only.
    #[must_use]
    pub const fn below(self, max: f64) -> Self {
        Self { max, open_max: true, ..self }
    }

    fn contains(&self, value: f64) -> bool {
        value.is_finite()
            && (value > self.min || (!self.open_min && value == self.min))
            && (value < self.max || (!self.open_max && value == self.max))
    }

    fn describe(&self) -> String {
        let low = if self.open_min { ">" } else { ">=" };
        let high = if self.open_max { "<" } else { "<=" };
        match (self.min.is_finite(), self.max.is_finite()) {
            (false, false) => "a number".into(),
            (true, false) => format!("a number {low} {}", self.min),
            (false, true) => format!("a number {high} {}", self.max),
            (true, true) => format!("a number {low} {} and {high} {}", self.min, self.max),
        }
    }
}

impl Kind {
    /// What the kind allows, for help and messages.
    pub fn describe(&self) -> String {
        match self {
            Self::Number(range) => range.describe(),
            Self::Count(min) => format!("a whole number >= {min}"),
            Self::Int => "a whole number".into(),
            Self::Bool => "true or false".into(),
            Self::Choice(words) => words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or "),
            Self::Text => "a string".into(),
            Self::List => "a list of names or positions".into(),
            Self::Object(name) => format!("a {name}"),
            Self::Interval(range) => format!("a list of two numbers, the smaller first, each {}", range.describe()),
            Self::Numbers => "a list of numbers".into(),
            Self::Map => "a map from names".into(),
            Self::Options(known) => {
                let names: Vec<&str> = known.iter().map(|opt| opt.name).collect();
                format!("a map #{{ {} }}", names.join(", "))
            }
        }
    }

    fn accept(&self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Number(range), Value::Int(_) | Value::Float(_)) => {
                value.as_number().filter(|&number| range.contains(number)).map(|_| value.clone())
            }
            (Self::Count(min), Value::Int(count)) => (count >= min).then(|| value.clone()),
            // 1e3 is a float to the script language and a count to its user.
            (Self::Count(min), Value::Float(count)) => {
                (count.fract() == 0.0 && *count >= *min as f64 && count.abs() < 9e15).then(|| Value::Int(*count as i64))
            }
            (Self::Int, Value::Int(_)) | (Self::Bool, Value::Bool(_)) | (Self::Text, Value::Text(_)) => {
                Some(value.clone())
            }
            (Self::Choice(words), Value::Text(word)) => words.contains(&word.as_str()).then(|| value.clone()),
            (Self::List, Value::List(_)) | (Self::Map, Value::Map(_)) => Some(value.clone()),
            (Self::Numbers, Value::List(list)) => {
                list.iter().all(|entry| entry.as_number().is_some()).then(|| value.clone())
            }
            (Self::Object(name), Value::Object(object)) => (object.type_name() == *name).then(|| value.clone()),
            (Self::Interval(range), Value::List(ends)) => {
                let fits = |end: &f64| range.contains(*end);
                bounds(ends).filter(|[low, high]| fits(low) && fits(high) && low <= high).map(|_| value.clone())
            }
            _ => None,
        }
    }
}

/// Two numbers of a list.
fn bounds(list: &[Value]) -> Option<[f64; 2]> {
    match list {
        [low, high] => Some([low.as_number()?, high.as_number()?]),
        _ => None,
    }
}

/// What holds when an option is not given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Preset {
    /// A number.
    Number(f64),
    /// A whole number.
    Count(i64),
    /// True or false.
    Bool(bool),
    /// A word.
    Text(&'static str),
    /// Two numbers.
    Interval([f64; 2]),
    /// Nothing; the text says what happens then.
    Unset(&'static str),
}

impl Preset {
    /// The value, if there is one.
    fn value(self) -> Option<Value> {
        match self {
            Self::Number(value) => Some(Value::Float(value)),
            Self::Count(value) => Some(Value::Int(value)),
            Self::Bool(value) => Some(Value::Bool(value)),
            Self::Text(value) => Some(Value::Text(value.into())),
            Self::Interval(ends) => Some(Value::List(ends.map(Value::Float).to_vec())),
            Self::Unset(_) => None,
        }
    }

    /// The word, if it is one.
    pub fn text(self) -> Option<&'static str> {
        match self {
            Self::Text(word) => Some(word),
            _ => None,
        }
    }

    /// The default as help shows it.
    pub fn describe(self) -> String {
        match self {
            Self::Unset(meaning) => meaning.into(),
            Self::Interval([low, high]) => format!("[{low}, {high}]"),
            other => other.value().map(|value| value.brief()).unwrap_or_default(),
        }
    }
}

/// One option of a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Opt {
    /// The key in the options map.
    pub name: &'static str,
    /// What it takes; any one of these.
    pub kinds: &'static [Kind],
    /// What holds when it is not given.
    pub default: Preset,
    /// One line of help.
    pub help: &'static str,
}

impl Opt {
    /// An option.
    pub const fn new(name: &'static str, kinds: &'static [Kind], default: Preset, help: &'static str) -> Self {
        Self { name, kinds, default, help }
    }

    /// The option, and behind it those of the map that it takes, as `option.name`.
    pub fn with_inner(&'static self) -> impl Iterator<Item = (String, &'static Opt)> {
        let inner = self.kinds.iter().filter_map(|kind| match kind {
            Kind::Options(inner) => Some(*inner),
            _ => None,
        });
        let inner = inner.flatten().map(|opt| (format!("{}.{}", self.name, opt.name), opt));
        std::iter::once((self.name.to_string(), self)).chain(inner)
    }

    /// What the option takes, for help and messages.
    pub fn describe(&self) -> String {
        self.kinds.iter().map(Kind::describe).collect::<Vec<_>>().join(", or ")
    }
}

/// Checked options of one call.
#[derive(Debug, Clone, Default)]
pub struct Options {
    values: BTreeMap<&'static str, Value>,
    given: Vec<&'static str>,
    nested: BTreeMap<&'static str, Options>,
}

impl Options {
    /// Checks what a caller wrote for `verb` against the options it has.
    ///
    /// # Errors
    /// An unknown key, with the nearest known one; a value of the wrong type or out of range.
    pub fn check<'a>(
        verb: &str,
        known: impl Iterator<Item = &'static Opt> + Clone,
        given: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Result<Self> {
        let mut values: BTreeMap<&'static str, Value> =
            known.clone().filter_map(|opt| opt.default.value().map(|value| (opt.name, value))).collect();
        let mut names = Vec::new();
        let mut nested = BTreeMap::new();
        for (key, value) in given {
            let opt = known.clone().find(|opt| opt.name == key).ok_or_else(|| unknown(verb, key, known.clone()))?;
            let own = opt.kinds.iter().find_map(|kind| match kind {
                Kind::Options(own) => Some(*own),
                _ => None,
            });
            let accepted = match (own, value) {
                (Some(own), Value::Map(entries)) => {
                    let inner = Self::check_nested(&format!("'{key}' of {verb}"), own, &entries)?;
                    let all = inner.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
                    nested.insert(opt.name, inner);
                    Value::Map(all)
                }
                (_, value) => {
                    let accepted = opt.kinds.iter().find_map(|kind| kind.accept(&value));
                    accepted.ok_or_else(|| invalid(verb, opt, &value))?
                }
            };
            values.insert(opt.name, accepted);
            names.push(opt.name);
        }
        Ok(Self { values, given: names, nested })
    }

    /// The same for a map inside an option. Not generic: a check may contain itself only so.
    fn check_nested(place: &str, known: &'static [Opt], entries: &[(String, Value)]) -> Result<Self> {
        let given: Vec<(&str, Value)> = entries.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        Self::check(place, known.iter(), given)
    }

    /// The options inside an option, where it was given as a map.
    pub fn nested(&self, name: &str) -> Option<&Options> {
        self.nested.get(name)
    }

    /// Two numbers, if the option has them.
    pub fn interval(&self, name: &str) -> Option<[f64; 2]> {
        match self.get(name)? {
            Value::List(ends) => bounds(ends),
            _ => None,
        }
    }

    /// Whether the caller wrote the option.
    pub fn is_given(&self, name: &str) -> bool {
        self.given.contains(&name)
    }

    /// Every option with the value that held.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.values.iter().map(|(name, value)| (*name, value))
    }

    /// The value, if there is one.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// A number, if the option has one.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.as_number()
    }

    /// A whole number that is not negative, if the option has one.
    pub fn count(&self, name: &str) -> Option<usize> {
        match self.get(name)? {
            Value::Int(value) => usize::try_from(*value).ok(),
            _ => None,
        }
    }

    /// A whole number, if the option has one.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether the option is there and true.
    pub fn is_true(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Bool(true)))
    }

    /// A text, if the option has one.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(value) => Some(value),
            _ => None,
        }
    }

    /// One of the engine's types, if the option has one.
    pub fn object<T: Engine>(&self, name: &str) -> Option<&T> {
        self.get(name)?.object()
    }
}

fn unknown(verb: &str, key: &str, known: impl Iterator<Item = &'static Opt>) -> Error {
    let names: Vec<&str> = known.map(|opt| opt.name).collect();
    let error = Error::option(format!("unknown option '{key}' of {verb}")).with_nearest(key, names.iter().copied());
    match error.hint() {
        Some(_) => error,
        None if names.is_empty() => error.with_hint(format!("{verb} takes no options")),
        None => error.with_hint(format!("{verb} takes {}", names.join(", "))),
    }
}

fn invalid(verb: &str, opt: &Opt, value: &Value) -> Error {
    let error =
        Error::option(format!("option '{}' of {verb} must be {}, not {}", opt.name, opt.describe(), describe(value)));
    let words = opt.kinds.iter().filter_map(|kind| match kind {
        Kind::Choice(words) => Some(words.iter().copied()),
        _ => None,
    });
    match value {
        Value::Int(0) if opt.kinds.iter().any(|kind| matches!(kind, Kind::Number(_) | Kind::Count(_))) => {
            error.with_hint("if this came from a division of integers: 1/2 is 0, write 1.0/2")
        }
        Value::Text(word) => error.with_nearest(word, words.flatten()),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &[Opt] = &[
        Opt::new("lambda", &[Kind::Number(Range::POSITIVE), Kind::Choice(&["ebic", "bic"])], Preset::Unset("ebic"), ""),
        Opt::new("max_iter", &[Kind::Count(1)], Preset::Count(100), ""),
    ];

    fn check(given: Vec<(&str, Value)>) -> Result<Options> {
        Options::check("fit", OPTIONS.iter(), given)
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let error = check(vec![("lamda", Value::Float(1.0))]).unwrap_err();
        assert_eq!(error.message(), "unknown option 'lamda' of fit");
        assert_eq!(error.hint(), Some("did you mean 'lambda'?"));
    }

    #[test]
    fn maps_of_options_and_intervals_are_checked() {
        const INNER: &[Opt] = &[
            Opt::new("shape", &[Kind::Number(Range::POSITIVE)], Preset::Number(6.5), ""),
            Opt::new("percentile", &[Kind::Number(Range::UNIT)], Preset::Number(0.5), ""),
        ];
        const OUTER: &[Opt] = &[
            Opt::new("dropout", &[Kind::Options(INNER), Kind::Bool], Preset::Unset("none"), ""),
            Opt::new("strength", &[Kind::Interval(Range::NON_NEGATIVE)], Preset::Interval([1.0, 5.0]), ""),
        ];
        let map = |name: &str, value: f64| Value::Map(vec![(name.into(), value.into())]);
        let check = |given: Vec<(&str, Value)>| Options::check("noise", OUTER.iter(), given);
        let options = check(vec![("dropout", map("shape", 20.0))]).unwrap();
        let inner = options.nested("dropout").unwrap();
        assert_eq!((inner.number("shape"), inner.number("percentile")), (Some(20.0), Some(0.5)));
        assert_eq!(options.interval("strength"), Some([1.0, 5.0]));
        assert!(check(vec![("dropout", true.into())]).unwrap().nested("dropout").is_none());
        let error = check(vec![("dropout", map("shap", 1.0))]).unwrap_err();
        assert_eq!(error.message(), "unknown option 'shap' of 'dropout' of noise");
        let list = |ends: &[f64]| Value::List(ends.iter().map(|&end| end.into()).collect());
        for wrong in [list(&[5.0, 1.0]), list(&[-1.0, 1.0]), list(&[1.0]), 3.0.into()] {
            let error = check(vec![("strength", wrong)]).unwrap_err();
            assert!(error.message().contains("two numbers"), "{error}");
        }
    }

    #[test]
    fn an_integer_division_at_zero_is_explained() {
        let error = check(vec![("lambda", Value::Int(1 / 2))]).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("1/2 is 0")), "{error}");
    }

    #[test]
    fn ints_and_whole_floats_go_where_numbers_and_counts_are_wanted() {
        let options = check(vec![("lambda", Value::Int(2)), ("max_iter", Value::Float(1e3))]).unwrap();
        assert_eq!((options.number("lambda"), options.count("max_iter")), (Some(2.0), Some(1000)));
        assert!(check(vec![("max_iter", Value::Float(1.5))]).is_err());
        assert!(check(vec![("lambda", Value::Float(f64::NAN))]).is_err());
        assert!(check(vec![("lambda", Value::Text("ebci".into()))]).unwrap_err().hint().unwrap().contains("ebic"));
    }
}
