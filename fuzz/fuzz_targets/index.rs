//! Anything between the brackets of an index, to read and to write.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sinew_fuzz::with_session;

const SETUP: &str = "let m = matrix([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).set_names([\"a\", \"b\", \"c\"]);\n\
                     let v = vector([1.0, 2.0, 3.0, 4.0]); let t = table([#{ a: 1, b: \"x\" }, #{ a: 2, b: \"y\" }]);\n";

fuzz_target!(|text: &str| {
    with_session(|session| {
        match session.eval(SETUP) {
            Ok(_) => {}
            // A machine that has something else to do.
            Err(error) if error.error.kind() == sinew::ErrorKind::Time => return,
            Err(error) => panic!("the values that are indexed cannot be made: {error}"),
        }
        for receiver in ["m", "v", "t"] {
            let _ = session.eval(&format!("{receiver}[{text}]"));
            let _ = session.eval(&format!("{receiver}[[{text}]] += 1.5"));
        }
    });
});
