//! arm64: servers, and a phone with three kinds of cores.

use crate::fixture::{
    ALTRA, GRAVITON, PHONE, assert_silent, assert_warns, machine, order, refusal,
};
use runners::host::describe;

#[test]
fn a_server_with_one_cache() {
    let (host, warnings) = machine(GRAVITON);
    assert_eq!(host.arch, "aarch64");
    assert_eq!(host.cpu_vendor.as_deref(), Some("Arm"));
    assert_eq!(host.cpu_model.as_deref(), Some("Neoverse-V1"));
    let revision = host.cpu_revision.as_deref();
    assert_eq!(
        revision,
        Some("implementer 0x41 part 0xd40 variant 0x1 revision 1")
    );
    assert_eq!(host.hypervisor.as_deref(), Some("amazon"));
    assert_eq!(host.cpus.len(), 64);
    let cpu = &host.cpus[63];
    assert_eq!((cpu.core, cpu.l3, cpu.cluster), (Some(63), Some(0), None));
    assert_eq!(cpu.design.as_deref(), Some("Neoverse-V1"));
    assert_eq!(host.cache_line_bytes, Some(64));
    assert_silent(&warnings, "of different kinds");
    assert_silent(&warnings, "clock source");
    assert_eq!(order("compact", &host), (0..64).collect::<Vec<u32>>());
    assert_eq!(order("scatter", &host), (0..64).collect::<Vec<u32>>());
    let sentence = refusal("biggest", &host);
    assert!(sentence.contains("64 x Neoverse-V1"), "{sentence}");
    let text = describe(&host, &warnings);
    assert!(text.contains("core kinds   64 x Neoverse-V1\n"), "{text}");
}

#[test]
fn a_server_of_clusters_without_a_shared_cache() {
    let (host, warnings) = machine(ALTRA);
    assert_eq!(host.cpu_model.as_deref(), Some("Neoverse-N1"));
    let cpu = &host.cpus[101];
    assert_eq!((cpu.core, cpu.cluster), (Some(101), Some(100)));
    assert_eq!(
        (cpu.node, cpu.l3),
        (Some(3), Some(101)),
        "a cache of its own"
    );
    let text = describe(&host, &warnings);
    assert!(text.contains("64 clusters of more than one core"), "{text}");
    assert_eq!(order("compact", &host), (0..128).collect::<Vec<u32>>());
    // Nodes take turns, within them clusters; the second core of a cluster comes after the first of all.
    let one_of_each = |core: u32| {
        (0..16).flat_map(move |cluster| (0..4).map(move |node| node * 32 + cluster * 2 + core))
    };
    let scattered: Vec<u32> = one_of_each(0).chain(one_of_each(1)).collect();
    assert_eq!(order("scatter", &host), scattered);
}

#[test]
fn a_phone_with_three_kinds_of_cores() {
    let (host, warnings) = machine(PHONE);
    assert_eq!(host.cpu_vendor.as_deref(), Some("Arm"));
    let model = host.cpu_model.as_deref();
    assert_eq!(model, Some("Cortex-A55+Cortex-A76+Cortex-X1"));
    let revision = host.cpu_revision.as_deref();
    assert_eq!(
        revision,
        Some(
            "implementer 0x41 part 0xd05 variant 0x2 revision 0; implementer 0x41 part 0xd0b variant 0x4 revision 1; implementer 0x41 part 0xd44 variant 0x1 revision 0"
        )
    );
    assert_eq!(host.hypervisor, None);
    assert_eq!((host.smt.as_ref(), host.boost), (None, None));
    let cpu = &host.cpus[5];
    assert_eq!(cpu.package, None, "firmware that says -1 says nothing");
    assert_eq!(
        (cpu.cluster, cpu.capacity, cpu.l3),
        (Some(4), Some(498), None)
    );
    assert_eq!(cpu.design.as_deref(), Some("Cortex-A76"));
    assert_eq!(
        host.cache_line_bytes, None,
        "another machine's files: no register is read"
    );
    let kinds = "2 x Cortex-X1 (capacity 1024), 2 x Cortex-A76 (capacity 498), 4 x Cortex-A55 (capacity 160)";
    assert_warns(&warnings, kinds);
    assert_warns(&warnings, "--placement biggest, smallest or capacity:N");
    assert_silent(&warnings, "clock source");
    let text = describe(&host, &warnings);
    assert!(text.contains(&format!("core kinds   {kinds}\n")), "{text}");
    assert!(text.contains("3 clusters of more than one core"), "{text}");
}

#[test]
fn placements_by_kind_of_core() {
    let (host, _) = machine(PHONE);
    assert_eq!(order("compact", &host), [6, 7, 4, 5, 0, 1, 2, 3]);
    assert_eq!(order("scatter", &host), [6, 7, 4, 5, 0, 1, 2, 3]);
    assert_eq!(order("biggest", &host), [6, 7]);
    assert_eq!(order("smallest", &host), [0, 1, 2, 3]);
    assert_eq!(order("capacity:498", &host), [4, 5]);
    assert_eq!(order("core:Cortex-A55", &host), [0, 1, 2, 3]);
    for word in ["capacity:500", "core:cortex-a78"] {
        let sentence = refusal(word, &host);
        assert!(
            sentence.contains(word) && sentence.contains("2 x Cortex-A76 (capacity 498)"),
            "{sentence}"
        );
    }
}

#[test]
fn kinds_whose_capacity_is_not_told() {
    let (mut host, _) = machine(PHONE);
    for cpu in &mut host.cpus {
        cpu.capacity = None;
    }
    for word in ["biggest", "smallest"] {
        let sentence = refusal(word, &host);
        assert!(
            sentence.contains("which of its kinds of cores is the larger")
                && sentence.contains("4 x Cortex-A55, 2 x Cortex-A76, 2 x Cortex-X1"),
            "{sentence}"
        );
    }
    assert_eq!(order("core:cortex-x1", &host), [6, 7]);
    assert_eq!(order("compact", &host), [0, 1, 2, 3, 4, 5, 6, 7]);
    // Now all cores are alike: clusters take turns.
    assert_eq!(order("scatter", &host), [0, 4, 6, 1, 5, 7, 2, 3]);
    assert_warns(&runners::host::warnings(&host), "--placement core:NAME");
}

#[test]
fn kinds_among_the_allowed_cpus_alone() {
    let (mut host, _) = machine(PHONE);
    host.allowed_cpus = vec![1, 2, 5];
    assert_eq!(order("biggest", &host), [5]);
    host.allowed_cpus = vec![1, 2];
    let sentence = refusal("smallest", &host);
    assert!(
        sentence.contains("2 x Cortex-A55 (capacity 160)"),
        "{sentence}"
    );
}

#[test]
fn a_line_that_is_longer_than_the_padding_is_said() {
    let (mut host, _) = machine(GRAVITON);
    for (bytes, said) in [(64, false), (128, false), (256, true)] {
        host.cache_line_bytes = Some(bytes);
        let warnings = runners::host::warnings(&host);
        let found = warnings
            .iter()
            .any(|warning| warning.contains("a cache line of this machine is"));
        assert_eq!(found, said, "{bytes}: {warnings:#?}");
    }
}
