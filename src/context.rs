//! What a computation runs under: threads, seed, cancellation, deadline, memory budget, progress, file access.
//!
//! One `&Context` is passed down; nothing is global. Long loops call [`Context::check`] at least every 50 ms, and
//! every allocation that grows with the square of the number of variables goes through [`Context::reserve`].

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
pub use crate::files::FileAccess;
use crate::memory::MemoryWatch;
use crate::rng;

/// Receives progress: what is being done, how much is done, of how much.
pub type ProgressFn = Arc<dyn Fn(&Progress<'_>) + Send + Sync>;

/// How far a long computation is.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// What is being done.
    pub task: &'a str,
    /// Steps done.
    pub done: usize,
    /// Steps in all.
    pub total: usize,
}

/// A flag that stops a computation from another thread.
#[derive(Debug, Clone, Default)]
pub struct CancelHandle(Arc<AtomicBool>);

impl CancelHandle {
    /// Asks everything that runs under the flag to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether a stop was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes the request back, before the next computation.
    pub fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Bytes that are looked for, before they are taken, in all that is held: the look takes some microseconds.
const LARGE: usize = 1 << 20;

/// Counts reserved bytes against a limit.
#[derive(Debug)]
struct Budget {
    limit: AtomicUsize,
    used: AtomicUsize,
}

/// An instant that clones share and that can be moved: nanoseconds since `origin`, or none.
#[derive(Debug)]
struct Deadline {
    origin: Instant,
    nanoseconds: AtomicU64,
}

const NO_DEADLINE: u64 = u64::MAX;

impl Deadline {
    fn none() -> Self {
        Self { origin: Instant::now(), nanoseconds: AtomicU64::new(NO_DEADLINE) }
    }

    fn set(&self, limit: Option<Duration>) {
        let end = limit.and_then(|limit| self.origin.elapsed().checked_add(limit));
        let nanoseconds = end.and_then(|end| u64::try_from(end.as_nanos()).ok()).unwrap_or(NO_DEADLINE);
        self.nanoseconds.store(nanoseconds, Ordering::Relaxed);
    }

    fn shift(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(NO_DEADLINE);
        let later = |end: u64| (end != NO_DEADLINE).then(|| end.saturating_add(by));
        // Where there is no end, there is none to move.
        let _ = self.nanoseconds.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    }

    fn is_over(&self, now: impl FnOnce() -> Instant) -> bool {
        let end = self.nanoseconds.load(Ordering::Relaxed);
        // Without a deadline the clock is not even read.
        end != NO_DEADLINE && now().saturating_duration_since(self.origin).as_nanos() >= u128::from(end)
    }
}

/// Bytes taken from the budget, given back when this is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What a computation runs under. Cloning is cheap; clones share cancellation, budget and seed counter.
#[derive(Clone)]
pub struct Context(Arc<Settings>);

/// What a context says. In one piece, because every call of a script clones its context.
#[derive(Clone)]
struct Settings {
    threads: usize,
    cancel: CancelHandle,
    deadline: Arc<Deadline>,
    budget: Arc<Budget>,
    /// What sees memory that nobody has reserved.
    memory: Option<Arc<MemoryWatch>>,
    progress: Option<ProgressFn>,
    files: Arc<FileAccess>,
    max_elements: usize,
    strict: bool,
    seed: Arc<AtomicU64>,
    calls: Arc<AtomicU64>,
}

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("threads", &self.0.threads)
            .field("seed", &self.seed())
            .field("files", &self.0.files)
            .finish_non_exhaustive()
    }
}

impl Context {
    /// All processors, a fresh seed, no limits.
    pub fn new() -> Self {
        Self(Arc::new(Settings {
            threads: processors(),
            cancel: CancelHandle::default(),
            deadline: Arc::new(Deadline::none()),
            budget: Arc::new(Budget { limit: AtomicUsize::new(usize::MAX), used: AtomicUsize::new(0) }),
            memory: None,
            progress: None,
            files: Arc::new(FileAccess::All),
            max_elements: usize::MAX,
            strict: false,
            seed: Arc::new(AtomicU64::new(rng::fresh())),
            calls: Arc::default(),
        }))
    }

    /// What is said here, to be changed: clones keep what they say.
    fn settings(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.0)
    }

    /// With at most `threads` threads (at least 1). The number never changes a result.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.settings().threads = threads.max(1);
        self
    }

    /// With this seed, and the count of calls started again.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        let settings = self.settings();
        settings.seed = Arc::new(AtomicU64::new(seed & rng::MAX_SEED));
        settings.calls = Arc::default();
        self
    }

    /// With a limit on time from now on.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        let deadline = Deadline::none();
        deadline.set(Some(limit));
        self.settings().deadline = Arc::new(deadline);
        self
    }

    /// Sets the limit on time from now on, in every clone of this context.
    pub fn restart_clock(&self, limit: Option<Duration>) {
        self.0.deadline.set(limit);
    }

    /// Moves the end of the time by `waited`, in every clone of this context: for time in which a person was asked.
    pub fn extend_clock(&self, waited: Duration) {
        self.0.deadline.shift(waited);
    }

    /// With a limit in bytes on what [`Context::reserve`] gives out.
    #[must_use]
    pub fn with_memory_limit(self, bytes: usize) -> Self {
        self.0.budget.limit.store(bytes, Ordering::Relaxed);
        self
    }

    /// With this watch over the memory that nobody reserves, or none.
    #[must_use]
    pub(crate) fn with_memory_watch(mut self, watch: Option<MemoryWatch>) -> Self {
        self.settings().memory = watch.map(Arc::new);
        self
    }

    /// Begins an evaluation: memory that is there already is not its own where `is_own` says that it has nothing to do with
    /// those before it, and no reason to stop it otherwise.
    pub(crate) fn begin_memory(&self, is_own: bool) {
        match &self.0.memory {
            Some(memory) if is_own => memory.forget(),
            Some(memory) => memory.begin(),
            None => {}
        }
    }

    /// With a receiver of progress, or none.
    #[must_use]
    pub fn with_progress(mut self, progress: Option<ProgressFn>) -> Self {
        self.settings().progress = progress;
        self
    }

    /// With this access to files.
    #[must_use]
    pub fn with_files(mut self, files: FileAccess) -> Self {
        self.settings().files = Arc::new(files);
        self
    }

    /// With a limit on the numbers that one matrix may have, or one working space of a method.
    #[must_use]
    pub fn with_max_elements(mut self, elements: usize) -> Self {
        self.settings().max_elements = elements;
        self
    }

    /// Whether a fit that does not converge is an error.
    #[must_use]
    pub fn with_strict(mut self, strict: bool) -> Self {
        self.settings().strict = strict;
        self
    }

    /// With this cancellation flag.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancelHandle) -> Self {
        self.settings().cancel = cancel;
        self
    }

    /// Whether a fit that does not converge is an error.
    pub fn is_strict(&self) -> bool {
        self.0.strict
    }

    /// The most threads to use.
    pub fn threads(&self) -> usize {
        self.0.threads
    }

    /// The flag that cancels everything under this context.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.0.cancel.clone()
    }

    /// The seed that results record.
    pub fn seed(&self) -> u64 {
        self.0.seed.load(Ordering::Relaxed)
    }

    /// Sets the seed for everything that follows, in every clone of this context.
    pub fn set_seed(&self, seed: u64) {
        self.0.seed.store(seed & rng::MAX_SEED, Ordering::Relaxed);
        self.0.calls.store(0, Ordering::Relaxed);
    }

    /// The seed of the next random call: each call under one seed gets its own.
    pub fn next_seed(&self) -> u64 {
        rng::derive(self.seed(), "call", self.0.calls.fetch_add(1, Ordering::Relaxed))
    }

    /// Fails if the computation was cancelled, its time is up, or it holds more memory than it may. Cheap enough for every few
    /// microseconds of work.
    pub fn check(&self) -> Result<()> {
        self.check_by(Instant::now)
    }

    /// As [`Context::check`] for who has just read the clock.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn check_at(&self, now: Instant) -> Result<()> {
        self.check_by(|| now)
    }

    fn check_by(&self, now: impl Fn() -> Instant) -> Result<()> {
        if self.0.cancel.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "interrupted"));
        }
        if self.0.deadline.is_over(&now) {
            return Err(Error::new(ErrorKind::Time, "the time limit was reached")
                .with_hint("a larger --time-limit, or less work"));
        }
        self.0.memory.as_ref().map_or(Ok(()), |memory| memory.check_at(now()))
    }

    /// Takes `bytes` from the memory budget until the reservation is dropped.
    ///
    /// # Errors
    /// When the budget does not have them: an error instead of a killed process.
    pub fn reserve(&self, bytes: usize) -> Result<Reservation> {
        if let Some(memory) = self.0.memory.as_ref().filter(|_| bytes >= LARGE) {
            memory.room_for(bytes)?;
        }
        let limit = self.0.budget.limit.load(Ordering::Relaxed);
        let taken = self.0.budget.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(bytes).filter(|&total| total <= limit)
        });
        match taken {
            Ok(_) => Ok(Reservation { budget: Arc::clone(&self.0.budget), bytes }),
            Err(used) => Err(Error::memory(format!(
                "{} of memory needed, {} of {} in use",
                human_bytes(bytes),
                human_bytes(used),
                human_bytes(limit)
            ))
            .with_hint("a larger --memory-limit, or fewer variables")),
        }
    }

    /// Takes `count` matrices of `rows` x `cols` numbers from the memory budget.
    ///
    /// # Errors
    /// As [`Context::reserve`], or a matrix that has more numbers than one may have.
    pub fn reserve_matrices(&self, count: usize, rows: usize, cols: usize) -> Result<Reservation> {
        self.check_size(rows, cols)?;
        // A matrix without columns still has its rows, each of which has a sum, a name, a line in a file.
        let sizes = [rows.max(1), cols.max(1), std::mem::size_of::<f64>()];
        let bytes = sizes.iter().try_fold(count, |product, &n| product.checked_mul(n));
        match bytes.filter(|&bytes| bytes <= isize::MAX as usize) {
            Some(bytes) => self.reserve(bytes),
            None if count > 1 => {
                Err(Error::memory(format!("{count} matrices of {rows} x {cols} do not fit into any memory")))
            }
            None => Err(Error::memory(format!("a matrix of {rows} x {cols} does not fit into any memory"))),
        }
    }

    /// Fails where a matrix of `rows` x `cols` has more numbers than one may have.
    ///
    /// # Errors
    /// As said.
    pub fn check_size(&self, rows: usize, cols: usize) -> Result<()> {
        // What does not fit into any memory is the budget's to say.
        if self.0.max_elements == usize::MAX || rows.saturating_mul(cols) <= self.0.max_elements {
            return Ok(());
        }
        let message = format!("{rows} x {cols} numbers are more than one matrix may have ({})", self.0.max_elements);
        Err(Error::new(ErrorKind::Limit, message).with_hint("fewer rows or columns"))
    }

    /// Tells whoever listens how far `task` is.
    pub fn progress(&self, task: &str, done: usize, total: usize) {
        if let Some(report) = &self.0.progress {
            report(&Progress { task, done, total });
        }
    }

    /// Which files may be touched, and the way to them.
    pub fn files(&self) -> &FileAccess {
        &self.0.files
    }
}

/// Processors of the machine that may be used. Asked once: that reads files, and every session has a context.
fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Bytes as people read them.
pub fn human_bytes(bytes: usize) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1000.0 && unit + 1 < units.len() {
        size /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{size:.1} {}", units[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_refuses_and_takes_back() {
        let ctx = Context::new().with_memory_limit(1000);
        let held = ctx.reserve(600).unwrap();
        assert_eq!(ctx.reserve(600).unwrap_err().kind(), ErrorKind::Memory);
        drop(held);
        assert!(ctx.reserve(600).is_ok());
        assert_eq!(ctx.reserve_matrices(1, usize::MAX, 2).unwrap_err().kind(), ErrorKind::Memory);
        assert_eq!(ctx.reserve_matrices(1, 1_000_000, 0).unwrap_err().kind(), ErrorKind::Memory);
        let ctx = Context::new().with_max_elements(6);
        assert!(ctx.reserve_matrices(9, 2, 3).is_ok());
        assert_eq!(ctx.reserve_matrices(1, 7, 1).unwrap_err().kind(), ErrorKind::Limit);
        let ctx = Context::new().with_memory_limit(1000);
        assert!(ctx.reserve_matrices(1, 1_000_000, 0).is_err() && ctx.reserve_matrices(1, 0, 5).is_ok());
    }

    #[test]
    fn a_passed_deadline_and_a_cancel_stop() {
        let ctx = Context::new().with_time_limit(Duration::ZERO);
        assert_eq!(ctx.check().unwrap_err().kind(), ErrorKind::Time);
        ctx.clone().extend_clock(Duration::from_secs(3600));
        assert!(ctx.check().is_ok(), "the end has moved");
        let ctx = Context::new();
        ctx.extend_clock(Duration::ZERO);
        ctx.cancel_handle().cancel();
        assert_eq!(ctx.check().unwrap_err().kind(), ErrorKind::Cancelled);
    }

    #[test]
    fn calls_under_one_seed_differ_and_repeat() {
        let seeds = |ctx: Context| [ctx.next_seed(), ctx.next_seed()];
        let first = seeds(Context::new().with_seed(5));
        assert_ne!(first[0], first[1]);
        assert_eq!(first, seeds(Context::new().with_seed(5)));
    }
}
