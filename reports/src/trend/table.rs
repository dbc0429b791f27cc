//! A trend as text.

use super::{
    Change, FALSE_DISCOVERIES, LEAST_SEGMENT, LEAST_TO_SEARCH, SIGNIFICANCE, SMALLEST_CHANGE,
    Series, Stop, Trend,
};
use crate::{plain, words};
use std::fmt;

impl fmt::Display for Trend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = format!("{}\n\n", self.title());
        let mut lines = Vec::new();
        for series in &self.series {
            lines.extend(
                series
                    .changes
                    .iter()
                    .map(|change| self.line(series, change)),
            );
        }
        if lines.is_empty() {
            out.push_str("No change was found.\n");
        } else {
            let heads = [
                "lock, setting, metric",
                "run",
                "date",
                "revision",
                "before",
                "after",
                "size",
                "p",
            ];
            lines.insert(0, heads.map(str::to_owned).to_vec());
            plain::columns(&mut out, &lines);
        }
        out.push('\n');
        for note in self.legend().iter().chain(&self.notes) {
            plain::wrap(&mut out, "- ", note);
        }
        f.write_str(&out)
    }
}

impl Trend {
    /// What it is a trend of.
    pub(crate) fn title(&self) -> String {
        let ends = [self.runs.first(), self.runs.last()];
        let [from, to] = ends.map(|run| run.map_or("", |run| run.started_at.as_str()));
        format!(
            "{} of {}, {from} to {to}; ratios to {}",
            words::count(self.runs.len() as u64, "run"),
            self.host,
            self.reference
        )
    }

    fn line(&self, series: &Series, change: &Change) -> Vec<String> {
        let run = &self.runs[change.run];
        vec![
            format!("{}, {}: {}", series.lock, series.setting, series.metric),
            (change.run + 1).to_string(),
            run.date().to_owned(),
            run.revision().to_owned(),
            ratio(change.before),
            ratio(change.after),
            size(change),
            p_value(change),
            series.direction(change).to_owned(),
        ]
    }

    /// What the numbers mean, and what was not searched.
    pub(crate) fn legend(&self) -> Vec<String> {
        let searched = self.series.iter().filter(|series| series.is_searched());
        let searched: Vec<&Series> = searched.collect();
        let still = searched
            .iter()
            .filter(|series| series.changes.is_empty())
            .count();
        let mut legend = Vec::new();
        if !searched.is_empty() {
            legend.push(format!(
                "{still} of the {} series that were searched do not change",
                searched.len()
            ));
            legend.push(format!(
                "change points: E-divisive, by random orders of the runs at {} %, at least {LEAST_SEGMENT} runs on each side; over all series at most {} % of the changes are luck (Benjamini-Hochberg); less than {} % is not told, since the placement of code makes as much",
                100.0 * SIGNIFICANCE,
                100.0 * FALSE_DISCOVERIES,
                100.0 * SMALLEST_CHANGE,
            ));
            legend.push(format!(
                "a change of all locks at one run is one of {}, or of what moves all the others; a slow drift is cut somewhere on its way",
                self.reference
            ));
        }
        let short = self.series.len() - searched.len();
        if short > 0 {
            legend.push(format!(
                "not searched, with fewer than {LEAST_TO_SEARCH} runs: {short} series; so few have too few orders to rule out luck",
            ));
        }
        if self.series.is_empty() {
            legend.push(format!(
                "no lock but {} has a result: there is nothing to follow",
                self.reference
            ));
        }
        legend
    }
}

impl Stop {
    /// The day.
    pub(crate) fn date(&self) -> &str {
        self.started_at.split('T').next().unwrap_or_default()
    }

    /// The revision, as long as git shows it.
    pub(crate) fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or("–")
    }
}

pub(crate) fn ratio(value: f64) -> String {
    format!("{value:.3}")
}

/// By how much, with its sign.
pub(crate) fn size(change: &Change) -> String {
    format!("{:+.1} %", 100.0 * change.size())
}

pub(crate) fn p_value(change: &Change) -> String {
    format!("{:.4}", change.adjusted_p)
}
