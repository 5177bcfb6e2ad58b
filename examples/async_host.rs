//! A host on tokio: scripts run on threads of their own, several at once, and one that takes too long for its caller is
//! stopped. `cargo run --example async_host`

use std::time::Duration;

use sinew::ErrorKind;
use sinew::context::CancelHandle;
use sinew::script::{Sandbox, ScriptError, Session, SessionOptions};
use tokio::time::timeout;

/// Stops the script when nobody waits for it any more: when the future that holds this is dropped.
struct Stop(CancelHandle);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Runs a script without blocking the threads on which tasks wait.
async fn run(script: &'static str) -> Result<sinew::Value, ScriptError> {
    let cancel = CancelHandle::default();
    let _stop = Stop(cancel.clone());
    let work = move || {
        let options = SessionOptions::default().sandbox(Sandbox::new().threads(1)).seed(1).cancel(cancel);
        Session::new(options).eval(script)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(broken) => Err(ScriptError::outside(sinew::Error::internal(broken.to_string()), "task")),
    }
}

async fn host() -> Result<(), Box<dyn std::error::Error>> {
    let (edges, mean) =
        tokio::join!(run("random_graph(\"hub\", #{ nodes: 30 }).n_edges"), run("let x = randn(1000, 3); x.mean()"));
    println!("edges: {}, mean: {}", edges?, mean?);

    // The caller's patience ends before the sandbox's.
    let impatient = timeout(Duration::from_millis(50), run("loop { }")).await;
    println!("the caller has gone: {}", impatient.is_err());

    // What a session holds stays usable after a stop.
    let mut session = Session::sandboxed();
    let stop = session.cancel_handle();
    let (session, error) = tokio::task::spawn_blocking(move || {
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            stop.cancel();
        });
        let error = session.eval("let kept = 1; loop { }").err();
        (session, error)
    })
    .await?;
    assert_eq!(error.map(|error| error.error.kind()), Some(ErrorKind::Cancelled));
    println!("kept: {}", session.get::<i64>("kept")?);
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Functions of scripts call each other deeply: tokio's threads have less stack than a program's first.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().thread_stack_size(8 << 20).build()?;
    runtime.block_on(host())
}
