//! `run --build`: several programs take turns, and one report shows each lock over itself in the first build.

use crate::emulated::is_refused;
use crate::tool::{
    RunFile, VMALOCK, assert_report_stands_alone, example_path, one_line_of_complaint, script,
    vmalock,
};
use assert_cmd::Command;
use predicates::prelude::*;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const TINY: &str = "--lock rwsem,refcount --workload fault-one-vma --threads 1 --mode throughput --processes 2 --rounds 2 --window-ms 1 --seed 3";

/// A run of these builds.
fn run(builds: &[(&str, PathBuf)], words: &str) -> Command {
    let mut command = vmalock();
    command.arg("run").args(words.split_whitespace());
    for (name, program) in builds {
        command
            .arg("--build")
            .arg(format!("{name}={}", program.display()));
    }
    command
}

/// This program, which says that its atomic operations were compiled in another way.
fn as_if(directory: &TempDir, atomics: &str) -> PathBuf {
    let text = format!(
        r#"if [ "$1" = list ]; then '{VMALOCK}' "$@" | sed 's/"atomics": *[^,}}]*/"atomics": "{atomics}"/'; else exec '{VMALOCK}' "$@"; fi"#
    );
    script(directory, atomics, &text)
}

#[test]
fn builds_take_turns_and_share_a_report() {
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().join("out");
    let builds = [
        ("outline", as_if(&directory, "outline")),
        ("inline", as_if(&directory, "lse")),
        ("dearer", example_path("dearer_lock")),
    ];
    let words = format!("{TINY} --out {}", out.display());
    if is_refused(&mut run(&builds, &words)) {
        return;
    }
    run(&builds, &words).assert().code(0).stdout(
        predicate::str::contains("Builds: outline, inline and dearer")
            .and(predicate::str::contains("refcount · inline"))
            .and(predicate::str::contains("rwsem · dearer"))
            .and(predicate::str::contains("refcount · outline").not()),
    );
    let runs = builds
        .each_ref()
        .map(|(name, _)| RunFile::read(&out.join(name)));
    let atomics = runs.each_ref().map(|run| run.header.tool.atomics.clone());
    assert_eq!(
        atomics[..2],
        [Some("outline".to_owned()), Some("lse".to_owned())]
    );
    for (run, (name, _)) in runs.iter().zip(&builds) {
        assert_eq!(run.header.build.as_deref(), Some(*name));
        assert!(run.footer().complete);
        assert_eq!(run.cells.len(), 2 * 2 * 2, "processes, rounds, locks");
        let place = |run: &RunFile| -> Vec<_> {
            let cells = run.cells.iter();
            cells
                .map(|cell| (cell.lock.clone(), cell.process, cell.round, cell.slot))
                .collect()
        };
        assert_eq!(place(run), place(&runs[0]), "each cell in the same slot");
    }
    assert_report_stands_alone(&out);
    let report = std::fs::read_to_string(out.join("report.html")).expect("it was written");
    assert!(report.contains("<h2>Builds</h2>") && report.contains(" · dearer</th>"));

    let again = one_line_of_complaint(&mut run(&builds, &words));
    assert!(again.contains("is not empty"), "{again}");
    let made = directory.path().join("made.html");
    let runs = builds.each_ref().map(|(name, _)| out.join(name));
    vmalock()
        .arg("report")
        .args(runs)
        .arg("--out")
        .arg(&made)
        .assert()
        .code(0);
    let made = std::fs::read_to_string(made).expect("it was written");
    assert_eq!(made, report, "the records alone say it");
}

#[test]
fn a_dry_run_counts_the_programs() {
    let builds = ["a", "b"].map(|name| (name, PathBuf::from(VMALOCK)));
    if is_refused(&mut run(&builds, TINY)) {
        return;
    }
    run(&builds, &format!("{TINY} --dry-run"))
        .assert()
        .code(0)
        .stdout(predicate::str::contains("2 programs take turns"));
}

#[test]
fn builds_that_cannot_be_measured_are_one_line_of_complaint() {
    let this = || PathBuf::from(VMALOCK);
    if is_refused(&mut run(&[("one", this())], TINY)) {
        return;
    }
    for (builds, words, part) in [
        (vec![("one", this())], TINY, "at least two builds"),
        (
            vec![("one", this()), ("one", this())],
            TINY,
            "a name of its own",
        ),
        (
            vec![("one", this()), ("two", "no-such".into())],
            TINY,
            "the build two: there is no program no-such",
        ),
        (
            vec![("one", this()), ("two", example_path("my_lock"))],
            "--lock my-lock",
            "my-lock",
        ),
    ] {
        let complaint = one_line_of_complaint(&mut run(&builds, words));
        assert!(
            complaint.contains(part),
            "`{part}` is missing in: {complaint}"
        );
    }
    let lacks = {
        let mut command = crate::tool::example("my_lock");
        let build = |name| format!("--build={name}={VMALOCK}");
        command
            .args(["run", "--lock", "my-lock"])
            .args(["a", "b"].map(build));
        one_line_of_complaint(&mut command)
    };
    assert!(
        lacks.contains("the build a has no lock called `my-lock`"),
        "{lacks}"
    );
    let usage = |words: &str| {
        run(&[("one", this()), ("two", this())], words)
            .assert()
            .code(2);
    };
    usage("--precision 2%");
    usage(&format!("--resume --out {}", Path::new("x").display()));
    run(&[("../up", this())], TINY)
        .assert()
        .code(2)
        .stderr(predicate::str::contains("becomes a directory"));
}

#[test]
fn atomics_are_not_measured_where_their_builds_cannot_run() {
    if std::env::consts::ARCH == "aarch64" {
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/atomics.sh");
    Command::new(script)
        .arg("measure")
        .assert()
        .code(2)
        .stderr(predicate::str::contains(
            "under emulation times mean nothing",
        ));
}
