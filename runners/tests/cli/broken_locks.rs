//! Locks that are wrong on purpose: what `verify` and a run make of them, and that the other locks are measured all the same.

use crate::emulated::emulated;
use crate::tool::{RunFile, assert_report_stands_alone, example, tiny_run};
use bench_core::record::{Cell, Status};
use predicates::prelude::*;
use std::path::Path;

/// The exit code when a lock broke its contract.
const BROKEN: i32 = 5;
/// The exit code of a run that lacks cells.
const INCOMPLETE: i32 = 3;

fn run(out: &Path, words: &str) -> assert_cmd::Command {
    let mut command = tiny_run(
        example("planted_faults"),
        out,
        "--rounds 1 --mode throughput",
    );
    command.args(words.split_whitespace());
    command
}

/// The cells of one lock, and those of all others.
fn split(run: &RunFile, lock: &str) -> (Vec<Cell>, Vec<Cell>) {
    run.cells
        .iter()
        .cloned()
        .partition(|cell| cell.lock == lock)
}

/// Every cell has its record, and those of the sound locks are measured.
fn assert_rest_is_measured(run: &RunFile, broken: &str, planned: usize) {
    assert_eq!(run.cells.len(), planned);
    let (_, others) = split(run, broken);
    assert!(
        others
            .iter()
            .all(|cell| cell.status == Status::Ok && cell.verified == Some(true))
    );
    assert!(run.footer().complete, "every planned cell has its record");
}

#[test]
fn verify_names_the_rule_that_a_lock_breaks() {
    let verify = |lock| {
        example("planted_faults")
            .args(["verify", "--lock", lock])
            .assert()
    };
    verify("tears,rwsem")
        .code(BROKEN)
        .stdout(predicate::str::contains(
            "write-lock-declines: a reader held the VMA while it was write-locked",
        ))
        .stdout(predicate::str::is_match("(?m)^rwsem +keeps all").expect("a pattern"));
    verify("panics")
        .code(BROKEN)
        .stdout(predicate::str::contains("it panicked: planted, at ").count(1))
        .stderr("");
}

#[test]
fn a_lock_that_tears_is_no_result() {
    let out = tempfile::tempdir().expect("a directory");
    let words = "--lock refcount,tears --workload fault-vs-mprotect --threads 2";
    let done = run(out.path(), words).assert().code(BROKEN);
    let records = RunFile::read(out.path());
    assert_rest_is_measured(&records, "tears", 2);
    let (tears, _) = split(&records, "tears");
    assert_eq!(
        (tears[0].status, tears[0].verified),
        (Status::Ok, Some(false))
    );
    assert!(tears[0].violations.reads_while_write_locked > 0);

    // Its row has no number, and a note says why.
    let row = match emulated() {
        None => "(?m)^  tears +– .* 1/1 NOT$",
        Some(_) => "(?m)^  tears +1 +1/1 NOT$",
    };
    done.stdout(predicate::str::is_match(row).expect("a pattern"))
        .stdout(predicate::str::contains(
            "not verified and not shown: does not exclude",
        ))
        .stderr(predicate::str::contains(
            "a lock broke its contract in 1 of the cells",
        ));
    assert_report_stands_alone(out.path());
    let html = std::fs::read_to_string(out.path().join("report.html")).expect("a report");
    assert!(
        html.contains("does not exclude"),
        "the report says why there is no result"
    );
}

#[test]
fn a_lock_that_hangs_costs_its_cells_and_tells_where() {
    let out = tempfile::tempdir().expect("a directory");
    let words =
        "--lock rwsem,hangs,refcount --workload fault-one-vma,fault-vs-mprotect --threads 2";
    run(out.path(), words).assert().code(BROKEN);
    let records = RunFile::read(out.path());
    assert_rest_is_measured(&records, "hangs", 6);
    let (hung, _) = split(&records, "hangs");
    let words: Vec<&str> = hung
        .iter()
        .map(|cell| cell.error.as_deref().expect("an error"))
        .collect();
    assert!(
        hung.iter()
            .all(|cell| cell.status == Status::Error && cell.verified.is_none())
    );
    assert_eq!(words.len(), 2);
    let told: Vec<_> = words
        .iter()
        .filter(|words| words.starts_with("the lock hangs: "))
        .collect();
    let [told] = told[..] else {
        panic!("one cell hangs, the others are left out: {words:?}")
    };
    for part in [
        "; worker 0 ",
        ", worker 1 ",
        "vm_refcnt=",
        "mm_lock_seq=",
        "mmap lock",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let left_out = words
        .iter()
        .filter(|words| words.starts_with("not measured: `hangs` hung earlier"));
    assert_eq!(left_out.count(), 1, "{words:?}");
    assert_report_stands_alone(out.path());
}

#[test]
fn a_lock_that_dies_or_panics_costs_its_cells() {
    for (lock, words) in [
        ("dies", "the process died: signal 6"),
        ("panics", "a worker panicked: planted, at "),
    ] {
        let out = tempfile::tempdir().expect("a directory");
        let plan = format!(
            "--lock rwsem,{lock},refcount --workload fault-one-vma,mmap-churn --threads 1,2"
        );
        run(out.path(), &plan).assert().code(INCOMPLETE);
        let records = RunFile::read(out.path());
        assert_rest_is_measured(&records, lock, 12);
        let (failed, _) = split(&records, lock);
        assert_eq!(failed.len(), 4);
        for cell in failed {
            assert_eq!(cell.status, Status::Error);
            let error = cell.error.expect("an error has words");
            assert!(error.starts_with(words), "{error}");
        }
        assert_eq!(
            (records.footer().cells_ok, records.footer().cells_error),
            (8, 4)
        );
    }
}

#[test]
fn a_run_of_nothing_but_a_lock_that_dies_ends() {
    let out = tempfile::tempdir().expect("a directory");
    run(
        out.path(),
        "--lock dies --workload fault-one-vma --threads 1,2,3,4,5",
    )
    .assert()
    .code(INCOMPLETE);
    let records = RunFile::read(out.path());
    assert_eq!(records.cells.len(), 5);
    assert!(
        records
            .cells
            .iter()
            .all(|cell| cell.status == Status::Error)
    );
    assert_report_stands_alone(out.path());
}
