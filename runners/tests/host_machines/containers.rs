//! Containers, and machines that tell little or nothing.

use crate::fixture::{
    CONTAINER_1, CONTAINER_2, CONTAINER_CPUSET, NO_SYS, assert_warns, machine, order,
};
use bench_core::record::Quota;
use runners::host::describe;
use runners::host::placement::{Placement, PlacementError};

#[test]
fn a_container_sees_the_limit_of_the_group_around_it() {
    let (host, warnings) = machine(CONTAINER_1);
    assert_eq!(host.allowed_cpus, [2, 3]);
    assert_eq!(host.cpus.len(), 8);
    let quota = Quota {
        quota_us: 150_000,
        period_us: 100_000,
    };
    assert_eq!(host.quota, Some(quota));
    assert_warns(
        &warnings,
        "150000 µs of CPU time per 100000 µs, less than its 2 CPUs",
    );
    assert_warns(&warnings, "virtual machine (hypervisor: amazon)");
    assert_eq!(order("compact", &host), [2, 3]);
    let refusal = "1,2".parse::<Placement>().expect("a list").order(&host);
    let sentence = refusal.expect_err("CPU 1 is not allowed").to_string();
    assert!(
        sentence.contains("CPU 1") && sentence.contains("2,3"),
        "{sentence}"
    );
}

#[test]
fn a_container_of_version_2_with_one_cpu() {
    let (host, warnings) = machine(CONTAINER_2);
    assert_eq!(host.allowed_cpus, [5]);
    let quota = Quota {
        quota_us: 50_000,
        period_us: 100_000,
    };
    assert_eq!(host.quota, Some(quota));
    assert_warns(&warnings, "one CPU only");
    assert_warns(&warnings, "50000 µs");
    assert_warns(&warnings, "hypervisor: unnamed");
    let cpus = Placement::Compact.cpus(&host, 3);
    assert_eq!(
        cpus,
        Ok(vec![5, 5, 5]),
        "the caller marks this as oversubscribed"
    );
}

#[test]
fn a_container_with_a_cpuset_over_three_caches_and_a_quota() {
    let (host, warnings) = machine(CONTAINER_CPUSET);
    assert_eq!(host.allowed_cpus, [6, 7, 9, 16, 17, 18]);
    assert_eq!(host.cpus.len(), 64, "the machine is seen whole");
    let quota = Quota {
        quota_us: 500_000,
        period_us: 100_000,
    };
    assert_eq!(host.quota, Some(quota));
    assert_warns(
        &warnings,
        "500000 µs of CPU time per 100000 µs, less than its 6 CPUs",
    );
    assert_eq!(order("compact", &host), [6, 7, 9, 16, 17, 18]);
    assert_eq!(order("scatter", &host), [6, 9, 16, 7, 17, 18]);
}

#[test]
fn a_machine_without_sys() {
    let (host, warnings) = machine(NO_SYS);
    assert_eq!(host.allowed_cpus, [0, 1, 2, 3]);
    assert_eq!(host.cpus.len(), 4);
    assert_eq!(host.cpus[2].core, None);
    assert_eq!(host.quota, None);
    assert_warns(&warnings, "does not tell which CPUs share");
    assert_eq!(order("compact", &host), [0, 1, 2, 3]);
    assert_eq!(order("scatter", &host), [0, 1, 2, 3]);
    assert_eq!(Placement::Smt.order(&host), Err(PlacementError::NoSiblings));
    let text = describe(&host, &warnings);
    assert!(text.contains("governor     not told"), "{text}");
    assert!(text.contains("4 online in ? cores"), "{text}");
}

#[test]
fn nothing_at_all_is_no_crash() {
    let (host, warnings) = machine("");
    assert!(host.allowed_cpus.is_empty());
    assert_warns(&warnings, "could not be read");
    for placement in ["compact", "scatter", "smt", "0"] {
        let placement: Placement = placement.parse().expect("the words are right");
        assert_eq!(placement.order(&host), Err(PlacementError::NoCpus));
    }
    assert!(!describe(&host, &warnings).is_empty());
}
