//! Answers that need no cell: what the kernel is, what can stand at the cursor, what a word means.

use jupyter_protocol::{
    CodeMirrorMode, CommInfoReply, CompleteReply, CompleteRequest, HelpLink, InspectReply, InspectRequest,
    IsCompleteReply, IsCompleteRequest, JupyterMessage, JupyterMessageContent, KernelInfoReply, LanguageInfo, Media,
    MediaType, ReplyStatus, UnknownMessage,
};
use serde_json::{Map, Value, json};

use super::connection::note;
use crate::error::Error;
use crate::script::{CandidateKind, Completeness, Session};

/// The version of the messages.
const PROTOCOL: &str = "5.3";

/// What the kernel is.
pub fn kernel_info() -> KernelInfoReply {
    let version = env!("CARGO_PKG_VERSION");
    KernelInfoReply {
        status: ReplyStatus::Ok,
        protocol_version: PROTOCOL.into(),
        implementation: "sinew".into(),
        implementation_version: version.into(),
        language_info: LanguageInfo {
            name: "rhai".into(),
            version: version.into(),
            mimetype: Some("text/x-rhai".into()),
            file_extension: Some(".rhai".into()),
            pygments_lexer: Some("rust".into()),
            codemirror_mode: Some(CodeMirrorMode::Simple("rust".into())),
            nbconvert_exporter: None,
        },
        banner: format!(
            "sinew {version}: sparse graphs from data. help(\"name\") or ?name explains a name, ? lists all"
        ),
        help_links: vec![HelpLink { text: "The language Rhai".into(), url: "https://rhai.rs/book/".into() }],
        debugger: false,
        error: None,
    }
}

/// What can stand at the cursor.
pub fn complete(session: &Session, request: &CompleteRequest) -> CompleteReply {
    let cursor = byte_at(&request.code, request.cursor_pos);
    let completion = session.complete(&request.code, cursor);
    let (start, end) = (characters(&request.code, completion.start), characters(&request.code, cursor));
    let kinds = completion.candidates.iter().map(|candidate| {
        let kind = kind_word(candidate.kind);
        json!({ "start": start, "end": end, "text": candidate.text, "type": kind, "signature": candidate.detail })
    });
    let mut metadata = serde_json::Map::new();
    metadata.insert("_jupyter_types_experimental".into(), kinds.collect());
    CompleteReply {
        cursor_start: start,
        cursor_end: end,
        metadata,
        matches: completion.candidates.into_iter().map(|candidate| candidate.text).collect(),
        status: ReplyStatus::Ok,
        error: None,
    }
}

/// The words by which notebooks know what a candidate is.
fn kind_word(kind: CandidateKind) -> &'static str {
    match kind {
        CandidateKind::Variable => "instance",
        CandidateKind::Function => "function",
        CandidateKind::Constructor => "class",
        CandidateKind::Property => "property",
        CandidateKind::Keyword => "keyword",
        CandidateKind::Option => "param",
        CandidateKind::Choice | CandidateKind::Name | CandidateKind::DataSet | CandidateKind::Topic => "statement",
        CandidateKind::File => "path",
    }
}

/// What stands at the cursor, explained.
pub fn inspect(session: &Session, request: &InspectRequest) -> InspectReply {
    let text = session.inspect(&request.code, byte_at(&request.code, request.cursor_pos));
    let found = text.is_some();
    let content = text.map(MediaType::Plain).into_iter().collect();
    InspectReply { found, data: Media { content }, ..InspectReply::default() }
}

/// Whether a console should run a text or wait for more.
pub fn is_complete(session: &Session, request: &IsCompleteRequest) -> IsCompleteReply {
    if request.code.trim_start().starts_with('?') {
        return IsCompleteReply::complete();
    }
    match session.completeness(&request.code) {
        Completeness::Complete => IsCompleteReply::complete(),
        Completeness::Incomplete => IsCompleteReply::incomplete("    ".into()),
        Completeness::Invalid => IsCompleteReply::invalid(),
    }
}

/// Widgets and the like: there are none.
pub fn comm_info() -> CommInfoReply {
    CommInfoReply::default()
}

/// The answer to a message that nobody takes; `None` where it is no request, which is noted in the kernel's log.
/// `count` is the number of cells so far: clients look for it also where a cell is refused.
pub fn refused(message: &JupyterMessage, count: usize) -> Option<JupyterMessageContent> {
    let msg_type = message.message_type();
    let fault = match &message.content {
        JupyterMessageContent::UnknownMessage(unknown) => fault(msg_type, &unknown.content),
        _ => None,
    };
    let error = fault.unwrap_or_else(|| Error::usage(format!("the kernel does not know '{msg_type}' here")));
    if !msg_type.ends_with("_request") {
        note("a message", &error);
        return None;
    }
    let mut reply = refusal(msg_type, &error);
    if let JupyterMessageContent::UnknownMessage(reply) = &mut reply
        && msg_type == "execute_request"
    {
        reply.content["execution_count"] = count.into();
    }
    Some(reply)
}

/// What is wrong with the content of a message; `None` where nothing is known about messages of its type.
fn fault(msg_type: &str, content: &Value) -> Option<Error> {
    /// By this one the others of the same request are chosen.
    const CHOICE: &str = "hist_access_type";
    let reason = |content| {
        let known = JupyterMessageContent::from_type_and_content(msg_type, content);
        known.err().map(|error| error.to_string())
    };
    let whole = reason(content.clone())?;
    let text = match content {
        Value::Object(fields) => {
            let chosen = || fields.get_key_value(CHOICE).into_iter();
            // Alone, a field that is right fails at most for what is missing beside it.
            let wrong = chosen().chain(fields).find_map(|field| {
                let alone: Map<String, Value> =
                    chosen().chain([field]).map(|(key, value)| (key.clone(), value.clone())).collect();
                let reason = reason(alone.into()).filter(|reason| !reason.starts_with("missing field"))?;
                Some(format!("'{}' of {msg_type} is wrong: {reason}", field.0))
            });
            wrong.unwrap_or_else(|| format!("{msg_type} is wrong: {whole}"))
        }
        _ => format!("the content of {msg_type} is no JSON object"),
    };
    Some(
        Error::usage(text)
            .with_hint("what messages hold: https://jupyter-client.readthedocs.io/en/latest/messaging.html"),
    )
}

/// The answer to a request that has failed.
pub fn refusal(msg_type: &str, error: &Error) -> JupyterMessageContent {
    let kind = error.kind();
    let content = json!({
        "status": "error", "ename": format!("{} {}", kind.code(), kind.category()), "evalue": error.to_string(),
        "traceback": [error.to_string()],
    });
    let msg_type = msg_type.strip_suffix("_request").unwrap_or(msg_type);
    JupyterMessageContent::UnknownMessage(UnknownMessage { msg_type: format!("{msg_type}_reply"), content })
}

/// The byte where the character of this number starts; the end of a text that has fewer. Clients count code points.
fn byte_at(text: &str, character: usize) -> usize {
    text.char_indices().nth(character).map_or(text.len(), |(byte, _)| byte)
}

/// How many characters stand before a byte.
fn characters(text: &str, byte: usize) -> usize {
    text.char_indices().take_while(|&(start, _)| start < byte).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_characters() {
        let text = "é𝛼x";
        assert_eq!([0, 1, 2, 3, 9].map(|n| byte_at(text, n)), [0, 2, 6, 7, 7]);
        assert_eq!([0, 2, 6, 7].map(|byte| characters(text, byte)), [0, 1, 2, 3]);
    }

    #[test]
    fn candidates_replace_the_word_before_the_cursor() {
        let session = Session::sandboxed();
        let code = "print(\"𝛼\"); random_gra".to_string();
        let reply = complete(&session, &CompleteRequest { cursor_pos: code.chars().count(), code });
        assert_eq!((reply.cursor_start, reply.cursor_end), (12, 22));
        assert_eq!(reply.matches, ["random_graph"]);
        assert_eq!(reply.metadata["_jupyter_types_experimental"][0]["type"], "function");
    }

    #[test]
    fn what_is_wrong_with_a_request_is_named() {
        let said = |msg_type: &str, content| {
            fault(msg_type, &content).map(|error| error.message().to_string()).unwrap_or_default()
        };
        let execute = |key: &str, value: Value| {
            let mut content = json!({ "code": "1", "silent": false, "store_history": true, "user_expressions": {} });
            content[key] = value;
            said("execute_request", content)
        };
        assert_eq!(execute("code", json!("2")), "");
        assert!(execute("code", json!(5)).starts_with("'code' of execute_request is wrong: invalid type: integer `5`"));
        assert!(execute("silent", json!("yes")).starts_with("'silent' of "));
        assert!(execute("user_expressions", json!({ "a": 1 })).starts_with("'user_expressions' of "));
        let missing = said("is_complete_request", json!({ "other": 1 }));
        assert!(missing.contains("is_complete_request is wrong: missing field `code`"), "{missing}");
        let history = |kind: &str, n: Value| {
            said("history_request", json!({ "hist_access_type": kind, "n": n, "output": false, "raw": true }))
        };
        assert_eq!(history("tail", json!(5)), "");
        assert!(history("tail", json!("all")).starts_with("'n' of history_request is wrong"));
        assert!(history("newest", json!(5)).starts_with("'hist_access_type' of history_request is wrong"));
        assert!(said("complete_request", json!([])).contains("is no JSON object"));
        assert_eq!(said("nonsense_request", json!({})), "", "there is nothing to say of its content");
    }

    #[test]
    fn only_requests_are_refused() {
        let refused = |msg_type: &str| {
            let unknown = UnknownMessage { msg_type: msg_type.into(), content: json!({ "code": 5 }) };
            refused(&unknown.into(), 7).map(|reply| serde_json::to_value(&reply).map(|json| (reply, json)))
        };
        let (reply, json) = refused("execute_request").expect("an answer").expect("JSON");
        assert_eq!((reply.message_type(), &json["status"]), ("execute_reply", &json!("error")));
        assert_eq!(json["execution_count"], 7);
        assert!(json["evalue"].as_str().is_some_and(|text| text.contains("'code'")), "{json}");
        assert!(refused("nonsense_request").is_some());
        assert!(refused("comm_open").is_none() && refused("nonsense").is_none() && refused("execute_reply").is_none());
    }

    #[test]
    fn a_request_that_failed_is_answered_by_its_name() {
        let reply = refusal("debug_request", &Error::usage("no debugger"));
        assert_eq!(reply.message_type(), "debug_reply");
        assert_eq!(serde_json::to_value(&reply).expect("JSON")["status"], "error");
    }
}
