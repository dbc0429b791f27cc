//! Criterion's folders, read with the fields that critcmp 0.1.8 asks for.

use super::made_up;
use reports::check::Check;
use reports::check::outputs::critcmp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
    throughput: Option<Throughput>,
    full_id: String,
    directory_name: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct Throughput {
    bytes: Option<u64>,
    elements: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Estimates {
    mean: Estimate,
    median: Estimate,
    median_abs_dev: Estimate,
    slope: Option<Estimate>,
    std_dev: Estimate,
}

#[derive(Debug, Deserialize)]
struct Estimate {
    confidence_interval: Interval,
    point_estimate: f64,
    standard_error: f64,
}

#[derive(Debug, Deserialize)]
struct Interval {
    confidence_level: f64,
    lower_bound: f64,
    upper_bound: f64,
}

/// What critcmp gathers: by baseline and name, the benchmark and its estimates.
fn read(check: &Check) -> BTreeMap<(String, String), (Benchmark, Estimates)> {
    let files = critcmp::files(check);
    let by_path: BTreeMap<&str, &str> = files
        .iter()
        .map(|f| (f.path.as_str(), f.text.as_str()))
        .collect();
    assert_eq!(by_path.len(), files.len(), "two files have one path");
    let mut read = BTreeMap::new();
    for (path, text) in &by_path {
        let Some(folder) = path.strip_suffix("/estimates.json") else {
            continue;
        };
        assert!(folder.starts_with("criterion/"), "{path}");
        let baseline = folder.rsplit('/').next().expect("a name");
        let benchmark: Benchmark = parse(by_path[format!("{folder}/benchmark.json").as_str()]);
        let key = (baseline.to_owned(), benchmark.full_id.clone());
        assert!(
            read.insert(key, (benchmark, parse(text))).is_none(),
            "{path}"
        );
    }
    read
}

fn parse<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn both_sides_of_what_is_a_time() {
    let read = read(&made_up::mixed());
    let names: BTreeSet<(&str, &str)> = read
        .keys()
        .map(|(side, name)| (side.as_str(), name.as_str()))
        .collect();
    let expected = [
        "alpha/fault-one-vma/2/compact/fault/throughput",
        "gamma/fault-one-vma/2/compact/fault/p99",
        "gamma/fault-one-vma/2/compact/fault/throughput",
    ];
    let expected = expected
        .iter()
        .flat_map(|name| [("baseline", *name), ("candidate", *name)])
        .collect();
    assert_eq!(names, expected);
}

#[test]
fn a_throughput_is_the_time_of_an_operation() {
    let read = read(&made_up::mixed());
    let name = "alpha/fault-one-vma/2/compact/fault/throughput".to_owned();
    let (benchmark, estimates) = &read[&("candidate".to_owned(), name)];
    let one = Throughput {
        bytes: None,
        elements: Some(1),
    };
    assert_eq!(benchmark.throughput.as_ref(), Some(&one));
    // The mean of 1 s over 12.3 million times 0.969 times 0.99, 1 and 1.01.
    let expected = 1e9 / (12_300_000.0 * 0.969) * (1.0 / 0.99 + 1.0 + 1.0 / 1.01) / 3.0;
    assert!(
        (estimates.mean.point_estimate - expected).abs() < 1e-6,
        "{estimates:?}"
    );
}

#[test]
fn a_latency_is_its_own_time_and_intervals_hold_their_estimate() {
    let read = read(&made_up::mixed());
    let name = "gamma/fault-one-vma/2/compact/fault/p99".to_owned();
    let (benchmark, estimates) = &read[&("baseline".to_owned(), name)];
    assert_eq!(benchmark.throughput, None);
    assert_eq!(
        (benchmark.group_id.as_str(), benchmark.value_str.as_deref()),
        ("gamma", None)
    );
    assert!(benchmark.function_id.is_some() && benchmark.directory_name.len() <= 64);
    assert!(
        (estimates.median.point_estimate - 230.0).abs() < 1e-9,
        "{estimates:?}"
    );
    assert!(
        (estimates.std_dev.point_estimate - 2.3).abs() < 1e-9,
        "{estimates:?}"
    );
    assert!(
        (estimates.median_abs_dev.point_estimate - 1.4826 * 2.3).abs() < 1e-9,
        "{estimates:?}"
    );
    assert!(estimates.slope.is_none());
    for estimate in [&estimates.mean, &estimates.median, &estimates.std_dev] {
        let interval = &estimate.confidence_interval;
        assert!(
            interval.lower_bound <= estimate.point_estimate,
            "{estimate:?}"
        );
        assert!(
            estimate.point_estimate <= interval.upper_bound,
            "{estimate:?}"
        );
        assert!(
            estimate.standard_error > 0.0 && interval.confidence_level == 0.95,
            "{estimate:?}"
        );
    }
}

#[test]
fn one_process_has_no_spread_and_is_left_out() {
    let mut check = made_up::mixed();
    for line in &mut check.lines {
        line.baseline_per_process.truncate(1);
        line.candidate_per_process.truncate(1);
    }
    assert!(read(&check).is_empty());
}

#[test]
fn long_and_nasty_names_have_folders_of_their_own() {
    let nasty = critcmp::files(&made_up::nasty());
    for file in nasty.iter().chain(&critcmp::files(&made_up::big(4))) {
        let names: Vec<&str> = file.path.split('/').collect();
        assert_eq!(names.len(), 4, "{}", file.path);
        for name in names {
            assert!(
                !name.is_empty() && name != ".." && name.chars().count() <= 64,
                "{}",
                file.path
            );
            assert!(
                !name.contains(['?', '"', '\\', '*', '<', '>', ':', '|', '^', '\n']),
                "{name}"
            );
        }
    }
    assert_eq!(read(&made_up::big(4)).len(), 2 * 4 * 7);
}
