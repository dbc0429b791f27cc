//! `baseline accept`: its file, what it says, and each run that it refuses with its exit code; and `check --baseline`.

use crate::emulated::is_refused;
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
        .stdout(predicate::str::contains(
            "ratios to rwsem: 1, each of 6 processes",
        ));
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

/// What `check` needs of a baseline that this very program may be held against: the tests are of a debug build.
fn of_this_build(run: &Path) -> PathBuf {
    let file = beside(run, "baseline.json");
    accept(run, &file, &["--reason", "the first"])
        .assert()
        .code(0);
    edit(&file, "\"profile\": \"release\"", "\"profile\": \"debug\"");
    file
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).expect("it is there");
    assert!(text.contains(from), "{from} is missing in: {text}");
    std::fs::write(file, text.replacen(from, to, 1)).expect("it can be written");
}

fn check(file: &Path, words: &[&str]) -> Command {
    let mut command = vmalock();
    command.args(["check", "--baseline"]).arg(file).args(words);
    command
}

#[test]
fn a_check_measures_the_plan_of_the_baseline_and_says_nothing_of_a_debug_build() {
    let measured = Measured::new();
    let run = measured.run("run", 6, release);
    let file = of_this_build(&run);
    if is_refused(&mut check(&file, &["--dry-run"])) {
        return;
    }
    check(&file, &["--dry-run"]).assert().code(0).stdout(
        predicate::str::contains("locks:      rwsem, refcount")
            .and(predicate::str::contains(
                "processes:  6, each with 1 rounds",
            ))
            .and(predicate::str::contains("2 programs take turns")),
    );
    let out = beside(&run, "check");
    check(&file, &["--processes", "2", "--out"])
        .arg(&out)
        .assert()
        .code(3)
        .stdout(predicate::str::contains("throughput over rwsem"));
    for name in [
        "candidate/run.jsonl",
        "control/run.jsonl",
        "check.json",
        "check.txt",
    ] {
        assert!(out.join(name).exists(), "{name}");
    }
    let kept = std::fs::read_to_string(out.join("check.json")).expect("it was written");
    for part in [
        "\"lock\": \"refcount\"",
        "levels are ratios to rwsem",
        "a debug build",
    ] {
        assert!(kept.contains(part), "{part} is missing in: {kept}");
    }
}

#[test]
fn a_baseline_of_another_host_build_or_schema_is_exit_code_4_field_by_field() {
    let measured = Measured::new();
    let run = measured.run("run", 6, release);
    for (from, to, parts) in [
        (
            "\"kernel\": \"",
            "\"kernel\": \"0.",
            &["host.kernel: \"0."][..],
        ),
        (
            "\"rustc\": \"rustc ",
            "\"rustc\": \"rustc 0.",
            &["tool.rustc: \"rustc 0."],
        ),
        (
            "\"profile\": \"debug\"",
            "\"profile\": \"release\"",
            &["tool.profile: \"release\" and \"debug\""],
        ),
        (
            "\"schema\": 1",
            "\"schema\": 2",
            &["schema 2", "reads schema 1", "newer"],
        ),
    ] {
        let file = of_this_build(&run);
        edit(&file, from, to);
        // The schema is read before the host is looked at.
        if from != "\"schema\": 1" && is_refused(&mut check(&file, &[])) {
            std::fs::remove_file(&file).expect("it is there");
            continue;
        }
        let said = check(&file, &["--dry-run"]).assert().code(4).stdout("");
        let text = String::from_utf8_lossy(&said.get_output().stderr).into_owned();
        for part in parts {
            assert!(text.contains(part), "`{part}` is missing in: {text}");
        }
        std::fs::remove_file(&file).expect("it is there");
    }
}

#[test]
fn a_baseline_that_cannot_be_measured_here_is_one_line_of_complaint() {
    let measured = Measured::new();
    let run = measured.run("run", 6, release);
    let file = of_this_build(&run);
    if is_refused(&mut check(&file, &[])) {
        return;
    }
    let complaint = |words: &[&str]| one_line_of_complaint(&mut check(&file, words));
    for (words, part) in [
        (
            &["--lock", "null"][..],
            "no lock of the baseline is called `null`",
        ),
        (
            &["--lock", "rwsem"],
            "`rwsem` is what the others are measured by",
        ),
        (&["--workload", "mmap-churn"], "no workload of the baseline"),
        (
            &["--threads", "7"],
            "--threads 7 is not in the baseline, which has [1]",
        ),
        (&["--mode", "latency"], "is not in the baseline"),
        (&["--processes", "1"], "must be at least 2"),
    ] {
        let text = complaint(words);
        assert!(text.contains(part), "`{part}` is missing in: {text}");
    }
    check(&file, &["--window-ms", "5"])
        .assert()
        .code(2)
        .stderr(predicate::str::contains("cannot be used with"));

    edit(&file, "    \"refcount\"", "    \"refcount-of-old\"");
    let gone = complaint(&[]);
    assert!(
        gone.contains("the baseline needs refcount-of-old"),
        "{gone}"
    );
    assert!(gone.contains("`vmalock baseline accept`"), "{gone}");
    edit(
        &file,
        "\"reference\": \"rwsem\"",
        "\"reference\": \"my-own\"",
    );
    assert!(complaint(&["--lock", "rwsem"]).contains("the baseline needs my-own"));

    let text = std::fs::read_to_string(&file).expect("it is there");
    std::fs::write(&file, &text[..text.len() / 2]).expect("it can be written");
    let cut = complaint(&[]);
    assert!(
        cut.contains("is damaged") && cut.contains(" at line "),
        "{cut}"
    );
    std::fs::write(&file, "{}").expect("it can be written");
    assert!(complaint(&[]).contains("is not a baseline"));
    std::fs::remove_file(&file).expect("it is there");
    assert!(complaint(&[]).contains("cannot be read"));
}
