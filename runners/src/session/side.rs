//! One program in one process of a plan: a child that measures cells when it is told to, and another one for what comes
//! after it hung or died.

use super::lockstep::Arm;
use super::running::{Running, Said};
use super::{Job, Message};
use crate::delay::Calibration;
use crate::engine::{MOST_LIMITS, failed};
use anyhow::bail;
use bench_core::plan::{PlannedCell, planned_cells};
use bench_core::record::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a child may be silent beyond what its cells may take: its start, its warm-up, a machine under load.
const GRACE: Duration = Duration::from_secs(30);
/// How often the parent looks whether it was told to stop.
const LOOK: Duration = Duration::from_millis(50);
/// Children in a row that may end before they are ready; then the rest of the process is given up.
const FALSE_STARTS: u32 = 3;

/// A program and its child.
pub(super) struct Side<'a> {
    pub(super) arm: &'a Arm,
    pub(super) process: u32,
    pub(super) planned: Vec<PlannedCell>,
    pub(super) calibrations: &'a BTreeMap<u32, Calibration>,
    pub(super) hang_limit: Duration,
    pub(super) stop: &'a AtomicBool,
    /// The child, when there is one and it is ready.
    running: Option<Running>,
    /// Locks that hung in this process, and why their other cells are not measured.
    hung: BTreeMap<usize, String>,
    false_starts: u32,
}

/// What came of asking a child for something.
enum Answer {
    Ready,
    Cell(Box<Cell>),
    /// It died; in words.
    Died(String),
    /// The run is to end.
    Stopped,
}

impl<'a> Side<'a> {
    pub(super) fn new(
        arm: &'a Arm,
        process: u32,
        calibrations: &'a BTreeMap<u32, Calibration>,
        hang_limit: Duration,
        stop: &'a AtomicBool,
    ) -> Self {
        Self {
            arm,
            process,
            planned: planned_cells(&arm.plan, process),
            calibrations,
            hang_limit,
            stop,
            running: None,
            hung: BTreeMap::new(),
            false_starts: 0,
        }
    }

    /// Starts a child and waits until it has warmed up with cell `first`, unless there is one. `Some` is the record of that
    /// cell when its lock hung in the warm-up or the child died; the cell is done then.
    pub(super) fn get_ready(&mut self, first: usize) -> anyhow::Result<Option<Box<Cell>>> {
        if self.running.is_some() || self.is_given_up(first).is_some() {
            return Ok(None);
        }
        let job = Job {
            plan: self.arm.plan.clone(),
            process: self.process,
            first,
            hang_limit_ms: self.hang_limit.as_millis() as u64,
            calibrations: self.calibrations.clone(),
            injected: self.arm.injected.clone(),
        };
        self.running = Some(Running::start(&self.arm.program, &job)?);
        Ok(match self.answer()? {
            Answer::Ready | Answer::Stopped => None,
            Answer::Cell(cell) => Some(cell),
            Answer::Died(why) => {
                self.false_starts += 1;
                Some(self.failed(first, &format!("{why}; seen in the warm-up")))
            }
        })
    }

    /// Measures a cell: its record, measured or failed. `None` when the run is to end.
    pub(super) fn measure(&mut self, number: usize) -> anyhow::Result<Option<Box<Cell>>> {
        if let Some(why) = self.is_given_up(number) {
            return Ok(Some(self.failed(number, &why)));
        }
        if let Some(cell) = self.get_ready(number)? {
            return Ok(Some(cell));
        }
        let Some(running) = &mut self.running else {
            return Ok(None);
        };
        running.go(number);
        Ok(match self.answer()? {
            Answer::Cell(cell) => {
                self.false_starts = 0;
                Some(cell)
            }
            Answer::Died(why) => {
                self.false_starts = 0;
                Some(self.failed(number, &why))
            }
            Answer::Ready => bail!("a measuring process is ready twice"),
            Answer::Stopped => None,
        })
    }

    /// Why a cell is not measured any more.
    fn is_given_up(&self, number: usize) -> Option<String> {
        if self.false_starts >= FALSE_STARTS {
            return Some(format!(
                "not measured: {FALSE_STARTS} processes in a row ended in their warm-up"
            ));
        }
        self.hung.get(&self.planned[number].lock).cloned()
    }

    fn failed(&self, number: usize, why: &str) -> Box<Cell> {
        let cell = &self.planned[number];
        let plan = &self.arm.plan;
        Box::new(failed(
            cell.of(plan),
            plan.is_oversubscribed(cell.threads),
            why,
        ))
    }

    /// Waits for what the child says.
    fn answer(&mut self) -> anyhow::Result<Answer> {
        let window = Duration::from_nanos(self.arm.plan.window_ns);
        // A hung cell is noticed by the child itself, which waits for five things in a cell: the mapping, the settling, the
        // closing, the results and the check.
        let silence = GRACE + window + 5 * MOST_LIMITS * self.hang_limit;
        let start = Instant::now();
        loop {
            let Some(running) = &mut self.running else {
                return Ok(Answer::Stopped);
            };
            // Relaxed: the flag publishes nothing, and is looked at again and again.
            if self.stop.load(Ordering::Relaxed) {
                self.running = None;
                return Ok(Answer::Stopped);
            }
            let (cell, hung) = match running.listen(LOOK)? {
                Said::Message(Message::Ready) => return Ok(Answer::Ready),
                Said::Message(Message::Cell(_, cell)) => return Ok(Answer::Cell(cell)),
                Said::Message(Message::Hung(number, cell)) => (cell, Some(number)),
                Said::Message(Message::Starved(_, cell)) => (cell, None),
                Said::Message(Message::Broken(why)) => {
                    bail!("a measuring process cannot work: {why}")
                }
                Said::Gone(why) => {
                    self.running = None;
                    return Ok(Answer::Died(why));
                }
                Said::Nothing if start.elapsed() < silence => continue,
                Said::Nothing => {
                    running.kill();
                    let (seconds, words) = (silence.as_secs(), running.last_words());
                    self.running = None;
                    return Ok(Answer::Died(format!(
                        "the process said nothing for {seconds} s and was killed{words}"
                    )));
                }
            };
            self.running = None;
            if let Some(number) = hung {
                self.give_up_lock_of(number);
            }
            return Ok(Answer::Cell(cell));
        }
    }

    /// A lock that hung once in a process is not measured again in it.
    fn give_up_lock_of(&mut self, number: usize) {
        let (plan, hung) = (&self.arm.plan, &self.planned[number]);
        let why = format!(
            "not measured: `{}` hung earlier in this process (round {}, {}, threads {})",
            plan.locks[hung.lock], hung.round, plan.workloads[hung.workload].name, hung.threads
        );
        self.hung.insert(hung.lock, why);
    }
}
