//! Bencher Metric Format: `{"benchmark": {"measure": {"value", "lower_value", "upper_value"}}}`.
//!
//! A benchmark is a lock under a workload, and its measures are the metrics: the candidate's levels, and the candidate over
//! the baseline of the same session, which alone can be set beside what another machine measured.

use super::{interval, slug};
use crate::check::{Check, Line};
use serde::Serialize;
use std::collections::BTreeMap;

/// The longest name of a benchmark, in characters.
const BENCHMARK_CHARACTERS: usize = 1_024;
/// The longest name of a measure, in characters.
const MEASURE_CHARACTERS: usize = 64;

#[derive(Serialize)]
struct Metric {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_value: Option<f64>,
}

/// The JSON. Lines without a level and without a ratio are not in it.
///
/// # Panics
/// Never: numbers under text keys are always JSON.
#[must_use]
pub fn json(check: &Check) -> String {
    let mut benchmarks: BTreeMap<String, BTreeMap<String, Metric>> = BTreeMap::new();
    for line in &check.lines {
        for (measure, metric) in measures(line) {
            let name: String = line.setting().chars().take(BENCHMARK_CHARACTERS).collect();
            benchmarks.entry(name).or_default().insert(measure, metric);
        }
    }
    serde_json::to_string_pretty(&benchmarks).expect("numbers under text keys")
}

fn measures(line: &Line) -> Vec<(String, Metric)> {
    let level = line.candidate.map(|value| {
        let bounds = interval(line).filter(|bounds| bounds.contains(value));
        let metric = Metric {
            value,
            lower_value: bounds.map(|b| b.low),
            upper_value: bounds.map(|b| b.high),
        };
        (measure(line, &line.unit), metric)
    });
    let ratio = line.ratio.map(|ratio| {
        let metric = Metric {
            value: ratio.ratio,
            lower_value: Some(ratio.low),
            upper_value: Some(ratio.high),
        };
        (measure(line, "over-baseline"), metric)
    });
    level.into_iter().chain(ratio).collect()
}

/// `throughput`, which Bencher knows with the same unit; `p99-ns`; `p99-over-baseline`.
fn measure(line: &Line, of: &str) -> String {
    let name = match (slug(&line.metric), of) {
        (name, "op/s" | "") => name,
        (name, of) => format!("{name}-{}", slug(of)),
    };
    name.chars().take(MEASURE_CHARACTERS).collect()
}
