//! `run --precision`: processes are added until the intervals are narrow, or something else ends it. What decides is made up
//! where it matters, since a busy machine widens every interval.

use crate::emulated::is_refused;
use crate::tool::{RunFile, lines, one_line_of_complaint, tiny_run, vmalock};
use bench_core::record::{PrecisionGoal, Record};
use predicates::prelude::*;
use std::path::Path;

const SMALL: &str =
    "--rounds 1 --lock rwsem,refcount --threads 1 --workload fault-one-vma --mode throughput";

/// The processes that have cells.
fn processes(run: &RunFile) -> u32 {
    let last = run.cells.iter().map(|cell| cell.process).max();
    last.map_or(0, |last| last + 1)
}

#[test]
fn a_budget_ends_a_run_and_the_table_says_that_it_is_not_there_yet() {
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().join("run");
    let words = format!("{SMALL} --precision 0.5% --budget 1s");
    if is_refused(&mut tiny_run(vmalock(), &out, &words)) {
        assert!(!out.exists(), "nothing is left behind");
        return;
    }
    // Another four processes cannot end within a second: the warm-up alone takes longer.
    tiny_run(vmalock(), &out, &words)
        .assert()
        .code(0)
        .stdout(
            predicate::str::contains("sequential: stopped after 1 process since more would not")
                .and(predicate::str::contains("± 0.5 % not reached")),
        )
        .stderr(
            predicate::str::contains("within ± 0.5 % and there are 6, or there are 40").and(
                predicate::str::contains("process 1, the widest interval: none, "),
            ),
        );
    let run = RunFile::read(&out);
    let goal = PrecisionGoal {
        target_permille: 5,
        budget_s: 1,
        most_processes: 40,
    };
    assert_eq!(run.header.precision, Some(goal));
    assert_eq!((run.header.processes, processes(&run)), (1, 1));
    assert!(run.footer().complete);
    assert_eq!(run.footer().cells_planned, 2);
}

#[test]
fn without_a_number_of_its_own_it_begins_with_six_processes() {
    let words = ["run", "--dry-run", "--precision", "2%"];
    if is_refused(vmalock().args(words)) {
        return;
    }
    vmalock().args(words).assert().code(0).stdout(
        predicate::str::contains("processes:  6, each")
            .and(predicate::str::contains("precision:  then more processes")),
    );
}

/// A run of six processes with made-up operations by process and lock, which lacks its last cell, and this goal.
fn interrupted(out: &Path, goal: PrecisionGoal, ops: impl Fn(u32, bool) -> u64) {
    let words = format!("{SMALL} --precision 2% --budget 1s");
    tiny_run(vmalock(), out, &words).assert().code(0);
    let RunFile {
        mut header,
        cells,
        footers,
    } = RunFile::read(out);
    header.processes = 6;
    header.precision = Some(goal);
    let mut records = vec![Record::Header(Box::new(header))];
    for process in 0..6 {
        for mut cell in cells.clone() {
            cell.process = process;
            cell.noise.dirty = false;
            for role in &mut cell.roles {
                role.ops = ops(process, cell.lock == "refcount");
                role.ops_per_thread = vec![role.ops];
            }
            cell.window_ns_per_thread = vec![1_000_000];
            records.push(Record::Cell(Box::new(cell)));
        }
    }
    records.pop();
    let mut footer = footers[0].clone();
    footer.complete = false;
    footer.elapsed_s = 100;
    records.push(Record::Footer(footer));
    let line = |record| serde_json::to_string(record).expect("it is JSON") + "\n";
    let text: String = records.iter().map(line).collect();
    std::fs::write(out.join("run.jsonl"), text).expect("it can be written");
}

/// Resumes the run; the table says this, and that many processes have cells.
fn resumes(out: &Path, words: &str, expected: u32) {
    let assert = vmalock()
        .args(["run", "--resume", "--out"])
        .arg(out)
        .assert()
        .code(0);
    // In one line: the table wraps its notes.
    let table = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    let table: Vec<&str> = table.split_whitespace().collect();
    let table = table.join(" ");
    assert!(table.contains(words), "{table}");
    let run = RunFile::read(out);
    assert_eq!(processes(&run), expected, "{}", lines(out));
    assert!(run.footer().complete);
    assert_eq!(run.footer().cells_planned, 2 * u64::from(expected));
}

fn goal(target_permille: u32, budget_s: u64, most_processes: u32) -> PrecisionGoal {
    PrecisionGoal {
        target_permille,
        budget_s,
        most_processes,
    }
}

#[test]
fn a_resumed_run_that_is_narrow_ends() {
    if is_refused(vmalock().args(["run", "--precision", "2%"])) {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    // The cell that is measured anew may be off; this target bears it.
    let narrow =
        |process, refcount: bool| 10_000 + u64::from(process) + if refcount { 2_000 } else { 0 };
    let out = directory.path().join("run");
    interrupted(&out, goal(10_000_000, 10_000, 40), narrow);
    resumes(&out, "sequential: stopped after 6 processes since every", 6);
}

#[test]
fn a_resumed_run_that_is_wide_goes_on_as_far_as_it_may() {
    if is_refused(vmalock().args(["run", "--precision", "2%"])) {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let wide = |process: u32, refcount: bool| {
        if refcount && process.is_multiple_of(2) {
            90_000
        } else {
            10_000
        }
    };
    let out = directory.path().join("most");
    interrupted(&out, goal(20, 10_000, 8), wide);
    let most = "stopped after 8 processes since that is the most; ± 2 % not reached";
    resumes(&out, most, 8);
    // What the run took before it was interrupted counts.
    let out = directory.path().join("budget");
    interrupted(&out, goal(20, 100, 40), wide);
    let spent = "stopped after 6 processes since more would not fit in the budget of 1 min 40 s; ± 2 % not reached";
    resumes(&out, spent, 6);
}

#[test]
fn a_goal_that_cannot_be_is_one_complaint() {
    for (words, part) in [
        ("--precision 0%", "placement of code"),
        ("--precision 0.4%", "from 0.5% to 100%"),
        ("--precision two", "per cent"),
        ("--precision 2% --budget 10", "such as 90s or 10m"),
        ("--budget 10m", "--precision"),
        ("--resume --out x --precision 3%", "cannot be used with"),
    ] {
        vmalock()
            .arg("run")
            .args(words.split_whitespace())
            .assert()
            .code(2)
            .stderr(predicate::str::contains(part));
    }
    for (words, part) in [
        ("--precision 2% --mode latency", "add throughput to --mode"),
        ("--precision 2% --processes 41", "goes up to 40 processes"),
    ] {
        let complaint = one_line_of_complaint(vmalock().arg("run").args(words.split_whitespace()));
        assert!(complaint.contains(part), "{complaint}");
    }
}
