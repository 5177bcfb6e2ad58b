//! The sockets of a kernel: the file that says where they are, what comes in, what goes out.

use std::io::Write;

use jupyter_protocol::{ConnectionInfo, Header, JupyterMessage, JupyterMessageContent, Status, UnknownMessage};
use jupyter_zmq_client::{
    Connection, KernelControlConnection, KernelHeartbeatConnection, KernelIoPubConnection, KernelShellConnection,
    KernelStdinConnection, RawMessage, RuntimeError, create_kernel_control_connection,
    create_kernel_heartbeat_connection, create_kernel_iopub_connection, create_kernel_shell_connection,
    create_kernel_stdin_connection,
};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use zeromq::{SocketRecv, SocketSend, ZmqError};

use super::socket_files::SocketFiles;
use crate::error::{Error, Result};

/// The five sockets that a client talks to.
pub struct Sockets {
    pub shell: KernelShellConnection,
    pub control: KernelControlConnection,
    pub stdin: KernelStdinConnection,
    pub iopub: KernelIoPubConnection,
    pub heartbeat: KernelHeartbeatConnection,
}

/// Reads a connection file.
///
/// # Errors
/// A file that is not there or is no connection file.
pub fn read(path: &str) -> Result<ConnectionInfo> {
    let wrong = |why: &dyn std::fmt::Display| {
        Error::usage(format!("'{path}' is not a connection file that the kernel can use: {why}"))
            .with_hint("Jupyter writes that file and starts the kernel by itself; `sinew kernel doctor` sees if it can")
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    let info: ConnectionInfo = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
    if !info.key.is_empty() && info.signature_scheme != "hmac-sha256" {
        return Err(wrong(&format!("its signature scheme is '{}', not 'hmac-sha256'", info.signature_scheme)));
    }
    Ok(info)
}

/// Opens the sockets; `files` removes what they leave in folders.
///
/// # Errors
/// An address that cannot be used.
pub async fn bind(info: &ConnectionInfo, files: &mut SocketFiles) -> Result<Sockets> {
    // Every message that the crate makes has a session of its own, until it is sent by one.
    let session = JupyterMessage::from(Status::starting()).header.session;
    Ok(Sockets {
        heartbeat: open(files, info.hb_url(), create_kernel_heartbeat_connection(info)).await?,
        shell: open(files, info.shell_url(), create_kernel_shell_connection(info, &session)).await?,
        control: open(files, info.control_url(), create_kernel_control_connection(info, &session)).await?,
        stdin: open(files, info.stdin_url(), create_kernel_stdin_connection(info, &session)).await?,
        iopub: open(files, info.iopub_url(), create_kernel_iopub_connection(info, &session)).await?,
    })
}

async fn open<S>(
    files: &mut SocketFiles,
    url: String,
    socket: impl Future<Output = std::result::Result<S, RuntimeError>>,
) -> Result<S> {
    files.open(&url, socket).await.map_err(|error| {
        Error::usage(format!("cannot listen at {url}: {error}"))
            .with_hint("another program may have taken the address: start the kernel again from Jupyter")
    })
}

/// A message that follows from another one.
pub fn child(content: impl Into<JupyterMessageContent>, parent: Option<&JupyterMessage>) -> JupyterMessage {
    let mut message = JupyterMessage::new(content, parent);
    message.header.username = "sinew".into();
    message
}

/// Sends back what comes, so that a client sees that the kernel is there.
pub async fn beat(mut heartbeat: KernelHeartbeatConnection) {
    loop {
        match heartbeat.socket.recv().await {
            // A client that has gone away needs no answer.
            Ok(message) => drop(heartbeat.socket.send(message).await),
            Err(ZmqError::NoMessage) => return,
            Err(error) => note("heartbeat", &error),
        }
    }
}

/// Sends what is published to whoever listens.
pub async fn publish(mut iopub: KernelIoPubConnection, mut queue: UnboundedReceiver<JupyterMessage>) {
    while let Some(message) = queue.recv().await {
        if let Err(error) = iopub.send(message).await {
            note("a message to the clients", &error);
        }
    }
}

/// The next message; `None` when there will be no more. What is no message, or has a wrong signature, is noted in the
/// kernel's log and left out.
pub async fn receive<S: SocketRecv>(connection: &mut Connection<S>) -> Option<JupyterMessage> {
    loop {
        let frames = match connection.socket.recv().await {
            Ok(frames) => frames,
            Err(ZmqError::NoMessage) => return None,
            Err(error) => {
                note("a message", &error);
                continue;
            }
        };
        let raw = RawMessage::from_multipart(frames, &connection.mac).map_err(|error| error.to_string());
        match raw.and_then(|raw| parse(raw).map_err(|error| error.to_string())) {
            Ok(message) => return Some(message),
            Err(error) => note("a message", &error),
        }
    }
}

/// Standard error is the kernel's log: Jupyter shows it where the server was started.
pub fn note(what: &str, error: &dyn std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "sinew kernel: {what}: {error}");
}

/// A message with its content, where need be with defaults for what the client left out. A content that is still not
/// understood, or is no JSON, stays unknown, and gets an answer that says why.
fn parse(raw: RawMessage) -> serde_json::Result<JupyterMessage> {
    let part = |i: usize| raw.jparts.get(i).map_or(&[][..], |part| &part[..]);
    let header: Header = serde_json::from_slice(part(0))?;
    let parent_header = serde_json::from_slice(part(1)).ok();
    let metadata = serde_json::from_slice(part(2)).unwrap_or_else(|_| json!({}));
    let content = with_defaults(&header.msg_type, serde_json::from_slice(part(3)).unwrap_or(Value::Null));
    let known = JupyterMessageContent::from_type_and_content(&header.msg_type, content.clone());
    let content = known.unwrap_or_else(|_| {
        JupyterMessageContent::UnknownMessage(UnknownMessage { msg_type: header.msg_type.clone(), content })
    });
    let zmq_identities = raw.zmq_identities;
    Ok(JupyterMessage { zmq_identities, header, parent_header, metadata, content, buffers: Vec::new(), channel: None })
}

/// Clients leave out what has a default; the crate wants it all.
fn with_defaults(msg_type: &str, mut content: Value) -> Value {
    let defaults = match msg_type {
        "execute_request" => json!({
            "silent": false, "store_history": true, "user_expressions": {}, "allow_stdin": false, "stop_on_error": true,
        }),
        "history_request" => json!({
            "hist_access_type": "tail", "session": 0, "start": 1, "stop": i32::MAX, "n": i32::MAX, "pattern": "*",
            "unique": false, "output": false, "raw": true,
        }),
        "complete_request" | "inspect_request" => json!({ "cursor_pos": u32::MAX }),
        "shutdown_request" => json!({ "restart": false }),
        _ => return content,
    };
    if let (Value::Object(content), Value::Object(defaults)) = (&mut content, defaults) {
        for (key, value) in defaults {
            let given = content.entry(key).or_insert(Value::Null);
            if given.is_null() {
                *given = value;
            }
        }
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use jupyter_protocol::HistoryRequest;

    #[test]
    fn what_clients_leave_out_has_defaults() {
        let content = with_defaults(
            "history_request",
            json!({ "hist_access_type": "search", "pattern": "1?2*", "output": false, "raw": true, "n": null }),
        );
        let known = JupyterMessageContent::from_type_and_content("history_request", content).expect("a request");
        let JupyterMessageContent::HistoryRequest(HistoryRequest::Search { pattern, unique, n, .. }) = known else {
            panic!("no search");
        };
        assert_eq!((pattern.as_str(), unique, n), ("1?2*", false, i32::MAX));
        let content = with_defaults("execute_request", json!({ "code": "1", "silent": true, "stop_on_error": null }));
        let flags = ["silent", "store_history", "allow_stdin", "stop_on_error"].map(|key| content[key] == json!(true));
        assert_eq!(flags, [true, true, false, true]);
    }

    #[test]
    fn a_content_that_is_not_understood_arrives_all_the_same() {
        let header = json!({
            "msg_id": "1", "username": "", "session": "s", "date": "", "msg_type": "execute_request", "version": "5.3",
        });
        let header = header.to_string();
        for content in ["{\"code\": 5}", "no JSON", "[[]]"] {
            let parts = [header.as_str(), "{}", "{}", content];
            let jparts = parts.iter().map(|part| part.as_bytes().to_vec().into()).collect();
            let message = parse(RawMessage { zmq_identities: Vec::new(), jparts }).expect("a message");
            assert!(matches!(&message.content, JupyterMessageContent::UnknownMessage(_)), "{content}");
            assert_eq!(message.message_type(), "execute_request");
        }
    }

    #[test]
    fn a_wrong_connection_file_is_refused_with_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kernel.json").display().to_string();
        assert!(read(&path).is_err_and(|error| error.exit_code() == 2 && error.message().contains("kernel.json")));
        std::fs::write(&path, "{\"ip\": \"127.0.0.1\"}").expect("a file");
        assert!(read(&path).is_err_and(|error| error.message().contains("missing field")));
    }
}
