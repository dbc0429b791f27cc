//! `vmalock selftest`: gates of the program against itself.

use crate::emulated::is_refused;
use crate::tool::{example, one_line_of_complaint, vmalock};
use assert_cmd::Command;
use reports::check::{Check, Verdict};
use reports::selftest::{Injection, InjectionKind, Repetition, Windows};
use std::path::Path;

/// One tiny gate, into `out`, with further words.
fn tiny(out: &Path, words: &str) -> Command {
    let mut command = vmalock();
    command.arg("selftest").args(words.split_whitespace());
    let tiny = "--reps 1 --processes 2 --rounds 2 --window-ms 1 --out";
    command.args(tiny.split_whitespace()).arg(out);
    command
}

/// The repetitions in `out`.
fn repetitions(out: &Path) -> Vec<Repetition> {
    let text = std::fs::read_to_string(out.join("repetitions.jsonl")).expect("it is written");
    assert!(text.ends_with('\n'), "the last line is whole");
    let lines = text.lines().skip(1);
    lines
        .map(|line| serde_json::from_str(line).expect("a repetition"))
        .collect()
}

/// Runs it. What it finds out depends on the machine; that it ends with what it found does not.
fn found(command: &mut Command) -> String {
    let output = command.output().expect("it can be started");
    let code = output.status.code();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(code, Some(0 | 3 | 5)), "{code:?}: {complaint}");
    String::from_utf8(output.stdout).expect("it is UTF-8")
}

#[test]
fn a_gate_against_itself_is_kept_and_told() {
    let parent = tempfile::tempdir().expect("a directory");
    let out = parent.path().join("new");
    if is_refused(&mut tiny(&out, "aa --threads 1")) {
        assert!(!out.exists(), "nothing is left behind");
        return;
    }
    let text = found(&mut tiny(&out, "aa --threads 1"));
    assert!(text.contains("gated lines called different:"), "{text}");
    let all = repetitions(&out);
    assert_eq!(all.len(), 1);
    let one = &all[0];
    assert_eq!((one.number, &one.injected), (1, &None));
    let lines = &one.check.lines;
    assert!(
        lines.iter().any(|line| line.metric == "throughput"),
        "{lines:?}"
    );
    // A window in which a worker got no CPU is no result, so there may be fewer.
    assert!(one.windows.len() <= 1);
    for windows in &one.windows {
        assert!(windows.baseline_ns.len() <= 2 * 2);
        assert_eq!(windows.baseline_ns.len(), windows.candidate_ns.len());
        assert_eq!(windows.baseline_ns.len(), windows.clean.len());
    }
    let kept = std::fs::read_to_string(out.join("selftest.txt")).expect("the table is kept");
    assert!(text.starts_with(&kept));
}

#[test]
fn an_interrupted_self_test_goes_on_with_the_same_words_only() {
    let parent = tempfile::tempdir().expect("a directory");
    let out = parent.path().join("new");
    let words = "aa --threads 1 --mode throughput --seed 3";
    if is_refused(&mut tiny(&out, words)) {
        return;
    }
    found(&mut tiny(&out, words));
    let path = out.join("repetitions.jsonl");
    let first = repetitions(&out);
    // As if it had been cut off within the line of a second repetition.
    let whole = std::fs::read_to_string(&path).expect("it is written");
    std::fs::write(&path, format!("{whole}{{\"number\":2,\"inj")).expect("it can be written");
    found(tiny(&out, words).arg("--resume"));
    assert_eq!(repetitions(&out), first, "nothing was left to measure");
    let complaint = one_line_of_complaint(tiny(&out, "aa --threads 2").arg("--resume"));
    assert!(
        complaint.contains("what each gate measures differ"),
        "{complaint}"
    );
    let complaint = one_line_of_complaint(&mut tiny(&out, words));
    assert!(complaint.contains("is not empty"), "{complaint}");
}

#[test]
fn every_harm_is_done_and_told() {
    let parent = tempfile::tempdir().expect("a directory");
    let mode = "--mode throughput";
    for (words, kind, share, what) in [
        (
            "inject --slowdown 50 --threads 1",
            InjectionKind::Slowdown,
            0.5,
            "bias",
        ),
        ("inject --tail", InjectionKind::Tail, 0.0, "called worse"),
        (
            "inject --unfair --threads 2",
            InjectionKind::Unfair,
            0.0,
            "called worse",
        ),
    ] {
        let out = parent.path().join(format!("{kind:?}"));
        if is_refused(&mut tiny(&out, &format!("{words} {mode}"))) {
            continue;
        }
        let text = found(&mut tiny(&out, &format!("{words} {mode}")));
        assert!(text.contains(what), "{text}");
        let all = repetitions(&out);
        let injected = all[0].injected.as_ref().expect("harm was done");
        assert_eq!((injected.kind, injected.share), (kind, share));
        if kind == InjectionKind::Slowdown {
            let at = &injected.settings[0];
            let asked = at.asked_ns as f64;
            assert!(asked > 1.0 && at.threads == 1, "{at:?}");
        } else {
            assert_eq!(all[0].stages, 2, "what only informs is confirmed too");
        }
    }
}

#[test]
fn what_cannot_be_asked_for_is_named() {
    for (words, part) in [
        ("aa --lock refcont", "did you mean `refcount`?"),
        ("aa --workload mmap-chrun", "did you mean `mmap-churn`?"),
        ("aa --window-ms 0", "the window is 0 ms"),
        (
            "inject --tail --lock rwsem",
            "no lock that can be harmed is called `rwsem`; there are: refcount",
        ),
        (
            "inject --unfair --threads 1",
            "one thread alone is always fair",
        ),
        (
            "inject --slowdown 3 --workload mmap-churn",
            "harm is done to faults",
        ),
    ] {
        let parent = tempfile::tempdir().expect("a directory");
        let out = parent.path().join("new");
        let mut command = vmalock();
        command.arg("selftest").args(words.split_whitespace());
        let complaint = one_line_of_complaint(command.arg("--out").arg(&out));
        assert!(complaint.contains(part), "{complaint}");
        assert!(!out.exists(), "nothing is left behind");
    }
    for words in [
        "",
        "aa --reps 0",
        "aa --processes 1",
        "inject",
        "inject --slowdown 0",
        "inject --tail --unfair",
        "aa --resume",
    ] {
        let mut command = vmalock();
        command.arg("selftest").args(words.split_whitespace());
        command.assert().failure().code(2);
    }
}

/// Two repetitions: one whose candidate is a fifth slower in every window, and one that is the same.
#[test]
fn criterion_judges_the_same_windows() {
    let times = |slower: f64| -> Vec<f64> {
        (0..20)
            .map(|n| slower * (400.0 + f64::from(n * 7 % 5)))
            .collect()
    };
    let repetition = |slower: f64| Repetition {
        number: 1,
        injected: (slower > 1.0).then(|| Injection {
            kind: InjectionKind::Slowdown,
            role: "fault".into(),
            share: slower - 1.0,
            settings: Vec::new(),
        }),
        seed: 1,
        stages: 1,
        windows_s: 1.0,
        whole_s: 1.0,
        check: Check {
            baseline: String::new(),
            candidate: String::new(),
            started_at: String::new(),
            host: String::new(),
            verdict: Verdict::Equivalent,
            lines: Vec::new(),
            advice: Vec::new(),
            notes: Vec::new(),
        },
        fewer: Vec::new(),
        windows: vec![Windows {
            lock: "refcount".into(),
            workload: "fault-one-vma".into(),
            threads: 2,
            role: "fault".into(),
            processes: vec![0; 20],
            clean: vec![true; 20],
            baseline_ns: times(1.0),
            candidate_ns: times(slower),
        }],
    };
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("repetitions.jsonl");
    let lines = [1.0, 1.2].map(|slower| serde_json::to_string(&repetition(slower)).expect("JSON"));
    std::fs::write(&file, format!("{{}}\n{}\n", lines.join("\n"))).expect("it can be written");
    let output = example("criterion_judge")
        .args(["--resamples", "2000"])
        .arg(&file)
        .output()
        .expect("it can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    assert!(
        text.contains("against itself: criterion calls it changed in 0 of 1"),
        "{text}"
    );
    assert!(
        text.contains("20.0 % slower: criterion calls it changed in 1 of 1"),
        "{text}"
    );
}
