//! The Jupyter kernel as clients meet it: the program runs, and a raw client talks to its sockets.
#![cfg(feature = "kernel")]

use std::collections::HashMap;
use std::future::Future;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use jupyter_protocol::{
    CommInfoRequest, CompleteRequest, ConnectionInfo, ExecuteReply, ExecuteRequest, HistoryRequest, InputReply,
    InspectRequest, InterruptRequest, IsCompleteReplyStatus, IsCompleteRequest, JupyterMessage, JupyterMessageContent,
    KernelInfoRequest, Media, MediaType, ReplyStatus, ShutdownRequest, Transport, UnknownMessage,
};
use jupyter_zmq_client::{
    ClientControlConnection, ClientIoPubConnection, ClientShellConnection, ClientStdinConnection,
    create_client_control_connection, create_client_iopub_connection, create_client_shell_connection_with_identity,
    create_client_stdin_connection_with_identity, peer_identity_for_session,
};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;

/// Longer than anything takes on a busy machine, except what hangs.
const PATIENCE: Duration = Duration::from_secs(60);

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test)
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("an answer in time")
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_sinew"))
}

/// A free port that no other kernel of these tests gets, and that the system gives to no connection by itself: those
/// are from 32768 on.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 15_000 + (std::process::id() % 150) as u16 * 100;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// A connection file with free ports.
fn connection(folder: &Path) -> (ConnectionInfo, String) {
    let ports: [u16; 5] = std::array::from_fn(|_| free_port());
    let info = ConnectionInfo {
        ip: "127.0.0.1".into(),
        transport: Transport::TCP,
        shell_port: ports[0],
        iopub_port: ports[1],
        stdin_port: ports[2],
        control_port: ports[3],
        hb_port: ports[4],
        key: "a key".into(),
        signature_scheme: "hmac-sha256".into(),
        kernel_name: Some("sinew".into()),
    };
    let path = write_connection(folder, &info);
    (info, path)
}

fn write_connection(folder: &Path, info: &ConnectionInfo) -> String {
    let path = folder.join("connection.json").display().to_string();
    std::fs::write(&path, serde_json::to_string(info).expect("JSON")).expect("a file");
    path
}

/// Starts the program as a kernel.
fn spawn(folder: &Path, path: &str, flags: &[&str]) -> Child {
    program()
        .args(["kernel", "start", "-f", path])
        .args(flags)
        .current_dir(folder)
        .env_remove("JPY_PARENT_PID")
        .spawn()
        .expect("the program")
}

/// A running kernel with one client.
struct Kernel {
    child: Child,
    client: Client,
    _folder: Option<TempDir>,
}

impl Drop for Kernel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Kernel {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    async fn start_with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (info, path) = connection(folder.path());
        let mut kernel = Self::start_at(folder.path(), &info, &path, flags).await;
        kernel._folder = Some(folder);
        kernel
    }

    async fn start_at(folder: &Path, info: &ConnectionInfo, path: &str, flags: &[&str]) -> Self {
        let child = spawn(folder, path, flags);
        let client = soon(Client::connect(info)).await;
        Self { child, client, _folder: None }
    }
}

struct Client {
    shell: ClientShellConnection,
    control: ClientControlConnection,
    stdin: ClientStdinConnection,
    iopub: ClientIoPubConnection,
}

/// What came of a cell.
struct Ran {
    reply: ExecuteReply,
    /// Type and content of all that was published for it, between busy and idle.
    published: Vec<JupyterMessageContent>,
}

impl Ran {
    fn stream(&self, name: &str) -> String {
        let texts = self.published.iter().filter_map(|content| match content {
            JupyterMessageContent::StreamContent(stream) if format!("{:?}", stream.name).to_lowercase() == name => {
                Some(stream.text.as_str())
            }
            _ => None,
        });
        texts.collect()
    }

    /// The text of the value.
    fn result(&self) -> Option<String> {
        self.published.iter().find_map(|content| match content {
            JupyterMessageContent::ExecuteResult(result) => plain(&result.data),
            _ => None,
        })
    }

    /// What was published, in order, by type; text and displays with what they show.
    fn story(&self) -> Vec<String> {
        let story = self.published.iter().map(|content| match content {
            JupyterMessageContent::StreamContent(stream) => format!("{:?} {}", stream.name, stream.text.trim_end()),
            JupyterMessageContent::DisplayData(display) => {
                format!("display {}", plain(&display.data).unwrap_or_default())
            }
            JupyterMessageContent::UpdateDisplayData(display) => {
                format!("update {}", plain(&display.data).unwrap_or_default())
            }
            other => other.message_type().to_string(),
        });
        story.collect()
    }

    fn traceback(&self) -> String {
        self.reply.error.as_ref().map(|error| error.traceback.join("\n")).unwrap_or_default()
    }
}

fn plain(media: &Media) -> Option<String> {
    media.content.iter().find_map(|content| match content {
        MediaType::Plain(text) => Some(text.clone()),
        _ => None,
    })
}

fn request(code: &str) -> ExecuteRequest {
    ExecuteRequest::new(code.into())
}

impl Client {
    /// Connects, and waits until what the kernel publishes is heard.
    async fn connect(info: &ConnectionInfo) -> Self {
        let session = format!("test-{}", info.shell_port);
        let identity = peer_identity_for_session(&session).expect("an identity");
        let shell = create_client_shell_connection_with_identity(info, &session, identity.clone()).await;
        let stdin = create_client_stdin_connection_with_identity(info, &session, identity).await;
        let mut client = Self {
            shell: shell.expect("the shell"),
            control: create_client_control_connection(info, &session).await.expect("control"),
            stdin: stdin.expect("stdin"),
            iopub: create_client_iopub_connection(info, "", &session).await.expect("iopub"),
        };
        loop {
            client.ask(KernelInfoRequest {}).await;
            let heard = timeout(Duration::from_millis(100), client.iopub.read()).await;
            if heard.is_ok() {
                while timeout(Duration::from_millis(100), client.iopub.read()).await.is_ok() {}
                return client;
            }
        }
    }

    /// Sends a request on the shell, and gives the answer's content.
    async fn ask(&mut self, request: impl Into<JupyterMessage>) -> JupyterMessageContent {
        let request = request.into();
        let id = request.header.msg_id.clone();
        self.shell.send(request).await.expect("sent");
        self.answer(&id).await
    }

    async fn answer(&mut self, id: &str) -> JupyterMessageContent {
        loop {
            let reply = soon(self.shell.read()).await.expect("a reply");
            if reply.parent_header.as_ref().is_some_and(|parent| parent.msg_id == id) {
                return reply.content;
            }
        }
    }

    async fn send(&mut self, request: ExecuteRequest) -> String {
        let request: JupyterMessage = request.into();
        let id = request.header.msg_id.clone();
        self.shell.send(request).await.expect("sent");
        id
    }

    async fn finish(&mut self, id: &str) -> Ran {
        let JupyterMessageContent::ExecuteReply(reply) = self.answer(id).await else { panic!("another reply") };
        let mut published = Vec::new();
        loop {
            let message = soon(self.iopub.read()).await.expect("a message");
            if message.parent_header.as_ref().is_none_or(|parent| parent.msg_id != id) {
                continue;
            }
            match message.content {
                JupyterMessageContent::Status(status) if status.execution_state.as_str() == "idle" => {
                    return Ran { reply, published };
                }
                JupyterMessageContent::Status(_) => {}
                content => published.push(content),
            }
        }
    }

    async fn execute(&mut self, code: &str) -> Ran {
        let id = self.send(request(code)).await;
        self.finish(&id).await
    }

    /// Waits until the kernel says that it works on a request.
    async fn wait_for_busy(&mut self, id: &str) {
        loop {
            let message = soon(self.iopub.read()).await.expect("a message");
            let is_of_it = message.parent_header.as_ref().is_some_and(|parent| parent.msg_id == id);
            if let JupyterMessageContent::Status(status) = &message.content
                && is_of_it
                && status.execution_state.as_str() == "busy"
            {
                return;
            }
        }
    }

    /// Waits for a text on standard output of the cell that runs.
    async fn wait_for(&mut self, text: &str) {
        loop {
            let message = soon(self.iopub.read()).await.expect("a message");
            if matches!(&message.content, JupyterMessageContent::StreamContent(stream) if stream.text.contains(text)) {
                return;
            }
        }
    }

    /// Waits for a text in something displayed by the cell that runs.
    async fn wait_for_display(&mut self, text: &str) {
        loop {
            let message = soon(self.iopub.read()).await.expect("a message");
            let shown = match &message.content {
                JupyterMessageContent::DisplayData(display) => plain(&display.data),
                JupyterMessageContent::UpdateDisplayData(display) => plain(&display.data),
                _ => None,
            };
            if shown.is_some_and(|shown| shown.contains(text)) {
                return;
            }
        }
    }

    async fn interrupt(&mut self) {
        self.control.send(InterruptRequest {}.into()).await.expect("sent");
        let reply = soon(self.control.read()).await.expect("a reply");
        assert!(matches!(reply.content, JupyterMessageContent::InterruptReply(_)));
    }
}

#[test]
fn cells_show_values_text_and_displays_in_order_and_state_stays() {
    run(async {
        let mut kernel = Kernel::start().await;
        let client = &mut kernel.client;
        let JupyterMessageContent::KernelInfoReply(info) = client.ask(KernelInfoRequest {}).await else {
            panic!("another reply");
        };
        assert_eq!((info.language_info.name.as_str(), info.implementation.as_str()), ("rhai", "sinew"));
        assert_eq!(client.execute("let x = 1 + 2; x").await.result().as_deref(), Some("3"));
        let ran = client.execute("fn twice(a) { 2 * a }\nlet y = twice(x);").await;
        assert_eq!((ran.reply.execution_count.value(), ran.result()), (2, None));
        let ran = client.execute("print(\"a\"); display(y); print(\"b\"); warn(\"careful\"); display(7); y + 1").await;
        let expected = [
            "execute_input",
            "Stdout a",
            "display 6",
            "Stdout b",
            "Stderr warning: careful",
            "display 7",
            "execute_result",
        ];
        assert_eq!(ran.story(), expected);
        // What is replaced or cleared before it is sent is not sent at all.
        let code = "display(1, #{ id: \"a\" }); sleep(0.5); display(2, #{ id: \"a\" }); emit(3); sleep(0.5);\
                    clear_output(true); print(4)";
        let story = client.execute(code).await.story();
        assert_eq!(story, ["execute_input", "display 1", "update 2", "display 3", "clear_output", "Stdout 4"]);
        let expressions = HashMap::from([("z".to_string(), "y * 10".to_string())]);
        let id =
            client.send(ExecuteRequest { user_expressions: Some(expressions), silent: true, ..request("y") }).await;
        let ran = client.finish(&id).await;
        assert!(ran.published.is_empty() && ran.reply.status == ReplyStatus::Ok);
        assert!(format!("{:?}", ran.reply.user_expressions).contains("60"));
    });
}

#[test]
fn a_loop_of_updates_costs_little_and_its_last_state_arrives() {
    run(async {
        let mut kernel = Kernel::start().await;
        let client = &mut kernel.client;
        let ran = client.execute("for i in 0..20000 { display(i, #{ id: \"a\" }); }").await;
        let story = ran.story();
        assert!(story.len() < 2000, "{} messages", story.len());
        assert!(story.last().is_some_and(|last| last.ends_with(" 19999")), "{:?}", story.last());
        let code = "for i in 0..20000 { clear_output(true); print(`step ${i}`); display(i); }";
        let ran = client.execute(code).await;
        let story = ran.story();
        assert!(story.len() < 2000 && ran.stream("stderr").is_empty(), "{} messages", story.len());
        let page = story.rsplit(|what| what == "clear_output").next().expect("a page");
        assert_eq!(page, ["Stdout step 19999", "display 19999"]);
    });
}

#[test]
fn a_silent_cell_shows_nothing_and_a_cell_that_is_not_stored_has_no_number() {
    run(async {
        let mut kernel = Kernel::start().await;
        let client = &mut kernel.client;
        let before = client.execute("let x = 1; x").await.reply.execution_count.value();
        let shows = "x = 2; print(1); display(2, #{ id: \"a\" }); warn(\"w\"); clear_output(); emit(3); 4";
        for (code, status) in [(shows, ReplyStatus::Ok), ("x = 3; print(1); throw \"no\"", ReplyStatus::Error)] {
            let id = client.send(ExecuteRequest { silent: true, ..request(code) }).await;
            let ran = client.finish(&id).await;
            assert!(ran.published.is_empty(), "{:?}", ran.story());
            assert_eq!((ran.reply.status.clone(), ran.reply.execution_count.value()), (status, before), "{code}");
            assert_eq!(ran.traceback().contains("no"), ran.reply.status == ReplyStatus::Error);
        }
        let id = client.send(ExecuteRequest { store_history: false, ..request("x") }).await;
        let ran = client.finish(&id).await;
        assert_eq!((ran.result().as_deref(), ran.reply.execution_count.value()), (Some("3"), before));
        assert_eq!(client.execute("x").await.reply.execution_count.value(), before + 1);
        let tail = HistoryRequest::Tail { n: 9, output: false, raw: true };
        let JupyterMessageContent::HistoryReply(reply) = client.ask(tail).await else { panic!("another reply") };
        assert_eq!(reply.history.len(), 2);
    });
}

#[test]
fn requests_that_are_wrong_are_refused_by_name_and_other_messages_have_no_answer() {
    run(async {
        let unknown = |kind: &str| UnknownMessage { msg_type: kind.into(), content: json!({ "code": 5 }) };
        let mut kernel = Kernel::start().await;
        let client = &mut kernel.client;
        let count = client.execute("1").await.reply.execution_count;
        let JupyterMessageContent::ExecuteReply(reply) = client.ask(unknown("execute_request")).await else {
            panic!("another reply");
        };
        assert_eq!((reply.status, reply.execution_count), (ReplyStatus::Error, count));
        let error = reply.error.expect("an error");
        assert_eq!(error.ename, "E005 usage");
        assert!(error.evalue.starts_with("'code' of execute_request is wrong: invalid type"), "{}", error.evalue);
        let JupyterMessageContent::UnknownMessage(reply) = client.ask(unknown("nonsense_request")).await else {
            panic!("another reply");
        };
        assert_eq!((reply.msg_type.as_str(), &reply.content["status"]), ("nonsense_reply", &json!("error")));
        client.control.send(unknown("nonsense_request").into()).await.expect("sent");
        let reply = soon(client.control.read()).await.expect("a reply");
        assert_eq!(reply.message_type(), "nonsense_reply");
        for kind in ["nonsense", "comm_open", "stream"] {
            client.shell.send(unknown(kind).into()).await.expect("sent");
            client.control.send(unknown(kind).into()).await.expect("sent");
        }
        client.shell.send(KernelInfoRequest {}.into()).await.expect("sent");
        let reply = soon(client.shell.read()).await.expect("a reply");
        assert_eq!(reply.message_type(), "kernel_info_reply");
        client.interrupt().await;
    });
}

#[test]
fn work_that_is_interrupted_says_where_it_stopped() {
    run(async {
        let mut kernel = Kernel::start().await;
        let client = &mut kernel.client;
        let code = "let path = randn(200, 40, #{ seed: 1 }).graphical_lasso_path(#{ n_lambdas: 10 });\
                    path.select(\"stars\", #{ subsamples: 100000 })";
        let id = client.send(request(code)).await;
        client.wait_for_display("stars [").await;
        client.interrupt().await;
        let ran = client.finish(&id).await;
        assert!(ran.traceback().contains("interrupted"), "{}", ran.traceback());
        let story = ran.story();
        let line = story.iter().rfind(|what| what.starts_with("update ")).expect("a line");
        assert!(line.starts_with("update stars stopped at ") && line.contains("/100000, after "), "{story:?}");
    });
}

#[test]
fn a_quiet_kernel_shows_neither_warnings_nor_progress() {
    run(async {
        let mut kernel = Kernel::start_with(&["--quiet"]).await;
        let ran = kernel.client.execute("warn(\"careful\"); print(1);").await;
        assert_eq!(ran.story(), ["execute_input", "Stdout 1"]);
    });
}

/// Sends a signal until the process has ended.
#[cfg(unix)]
async fn end(child: &mut Child, signal: &str) {
    let begin = Instant::now();
    while child.try_wait().expect("a status").is_none() {
        assert!(begin.elapsed() < Duration::from_secs(20), "the kernel goes on after {signal}");
        let line = format!("kill -{signal} {}", child.id());
        Command::new("sh").args(["-c", &line]).status().expect("a shell");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[cfg(unix)]
#[test]
fn sockets_in_folders_go_with_the_kernel_and_those_of_the_dead_are_replaced() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let (tcp, _) = connection(folder.path());
        let ip = folder.path().join("kernel").display().to_string();
        let info = ConnectionInfo {
            ip,
            transport: Transport::IPC,
            shell_port: 1,
            iopub_port: 2,
            stdin_port: 3,
            control_port: 4,
            hb_port: 5,
            ..tcp
        };
        let path = write_connection(folder.path(), &info);
        let sockets = || (1..=5).filter(|i| folder.path().join(format!("kernel-{i}")).exists()).count();
        for (signal, left) in [("KILL", 5), ("TERM", 0), ("INT", 0)] {
            let mut kernel = Kernel::start_at(folder.path(), &info, &path, &[]).await;
            assert_eq!(kernel.client.execute("1 + 1").await.result().as_deref(), Some("2"));
            assert_eq!(sockets(), 5);
            kernel.client.send(request("loop {}")).await;
            end(&mut kernel.child, signal).await;
            assert_eq!(sockets(), left, "after {signal}");
        }
        let mut kernel = Kernel::start_at(folder.path(), &info, &path, &[]).await;
        kernel.client.ask(ShutdownRequest { restart: false }).await;
        soon(async {
            while kernel.child.try_wait().expect("a status").is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        assert_eq!(sockets(), 0, "after a request");
    });
}

#[test]
fn an_error_names_cell_line_and_hint_and_everything_set_before_stays() {
    run(async {
        let mut kernel = Kernel::start().await;
        let client = &mut kernel.client;
        client.execute("fn f(x) {\n  x.graphical_lasso(#{ lamda: 0.1 })\n}").await;
        let ran = client.execute("let kept = 5;\nf(randn(20, 3))").await;
        assert_eq!(ran.reply.status, ReplyStatus::Error);
        let text = ran.traceback();
        assert!(text.contains("In[1]:2:") && text.contains("did you mean 'lambda'"), "{text}");
        assert!(text.contains("in call to 'f' at line 2 of In[2]"), "{text}");
        assert!(ran.story().contains(&"error".to_string()));
        assert_eq!(client.execute("kept").await.result().as_deref(), Some("5"));
        let ran = client.execute("let a =").await;
        assert!(ran.traceback().contains("In[4]:1:"), "{}", ran.traceback());
        // What was sent together with a cell that fails does not run; what comes later does.
        let first = client.send(request("let i = 0; while i < 200000 { i += 1; }\nthrow \"no\"")).await;
        let second = client.send(request("print(\"never\")")).await;
        assert_eq!(client.finish(&first).await.reply.status, ReplyStatus::Error);
        let second = client.finish(&second).await;
        assert_eq!((second.reply.status.clone(), second.stream("stdout")), (ReplyStatus::Aborted, String::new()));
        assert_eq!(client.execute("1").await.result().as_deref(), Some("1"));
    });
}

#[test]
fn an_interrupt_stops_loops_and_native_methods_and_all_stays() {
    run(async {
        let mut kernel = Kernel::start().await;
        let client = &mut kernel.client;
        let fit = "let x = randn(400, 700, #{ seed: 1 }) + randn(400, 1, #{ seed: 2 }) @ ones(1, 700) * 3;\
                   print(\"started\"); x.graphical_lasso(#{ lambda: 0.0005, tol: 1e-13 })";
        for code in ["let kept = 5; print(\"started\"); loop {}", fit] {
            let id = client.send(request(code)).await;
            client.wait_for("started").await;
            tokio::time::sleep(Duration::from_millis(700)).await;
            let interrupted = Instant::now();
            client.interrupt().await;
            let ran = client.finish(&id).await;
            let waited = interrupted.elapsed();
            assert!(ran.traceback().contains("interrupted"), "{}", ran.traceback());
            // The bar is 100 ms on an idle machine; an unoptimised build on a busy one gets some more.
            assert!(waited < Duration::from_secs(1), "{waited:?}");
            println!("interrupt to reply: {waited:?}");
        }
        assert_eq!(client.execute("kept + x.cols").await.result().as_deref(), Some("705"));
    });
}

#[test]
fn no_interrupt_is_lost_and_none_stops_another_cell() {
    run(async {
        let mut kernel = Kernel::start().await;
        let client = &mut kernel.client;
        for _ in 0..20 {
            // While nothing runs, it is of no cell; once the kernel is busy, of the one that it is busy with.
            client.interrupt().await;
            assert_eq!(client.execute("1 + 1").await.result().as_deref(), Some("2"));
            let id = client.send(request("loop {}")).await;
            client.wait_for_busy(&id).await;
            client.interrupt().await;
            let ran = client.finish(&id).await;
            assert!(ran.traceback().contains("interrupted"), "{}", ran.traceback());
        }
        let expressions = HashMap::from([("a".to_string(), "print(\"started\"); loop {}".to_string())]);
        let id = client.send(ExecuteRequest { user_expressions: Some(expressions), ..request("let x = 1;") }).await;
        client.wait_for("started").await;
        client.interrupt().await;
        let ran = client.finish(&id).await;
        assert_eq!(ran.reply.status, ReplyStatus::Ok);
        let expressions = format!("{:?}", ran.reply.user_expressions);
        assert!(expressions.contains("interrupted"), "{expressions}");
    });
}

#[test]
fn sleep_hears_an_interrupt() {
    run(async {
        let mut kernel = Kernel::start().await;
        let client = &mut kernel.client;
        let id = client.send(request("print(\"started\"); sleep(600); print(\"awake\")")).await;
        client.wait_for("started").await;
        client.interrupt().await;
        let ran = client.finish(&id).await;
        assert!(ran.traceback().contains("interrupted"), "{}", ran.traceback());
        assert!(!ran.stream("stdout").contains("awake"));
    });
}

#[test]
fn completion_inspection_and_history_answer() {
    run(async {
        let mut kernel = Kernel::start().await;
        let client = &mut kernel.client;
        client.execute("let data = example(\"sachs\");").await;
        let code = "/* é */ data.graphical_lasso(#{ lam".to_string();
        let cursor_pos = code.chars().count();
        let JupyterMessageContent::CompleteReply(reply) =
            client.ask(CompleteRequest { code: code.clone(), cursor_pos }).await
        else {
            panic!("another reply");
        };
        assert!(reply.matches.contains(&"lambda".to_string()), "{:?}", reply.matches);
        assert_eq!((reply.cursor_start, reply.cursor_end), (cursor_pos - 3, cursor_pos));
        let inspect = InspectRequest { code, cursor_pos, detail_level: Some(0) };
        let JupyterMessageContent::InspectReply(reply) = client.ask(inspect).await else { panic!("another reply") };
        assert!(reply.found && plain(&reply.data).is_some_and(|text| text.contains("x.graphical_lasso(")));
        for (code, expected) in [
            ("1 + 1", IsCompleteReplyStatus::Complete),
            ("fn f(a) {", IsCompleteReplyStatus::Incomplete),
            ("if unknown {\n  1", IsCompleteReplyStatus::Incomplete),
            ("let x = unknown +", IsCompleteReplyStatus::Incomplete),
            ("let = )", IsCompleteReplyStatus::Invalid),
        ] {
            let reply = client.ask(IsCompleteRequest { code: code.into() }).await;
            let JupyterMessageContent::IsCompleteReply(reply) = reply else { panic!("another reply") };
            assert_eq!(reply.status, expected, "{code}");
        }
        let tail = HistoryRequest::Tail { n: 5, output: false, raw: true };
        let JupyterMessageContent::HistoryReply(reply) = client.ask(tail).await else { panic!("another reply") };
        assert_eq!(reply.history.len(), 1);
        let reply = client.ask(CommInfoRequest { target_name: None }).await;
        assert!(matches!(reply, JupyterMessageContent::CommInfoReply(reply) if reply.comms.is_empty()));
    });
}

#[test]
fn a_cell_asks_where_the_client_lets_it() {
    run(async {
        let mut kernel = Kernel::start().await;
        let client = &mut kernel.client;
        let ran = client.execute("input(\"Name: \")").await;
        assert!(ran.traceback().contains("takes no input"), "{}", ran.traceback());
        let id = client.send(ExecuteRequest { allow_stdin: true, ..request("\"hello \" + input(\"Name: \")") }).await;
        let question = soon(client.stdin.read()).await.expect("a question");
        assert!(matches!(&question.content, JupyterMessageContent::InputRequest(asked) if asked.prompt == "Name: "));
        client.stdin.send(InputReply { value: "you".into(), ..InputReply::default() }.into()).await.expect("sent");
        assert_eq!(client.finish(&id).await.result().as_deref(), Some("hello you"));
    });
}

#[test]
fn a_late_answer_is_none_to_the_next_question() {
    run(async {
        let mut kernel = Kernel::start().await;
        let client = &mut kernel.client;
        let asking = |code: &str| ExecuteRequest { allow_stdin: true, ..request(code) };
        let answer = |value: &str, question: &JupyterMessage| {
            JupyterMessage::new(InputReply { value: value.into(), ..InputReply::default() }, Some(question))
        };
        let first = client.send(asking("input(\"one\")")).await;
        let given_up = soon(client.stdin.read()).await.expect("a question");
        client.interrupt().await;
        let ran = client.finish(&first).await;
        assert!(ran.traceback().contains("interrupted"), "{}", ran.traceback());
        // One answer comes before the next question, one behind it.
        client.stdin.send(answer("late", &given_up)).await.expect("sent");
        let second = client.send(asking("input(\"two\")")).await;
        let question = soon(client.stdin.read()).await.expect("a question");
        client.stdin.send(answer("later", &given_up)).await.expect("sent");
        client.stdin.send(answer("right", &question)).await.expect("sent");
        assert_eq!(client.finish(&second).await.result().as_deref(), Some("right"));
    });
}

#[test]
fn a_very_long_error_is_cut() {
    run(async {
        let mut kernel = Kernel::start().await;
        let ran = kernel.client.execute("let s = \"\"; s.pad(1000000, \"x\"); throw s").await;
        let error = ran.reply.error.as_ref().expect("an error");
        assert!(error.evalue.ends_with("(cut)") && error.evalue.len() < 11_000, "{}", error.evalue.len());
        assert!(ran.traceback().len() < 11_000, "{}", ran.traceback().len());
    });
}

#[test]
fn much_output_arrives_in_order_and_far_too_much_is_cut() {
    run(async {
        let mut kernel = Kernel::start().await;
        let client = &mut kernel.client;
        let ran = client.execute("for i in 0..5000 { print(i); }").await;
        let expected: String = (0..5000).map(|i| format!("{i}\n")).collect();
        assert!(ran.stream("stdout") == expected);
        assert!(ran.published.len() < 200, "{} messages", ran.published.len());
        let ran = client.execute("let line = \"x\"; line.pad(1000000, \"y\"); for i in 0..50 { print(line); }").await;
        assert_eq!(ran.reply.status, ReplyStatus::Ok, "{}", ran.traceback());
        assert_eq!(ran.stream("stdout").len(), 2_000_000);
        assert!(ran.stream("stderr").contains("the rest is left out"));
        assert_eq!(client.execute("1").await.result().as_deref(), Some("1"));
    });
}

#[test]
fn a_cell_comes_back_fast_and_two_kernels_do_not_disturb_each_other() {
    run(async {
        let (mut one, mut other) = (Kernel::start().await, Kernel::start().await);
        one.client.execute("let x = 1;").await;
        assert_eq!(other.client.execute("x").await.reply.status, ReplyStatus::Error);
        let mut times = Vec::new();
        for i in 0..200 {
            let begin = Instant::now();
            assert_eq!(one.client.execute(&format!("x + {i}")).await.reply.status, ReplyStatus::Ok);
            times.push(begin.elapsed());
        }
        times.sort();
        println!("a cell and back: median {:?}", times[100]);
        // The bar is 2 ms on an idle machine in an optimised build.
        assert!(times[100] < Duration::from_millis(20), "{:?}", times[100]);
        let reply = one.client.ask(ShutdownRequest { restart: false }).await;
        assert!(matches!(reply, JupyterMessageContent::ShutdownReply(_)));
        let begin = Instant::now();
        while one.child.try_wait().expect("a status").is_none() {
            assert!(begin.elapsed() < Duration::from_secs(5), "the kernel goes on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(other.client.execute("1 + 1").await.result().as_deref(), Some("2"));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn the_kernel_goes_with_its_parent_also_in_the_middle_of_a_cell() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let (info, path) = connection(folder.path());
        let line = format!("JPY_PARENT_PID=$$ '{}' kernel start -f '{path}' & wait", env!("CARGO_BIN_EXE_sinew"));
        let mut parent = Command::new("sh").args(["-c", &line]).spawn().expect("a shell");
        let mut client = soon(Client::connect(&info)).await;
        client.send(request("loop {}")).await;
        parent.kill().expect("a signal");
        parent.wait().expect("the end");
        let begin = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", info.shell_port)).is_ok() {
            assert!(begin.elapsed() < Duration::from_secs(5), "the kernel goes on without its parent");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_wrong_connection_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("no.json").display().to_string();
    for content in [None, Some("{}"), Some("text")] {
        if let Some(content) = content {
            std::fs::write(&path, content).expect("a file");
        }
        let output = program().args(["kernel", "start", "-f", &path]).output().expect("the program");
        assert_eq!(output.status.code(), Some(2), "{content:?}");
        let message = text(&output.stderr);
        assert!(message.contains("no.json' is not a connection file") && message.contains("help:"), "{message}");
    }
}
