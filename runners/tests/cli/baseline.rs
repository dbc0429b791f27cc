//! `baseline accept`: its file, what it says, and each run that it refuses with its exit code.

use crate::made_up::Measured;
use crate::tool::{one_line_of_complaint, vmalock};
use assert_cmd::Command;
use bench_core::record::Header;
use predicates::prelude::*;
use std::path::{Path, PathBuf};

/// The tests are of a debug build, whose runs are refused.
fn release(header: &mut Header) {
    header.tool.profile = "release".to_owned();
}

fn accept(run: &Path, out: &Path, words: &[&str]) -> Command {
    let mut command = vmalock();
    command.args(["baseline", "accept"]).arg(run);
    command.arg("--out").arg(out).args(words);
    command
}

/// A file that no test writes twice, beside the runs.
fn beside(run: &Path, name: &str) -> PathBuf {
    run.with_file_name(name)
}

#[test]
fn a_run_becomes_a_baseline_and_the_next_one_says_what_it_changes() {
    let measured = Measured::new();
    let run = measured.run("run", 6, release);
    let file = beside(&run, "baseline.json");
    accept(&run, &file, &["--reason", "the first"])
        .assert()
        .code(0)
        .stderr("")
        .stdout(predicate::str::contains("ratios to rwsem: 1, each of 6 processes"));
    let text = std::fs::read_to_string(&file).expect("it was written");
    for part in [
        "\"reason\": \"the first\"",
        "\"reference\": \"rwsem\"",
        "\"lock\":\"refcount\"",
    ] {
        assert!(text.contains(part), "{part} is missing in: {text}");
    }
    accept(&run, &file, &["--reason", "the same"])
        .assert()
        .code(0)
        .stdout(predicate::str::contains("nothing changes but the reason"));

    let slower = measured.run_with("slower", 6, release, |cell| {
        if cell.lock == "refcount" {
            for ops in cell.roles.iter_mut().flat_map(|r| &mut r.ops_per_thread) {
                *ops = *ops * 9 / 10;
            }
        }
    });
    accept(&slower, &file, &["--reason", "slower"])
        .assert()
        .code(0)
        .stdout(
            predicate::str::contains("refcount/fault-one-vma/1/compact/fault/throughput")
                .and(predicate::str::contains("1.249 1.124")),
        );
    // Measured by the other one.
    accept(
        &run,
        &file,
        &["--reason", "the other way", "--reference", "refcount"],
    )
    .assert()
    .code(0)
    .stdout(
        predicate::str::contains("rwsem/fault-one-vma/1/compact/fault/throughput")
            .and(predicate::str::contains("gone"))
            .and(predicate::str::contains(
                "baseline.reference: was \"rwsem\", is \"refcount\"",
            )),
    );
}

#[test]
fn what_is_no_measure_is_refused_with_its_exit_code() {
    let measured = Measured::new();
    let cases: [(&str, u8, &str, PathBuf); 4] = [
        ("one", 2, "one process", measured.run("one", 1, release)),
        (
            "debug",
            2,
            "a debug build",
            measured.run("debug", 6, |h| h.tool.profile = "debug".into()),
        ),
        (
            "noisy",
            3,
            "0 of 6 rounds clean",
            measured.run_with("noisy", 6, release, |cell| cell.noise.dirty = true),
        ),
        (
            "broken",
            5,
            "refcount under fault-one-vma with 1 thread",
            measured.run_with("broken", 6, release, |cell| {
                cell.verified = Some(cell.lock != "refcount");
            }),
        ),
    ];
    for (name, code, part, run) in &cases {
        let file = beside(run, "never.json");
        accept(run, &file, &["--reason", "because"])
            .assert()
            .code(i32::from(*code))
            .stdout("")
            .stderr(predicate::str::contains(*part));
        assert!(!file.exists(), "{name}: a refused run leaves no file");
    }
    let run = measured.run("run", 6, release);
    let file = beside(&run, "never.json");
    for (words, part) in [
        (&["--reason", " "][..], "the reason is empty"),
        (
            &["--reason", "x", "--reference", "rwsen"],
            "did you mean `rwsem`?",
        ),
    ] {
        let words = one_line_of_complaint(&mut accept(&run, &file, words));
        assert!(words.contains(part), "`{part}` is missing in: {words}");
    }
    accept(&run, &file, &[])
        .assert()
        .code(2)
        .stderr(predicate::str::contains("--reason"));
}

#[test]
fn a_run_without_a_known_reference_asks_for_one() {
    let measured = Measured::new();
    let run = measured.run_with(
        "run",
        6,
        |header| {
            release(header);
            for lock in &mut header.locks {
                lock.name = format!("my-{}", lock.name);
            }
        },
        |cell| cell.lock = format!("my-{}", cell.lock),
    );
    let file = beside(&run, "baseline.json");
    let words = one_line_of_complaint(&mut accept(&run, &file, &["--reason", "mine"]));
    assert!(words.contains("none of std-rwlock and rwsem"), "{words}");
    assert!(words.contains("my-rwsem, my-refcount"), "{words}");
    accept(
        &run,
        &file,
        &["--reason", "mine", "--reference", "my-rwsem"],
    )
    .assert()
    .code(0);
}

#[test]
fn only_a_baseline_is_overwritten() {
    let measured = Measured::new();
    let run = measured.run("run", 6, release);
    let file = beside(&run, "notes.txt");
    std::fs::write(&file, "my notes").expect("it can be written");
    let words = one_line_of_complaint(&mut accept(&run, &file, &["--reason", "x"]));
    assert!(words.contains("it is not overwritten"), "{words}");
    assert_eq!(
        std::fs::read_to_string(&file).expect("still there"),
        "my notes"
    );
    let nowhere = run.join("run.jsonl").join("baseline.json");
    let words = one_line_of_complaint(&mut accept(&run, &nowhere, &["--reason", "x"]));
    assert!(words.contains("cannot be written"), "{words}");
}
