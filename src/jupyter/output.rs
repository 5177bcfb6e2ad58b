//! What a cell shows: text, displays, its result, its error. One queue for all, so that everything arrives in order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jupyter_protocol::{
    ClearOutput, DisplayData, ExecuteResult, ExecutionCount, JupyterMessage, JupyterMessageContent, Status, Stdio,
    StreamContent, Transient, UpdateDisplayData,
};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use super::connection::child;
use super::page::Page;
use super::pending::{Display, Item};
use crate::notebook::Bundle;

pub use super::page::media;

/// How long what is shown waits for more: a message for each print would be too much for clients, and what is replaced
/// sooner than this is seen by nobody.
const PATIENCE: Duration = Duration::from_millis(30);

/// Bytes that clients take in a second: Jupyter's server drops what comes faster, for a while.
const PACE: f64 = 1e6;

/// Bytes that a message counts for beside those that it carries: the server takes a thousand messages a second.
const MESSAGE: usize = 1000;

/// How long anything waits at most, however much was sent before it.
const LONGEST: Duration = Duration::from_secs(1);

/// Bytes of text in one message at most.
const PIECE: usize = 64 << 10;

/// Which stream a text goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Output,
    Error,
}

/// Where everything goes that a kernel publishes.
#[derive(Debug)]
pub struct Output {
    queue: UnboundedSender<JupyterMessage>,
    waiting: Notify,
    cell: Mutex<Cell>,
}

/// What is known of the cell that runs.
#[derive(Debug, Default)]
struct Cell {
    /// The request that it came with.
    parent: Option<Arc<JupyterMessage>>,
    /// Whether nobody wants to see anything of it.
    is_silent: bool,
    page: Page,
}

impl Output {
    /// The output, and what is to be sent to the clients.
    pub fn new() -> (Self, UnboundedReceiver<JupyterMessage>) {
        let (queue, messages) = unbounded_channel();
        (Self { queue, waiting: Notify::new(), cell: Mutex::default() }, messages)
    }

    /// What follows is of the cell of this request. One that is to run silently shows nothing at all.
    pub fn begin(&self, request: Arc<JupyterMessage>) {
        let mut cell = self.lock();
        self.send_page(&mut cell);
        let is_silent = matches!(&request.content, JupyterMessageContent::ExecuteRequest(execute) if execute.silent);
        *cell = Cell { parent: Some(request), is_silent, page: Page::default() };
    }

    /// Text, sent soon.
    pub fn write(&self, stream: Stream, text: &str) {
        self.show(|cell| cell.page.write(stream, text));
    }

    /// A value; in the place of what was displayed under the name before.
    pub fn display(&self, bundle: &Bundle, name: Option<&str>) {
        self.show(|cell| cell.page.display(bundle, name));
    }

    /// How far long work is: one line a cell that changes.
    pub fn progress(&self, line: &str) {
        self.show(|cell| {
            // Displays of earlier cells and sessions may still be on the page.
            let name = cell.parent.as_ref().map(|parent| format!("progress-{}", parent.header.msg_id));
            cell.page.line(line, name);
        });
    }

    /// The value of the cell.
    pub fn result(&self, count: usize, bundle: &Bundle) {
        self.publish(ExecuteResult {
            execution_count: ExecutionCount::new(count),
            data: media(bundle),
            metadata: serde_json::Map::new(),
            transient: Some(Transient::default()),
        });
    }

    /// Takes away what the cell has shown, at once or when it shows something else.
    pub fn clear(&self, wait: bool) {
        self.show(|cell| cell.page.clear(wait));
    }

    /// The cell that runs, by the name of its request.
    pub fn cell(&self) -> Option<String> {
        self.lock().parent.as_ref().map(|parent| parent.header.msg_id.clone())
    }

    /// A message about the cell that runs, behind all that it has shown.
    pub fn publish(&self, content: impl Into<JupyterMessageContent>) {
        let mut cell = self.lock();
        if !cell.is_silent {
            self.send_page(&mut cell);
            self.send(content, cell.parent.as_deref());
        }
    }

    /// A message that belongs to another request than the cell.
    pub fn publish_for(&self, content: impl Into<JupyterMessageContent>, request: &JupyterMessage) {
        let mut cell = self.lock();
        self.send_page(&mut cell);
        self.send(content, Some(request));
    }

    /// What the kernel is doing, for a request or by itself.
    pub fn status(&self, status: Status, request: Option<&JupyterMessage>) {
        let mut cell = self.lock();
        self.send_page(&mut cell);
        self.send(status, request);
    }

    /// Sends what waits; for how many bytes clients take it.
    pub fn flush(&self) -> usize {
        self.send_page(&mut self.lock())
    }

    /// Sends what nothing else sends, no faster than clients take it, for as long as the kernel lives.
    pub async fn flush_in_time(&self) {
        let mut earliest = Instant::now();
        loop {
            self.waiting.notified().await;
            tokio::time::sleep_until((Instant::now() + PATIENCE).max(earliest)).await;
            earliest = Instant::now() + pause(self.flush());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Cell> {
        self.cell.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what the cell shows, and sees to it that it is sent.
    fn show(&self, change: impl FnOnce(&mut Cell)) {
        let cell: &mut Cell = &mut self.lock();
        if cell.is_silent {
            return;
        }
        if cell.page.is_settled() {
            self.waiting.notify_one();
        }
        change(cell);
    }

    fn send_page(&self, cell: &mut Cell) -> usize {
        let parent = cell.parent.as_deref();
        let mut bytes = 0;
        for item in cell.page.take() {
            bytes += MESSAGE + item.size();
            match item {
                Item::Text { stream, text } => self.send_text(stream, &text, parent),
                Item::Display(display) => self.send_display(display, parent),
                Item::Clear { wait } => self.send(ClearOutput { wait }, parent),
            }
        }
        bytes
    }

    fn send_text(&self, stream: Stream, text: &str, parent: Option<&JupyterMessage>) {
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.floor_char_boundary(PIECE));
            let name = if stream == Stream::Error { Stdio::Stderr } else { Stdio::Stdout };
            self.send(StreamContent { name, text: piece.to_string() }, parent);
            rest = behind;
        }
    }

    fn send_display(&self, display: Display, parent: Option<&JupyterMessage>) {
        let Display { name, is_new, media: data, .. } = display;
        let (metadata, transient) = (serde_json::Map::new(), Transient { display_id: name });
        if is_new {
            self.send(DisplayData { data, metadata, transient: Some(transient) }, parent);
        } else {
            self.send(UpdateDisplayData { data, metadata, transient }, parent);
        }
    }

    fn send(&self, content: impl Into<JupyterMessageContent>, parent: Option<&JupyterMessage>) {
        let mut message = child(content, parent);
        // Here the first part of a message is its topic, no address.
        message.zmq_identities = vec![message.header.msg_type.clone().into()];
        // Nobody reads the queue once the kernel ends.
        let _ = self.queue.send(message);
    }
}

/// How long clients are busy with so many bytes.
fn pause(bytes: usize) -> Duration {
    Duration::from_secs_f64(bytes as f64 / PACE).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::super::page::TEXT;
    use super::*;
    use jupyter_protocol::ExecuteRequest;

    fn output() -> (Output, UnboundedReceiver<JupyterMessage>) {
        let (output, messages) = Output::new();
        output.begin(Arc::new(ExecuteRequest::new("1".into()).into()));
        (output, messages)
    }

    /// The type and the text of each message.
    fn sent(messages: &mut UnboundedReceiver<JupyterMessage>) -> Vec<(String, String)> {
        let mut all = Vec::new();
        while let Ok(message) = messages.try_recv() {
            let text = match &message.content {
                JupyterMessageContent::StreamContent(stream) => format!("{:?} {}", stream.name, stream.text),
                content => serde_json::to_value(content).expect("JSON")["data"]["text/plain"].to_string(),
            };
            all.push((message.header.msg_type, text));
        }
        all
    }

    fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
        pairs.map(|(kind, text)| (kind.to_string(), text.to_string())).to_vec()
    }

    fn plain(text: &str) -> Bundle {
        Bundle::text(text)
    }

    #[test]
    fn prints_are_put_together_and_stand_before_what_follows() {
        let (output, mut messages) = output();
        output.write(Stream::Output, "a\n");
        output.write(Stream::Output, "b\n");
        output.write(Stream::Error, "c\n");
        output.display(&plain("one"), None);
        output.write(Stream::Output, "d\n");
        assert!(sent(&mut messages).is_empty());
        output.result(1, &plain("two"));
        let expected = [
            ("stream", "Stdout a\nb\n"),
            ("stream", "Stderr c\n"),
            ("display_data", "\"one\""),
            ("stream", "Stdout d\n"),
            ("execute_result", "\"two\""),
        ];
        assert_eq!(sent(&mut messages), pairs(expected));
    }

    #[test]
    fn too_much_text_is_cut_once_and_said() {
        let (output, mut messages) = output();
        for _ in 0..4 {
            output.write(Stream::Output, &"é".repeat(TEXT / 4 + 1));
        }
        output.flush();
        let all = sent(&mut messages);
        let shown: usize = all.iter().map(|(_, text)| text.matches('é').count() * 2).sum();
        assert_eq!(shown, TEXT);
        assert!(all.iter().all(|(_, text)| text.len() <= PIECE + 100));
        let said: Vec<_> = all.iter().filter(|(_, text)| text.contains("the rest is left out")).collect();
        assert!(said.len() == 1 && said[0].1.starts_with("Stderr"), "{said:?}");
        output.begin(Arc::new(ExecuteRequest::new("2".into()).into()));
        output.write(Stream::Output, "again");
        output.flush();
        assert_eq!(sent(&mut messages).len(), 1);
    }

    #[test]
    fn displays_of_a_name_change_and_progress_is_one_display() {
        let (output, mut messages) = output();
        output.display(&plain("1"), Some("a"));
        output.progress("10%");
        output.flush();
        assert_eq!(sent(&mut messages), pairs([("display_data", "\"1\""), ("display_data", "\"10%\"")]));
        (2..=100).for_each(|i| output.display(&plain(&i.to_string()), Some("a")));
        output.progress("20%");
        output.progress("30%");
        output.flush();
        let expected = [("update_display_data", "\"100\""), ("update_display_data", "\"30%\"")];
        assert_eq!(sent(&mut messages), pairs(expected));
        output.clear(true);
        output.display(&plain("new"), Some("a"));
        output.flush();
        assert_eq!(sent(&mut messages), pairs([("clear_output", "null"), ("display_data", "\"new\"")]));
    }

    #[test]
    fn a_silent_cell_shows_nothing_but_that_the_kernel_is_busy() {
        let (output, mut messages) = output();
        output.write(Stream::Output, "of the cell before");
        let silent = ExecuteRequest { silent: true, ..ExecuteRequest::new("2".into()) };
        output.begin(Arc::new(silent.into()));
        output.write(Stream::Error, "text");
        output.display(&plain("1"), Some("a"));
        output.progress("10%");
        output.clear(false);
        output.result(1, &plain("2"));
        output.status(Status::busy(), None);
        assert_eq!(sent(&mut messages), pairs([("stream", "Stdout of the cell before"), ("status", "null")]));
    }

    #[test]
    fn what_is_sent_in_time_is_no_faster_than_clients_take_it() {
        let (output, _messages) = output();
        output.display(&plain(&"x".repeat(499_000)), None);
        assert_eq!(pause(output.flush()), Duration::from_millis(500));
        assert_eq!((pause(output.flush()), pause(usize::MAX)), (Duration::ZERO, LONGEST));
    }
}
