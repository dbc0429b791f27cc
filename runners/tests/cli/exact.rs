//! What is counted without a clock. Where valgrind is not installed or cannot run the program, the tests that need it say so and count nothing.
//!
//! Here on the build of the tests, whose instructions mean nothing by themselves: what is looked at is that they are counted the same
//! each time and that a dearer lock is named. `scripts/exact.sh` does the same with a release build.

use crate::emulated::emulated;
use crate::tool::{VMALOCK, example_path, one_line_of_complaint, vmalock};
use lock_variants::notes;
use reports::exact::{Counts, LockPath, differences};
use runners::exact::{Unavailable, of_program};
use std::io::{Write, stderr};
use std::path::Path;

/// The counts of a program, or `None` and a word on standard error where there is no valgrind.
fn counted(program: &Path) -> Option<Counts> {
    match of_program(program) {
        Err(why @ (Unavailable::NoValgrind | Unavailable::Emulated(_))) => {
            let _ = writeln!(stderr(), "nothing is counted: {why}");
            None
        }
        counts => Some(counts.unwrap_or_else(|why| panic!("{why}"))),
    }
}

#[test]
fn counts_are_the_same_each_time_and_as_the_notes_say() {
    let Some(first) = counted(Path::new(VMALOCK)) else {
        return;
    };
    for _ in 0..2 {
        assert_eq!(counted(Path::new(VMALOCK)).as_ref(), Some(&first));
    }
    for lock in first.locks.keys() {
        let notes = notes::of(lock).expect("every lock of the catalogue has notes");
        let read = first.paths[&(lock.clone(), LockPath::Read)];
        let (rmws, fences) = (u64::from(notes.rmws), u64::from(notes.fences));
        // A fence may be an instruction of its own, or an atomic operation on the stack.
        assert!(
            (rmws..=rmws + fences).contains(&read.rmws),
            "{lock}: {read:?}, and the notes say {rmws} and {fences}"
        );
        let declines = first
            .paths
            .contains_key(&(lock.clone(), LockPath::DeclinedRead));
        assert_eq!(declines, lock != "null", "{lock}");
    }
}

#[test]
fn a_dearer_lock_is_named_and_no_other() {
    let Some(was) = counted(Path::new(VMALOCK)) else {
        return;
    };
    let is = counted(&example_path("dearer_lock")).expect("valgrind is installed");
    let found: Vec<String> = differences(&was, &is)
        .iter()
        .map(ToString::to_string)
        .collect();
    let named = |path: &str| format!("refcount {path}: ");
    assert!(
        found.iter().any(|line| line.starts_with(&named("read"))),
        "{found:?}"
    );
    assert!(
        found.iter().all(|line| line.starts_with("refcount ")),
        "{found:?}"
    );
}

#[test]
fn a_lock_that_fails_with_nobody_in_its_way_is_named() {
    let why = match of_program(&example_path("planted_faults")) {
        Err(Unavailable::NoValgrind | Unavailable::Emulated(_)) => return,
        counts => counts
            .expect_err("it has a lock that declines nobody")
            .to_string(),
    };
    assert!(
        why.contains("`tears` failed at the path declined-read"),
        "{why}"
    );
}

#[test]
fn what_is_no_vmalock_is_not_counted() {
    let why = |program: &str| of_program(Path::new(program)).expect_err("it is none");
    let missing = why("/nowhere/vmalock");
    match emulated() {
        None => assert!(
            matches!(missing, Unavailable::NotStarted { .. }),
            "{missing}"
        ),
        // qemu-user starts a process for a program that is not there, which ends with code 127.
        Some(_) => assert!(
            missing.to_string().contains("/nowhere/vmalock"),
            "{missing}"
        ),
    }
    assert!(matches!(why("/bin/false"), Unavailable::Failed { .. }));
    assert!(matches!(why("/bin/echo"), Unavailable::Failed { .. }));
}

#[test]
fn a_debug_build_and_an_empty_reason_are_refused() {
    let debug = "this is a debug build";
    let check = one_line_of_complaint(vmalock().args(["check", "--exact"]));
    assert!(
        check.contains(debug) && check.contains("cargo run --release -- check --exact"),
        "{check}"
    );
    let accept = one_line_of_complaint(vmalock().args(["baseline", "exact", "--reason", "a word"]));
    assert!(accept.contains(debug), "{accept}");
    let empty = one_line_of_complaint(vmalock().args(["baseline", "exact", "--reason", " "]));
    assert!(empty.contains("--reason is empty"), "{empty}");
    let unknown = one_line_of_complaint(vmalock().args(["check", "--exact", "--lock", "refcont"]));
    assert!(unknown.contains("did you mean `refcount`?"), "{unknown}");
}

#[test]
fn counts_are_compared_with_one_thing_at_a_time() {
    vmalock()
        .args(["check", "--exact", "--against", "HEAD"])
        .assert()
        .code(2);
}
