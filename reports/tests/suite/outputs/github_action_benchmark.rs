//! The files of github-action-benchmark, against what its documentation says of an entry.

use super::made_up;
use reports::check::outputs::github_action_benchmark::{file_name, json};
use reports::check::{Better, Check};
use serde::Deserialize;

/// An entry; another field is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    unit: String,
    value: f64,
    range: Option<String>,
    extra: Option<String>,
}

fn read(check: &Check, better: Better) -> Vec<Entry> {
    let text = json(check, better).expect("there are lines");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_direction_is_in_the_file() {
    let check = made_up::mixed();
    let units = |better| {
        read(&check, better)
            .into_iter()
            .map(|e| e.unit)
            .collect::<Vec<_>>()
    };
    assert_eq!(units(Better::Higher), ["op/s", "op/s", ""]);
    assert_eq!(units(Better::Lower), ["ns"]);
    assert_eq!(file_name(Better::Higher), "bigger-is-better.json");
    assert_eq!(file_name(Better::Lower), "smaller-is-better.json");
}

#[test]
fn an_entry_has_its_spread_and_its_verdict() {
    let entries = read(&made_up::mixed(), Better::Higher);
    let first = &entries[0];
    assert_eq!(first.name, "alpha/fault-one-vma/2/compact/fault/throughput");
    assert!(
        (first.value - 12_300_000.0 * 0.969).abs() < 1.0,
        "{first:?}"
    );
    assert!(
        first
            .range
            .as_ref()
            .is_some_and(|range| range.starts_with("± ")),
        "{first:?}"
    );
    let extra = first.extra.as_ref().expect("extra");
    assert!(
        extra.starts_with("verdict: regressed\nagainst the baseline: −3.1 %"),
        "{extra}"
    );
}

#[test]
fn a_file_that_would_be_empty_is_none() {
    let mut check = made_up::mixed();
    check.lines.retain(|line| line.better == Better::Higher);
    assert!(json(&check, Better::Lower).is_none());
    for line in &mut check.lines {
        line.candidate = None;
    }
    assert!(json(&check, Better::Higher).is_none());
}

#[test]
fn what_is_nasty_is_json() {
    let entries = read(&made_up::nasty(), Better::Higher);
    assert!(entries[0].name.contains(made_up::NASTY));
}
