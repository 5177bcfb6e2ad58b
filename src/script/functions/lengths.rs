//! Functions of the script language that make long texts and lists. Its own know a limit only when they are done, and no
//! interrupt; these stop where a value would become too large.

use rhai::{Array, Dynamic, FnNamespace, FuncRegistration, ImmutableString, NativeCallContext};

use super::super::convert::Outcome;
use super::super::limits::{LONG_TEXT, TEXT, check_growth, check_list, too_long};
use super::super::state::context;
use super::super::vocabulary::Builder;
use crate::error::Error;
use crate::model::Area;

/// Elements that are made between two looks at the context.
const PIECE: usize = 4096;

/// How many of something are missing until there are `wanted`; none where that is not more.
fn missing(wanted: i64, held: usize) -> usize {
    usize::try_from(wanted).unwrap_or(0).saturating_sub(held)
}

/// Appends copies of `with`, the last one cut, until the text has so many characters.
fn pad_text(text: &mut ImmutableString, wanted: i64, with: &str) -> Outcome<()> {
    let missing = missing(wanted, text.chars().count());
    if missing == 0 {
        return Ok(());
    }
    let letters = with.chars().count();
    if letters == 0 {
        return Err(Error::argument("pad: there is nothing in the text to pad with")
            .with_hint("text.pad(10, \" \")")
            .into());
    }
    let (whole, rest) = (missing / letters, missing % letters);
    let end = with.char_indices().nth(rest).map_or(with.len(), |(at, _)| at);
    if whole.saturating_mul(with.len()).saturating_add(text.len()).saturating_add(end) > TEXT {
        return Err(too_long(LONG_TEXT));
    }
    *text = format!("{text}{}{}", with.repeat(whole), &with[..end]).into();
    Ok(())
}

/// Appends copies of an item until the list has so many elements.
fn pad_list(call: &NativeCallContext<'_>, list: &mut Array, wanted: i64, item: &Dynamic) -> Outcome<()> {
    let ctx = context(call);
    let mut missing = missing(wanted, list.len());
    check_growth(call, missing, item)?;
    while missing > 0 {
        ctx.check()?;
        let more = missing.min(PIECE);
        list.extend(std::iter::repeat_n(item, more).cloned());
        missing -= more;
    }
    Ok(())
}

/// Pieces of a text as a list.
fn listed<T: Into<Dynamic>>(call: &NativeCallContext<'_>, pieces: impl Iterator<Item = T>) -> Outcome<Array> {
    let ctx = context(call);
    let mut list = Array::new();
    for piece in pieces {
        if list.len().is_multiple_of(PIECE) {
            ctx.check()?;
            check_list(call, list.len())?;
        }
        list.push(piece.into());
    }
    check_list(call, list.len())?;
    Ok(list)
}

/// The pieces of a text between delimiters, at most so many; from its end where `from_end`.
fn split(call: &NativeCallContext<'_>, text: &str, by: &str, most: i64, from_end: bool) -> Outcome<Array> {
    let most = usize::try_from(most).unwrap_or(0);
    if most <= 1 || text.is_empty() || (!by.is_empty() && !text.contains(by)) {
        return Ok(vec![text.into()]);
    }
    if from_end { listed(call, text.rsplitn(most, by)) } else { listed(call, text.splitn(most, by)) }
}

fn split_words(call: &NativeCallContext<'_>, text: &str) -> Outcome<Array> {
    if text.is_empty() { Ok(vec![text.into()]) } else { listed(call, text.split_whitespace()) }
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Lists);
    pads(b);
    splits(b);
    b.verb("to_chars", "text.to_chars() -> list", "The characters of a text", "print(\"abc\".to_chars());")
        .on_list(|call: NativeCallContext<'_>, text: &str| listed(&call, text.chars()));
}

fn pads(b: &mut Builder) {
    b.verb(
        "pad",
        "list.pad(length, item)\ntext.pad(length, with)",
        "Append copies of an item to a list, or of a text to a text, until it has so many elements or characters",
        "let list = [1];\nlist.pad(3, 0);\nprint(list);",
    );
    // They change what they are called on, so that a constant is none for them.
    let pad = || FuncRegistration::new("pad").with_namespace(FnNamespace::Global).with_purity(false);
    pad().set_into_module(b.module(), |text: &mut ImmutableString, wanted: i64, with: &str| -> Outcome<()> {
        pad_text(text, wanted, with)
    });
    pad().set_into_module(b.module(), |text: &mut ImmutableString, wanted: i64, with: char| -> Outcome<()> {
        pad_text(text, wanted, with.encode_utf8(&mut [0; 4]))
    });
    pad().set_into_module(
        b.module(),
        |call: NativeCallContext<'_>, list: &mut Array, wanted: i64, item: Dynamic| -> Outcome<()> {
            pad_list(&call, list, wanted, &item)
        },
    );
}

/// A verb that cuts a text at delimiters, which are texts or characters.
fn cut(b: &mut Builder, name: &'static str, from_end: bool) {
    b.extend(name)
        .on_list(move |call: NativeCallContext<'_>, text: &str, by: &str| split(&call, text, by, i64::MAX, from_end))
        .on_list(move |call: NativeCallContext<'_>, text: &str, by: char| {
            split(&call, text, by.encode_utf8(&mut [0; 4]), i64::MAX, from_end)
        })
        .on_list(move |call: NativeCallContext<'_>, text: &str, by: &str, most: i64| {
            split(&call, text, by, most, from_end)
        })
        .on_list(move |call: NativeCallContext<'_>, text: &str, by: char, most: i64| {
            split(&call, text, by.encode_utf8(&mut [0; 4]), most, from_end)
        });
}

fn splits(b: &mut Builder) {
    b.verb(
        "split",
        "text.split() -> list\ntext.split(by) -> list\ntext.split(by, most) -> list\nlist.split(position) -> list",
        "The pieces of a text between blanks or delimiters, at most so many; or take the end of a list off",
        "print(\"a, b, c\".split(\", \"));",
    )
    .on_list(|call: NativeCallContext<'_>, text: &str| split_words(&call, text));
    cut(b, "split", false);
    b.verb(
        "split_rev",
        "text.split_rev(by) -> list\ntext.split_rev(by, most) -> list",
        "The pieces of a text between delimiters, the last first",
        "print(\"a, b, c\".split_rev(\", \"));",
    );
    cut(b, "split_rev", true);
}

#[cfg(test)]
mod tests {
    use crate::script::Session;

    #[test]
    fn texts_and_lists_are_padded_and_cut_as_the_language_does_it() {
        let mut session = Session::sandboxed();
        for (script, expected) in [
            ("let t = \"ab\"; t.pad(5, '!'); t", "ab!!!"),
            ("let t = \"ab\"; t.pad(7, \"é-\"); t", "abé-é-é"),
            ("let t = \"ab\"; t.pad(2, \"\"); t.pad(-1, \"x\"); t", "ab"),
            ("let v = [1]; v.pad(3, \"é\"); v.pad(2, 0); `${v}`", "[1, \"é\", \"é\"]"),
            (
                "`${\" a  b \".split()} ${\"a,b,,c\".split(\",\")} ${\"a,b,c\".split(',', 2)}`",
                "[\"a\", \"b\"] [\"a\", \"b\", \"\", \"c\"] [\"a\", \"b,c\"]",
            ),
            (
                "`${\"a,b,c\".split_rev(\",\")} ${\"a,b,c\".split_rev(',', 2)} ${\"ab\".split(\"\")}`",
                "[\"c\", \"b\", \"a\"] [\"c\", \"a,b\"] [\"\", \"a\", \"b\", \"\"]",
            ),
            ("`${\"\".split(\",\")} ${\"ab\".split(\",\", -1)} ${\"éa\".to_chars()}`", "[\"\"] [\"ab\"] [é, a]"),
            ("let v = [1, 2, 3]; `${v.split(1)} ${v} ${\"abc\".split(1)}`", "[2, 3] [1] [\"a\", \"bc\"]"),
        ] {
            assert_eq!(
                session.eval_as::<String>(script).unwrap_or_else(|error| error.to_string()),
                expected,
                "{script}"
            );
        }
        let error = session.eval("const T = \"a\"; T.pad(3, 'b')").unwrap_err();
        assert!(error.to_string().contains("constant"), "{error}");
        assert!(session.eval("let t = \"a\"; t.pad(3, \"\")").unwrap_err().to_string().contains("nothing"));
    }
}
