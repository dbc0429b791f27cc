//! `run --dry-run --like RUN`. The records are of a tiny run, with counts that are made up, so that the spread is known.

use crate::emulated::is_refused;
use crate::tool::{RunFile, one_line_of_complaint, tiny_run, vmalock};
use bench_core::record::{Cell, Header, Record};
use predicates::prelude::*;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const PLAN: [&str; 8] = [
    "run",
    "--dry-run",
    "--threads",
    "1",
    "--window-ms",
    "1",
    "--seed",
    "1",
];

/// A run of four processes of two rounds. In every second round `refcount` is 4 % faster.
fn made_up(directory: &TempDir, change: impl Fn(&mut Header)) -> PathBuf {
    let measured = directory.path().join("measured");
    let words =
        "--rounds 2 --lock rwsem,refcount --threads 1 --workload fault-one-vma --mode throughput";
    tiny_run(vmalock(), &measured, words).assert().code(0);
    let run = RunFile::read(&measured);
    let mut header = run.header.clone();
    change(&mut header);
    let mut records = vec![Record::Header(Box::new(header))];
    for process in 0..4 {
        records.extend(
            run.cells
                .iter()
                .map(|cell| Record::Cell(Box::new(of(cell, process)))),
        );
    }
    records.push(Record::Footer(run.footer().clone()));
    let line = |record| serde_json::to_string(record).expect("it is JSON") + "\n";
    let path = directory.path().join("earlier.jsonl");
    let text: String = records.iter().map(line).collect();
    std::fs::write(&path, text).expect("it can be written");
    path
}

fn of(cell: &Cell, process: u32) -> Cell {
    let mut cell = cell.clone();
    let faster = cell.lock == "refcount" && cell.round == 1;
    let ops = if faster { 10_400 } else { 10_000 };
    cell.process = process;
    cell.noise.dirty = false;
    cell.window_ns = 1_000_000;
    cell.window_ns_per_thread = vec![cell.window_ns];
    for role in &mut cell.roles {
        role.ops = ops;
        role.ops_per_thread = vec![ops];
    }
    cell
}

fn can_tell(like: &Path, words: &[&str]) -> String {
    let done = vmalock()
        .args(PLAN)
        .args(words)
        .arg("--like")
        .arg(like)
        .assert()
        .code(0);
    let text = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    let line = text.lines().find(|line| line.starts_with("can tell:"));
    line.unwrap_or_else(|| panic!("no such line in {text}"))
        .to_owned()
}

#[test]
fn a_plan_says_what_it_will_tell_from_the_spread_of_an_earlier_run() {
    let directory = tempfile::tempdir().expect("a directory");
    let earlier = made_up(&directory, |_| ());
    if is_refused(vmalock().args(PLAN).arg("--like").arg(&earlier)) {
        return;
    }
    // Rounds at 0 and ln 1.04 around the same mean: within 2.77 %, between 0. Ten processes of ten rounds:
    // sqrt(pi/2 * 0.0277^2 / 100) * 3.1456 = 1.1 %.
    let told = can_tell(&earlier, &["--processes", "10", "--rounds", "10"]);
    assert!(
        told.contains("differences of about 1.1 % in throughput (one setting)"),
        "{told}"
    );
    let told = can_tell(&earlier, &["--processes", "1"]);
    assert!(
        told.contains("one process tells nothing about spread"),
        "{told}"
    );
}

#[test]
fn an_earlier_run_that_knows_no_spread_is_said_to_know_none() {
    let directory = tempfile::tempdir().expect("a directory");
    let measured = directory.path().join("measured");
    let words = "--rounds 1 --lock refcount --threads 1 --workload fault-one-vma --mode throughput";
    tiny_run(vmalock(), &measured, words).assert().code(0);
    if is_refused(vmalock().args(PLAN).arg("--like").arg(&measured)) {
        return;
    }
    let told = can_tell(&measured, &["--processes", "10"]);
    assert!(
        told.contains("not known") && told.contains("two processes"),
        "{told}"
    );
}

#[test]
fn the_spread_of_another_host_says_nothing_here() {
    let directory = tempfile::tempdir().expect("a directory");
    let elsewhere = made_up(&directory, |header| {
        header.host.cpu_model = Some("another".to_owned());
        header.host.emulator = None;
    });
    vmalock()
        .args(PLAN)
        .arg("--like")
        .arg(&elsewhere)
        .assert()
        .code(4)
        .stderr(predicate::str::contains("host.cpu_model: \"another\""))
        .stdout(predicate::str::contains("can tell").not());
}

#[test]
fn like_takes_a_run_and_goes_with_a_plan_only() {
    vmalock()
        .args(["run", "--like", "x"])
        .assert()
        .code(2)
        .stderr(predicate::str::contains("--dry-run"));
    let complaint = one_line_of_complaint(vmalock().args(PLAN).args(["--like", "no-such-run"]));
    assert!(complaint.contains("no-such-run"), "{complaint}");
}
