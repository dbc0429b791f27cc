//! The two files of github-action-benchmark, which is told by the file which way its numbers are better:
//! `customBiggerIsBetter` and `customSmallerIsBetter`, each an array of `{name, unit, value, range, extra}`.
//!
//! That action compares with the run before, on whatever machine it was; the verdict and the ratio to the baseline of the
//! same session stand beside each number.

use super::interval;
use crate::check::{Better, Check, Line, words};
use serde::Serialize;

#[derive(Serialize)]
struct Entry {
    name: String,
    unit: String,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    extra: String,
}

/// The array of the lines that are better this way; `None` if there is none, which the action takes for an error.
///
/// # Panics
/// Never: text and numbers are always JSON.
#[must_use]
pub fn json(check: &Check, better: Better) -> Option<String> {
    let entries: Vec<Entry> = check
        .lines
        .iter()
        .filter(|line| line.better == better)
        .filter_map(entry)
        .collect();
    (!entries.is_empty()).then(|| serde_json::to_string_pretty(&entries).expect("text and numbers"))
}

/// The name of the file: `bigger-is-better.json` or `smaller-is-better.json`.
#[must_use]
pub fn file_name(better: Better) -> &'static str {
    match better {
        Better::Higher => "bigger-is-better.json",
        Better::Lower => "smaller-is-better.json",
    }
}

fn entry(line: &Line) -> Option<Entry> {
    let ratio = line.ratio.as_ref().map_or("–".to_owned(), words::change);
    Some(Entry {
        name: line.key(),
        unit: line.unit.clone(),
        value: line.candidate?,
        range: interval(line).map(|bounds| format!("± {}", (bounds.high - bounds.low) / 2.0)),
        extra: format!(
            "verdict: {}\nagainst the baseline: {ratio}\nbaseline: {}\nprocesses: {}",
            line.verdict.word(),
            words::level(line.baseline, &line.unit),
            line.processes
        ),
    })
}
