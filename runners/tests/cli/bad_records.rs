//! Disks that are full, and files that are not what `report` and `--resume` hope for.

use crate::tool::{
    RunFile, VMALOCK, assert_report_stands_alone, lines, one_line_of_complaint, tiny_run, vmalock,
};
use bench_core::record::Record;
use predicates::prelude::*;
use std::path::Path;
use std::sync::LazyLock;

const WORDS: &str = "--rounds 2 --lock null,rwsem --threads 1 --workload fault-one-vma,mmap-churn";

/// The records of a run, which is measured once for all tests.
static RECORDS: LazyLock<String> = LazyLock::new(|| {
    let out = tempfile::tempdir().expect("a directory");
    tiny_run(vmalock(), out.path(), WORDS).assert().code(0);
    lines(out.path())
});

/// A directory with those records.
fn measured() -> tempfile::TempDir {
    let out = tempfile::tempdir().expect("a directory");
    write(out.path(), &RECORDS);
    out
}

fn write(directory: &Path, text: &str) {
    std::fs::write(directory.join("run.jsonl"), text).expect("it can be written");
}

/// A limit on the size of files stands for a disk that is full: a write fails half way.
#[test]
fn a_full_disk_keeps_what_was_measured() {
    let whole: Vec<usize> = RECORDS.lines().map(str::len).collect();
    let parent = tempfile::tempdir().expect("a directory");
    let out = parent.path().join("run");
    // Room for the header and about three cells, in the blocks of 512 bytes of POSIX or the 1024 of some shells.
    let blocks = (whole[0] + 3 * whole[1]).div_ceil(512);
    let mut shell = assert_cmd::Command::new("sh");
    shell.args([
        "-c",
        r#"ulimit -f "$0"; trap "" XFSZ; exec "$@""#,
        &blocks.to_string(),
        VMALOCK,
    ]);
    let output = tiny_run(shell, &out, WORDS)
        .assert()
        .code(2)
        .get_output()
        .clone();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = stderr.lines().last().expect("there are words");
    let file = out.join("run.jsonl");
    for part in [
        "a record cannot be written to",
        &file.display().to_string(),
        "make room",
        "--resume",
    ] {
        assert!(last.contains(part), "`{part}` is missing in: {last}");
    }

    // Every line that is there is whole; there is no footer, since it had no room either.
    let text = lines(&out);
    assert!(text.ends_with('\n') && text.lines().count() > 1);
    for line in text.lines() {
        serde_json::from_str::<Record>(line).expect("a line is a record");
    }
    assert!(
        !out.join("report.html.part").exists(),
        "no half report is left"
    );

    // With room again, the rest is measured.
    vmalock()
        .args(["run", "--resume", "--out"])
        .arg(&out)
        .assert()
        .code(0);
    assert!(lines(&out).starts_with(&text));
    let run = RunFile::read(&out);
    assert_eq!(run.cells.len() as u64, run.footer().cells_planned);
}

#[test]
fn a_report_is_made_of_the_good_lines_and_names_the_others() {
    let out = measured();
    let text = lines(out.path());
    let count = text.lines().count();

    // Cut off in the middle of the last line, as by a crash.
    write(out.path(), &text[..text.len() - 20]);
    vmalock()
        .arg("report")
        .arg(out.path())
        .assert()
        .code(2)
        .stderr(
            predicate::str::contains(format!("run.jsonl:{count}: "))
                .and(predicate::str::contains("cut off")),
        );
    assert_report_stands_alone(out.path());

    // A line of something else in the middle.
    let mut good: Vec<&str> = text.lines().collect();
    good.insert(2, r#"{"level":"info","message":"of another program"}"#);
    write(out.path(), &(good.join("\n") + "\n"));
    vmalock()
        .arg("report")
        .arg(out.path())
        .assert()
        .code(2)
        .stderr(
            predicate::str::contains("run.jsonl:3: ").and(predicate::str::contains("not of a run")),
        );

    // The whole run, as it was, with the report elsewhere.
    write(out.path(), &text);
    let elsewhere = out.path().join("other.html");
    vmalock()
        .arg("report")
        .arg(out.path())
        .arg("--out")
        .arg(&elsewhere)
        .assert()
        .code(0)
        .stderr("");
    assert!(elsewhere.exists());
}

#[test]
fn a_file_that_is_no_run_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let complaint = || one_line_of_complaint(vmalock().arg("report").arg(directory.path()));
    let missing = complaint();
    assert!(
        missing.contains("does not exist") && missing.contains("run.jsonl"),
        "{missing}"
    );
    write(directory.path(), "");
    assert!(complaint().contains("is empty"));
    write(
        directory.path(),
        "{\"level\":\"info\"}\n{\"level\":\"warn\"}\n",
    );
    let foreign = complaint();
    assert!(
        foreign.contains("is not a run file") && foreign.contains("run.jsonl:1"),
        "{foreign}"
    );
    let nothing = one_line_of_complaint(vmalock().args(["report", "/no/such/run"]));
    assert!(
        nothing.contains("`/no/such/run` does not exist"),
        "{nothing}"
    );

    // Nor can it be taken up again.
    let resume = one_line_of_complaint(
        vmalock()
            .args(["run", "--resume", "--out"])
            .arg(directory.path()),
    );
    assert!(resume.contains("is not a run file"), "{resume}");
}

#[test]
fn a_report_that_cannot_be_written_is_named() {
    let out = measured();
    let mut command = vmalock();
    command
        .arg("report")
        .arg(out.path())
        .args(["--out", "/dev/null/report.html"]);
    let complaint = one_line_of_complaint(&mut command);
    assert!(
        complaint.contains("/dev/null/report.html") && complaint.contains("--out"),
        "{complaint}"
    );
}

#[test]
fn a_run_of_another_build_or_machine_is_not_taken_up() {
    let out = measured();
    let text = lines(out.path());
    let (header, cells) = text.split_once('\n').expect("a header and cells");
    let unfinished: Vec<&str> = cells.lines().take(2).collect();
    let Record::Header(header) = serde_json::from_str(header).expect("a header") else {
        panic!("a header")
    };
    let resume = |change: &dyn Fn(&mut bench_core::record::Header)| {
        let mut changed = header.clone();
        change(&mut changed);
        let first = serde_json::to_string(&Record::Header(changed)).expect("it is JSON");
        write(out.path(), &format!("{first}\n{}\n", unfinished.join("\n")));
        vmalock()
            .args(["run", "--resume", "--out"])
            .arg(out.path())
            .assert()
    };
    resume(&|header| header.tool.version = "0.0.0".to_owned())
        .code(2)
        .stderr(predicate::str::contains("begun by another build"));
    resume(&|header| header.host.kernel = Some("1.0".to_owned()))
        .code(2)
        .stderr(predicate::str::contains("begun on another machine"));
    resume(&|_| ()).code(0);
    assert!(RunFile::read(out.path()).footer().complete);
}

#[test]
fn a_table_that_cannot_be_printed_costs_no_report() {
    let out = tempfile::tempdir().expect("a directory");
    let mut shell = assert_cmd::Command::new("sh");
    shell.args(["-c", r#"exec "$0" "$@" >/dev/full"#, VMALOCK]);
    tiny_run(shell, out.path(), WORDS)
        .assert()
        .code(2)
        .stderr(predicate::str::contains("No space left"));
    assert!(RunFile::read(out.path()).footer().complete);
    assert_report_stands_alone(out.path());
}
