//! One gate, measured and judged as `check` does it, of this program.

use crate::cmd::check::plan::again;
use crate::contender::Contender;
use crate::injected::Injected;
use crate::recording::{self, Tally};
use crate::session::{Arm, Lockstep};
use bench_core::plan::Plan;
use bench_core::record::{ClockInfo, Header, Host};
use reports::Run;
use reports::check::{Check, Settings, Sides, Stage, judge, needs_confirmation};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Baseline, candidate, control.
const ARMS: usize = 3;

/// What is the same for every gate of a self-test.
pub(super) struct Bench<'a> {
    pub(super) contenders: &'a [Contender],
    pub(super) host: Host,
    pub(super) clock: ClockInfo,
    pub(super) hang_limit: Duration,
    pub(super) stop: &'a AtomicBool,
}

/// What a gate measures.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    pub(super) plan: Plan,
    /// Harm of the baseline and the control, which may be none to speak of.
    pub(super) baseline: Option<Injected>,
    /// Harm of the candidate.
    pub(super) candidate: Option<Injected>,
    /// Whether there is a second stage even if no gated line needs one.
    pub(super) two_stages: bool,
}

/// One stage: a run of each arm.
pub(super) struct Measured {
    pub(super) baseline: Run,
    pub(super) candidate: Run,
    pub(super) control: Run,
}

/// What a gate came to.
pub(super) struct Judged {
    pub(super) check: Check,
    pub(super) first: Measured,
    pub(super) stages: u32,
    pub(super) windows_s: f64,
    pub(super) whole_s: f64,
    /// Cells whose lock broke its contract.
    pub(super) broken: u64,
}

impl Measured {
    pub(super) fn stage(&self) -> Stage<'_> {
        Stage {
            baseline: &self.baseline,
            candidate: &self.candidate,
            control: Some(&self.control),
        }
    }

    /// The same with the first few processes only.
    pub(super) fn first_processes(&self, processes: u32) -> Self {
        let few = |run: &Run| {
            let mut run = run.clone();
            run.header.processes = processes;
            run.cells.retain(|cell| cell.process < processes);
            run
        };
        Self {
            baseline: few(&self.baseline),
            candidate: few(&self.candidate),
            control: few(&self.control),
        }
    }

    fn windows_s(&self) -> f64 {
        let runs = [&self.baseline, &self.candidate, &self.control];
        let cells = runs.into_iter().flat_map(|run| &run.cells);
        cells.map(|cell| cell.window_ns).sum::<u64>() as f64 / 1e9
    }

    fn broken(&self, contenders: &[Contender]) -> u64 {
        let mut tally = Tally::default();
        let runs = [&self.baseline, &self.candidate, &self.control];
        for cell in runs.into_iter().flat_map(|run| &run.cells) {
            tally.add(cell, contenders);
        }
        tally.broken
    }
}

impl Bench<'_> {
    /// Measures and judges a gate; `None` when the self-test is to end.
    ///
    /// # Errors
    /// When a process cannot be started or cannot measure at all.
    pub(super) fn measure(&self, gate: &Gate) -> anyhow::Result<Option<Judged>> {
        let start = Instant::now();
        let Some(first) = self.stage(gate, &gate.plan, false)? else {
            return Ok(None);
        };
        let settings = settings();
        let one_stage = Sides {
            first: first.stage(),
            confirmation: None,
        };
        let check = judge(&one_stage, &settings);
        let mut judged = Judged {
            windows_s: first.windows_s(),
            broken: first.broken(self.contenders),
            check,
            first,
            stages: 1,
            whole_s: 0.0,
        };
        if gate.two_stages || needs_confirmation(&judged.check) {
            let mut plan = again(&gate.plan, &judged.check);
            if gate.two_stages {
                plan = Plan {
                    seed: plan.seed,
                    ..gate.plan.clone()
                };
            }
            let Some(second) = self.stage(gate, &plan, true)? else {
                return Ok(None);
            };
            let two_stages = Sides {
                first: judged.first.stage(),
                confirmation: Some(second.stage()),
            };
            judged.check = judge(&two_stages, &settings);
            judged.windows_s += second.windows_s();
            judged.broken += second.broken(self.contenders);
            judged.stages = 2;
        }
        judged.whole_s = start.elapsed().as_secs_f64();
        Ok(Some(judged))
    }

    /// All processes of one stage; `None` when the self-test is to end.
    fn stage(&self, gate: &Gate, plan: &Plan, reversed: bool) -> anyhow::Result<Option<Measured>> {
        let arm = |injected: &Option<Injected>| {
            let mut arm = Arm::of_this_program(plan.clone())?;
            arm.injected = injected.clone();
            anyhow::Ok(arm)
        };
        let mut arms = vec![
            arm(&gate.baseline)?,
            arm(&gate.candidate)?,
            arm(&gate.baseline)?,
        ];
        if reversed {
            arms.reverse();
        }
        let Some(mut runs) = self.lockstep(&arms)? else {
            return Ok(None);
        };
        if reversed {
            runs.reverse();
        }
        let [baseline, candidate, control] = <[Run; ARMS]>::try_from(runs)
            .map_err(|runs| anyhow::anyhow!("{} runs of {ARMS} arms", runs.len()))?;
        Ok(Some(Measured {
            baseline,
            candidate,
            control,
        }))
    }

    /// A run of each arm; `None` when the self-test is to end.
    pub(super) fn lockstep(&self, arms: &[Arm]) -> anyhow::Result<Option<Vec<Run>>> {
        let mut runs: Vec<Run> = arms.iter().map(|arm| self.empty_run(&arm.plan)).collect();
        let lockstep = Lockstep {
            arms,
            hang_limit: self.hang_limit,
            stop: self.stop,
        };
        for process in 0..arms.first().map_or(0, |arm| arm.plan.processes) {
            lockstep.run(process, &mut |arm, cell| {
                runs[arm].cells.push(*cell);
                Ok(())
            })?;
            // Relaxed: the flag publishes nothing.
            if self.stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
        }
        Ok(Some(runs))
    }

    fn empty_run(&self, plan: &Plan) -> Run {
        Run {
            file: PathBuf::new(),
            header: self.header(plan),
            cells: Vec::new(),
            footer: None,
            problems: Vec::new(),
        }
    }

    /// The header that a run of this plan would have.
    pub(super) fn header(&self, plan: &Plan) -> Header {
        let (host, clock) = (self.host.clone(), self.clock.clone());
        recording::header::header(plan, None, self.contenders, host, clock, Vec::new())
    }
}

/// How gates of a self-test are judged: as `check` does it by default.
pub(super) fn settings() -> Settings {
    Settings {
        baseline: "this program".to_owned(),
        candidate: "this program again".to_owned(),
        floor: reports::check::judge::FLOOR,
        margin: None,
    }
}
