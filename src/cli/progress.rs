//! A line on the terminal that says how far a long computation is.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::context::Progress;

/// Work that is over sooner needs no line.
const DELAY: Duration = Duration::from_millis(300);

/// Between two looks of the line.
const PAUSE: Duration = Duration::from_millis(100);

/// Cells of the bar.
const CELLS: usize = 20;

/// Columns of a terminal that does not tell.
const COLUMNS: usize = 80;

/// The line, shared by everything that writes to the terminal.
#[derive(Debug, Default)]
pub struct Bar(Mutex<State>);

#[derive(Debug)]
struct State {
    meter: Meter,
    is_shown: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { meter: Meter::new(DELAY, PAUSE), is_shown: false }
    }
}

/// Follows the progress of one task after another, and knows when it is time to show how far it is.
#[derive(Debug)]
pub(crate) struct Meter {
    delay: Duration,
    pause: Duration,
    task: String,
    total: usize,
    done: usize,
    started: Option<Instant>,
    drawn: Option<Instant>,
}

impl Bar {
    /// Takes note of progress, and shows it if it is time to.
    pub fn update(&self, progress: &Progress<'_>) {
        let mut state = self.lock();
        if progress.done >= progress.total {
            state.clear();
            state.meter.end();
        } else if let Some(elapsed) = state.meter.note(progress, Instant::now()) {
            // A terminal that has gone away is nobody's problem.
            let _ = write!(std::io::stderr(), "\r{}\x1b[K", line(progress, elapsed, columns()));
            state.is_shown = true;
        }
    }

    /// Writes something else, without the line in its way.
    pub fn aside(&self, write: impl FnOnce()) {
        // Held while writing, so that no other thread draws in between.
        let mut state = self.lock();
        state.clear();
        write();
    }

    /// Takes the line away: the work is over.
    pub fn end(&self) {
        let mut state = self.lock();
        state.clear();
        state.meter.end();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meter {
    /// Nothing is shown for `delay`, and then again after each `pause`.
    pub(crate) fn new(delay: Duration, pause: Duration) -> Self {
        Self { delay, pause, task: String::new(), total: 0, done: 0, started: None, drawn: None }
    }

    /// Takes note of progress; the time since the work began, if it is time to show it.
    pub(crate) fn note(&mut self, progress: &Progress<'_>, now: Instant) -> Option<Duration> {
        let is_same = self.task == progress.task && self.total == progress.total && progress.done > 0;
        let started = self.started.filter(|_| is_same).unwrap_or(now);
        if self.started != Some(started) {
            *self = Self {
                task: progress.task.into(),
                total: progress.total,
                started: Some(started),
                ..Self::new(self.delay, self.pause)
            };
        }
        // Parallel work reports out of order.
        if progress.done < self.done {
            return None;
        }
        self.done = progress.done;
        let elapsed = now.duration_since(started);
        if elapsed < self.delay || self.drawn.is_some_and(|drawn| now.duration_since(drawn) < self.pause) {
            return None;
        }
        self.drawn = Some(now);
        Some(elapsed)
    }

    /// How far the task is that is followed.
    #[cfg(feature = "kernel")]
    pub(crate) fn reached(&self) -> Option<Progress<'_>> {
        self.started.map(|_| Progress { task: &self.task, done: self.done, total: self.total })
    }

    /// The task is over; the time that it took, if it was followed.
    pub(crate) fn end(&mut self) -> Option<Duration> {
        self.started.take().map(|started| started.elapsed())
    }
}

impl State {
    fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// The terminal's width.
fn columns() -> usize {
    terminal_size::terminal_size_of(std::io::stderr()).map_or(COLUMNS, |(width, _)| usize::from(width.0))
}

/// `task [#####...............]  25% 10/40, 12 s left`, cut to the width.
pub(crate) fn line(progress: &Progress<'_>, elapsed: Duration, columns: usize) -> String {
    let fraction = progress.done as f64 / progress.total.max(1) as f64;
    let full = (fraction * CELLS as f64) as usize;
    let bar: String = (0..CELLS).map(|cell| if cell < full { '#' } else { '.' }).collect();
    let mut text =
        format!("{} [{bar}] {:>3}% {}/{}", progress.task, (fraction * 100.0) as usize, progress.done, progress.total);
    if fraction > 0.0 {
        text.push_str(&format!(", {} left", duration(elapsed.as_secs_f64() * (1.0 - fraction) / fraction)));
    }
    // The last column stays empty: some terminals wrap when it is written.
    text.chars().take(columns.saturating_sub(1)).collect()
}

/// Seconds as people read them.
pub(crate) fn duration(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(done: usize, total: usize) -> Progress<'static> {
        Progress { task: "path", done, total }
    }

    #[test]
    fn short_work_shows_nothing_and_long_work_ten_times_a_second() {
        let mut meter = Meter::new(DELAY, PAUSE);
        let begin = Instant::now();
        let mut note = |milliseconds, done| meter.note(&at(done, 9), begin + Duration::from_millis(milliseconds));
        assert_eq!((note(0, 0), note(200, 1)), (None, None));
        assert_eq!(note(400, 2), Some(Duration::from_millis(400)));
        assert_eq!((note(450, 3), note(600, 2)), (None, None));
        assert_eq!(note(600, 4), Some(Duration::from_millis(600)));
        assert_eq!((note(700, 0), note(900, 1)), (None, None));
    }

    #[test]
    fn the_line_has_share_and_time_and_is_cut() {
        let text = line(&at(10, 40), Duration::from_secs(4), 80);
        assert_eq!(text, "path [#####...............]  25% 10/40, 12 s left");
        assert_eq!(line(&at(10, 40), Duration::from_secs(4), 11), "path [####");
        assert_eq!(duration(61.5), "1 min 2 s");
        assert_eq!(duration(7265.0), "2 h 1 min");
    }
}
