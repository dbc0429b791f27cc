//! How many processes a run measures: as many as were asked for, or more until it is as precise as was asked for.

use crate::args::RunArgs;
use crate::recording::Progress;
use anyhow::bail;
use bench_core::plan::{Mode, Plan};
use bench_core::record::PrecisionGoal;
use reports::precision::{Headline, rule, step};
use reports::stats::Step;
use std::path::Path;
use std::time::{Duration, Instant};

/// Without a budget of its own, a run that adds processes takes at most so many times as long as its plan.
const TIMES_THE_PLAN: u64 = 5;

/// The goal that the arguments set, if they do.
///
/// # Errors
/// When the plan measures no throughput, or begins with more processes than are ever added to.
pub(super) fn goal_of(args: &RunArgs, plan: &Plan) -> anyhow::Result<Option<PrecisionGoal>> {
    let Some(target_permille) = args.precision else {
        return Ok(None);
    };
    if !plan.modes.contains(&Mode::Throughput) {
        bail!(
            "--precision is that of the throughput, and the run measures none; add throughput to --mode"
        );
    }
    let budget = args
        .budget
        .unwrap_or_else(|| Duration::from_nanos(plan.estimate_ns().saturating_mul(TIMES_THE_PLAN)));
    let goal = PrecisionGoal {
        target_permille,
        budget_s: budget.as_nanos().div_ceil(1_000_000_000) as u64,
        most_processes: crate::plan_of::precision(target_permille).most_processes,
    };
    if plan.processes > goal.most_processes {
        bail!(
            "--precision goes up to {} processes, and the run begins with {}; give fewer with --processes, or leave out --precision",
            goal.most_processes,
            plan.processes
        );
    }
    Ok(Some(goal))
}

/// The processes of a run, as many as it has come to.
pub(super) struct Sequence {
    goal: Option<PrecisionGoal>,
    processes: u32,
    begun: Instant,
    /// What earlier parts of a resumed run took.
    before: Duration,
}

impl Sequence {
    /// The sequence of a run that begins now, or goes on and has records of `recorded` processes, the last of them
    /// perhaps not whole.
    pub(super) fn new(
        plan: &Plan,
        goal: Option<PrecisionGoal>,
        recorded: u32,
        before: Duration,
    ) -> Self {
        let mut sequence = Self {
            goal,
            processes: plan.processes,
            begun: Instant::now(),
            before,
        };
        // It was never looked at in the middle of what is added at once.
        while sequence.processes < recorded
            && let Some(more) = sequence.more(&[])
        {
            sequence.processes += more;
        }
        sequence
    }

    /// Processes that are to be measured, as far as is known.
    pub(super) fn processes(&self) -> u32 {
        self.processes
    }

    /// What the whole run has taken.
    pub(super) fn elapsed(&self) -> Duration {
        self.before + self.begun.elapsed()
    }

    /// Says on standard error how precise the run is after another process.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub(super) fn tell(
        &self,
        process: u32,
        records: &Path,
        progress: &Progress,
    ) -> anyhow::Result<()> {
        if let Some(goal) = &self.goal {
            let headlines = reports::precision::headlines(&reports::load(records)?);
            let widest = headlines
                .first()
                .map_or_else(|| "no throughput yet".to_owned(), Headline::to_string);
            progress.say(&format!(
                "process {}, the widest interval: {widest}; asked for: ± {} %",
                process + 1,
                percent(goal)
            ));
        }
        Ok(())
    }

    /// Whether more processes follow, now that all until here are measured.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub(super) fn goes_on(&mut self, records: &Path) -> anyhow::Result<bool> {
        let Some(goal) = &self.goal else {
            return Ok(false);
        };
        let headlines = reports::precision::headlines(&reports::load(records)?);
        let Some(more) = self.more(&headlines) else {
            return Ok(false);
        };
        let elapsed = self.elapsed();
        let with_more = elapsed / self.processes * (self.processes + more);
        if with_more > Duration::from_secs(goal.budget_s) {
            return Ok(false);
        }
        self.processes += more;
        Ok(true)
    }

    /// How many to add at once with these intervals, by the goal alone.
    fn more(&self, headlines: &[Headline]) -> Option<u32> {
        match step(self.goal.as_ref()?, self.processes, headlines) {
            Step::Add(more) => Some(more),
            Step::Enough | Step::Spent => None,
        }
    }
}

/// What a run with this goal does after its plan, in words.
pub(super) fn words(goal: &PrecisionGoal) -> String {
    let budget = humantime::format_duration(Duration::from_secs(goal.budget_s));
    let least = rule(goal).least_processes;
    format!(
        "then more processes, two at a time, until every throughput is within ± {} % and there are {least}, or there are {}, or more would not end within {budget}",
        percent(goal),
        goal.most_processes
    )
}

fn percent(goal: &PrecisionGoal) -> f64 {
    f64::from(goal.target_permille) / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan_of::small_plan;

    fn plan(processes: u32) -> Plan {
        Plan {
            processes,
            ..small_plan()
        }
    }

    fn resumed(processes: u32, goal: Option<PrecisionGoal>, recorded: u32) -> u32 {
        Sequence::new(&plan(processes), goal, recorded, Duration::ZERO).processes()
    }

    #[test]
    fn a_resumed_run_measures_what_it_had_begun_at_once() {
        let goal = Some(PrecisionGoal {
            target_permille: 20,
            budget_s: 1,
            most_processes: 9,
        });
        for (begun_with, recorded, expected) in [
            (6, 0, 6),
            (6, 6, 6),
            (6, 7, 8),
            (6, 8, 8),
            (6, 9, 9),
            (2, 2, 2),
            (2, 3, 6),
        ] {
            let processes = resumed(begun_with, goal, recorded);
            assert_eq!(processes, expected, "{recorded} of {begun_with}");
        }
        assert_eq!(resumed(2, None, 2), 2);
    }
}
