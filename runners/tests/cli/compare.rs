//! `compare`: its table, its exit codes and its complaints. Records come from a tiny run, with counts that are made up, so
//! that no busy machine changes a verdict.

use crate::made_up::Measured;
use crate::tool::{lines, one_line_of_complaint, vmalock};
use assert_cmd::assert::Assert;
use predicates::prelude::*;
use std::path::Path;

fn compare(runs: &[&Path], words: &[&str]) -> Assert {
    vmalock().arg("compare").args(runs).args(words).assert()
}

fn complaint(runs: &[&Path], words: &[&str]) -> String {
    one_line_of_complaint(vmalock().arg("compare").args(runs).args(words))
}

#[test]
fn two_locks_of_a_run_are_told_apart() {
    let measured = Measured::new();
    let run = measured.run("six", 6, |_| ());
    let file = run.join("run.jsonl");
    compare(&[&run], &["--locks", "rwsem,refcount"])
        .code(0)
        .stderr("")
        .stdout(
            predicate::str::contains("A: rwsem, B: refcount")
                .and(predicate::str::contains("8.03 Mop/s 10.0 Mop/s 1.249"))
                .and(predicate::str::contains("B faster")),
        );
    compare(&[&file], &["--locks", "refcount,rwsem"])
        .code(0)
        .stdout(predicate::str::contains("B slower"));
    // A margin that a quarter more is within.
    compare(&[&run], &["--locks", "rwsem,refcount", "--margin", "30%"])
        .code(0)
        .stdout(predicate::str::contains("equivalent within 30 %"));
    // One process tells nothing.
    let one = measured.run("one", 1, |_| ());
    compare(&[&one], &["--locks", "rwsem,refcount"])
        .code(3)
        .stdout(predicate::str::contains("fewer than two processes"));
}

#[test]
fn two_runs_of_one_host_and_never_of_two() {
    let measured = Measured::new();
    let first = measured.run("first", 6, |_| ());
    let second = measured.later("second", |_| ());
    compare(&[&first, &second], &["--margin", "2%"])
        .code(0)
        .stderr("")
        .stdout(
            predicate::str::contains("rwsem: throughput")
                .and(predicate::str::contains("refcount: throughput"))
                .and(predicate::str::contains("equivalent within 2 %")),
        );
    compare(&[&first, &second], &["--locks", "rwsem"])
        .code(0)
        .stdout(predicate::str::contains("refcount: throughput").not());

    let elsewhere = measured.later("elsewhere", |header| {
        header.host.kernel = Some("1.0".to_owned());
        header.host.governor = Some("made-up".to_owned());
        header.host.measured = None;
    });
    compare(&[&first, &elsewhere], &[])
        .code(4)
        .stdout("")
        .stderr(
            predicate::str::contains("host.kernel: ")
                .and(predicate::str::contains("host.governor: "))
                .and(predicate::str::contains("host.measured").not()),
        );
    // Locks that only one of them has are nothing to compare.
    let others = measured.run("none", 0, |header| header.seed += 1);
    compare(&[&first, &others], &[])
        .code(3)
        .stdout(predicate::str::contains("nothing to compare"));
}

#[test]
fn what_cannot_be_compared_is_one_line_of_complaint() {
    let measured = Measured::new();
    let run = measured.run("run", 6, |_| ());
    let run = run.as_path();
    for (words, part) in [
        (&[][..], "or give another run"),
        (&["--locks", "rwsem"], "--locks takes two locks"),
        (&["--locks", "rwsem,rwsem"], "compared with itself"),
        (&["--locks", "rwsem,refcoumt"], "did you mean `refcount`?"),
    ] {
        let words = complaint(&[run], words);
        assert!(words.contains(part), "`{part}` is missing in: {words}");
    }
    let same = complaint(&[run, run], &[]);
    assert!(same.contains("the same run"), "{same}");
    let nothing = complaint(&[run, Path::new("/no/such/run")], &[]);
    assert!(nothing.contains("does not exist"), "{nothing}");
    compare(&[run], &["--locks", "rwsem,refcount", "--margin", "0.1%"])
        .code(2)
        .stderr(predicate::str::contains("placement of code"));
}

#[test]
fn a_bad_line_is_named_and_the_others_are_compared() {
    let measured = Measured::new();
    let run = measured.run("run", 6, |_| ());
    let text = lines(&run);
    std::fs::write(run.join("run.jsonl"), &text[..text.len() - 20]).expect("it can be written");
    compare(&[&run], &["--locks", "rwsem,refcount"])
        .code(2)
        .stdout(predicate::str::contains("B faster").and(predicate::str::contains("not complete")))
        .stderr(predicate::str::contains("cut off"));
}
