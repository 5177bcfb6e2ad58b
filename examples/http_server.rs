//! A service that runs scripts of people it does not know, many at once, each within limits.
//!
//! `cargo run --example http_server` listens on 127.0.0.1:8080; `curl --data 'eye(3).trace' 127.0.0.1:8080/run` asks it.
//! With `--self-test` it takes a free port, asks itself, and ends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use sinew::ErrorKind;
use sinew::context::CancelHandle;
use sinew::script::{Sandbox, Session, SessionOptions};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Scripts that run at once; others wait for them.
const AT_ONCE: usize = 8;
/// Bytes of a script.
const LONGEST: usize = 64 << 10;

/// What a stranger's script may do.
fn sandbox() -> Sandbox {
    Sandbox::new()
        .time(Duration::from_secs(2))
        .memory(256_000_000)
        .operations(10_000_000)
        .output(100_000)
        .threads(1)
        .matrix_size(4_000_000)
        // Other sessions grow in the same process. The service itself runs under a limit of the system's.
        .watch_process(false)
}

/// Stops the script when the client has gone: its request's future is dropped then, and this with it.
struct Stop(CancelHandle);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

type Answer = (StatusCode, Json<serde_json::Value>);

async fn run(State(places): State<Arc<Semaphore>>, script: String) -> Answer {
    let closed = |_| (StatusCode::SERVICE_UNAVAILABLE, Json(serde_json::json!({ "error": "the service ends" })));
    let place = match places.acquire_owned().await {
        Ok(place) => place,
        Err(error) => return closed(error),
    };
    let cancel = CancelHandle::default();
    let _stop = Stop(cancel.clone());
    let work = tokio::task::spawn_blocking(move || {
        // The place is free when the script has ended, not when the client has gone.
        let _place = place;
        evaluate(&script, cancel)
    });
    work.await.unwrap_or_else(|_| {
        // A defect: the script's thread has ended, and the service goes on.
        (StatusCode::INTERNAL_SERVER_ERROR, Json(serde_json::json!({ "error": "internal" })))
    })
}

fn evaluate(script: &str, cancel: CancelHandle) -> Answer {
    let printed = Arc::new(Mutex::new(Vec::<String>::new()));
    let sink = Arc::clone(&printed);
    let options = SessionOptions::default().sandbox(sandbox()).cancel(cancel).on_print(move |line| {
        if let Ok(mut lines) = sink.lock() {
            lines.push(line.to_string());
        }
    });
    let mut session = Session::new(options);
    let result = session.eval(script);
    let printed = printed.lock().map(|lines| lines.clone()).unwrap_or_default();
    match result {
        Ok(value) => {
            let seed = session.seed();
            let json = serde_json::json!({ "value": value, "printed": printed, "seed": seed });
            (StatusCode::OK, Json(json))
        }
        Err(error) => {
            let status = match error.error.kind() {
                ErrorKind::Time | ErrorKind::Memory | ErrorKind::Limit => StatusCode::PAYLOAD_TOO_LARGE,
                ErrorKind::Denied => StatusCode::FORBIDDEN,
                ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::BAD_REQUEST,
            };
            (status, Json(serde_json::json!({ "error": error.to_json(), "printed": printed })))
        }
    }
}

fn service() -> Router {
    Router::new()
        .route("/run", post(run))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(Arc::new(Semaphore::new(AT_ONCE)))
}

/// Asks as any client would: status and body.
fn ask(address: SocketAddr, script: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(stream, "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n")?;
    write!(stream, "Content-Length: {}\r\nConnection: close\r\n\r\n{script}", script.len())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_string()).unwrap_or_default();
    Ok((status, body))
}

/// Honest and hostile clients at once, then one that goes before its answer.
fn test(address: SocketAddr) -> std::io::Result<()> {
    let clients: Vec<_> = (0..24)
        .map(|client| {
            std::thread::spawn(move || match client % 4 {
                0 => (ask(address, "loop { }"), 413, "limit"),
                1 => (ask(address, "read_csv(\"/etc/passwd\")"), 403, "denied"),
                2 => (ask(address, "zeros(100000, 100000)"), 413, "limit"),
                _ => (ask(address, &format!("print(\"hello\"); {client} + 1")), 200, "hello"),
            })
        })
        .collect();
    for client in clients {
        let (answer, expected, part) = client.join().expect("a client");
        let (status, body) = answer?;
        assert!(status == expected && body.contains(part), "{status} {body}");
    }
    drop(TcpStream::connect(address)?);
    let mut gone = TcpStream::connect(address)?;
    write!(gone, "POST /run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\nloop {{ }}")?;
    drop(gone);
    let (status, body) = ask(address, "6 * 7")?;
    assert!(status == 200 && body.contains("42"), "{status} {body}");
    Ok(())
}

async fn serve(is_test: bool) -> std::io::Result<()> {
    let listener = TcpListener::bind(if is_test { "127.0.0.1:0" } else { "127.0.0.1:8080" }).await?;
    let address = listener.local_addr()?;
    println!("http://{address}/run");
    let serving = tokio::spawn(async move { axum::serve(listener, service()).await });
    if !is_test {
        return serving.await?;
    }
    tokio::task::spawn_blocking(move || test(address)).await??;
    serving.abort();
    println!("ok");
    Ok(())
}

fn main() -> std::io::Result<()> {
    let is_test = std::env::args().any(|argument| argument == "--self-test");
    // Functions of scripts call each other deeply: tokio's threads have less stack than a program's first.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(8 << 20).build()?;
    runtime.block_on(serve(is_test))
}
