//! What scripts ask by `input`: questions go to the client of the cell, and the cell waits for the answer.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jupyter_protocol::{InputRequest, JupyterMessage, JupyterMessageContent};
use jupyter_zmq_client::KernelStdinConnection;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::connection::{child, receive};
use crate::error::{Error, ErrorKind, Result};

/// How often a waiting cell looks whether it was interrupted.
const LOOK: Duration = Duration::from_millis(20);

/// What clients answer where a person ends the input instead.
const END: &str = "\u{4}";

/// An answer; `None` where the question reached nobody.
type Answer = Option<String>;

/// Asks the client of the cell that runs.
#[derive(Debug)]
pub struct Questions {
    asked: UnboundedSender<JupyterMessage>,
    answers: Mutex<Receiver<Answer>>,
    /// The request of the cell, if its client takes questions.
    request: Mutex<Option<Arc<JupyterMessage>>>,
    /// The question that waits for its answer, by the id of its message.
    open: Arc<Mutex<Option<String>>>,
}

/// The sockets' side: what was asked, and where answers go.
pub struct Desk {
    asked: UnboundedReceiver<JupyterMessage>,
    answers: Sender<Answer>,
    open: Arc<Mutex<Option<String>>>,
}

impl Questions {
    /// Questions, and what carries them to the client.
    pub fn new() -> (Self, Desk) {
        let (asked, from_cell) = unbounded_channel();
        let (to_cell, answers) = channel();
        let open = Arc::<Mutex<Option<String>>>::default();
        let desk = Desk { asked: from_cell, answers: to_cell, open: Arc::clone(&open) };
        (Self { asked, answers: Mutex::new(answers), request: Mutex::default(), open }, desk)
    }

    /// Questions are of the cell of this request from now on; there can be none where the client takes none.
    pub fn begin(&self, request: Option<Arc<JupyterMessage>>) {
        *lock(&self.request) = request;
    }

    /// Asks, and waits for the answer, or for the interrupt.
    ///
    /// # Errors
    /// A client that takes no questions or is not there, the end of the input, an interrupt.
    pub fn ask(&self, prompt: &str, is_cancelled: impl Fn() -> bool) -> Result<String> {
        // Held until the answer is there: one question at a time.
        let answers = lock(&self.answers);
        let request = lock(&self.request).clone().ok_or_else(|| {
            Error::new(ErrorKind::Denied, "nobody can be asked here: the client that runs this cell takes no input")
                .with_hint("set the value as a variable")
        })?;
        let question = child(InputRequest { prompt: prompt.into(), password: false }, Some(&request));
        {
            // In one step, so that none comes in between: an answer to a question that was given up may have come since.
            let mut open = lock(&self.open);
            while answers.try_recv().is_ok() {}
            *open = Some(question.header.msg_id.clone());
        }
        let gone = || Error::new(ErrorKind::Denied, "the question reached nobody: the client has gone away");
        self.asked.send(question).map_err(|_| gone())?;
        loop {
            match answers.recv_timeout(LOOK) {
                Ok(Some(text)) if text == END => return Err(Error::new(ErrorKind::Denied, "the input has ended")),
                Ok(Some(text)) => return Ok(text),
                Err(RecvTimeoutError::Timeout) if is_cancelled() => {
                    return Err(Error::new(ErrorKind::Cancelled, "interrupted"));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(None) | Err(RecvTimeoutError::Disconnected) => return Err(gone()),
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// Carries questions to the client and answers back, for as long as the kernel lives.
    pub async fn run(self, stdin: KernelStdinConnection) {
        let Self { mut asked, answers, open } = self;
        let (mut sender, mut receiver) = stdin.split();
        let unreached = answers.clone();
        let asking = async {
            while let Some(question) = asked.recv().await {
                if sender.send(question).await.is_err() {
                    let _ = unreached.send(None);
                }
            }
        };
        let answering = async {
            while let Some(message) = receive(&mut receiver).await {
                // Clients may leave out what they answer; an answer to another question is none to this one.
                let answered = message.parent_header.map(|header| header.msg_id).filter(|id| !id.is_empty());
                let open = lock(&open);
                let is_other = answered.is_some() && answered != *open;
                if let JupyterMessageContent::InputReply(reply) = message.content
                    && !is_other
                {
                    let _ = answers.send(Some(reply.value));
                }
            }
        };
        tokio::join!(asking, answering);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jupyter_protocol::ExecuteRequest;

    fn request() -> Option<Arc<JupyterMessage>> {
        Some(Arc::new(ExecuteRequest::new("input()".into()).into()))
    }

    #[test]
    fn without_a_client_that_takes_questions_there_are_none() {
        let (questions, _desk) = Questions::new();
        assert!(questions.ask("?", || false).is_err_and(|error| error.message().contains("takes no input")));
    }

    #[test]
    fn an_answer_comes_back_and_a_late_one_is_forgotten() {
        let (questions, mut desk) = Questions::new();
        questions.begin(request());
        assert!(questions.ask("?", || true).is_err_and(|error| error.kind() == ErrorKind::Cancelled));
        desk.answers.send(Some("late".into())).expect("a cell");
        let client = std::thread::spawn(move || {
            desk.asked.blocking_recv().expect("the question that was given up");
            desk.asked.blocking_recv().expect("a question");
            desk.answers.send(Some("42".into())).expect("a cell");
        });
        assert_eq!(questions.ask("?", || false).as_deref(), Ok("42"));
        client.join().expect("the client");
    }
}
