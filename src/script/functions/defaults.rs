//! Options of functions that scripts define.

use rhai::{Dynamic, Map};

use super::super::convert::{Outcome, describe, to_number, type_name};
use super::super::vocabulary::Builder;
use crate::error::{Error, Result};
use crate::model::Area;

/// An option's value as the default is: a whole number may be written as a float.
fn fitting(default: &Dynamic, value: &Dynamic) -> Option<Dynamic> {
    if default.is_int() {
        let whole = to_number(value).filter(|number| number.fract() == 0.0 && number.abs() < 9e15)?;
        return Some(Dynamic::from(whole as i64));
    }
    let fits = if default.is_float() {
        to_number(value).is_some_and(|number| !number.is_nan())
    } else {
        // Nothing as a default says nothing about the type.
        default.is_unit() || default.type_id() == value.type_id()
    };
    fits.then(|| value.clone())
}

fn with_defaults(verb: &str, options: &Map, defaults: &Map) -> Result<Map> {
    let mut all = defaults.clone();
    for (key, value) in options {
        let default = defaults.get(key).ok_or_else(|| {
            let names: Vec<&str> = defaults.keys().map(|name| name.as_str()).collect();
            Error::option(format!("unknown option '{key}' of {verb}"))
                .with_nearest(key, names.iter().copied())
                .or_hint(format!("{verb} takes {}", names.join(", ")))
        })?;
        let value = fitting(default, value).ok_or_else(|| {
            let wanted =
                if default.is_int() { "a whole number".to_string() } else { format!("a {}", type_name(default)) };
            Error::option(format!("option '{key}' of {verb} must be {wanted}, not {}", describe(value)))
        })?;
        all.insert(key.clone(), value);
    }
    Ok(all)
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::System);
    b.verb(
        "with_defaults",
        "with_defaults(name, options, #{ key: default, .. }) -> map",
        "The options of a function of yours: those that were given and defaults for the others; an unknown key, or a value of another type than its default, is an error. () as a default takes anything",
        "fn fitted(x, options) {\n    let o = with_defaults(\"fitted\", options, #{ lambda: 0.1, rows: 100 });\n    \
         x.head(o.rows).graphical_lasso(#{ lambda: o.lambda })\n}\n\
         print(fitted(example(\"sachs\").log1p().standardize(), #{ lambda: 0.3 }).n_edges);",
    )
    .on_map(|verb: &str, options: Map, defaults: Map| -> Outcome<Map> { Ok(with_defaults(verb, &options, &defaults)?) })
    .on_map(|verb: &str, options: Dynamic, _defaults: Map| -> Outcome<Map> {
        let error = Error::argument(format!("the options of {verb} are a map, not {}", describe(&options)));
        Err(error.with_hint("#{ name: value }").into())
    });
}

#[cfg(test)]
mod tests {
    use crate::script::Session;

    #[test]
    fn options_are_completed_and_checked() {
        let mut session = Session::sandboxed();
        let mut eval = |options: &str| {
            session.eval(&format!("with_defaults(\"f\", {options}, #{{ n: 3, share: 0.5, name: \"a\", x: () }})"))
        };
        let map = eval("#{ n: 1e2, share: 1, x: eye(2) }").expect("a map");
        let entry = |key: &str| map.entry(key).map(crate::Value::brief);
        assert_eq!(entry("n").as_deref(), Some("100"));
        assert_eq!(entry("share").as_deref(), Some("1"), "what was written stays");
        assert_eq!(entry("name").as_deref(), Some("\"a\""));
        assert_eq!(entry("x").as_deref(), Some("a Matrix"));
        for (options, part) in [
            ("#{ nam: \"b\" }", "unknown option 'nam' of f (did you mean 'name'?)"),
            ("#{ n: 1.5 }", "must be a whole number"),
            ("#{ share: 0.0 / 0.0 }", "must be a float"),
            ("#{ name: 1 }", "must be a string, not 1 (int)"),
            ("3", "the options of f are a map, not 3 (int)"),
        ] {
            let error = eval(options).expect_err(options).error.to_string();
            assert!(error.contains(part), "{options}: {error}");
        }
    }
}
