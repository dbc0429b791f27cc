//! The PMUs of the shapes, and what the kernel would be asked for. Whether it answers shows only where there is a PMU.

use crate::fixture::{EPYC, GRAVITON, PHONE, TWO_SOCKETS, files};
use runners::counters::pmu::{Encoding, Pmu, Wanted, encode_generic_on, encode_on, of_cores};

fn pmus(fixture: &str) -> Vec<Pmu> {
    of_cores(files(fixture).path())
}

fn wanted(word: &str) -> Wanted {
    word.parse().expect("the word is one of an event")
}

fn encoding(kind: u32, config: u64, config1: u64) -> Encoding {
    Encoding {
        kind,
        config: [config, config1, 0],
    }
}

#[test]
fn terms_go_where_the_format_says() {
    let pmus = pmus(TWO_SOCKETS);
    let names: Vec<&str> = pmus.iter().map(|pmu| pmu.name.as_str()).collect();
    assert_eq!(names, ["cpu"], "memory's and the kernel's are not of cores");
    let on = |word: &str| encode_on(&pmus, 100, &wanted(word));
    assert_eq!(on("cpu-cycles"), Ok(encoding(4, 0x3c, 0)));
    assert_eq!(on("mem-loads"), Ok(encoding(4, 0x1cd, 3)));
    assert_eq!(on("mem-stores"), Ok(encoding(4, 0x82d0, 0)));
    assert_eq!(on("r1b7"), Ok(encoding(4, 0x1b7, 0)));
    let why = on("stall_backend").expect_err("not of x86");
    assert!(why.contains("PMU cpu has no event of that name"), "{why}");
    // What Arm's manual numbers is no event of another PMU.
    assert!(on("strex_spec").is_err());
}

#[test]
fn one_pmu_of_all_cores() {
    let pmus = pmus(GRAVITON);
    let on = |word: &str| encode_on(&pmus, 63, &wanted(word));
    assert_eq!(on("stall_backend"), Ok(encoding(8, 0x24, 0)));
    assert_eq!(on("l1d_cache_refill"), Ok(encoding(8, 0x03, 0)));
    assert_eq!(on("bus_access"), Ok(encoding(8, 0x19, 0)));
    // Not in the list that Linux makes, but in Arm's.
    for (word, number) in [
        ("ldrex_spec", 0x6c),
        ("strex_fail_spec", 0x6e),
        ("strex_spec", 0x6f),
        ("ldst_spec", 0x72),
        ("cas_near_spec", 0x8172),
    ] {
        assert_eq!(on(word), Ok(encoding(8, number, 0)), "{word}");
    }
    let offered: Vec<&str> = pmus.iter().flat_map(Pmu::events).collect();
    assert!(offered.contains(&"inst_retired") && offered.contains(&"strex_fail_spec"));
}

#[test]
fn each_kind_of_core_has_its_pmu() {
    let pmus = pmus(PHONE);
    assert_eq!(pmus.len(), 3);
    let on = |cpu, word: &str| encode_on(&pmus, cpu, &wanted(word));
    assert_eq!(on(5, "stall_backend"), Ok(encoding(9, 0x24, 0)));
    assert_eq!(on(7, "stall_backend"), Ok(encoding(8, 0x24, 0)));
    assert_eq!(on(0, "r24"), Ok(encoding(10, 0x24, 0)));
    let why = on(2, "stall_backend").expect_err("the small cores have none");
    assert!(
        why.contains("armv8_cortex_a55, which counts on CPUs 0,1,2,3,"),
        "{why}"
    );
    let why = on(8, "cpu_cycles").expect_err("there is no such CPU");
    assert!(why.contains("counts on CPU 8"), "{why}");
    // The usual counters go the same way, or they would count on one kind only.
    for (name, number) in [
        ("cycles", 0x11),
        ("instructions", 0x08),
        ("cache-references", 0x04),
        ("cache-misses", 0x03),
    ] {
        for (cpu, kind) in [(1, 10), (4, 9), (6, 8)] {
            let asked = encode_generic_on(&pmus, cpu, name);
            assert_eq!(asked, Ok(encoding(kind, number, 0)), "{name} on {cpu}");
        }
    }
}

#[test]
fn a_machine_without_a_pmu_says_so() {
    let why = encode_on(&pmus(EPYC), 0, &wanted("r24")).expect_err("no PMU");
    assert!(why.contains("no PMU of its cores"), "{why}");
}
