//! Long work in a cell: one line that changes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::output::Output;
use crate::cli::progress::{Meter, duration, line};
use crate::context::{Progress, ProgressFn};

/// Work that is over sooner needs no line.
const DELAY: Duration = Duration::from_millis(500);

/// Between two looks of the line.
const PAUSE: Duration = Duration::from_millis(200);

/// Columns of a cell that hold without a line break.
const COLUMNS: usize = 100;

/// The line in the output of the cell that runs.
#[derive(Debug)]
pub struct ProgressLine {
    output: Arc<Output>,
    state: Mutex<State>,
}

/// What is known of the work of a cell.
#[derive(Debug)]
struct State {
    /// The cell, by the name of its request.
    cell: Option<String>,
    /// Whether it has ended: what it left running shows nothing more.
    is_over: bool,
    meter: Meter,
    is_shown: bool,
}

impl ProgressLine {
    pub fn new(output: Arc<Output>) -> Self {
        Self { output, state: Mutex::new(State::of(None)) }
    }

    /// What a session tells how far it is.
    pub fn receiver(self: &Arc<Self>) -> ProgressFn {
        let line = Arc::clone(self);
        Arc::new(move |progress| line.update(progress))
    }

    /// The cell has ended: the line of work that has not says how far it came.
    pub fn end(&self) {
        let mut state = self.current();
        if let Some(text) = state.stopped() {
            self.output.progress(&text);
        }
        state.is_over = true;
    }

    fn update(&self, progress: &Progress<'_>) {
        let mut state = self.current();
        if !state.is_over
            && let Some(text) = state.due(progress, Instant::now())
        {
            self.output.progress(&text);
        }
    }

    /// What is known of the cell that runs: what an earlier one left behind is of no other.
    fn current(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = self.output.cell();
        if state.cell != cell {
            *state = State::of(cell);
        }
        state
    }
}

impl State {
    fn of(cell: Option<String>) -> Self {
        Self { cell, is_over: false, meter: Meter::new(DELAY, PAUSE), is_shown: false }
    }

    /// The line, if it is time to show it; at last what was done, where anything was shown.
    fn due(&mut self, progress: &Progress<'_>, now: Instant) -> Option<String> {
        if progress.done < progress.total {
            let elapsed = self.meter.note(progress, now)?;
            self.is_shown = true;
            return Some(line(progress, elapsed, COLUMNS));
        }
        let took = self.meter.end()?;
        let Progress { task, done, total } = progress;
        std::mem::take(&mut self.is_shown)
            .then(|| format!("{task} {done}/{total}, {} in all", duration(took.as_secs_f64())))
    }

    /// What stands in the place of a line whose work ended too early.
    fn stopped(&mut self) -> Option<String> {
        let Progress { task, done, total } = self.meter.reached()?;
        let place = format!("{task} stopped at {done}/{total}");
        let took = self.meter.end()?;
        std::mem::take(&mut self.is_shown).then(|| format!("{place}, after {}", duration(took.as_secs_f64())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jupyter_protocol::{ExecuteRequest, JupyterMessageContent};

    fn path(done: usize) -> Progress<'static> {
        Progress { task: "path", done, total: 9 }
    }

    #[test]
    fn only_long_work_has_a_line_and_at_last_the_time() {
        let mut state = State::of(None);
        let begin = Instant::now();
        let mut at = |milliseconds, done| state.due(&path(done), begin + Duration::from_millis(milliseconds));
        assert_eq!((at(0, 0), at(100, 9)), (None, None), "short work");
        assert_eq!((at(0, 0), at(400, 2)), (None, None));
        assert!(at(510, 3).is_some_and(|line| line.starts_with("path [")));
        assert_eq!(at(600, 4), None, "too soon");
        assert!(at(720, 5).is_some());
        assert!(at(800, 9).is_some_and(|line| line.starts_with("path 9/9, ")));
    }

    #[test]
    fn work_that_stops_says_where_if_it_has_a_line() {
        let mut state = State::of(None);
        let begin = Instant::now();
        let mut at = |milliseconds, done| state.due(&path(done), begin + Duration::from_millis(milliseconds));
        assert_eq!((at(0, 0), at(100, 2)), (None, None));
        assert_eq!(state.stopped(), None, "short work");
        let mut at = |milliseconds, done| state.due(&path(done), begin + Duration::from_millis(milliseconds));
        assert!(at(0, 0).is_none() && at(600, 3).is_some() && at(610, 5).is_none());
        assert!(state.stopped().is_some_and(|line| line.starts_with("path stopped at 5/9, after ")));
        assert_eq!(state.stopped(), None, "said once");
    }

    #[test]
    fn what_a_cell_left_running_shows_nothing_once_it_has_ended() {
        let (output, mut messages) = Output::new();
        let output = Arc::new(output);
        let line = Arc::new(ProgressLine::new(Arc::clone(&output)));
        output.begin(Arc::new(ExecuteRequest::new("1".into()).into()));
        // As if it had begun a minute ago.
        let begin = Instant::now().checked_sub(Duration::from_secs(60)).expect("a clock that runs for a minute");
        assert!(line.current().due(&path(0), begin).is_none());
        line.receiver()(&path(4));
        line.end();
        line.receiver()(&path(5));
        output.flush();
        let message = messages.try_recv().expect("a message");
        let JupyterMessageContent::DisplayData(display) = message.content else { panic!("another message") };
        let shown = serde_json::to_value(&display.data).expect("JSON")["text/plain"].to_string();
        assert!(shown.contains("path stopped at 4/9, after 1 min"), "{shown}");
        assert!(messages.try_recv().is_err());
    }
}
