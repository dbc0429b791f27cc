//! `check --from`: the outputs of a check that is kept, without measuring.

use crate::tool::{one_line_of_complaint, vmalock};
use predicates::prelude::*;
use reports::check::{Better, Check, Line, Ratio, Verdict};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A check of one gated line with this verdict.
fn check(verdict: Verdict) -> Check {
    let line = Line {
        lock: "refcount".into(),
        workload: "fault-one-vma".into(),
        threads: 2,
        placement: "compact".into(),
        role: "fault".into(),
        metric: "throughput".into(),
        unit: "op/s".into(),
        better: Better::Higher,
        gated: true,
        baseline: Some(100.0),
        candidate: Some(97.0),
        baseline_per_process: vec![99.0, 101.0],
        candidate_per_process: vec![96.0, 98.0],
        ratio: Some(Ratio {
            ratio: 0.97,
            low: 0.96,
            high: 0.98,
        }),
        ratio_of_all_rounds: None,
        control: None,
        confirmation: None,
        threshold: 0.01,
        detectable: None,
        margin: 0.03,
        p_value: Some(0.001),
        processes: 2,
        rounds: 20,
        dirty_rounds: 0,
        measured_ns: 400_000_000,
        verdict,
        processes_needed: None,
        again: None,
        why: "it is so".into(),
    };
    Check {
        baseline: "a revision".into(),
        candidate: "this program".into(),
        started_at: "2026-11-25T19:30:00Z".into(),
        host: "a host".into(),
        verdict,
        lines: vec![line],
        advice: vec![],
        notes: vec![],
    }
}

/// A folder with this check in its check.json.
fn kept(verdict: Verdict) -> TempDir {
    let folder = tempfile::tempdir().expect("a directory");
    let text = serde_json::to_string_pretty(&check(verdict)).expect("JSON");
    fs::write(folder.path().join("check.json"), text).expect("room on the disk");
    folder
}

/// The flags of all outputs into files with their names in `folder`.
fn all_outputs(folder: &Path) -> Vec<PathBuf> {
    let mut words = vec![PathBuf::from("--annotations")];
    for flag in [
        "summary",
        "comment",
        "junit",
        "openmetrics",
        "bencher",
        "github-benchmark",
        "benchstat",
        "critcmp",
    ] {
        words.push(format!("--{flag}").into());
        words.push(folder.join(flag));
    }
    words
}

/// All files below a folder, with their paths from there.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            found.extend(
                files(&path)
                    .into_iter()
                    .map(|inner| format!("{name}/{inner}")),
            );
        } else {
            found.insert(name);
        }
    }
    found
}

#[test]
fn every_output_is_written_and_the_verdict_is_the_exit_code() {
    for (verdict, code) in [
        (Verdict::Regressed, 1),
        (Verdict::Improved, 0),
        (Verdict::Equivalent, 0),
        (Verdict::Inconclusive, 3),
    ] {
        let kept = kept(verdict);
        let out = tempfile::tempdir().expect("a directory");
        vmalock()
            .args(["check", "--from"])
            .arg(kept.path())
            .args(all_outputs(out.path()))
            .assert()
            .code(code)
            .stderr("")
            .stdout(predicate::str::contains("title=vmalock check::"));
        let key = "refcount_fault-one-vma_2_compact_fault_throughput";
        let expected = BTreeSet::from([
            "summary".to_owned(),
            "comment".to_owned(),
            "junit".to_owned(),
            "openmetrics".to_owned(),
            "bencher".to_owned(),
            "github-benchmark/bigger-is-better.json".to_owned(),
            "benchstat/old.txt".to_owned(),
            "benchstat/new.txt".to_owned(),
            format!("critcmp/criterion/{key}/baseline/benchmark.json"),
            format!("critcmp/criterion/{key}/baseline/estimates.json"),
            format!("critcmp/criterion/{key}/candidate/benchmark.json"),
            format!("critcmp/criterion/{key}/candidate/estimates.json"),
        ]);
        assert_eq!(files(out.path()), expected);
    }
}

#[test]
fn a_summary_is_appended_and_a_comment_replaced() {
    let kept = kept(Verdict::Regressed);
    let out = tempfile::tempdir().expect("a directory");
    let [summary, comment] = ["summary", "comment"].map(|name| out.path().join(name));
    fs::write(&summary, "Something of another step.\n").expect("room");
    for _ in 0..2 {
        let mut command = vmalock();
        command
            .args(["check", "--from"])
            .arg(kept.path().join("check.json"));
        command
            .arg("--summary")
            .arg(&summary)
            .arg("--comment")
            .arg(&comment);
        command.assert().code(1);
    }
    let count = |path, text| {
        fs::read_to_string(path)
            .expect("a file")
            .matches(text)
            .count()
    };
    assert_eq!(count(&summary, "Something of another step."), 1);
    assert_eq!(count(&summary, "### vmalock check"), 2);
    assert_eq!(count(&comment, "### vmalock check"), 1);
}

#[test]
fn what_cannot_be_written_is_named_and_the_others_are_written() {
    let kept = kept(Verdict::Regressed);
    let out = tempfile::tempdir().expect("a directory");
    // Folders where files should be, and a file where a folder should be.
    fs::create_dir(out.path().join("junit")).expect("room");
    fs::create_dir(out.path().join("summary")).expect("room");
    fs::write(out.path().join("critcmp"), "").expect("room");
    let assert = vmalock()
        .args(["check", "--from"])
        .arg(kept.path())
        .args(all_outputs(out.path()))
        .assert()
        .code(2);
    let complaints = String::from_utf8(assert.get_output().stderr.clone()).expect("text");
    let lines: Vec<&str> = complaints.lines().collect();
    assert_eq!(lines.len(), 3, "{complaints}");
    for (line, flag) in lines.iter().zip(["summary", "junit", "critcmp"]) {
        let path = out.path().join(flag);
        assert!(
            line.starts_with(&format!("vmalock: {} cannot be written", path.display())),
            "{line}"
        );
        assert!(line.contains(&format!("--{flag}: ")), "{line}");
        assert!(line.contains("os error"), "{line}");
    }
    for written in ["comment", "openmetrics", "bencher", "benchstat/new.txt"] {
        assert!(out.path().join(written).exists(), "{written}");
    }
}

#[test]
fn a_file_that_is_no_check_is_named_with_the_place_that_is_wrong() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("check.json");
    let complaint =
        || one_line_of_complaint(vmalock().args(["check", "--from"]).arg(folder.path()));
    let missing = complaint();
    assert!(missing.contains("check.json cannot be read"), "{missing}");
    fs::write(&file, "{\n\"baseline\": 7}").expect("room");
    let wrong = complaint();
    assert!(
        wrong.contains("is no check") && wrong.contains("line 2"),
        "{wrong}"
    );
    let whole = serde_json::to_string_pretty(&check(Verdict::Improved)).expect("JSON");
    fs::write(&file, whole.replace("\"threads\"", "\"thraeds\"")).expect("room");
    let other = complaint();
    assert!(other.contains("threads"), "{other}");
}
