//! Long work in a cell: one line that changes.

use std::sync::{Arc, Mutex, PoisonError};
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

/// Shows progress in the output of the cell that runs.
pub fn progress(output: Arc<Output>) -> ProgressFn {
    let fresh = |cell| (Meter::new(DELAY, PAUSE), false, cell);
    let state = Mutex::new(fresh(None));
    Arc::new(move |progress| {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = output.cell();
        if state.2 != cell {
            // What an interrupted cell left behind is of no other.
            *state = fresh(cell);
        }
        let (meter, is_shown, _) = &mut *state;
        if let Some(text) = due(meter, is_shown, progress, Instant::now()) {
            output.progress(&text);
        }
    })
}

/// The line, if it is time to show it; at last what was done, where anything was shown.
fn due(meter: &mut Meter, is_shown: &mut bool, progress: &Progress<'_>, now: Instant) -> Option<String> {
    if progress.done < progress.total {
        let elapsed = meter.note(progress, now)?;
        *is_shown = true;
        return Some(line(progress, elapsed, COLUMNS));
    }
    let took = meter.end()?;
    let Progress { task, done, total } = progress;
    std::mem::take(is_shown).then(|| format!("{task} {done}/{total}, {} in all", duration(took.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_work_has_a_line_and_at_last_the_time() {
        let (mut meter, mut is_shown) = (Meter::new(DELAY, PAUSE), false);
        let begin = Instant::now();
        let mut at = |milliseconds, done| {
            let progress = Progress { task: "path", done, total: 9 };
            due(&mut meter, &mut is_shown, &progress, begin + Duration::from_millis(milliseconds))
        };
        assert_eq!((at(0, 0), at(100, 9)), (None, None), "short work");
        assert_eq!((at(0, 0), at(400, 2)), (None, None));
        assert!(at(510, 3).is_some_and(|line| line.starts_with("path [")));
        assert_eq!(at(600, 4), None, "too soon");
        assert!(at(720, 5).is_some());
        assert!(at(800, 9).is_some_and(|line| line.starts_with("path 9/9, ")));
    }
}
