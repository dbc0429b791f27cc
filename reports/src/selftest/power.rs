//! How often the gate finds a slowdown that was put there, and how large it says that it is.

use super::{Injection, InjectionKind, Outcome, Repetition, SURE_SLOWDOWN, count_of, saw_enough};
use crate::check::{Line, Verdict};
use crate::plain;
use crate::stats::Contrast;
use std::collections::BTreeMap;
use std::fmt;

/// What gates with a slowed candidate came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Power {
    /// Repetitions that were asked for, of each slowdown.
    planned: u32,
    rows: Vec<Row>,
}

/// A slowdown at one thread count of one workload.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    /// The share of an operation that was asked for.
    share: f64,
    workload: String,
    threads: u32,
    /// What was obtained, over the repetitions.
    obtained: Vec<f64>,
    /// Gates that measured it.
    gates: u32,
    /// Those that found it.
    found: u32,
    /// Those of which enough rounds were clean.
    quiet: u32,
    /// Those of them that found it.
    quiet_found: u32,
    /// Estimated minus injected, as shares of an operation.
    errors: Vec<f64>,
    /// By processes: gates, and those whose first stage alone would have gone on to the second.
    fewer: BTreeMap<u32, (u32, u32)>,
    windows_s: f64,
    whole_s: f64,
}

impl Power {
    /// Of repetitions of which `planned` were asked for with each slowdown. Repetitions with another injection are passed over.
    #[must_use]
    pub fn of(repetitions: &[Repetition], planned: u32) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        for repetition in repetitions {
            let Some(injection) = &repetition.injected else {
                continue;
            };
            if injection.kind != InjectionKind::Slowdown {
                continue;
            }
            let lines = repetition.check.lines.iter();
            for line in lines.filter(|line| is_throughput_of(line, &injection.role)) {
                row_of(&mut rows, injection, line).add(repetition, injection, line);
            }
        }
        rows.sort_by(|a, b| {
            let place = |row: &Row| (row.workload.clone(), row.threads);
            place(a).cmp(&place(b)).then(a.share.total_cmp(&b.share))
        });
        Self { planned, rows }
    }

    /// Failed when a slowdown of [`SURE_SLOWDOWN`] or more was found by fewer than half of the gates that saw enough; too noisy
    /// when no gate with such a slowdown saw enough, or, where none was asked for, no gate at all.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let sure = |row: &&Row| row.share >= SURE_SLOWDOWN - 1e-9;
        if self
            .rows
            .iter()
            .filter(sure)
            .any(|row| 2 * row.quiet_found < row.quiet)
        {
            return Outcome::Failed;
        }
        let any_sure = self.rows.iter().any(|row| sure(&row));
        let mut told = self.rows.iter().filter(|row| row.quiet > 0);
        if told.any(|row| !any_sure || sure(&row)) {
            Outcome::Passed
        } else {
            Outcome::TooNoisy
        }
    }
}

/// The throughput of a role, which decides.
fn is_throughput_of(line: &Line, role: &str) -> bool {
    line.gated && line.metric == super::THROUGHPUT && line.role == role
}

fn row_of<'r>(rows: &'r mut Vec<Row>, injection: &Injection, line: &Line) -> &'r mut Row {
    let same = |row: &Row| {
        row.share == injection.share && row.workload == line.workload && row.threads == line.threads
    };
    let place = rows.iter().position(same).unwrap_or_else(|| {
        rows.push(Row {
            share: injection.share,
            workload: line.workload.clone(),
            threads: line.threads,
            obtained: Vec::new(),
            gates: 0,
            found: 0,
            quiet: 0,
            quiet_found: 0,
            errors: Vec::new(),
            fewer: BTreeMap::new(),
            windows_s: 0.0,
            whole_s: 0.0,
        });
        rows.len() - 1
    });
    &mut rows[place]
}

impl Row {
    fn add(&mut self, repetition: &Repetition, injection: &Injection, line: &Line) {
        let found = line.verdict == Verdict::Regressed;
        let quiet = saw_enough(line);
        self.gates += 1;
        self.found += u32::from(found);
        self.quiet += u32::from(quiet);
        self.quiet_found += u32::from(quiet && found);
        self.windows_s += repetition.windows_s;
        self.whole_s += repetition.whole_s;
        let here = injection
            .settings
            .iter()
            .find(|at| at.threads == line.threads);
        let obtained = here.and_then(|at| at.obtained_share());
        self.obtained.extend(obtained);
        if let (Some(obtained), Some(ratio)) = (obtained, line.ratio) {
            // Operations per second over operations per second: its inverse is a time.
            self.errors.push(1.0 / ratio.ratio - 1.0 - obtained);
        }
        let fewer = repetition.fewer.iter().filter(|fewer| {
            (&fewer.workload, fewer.threads, &fewer.role)
                == (&line.workload, line.threads, &line.role)
        });
        for fewer in fewer {
            let (gates, worse) = self.fewer.entry(fewer.processes).or_default();
            *gates += 1;
            *worse += u32::from(fewer.worse);
        }
    }

    fn cells(&self) -> Vec<String> {
        vec![
            percent(self.share),
            self.workload.clone(),
            self.threads.to_string(),
            mean_percent(&self.obtained),
            count_of(self.found, self.gates),
            count_of(self.quiet_found, self.quiet),
            with_half_width(&self.errors),
            seconds(self.windows_s, self.gates),
            seconds(self.whole_s, self.gates),
        ]
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        plain::wrap(
            &mut out,
            "",
            match self.outcome() {
                Outcome::Passed => "The gate finds slowdowns that were put there.",
                Outcome::Failed => {
                    "The gate misses slowdowns that were put there: what it passes here means little."
                }
                Outcome::TooNoisy => {
                    "Too noisy to tell: too few rounds were clean in every gate. Stop what else runs here, look at `vmalock host`, and repeat."
                }
            },
        );
        if let Some(least) = self.rows.iter().map(|row| row.gates).min()
            && least < self.planned
        {
            let planned = self.planned;
            plain::wrap(
                &mut out,
                "",
                &format!("Not all of {planned} repetitions of each slowdown are measured."),
            );
        }
        let heads = [
            "asked",
            "workload",
            "threads",
            "obtained",
            "found",
            "found where quiet",
            "bias",
            "windows",
            "whole",
        ];
        let mut table = vec![heads.map(str::to_owned).to_vec()];
        table.extend(self.rows.iter().map(Row::cells));
        plain::columns(&mut out, &table);
        plain::wrap(
            &mut out,
            "",
            "asked, obtained: the share of an operation that was added while the lock is held. found: gates that call throughput regressed, after both stages, with the 95 % interval by Clopper and Pearson; where quiet: of those with at least 60 % clean rounds. bias: the estimated slowdown minus the obtained one, in points of per cent, with its 95 % interval. windows, whole: seconds of open windows and of the whole measurement for each gate, all programs and stages together.",
        );
        self.curve(&mut out);
        f.write_str(&out)
    }
}

impl Power {
    /// How often the first stage sees it with fewer processes.
    fn curve(&self, out: &mut String) {
        let mut processes: Vec<u32> = self
            .rows
            .iter()
            .flat_map(|row| row.fewer.keys().copied())
            .collect();
        processes.sort_unstable();
        processes.dedup();
        if processes.is_empty() {
            return;
        }
        let mut heads = vec!["asked".to_owned(), "workload".into(), "threads".into()];
        heads.extend(processes.iter().map(|number| format!("{number} processes")));
        let mut table = vec![heads];
        for row in &self.rows {
            let mut line = vec![
                percent(row.share),
                row.workload.clone(),
                row.threads.to_string(),
            ];
            line.extend(processes.iter().map(|number| {
                let (gates, worse) = row.fewer.get(number).copied().unwrap_or_default();
                count_of(worse, gates)
            }));
            table.push(line);
        }
        out.push('\n');
        plain::wrap(
            out,
            "",
            "Gates whose first stage sees it with the first few of their processes:",
        );
        plain::columns(out, &table);
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn mean_percent(shares: &[f64]) -> String {
    if shares.is_empty() {
        return "not told".into();
    }
    percent(shares.iter().sum::<f64>() / shares.len() as f64)
}

/// The mean of differences with the half width of its 95 % interval, in points of per cent.
fn with_half_width(differences: &[f64]) -> String {
    // A contrast is of ratios; the exponentials of the differences are such.
    let ratios: Vec<f64> = differences
        .iter()
        .map(|difference| difference.exp())
        .collect();
    match (Contrast::paired(&ratios), differences) {
        (Some(contrast), _) => {
            let half = contrast.interval().log_half_width();
            format!(
                "{:+.2} ± {:.2}",
                100.0 * contrast.ratio().ln(),
                100.0 * half
            )
        }
        (None, [one]) => format!("{:+.2}", 100.0 * one),
        (None, _) => "not told".into(),
    }
}

fn seconds(sum_s: f64, gates: u32) -> String {
    format!("{:.1} s", sum_s / f64::from(gates.max(1)))
}
