//! What a user gets wrong on the command line or in a spec file: exit code 2, and one line that says what to do.

use crate::tool::{example, one_line_of_complaint, tiny_run, vmalock};
use predicates::prelude::*;
use std::path::Path;

fn assert_says(complaint: &str, parts: &[&str]) {
    for part in parts {
        assert!(
            complaint.contains(part),
            "`{part}` is missing in: {complaint}"
        );
    }
}

/// Runs with these words, which must fail before a directory is made.
fn complaint_of_run(words: &str) -> String {
    let parent = tempfile::tempdir().expect("a directory");
    let out = parent.path().join("run");
    let mut command = vmalock();
    command
        .args(["run", "--out"])
        .arg(&out)
        .args(words.split_whitespace());
    let complaint = one_line_of_complaint(&mut command);
    assert!(
        !out.exists(),
        "a run that cannot begin leaves nothing behind"
    );
    complaint
}

#[test]
fn a_wrong_name_or_number_is_named_with_what_could_stand_there() {
    for (words, parts) in [
        (
            "--lock refcont",
            &[
                "no lock is called `refcont`",
                "did you mean `refcount`?",
                "atomic-msb",
                "parking-lot",
            ][..],
        ),
        (
            "--lock zzz",
            &["no lock is called `zzz`; there are: null, mmap-lock"],
        ),
        (
            "--workload mmap-chrun",
            &[
                "no workload is called",
                "did you mean `mmap-churn`?",
                "fault-one-vma",
            ],
        ),
        ("--threads 0", &["threads is 0", "from 1 to 1024"]),
        ("--threads 4000", &["threads is 4000", "from 1 to 1024"]),
        (
            "--processes 100000",
            &["processes is 100000", "from 1 to 1000"],
        ),
        ("--rounds 0", &["rounds is 0", "from 1 to 1000"]),
        (
            "--window-ms 0",
            &["the window is 0 ms", "from 1 to 60000 ms"],
        ),
        (
            "--window-ms 18446744073709551615",
            &["the window is 18446744073709551615 ms"],
        ),
        (
            "--placement near",
            &["\"near\" is not a placement", "compact, scatter, smt"],
        ),
        ("--placement 0,0", &["CPU 0 stands twice"]),
        (
            "--spec /no/such.toml",
            &["the spec file /no/such.toml cannot be read", "No such file"],
        ),
    ] {
        assert_says(&complaint_of_run(words), parts);
    }
    let complaint = one_line_of_complaint(vmalock().args(["verify", "--lock", "rwsen"]));
    assert_says(
        &complaint,
        &["no lock is called `rwsen`", "did you mean `rwsem`?"],
    );
    // A user's own program knows its own locks.
    let complaint = one_line_of_complaint(example("my_lock").args(["verify", "--lock", "mylock"]));
    assert_says(&complaint, &["did you mean `my-lock`?"]);
}

#[test]
fn a_wrong_flag_is_named() {
    for (words, part) in [
        (&["run", "--look", "refcount"][..], "--lock"),
        (&["run", "--preset", "quik"], "quick"),
        (&["run", "--resume"], "--out"),
        (&["run", "--threads", "many"], "many"),
        (&["rum"], "run"),
        (&["report"], "<RUN>"),
        (&["list", "lock"], "locks"),
    ] {
        vmalock()
            .args(words)
            .assert()
            .code(2)
            .stderr(predicate::str::contains(part));
    }
}

#[test]
fn a_wrong_spec_file_is_named_with_the_place() {
    let directory = tempfile::tempdir().expect("a directory");
    let spec = directory.path().join("own.toml");
    for (text, parts) in [
        (
            "window = 5\n",
            &[
                "line 1, column 1",
                "unknown field `window`",
                "did you mean `window_ms`?",
            ][..],
        ),
        (
            "[[workload]]\nname = \"a\"\nhold_n = 5\n",
            &["line 3", "did you mean `hold_ns`?"],
        ),
        (
            "[[workload]]\nname = \"a\"\nlayout = \"pakced\"\n",
            &["line 3", "did you mean `packed`?"],
        ),
        (
            "[[workload]]\nname = \"a\"\nvmas = 20000\n",
            &["workload `a`", "`vmas` is 20000", "from 0 to 16384"],
        ),
        (
            "[[workload]]\nname = \"a\"\nhold_ns = 10000001\n",
            &["`hold_ns` is 10000001"],
        ),
        (
            "[[workload]]\nname = \"A b\"\n",
            &["workload name `A b`", "lower-case"],
        ),
        (
            "[[workload]]\nname = \"a\"\n[[workload]]\nname = \"a\"\n",
            &["two workloads are called `a`"],
        ),
        ("threads = \"2\"\n", &["line 1, column 11"]),
        ("locks = [\"refcont\"]\n", &["did you mean `refcount`?"]),
        ("locks = []\n", &["no lock is left to measure"]),
        ("window_ms = 0\n", &["the window is 0 ms"]),
        ("threads = [2\n", &["own.toml", "line "]),
    ] {
        std::fs::write(&spec, text).expect("it can be written");
        let complaint = complaint_of_run(&format!("--spec {}", spec.display()));
        assert_says(&complaint, parts);
    }
    // A file that is no text.
    std::fs::write(&spec, [0xff, 0xfe, 0]).expect("it can be written");
    assert_says(
        &complaint_of_run(&format!("--spec {}", spec.display())),
        &["cannot be read"],
    );
    // What a flag says wins over the file, also when the file is wrong there.
    std::fs::write(&spec, "window_ms = 0\nlocks = [\"rwsem\"]\n").expect("it can be written");
    vmalock()
        .args(["run", "--dry-run", "--window-ms", "3", "--spec"])
        .arg(&spec)
        .assert()
        .code(0)
        .stdout(
            predicate::str::contains("locks:      rwsem\n").and(predicate::str::contains("3 ms")),
        );
}

fn complaint_about(out: &Path) -> String {
    one_line_of_complaint(&mut tiny_run(vmalock(), out, "--rounds 1 --lock null"))
}

#[test]
fn a_run_is_never_overwritten() {
    let out = tempfile::tempdir().expect("a directory");
    let kept = out.path().join("kept");
    std::fs::write(&kept, "mine").expect("it can be written");
    assert_says(
        &complaint_about(out.path()),
        &["is not empty", "--out", "--resume"],
    );
    assert_eq!(
        std::fs::read_dir(out.path()).expect("it is there").count(),
        1
    );
    assert_eq!(std::fs::read_to_string(kept).expect("it is there"), "mine");
}

#[test]
fn a_directory_that_cannot_be_made_or_written_is_named() {
    let parent = tempfile::tempdir().expect("a directory");
    let file = parent.path().join("file");
    std::fs::write(&file, "").expect("it can be written");
    for out in [
        &file,
        &file.join("below"),
        Path::new("/dev/null/run"),
        Path::new("/proc/run"),
    ] {
        let shown = out.display().to_string();
        assert_says(&complaint_about(out), &["the directory", &shown, "--out"]);
    }
    // A directory that is there, and takes no files, not even from root.
    assert_says(&complaint_about(Path::new("/proc/self/fdinfo")), &["--out"]);
}

#[test]
fn a_run_is_taken_up_as_it_was_begun() {
    for words in [
        &["--lock", "null"][..],
        &["--rounds", "9"],
        &["--preset", "full"],
        &["--dry-run"],
    ] {
        vmalock()
            .args(["run", "--resume", "--out", "/no/such/run"])
            .args(words)
            .assert()
            .code(2)
            .stderr(predicate::str::contains("cannot be used with"));
    }
}
