//! Whether the alarm of a metric fires when there is something to alarm.

use super::{InjectionKind, Outcome, Repetition, THROUGHPUT, count_of, saw_enough, say_unfinished};
use crate::check::{Line, Verdict};
use crate::plain;
use std::fmt;

/// What gates came to whose candidate was harmed in a way that one metric has to notice.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarms {
    kind: InjectionKind,
    /// Repetitions that were asked for.
    planned: u32,
    gates: u32,
    /// By line, in the order of the checks.
    rows: Vec<Row>,
}

/// One metric at one place, over all repetitions.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    key: String,
    name: [String; 4],
    /// Whether this is what has to notice.
    watched: bool,
    gates: u32,
    worse: u32,
    better: u32,
    quiet: u32,
    quiet_worse: u32,
    worse_by: Vec<f64>,
}

impl Alarms {
    /// Of the repetitions with this injection, of which `planned` were asked for.
    #[must_use]
    pub fn of(repetitions: &[Repetition], kind: InjectionKind, planned: u32) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        let mut gates = 0;
        for repetition in repetitions {
            let Some(injection) = &repetition.injected else {
                continue;
            };
            if injection.kind != kind {
                continue;
            }
            gates += 1;
            for line in repetition
                .check
                .lines
                .iter()
                .filter(|line| line.role == injection.role)
            {
                row_of(&mut rows, kind, line).add(line);
            }
        }
        Self {
            kind,
            planned,
            gates,
            rows,
        }
    }

    /// Passed when a metric that has to notice was called worse in at least half of the gates that saw enough; failed when
    /// none was; too noisy when no gate saw enough.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let mut watched = self
            .rows
            .iter()
            .filter(|row| row.watched && row.quiet > 0)
            .peekable();
        if watched.peek().is_none() {
            Outcome::TooNoisy
        } else if watched.any(|row| 2 * row.quiet_worse >= row.quiet) {
            Outcome::Passed
        } else {
            Outcome::Failed
        }
    }
}

/// Whether the line is what has to notice such harm.
fn is_watched(kind: InjectionKind, line: &Line) -> bool {
    match kind {
        InjectionKind::Slowdown => line.metric == THROUGHPUT,
        InjectionKind::Tail => line.metric.starts_with("p99.99"),
        InjectionKind::Unfair => line.metric.starts_with("Jain") && line.threads > 1,
    }
}

fn row_of<'r>(rows: &'r mut Vec<Row>, kind: InjectionKind, line: &Line) -> &'r mut Row {
    let key = line.key();
    let place = rows
        .iter()
        .position(|row| row.key == key)
        .unwrap_or_else(|| {
            rows.push(Row {
                key,
                name: [
                    line.workload.clone(),
                    line.threads.to_string(),
                    line.role.clone(),
                    line.metric.clone(),
                ],
                watched: is_watched(kind, line),
                gates: 0,
                worse: 0,
                better: 0,
                quiet: 0,
                quiet_worse: 0,
                worse_by: Vec::new(),
            });
            rows.len() - 1
        });
    &mut rows[place]
}

impl Row {
    fn add(&mut self, line: &Line) {
        let worse = line.verdict == Verdict::Regressed;
        // A metric that has no ratio, such as a percentile of too few samples, could not notice anything.
        let quiet = saw_enough(line) && line.ratio.is_some();
        self.gates += 1;
        self.worse += u32::from(worse);
        self.better += u32::from(line.verdict == Verdict::Improved);
        self.quiet += u32::from(quiet);
        self.quiet_worse += u32::from(quiet && worse);
        self.worse_by.extend(line.worse_by());
    }

    fn cells(&self) -> Vec<String> {
        let mut cells = self.name.to_vec();
        let mean = self.worse_by.iter().sum::<f64>() / self.worse_by.len() as f64;
        cells.extend([
            count_of(self.worse, self.gates),
            count_of(self.quiet_worse, self.quiet),
            self.better.to_string(),
            if self.worse_by.is_empty() {
                "not told".into()
            } else {
                format!("{:+.1} %", 100.0 * mean)
            },
        ]);
        if self.watched {
            cells.push("has to notice".into());
        }
        cells
    }
}

impl fmt::Display for Alarms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        let what = match self.kind {
            InjectionKind::Slowdown => "a slowdown of every operation",
            InjectionKind::Tail => "a few operations that take much longer",
            InjectionKind::Unfair => "a thread that is held back",
        };
        let verdict = match self.outcome() {
            Outcome::Passed => format!("The gate notices {what}."),
            Outcome::Failed => format!(
                "The gate does not notice {what}: what it says of this metric means little here."
            ),
            Outcome::TooNoisy => format!(
                "Too noisy to tell whether the gate notices {what}: too few rounds were clean, or too few operations were timed. Stop what else runs here, look at `vmalock host`, and repeat."
            ),
        };
        plain::wrap(&mut out, "", &verdict);
        say_unfinished(&mut out, self.gates, self.planned);
        let heads = [
            "workload",
            "threads",
            "role",
            "metric",
            "called worse",
            "worse where quiet",
            "better",
            "worse by",
        ];
        let mut table = vec![heads.map(str::to_owned).to_vec()];
        table.extend(self.rows.iter().map(Row::cells));
        plain::columns(&mut out, &table);
        plain::wrap(
            &mut out,
            "",
            "called worse: gates that call the metric regressed, with the 95 % interval by Clopper and Pearson; where quiet: of those that could measure it with at least 60 % clean rounds. worse by: the mean of what they estimate.",
        );
        f.write_str(&out)
    }
}
