//! Placements as words, and what the shapes of no fixture show.

use crate::fixture::order;
use bench_core::record::{Cpu, Host};
use runners::host::placement::Placement;

#[test]
fn placements_are_written_as_they_are_read() {
    for words in [
        "compact",
        "scatter",
        "smt",
        "biggest",
        "smallest",
        "capacity:498",
        "core:cortex-a55",
        "0,2",
        "7",
    ] {
        let placement: Placement = words.parse().expect("the words are right");
        assert_eq!(placement.to_string(), words);
    }
    let range: Placement = "4-6".parse().expect("a range");
    assert_eq!(range.to_string(), "4,5,6");
    let design: Placement = "core:Cortex-A55".parse().expect("a design");
    assert_eq!(design.to_string(), "core:cortex-a55");
    for (wrong, words) in [
        ("", "use compact"),
        ("near", "use compact"),
        ("capacity:big", "capacity:N"),
        ("core:", "core:NAME"),
        ("1,1", "CPU 1 stands twice"),
        ("3-1", "use compact"),
    ] {
        let refusal = wrong.parse::<Placement>().expect_err(wrong).to_string();
        assert!(refusal.contains(words), "{wrong}: {refusal}");
    }
}

#[test]
fn clusters_under_a_cache_take_turns() {
    let cpu = |id: u32| Cpu {
        id,
        core: Some(id),
        cluster: Some(id / 4 * 4),
        l3: Some(id / 8 * 8),
        ..Cpu::default()
    };
    let host = Host {
        allowed_cpus: (0..16).collect(),
        cpus: (0..16).map(cpu).collect(),
        ..Host::default()
    };
    assert_eq!(
        order("scatter", &host),
        [0, 8, 4, 12, 1, 9, 5, 13, 2, 10, 6, 14, 3, 11, 7, 15]
    );
    // Clusters that are numbered across each other: compact keeps each together, under its cache.
    let crossed = |id: u32| Cpu {
        cluster: Some(id % 2 + id / 8 * 8),
        ..cpu(id)
    };
    let host = Host {
        cpus: (0..16).map(crossed).collect(),
        ..host
    };
    assert_eq!(
        order("compact", &host),
        [0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15]
    );
}
