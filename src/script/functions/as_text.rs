//! Lists and maps as text. The language's own way asks for the text of each element by the name of a function, and hears no
//! interrupt meanwhile.

use std::fmt::Write;

use rhai::{Array, Dynamic, FnNamespace, FuncRegistration, Map, NativeCallContext};

use super::super::state::context;
use super::super::vocabulary::Builder;
use crate::context::Context;

/// Elements between two looks at the context.
const PIECE: usize = 64;
/// Levels of lists and maps that are written out.
const LEVELS: usize = 1000;

/// A text that is being written, as far as it may go.
struct Writer<'a, 'b> {
    call: &'a NativeCallContext<'b>,
    ctx: Context,
    /// Bytes that a text may have in this session.
    most: usize,
    text: String,
    elements: usize,
}

impl Writer<'_, '_> {
    /// Writes a value; false where the rest is left out. What a script that is to end sees of it does not matter, and the
    /// language refuses a text that has become too long.
    fn value(&mut self, value: &Dynamic, level: usize) -> bool {
        self.elements += 1;
        if self.text.len() > self.most || (self.elements.is_multiple_of(PIECE) && self.ctx.check().is_err()) {
            return false;
        }
        if level > LEVELS {
            self.text.push_str("..");
            return true;
        }
        if let Some(list) = value.read_lock::<Array>() {
            return self.list(&list, level);
        }
        if let Some(map) = value.read_lock::<Map>() {
            return self.map(&map, level);
        }
        match value.as_int() {
            // What a text refuses is for its reader to miss: it takes everything.
            Ok(number) => write!(self.text, "{number}").is_ok(),
            Err(_) => {
                let text = self.plain(value);
                self.text.push_str(&text);
                true
            }
        }
    }

    fn list(&mut self, list: &Array, level: usize) -> bool {
        self.text.push('[');
        for (i, item) in list.iter().enumerate() {
            if i > 0 {
                self.text.push_str(", ");
            }
            if !self.value(item, level + 1) {
                return false;
            }
        }
        self.text.push(']');
        true
    }

    fn map(&mut self, map: &Map, level: usize) -> bool {
        self.text.push_str("#{");
        for (i, (key, item)) in map.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            if write!(self.text, "{comma}{:?}: ", key.as_str()).is_err() || !self.value(item, level + 1) {
                return false;
            }
        }
        self.text.push('}');
        true
    }

    /// The text of what is neither list nor map, as its type has it.
    fn plain(&self, value: &Dynamic) -> String {
        let written = self.call.call_native_fn_raw("to_debug", true, &mut [&mut value.clone()]);
        written.ok().and_then(|text| text.into_string().ok()).unwrap_or_else(|| value.type_name().to_string())
    }
}

fn text_of(call: &NativeCallContext<'_>, write: impl FnOnce(&mut Writer<'_, '_>) -> bool) -> String {
    let most = match call.engine().max_string_size() {
        0 => usize::MAX,
        most => most,
    };
    let mut writer = Writer { call, ctx: context(call), most, text: String::new(), elements: 0 };
    write(&mut writer);
    writer.text
}

pub(super) fn define(b: &mut Builder) {
    for name in ["to_string", "to_debug", "print", "debug"] {
        let of = || FuncRegistration::new(name).with_namespace(FnNamespace::Global).with_purity(true);
        of().set_into_module(b.module(), |call: NativeCallContext<'_>, list: &mut Array| -> String {
            text_of(&call, |writer| writer.list(list, 0))
        });
        of().set_into_module(b.module(), |call: NativeCallContext<'_>, map: &mut Map| -> String {
            text_of(&call, |writer| writer.map(map, 0))
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::script::Session;

    #[test]
    fn lists_and_maps_are_written_as_the_language_does_it() {
        let mut session = Session::sandboxed();
        for (script, expected) in [
            ("`${[1, 2.0, \"a\\n\", 'c', (), true, [], #{}]}`", "[1, 2.0, \"a\\n\", c, (), true, [], #{}]"),
            ("`${#{ \"b c\": [1], a: #{ x: -1.5 } }}`", "#{\"a\": #{\"x\": -1.5}, \"b c\": [1]}"),
            ("\"x\" + [1, [2]]", "x[1, [2]]"),
            ("[0..3, Fn(\"abs\"), nan()].to_debug()", "[0..3, Fn(abs), NaN]"),
        ] {
            assert_eq!(
                session.eval_as::<String>(script).unwrap_or_else(|error| error.to_string()),
                expected,
                "{script}"
            );
        }
    }
}
