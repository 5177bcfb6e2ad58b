//! What a cell shows: text, displays, its result, its error. One queue for all, so that everything arrives in order.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jupyter_protocol::{
    ClearOutput, DisplayData, ExecuteResult, ExecutionCount, JupyterMessage, JupyterMessageContent, Media, MediaType,
    Status, Stdio, StreamContent, Transient, UpdateDisplayData,
};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::connection::child;
use crate::context::human_bytes;
use crate::notebook::Bundle;

/// Bytes of text that are sent without waiting for more: a message for each print would be too much for clients.
const ENOUGH: usize = 8 << 10;

/// How long less text than that waits.
const PATIENCE: Duration = Duration::from_millis(30);

/// Bytes of text in one message at most.
const PIECE: usize = 64 << 10;

/// Bytes of text that a cell may show: a browser would hang on much more, and Jupyter's server drops what comes faster
/// than 3 MB in 3 s, this notice with it.
const TEXT: usize = 2_000_000;

/// Displays of a cell, those that take the place of others included: pages do not keep up with more.
const COUNT: usize = 10_000;

/// Bytes of displays that a cell may show.
const DISPLAYS: usize = 64_000_000;

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
    /// Text that was not sent yet.
    pending: String,
    /// Its stream.
    stream: Option<Stream>,
    /// Bytes of text and of displays so far; behind the limit nothing is shown.
    text: usize,
    displays: usize,
    /// Displays so far, and how often they were taken away.
    count: usize,
    /// Displays that can be changed, by their names.
    named: HashSet<String>,
}

impl Output {
    /// The output, and what is to be sent to the clients.
    pub fn new() -> (Self, UnboundedReceiver<JupyterMessage>) {
        let (queue, messages) = unbounded_channel();
        (Self { queue, waiting: Notify::new(), cell: Mutex::default() }, messages)
    }

    /// What follows is of the cell of this request.
    pub fn begin(&self, request: Arc<JupyterMessage>) {
        let mut cell = self.lock();
        self.send_text(&mut cell);
        *cell = Cell { parent: Some(request), ..Cell::default() };
    }

    /// Text, sent soon.
    pub fn write(&self, stream: Stream, text: &str) {
        let mut cell = self.lock();
        let room = TEXT.saturating_sub(cell.text);
        let fitting = &text[..text.floor_char_boundary(room)];
        self.append(&mut cell, stream, fitting);
        cell.text += fitting.len();
        if fitting.len() < text.len() && cell.text < usize::MAX / 2 {
            // Nothing more, and said once.
            cell.text = usize::MAX / 2;
            self.append(&mut cell, Stream::Error, &too_much("text", TEXT));
        }
    }

    /// A value; in the place of what was displayed under the name before.
    pub fn display(&self, bundle: &Bundle, name: Option<&str>) {
        let mut cell = self.lock();
        let is_full = cell.displays > DISPLAYS || cell.count > COUNT;
        cell.displays = cell.displays.saturating_add(size(bundle));
        cell.count = cell.count.saturating_add(1);
        if cell.displays <= DISPLAYS && cell.count <= COUNT {
            self.send_display(&mut cell, media(bundle), name);
        } else if !is_full {
            let notice = if cell.count > COUNT { too_many() } else { too_much("displays", DISPLAYS) };
            self.append(&mut cell, Stream::Error, &notice);
        }
    }

    /// How far long work is: one line a cell that changes.
    pub fn progress(&self, line: &str) {
        let mut cell = self.lock();
        // Displays of earlier cells and sessions may still be on the page.
        let name = cell.parent.as_ref().map(|parent| format!("progress-{}", parent.header.msg_id));
        let media = Media { content: vec![MediaType::Plain(line.to_string())] };
        self.send_display(&mut cell, media, name.as_deref());
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
        let mut cell = self.lock();
        cell.named.clear();
        cell.count = cell.count.saturating_add(1);
        if cell.count <= COUNT {
            self.send_text(&mut cell);
            self.send(ClearOutput { wait }, cell.parent.as_deref());
        } else if cell.count == COUNT + 1 {
            self.append(&mut cell, Stream::Error, &too_many());
        }
    }

    /// The cell that runs, by the name of its request.
    pub fn cell(&self) -> Option<String> {
        self.lock().parent.as_ref().map(|parent| parent.header.msg_id.clone())
    }

    /// A message about the cell that runs, behind all that it has shown.
    pub fn publish(&self, content: impl Into<JupyterMessageContent>) {
        let mut cell = self.lock();
        self.send_text(&mut cell);
        self.send(content, cell.parent.as_deref());
    }

    /// A message that belongs to another request than the cell.
    pub fn publish_for(&self, content: impl Into<JupyterMessageContent>, request: &JupyterMessage) {
        let mut cell = self.lock();
        self.send_text(&mut cell);
        self.send(content, Some(request));
    }

    /// What the kernel is doing, for a request or by itself.
    pub fn status(&self, status: Status, request: Option<&JupyterMessage>) {
        let mut cell = self.lock();
        self.send_text(&mut cell);
        self.send(status, request);
    }

    /// Sends the text that waits.
    pub fn flush(&self) {
        self.send_text(&mut self.lock());
    }

    /// Sends text that nothing else sends, for as long as the kernel lives.
    pub async fn flush_in_time(&self) {
        loop {
            self.waiting.notified().await;
            tokio::time::sleep(PATIENCE).await;
            self.flush();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Cell> {
        self.cell.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, cell: &mut Cell, stream: Stream, text: &str) {
        if cell.stream != Some(stream) {
            self.send_text(cell);
            cell.stream = Some(stream);
        }
        if cell.pending.is_empty() && !text.is_empty() {
            self.waiting.notify_one();
        }
        cell.pending.push_str(text);
        if cell.pending.len() >= ENOUGH {
            self.send_text(cell);
        }
    }

    fn send_text(&self, cell: &mut Cell) {
        let text = std::mem::take(&mut cell.pending);
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.floor_char_boundary(PIECE));
            let name = if cell.stream == Some(Stream::Error) { Stdio::Stderr } else { Stdio::Stdout };
            self.send(StreamContent { name, text: piece.to_string() }, cell.parent.as_deref());
            rest = behind;
        }
    }

    fn send_display(&self, cell: &mut Cell, data: Media, name: Option<&str>) {
        self.send_text(cell);
        let metadata = serde_json::Map::new();
        let transient = Transient { display_id: name.map(String::from) };
        let is_new = name.is_none_or(|name| cell.named.insert(name.to_string()));
        if is_new {
            self.send(DisplayData { data, metadata, transient: Some(transient) }, cell.parent.as_deref());
        } else {
            self.send(UpdateDisplayData { data, metadata, transient }, cell.parent.as_deref());
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

fn too_many() -> String {
    format!("\n[this cell has displayed and cleared {COUNT} times: the rest is left out]\n")
}

fn too_much(what: &str, limit: usize) -> String {
    format!("\n[this cell has shown {} of {what}: the rest is left out]\n", human_bytes(limit))
}

/// A value as Jupyter's messages hold it.
pub fn media(bundle: &Bundle) -> Media {
    let entries = bundle.entries.iter();
    Media { content: entries.map(|(mime, value)| MediaType::Other(((*mime).to_string(), value.clone()))).collect() }
}

/// Bytes of a value, about.
fn size(bundle: &Bundle) -> usize {
    let of = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string().len(), str::len);
    bundle.entries.iter().map(|(_, value)| of(value)).sum()
}

#[cfg(test)]
mod tests {
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
        output.result(1, &plain("two"));
        let expected = [
            ("stream", "Stdout a\nb\n"),
            ("stream", "Stderr c\n"),
            ("display_data", "\"one\""),
            ("stream", "Stdout d\n"),
            ("execute_result", "\"two\""),
        ];
        assert_eq!(sent(&mut messages), expected.map(|(kind, text)| (kind.to_string(), text.to_string())));
        output.write(Stream::Output, &"x".repeat(ENOUGH));
        assert_eq!(sent(&mut messages).len(), 1);
        output.write(Stream::Output, "y");
        assert!(sent(&mut messages).is_empty());
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
        output.display(&plain("2"), Some("a"));
        output.progress("10%");
        output.progress("20%");
        let kinds: Vec<String> = sent(&mut messages).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["display_data", "update_display_data", "display_data", "update_display_data"]);
    }

    #[test]
    fn floods_of_displays_and_clears_end_with_one_notice() {
        let (output, mut messages) = output();
        for _ in 0..COUNT {
            output.clear(true);
            output.display(&plain("x"), Some("a"));
        }
        output.flush();
        let all = sent(&mut messages);
        assert_eq!(all.iter().filter(|(kind, _)| kind != "stream").count(), COUNT);
        let said: Vec<_> = all.iter().filter(|(_, text)| text.contains("the rest is left out")).collect();
        assert!(said.len() == 1 && said[0].1.contains("10000 times"), "{said:?}");
    }

    #[test]
    fn too_many_displays_are_cut_and_said() {
        let (output, mut messages) = output();
        let large = plain(&"x".repeat(DISPLAYS / 2));
        (0..4).for_each(|_| output.display(&large, None));
        output.flush();
        let kinds: Vec<String> = sent(&mut messages).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["display_data", "display_data", "stream"]);
    }
}
