//! Under an emulator no time is compared: the commands that would are refused with exit code 4.
//!
//! These tests may run under one themselves. Whether they do, the program is asked. It is refused then what it would measure, and
//! each test that wants a measurement asks [`is_refused`] first, which looks at the refusal.

use crate::made_up::Measured;
use crate::tool::{RunFile, VMALOCK, tiny_run, vmalock};
use assert_cmd::Command;
use predicates::prelude::*;
use std::io::{Write, stderr};
use std::path::Path;
use std::sync::OnceLock;

/// The exit code where hosts do not match.
const HOSTS: i32 = 4;
/// What emulates a made-up host.
const MADE_UP: &str = "qemu-user (an aarch64 program on an x86_64 kernel)";

/// What emulates the program, in its own words; `None` on a machine.
pub(crate) fn emulated() -> Option<&'static str> {
    static ASKED: OnceLock<Option<String>> = OnceLock::new();
    let ask = || {
        let done = vmalock().args(["host", "--json"]).assert().code(0);
        let answer: serde_json::Value =
            serde_json::from_slice(&done.get_output().stdout).expect("it is JSON");
        answer["host"]["emulator"].as_str().map(str::to_owned)
    };
    ASKED.get_or_init(ask).as_deref()
}

/// Whether the program is emulated; then this command, which would compare times, is refused as it has to be.
pub(crate) fn is_refused(command: &mut Command) -> bool {
    if let Some(emulator) = emulated() {
        assert_refused(command, emulator);
    }
    emulated().is_some()
}

/// It ends with exit code 4, one line that names the emulator, and no word on what is faster.
fn assert_refused(command: &mut Command, emulator: &str) {
    let verdict = predicate::str::is_match("faster|slower|equivalent|regressed|can tell");
    let verdict = verdict.expect("a pattern");
    let done = command.assert().code(HOSTS).stdout(verdict.not());
    let text = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
    assert_eq!(text.lines().count(), 1, "{text}");
    let named = ["is", "was"].map(|verb| format!("{verb} emulated, by {emulator}"));
    assert!(named.iter().any(|words| text.contains(words)), "{text}");
    assert!(text.contains("no timing"), "{text}");
}

/// The program under valgrind, which is an emulator that this architecture has; `None` and a word on standard error where it is
/// not installed, or where these tests are emulated themselves.
fn under_valgrind() -> Option<Command> {
    let installed = std::process::Command::new("valgrind")
        .arg("--version")
        .output();
    if emulated().is_some() || installed.is_err() {
        let _ = writeln!(
            stderr(),
            "nothing is emulated here: valgrind is not installed, or cannot run the program"
        );
        return None;
    }
    let mut command = Command::new("valgrind");
    command.args(["--tool=none", "--quiet", VMALOCK]);
    Some(command)
}

#[test]
fn a_host_that_is_emulated_says_so_before_all_else() {
    let Some(mut command) = under_valgrind() else {
        return;
    };
    let done = command.args(["host", "--json"]).assert().code(0);
    let answer: serde_json::Value =
        serde_json::from_slice(&done.get_output().stdout).expect("it is JSON");
    let emulator = answer["host"]["emulator"]
        .as_str()
        .expect("valgrind is seen");
    assert!(emulator.starts_with("valgrind ("), "{emulator}");
    let first = answer["warnings"][0].as_str().expect("there is a warning");
    assert!(
        first.contains(&format!("this program is emulated, by {emulator}")),
        "{first}"
    );
    assert!(
        answer["host"]["measured"].is_null(),
        "there is no machine to be measured"
    );
}

#[test]
fn what_compares_times_does_not_begin_under_an_emulator() {
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().join("out");
    for words in [
        "check --against-binary PROGRAM --lock refcount --workload fault-one-vma --threads 1 --processes 2 --rounds 1 --window-ms 1",
        "check --against HEAD",
        "selftest aa --lock refcount",
        "selftest inject --slowdown 5",
        "run --precision 2% --lock refcount",
    ] {
        let Some(mut command) = under_valgrind() else {
            return;
        };
        command.args(words.replace("PROGRAM", VMALOCK).split_whitespace());
        assert_refused(command.arg("--out").arg(&out), "valgrind");
        assert!(!out.exists(), "`{words}` leaves nothing behind");
    }
}

#[test]
fn a_run_that_is_emulated_is_measured_and_shows_no_number() {
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().join("out");
    let emulator = match under_valgrind() {
        Some(command) => {
            let words =
                "--rounds 1 --lock refcount --threads 1 --workload fault-one-vma --mode throughput";
            tiny_run(command, &out, words)
        }
        None if emulated().is_some() => {
            let words =
                "--rounds 1 --lock refcount --threads 1 --workload fault-one-vma --mode throughput";
            tiny_run(vmalock(), &out, words)
        }
        None => return,
    }
    .assert()
    .code(0)
    .stdout(
        predicate::str::starts_with("EMULATED, by ")
            .and(predicate::str::contains("Mop/s").not())
            .and(predicate::str::is_match("(?m)^  refcount +1 +yes$").expect("a pattern")),
    )
    .stderr(predicate::str::contains("no timing means anything"));
    drop(emulator);
    let run = RunFile::read(&out);
    assert_eq!(run.cells[0].verified, Some(true));
    // Valgrind leaves the process that measures to the processor itself.
    if emulated().is_some() {
        assert!(!run.cells[0].steady, "one cell of warm-up is not enough");
    }
    assert!(run.header.host.emulator.is_some());
}

#[test]
fn records_of_an_emulated_run_are_compared_with_nothing() {
    let measured = Measured::new();
    let made = |name: &str, day: u32| {
        measured.run(name, 6, |header| {
            header.host.emulator = Some(MADE_UP.to_owned());
            header.tool.profile = "release".to_owned();
            header.started_at = format!("2030-01-{day:02}T00:00:00Z");
        })
    };
    let days: Vec<_> = (1..=4)
        .map(|day| made(&format!("day-{day}"), day))
        .collect();
    let native = measured.run("native", 6, |_| ());
    let file = measured.path("never");
    let commands: [(&[&str], &[&Path]); 6] = [
        (&["compare", "--locks", "rwsem,refcount"], &[&days[0]]),
        (&["compare"], &[&days[0], &days[1]]),
        (&["compare"], &[&native, &days[1]]),
        (&["trend"], &[&days[0], &days[1], &days[2], &days[3]]),
        (&["baseline", "accept", "--reason", "why"], &[&days[0]]),
        (&["run", "--dry-run", "--like"], &[&days[0]]),
    ];
    for (words, runs) in commands {
        let mut command = vmalock();
        command.args(words).args(runs);
        if words[0] != "compare" && words[0] != "run" {
            command.arg("--out").arg(&file);
        }
        let done = command.assert().code(HOSTS);
        let text = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
        for part in [MADE_UP, "was emulated", "no timing", "run.jsonl"] {
            assert!(
                text.contains(part),
                "{words:?}: `{part}` is missing in: {text}"
            );
        }
        assert!(!file.exists(), "{words:?} writes nothing");
    }
    // A report is made, and says what it is.
    vmalock().arg("report").arg(&days[0]).assert().code(0);
    let page = std::fs::read_to_string(days[0].join("report.html")).expect("a report");
    assert!(page.contains(&format!("EMULATED, by {MADE_UP}")) && !page.contains("<figure>"));
}
