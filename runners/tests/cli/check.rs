//! `check`: its complaints, its files and its exit codes. In a debug build it measures and judges all the same, and says that
//! nothing can be said.

use crate::emulated::is_refused;
use crate::tool::{
    RunFile, VMALOCK, example, example_path, one_line_of_complaint, script, vmalock,
};
use assert_cmd::Command;
use predicates::prelude::*;
use reports::check::{Check, Verdict};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// The exit code of a check that says nothing.
const INCONCLUSIVE: i32 = 3;

const TINY: &str = "--lock refcount --workload fault-one-vma --threads 1 --processes 2 --rounds 1 --window-ms 1 --seed 3";

fn check(mut program: Command, other: &Path, words: &str) -> Command {
    program.args(["check", "--against-binary"]).arg(other);
    program.args(words.split_whitespace());
    program
}

fn read_check(directory: &Path) -> Check {
    let text = std::fs::read_to_string(directory.join("check.json")).expect("it was written");
    serde_json::from_str(&text).expect("it is a check")
}

#[test]
fn what_cannot_be_checked_is_one_line_of_complaint() {
    let this = Path::new(VMALOCK);
    for (words, part) in [
        ("--processes 1", "must be at least 2"),
        ("--lock refcont", "did you mean `refcount`?"),
        ("--workload fault-one-vm", "did you mean `fault-one-vma`?"),
        ("--window-ms 0", "must be from 1 to"),
        ("--rounds 0", "rounds is 0"),
        ("--placement 0,9999", "9999"),
    ] {
        let complaint = one_line_of_complaint(&mut check(vmalock(), this, words));
        assert!(
            complaint.contains(part),
            "`{part}` is missing in: {complaint}"
        );
    }
    for words in [&[][..], &["--against", "HEAD", "--against-binary", "x"]] {
        vmalock().arg("check").args(words).assert().code(2);
    }
    check(vmalock(), this, "--floor 0.1%")
        .assert()
        .code(2)
        .stderr(predicate::str::contains("placement of code"));
    if is_refused(&mut check(vmalock(), this, TINY)) {
        return;
    }
    let used = tempfile::tempdir().expect("a directory");
    std::fs::write(used.path().join("file"), "").expect("it can be written");
    let words = format!("{TINY} --out {}", used.path().display());
    let complaint = one_line_of_complaint(&mut check(vmalock(), this, &words));
    assert!(complaint.contains("is not empty"), "{complaint}");
}

#[test]
fn a_program_that_cannot_be_measured_is_told() {
    if is_refused(&mut check(vmalock(), Path::new("none"), "")) {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let speaks = |name: &str, protocol: &str| {
        let text = format!(
            r#"case "$1" in --version) echo vmalock 9;; measuring-process) {protocol};; *) exit 2;; esac"#
        );
        script(&directory, name, &text)
    };
    let plain = directory.path().join("plain");
    std::fs::write(&plain, "text").expect("it can be written");
    for (path, part) in [
        (directory.path().join("none"), "there is no program"),
        (plain, "cannot be started"),
        (
            script(&directory, "other", "echo other 1"),
            "is not a vmalock program",
        ),
        (
            script(&directory, "fails", "exit 1"),
            "is not a vmalock program",
        ),
        (speaks("early", "exit 2"), "of a time before `check`"),
        (speaks("later", "echo 4000000"), "speaks protocol 4000000"),
        (
            speaks("silent", &format!("echo {}", runners::session::PROTOCOL)),
            "does not say what it was built from",
        ),
    ] {
        let complaint = one_line_of_complaint(&mut check(vmalock(), &path, ""));
        assert!(
            complaint.contains(part),
            "`{part}` is missing in: {complaint}"
        );
        assert!(
            complaint.contains(&path.display().to_string()),
            "{complaint}"
        );
    }
}

#[test]
fn a_revision_that_is_not_there_is_told() {
    if is_refused(vmalock().args(["check", "--against", "HEAD"])) {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let against = |revision: &str| {
        let mut command = vmalock();
        command.args(["check", "--against", revision]);
        command.current_dir(directory.path());
        one_line_of_complaint(&mut command)
    };
    let complaint = against("HEAD");
    assert!(complaint.contains("needs a git checkout"), "{complaint}");
    let commands = "git init --quiet && git -c user.name=me -c user.email=me@example.com commit --quiet --allow-empty -m empty";
    let made = Command::new("sh")
        .args(["-c", commands])
        .current_dir(directory.path())
        .output();
    assert!(made.is_ok_and(|output| output.status.success()));
    let complaint = against("no-such");
    assert!(complaint.contains("no revision `no-such`"), "{complaint}");
    let complaint = against("HEAD");
    let part = if cfg!(debug_assertions) {
        "cargo run --release -- check"
    } else {
        "not a checkout of vmalock"
    };
    assert!(complaint.contains(part), "{complaint}");
}

#[test]
fn a_lock_that_only_one_side_has_is_left_out_or_told() {
    let this = Path::new(VMALOCK);
    if is_refused(&mut check(example("my_lock"), this, "--dry-run")) {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().join("out");
    let words = |locks: &str| format!("{locks} --dry-run --processes 2 --out {}", out.display());
    let asked = &mut check(
        example("my_lock"),
        Path::new(VMALOCK),
        &words("--lock my-lock"),
    );
    let complaint = one_line_of_complaint(asked);
    assert!(
        complaint.contains("no lock of the other side is called `my-lock`"),
        "{complaint}"
    );
    check(example("my_lock"), Path::new(VMALOCK), &words(""))
        .assert()
        .code(0)
        .stdout(
            predicate::str::contains("`my-lock` is left out: the other side lacks it")
                .and(predicate::str::contains(
                    "locks:      mmap-lock, rwsem, atomic-msb,",
                ))
                .and(predicate::str::contains(
                    "fault-one-vma, fault-vs-mprotect, mmap-churn",
                ))
                .and(predicate::str::contains("3 programs take turns")),
        );
    check(vmalock(), &example_path("my_lock"), &words(""))
        .assert()
        .code(0)
        .stdout(predicate::str::contains(
            "`my-lock` is left out: only the other side has it",
        ));
    assert!(!out.exists(), "a dry run makes nothing");
}

#[test]
fn a_check_writes_three_runs_and_what_it_found() {
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().join("out");
    let words = format!("{TINY} --out {}", out.display());
    if is_refused(&mut check(vmalock(), Path::new(VMALOCK), &words)) {
        assert!(
            !out.exists(),
            "a check that is refused leaves nothing behind"
        );
        return;
    }
    let done = check(vmalock(), Path::new(VMALOCK), &words).assert();
    let runs = ["baseline", "candidate", "control"].map(|name| RunFile::read(&out.join(name)));
    for run in &runs {
        assert!(run.footer().complete);
        assert_eq!(run.cells.len(), 2 * 2, "two processes, two modes");
        assert_eq!(run.header.seed, 3);
        assert_eq!(run.header.locks.len(), 1);
        assert_eq!(run.header.tool, runs[1].header.tool);
        let place = |run: &RunFile| run.cells.iter().map(|cell| cell.slot).collect::<Vec<_>>();
        assert_eq!(place(run), place(&runs[1]), "each cell in the same slot");
    }
    let found = read_check(&out);
    assert!(
        found
            .notes
            .iter()
            .any(|note| note.contains("byte for byte")),
        "{:?}",
        found.notes
    );
    assert!(found.baseline.contains(VMALOCK), "{}", found.baseline);
    let text = std::fs::read_to_string(out.join("check.txt")).expect("it was written");
    done.stdout(predicate::str::starts_with(text));
    if cfg!(debug_assertions) {
        assert_eq!(found.verdict, Verdict::Inconclusive);
        assert!(
            found
                .advice
                .iter()
                .any(|advice| advice.contains("debug builds"))
        );
        let again = directory.path().join("again");
        let words = format!("{TINY} --inconclusive pass --out {}", again.display());
        check(vmalock(), Path::new(VMALOCK), &words)
            .assert()
            .code(0);
    }
}

#[test]
fn nothing_is_said_of_a_debug_build() {
    if !cfg!(debug_assertions) {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let words = format!(
        "{TINY} --mode throughput --out {}",
        directory.path().display()
    );
    if is_refused(&mut check(vmalock(), Path::new(VMALOCK), &words)) {
        return;
    }
    check(vmalock(), Path::new(VMALOCK), &words)
        .assert()
        .code(INCONCLUSIVE);
}

#[test]
fn a_lock_that_does_not_exclude_fails_the_check() {
    let directory = tempfile::tempdir().expect("a directory");
    let words = "--lock tears --workload fault-vs-mprotect --threads 2 --mode throughput --processes 2 --rounds 1 --window-ms 1";
    let words = format!("{words} --out {}", directory.path().join("out").display());
    let other = example_path("planted_faults");
    if is_refused(&mut check(example("planted_faults"), &other, &words)) {
        return;
    }
    check(example("planted_faults"), &other, &words)
        .assert()
        .code(5)
        .stderr(predicate::str::contains("broke its contract"));
    assert!(directory.path().join("out/check.json").exists());
}

#[test]
fn a_check_that_is_stopped_keeps_its_records_and_has_no_verdict() {
    if is_refused(&mut check(vmalock(), Path::new(VMALOCK), TINY)) {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().join("out");
    let words =
        "--lock refcount --workload fault-one-vma --threads 1 --rounds 500 --window-ms 4 --out";
    let mut child = std::process::Command::new(VMALOCK)
        .args(["check", "--against-binary", VMALOCK])
        .args(words.split_whitespace())
        .arg(&out)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let records = out.join("candidate/run.jsonl");
    let cells = || std::fs::read_to_string(&records).map_or(0, |text| text.lines().count());
    while cells() < 4 {
        assert!(
            child.try_wait().expect("it can be asked").is_none(),
            "it ended"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    kill_process(Pid::from_child(&child), Signal::INT).expect("it is not waited for yet");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(INCONCLUSIVE));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("there is no verdict"), "{stderr}");
    for name in ["baseline", "candidate", "control"] {
        let run = RunFile::read(&out.join(name));
        assert!(!run.footer().complete && !run.cells.is_empty());
    }
    assert!(!out.join("check.json").exists());
}
