//! The lines of `sinew explain` do what they say.

use sinew::explain::{EXPLANATIONS, Language};
use sinew::script::Session;

#[test]
fn wrong_lines_give_their_code_and_cures_work() {
    let folder = tempfile::tempdir().expect("a folder");
    std::env::set_current_dir(folder.path()).expect("the folder");
    for known in EXPLANATIONS {
        let code = known.kind.code();
        match known.language {
            Language::Script => {
                let error = Session::trusted().eval(known.wrong).expect_err(known.wrong);
                assert_eq!(error.error.kind(), known.kind, "{}: {error}", known.wrong);
                let cured = Session::trusted().eval(known.cure);
                assert!(cured.is_ok(), "{}: {:?}", known.cure, cured.err());
            }
            Language::Shell => assert!(known.wrong.starts_with("sinew ") && known.cure.starts_with("sinew "), "{code}"),
            Language::Rust => assert!(known.wrong.starts_with("Session::"), "{code}"),
        }
        assert!(!known.meaning.is_empty() && !known.causes.is_empty(), "{code}");
    }
}
