//! Repetitions, one after the other: what is common to all self-tests.

use super::GateArgs;
use super::gate::{Bench, Gate, Judged};
use super::log::{Asked, Log};
use crate::clock::Clock;
use crate::cmd::compare::INCONCLUSIVE_EXIT_CODE;
use crate::cmd::emulated::refuse;
use crate::cmd::verify::BROKEN_EXIT_CODE;
use crate::contender::Contender;
use crate::host;
use crate::plan_of::{check_window, in_order, seed_from_clock, settle, usable_cpus, window_ns};
use crate::plan_words::about;
use crate::recording::{dated_directory, header::tool, note, stop_flag};
use anyhow::{Context, bail};
use bench_core::plan::{Mode, Plan};
use bench_core::record::Host;
use bench_core::workload::presets;
use reports::check::{Check, Verdict};
use reports::selftest::{Injection, Outcome, Repetition, windows};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The file with the table, beside the log.
const TABLE_FILE: &str = "selftest.txt";

/// What a self-test measures when nobody says otherwise.
pub(super) struct Defaults {
    /// Thread counts, for so many CPUs.
    pub(super) threads: fn(u32) -> Vec<u32>,
    pub(super) window_ms: u64,
}

/// A self-test: its settings, what it has, and where it keeps that.
pub(super) struct Series<'a> {
    pub(super) bench: Bench<'a>,
    pub(super) asked: Asked,
    pub(super) repetitions: Vec<Repetition>,
    log: Log,
    stop: Arc<AtomicBool>,
    /// Gates to measure from now on, and when that began.
    left: u32,
    measured: u32,
    start: Instant,
    broken: u64,
}

/// What a gate measures, from the arguments.
///
/// # Errors
/// One line that says what is wrong and what could stand there.
pub(super) fn plan(
    args: &GateArgs,
    defaults: &Defaults,
    contenders: &[Contender],
    host: &Host,
) -> anyhow::Result<Plan> {
    let locks: Vec<&str> = contenders.iter().map(Contender::name).collect();
    let presets = presets();
    let workloads: Vec<&str> = presets.iter().map(|spec| spec.name.as_str()).collect();
    let chosen = in_order(Some(args.workload.clone()), &workloads, "workload")?;
    let cpus = usable_cpus(host);
    let mut modes: Vec<Mode> = args.mode.iter().map(|mode| Mode::from(*mode)).collect();
    if modes.is_empty() {
        modes = vec![Mode::Throughput, Mode::Latency];
    }
    let mut threads = args.threads.clone();
    if threads.is_empty() {
        threads = (defaults.threads)(cpus);
    }
    let mut plan = Plan {
        locks: in_order(Some(args.lock.clone()), &locks, "lock")?,
        workloads: presets
            .iter()
            .filter(|spec| chosen.contains(&spec.name))
            .cloned()
            .collect(),
        threads,
        modes,
        counters: Vec::new(),
        placements: vec!["compact".to_owned()],
        processes: args.processes,
        rounds: args.rounds,
        window_ns: window_ns(args.window_ms.unwrap_or(defaults.window_ms))?,
        seed: args.seed.unwrap_or_else(seed_from_clock),
        cpus,
    };
    settle(&mut plan, host)?;
    Ok(plan)
}

impl<'a> Series<'a> {
    /// Begins a self-test, or takes one up again.
    ///
    /// # Errors
    /// When the program is emulated, the directory cannot be used, or holds another self-test than is asked for.
    pub(super) fn begin(
        words: String,
        repetitions: u32,
        plan: Plan,
        args: &GateArgs,
        contenders: &'a [Contender],
        stop: &'a Arc<AtomicBool>,
    ) -> anyhow::Result<Self> {
        let (host, _) = host::read(Path::new("/"));
        refuse(&host, "selftest")?;
        let clock = Clock::calibrate().info();
        check_window(&plan, clock.quantum_ns)?;
        let mut asked = Asked {
            selftest: words,
            repetitions,
            plan,
            tool: tool(),
            host: host_words(&host),
        };
        let directory = args
            .out
            .clone()
            .unwrap_or_else(|| dated_directory("vmalock-selftest"));
        let (log, kept) = if args.resume {
            let (log, first, kept) = Log::resume(&directory)?;
            if args.seed.is_none() {
                asked.plan.seed = first.plan.seed;
            }
            asked.check_same(&first, &directory)?;
            (log, kept)
        } else {
            (Log::create(&directory, &asked)?, Vec::new())
        };
        if cfg!(debug_assertions) {
            note("note: this is a debug build: its numbers say nothing; build with --release");
        }
        Ok(Self {
            bench: Bench {
                contenders,
                host,
                clock,
                hang_limit: Duration::from_secs(args.hang_limit_s),
                stop,
            },
            asked,
            repetitions: kept,
            log,
            stop: Arc::clone(stop),
            left: 0,
            measured: 0,
            start: Instant::now(),
            broken: 0,
        })
    }

    /// Says what is to come.
    pub(super) fn announce(&mut self, gates: u32) {
        self.left = gates - self.repetitions.len() as u32;
        self.start = Instant::now();
        // Three programs in the first stage; a second stage comes on top.
        let once_ns = 3 * self.asked.plan.estimate_ns();
        let most_ns = once_ns.saturating_mul(u64::from(2 * self.left));
        note(&format!(
            "{} gates to measure into {}, at most about {}; Ctrl-C ends the self-test and keeps what it has",
            self.left,
            self.log.directory.display(),
            about(most_ns)
        ));
    }

    /// The seed of a gate, by what tells it from the other gates.
    pub(super) fn seed(&self, number: u32, harm: usize) -> u64 {
        let gate = u64::from(number) << 8 | harm as u64;
        let seed = self.asked.plan.seed ^ gate.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        u64::from(fastrand::Rng::with_seed(seed).u32(..))
    }

    /// Measures a gate; `None` when the self-test is to end.
    ///
    /// # Errors
    /// When a process cannot be started or cannot measure at all.
    pub(super) fn measure(&mut self, gate: &Gate) -> anyhow::Result<Option<Judged>> {
        let judged = self.bench.measure(gate)?;
        self.broken += judged.as_ref().map_or(0, |judged| judged.broken);
        Ok(judged)
    }

    /// Keeps what a gate found, and says it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn keep(
        &mut self,
        number: u32,
        gate: &Gate,
        judged: Judged,
        injected: Option<Injection>,
        fewer: Vec<reports::selftest::Fewer>,
    ) -> anyhow::Result<()> {
        let repetition = Repetition {
            number,
            injected,
            seed: gate.plan.seed,
            stages: judged.stages,
            windows_s: judged.windows_s,
            whole_s: judged.whole_s,
            windows: windows(&judged.first.baseline, &judged.first.candidate),
            check: judged.check,
            fewer,
        };
        self.log.add(&repetition)?;
        self.measured += 1;
        self.left -= 1;
        let left_s =
            self.start.elapsed().as_secs() / u64::from(self.measured) * u64::from(self.left);
        note(&format!(
            "repetition {number} of {}{}: {}; {:.0} s, {:.1} s of it in windows; {} gates to go, about {}",
            self.asked.repetitions,
            repetition
                .injected
                .as_ref()
                .map_or_else(String::new, harm_words),
            found_words(&repetition.check),
            repetition.whole_s,
            repetition.windows_s,
            self.left,
            about(left_s * 1_000_000_000)
        ));
        self.repetitions.push(repetition);
        Ok(())
    }

    /// Prints what all repetitions say and keeps it beside them; the exit code.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn end(
        &self,
        told: &str,
        outcome: Outcome,
        out: &mut impl Write,
    ) -> anyhow::Result<ExitCode> {
        let directory = self.log.directory.display();
        let path = self.log.directory.join(TABLE_FILE);
        std::fs::write(&path, told)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        write!(out, "{told}")?;
        writeln!(out, "repetitions: {directory}/{}", super::log::LOG_FILE)?;
        // Relaxed: the flag publishes nothing.
        let stopped = self.stop.load(Ordering::Relaxed);
        if stopped {
            note(&format!(
                "the self-test was stopped by a signal; with --resume --out {directory} it goes on"
            ));
        }
        if self.broken > 0 {
            let broken = self.broken;
            note(&format!(
                "a lock broke its contract in {broken} of the cells; see `vmalock verify`"
            ));
            return Ok(ExitCode::from(BROKEN_EXIT_CODE));
        }
        Ok(match outcome {
            Outcome::Failed => ExitCode::from(BROKEN_EXIT_CODE),
            Outcome::TooNoisy => ExitCode::from(INCONCLUSIVE_EXIT_CODE),
            Outcome::Passed if stopped => ExitCode::from(INCONCLUSIVE_EXIT_CODE),
            Outcome::Passed => ExitCode::SUCCESS,
        })
    }
}

/// The flag that a signal sets.
///
/// # Errors
/// When the system takes no handler.
pub(super) fn stop() -> anyhow::Result<Arc<AtomicBool>> {
    stop_flag()
}

impl Asked {
    /// Refuses to go on with another self-test than was begun.
    fn check_same(&self, begun: &Self, directory: &Path) -> anyhow::Result<()> {
        let differs = [
            ("the self-test", self.selftest != begun.selftest),
            (
                "the number of repetitions",
                self.repetitions != begun.repetitions,
            ),
            ("what each gate measures", self.plan != begun.plan),
            ("the build", self.tool != begun.tool),
            ("the machine", self.host != begun.host),
        ];
        let differing: Vec<&str> = differs
            .iter()
            .filter_map(|(what, differs)| differs.then_some(*what))
            .collect();
        if differing.is_empty() {
            return Ok(());
        }
        bail!(
            "the self-test in {} was begun otherwise: {} differ; ask for the same as its first command did, or begin a new one",
            directory.display(),
            differing.join(", ")
        );
    }
}

/// The machine in a few words.
fn host_words(host: &Host) -> String {
    format!(
        "{}, kernel {}, CPUs {:?}",
        host.cpu_model.as_deref().unwrap_or(&host.arch),
        host.kernel.as_deref().unwrap_or("unknown"),
        host.allowed_cpus
    )
}

/// What was done to the candidate, for a line of progress.
fn harm_words(injection: &Injection) -> String {
    use reports::selftest::InjectionKind::{Slowdown, Tail, Unfair};
    match injection.kind {
        Slowdown => format!(", {:.1} % slower", 100.0 * injection.share),
        Tail => ", some operations slow".to_owned(),
        Unfair => ", one thread held back".to_owned(),
    }
}

/// The verdicts of a gate in a few words: `equivalent (4 equivalent)`.
fn found_words(check: &Check) -> String {
    let words = |verdict| match verdict {
        Verdict::Regressed => "regressed",
        Verdict::Improved => "improved",
        Verdict::Equivalent => "equivalent",
        Verdict::Inconclusive => "inconclusive",
    };
    let all = [
        Verdict::Regressed,
        Verdict::Improved,
        Verdict::Equivalent,
        Verdict::Inconclusive,
    ];
    let counts: Vec<String> = all
        .into_iter()
        .map(|verdict| {
            (
                verdict,
                check.gated().filter(|line| line.verdict == verdict).count(),
            )
        })
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{count} {}", words(verdict)))
        .collect();
    if counts.is_empty() {
        return format!("{}, no gated line", words(check.verdict));
    }
    format!(
        "{} (gated lines: {})",
        words(check.verdict),
        counts.join(", ")
    )
}
