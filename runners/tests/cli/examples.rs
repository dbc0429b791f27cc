//! The examples of own locks are right, and are measured beside the catalogue.

use crate::tool::{RunFile, example, tiny_run};
use predicates::prelude::*;

#[test]
fn own_locks_keep_the_contract_and_are_measured() {
    for (program, lock) in [("my_lock", "my-lock"), ("my_vma_lock", "one-word")] {
        example(program)
            .args(["verify", "--lock", lock])
            .assert()
            .code(0)
            .stdout(predicate::str::contains("keeps all"));
        let out = tempfile::tempdir().expect("a directory");
        let words =
            format!("--rounds 1 --threads 1,2 --mode throughput,latency --lock {lock},rwsem");
        tiny_run(example(program), out.path(), &words)
            .assert()
            .code(0);
        let run = RunFile::read(out.path());
        assert_eq!(run.cells.len(), 2 * 4 * 2 * 2);
        assert!(
            run.cells.iter().all(|cell| cell.verified == Some(true)),
            "{lock}"
        );
    }
}

#[test]
fn a_plain_lock_takes_less_than_thirty_lines() {
    let source = include_str!("../../examples/my_lock.rs");
    let lines = source
        .lines()
        .filter(|line| !line.starts_with("//!"))
        .count();
    assert!(lines < 30, "{lines}");
}
