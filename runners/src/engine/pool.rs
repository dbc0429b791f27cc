//! The workers of a process: threads that live as long as it does, each pinned when a cell begins.

use super::probe::Histograms;
use crate::clock::Clock;
use crate::counters::Counters;
use crate::counters::pmu::Wanted;
use crate::delay::{Calibration, obtained_ns};
use crate::pin::{PinError, pin_to};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};

/// What a worker does in a cell.
type Job = Box<dyn FnOnce(&mut WorkerContext) + Send>;

/// What a worker keeps from cell to cell: everything that must not be made anew next to a window.
#[derive(Debug)]
pub struct WorkerContext {
    clock: Clock,
    cpu: Option<u32>,
    /// The delay's calibration on each CPU that this worker was pinned to.
    calibrations: BTreeMap<u32, Calibration>,
    /// What an asked delay takes, by CPU and nanoseconds asked.
    obtained: BTreeMap<(u32, u64), u64>,
    /// Latency histograms; made when the first latency cell comes.
    pub histograms: Option<Histograms>,
    /// Perf events; opened when the first counters cell comes.
    counters: Option<Counters>,
}

impl WorkerContext {
    fn new(clock: Clock, calibrations: BTreeMap<u32, Calibration>) -> Self {
        Self {
            clock,
            cpu: None,
            calibrations,
            obtained: BTreeMap::new(),
            histograms: None,
            counters: None,
        }
    }

    /// The clock, the same for all workers.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Pins the worker, unless it is there already, and calibrates the delay there once, unless that was given.
    ///
    /// # Errors
    /// When the worker is not on that CPU.
    pub fn pin(&mut self, cpu: u32) -> Result<(), PinError> {
        if self.cpu != Some(cpu) {
            self.cpu = None;
            pin_to(cpu)?;
            self.cpu = Some(cpu);
        }
        let clock = self.clock;
        self.calibrations
            .entry(cpu)
            .or_insert_with(|| Calibration::measure(&clock));
        Ok(())
    }

    /// The counters for a cell on `cpu`, where the worker is: those of the last one, unless this CPU needs others.
    pub fn counters(&mut self, wanted: &[Wanted], cpu: u32) -> &mut Counters {
        self.counters.take_if(|open| !open.serve(cpu));
        self.counters
            .get_or_insert_with(|| Counters::open(wanted, cpu))
    }

    /// The turns of the delay that come closest to `asked_ns` on the worker's CPU, and what they take in nanoseconds.
    pub fn delay(&mut self, asked_ns: u64) -> (u64, u64) {
        let cpu = self.cpu.unwrap_or(0);
        let turns = self
            .calibrations
            .get(&cpu)
            .map_or(0, |found| found.turns_for(asked_ns));
        let clock = self.clock;
        let obtained = self.obtained.entry((cpu, asked_ns));
        (
            turns,
            *obtained.or_insert_with(|| obtained_ns(turns, &clock)),
        )
    }
}

/// Workers, waiting for jobs. They sleep between cells, so that what is built there has a CPU.
#[derive(Debug)]
pub struct Pool {
    workers: Vec<Worker>,
}

#[derive(Debug)]
struct Worker {
    jobs: Sender<Job>,
    tid: i32,
}

impl Pool {
    /// So many workers. They calibrate the delay on CPUs for which `calibrations` has nothing.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn new(
        workers: u32,
        clock: Clock,
        calibrations: &BTreeMap<u32, Calibration>,
    ) -> std::io::Result<Self> {
        let (tids, tid) = channel();
        let mut spawned = Vec::new();
        for number in 0..workers {
            let (jobs, inbox) = channel();
            let tids = tids.clone();
            let calibrations = calibrations.clone();
            std::thread::Builder::new()
                .name(format!("worker {number}"))
                .spawn(move || {
                    let _ = tids.send(rustix::thread::gettid().as_raw_nonzero().get());
                    work(&inbox, WorkerContext::new(clock, calibrations));
                })?;
            let tid = tid.recv().expect("the worker sends its number first");
            spawned.push(Worker { jobs, tid });
        }
        Ok(Self { workers: spawned })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.workers.len() as u32
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }

    /// The kernel's numbers of the first `count` workers.
    #[must_use]
    pub fn tids(&self, count: u32) -> Vec<i32> {
        self.workers
            .iter()
            .take(count as usize)
            .map(|worker| worker.tid)
            .collect()
    }

    /// Gives worker `number` a job.
    ///
    /// # Panics
    /// When there is no such worker.
    pub fn send(&self, number: u32, job: impl FnOnce(&mut WorkerContext) + Send + 'static) {
        let sent = self.workers[number as usize].jobs.send(Box::new(job));
        sent.expect("a worker ends only with the pool: its jobs catch their panics");
    }
}

fn work(inbox: &Receiver<Job>, mut context: WorkerContext) {
    while let Ok(job) = inbox.recv() {
        job(&mut context);
    }
}
