//! Whether a run has measured its headline numbers precisely enough, from its records alone.
//!
//! The headline of a lock is its throughput in each setting and role over that of the reference, paired by round. The
//! reference is the first lock of the run, in the order of its header, that excludes and not the fastest one, which may be
//! another after the next process. A run of one lock has no ratio; there the throughput itself counts. Locks that do not
//! exclude show the floor of the harness and are not waited for.

use crate::digest::{self, Digest, RoleTable, Row, Setting, paired_ratio};
use crate::read::Run;
use crate::stats::{Estimate, Interval, Precision, Step};
use crate::words;
use bench_core::record::{PrecisionGoal, RoleName};
use std::fmt;

/// The interval of one headline number.
#[derive(Clone, Debug, PartialEq)]
pub struct Headline {
    /// The lock.
    pub lock: String,
    /// The lock whose throughput it is over; `None` of a run of one lock, where it is the throughput itself.
    pub reference: Option<String>,
    /// The workload.
    pub workload: String,
    /// Worker threads.
    pub threads: u32,
    /// The placement, where the run has several.
    pub placement: Option<String>,
    /// The role.
    pub role: RoleName,
    /// The 95 % interval, or why there is none, in words.
    pub interval: Result<Interval, String>,
}

impl Headline {
    /// Half of the interval's width on the logarithmic scale; infinite where there is none.
    fn half_width(&self) -> f64 {
        match &self.interval {
            Ok(interval) => interval.log_half_width(),
            Err(_) => f64::INFINITY,
        }
    }
}

impl fmt::Display for Headline {
    /// How wide it is and of what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.interval {
            Ok(_) => {
                let percent = 100.0 * self.half_width().exp_m1();
                write!(f, "± {} %", words::significant(percent))?;
            }
            Err(why) => write!(f, "none, {why}")?,
        }
        let over = self.reference.as_ref().map(|name| format!(" over {name}"));
        write!(
            f,
            " ({}{}, {}, {}, {}{})",
            self.lock,
            over.unwrap_or_default(),
            self.workload,
            words::count(u64::from(self.threads), "thread"),
            self.role.word(),
            self.placement
                .as_ref()
                .map(|name| format!(", {name}"))
                .unwrap_or_default()
        )
    }
}

/// The headline numbers of a run, the widest first. Empty if it has no verified throughput.
#[must_use]
pub fn headlines(run: &Run) -> Vec<Headline> {
    // The other cells, with their histograms, have no part in it.
    let cells = run.cells.iter();
    let throughput = Run {
        file: run.file.clone(),
        header: run.header.clone(),
        cells: cells
            .filter(|cell| cell.mode == digest::THROUGHPUT)
            .cloned()
            .collect(),
        footer: None,
        problems: Vec::new(),
    };
    of_digest(&Digest::of(&throughput))
}

/// Whether every headline interval of the run is within plus or minus `target`, a share such as 0.02, by the rule of
/// [`Precision`].
///
/// # Panics
/// When `target` is not above 0.
#[must_use]
pub fn met(run: &Run, target: f64) -> bool {
    let headlines = headlines(run);
    Precision::new(target).met(run.processes(), intervals(&headlines))
}

/// What a run with this goal does next when it has measured what its records hold.
#[must_use]
pub fn step(goal: &PrecisionGoal, processes: u32, headlines: &[Headline]) -> Step {
    rule(goal).step(processes, intervals(headlines))
}

/// The rule of a goal.
#[must_use]
pub fn rule(goal: &PrecisionGoal) -> Precision {
    Precision {
        most_processes: goal.most_processes,
        ..Precision::new(f64::from(goal.target_permille.max(1)) / 1e3)
    }
}

fn intervals(headlines: &[Headline]) -> impl Iterator<Item = Option<Interval>> {
    headlines.iter().map(|h| h.interval.as_ref().ok().copied())
}

/// How a run that adds processes ended.
pub(crate) struct Ending {
    /// All intervals are as narrow as asked.
    pub(crate) reached: bool,
    /// Why it ended where it did, as a sentence without a full stop.
    pub(crate) words: String,
}

/// Why a run that adds processes ended where it did; `None` of a run with a fixed number.
pub(crate) fn ending(digest: &Digest<'_>) -> Option<Ending> {
    let run = digest.run;
    let goal = run.header.precision.as_ref()?;
    let headlines = of_digest(digest);
    let processes = run.processes();
    let percent = words::shortest(f64::from(goal.target_permille) / 10.0);
    let stopped = format!(
        "sequential: stopped after {}",
        if processes == 1 {
            "1 process".to_owned()
        } else {
            format!("{processes} processes")
        }
    );
    if rule(goal).met(processes, intervals(&headlines)) {
        let what = match &headlines[0].reference {
            Some(name) => format!("throughput over {name}"),
            None => "throughput".into(),
        };
        return Some(Ending {
            reached: true,
            words: format!("{stopped} since every 95 % interval of {what} is within ± {percent} %"),
        });
    }
    let why = if run.footer.as_ref().is_none_or(|footer| !footer.complete) {
        "though the run is not complete".to_owned()
    } else if processes >= goal.most_processes {
        "since that is the most".to_owned()
    } else {
        format!(
            "since more would not fit in the budget of {}",
            words::seconds(goal.budget_s)
        )
    };
    let widest = match headlines.first() {
        Some(widest) => format!("the widest interval: {widest}"),
        None => "no verified throughput".into(),
    };
    Some(Ending {
        reached: false,
        words: format!("{stopped} {why}; ± {percent} % not reached, {widest}"),
    })
}

fn of_digest(digest: &Digest<'_>) -> Vec<Headline> {
    let mut all = Vec::new();
    let locks = digest.locks.iter().enumerate();
    let contenders: Vec<usize> = locks.filter(|(_, l)| !l.control).map(|(i, _)| i).collect();
    let Some((reference, others)) = contenders.split_first() else {
        return all;
    };
    for setting in &digest.settings {
        for table in &setting.roles {
            let headline = |lock: &usize, over: Option<&usize>| Headline {
                lock: digest.locks[*lock].name.to_owned(),
                reference: over.map(|lock| digest.locks[*lock].name.to_owned()),
                workload: setting.workload.to_owned(),
                threads: setting.threads,
                placement: digest.placement_of(setting).map(str::to_owned),
                role: table.role,
                interval: interval(setting, table, *lock, over.copied()),
            };
            if others.is_empty() {
                all.push(headline(reference, None));
            }
            all.extend(others.iter().map(|lock| headline(lock, Some(reference))));
        }
    }
    all.sort_by(|a, b| b.half_width().total_cmp(&a.half_width()));
    all
}

fn interval(
    setting: &Setting<'_>,
    table: &RoleTable,
    lock: usize,
    over: Option<usize>,
) -> Result<Interval, String> {
    let rounds = setting.rounds(digest::THROUGHPUT);
    if rounds.too_noisy() {
        return Err(format!("too noisy, {rounds}"));
    }
    let rate = |lock: usize| {
        let row: Option<&Row> = table.row(lock);
        let rate = row.and_then(|row| row.rate.as_ref());
        rate.map(|two| two.shown())
            .ok_or_else(|| "no verified result".to_owned())
    };
    let estimate = match over {
        None => Estimate::of_ratios(rate(lock)?.ops_per_s.per_process.clone()),
        Some(over) => paired_ratio(&rate(lock)?.by_round, &rate(over)?.by_round),
    };
    let estimate = estimate.ok_or("one stood still, or no round in common")?;
    estimate
        .interval
        .ok_or_else(|| "fewer than two processes".to_owned())
}
