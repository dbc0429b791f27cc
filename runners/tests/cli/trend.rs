//! `trend`: its table, its page, its exit codes and its complaints. Records are of a tiny run, with counts that are made up,
//! so that no busy machine changes what is found.

use crate::tool::{RunFile, one_line_of_complaint, tiny_run, vmalock};
use assert_cmd::assert::Assert;
use bench_core::record::{Header, Record};
use predicates::prelude::*;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A measured run, to make a history of.
struct Measured {
    directory: TempDir,
    run: RunFile,
}

impl Measured {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let words = "--rounds 1 --lock rwsem,refcount --threads 1 --workload fault-one-vma --mode throughput";
        tiny_run(vmalock(), &directory.path().join("measured"), words)
            .assert()
            .code(0);
        let run = RunFile::read(&directory.path().join("measured"));
        Self { directory, run }
    }

    /// The run of a day: `refcount` does so many operations in a window, and `rwsem` 8000.
    fn day(&self, day: u32, ops: u64, change: impl Fn(&mut Header)) -> PathBuf {
        let mut header = self.run.header.clone();
        header.started_at = format!("2030-01-{day:02}T00:00:00Z");
        header.tool.git_revision = Some(format!("revision-{day}"));
        change(&mut header);
        let mut records = vec![Record::Header(Box::new(header))];
        for process in 0..3 {
            for cell in &self.run.cells {
                let mut cell = cell.clone();
                let ops = if cell.lock == "refcount" { ops } else { 8_000 };
                cell.process = process;
                cell.noise.dirty = false;
                cell.window_ns_per_thread = vec![1_000_000];
                for role in &mut cell.roles {
                    role.ops = ops;
                    role.ops_per_thread = vec![ops];
                }
                records.push(Record::Cell(Box::new(cell)));
            }
        }
        records.push(Record::Footer(self.run.footer().clone()));
        let line = |record| serde_json::to_string(record).expect("it is JSON") + "\n";
        let text: String = records.iter().map(line).collect();
        let directory = self.directory.path().join(format!("day-{day}"));
        std::fs::create_dir_all(&directory).expect("a directory");
        std::fs::write(directory.join("run.jsonl"), text).expect("it can be written");
        directory
    }

    /// So many days; from the ninth on `refcount` is a tenth slower.
    fn days(&self, count: u32) -> Vec<PathBuf> {
        let ops = |day| 10_000 + u64::from(day % 3) * 5 - if day < 9 { 0 } else { 1_000 };
        (1..=count)
            .map(|day| self.day(day, ops(day), |_| ()))
            .collect()
    }

    fn page(&self) -> PathBuf {
        self.directory.path().join("trend.html")
    }

    fn trend(&self, runs: &[PathBuf], words: &[&str]) -> Assert {
        let mut command = vmalock();
        command.arg("trend").args(runs).args(words);
        command.arg("--out").arg(self.page()).assert()
    }
}

#[test]
fn a_change_is_named_with_its_run_revision_and_date() {
    let measured = Measured::new();
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
    let measured = Measured::new();
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
    let measured = Measured::new();
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
