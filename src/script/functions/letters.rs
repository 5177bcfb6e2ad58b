//! Functions of the language that find, cut and replace in texts. Its own write all letters out in four bytes each, and
//! know how long a text may be only when they have made it.

use std::any::TypeId;
use std::sync::Arc;

use rhai::{Dynamic, FnNamespace, FuncRegistration, ImmutableString};

use super::super::convert::Outcome;
use super::super::limits::{LONG_TEXT, TEXT, too_long};
use super::super::vocabulary::Builder;
use crate::model::Area;

/// Goes through the letters of a text one by one.
#[derive(Debug, Clone)]
struct Letters<T> {
    text: T,
    /// The byte where the next letter begins.
    at: usize,
}

/// Letters that a script holds.
type Held = Letters<Arc<str>>;

impl<T> Letters<T> {
    fn of(text: impl Into<T>) -> Self {
        Self { text: text.into(), at: 0 }
    }
}

impl<T: AsRef<str>> Iterator for Letters<T> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let letter = self.text.as_ref().get(self.at..)?.chars().next()?;
        self.at += letter.len_utf8();
        Some(letter)
    }
}

/// The byte where letter `start` begins, which counts from the end where it is negative; `None` behind the last.
fn byte_at(text: &str, start: i64) -> Option<usize> {
    let distance = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
    if start < 0 {
        return Some(text.char_indices().rev().nth(distance - 1).map_or(0, |(at, _)| at));
    }
    text.char_indices().nth(distance).map(|(at, _)| at)
}

/// So many letters from a start on, as many as there are.
fn part(text: &str, start: i64, len: i64) -> &str {
    let Some(rest) = byte_at(text, start).and_then(|from| text.get(from..)) else { return "" };
    let letters = usize::try_from(len).unwrap_or(0);
    let end = rest.char_indices().nth(letters).map_or(rest.len(), |(at, _)| at);
    &rest[..end]
}

/// Start and length of a range of letters.
fn exclusive(range: &std::ops::Range<i64>) -> (i64, i64) {
    let start = range.start.max(0);
    (start, range.end.max(start) - start)
}

/// Start and length of a range of letters with its end.
fn inclusive(range: &std::ops::RangeInclusive<i64>) -> (i64, i64) {
    let start = (*range.start()).max(0);
    (start, (*range.end()).max(start).min(i64::MAX - 1) - start + 1)
}

/// The first letter at which a part of a text begins, from a start on; -1 where there is none.
fn index_of(text: &str, find: &str, start: i64) -> i64 {
    let found = byte_at(text, start).and_then(|from| Some(from + text.get(from..)?.find(find)?));
    found.map_or(-1, |at| text[..at].chars().count() as i64)
}

/// Puts a text in the place of every other one.
fn replace(text: &mut ImmutableString, find: &str, by: &str) -> Outcome<()> {
    if text.is_empty() {
        return Ok(());
    }
    let more = by.len().saturating_sub(find.len());
    let found = if more == 0 { 0 } else { text.as_str().matches(find).count() };
    if found.saturating_mul(more).saturating_add(text.len()) > TEXT {
        return Err(too_long(LONG_TEXT));
    }
    *text = text.as_str().replace(find, by).into();
    Ok(())
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Lists);
    // A text of which every letter is a character in a list of its own would take four times as much.
    b.module().set_iter(TypeId::of::<ImmutableString>(), |text: Dynamic| {
        Box::new(Letters::<ImmutableString>::of(text.cast::<ImmutableString>()).map(Dynamic::from))
    });
    b.module().set_custom_type::<Held>("Letters");
    b.module().set_iter(TypeId::of::<Held>(), |letters: Dynamic| Box::new(letters.cast::<Held>().map(Dynamic::from)));
    parts(b);
    searches(b);
    changes(b);
}

fn parts(b: &mut Builder) {
    b.verb(
        "sub_string",
        "text.sub_string(start) -> string\ntext.sub_string(start, length) -> string\ntext.sub_string(range) -> string",
        "A part of a text, by positions of letters; a negative start counts from the end",
        "print(\"abcd\".sub_string(1, 2));",
    )
    .on(|text: &str, start: i64| part(text, start, i64::MAX).to_string())
    .on(|text: &str, start: i64, len: i64| part(text, start, len).to_string())
    .on(|text: &str, range: std::ops::Range<i64>| {
        let (start, len) = exclusive(&range);
        part(text, start, len).to_string()
    })
    .on(|text: &str, range: std::ops::RangeInclusive<i64>| {
        let (start, len) = inclusive(&range);
        part(text, start, len).to_string()
    });
    b.verb(
        "chars",
        "text.chars()\ntext.chars(start)\ntext.chars(start, length)\ntext.chars(range)",
        "The letters of a text, or of a part of it, for a loop; text.to_chars() is a list of them",
        "for c in \"abc\".chars(1) { print(c); }",
    )
    .on(|text: &str| Held::of(text))
    .on(|text: &str, start: i64| Held::of(part(text, start, i64::MAX)))
    .on(|text: &str, start: i64, len: i64| Held::of(part(text, start, len)))
    .on(|text: &str, range: std::ops::Range<i64>| {
        let (start, len) = exclusive(&range);
        Held::of(part(text, start, len))
    })
    .on(|text: &str, range: std::ops::RangeInclusive<i64>| {
        let (start, len) = inclusive(&range);
        Held::of(part(text, start, len))
    })
    .get(|text: &str| Held::of(text));
}

fn searches(b: &mut Builder) {
    b.extend("index_of")
        .on(|text: &str, find: &str| index_of(text, find, 0))
        .on(|text: &str, find: char| index_of(text, find.encode_utf8(&mut [0; 4]), 0))
        .on(|text: &str, find: &str, start: i64| index_of(text, find, start))
        .on(|text: &str, find: char, start: i64| index_of(text, find.encode_utf8(&mut [0; 4]), start));
}

fn changes(b: &mut Builder) {
    b.verb(
        "replace",
        "text.replace(part, by)",
        "Put a text in the place of every such part of a text",
        "let text = \"a-b-c\";\ntext.replace(\"-\", \", \");\nprint(text);",
    );
    b.verb(
        "crop",
        "text.crop(start)\ntext.crop(start, length)\ntext.crop(range)",
        "Cut a text down to a part of it, by positions of letters",
        "let text = \"abcd\";\ntext.crop(1, 2);\nprint(text);",
    );
    // They change what they are called on, so that a constant is none for them.
    let changing =
        |name: &'static str| FuncRegistration::new(name).with_namespace(FnNamespace::Global).with_purity(false);
    changing("replace")
        .set_into_module(b.module(), |text: &mut ImmutableString, find: &str, by: &str| -> Outcome<()> {
            replace(text, find, by)
        });
    changing("replace").set_into_module(
        b.module(),
        |text: &mut ImmutableString, find: &str, by: char| -> Outcome<()> {
            replace(text, find, by.encode_utf8(&mut [0; 4]))
        },
    );
    changing("replace").set_into_module(
        b.module(),
        |text: &mut ImmutableString, find: char, by: &str| -> Outcome<()> {
            replace(text, find.encode_utf8(&mut [0; 4]), by)
        },
    );
    changing("replace").set_into_module(
        b.module(),
        |text: &mut ImmutableString, find: char, by: char| -> Outcome<()> {
            replace(text, find.encode_utf8(&mut [0; 4]), by.encode_utf8(&mut [0; 4]))
        },
    );
    changing("crop").set_into_module(b.module(), |text: &mut ImmutableString, start: i64| {
        *text = part(text.as_str(), start, i64::MAX).into();
    });
    changing("crop").set_into_module(b.module(), |text: &mut ImmutableString, start: i64, len: i64| {
        *text = part(text.as_str(), start, len).into();
    });
    changing("crop").set_into_module(b.module(), |text: &mut ImmutableString, range: std::ops::Range<i64>| {
        let (start, len) = exclusive(&range);
        *text = part(text.as_str(), start, len).into();
    });
    changing("crop").set_into_module(b.module(), |text: &mut ImmutableString, range: std::ops::RangeInclusive<i64>| {
        let (start, len) = inclusive(&range);
        *text = part(text.as_str(), start, len).into();
    });
}

#[cfg(test)]
mod tests {
    use crate::script::Session;

    #[test]
    fn texts_are_cut_searched_and_replaced_as_the_language_does_it() {
        let mut session = Session::sandboxed();
        for (script, expected) in [
            (
                "let t = \"añcd\"; `${t.sub_string(1)} ${t.sub_string(-2)} ${t.sub_string(-9, 2)} ${t.sub_string(1, 2)}`",
                "ñcd cd añ ñc",
            ),
            (
                "let t = \"añcd\"; `${t.sub_string(1..3)} ${t.sub_string(1..=2)} ${t.sub_string(4)} ${t.sub_string(0, -1)}|`",
                "ñc ñc  |",
            ),
            ("let t = \"añcd\"; t.crop(-3, 2); t", "ñc"),
            ("let t = \"añcd\"; t.crop(1..=1); t", "ñ"),
            (
                "let t = \"añañ\"; `${t.index_of(\"ñ\")} ${t.index_of('ñ', 2)} ${t.index_of(\"a\", -2)} ${t.index_of(\"x\")}`",
                "1 3 2 -1",
            ),
            ("let t = \"\"; `${t.index_of(\"x\")} ${t.index_of('x', -3)} ${t.sub_string(-1, 3)}|`", "-1 -1 |"),
            ("let t = \"a-b\"; t.replace('-', \"--\"); t.replace(\"a\", 'x'); t.replace('b', 'y'); t", "x--y"),
            ("let t = \"ab\"; t.replace(\"\", \"-\"); t", "-a-b-"),
            (
                "let s = \"\"; for c in \"añ\" { s += `${c}.`; } for c in \"abc\".chars(1, 1) { s += c; } for c in \"xy\".chars { s += c; } s",
                "a.ñ.bxy",
            ),
        ] {
            assert_eq!(
                session.eval_as::<String>(script).unwrap_or_else(|error| error.to_string()),
                expected,
                "{script}"
            );
        }
        let error = session
            .eval("let t = \"\"; t.pad(1000000, 'x'); t.replace(\"x\", \"0123456789012345678901234567890123456789\");");
        assert!(error.unwrap_err().error.message().contains("too much text"));
    }
}
