//! `compare`: its table, its exit codes and its complaints. Records come from a tiny run, with counts that are made up, so
//! that no busy machine changes a verdict.

use crate::tool::{RunFile, lines, one_line_of_complaint, tiny_run, vmalock};
use assert_cmd::assert::Assert;
use bench_core::record::{Cell, Footer, Header, Record};
use predicates::prelude::*;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const WINDOW_NS: u64 = 1_000_000;
/// The locks and their operations in a window, give or take a little.
const LOCKS: [(&str, u64); 2] = [("rwsem", 8_000), ("refcount", 10_000)];

/// A measured run of one process, to make others of.
struct Measured {
    directory: TempDir,
    header: Header,
    cells: Vec<Cell>,
    footer: Footer,
}

impl Measured {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let words = "--rounds 1 --lock rwsem,refcount --threads 1 --workload fault-one-vma --mode throughput";
        tiny_run(vmalock(), &directory.path().join("measured"), words)
            .assert()
            .code(0);
        let run = RunFile::read(&directory.path().join("measured"));
        Self {
            directory,
            header: run.header.clone(),
            footer: run.footer().clone(),
            cells: run.cells,
        }
    }

    /// The cells of one process: its luck is the same for both locks.
    fn process(&self, process: u32) -> impl Iterator<Item = Cell> + '_ {
        let luck = [0, 40, 20, 60, 10, 50][process as usize % 6];
        self.cells.iter().map(move |cell| {
            let mut cell = cell.clone();
            let of_lock = LOCKS.iter().find(|(name, _)| *name == cell.lock);
            let ops = of_lock.expect("one of the two").1 + luck;
            cell.process = process;
            cell.noise.dirty = false;
            cell.window_ns = WINDOW_NS;
            cell.window_ns_per_thread = vec![WINDOW_NS];
            for role in &mut cell.roles {
                role.ops = ops;
                role.ops_per_thread = vec![ops];
            }
            cell
        })
    }

    /// A run with as many processes, and with what else is changed in its header, in a directory of its own.
    fn run(&self, name: &str, processes: u32, change: impl Fn(&mut Header)) -> PathBuf {
        let mut header = self.header.clone();
        change(&mut header);
        let mut records = vec![Record::Header(Box::new(header))];
        for process in 0..processes {
            records.extend(self.process(process).map(|c| Record::Cell(Box::new(c))));
        }
        records.push(Record::Footer(self.footer.clone()));
        let line = |record| serde_json::to_string(record).expect("it is JSON") + "\n";
        let directory = self.directory.path().join(name);
        std::fs::create_dir(&directory).expect("a new directory");
        let text: String = records.iter().map(line).collect();
        std::fs::write(directory.join("run.jsonl"), text).expect("it can be written");
        directory
    }

    fn later(&self, name: &str, change: impl Fn(&mut Header)) -> PathBuf {
        self.run(name, 6, |header| {
            header.started_at = "2030-01-01T00:00:00Z".to_owned();
            change(header);
        })
    }
}

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
