//! A comparison as text.

use super::judge::Verdict;
use super::measure::{Pairing, Why};
use super::{Comparison, Group, Line};
use crate::stats::Contrast;
use crate::{plain, words};
use std::fmt;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        for subject in &self.subjects {
            out += &format!("{subject}\n");
        }
        out.push('\n');
        for group in &self.groups {
            out += &format!("{}\n", group.title);
            plain::columns(&mut out, &group.columns());
            for sentence in group.noise() {
                plain::wrap(&mut out, "  ", &sentence);
            }
            out.push('\n');
        }
        if self.groups.is_empty() {
            out.push_str("Nothing was measured of both: there is nothing to compare.\n\n");
        }
        for note in self.legend().iter().chain(&self.notes) {
            plain::wrap(&mut out, "- ", note);
        }
        f.write_str(&out)
    }
}

impl Comparison {
    /// What the columns mean.
    fn legend(&self) -> Vec<String> {
        let judged = |gated: bool| {
            let of_family = |line: &&Line| line.verdict.is_some() && line.is_gated() == gated;
            self.lines().filter(of_family).count() as u64
        };
        let (gated, informational) = (judged(true), judged(false));
        let mut legend = Vec::new();
        if gated + informational == 0 {
            return legend;
        }
        legend.push(match self.pairing {
            Pairing::WithinRounds => {
                "intervals: 95 % each, t over processes; throughput paired by round, latency by process"
                    .to_owned()
            }
            Pairing::Unpaired => {
                "intervals: 95 % each, Welch's t over the processes of both runs; what else changed on the host between \
                 the runs looks like a difference too"
                    .into()
            }
        });
        legend.push(
            "can tell: the difference that as many processes of this spread find four times in five; never less than \
             1 %, which the placement of code makes, nor than a step of the clock"
                .into(),
        );
        if self.groups.iter().any(Group::has_both_ways) {
            legend.push(
                "all rounds: B / A with the dirty rounds too, which are left out of all else"
                    .into(),
            );
        }
        if gated > 0 {
            legend.push(format!(
                "verdicts on throughput and p99 hold together at 5 % (Holm, {})",
                words::count(gated, "line")
            ));
        }
        if informational > 0 {
            legend.push(format!(
                "verdicts on fairness, p50, p99.9, p99.99 and controls only inform (Benjamini-Hochberg at 5 %, {})",
                words::count(informational, "line")
            ));
        }
        legend
    }
}

impl Group {
    fn shown(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.noise().is_none())
    }

    /// Whether the result of all rounds stands beside that of the clean ones.
    fn has_both_ways(&self) -> bool {
        self.shown().any(Line::differs_in_all_rounds)
    }

    fn columns(&self) -> Vec<Vec<String>> {
        let of_locks = self.lines.iter().any(|line| line.lock.is_some());
        let mut heads = vec!["metric", "A", "B", "B / A", "95 % interval", "can tell"];
        if of_locks {
            heads[0] = "lock: metric";
        }
        let both_ways = self.has_both_ways();
        if both_ways {
            heads.push("all rounds");
        }
        let mut lines: Vec<Vec<String>> =
            self.shown().map(|line| line.columns(both_ways)).collect();
        if !lines.is_empty() {
            lines.insert(0, heads.into_iter().map(str::to_owned).collect());
        }
        lines
    }

    /// What was too noisy. It hits all locks of a setting alike, so it is said once and not in every line.
    fn noise(&self) -> Vec<String> {
        let mut by_reason: Vec<(String, Vec<String>)> = Vec::new();
        for line in &self.lines {
            let (Some(reason), name) = (line.noise(), line.measured.name()) else {
                continue;
            };
            match by_reason.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => by_reason.push((reason, vec![name])),
            }
        }
        let sentence = |(reason, names): (String, Vec<String>)| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!("{reason}; not compared: {}.", names.join("; "))
        };
        by_reason.into_iter().map(sentence).collect()
    }
}

impl Line {
    /// Whether dirty rounds were left out and made a difference that is shown.
    fn differs_in_all_rounds(&self) -> bool {
        let ratio = |contrast: Option<&Contrast>| contrast.map(|c| format!("{:.3}", c.ratio()));
        let clean = ratio(self.measured.contrast.as_ref().ok());
        clean.is_some() && clean != ratio(self.measured.of_all_rounds.as_ref())
    }

    fn columns(&self, both_ways: bool) -> Vec<String> {
        let name = self.measured.name();
        let name = match &self.lock {
            Some(lock) => format!("{lock}: {name}"),
            None => name,
        };
        let mut columns = vec![name, self.measured.level(0), self.measured.level(1)];
        match &self.measured.contrast {
            Ok(contrast) => {
                let digits = |v: f64| format!("{v:.3}");
                columns.push(digits(contrast.ratio()));
                columns.push(words::interval(contrast.interval(), digits));
                columns.push(words::in_percent(self.can_tell(contrast)));
            }
            Err(_) => columns.extend(["–"; 3].map(str::to_owned)),
        }
        if both_ways {
            let all = self.measured.of_all_rounds.as_ref();
            columns.push(all.map_or_else(|| "–".into(), |c| format!("{:.3}", c.ratio())));
        }
        columns.push(self.verdict_words());
        columns
    }

    /// Why there are too few clean rounds, if there are.
    fn noise(&self) -> Option<String> {
        let why = self.measured.contrast.as_ref().err()?;
        matches!(why, Why::TooNoisy(_)).then(|| why.words())
    }

    /// The smallest share that is likely to be seen.
    fn can_tell(&self, contrast: &Contrast) -> f64 {
        let by_processes = contrast.detectable_ratio() - 1.0;
        by_processes.max(self.measured.smallest())
    }

    fn verdict_words(&self) -> String {
        let contrast = match &self.measured.contrast {
            Ok(contrast) => contrast,
            Err(why) => return why.words(),
        };
        match self.verdict {
            Some(Verdict::Worse) => format!("B {}", self.measured.metric.words[0]),
            Some(Verdict::Better) => format!("B {}", self.measured.metric.words[1]),
            Some(Verdict::Equivalent(margin)) => {
                format!("equivalent within {}", words::in_percent(margin))
            }
            Some(Verdict::NotSeparated(margin)) if self.measured.resolution >= margin => format!(
                "not separated; a step of the clock is {}",
                words::in_percent(self.measured.resolution)
            ),
            // How many processes would do is said where these were too few.
            Some(Verdict::NotSeparated(margin)) if self.can_tell(contrast) > margin => {
                let count = words::grouped(contrast.processes_for(margin));
                format!(
                    "not separated; {} takes {count} processes",
                    words::in_percent(margin)
                )
            }
            Some(Verdict::NotSeparated(_)) | None => "not separated".into(),
        }
    }
}
