//! A machine's files, read from a text that holds them.

use bench_core::record::Host;
use runners::host::placement::Placement;
use runners::host::read;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Two packages of 32 cores with two threads; the second threads are numbered after all cores.
pub(crate) const TWO_SOCKETS: &str = include_str!("../fixtures/two-sockets-128.txt");
/// One package with eight last-level caches of eight cores, no SMT.
pub(crate) const EPYC: &str = include_str!("../fixtures/epyc-64.txt");
/// A container under cgroup version 1, with a cpuset, and a limit on the group around its own.
pub(crate) const CONTAINER_1: &str = include_str!("../fixtures/container-1.txt");
/// A container under cgroup version 2, with its own cgroup namespace.
pub(crate) const CONTAINER_2: &str = include_str!("../fixtures/container-2.txt");
/// A container with a cpuset over three caches and a limit, under cgroup version 2.
pub(crate) const CONTAINER_CPUSET: &str = include_str!("../fixtures/container-cpuset.txt");
/// arm64: 64 cores under one cache.
pub(crate) const GRAVITON: &str = include_str!("../fixtures/graviton-64.txt");
/// arm64: 128 cores in clusters of two, without a cache that is shared.
pub(crate) const ALTRA: &str = include_str!("../fixtures/altra-128.txt");
/// arm64 with three kinds of cores.
pub(crate) const PHONE: &str = include_str!("../fixtures/phone.txt");
/// A machine whose /sys is not mounted.
pub(crate) const NO_SYS: &str = include_str!("../fixtures/no-sys.txt");

/// The machine of a fixture, with what stands in the way of measuring on it.
pub(crate) fn machine(fixture: &str) -> (Host, Vec<String>) {
    read(files(fixture).path())
}

/// The files that a fixture holds, below a new directory.
///
/// A line `= path` begins a file, and what follows is its text. `{a..b}` in a path stands for each number of the range,
/// and `{core}`, `{pair}`, ... in the text are worked out from that number by [`fill`].
pub(crate) fn files(fixture: &str) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary directory can be made");
    for file in fixture.split("\n= ").skip(1) {
        let (path, text) = file.split_once('\n').unwrap_or((file, ""));
        write(root.path(), path, text);
    }
    root
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

/// The CPUs of a placement.
pub(crate) fn order(placement: &str, host: &Host) -> Vec<u32> {
    let placement: Placement = placement.parse().expect("the words are right");
    placement.order(host).expect("the machine has such CPUs")
}

/// The sentence with which a placement is refused.
pub(crate) fn refusal(placement: &str, host: &Host) -> String {
    let placement: Placement = placement.parse().expect("the words are right");
    let refusal = placement
        .order(host)
        .expect_err("the machine has no such CPUs");
    refusal.to_string()
}

#[track_caller]
pub(crate) fn assert_warns(warnings: &[String], words: &str) {
    let found = warnings.iter().any(|warning| warning.contains(words));
    assert!(found, "{warnings:#?} lack {words:?}");
}

#[track_caller]
pub(crate) fn assert_silent(warnings: &[String], words: &str) {
    let found = warnings.iter().any(|warning| warning.contains(words));
    assert!(!found, "{warnings:#?} hold {words:?}");
}
