//! x86-64 servers.

use crate::fixture::{EPYC, TWO_SOCKETS, assert_silent, assert_warns, machine, order, refusal};
use runners::host::describe;

#[test]
fn two_sockets_with_threads_and_nodes() {
    let (host, warnings) = machine(TWO_SOCKETS);
    assert_eq!(host.arch, "x86_64");
    assert_eq!(host.cpu_vendor.as_deref(), Some("GenuineIntel"));
    let revision = host.cpu_revision.as_deref();
    assert_eq!(
        revision,
        Some("family 6 model 106 stepping 6 microcode 0xd0003a5")
    );
    assert_eq!(host.hypervisor, None);
    assert_eq!(host.cpus.len(), 128);
    let cpu = &host.cpus[109];
    assert_eq!((cpu.id, cpu.core, cpu.l3), (109, Some(45), Some(32)));
    assert_eq!((cpu.node, cpu.package), (Some(1), Some(1)));
    assert_eq!(cpu.cluster, None, "the threads of a core are no cluster");
    assert_eq!(cpu.design, None);
    assert_eq!(host.boost, Some(true), "no_turbo says the opposite");
    assert_eq!(host.governor.as_deref(), Some("powersave"));
    assert_eq!(host.memory_bytes, Some(263_829_132 * 1024));
    assert_eq!(host.cache_line_bytes, Some(64));
    assert_eq!(host.quota, None);
    for words in [
        "threads of one core",
        "governor is powersave",
        "boost is on",
        "clock source is hpet",
        "given always",
        "NUMA balancing is on",
        "randomisation is off",
    ] {
        assert_warns(&warnings, words);
    }
    for words in [
        "virtual machine",
        "control group",
        "of different kinds",
        "counters",
        "cache line",
    ] {
        assert_silent(&warnings, words);
    }
    let text = describe(&host, &warnings);
    assert!(
        text.contains("128 online in 64 cores, 2 last-level caches, 2 nodes, 2 packages"),
        "{text}"
    );
    assert!(
        !text.contains("core kinds"),
        "nothing is told of them: {text}"
    );
}

#[test]
fn placements_on_two_sockets() {
    let (host, _) = machine(TWO_SOCKETS);
    assert_eq!(order("compact", &host), (0..128).collect::<Vec<u32>>());
    let taking_turns = |first: u32| (first..first + 32).flat_map(|cpu| [cpu, cpu + 32]);
    let scattered: Vec<u32> = taking_turns(0).chain(taking_turns(64)).collect();
    assert_eq!(order("scatter", &host), scattered);
    let siblings: Vec<u32> = (0..64).flat_map(|cpu| [cpu, cpu + 64]).collect();
    assert_eq!(order("smt", &host), siblings);
    assert_eq!(order("3,9-11", &host), [3, 9, 10, 11]);
    for word in ["biggest", "smallest", "capacity:1024", "core:Cortex-X1"] {
        let sentence = refusal(word, &host);
        assert!(
            sentence.contains("one kind of core only") && sentence.contains(&word.to_lowercase()),
            "{sentence}"
        );
    }
}

#[test]
fn many_caches_in_one_package() {
    let (host, warnings) = machine(EPYC);
    assert_eq!(host.cpus[62].l3, Some(56));
    assert_eq!(host.cpus[62].cluster, None);
    assert_eq!(host.cpu_vendor.as_deref(), Some("AuthenticAMD"));
    assert_eq!(host.boost, Some(false));
    assert_eq!(host.thp.as_deref(), Some("never"));
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(order("compact", &host), (0..64).collect::<Vec<u32>>());
    let scattered: Vec<u32> = (0..8)
        .flat_map(|core| (0..8).map(move |cache| cache * 8 + core))
        .collect();
    assert_eq!(order("scatter", &host), scattered);
    assert!(refusal("smt", &host).contains("share a core"));
    assert!(describe(&host, &warnings).contains("Nothing was found"));
}
