//! The session: seed, threads, output, help, errors.

use std::time::{Duration, Instant};

use rhai::{Array, Dynamic, EvalAltResult, NativeCallContext, Position};

use super::super::convert::{Outcome, describe, to_dynamic, to_value};
use super::super::help::help;
use super::super::records::text_list;
use super::super::state::{Exit, context, state};
use super::super::vocabulary::Builder;
use super::super::work::{AS_JSON, numbers_of};
use crate::devices::devices;
use crate::error::{Error, ErrorKind};
use crate::model::Area;
use crate::registry;

/// A running clock.
#[derive(Debug, Clone)]
pub(in super::super) struct Timer(Instant);

fn assert(condition: bool, message: &str) -> Outcome<()> {
    if condition {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Script, format!("assertion failed: {message}")).into())
}

fn set_seed(call: &NativeCallContext<'_>, seed: i64) -> Outcome<()> {
    let most = crate::rng::MAX_SEED;
    let seed = u64::try_from(seed)
        .ok()
        .filter(|&seed| seed <= most)
        .ok_or_else(|| Error::argument(format!("a seed is a whole number from 0 to {most}, not {seed}")))?;
    context(call).set_seed(seed);
    Ok(())
}

/// Ends the script; nothing can catch it.
pub(super) fn exit(call: &NativeCallContext<'_>, code: i64) -> Outcome<()> {
    let code = u8::try_from(code).map_err(|_| Error::argument(format!("an exit code is from 0 to 255, not {code}")))?;
    if let Some(state) = state(call) {
        state.set_exit_code(Some(code));
    }
    Err(Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(Exit), Position::NONE)))
}

fn show(call: &NativeCallContext<'_>, text: &str) {
    if let Some(state) = state(call) {
        state.print(text);
    }
}

/// Rhai's own would not hear an interrupt before its end.
fn sleep(call: &NativeCallContext<'_>, seconds: f64) -> Outcome<()> {
    const LOOK: Duration = Duration::from_millis(20);
    let wrong = || Error::argument(format!("sleep: seconds must be a number >= 0, not {seconds}"));
    let end = Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
    let (ctx, start) = (context(call), Instant::now());
    while let Some(rest) = end.checked_sub(start.elapsed()).filter(|rest| !rest.is_zero()) {
        ctx.check()?;
        std::thread::sleep(rest.min(LOOK));
    }
    Ok(())
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::System);
    b.verb("set_seed", "set_seed(n)", "Seed of everything random that follows", "set_seed(1);\nprint(randn(1, 2));")
        .on(|call: NativeCallContext<'_>, seed: i64| set_seed(&call, seed));
    b.verb("threads", "threads() -> int", "Threads that computations may use", "print(threads() > 0);")
        .on(|call: NativeCallContext<'_>| context(&call).threads() as i64);
    b.verb(
        "devices",
        "devices() -> list",
        "What computations can run on, as maps #{ name, kind, threads, simd, available, note }",
        "for d in devices() { print(`${d.name} ${d.available} ${d.note}`); }",
    )
    .on_list(|call: NativeCallContext<'_>| -> Array {
        devices(context(&call).threads()).iter().map(|device| to_dynamic(&device.to_value())).collect()
    });
    b.verb("emit", "emit(x)", "The value that --json prints, instead of the script's last", "emit(#{ answer: 42 });")
        .on(|call: NativeCallContext<'_>, value: Dynamic| -> Outcome<()> {
            let value = to_value(&value)?;
            let _held = context(&call).reserve(numbers_of(&value).saturating_mul(AS_JSON))?;
            if let Some(state) = state(&call) {
                state.emit(value);
            }
            Ok(())
        });
    b.verb("help", "help(name)", "Print what a name means: usage, options, example", "help(\"graphical_lasso\");").on(
        |call: NativeCallContext<'_>, name: &str| -> Outcome<()> {
            show(&call, &help(name)?);
            Ok(())
        },
    );
    b.verb("methods", "methods() -> list", "Verbs of all methods", "print(methods());")
        .on_list(|| -> Array { text_list(registry::methods().map(|record| record.verb)) });
    b.verb("version", "version() -> string", "Version of sinew", "print(version());")
        .on(|| env!("CARGO_PKG_VERSION").to_string());
    b.verb(
        "assert",
        "assert(condition, message)",
        "Stop with the message unless the condition holds",
        "assert(1 + 1 == 2, \"arithmetic\");",
    )
    .on(assert)
    .on(|condition: bool| assert(condition, "the condition does not hold"))
    .on(|condition: Dynamic, _message: &str| -> Outcome<()> {
        let error = Error::argument(format!("assert takes true or false, not {}", describe(&condition)));
        Err(error.with_hint("a comparison of matrices gives a mask: (a == b).all()").into())
    });
    b.verb(
        "exit",
        "exit()\nexit(code)",
        "End the script; the program's exit code is 0, or the one given (0 to 255)",
        "if 1 > 2 { exit(3); }",
    )
    .on(|call: NativeCallContext<'_>| exit(&call, 0))
    .on(|call: NativeCallContext<'_>, code: i64| exit(&call, code));
    b.verb(
        "sleep",
        "sleep(seconds)",
        "Wait; an interrupt and a limit on time end it",
        "sleep(0.01);\nprint(\"awake\");",
    )
    .on(|call: NativeCallContext<'_>, seconds: f64| sleep(&call, seconds))
    .on(|call: NativeCallContext<'_>, seconds: i64| sleep(&call, seconds as f64));
    b.verb(
        "timer",
        "timer() -> Timer",
        "A clock that starts now; timer().elapsed is in seconds",
        "let t = timer();\nprint(t.elapsed < 1000.0);",
    )
    .on(|| Timer(Instant::now()));
    b.property(
        "elapsed",
        "timer.elapsed -> float",
        "Seconds since the timer was made",
        "let t = timer();\nprint(t.elapsed < 1000.0);",
    )
    .get(|timer: &mut Timer| timer.0.elapsed().as_secs_f64());
    b.verb("warn", "warn(message)", "Show a warning on standard error; --json lists it", "warn(\"few samples\");").on(
        |call: NativeCallContext<'_>, message: &str| {
            if let Some(state) = state(&call) {
                state.warning(message);
            }
        },
    );
    b.verb("script_dir", "script_dir() -> string", "Folder of the script that runs", "print(script_dir());").on(
        |call: NativeCallContext<'_>| state(&call).and_then(|state| state.script_dir()).unwrap_or_else(|| ".".into()),
    );
    errors(b);
    b.module().set_custom_type::<Timer>("Timer");
}

/// What a script sees of an error that it catches.
fn errors(b: &mut Builder) {
    const EXAMPLE: &str = "try { eye(2).get(5, 0) } catch (e) { print(`${e.code} ${e.message} ${e.hint}`); }";
    b.property("message", "error.message -> string", "What went wrong", EXAMPLE)
        .get(|error: &mut Error| error.message().to_string());
    b.property("code", "error.code -> string", "The error's code", EXAMPLE)
        .get(|error: &mut Error| error.kind().code().to_string());
    b.property("hint", "error.hint -> string", "What to do about it; empty where there is no hint", EXAMPLE)
        .get(|error: &mut Error| error.hint().unwrap_or_default().to_string());
    let module = b.module();
    module.set_custom_type::<Error>("Error");
    for name in ["to_string", "to_debug"] {
        rhai::FuncRegistration::new(name)
            .with_namespace(rhai::FnNamespace::Global)
            .with_purity(true)
            .set_into_module(module, |error: &mut Error| error.to_string());
    }
}
