//! What notebooks can do more than a terminal: displays, output that is taken away again, questions.

use rhai::{Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options};
use super::super::state::{context, no_input, state};
use super::super::variables::displayed;
use super::super::vocabulary::Builder;
use super::super::work::{AS_JSON, numbers_of};
use crate::model::Area;
use crate::notebook::PageScript;
use crate::options::{Kind, Opt, Preset};

const DISPLAY: &[Opt] = &[Opt::new(
    "id",
    &[Kind::Text],
    Preset::Unset("none"),
    "A name: what is displayed under it later in the cell takes its place",
)];

fn display(call: &NativeCallContext<'_>, value: &Dynamic, options: &Map) -> Outcome<()> {
    let options = check_options("display", DISPLAY, options)?;
    let shown = displayed(value);
    let _held = context(call).reserve(numbers_of(&shown).saturating_mul(AS_JSON))?;
    if let Some(state) = state(call) {
        state.display(shown, options.text("id").map(String::from));
    }
    Ok(())
}

fn clear_output(call: &NativeCallContext<'_>, wait: bool) {
    if let Some(state) = state(call) {
        state.clear_output(wait);
    }
}

fn input(call: &NativeCallContext<'_>, prompt: &str) -> Outcome<String> {
    let state = state(call).ok_or_else(no_input)?;
    Ok(state.ask(prompt)?)
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::System);
    b.verb(
        "display",
        "display(x)\ndisplay(x, #{ id })",
        "Show a value in a notebook, as its last value is shown; elsewhere print it",
        "display(eye(2));",
    )
    .options(DISPLAY)
    .on(|call: NativeCallContext<'_>, value: Dynamic| display(&call, &value, &Map::new()))
    .on(|call: NativeCallContext<'_>, value: Dynamic, options: Map| display(&call, &value, &options));
    b.verb(
        "notebook_init",
        "notebook_init()",
        "Put plotly.js into the page of a notebook, once: all its figures are interactive then, also offline and exported",
        "notebook_init();\nprint(\"figures of this page are interactive\");",
    )
    .on(|call: NativeCallContext<'_>| {
        if let Some(state) = state(&call) {
            state.display(PageScript.into(), None);
        }
    });
    b.verb(
        "clear_output",
        "clear_output()\nclear_output(wait)",
        "Take away what the cell of a notebook has shown: at once, or (true) when it shows something else",
        "clear_output(true);\nprint(\"in the place of what stood there\");",
    )
    .on(|call: NativeCallContext<'_>| clear_output(&call, false))
    .on(|call: NativeCallContext<'_>, wait: bool| clear_output(&call, wait));
    b.verb(
        "input",
        "input() -> string\ninput(prompt) -> string",
        "Ask the person at the terminal or notebook for a line of text",
        "try { print(input(\"Name: \")) } catch (e) { print(e.message) }",
    )
    .on(|call: NativeCallContext<'_>| input(&call, ""))
    .on(|call: NativeCallContext<'_>, prompt: &str| input(&call, prompt));
}
