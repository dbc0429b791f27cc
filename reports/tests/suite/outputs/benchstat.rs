//! Go benchmark text, read by the rules of golang.org/x/perf/benchfmt.

use super::made_up;
use reports::check::Check;
use reports::check::outputs::{Side, benchstat};
use std::collections::{BTreeMap, BTreeSet};

/// What benchfmt makes of a file.
#[derive(Debug, Default, PartialEq)]
struct Read {
    configuration: BTreeMap<String, String>,
    better: BTreeMap<String, String>,
    /// Name, unit and value.
    results: Vec<(String, String, f64)>,
}

fn read(text: &str) -> Read {
    let mut read = Read::default();
    for line in text.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if let Some(rest) = line.strip_prefix("Benchmark") {
            let [name, count, value, unit] = fields.as_slice() else {
                panic!("not four fields: {line}");
            };
            assert!(rest.starts_with(|c: char| c.is_uppercase()), "{line}");
            count.parse::<u32>().expect("a count");
            let value = value.parse().expect("a number");
            read.results.push(((*name).into(), (*unit).into(), value));
        } else if fields[0] == "Unit" {
            let [_, unit, better] = fields.as_slice() else {
                panic!("not three fields: {line}");
            };
            let better = better.strip_prefix("better=").expect("better=");
            let before = read.better.insert((*unit).into(), better.into());
            assert_eq!(before, None, "set twice: {line}");
        } else {
            let (key, value) = line
                .split_once(": ")
                .unwrap_or_else(|| panic!("neither: {line}"));
            assert!(
                key.starts_with(char::is_lowercase) && !key.contains(char::is_whitespace),
                "{line}"
            );
            read.configuration.insert(key.into(), value.into());
        }
    }
    read
}

fn both(check: &Check) -> [Read; 2] {
    [Side::Baseline, Side::Candidate].map(|side| read(&benchstat::text(check, side)))
}

#[test]
fn a_line_for_each_process() {
    insta::assert_snapshot!(benchstat::text(&made_up::mixed(), Side::Candidate));
}

#[test]
fn old_and_new_are_of_the_same_benchmarks() {
    let [old, new] = both(&made_up::mixed());
    assert_eq!(old.configuration, new.configuration);
    assert_eq!(old.better, new.better);
    let names = |read: &Read| {
        read.results
            .iter()
            .map(|(n, u, _)| format!("{n} {u}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&old), names(&new));
    assert_eq!(old.results.len(), 4 * 3);
    assert_ne!(old.results, new.results);
}

#[test]
fn every_unit_has_its_direction() {
    let [old, _] = both(&made_up::mixed());
    let used: BTreeSet<&String> = old.results.iter().map(|(_, unit, _)| unit).collect();
    assert!(
        used.iter().all(|unit| old.better.contains_key(*unit)),
        "{old:?}"
    );
    assert_eq!(old.better["op/s"], "higher");
    assert_eq!(old.better["p99-ns"], "lower");
    assert_eq!(old.better["jains-index"], "higher");
}

#[test]
fn no_name_ends_like_gomaxprocs() {
    let mut check = made_up::mixed();
    check.lines[0].lock = "refcount-6".into();
    for (name, _, _) in &both(&check)[0].results {
        let digits = name.trim_end_matches(|c: char| c.is_ascii_digit());
        assert!(digits.ends_with("/threads="), "{name}");
    }
}

#[test]
fn what_is_nasty_stays_in_its_part() {
    let [old, _] = both(&made_up::nasty());
    assert_eq!(old.results.len(), 6);
    for (name, _, _) in &old.results {
        let keys: Vec<&str> = name
            .split('/')
            .skip(1)
            .map(|part| part.split('=').next().expect("a key"))
            .collect();
        assert_eq!(
            keys,
            ["lock", "workload", "placement", "role", "threads"],
            "{name}"
        );
    }
}
