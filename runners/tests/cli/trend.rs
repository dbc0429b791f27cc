//! `trend`: its table, its page, its exit codes and its complaints. Records are of a tiny run, with counts that are made up,
//! so that no busy machine changes what is found.

use crate::made_up::{Measured, set_ops};
use crate::tool::{one_line_of_complaint, vmalock};
use assert_cmd::assert::Assert;
use bench_core::record::Header;
use predicates::prelude::*;
use std::path::{Path, PathBuf};

/// Runs of many days.
struct History(Measured);

impl History {
    fn new() -> Self {
        Self(Measured::new())
    }

    /// The run of a day: `refcount` does so many operations in a window, and `rwsem` 8000.
    fn day(&self, day: u32, ops: u64, change: impl Fn(&mut Header)) -> PathBuf {
        let of_the_day = |header: &mut Header| {
            header.started_at = format!("2030-01-{day:02}T00:00:00Z");
            header.tool.git_revision = Some(format!("revision-{day}"));
            change(header);
        };
        let name = format!("day-{day}");
        self.0.run_with(&name, 3, of_the_day, |cell| {
            let ops = if cell.lock == "refcount" { ops } else { 8_000 };
            set_ops(cell, ops);
        })
    }

    /// So many days; from the ninth on `refcount` is a tenth slower.
    fn days(&self, count: u32) -> Vec<PathBuf> {
        let ops = |day| 10_000 + u64::from(day % 3) * 5 - if day < 9 { 0 } else { 1_000 };
        (1..=count)
            .map(|day| self.day(day, ops(day), |_| ()))
            .collect()
    }

    fn page(&self) -> PathBuf {
        self.0.path("trend.html")
    }

    fn trend(&self, runs: &[PathBuf], words: &[&str]) -> Assert {
        let mut command = vmalock();
        command.arg("trend").args(runs).args(words);
        command.arg("--out").arg(self.page()).assert()
    }
}

#[test]
fn a_change_is_named_with_its_run_revision_and_date() {
    let measured = History::new();
    let runs = measured.days(16);
    let said = measured.trend(&runs, &[]).code(0).stderr("");
    let said = String::from_utf8_lossy(&said.get_output().stdout).into_owned();
    let line = said
        .lines()
        .find(|line| line.contains("refcount, fault-one-vma"));
    let line = line.unwrap_or_else(|| panic!("no change in: {said}"));
    for part in [
        "9 2030-01-09 revision-9",
        "1.251",
        "1.126",
        "-10.0 %",
        "slower",
    ] {
        assert!(line.contains(part), "`{part}` is missing in: {line}");
    }
    let page = std::fs::read_to_string(measured.page()).expect("there is a page");
    assert!(page.contains("</html>") && page.contains("<svg class=plot"));
    measured
        .trend(&runs, &["--reference", "refcount"])
        .code(0)
        .stdout(
            predicate::str::contains("rwsem, fault-one-vma")
                .and(predicate::str::contains("faster")),
        );
}

#[test]
fn too_few_runs_and_other_hosts_have_their_exit_codes() {
    let measured = History::new();
    let mut runs = measured.days(5);
    measured
        .trend(&runs, &[])
        .code(3)
        .stdout(predicate::str::contains("fewer than 10 runs"));
    measured
        .trend(&runs[..3], &[])
        .code(3)
        .stdout("")
        .stderr(predicate::str::contains("it takes at least 4"));
    runs.push(measured.day(6, 9_000, |header| header.host.kernel = Some("1.0".into())));
    measured
        .trend(&runs, &[])
        .code(4)
        .stdout("")
        .stderr(predicate::str::contains("host.kernel: ").and(predicate::str::contains("day-6")));
}

#[test]
fn what_is_no_trend_is_one_line_of_complaint() {
    let measured = History::new();
    let mut runs = measured.days(4);
    let complaint = |runs: &[PathBuf], words: &[&str]| {
        one_line_of_complaint(vmalock().arg("trend").args(runs).args(words))
    };
    for (words, part) in [
        (&["--lock", "refcoumt"][..], "did you mean `refcount`?"),
        (
            &["--workload", "fault-one"],
            "no workload is called `fault-one`",
        ),
        (&["--reference", "null"], "no lock is called `null`"),
        (
            &["--out", "/no/such/page.html"],
            "cannot be written to /no/such/page.html",
        ),
    ] {
        let words = complaint(&runs, words);
        assert!(words.contains(part), "`{part}` is missing in: {words}");
    }
    runs.push(Path::new("/no/such/run").into());
    assert!(complaint(&runs, &[]).contains("does not exist"));
    runs.pop();
    runs.push(runs[0].clone());
    assert!(complaint(&runs, &[]).contains("are the same run"));
}
