//! A check as text for a terminal.

use super::{Check, Line, Ratio, Verdict, words as check_words};
use crate::{plain, words};
use std::fmt;

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        plain::wrap(&mut out, "", &format!("{}.", check_words::headline(self)));
        for line in self.gated().filter(|l| decides(l.verdict)) {
            plain::wrap(&mut out, "  ", &format!("{}.", sentence(line)));
        }
        plain::wrap(
            &mut out,
            "",
            &format!(
                "Candidate: {}. Baseline: {}. On {}, begun {}.",
                self.candidate, self.baseline, self.host, self.started_at
            ),
        );
        for advice in &self.advice {
            plain::wrap(&mut out, "! ", advice);
        }
        let gated: Vec<&Line> = self.gated().collect();
        table(&mut out, "What decides:", &gated);
        let differs = |line: &&Line| !line.gated && (decides(line.verdict) || line.again.is_some());
        let others: Vec<&Line> = self.lines.iter().filter(differs).collect();
        table(&mut out, "What only informs, and differs:", &others);
        out.push('\n');
        for note in self.legend().iter().chain(&self.notes) {
            plain::wrap(&mut out, "- ", note);
        }
        f.write_str(&out)
    }
}

impl Check {
    /// What the columns and verdicts mean.
    fn legend(&self) -> Vec<String> {
        let with_ratio = || self.lines.iter().filter(|line| line.ratio.is_some());
        if with_ratio().next().is_none() {
            return Vec::new();
        }
        let mut legend = vec![
            "change: candidate over baseline, 95 % interval, t over processes; throughput paired by round, latency by process"
                .to_owned(),
            "threshold: the largest of the floor, a step of the clock, what so many processes of this spread find four times \
             in five, and what the baseline's program measured twice shows"
                .into(),
            "regressed, improved: different at 5 % over all lines that decide (Holm) and by more than the threshold, and \
             again in fresh processes; equivalent: inside of the margin at 5 %"
                .into(),
        ];
        if with_ratio().any(differs_both_ways) {
            legend.push(
                "all rounds: the change with the dirty rounds too, which are left out of all else"
                    .into(),
            );
        }
        let informs = self.lines.iter().filter(|line| !line.gated).count();
        if informs > 0 {
            legend.push(format!(
                "{} only inform: fairness, p50, p99.9, p99.99, controls, and what the clock cannot tell",
                words::count(informs as u64, "line")
            ));
        }
        legend
    }
}

fn decides(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Regressed | Verdict::Improved)
}

/// `refcount is slower: fault-one-vma, 2 threads, fault: throughput −3.1 % [−3.6, −2.6], threshold 1.2 %`.
fn sentence(line: &Line) -> String {
    let worse = line.verdict == Verdict::Regressed;
    let how = match (line.unit.as_str(), worse) {
        ("", true) => "less fair",
        ("", false) => "fairer",
        (_, true) => "slower",
        (_, false) => "faster",
    };
    let change = line.ratio.as_ref().map(check_words::change);
    format!(
        "{} is {how}: {}, {}, {}, {}: {} {}, threshold {}",
        line.lock,
        line.workload,
        words::count(u64::from(line.threads), "thread"),
        line.placement,
        line.role,
        line.metric,
        change.unwrap_or_default(),
        words::in_percent(line.threshold)
    )
}

fn table(out: &mut String, title: &str, lines: &[&Line]) {
    if lines.is_empty() {
        return;
    }
    let both_ways = lines.iter().any(|line| differs_both_ways(line));
    let mut heads = vec!["", "baseline", "candidate", "change [95 %]", "threshold"];
    if both_ways {
        heads.push("all rounds");
    }
    let mut rows = vec![heads.into_iter().map(str::to_owned).collect()];
    rows.extend(lines.iter().map(|line| columns(line, both_ways)));
    out.push_str(&format!("\n{title}\n"));
    plain::columns(out, &rows);
}

/// Whether dirty rounds were left out and made a difference that is shown.
fn differs_both_ways(line: &Line) -> bool {
    let words = |ratio: &Option<Ratio>| ratio.as_ref().map(check_words::change);
    let all = words(&line.ratio_of_all_rounds);
    all.is_some() && words(&line.ratio) != all
}

fn columns(line: &Line, both_ways: bool) -> Vec<String> {
    let change = |ratio: &Option<Ratio>| match ratio {
        Some(ratio) => check_words::change(ratio),
        None => "–".into(),
    };
    let mut columns = vec![
        check_words::subject(line),
        check_words::level(line.baseline, &line.unit),
        check_words::level(line.candidate, &line.unit),
        change(&line.ratio),
        words::in_percent(line.threshold),
    ];
    if both_ways {
        columns.push(change(&line.ratio_of_all_rounds));
    }
    columns.push(format!("{}: {}", line.verdict.word(), line.why));
    columns
}
