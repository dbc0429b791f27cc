//! The machine that the test runs on.

use crate::fixture::{EPYC, machine};
use bench_core::record::{Measured, PairSlowdown, PairTransfer};
use runners::host::{describe, read};
use std::path::Path;
use std::time::Duration;

#[test]
fn this_machine_is_read_and_described() {
    let (host, warnings) = read(Path::new("/"));
    assert_eq!(host.arch, std::env::consts::ARCH);
    assert_eq!(host.allowed_cpus, runners::pin::allowed_cpus());
    assert!(
        host.allowed_cpus
            .iter()
            .all(|id| host.cpus.iter().any(|cpu| cpu.id == *id))
    );
    assert!(host.pmu.is_some(), "hardware counters were tried");
    let text = describe(&host, &warnings);
    for warning in &warnings {
        assert!(text.contains(warning), "{warning}");
    }
}

#[test]
fn pairs_of_this_machine_are_measured_or_counted_as_left_out() {
    let (host, _) = read(Path::new("/"));
    let clock = runners::clock::Clock::calibrate();
    let measured = runners::host::measure::measure(&host, &clock, Duration::ZERO);
    let cpus = host.allowed_cpus.len() as u64;
    let pairs = measured.line_transfer.len() as u64 + measured.pairs_left_out;
    assert_eq!(pairs, cpus * cpus.saturating_sub(1) / 2);
    assert!(
        measured.line_transfer.len() <= 1,
        "no time was given for a second"
    );
    // A busy machine may leave the pair out; what was measured is the time of a line and not of a scheduler's turn.
    for pair in &measured.line_transfer {
        assert!(pair.a < pair.b);
        assert!((1_000..=5_000_000).contains(&pair.one_way_ps), "{pair:?}");
    }
    for pair in &measured.alu_slowdown {
        assert!(pair.slowdown_permille > 0, "{pair:?}");
    }
}

#[test]
fn contradictions_stand_among_the_obstacles_once() {
    let (mut host, warnings) = machine(EPYC);
    let words = "CPUs 0 and 1 are not what they are said to be".to_owned();
    host.measured = Some(Measured {
        line_transfer: vec![PairTransfer {
            a: 0,
            b: 1,
            one_way_ps: 31_450,
        }],
        alu_slowdown: vec![PairSlowdown {
            a: 0,
            b: 1,
            slowdown_permille: 1_705,
        }],
        contradictions: vec![words.clone()],
        pairs_left_out: 119,
    });
    for warnings in [warnings, vec![words.clone()]] {
        let text = describe(&host, &warnings);
        assert_eq!(text.matches(&words).count(), 1, "{text}");
        assert!(
            text.contains("a line takes 31.4 ns one way, ALU work together takes 1.705 times"),
            "{text}"
        );
        assert!(text.contains("119 pairs were left out"), "{text}");
    }
}
