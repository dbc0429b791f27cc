//! Progress on standard error, between cells and never during one: the measuring process waits until the parent has
//! written and drawn before it begins its next cell, and nothing here draws by itself.

use bench_core::record::{Cell, Status};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// How often a run that is not on a terminal prints a line.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Writes one line to standard error; there is nobody to tell when that fails.
pub(crate) fn note(text: &str) {
    let _ = writeln!(stderr(), "vmalock: {text}");
}

/// How far the run is.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    total: u64,
    done: u64,
    done_before: u64,
    start: Instant,
    last_line: Instant,
    process: String,
}

impl Progress {
    /// A run of `total` cells, of which some are done already.
    pub(crate) fn new(total: u64, done: u64) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} cells, {eta} left");
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            bar.set_style(
                style
                    .unwrap_or_else(|_| ProgressStyle::default_bar())
                    .progress_chars("=> "),
            );
            bar.set_position(done);
            bar.reset_eta();
            bar
        });
        let now = Instant::now();
        Self {
            bar,
            total,
            done,
            done_before: done,
            start: now,
            last_line: now,
            process: String::new(),
        }
    }

    /// A process begins.
    pub(crate) fn process(&mut self, process: u32, processes: u32) {
        self.process = format!("process {} of {processes}", process + 1);
        if let Some(bar) = &self.bar {
            bar.set_message(self.process.clone());
        }
    }

    /// There are more cells than was known.
    pub(crate) fn grow(&mut self, total: u64) {
        self.total = total;
        if let Some(bar) = &self.bar {
            bar.set_length(total);
        }
    }

    /// A cell is done.
    pub(crate) fn cell(&mut self, cell: &Cell) {
        self.done += 1;
        if cell.status == Status::Error {
            let error = cell.error.as_deref().unwrap_or("no reason");
            let threads = if cell.threads == 1 {
                "thread"
            } else {
                "threads"
            };
            self.say(&format!(
                "{}, {}, {} {threads}, {}: {error}",
                cell.lock, cell.workload, cell.threads, cell.mode
            ));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let left = self.left().as_secs();
            note(&format!(
                "{}: {} of {} cells, about {left} s left",
                self.process, self.done, self.total
            ));
        }
    }

    /// The time that the rest takes if it goes on like this.
    fn left(&self) -> Duration {
        let measured = (self.done - self.done_before).max(1) as u32;
        let left = self.total.saturating_sub(self.done) as u32;
        self.start.elapsed() / measured * left
    }

    /// A line of its own.
    pub(crate) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| note(text)),
            None => note(text),
        }
    }

    /// The run is over.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        note(&format!(
            "{} of {} cells in {} s",
            self.done,
            self.total,
            self.start.elapsed().as_secs()
        ));
    }
}
