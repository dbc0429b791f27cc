//! Machines of several shapes, read from a text that holds their files, and what is made of them.

use bench_core::record::{Host, Measured, PairSlowdown, PairTransfer, Quota};
use runners::host::placement::{Placement, PlacementError};
use runners::host::{describe, read};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Writes the files that a fixture holds below a new directory and reads the machine.
///
/// A line `= path` begins a file, and what follows is its text. `{a..b}` in a path stands for each number of the range,
/// and `{core}`, `{pair}`, ... in the text are worked out from that number by [`fill`].
fn machine(fixture: &str) -> (Host, Vec<String>) {
    let root = tempfile::tempdir().expect("a temporary directory can be made");
    for file in fixture.split("\n= ").skip(1) {
        let (path, text) = file.split_once('\n').unwrap_or((file, ""));
        write(root.path(), path, text);
    }
    read(root.path())
}

/// Writes one file, or one for each number of the range in its path.
fn write(root: &Path, path: &str, text: &str) {
    let Some((front, range, back)) = range(path) else {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("the path has a directory")).expect("made");
        fs::write(path, text).expect("the file can be written");
        return;
    };
    for number in range {
        let path = format!("{front}{number}{back}");
        write(root, &path, &fill(text, number));
    }
}

/// The parts of a path with a range.
fn range(path: &str) -> Option<(&str, std::ops::RangeInclusive<u32>, &str)> {
    let (front, rest) = path.split_once('{')?;
    let (range, back) = rest.split_once('}')?;
    let (first, last) = range.split_once("..")?;
    Some((front, first.parse().ok()?..=last.parse().ok()?, back))
}

/// Puts in the numbers: `{n/K}` is the CPU's number divided by K, `{n%K}` its remainder, `{n-n%K}` the first of K.
fn fill(text: &str, number: u32) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((front, more)) = rest.split_once('{') {
        let (word, back) = more.split_once('}').expect("a brace is closed");
        filled.push_str(front);
        filled.push_str(&work_out(word, number).to_string());
        rest = back;
    }
    filled + rest
}

/// The value of a word in braces, terms of `n`, `n/K`, `n%K` and numbers joined by `+` and `-`.
fn work_out(word: &str, number: u32) -> i64 {
    let term = |term: &str| -> i64 {
        let number = i64::from(number);
        let of = |operator: char| {
            let (_, right) = term.split_once(operator)?;
            right.parse::<i64>().ok()
        };
        match (of('/'), of('%')) {
            (Some(by), _) => number / by,
            (_, Some(by)) => number % by,
            _ if term == "n" => number,
            _ => term.parse().expect("a term is n or a number"),
        }
    };
    let plus = word.split('+').map(|part| {
        let mut parts = part.split('-');
        let first = parts.next().map_or(0, term);
        first - parts.map(term).sum::<i64>()
    });
    plus.sum()
}

fn order(placement: &str, host: &Host) -> Vec<u32> {
    let placement: Placement = placement.parse().expect("the words are right");
    placement.order(host).expect("the machine has such CPUs")
}

#[track_caller]
fn assert_warns(warnings: &[String], words: &str) {
    let found = warnings.iter().any(|warning| warning.contains(words));
    assert!(found, "{warnings:#?} lack {words:?}");
}

#[track_caller]
fn assert_silent(warnings: &[String], words: &str) {
    let found = warnings.iter().any(|warning| warning.contains(words));
    assert!(!found, "{warnings:#?} hold {words:?}");
}

/// Two packages of four cores with two threads; the second threads are numbered after all cores.
const TWO_SOCKETS: &str = include_str!("fixtures/two-sockets.txt");
/// One package with four last-level caches of four cores, no SMT.
const FOUR_CACHES: &str = include_str!("fixtures/four-caches.txt");
/// A container under cgroup version 1, with a cpuset, and a limit on the group around its own.
const CONTAINER_1: &str = include_str!("fixtures/container-1.txt");
/// A container under cgroup version 2, with its own cgroup namespace.
const CONTAINER_2: &str = include_str!("fixtures/container-2.txt");
/// arm64 with four small and four large cores.
const ARM64: &str = include_str!("fixtures/arm64.txt");
/// A machine whose /sys is not mounted.
const NO_SYS: &str = include_str!("fixtures/no-sys.txt");

#[test]
fn two_sockets_with_threads_and_nodes() {
    let (host, warnings) = machine(TWO_SOCKETS);
    assert_eq!(host.arch, "x86_64");
    assert_eq!(host.cpu_vendor.as_deref(), Some("GenuineIntel"));
    let revision = host.cpu_revision.as_deref();
    assert_eq!(
        revision,
        Some("family 6 model 85 stepping 7 microcode 0x5003604")
    );
    assert_eq!(host.hypervisor, None);
    assert_eq!(host.cpus.len(), 16);
    let cpu = &host.cpus[13];
    assert_eq!((cpu.id, cpu.core, cpu.l3), (13, Some(5), Some(4)));
    assert_eq!((cpu.node, cpu.package), (Some(1), Some(1)));
    assert_eq!(host.boost, Some(true), "no_turbo says the opposite");
    assert_eq!(host.governor.as_deref(), Some("powersave"));
    assert_eq!(host.memory_bytes, Some(131_072 * 1024));
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
        "of different speed",
        "counters",
    ] {
        assert_silent(&warnings, words);
    }
}

#[test]
fn placements_on_two_sockets() {
    let (host, _) = machine(TWO_SOCKETS);
    assert_eq!(order("compact", &host), (0..16).collect::<Vec<u32>>());
    assert_eq!(
        order("scatter", &host),
        [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15]
    );
    assert_eq!(
        order("smt", &host),
        [0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15]
    );
    assert_eq!(order("3,9-11", &host), [3, 9, 10, 11]);
}

#[test]
fn several_caches_in_one_package() {
    let (host, warnings) = machine(FOUR_CACHES);
    assert_eq!(host.cpus[6].l3, Some(4));
    assert_eq!(host.cpu_vendor.as_deref(), Some("AuthenticAMD"));
    assert_eq!(host.boost, Some(false));
    assert_eq!(host.thp.as_deref(), Some("never"));
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(order("compact", &host), (0..16).collect::<Vec<u32>>());
    assert_eq!(
        order("scatter", &host),
        [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15]
    );
    let smt = Placement::Smt.order(&host);
    assert_eq!(smt, Err(PlacementError::NoSiblings));
    assert!(describe(&host, &warnings).contains("Nothing was found"));
}

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
fn arm64_with_two_kinds_of_cores() {
    let (host, warnings) = machine(ARM64);
    assert_eq!(host.arch, "aarch64");
    assert_eq!(host.cpu_vendor.as_deref(), Some("0x41"));
    assert_eq!(host.cpu_model, None);
    let revision = host.cpu_revision.as_deref();
    assert_eq!(
        revision,
        Some("implementer 0x41 part 0xd05/0xd0b variant 0x1 revision 0")
    );
    assert_eq!(
        host.cpus[0].package, None,
        "firmware that says -1 says nothing"
    );
    assert_eq!(host.cpus[7].capacity, Some(1024));
    assert_eq!(
        host.cpus[7].l3, None,
        "a first-level cache is none that cores share"
    );
    assert_eq!(host.smt, None);
    assert_eq!(host.boost, None);
    assert_warns(&warnings, "capacity 400 to 1024");
    assert_silent(&warnings, "clock source");
    assert_eq!(order("compact", &host), [4, 5, 6, 7, 0, 1, 2, 3]);
    assert_eq!(order("scatter", &host), [4, 5, 6, 7, 0, 1, 2, 3]);
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

#[test]
fn placements_are_written_as_they_are_read() {
    for words in ["compact", "scatter", "smt", "0,2", "7"] {
        let placement: Placement = words.parse().expect("the words are right");
        assert_eq!(placement.to_string(), words);
    }
    let range: Placement = "4-6".parse().expect("a range");
    assert_eq!(range.to_string(), "4,5,6");
    for (wrong, words) in [
        ("", "use compact"),
        ("near", "use compact"),
        ("1,1", "CPU 1 stands twice"),
        ("3-1", "use compact"),
    ] {
        let refusal = wrong.parse::<Placement>().expect_err(wrong).to_string();
        assert!(refusal.contains(words), "{wrong}: {refusal}");
    }
}

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
    let (mut host, warnings) = machine(FOUR_CACHES);
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
