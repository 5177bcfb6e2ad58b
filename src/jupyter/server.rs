//! The kernel from its start to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jupyter_protocol::{ConnectionInfo, InterruptReply, JupyterMessage, JupyterMessageContent, ShutdownReply, Status};
use jupyter_zmq_client::{KernelControlConnection, RouterRecvConnection};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::cell::shown;
use super::connection::{Sockets, beat, bind, child, publish, read, receive};
use super::output::{Output, Stream};
use super::parent;
use super::progress::ProgressLine;
use super::questions::Questions;
use super::requests::{kernel_info, refused};
use super::shell::Shell;
use super::socket_files::SocketFiles;
use super::worker::Worker;
use crate::context::{CancelHandle, Context};
use crate::error::{Error, Result};
use crate::notebook;
use crate::script::SessionOptions;
use crate::value::Value;

/// How long the last messages may take to leave.
const FAREWELL: Duration = Duration::from_millis(100);

/// Two interrupts from the terminal within this time end the kernel.
const TWICE: Duration = Duration::from_secs(1);

/// What the parts of a kernel share.
#[derive(Debug)]
pub struct Kernel {
    pub output: Arc<Output>,
    pub questions: Arc<Questions>,
    pub progress: Arc<ProgressLine>,
    pub worker: Worker,
    cancel: CancelHandle,
}

impl Kernel {
    /// Stops what runs; all that was set before stays.
    pub fn interrupt(&self) {
        self.cancel.cancel();
    }

    /// A cell begins, with all that belongs to it: earlier interrupts were not of it, later ones are.
    pub fn begin(&self) {
        self.cancel.reset();
    }
}

/// Serves clients until one shuts the kernel down, the system or a person at its terminal asks it to end, or the
/// process that started it is gone. A quiet one shows neither warnings nor progress.
///
/// # Errors
/// A connection file that cannot be used, an address that is taken.
pub fn serve(connection_file: &str, options: SessionOptions, is_quiet: bool) -> Result<()> {
    let info = read(connection_file)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal(format!("cannot start the kernel: {error}")))?;
    let mut files = SocketFiles::default();
    let served = runtime.block_on(run(&info, &mut files, options, is_quiet));
    // What still runs, runs on a thread of its own, and ends with the process.
    runtime.shutdown_background();
    served
}

async fn run(info: &ConnectionInfo, files: &mut SocketFiles, options: SessionOptions, is_quiet: bool) -> Result<()> {
    // Listens before there are sockets that would be left behind.
    let terminated = terminated();
    let Sockets { shell, control, stdin, iopub, heartbeat } = bind(info, files).await?;
    let (output, published) = Output::new();
    let (questions, desk) = Questions::new();
    let kernel = Arc::new(kernel(Arc::new(output), Arc::new(questions), options, is_quiet)?);
    tokio::spawn(beat(heartbeat));
    tokio::spawn(publish(iopub, published));
    tokio::spawn(desk.run(stdin));
    let output = Arc::clone(&kernel.output);
    tokio::spawn(async move { output.flush_in_time().await });
    kernel.output.status(Status::starting(), None);
    let (replies, incoming) = shell.split();
    let (sender, requests) = unbounded_channel();
    // Read at once, so that the kernel knows what stands behind the cell that runs.
    tokio::spawn(collect(incoming, sender));
    tokio::select! {
        () = Shell::new(Arc::clone(&kernel), requests, replies).run() => {}
        () = serve_control(control, &kernel) => {}
        () = parent::gone() => {}
        () = terminated => {}
        () = hear_interrupts(&kernel) => {}
    }
    kernel.interrupt();
    kernel.progress.end();
    kernel.output.flush();
    tokio::time::sleep(FAREWELL).await;
    Ok(())
}

/// A kernel whose session shows everything in notebooks.
fn kernel(output: Arc<Output>, questions: Arc<Questions>, options: SessionOptions, is_quiet: bool) -> Result<Kernel> {
    let cancel = CancelHandle::default();
    let line = |stream, before: &'static str| {
        let output = Arc::clone(&output);
        move |text: &str| output.write(stream, &format!("{before}{text}\n"))
    };
    let (displays, clears, asks) = (Arc::clone(&output), Arc::clone(&output), Arc::clone(&output));
    let (asked, interrupted) = (Arc::clone(&questions), cancel.clone());
    let showing = Context::new().with_cancel(cancel.clone());
    let progress = Arc::new(ProgressLine::new(Arc::clone(&output)));
    let mut options = SessionOptions {
        print: Some(Arc::new(line(Stream::Output, ""))),
        warn: Some(Arc::new(line(Stream::Error, "warning: "))),
        debug: Some(Arc::new(line(Stream::Error, ""))),
        progress: Some(progress.receiver()),
        display: Some(Arc::new(move |value: &Value, name: Option<&str>| match shown(value, &showing) {
            Ok(bundle) => displays.display(&bundle, name),
            // The script stops by itself.
            Err(error) if error.kind().is_stop() => {}
            Err(error) => displays.display(&notebook::error(&error), name),
        })),
        clear: Some(Arc::new(move |wait: bool| clears.clear(wait))),
        input: Some(Arc::new(move |prompt: &str| {
            asks.flush();
            asked.ask(prompt, || interrupted.is_cancelled())
        })),
        cancel: Some(cancel.clone()),
        ..options
    };
    if is_quiet {
        (options.warn, options.progress) = (None, None);
    }
    let worker = Worker::start(options)?;
    Ok(Kernel { output, questions, progress, worker, cancel })
}

async fn collect(mut incoming: RouterRecvConnection, requests: UnboundedSender<JupyterMessage>) {
    while let Some(request) = receive(&mut incoming).await {
        if requests.send(request).is_err() {
            return;
        }
    }
}

/// Ctrl-C in the terminal stops the cell, as an interrupt in the notebook does; twice at once, it ends the kernel.
async fn hear_interrupts(kernel: &Kernel) {
    let mut earlier: Option<Instant> = None;
    while tokio::signal::ctrl_c().await.is_ok() {
        kernel.interrupt();
        if earlier.replace(Instant::now()).is_some_and(|earlier| earlier.elapsed() < TWICE) {
            return;
        }
    }
    std::future::pending().await
}

/// Ends when the system asks the kernel to end; heard from this call on.
#[cfg(unix)]
fn terminated() -> impl Future<Output = ()> {
    let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    async move {
        match signal {
            Ok(mut signal) => {
                signal.recv().await;
            }
            // Such a system ends it without asking.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Here a kernel is not asked.
#[cfg(not(unix))]
fn terminated() -> impl Future<Output = ()> {
    std::future::pending()
}

/// Requests that do not wait for a cell, until one of them shuts the kernel down.
async fn serve_control(mut control: KernelControlConnection, kernel: &Kernel) {
    while let Some(request) = receive(&mut control).await {
        kernel.output.status(Status::busy(), Some(&request));
        if let Some(reply) = answer(&request, kernel) {
            // A client that has gone away needs no answer.
            let _ = control.send(child(reply, Some(&request))).await;
        }
        kernel.output.status(Status::idle(), Some(&request));
        if matches!(request.content, JupyterMessageContent::ShutdownRequest(_)) {
            return;
        }
    }
    std::future::pending().await
}

/// What is done at once, whatever runs.
fn answer(request: &JupyterMessage, kernel: &Kernel) -> Option<JupyterMessageContent> {
    match &request.content {
        JupyterMessageContent::KernelInfoRequest(_) => Some(kernel_info().into()),
        JupyterMessageContent::InterruptRequest(_) => {
            kernel.interrupt();
            Some(InterruptReply::new().into())
        }
        JupyterMessageContent::ShutdownRequest(shutdown) => {
            kernel.interrupt();
            let reply = ShutdownReply { restart: shutdown.restart, ..ShutdownReply::default() };
            // Whoever else listens learns it too.
            kernel.output.publish_for(reply.clone(), request);
            Some(reply.into())
        }
        _ => refused(request, 0),
    }
}
