//! How often the gate calls a program different from itself.

use super::{MOST_FALSE_ALARMS, Outcome, Repetition, count_of, say_unfinished};
use crate::check::{Line, Verdict};
use crate::plain;
use crate::stats::clopper_pearson;
use std::collections::BTreeMap;
use std::fmt;

/// What gates of a program against itself came to.
#[derive(Clone, Debug, PartialEq)]
pub struct FalseAlarms {
    /// Repetitions that were asked for.
    planned: u32,
    /// Repetitions that were measured.
    gates: u32,
    /// Those whose verdict is not inconclusive.
    decided_gates: u32,
    /// Those that would have failed somebody's build.
    failed_gates: u32,
    /// Those that were measured in two stages.
    second_stages: u32,
    /// By metric and place.
    lines: BTreeMap<Place, Tally>,
}

/// Gated ones first, then workload, threads, role, metric.
type Place = (bool, String, u32, String, String);

/// Lines of one place over all repetitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    all: u32,
    inconclusive: u32,
    regressed: u32,
    improved: u32,
}

impl Tally {
    fn add(&mut self, line: &Line) {
        self.all += 1;
        match line.verdict {
            Verdict::Regressed => self.regressed += 1,
            Verdict::Improved => self.improved += 1,
            Verdict::Inconclusive => self.inconclusive += 1,
            Verdict::Equivalent => {}
        }
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            all: self.all + other.all,
            inconclusive: self.inconclusive + other.inconclusive,
            regressed: self.regressed + other.regressed,
            improved: self.improved + other.improved,
        }
    }

    fn alarms(self) -> u32 {
        self.regressed + self.improved
    }

    fn decided(self) -> u32 {
        self.all - self.inconclusive
    }
}

impl FalseAlarms {
    /// Of repetitions of which `planned` were asked for.
    #[must_use]
    pub fn of(repetitions: &[Repetition], planned: u32) -> Self {
        let with = |verdict: fn(Verdict) -> bool| {
            let all = repetitions.iter();
            all.filter(|repetition| verdict(repetition.check.verdict))
                .count() as u32
        };
        let mut lines: BTreeMap<Place, Tally> = BTreeMap::new();
        for line in repetitions.iter().flat_map(|one| &one.check.lines) {
            let place = (
                !line.gated,
                line.workload.clone(),
                line.threads,
                line.role.clone(),
                line.metric.clone(),
            );
            lines.entry(place).or_default().add(line);
        }
        Self {
            planned,
            gates: repetitions.len() as u32,
            decided_gates: with(|verdict| verdict != Verdict::Inconclusive),
            failed_gates: with(|verdict| verdict == Verdict::Regressed),
            second_stages: repetitions.iter().filter(|one| one.stages > 1).count() as u32,
            lines,
        }
    }

    /// All lines that decide, or all that only inform.
    fn total(&self, gated: bool) -> Tally {
        let of_kind = self.lines.iter().filter(|(place, _)| place.0 != gated);
        of_kind.fold(Tally::default(), |sum, (_, tally)| sum.plus(tally))
    }

    /// Failed when more than [`MOST_FALSE_ALARMS`] of the gated lines that got a verdict, or of the gates that did, are
    /// certain to be false alarms; too noisy when most gates could not tell.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let certain =
            |count: u32, of: u32| of > 0 && clopper_pearson(count, of).low > MOST_FALSE_ALARMS;
        let lines = self.total(true);
        if certain(lines.alarms(), lines.decided())
            || certain(self.failed_gates, self.decided_gates)
        {
            Outcome::Failed
        } else if 2 * self.decided_gates < self.gates || self.decided_gates == 0 {
            Outcome::TooNoisy
        } else {
            Outcome::Passed
        }
    }
}

impl fmt::Display for FalseAlarms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (gated, informing) = (self.total(true), self.total(false));
        let mut out = String::new();
        let mut say = |text: &str| plain::wrap(&mut out, "", text);
        say(match self.outcome() {
            Outcome::Passed => "The gate raises no more false alarms than it may.",
            Outcome::Failed => {
                "The gate raises too many false alarms: do not trust its verdicts here."
            }
            Outcome::TooNoisy => {
                "Too noisy to tell: most gates of the program against itself were inconclusive. Stop what else runs here, look at `vmalock host`, and repeat."
            }
        });
        say_unfinished(&mut out, self.gates, self.planned);
        let mut say = |text: &str| plain::wrap(&mut out, "", text);
        say(&format!(
            "gated lines called different: {}",
            count_of(gated.alarms(), gated.all)
        ));
        say(&format!(
            "the same of those with a verdict: {}",
            count_of(gated.alarms(), gated.decided())
        ));
        say(&format!(
            "gates that failed: {}; inconclusive: {}; went to a second stage: {}",
            count_of(self.failed_gates, self.gates),
            self.gates - self.decided_gates,
            self.second_stages
        ));
        if informing.all > 0 {
            say(&format!(
                "lines that only inform called different: {}",
                count_of(informing.alarms(), informing.all)
            ));
        }
        plain::columns(&mut out, &self.table());
        say_legend(&mut out);
        f.write_str(&out)
    }
}

fn say_legend(out: &mut String) {
    plain::wrap(
        out,
        "",
        "In brackets the 95 % interval by Clopper and Pearson. Lines of one gate share its processes, so that their interval is somewhat too narrow; that of the gates is not. `*`: the line only informs.",
    );
}

impl FalseAlarms {
    fn table(&self) -> Vec<Vec<String>> {
        let heads = [
            "workload",
            "threads",
            "role",
            "metric",
            "lines",
            "regressed",
            "improved",
            "inconclusive",
        ];
        let mut table = vec![heads.map(str::to_owned).to_vec()];
        for ((informs, workload, threads, role, metric), tally) in &self.lines {
            let mark = if *informs { "*" } else { "" };
            table.push(vec![
                workload.clone(),
                threads.to_string(),
                role.clone(),
                format!("{metric}{mark}"),
                tally.all.to_string(),
                tally.regressed.to_string(),
                tally.improved.to_string(),
                tally.inconclusive.to_string(),
            ]);
        }
        table
    }
}
