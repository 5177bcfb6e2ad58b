//! Requests of clients, one after another: cells and all that asks about the session.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use jupyter_protocol::{
    CommClose, CommOpen, ErrorOutput, ExecuteInput, ExecuteReply, ExecuteRequest, ExecutionCount, JupyterMessage,
    JupyterMessageContent, ReplyStatus, ShutdownReply, Status,
};
use jupyter_zmq_client::RouterSendConnection;
use tokio::sync::mpsc::UnboundedReceiver;

use super::cell::{Cell, Outcome};
use super::connection::child;
use super::history::History;
use super::requests::{comm_info, complete, inspect, is_complete, kernel_info, refusal, refused};
use super::server::Kernel;
use crate::error::Result;
use crate::script::Session;

/// How long a cell that failed waits for the cells that were sent together with it.
const GATHER: Duration = Duration::from_millis(10);

/// The requests of clients, and what the kernel knows of them.
pub struct Shell {
    kernel: Arc<Kernel>,
    requests: UnboundedReceiver<JupyterMessage>,
    replies: RouterSendConnection,
    /// What stood behind a cell that failed: cells among it do not run.
    behind: VecDeque<JupyterMessage>,
    count: usize,
    history: History,
}

impl Shell {
    pub fn new(
        kernel: Arc<Kernel>,
        requests: UnboundedReceiver<JupyterMessage>,
        replies: RouterSendConnection,
    ) -> Self {
        Self { kernel, requests, replies, behind: VecDeque::new(), count: 0, history: History::default() }
    }

    /// Answers until a client shuts the kernel down.
    pub async fn run(mut self) {
        loop {
            let flow = match self.behind.pop_front() {
                Some(request) if matches!(request.content, JupyterMessageContent::ExecuteRequest(_)) => {
                    self.abort(&request).await
                }
                Some(request) => self.take(request).await,
                None => match self.requests.recv().await {
                    Some(request) => self.take(request).await,
                    None => return,
                },
            };
            if flow.is_break() {
                return;
            }
        }
    }

    /// Answers one request.
    async fn take(&mut self, request: JupyterMessage) -> ControlFlow<()> {
        let request = Arc::new(request);
        if matches!(request.content, JupyterMessageContent::ExecuteRequest(_)) {
            // Before anybody hears of it, so that no interrupt of this cell is lost.
            self.kernel.begin();
        }
        self.kernel.output.status(Status::busy(), Some(&request));
        if let Some(reply) = self.answer(&request).await {
            self.reply(&request, reply).await;
        }
        self.kernel.output.status(Status::idle(), Some(&request));
        match request.content {
            JupyterMessageContent::ShutdownRequest(_) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    /// The cells behind one that failed do not run.
    async fn abort(&mut self, request: &JupyterMessage) -> ControlFlow<()> {
        self.kernel.output.status(Status::busy(), Some(request));
        let reply = ExecuteReply { status: ReplyStatus::Aborted, ..self.execute_reply() };
        self.reply(request, reply).await;
        self.kernel.output.status(Status::idle(), Some(request));
        ControlFlow::Continue(())
    }

    async fn reply(&mut self, request: &JupyterMessage, content: impl Into<JupyterMessageContent>) {
        self.kernel.output.flush();
        // A client that has gone away needs no answer.
        let _ = self.replies.send(child(content, Some(request))).await;
    }

    async fn answer(&mut self, message: &Arc<JupyterMessage>) -> Option<JupyterMessageContent> {
        let reply: Result<JupyterMessageContent> = match &message.content {
            JupyterMessageContent::ExecuteRequest(request) => Ok(self.execute(message, request).await.into()),
            JupyterMessageContent::KernelInfoRequest(_) => Ok(kernel_info().into()),
            JupyterMessageContent::CompleteRequest(request) => {
                let request = request.clone();
                self.ask(move |session| complete(session, &request).into()).await
            }
            JupyterMessageContent::InspectRequest(request) => {
                let request = request.clone();
                self.ask(move |session| inspect(session, &request).into()).await
            }
            JupyterMessageContent::IsCompleteRequest(request) => {
                let request = request.clone();
                self.ask(move |session| is_complete(session, &request).into()).await
            }
            JupyterMessageContent::HistoryRequest(request) => Ok(self.history.find(request).into()),
            JupyterMessageContent::CommInfoRequest(_) => Ok(comm_info().into()),
            JupyterMessageContent::ShutdownRequest(request) => {
                self.kernel.interrupt();
                Ok(ShutdownReply { restart: request.restart, ..ShutdownReply::default() }.into())
            }
            JupyterMessageContent::CommOpen(comm) => {
                self.close(message, comm);
                return None;
            }
            // These have no answer.
            JupyterMessageContent::CommClose(_) | JupyterMessageContent::CommMsg(_) => return None,
            _ => return refused(message, self.count),
        };
        Some(reply.unwrap_or_else(|error| refusal(message.message_type(), &error)))
    }

    /// Asks the session, where it lives.
    async fn ask(
        &self,
        question: impl FnOnce(&mut Session) -> JupyterMessageContent + Send + 'static,
    ) -> Result<JupyterMessageContent> {
        self.kernel.worker.call(question).await
    }

    /// There is nothing here that a widget could talk to.
    fn close(&self, message: &JupyterMessage, comm: &CommOpen) {
        let close = CommClose { comm_id: comm.comm_id.clone(), data: serde_json::Map::new() };
        self.kernel.output.publish_for(close, message);
    }

    async fn execute(&mut self, message: &Arc<JupyterMessage>, request: &ExecuteRequest) -> ExecuteReply {
        let is_stored = request.store_history && !request.silent && !request.code.trim().is_empty();
        self.count += usize::from(is_stored);
        let cell = Cell {
            code: request.code.clone(),
            count: self.count,
            is_silent: request.silent,
            expressions: request.user_expressions.clone().unwrap_or_default(),
        };
        let outcome = self.run_cell(message, request, &cell).await;
        if is_stored {
            self.history.push(self.count, &cell.code, outcome.shown);
        }
        let reply = ExecuteReply {
            payload: outcome.payload,
            user_expressions: Some(outcome.expressions),
            ..self.execute_reply()
        };
        let Some(error) = outcome.error else { return reply };
        if request.stop_on_error {
            // Before the answer is sent: what the client sends after it is no longer of these.
            tokio::time::sleep(GATHER).await;
            while let Ok(request) = self.requests.try_recv() {
                self.behind.push_back(request);
            }
        }
        ExecuteReply { status: ReplyStatus::Error, error: Some(Box::new(error)), ..reply }
    }

    /// Runs a cell where the session lives; what it shows goes out meanwhile.
    async fn run_cell(&self, message: &Arc<JupyterMessage>, request: &ExecuteRequest, cell: &Cell) -> Outcome {
        let output = &self.kernel.output;
        output.begin(Arc::clone(message));
        self.kernel.questions.begin(request.allow_stdin.then(|| Arc::clone(message)));
        output.publish(ExecuteInput { code: cell.code.clone(), execution_count: ExecutionCount::new(cell.count) });
        let (own, shown_by) = (cell.clone(), Arc::clone(output));
        let outcome = self.kernel.worker.call(move |session| own.run(session, &shown_by)).await;
        let outcome = outcome.unwrap_or_else(|error| cell.failed(error));
        self.kernel.questions.begin(None);
        self.kernel.progress.end();
        if let Some(error) = outcome.error.clone() {
            let (ename, evalue, traceback) = (error.ename, error.evalue, error.traceback);
            output.publish(ErrorOutput { ename, evalue, traceback });
        }
        outcome
    }

    /// What every answer to a cell has. Clients insist on the map of expressions, also where it is empty.
    fn execute_reply(&self) -> ExecuteReply {
        let execution_count = ExecutionCount::new(self.count);
        ExecuteReply { execution_count, user_expressions: Some(Default::default()), ..ExecuteReply::default() }
    }
}
