//! How the tests call the program and read what it wrote.

use assert_cmd::Command;
use bench_core::record::{Cell, Footer, Header, Record};
use jsonschema::Validator;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;
use tempfile::TempDir;

/// Only a program that hangs takes this long.
const DEADLINE: Duration = Duration::from_secs(300);
/// The program.
pub(crate) const VMALOCK: &str = env!("CARGO_BIN_EXE_vmalock");

/// The program, to be called.
pub(crate) fn vmalock() -> Command {
    program(Path::new(VMALOCK))
}

/// An example, which `cargo test` builds beside the program.
pub(crate) fn example(name: &str) -> Command {
    program(&example_path(name))
}

/// Where that example is.
pub(crate) fn example_path(name: &str) -> PathBuf {
    let directory = Path::new(VMALOCK)
        .parent()
        .expect("the program is in a directory");
    let path = directory.join("examples").join(name);
    assert!(
        path.exists(),
        "{}: `cargo test --test` does not build examples; run `cargo build -p runners --examples` first",
        path.display()
    );
    path
}

fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.timeout(DEADLINE);
    command
}

/// A shell script that plays a program.
pub(crate) fn script(directory: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = directory.path().join(name);
    // By a shell, so that no process that is started meanwhile holds the file open for writing.
    let written = Command::new("sh")
        .args([
            "-c",
            r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod +x "$0""#,
        ])
        .arg(&path)
        .arg(text)
        .output();
    assert!(written.is_ok_and(|output| output.status.success()));
    path
}

/// A run of one process with windows of a millisecond, into `out`, with further words.
pub(crate) fn tiny_run(mut program: Command, out: &Path, words: &str) -> Command {
    program
        .args(["run", "--processes", "1", "--window-ms", "1", "--out"])
        .arg(out);
    program.args(words.split_whitespace());
    program
}

/// What every record has to satisfy.
static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::to_value(bench_core::record::json_schema()).expect("it is JSON");
    jsonschema::validator_for(&schema).expect("the schema is one")
});

/// A run file, each line of which is valid.
pub(crate) struct RunFile {
    pub(crate) header: Header,
    pub(crate) cells: Vec<Cell>,
    pub(crate) footers: Vec<Footer>,
}

impl RunFile {
    /// Reads the records of a run directory. Every line is a record by its type and by the schema, the first a header, the
    /// last a footer, and no other line is a header.
    pub(crate) fn read(directory: &Path) -> Self {
        let text = lines(directory);
        assert!(text.ends_with('\n'), "the last line is whole");
        let mut header = None;
        let (mut cells, mut footers) = (Vec::new(), Vec::new());
        for (number, line) in text.lines().enumerate() {
            let value = serde_json::from_str(line).expect("a line is JSON");
            SCHEMA
                .validate(&value)
                .unwrap_or_else(|error| panic!("line {}: {error}", number + 1));
            match serde_json::from_str(line).expect("a line is a record") {
                Record::Header(first) => {
                    assert_eq!(number, 0, "only the first line is a header");
                    header = Some(*first);
                }
                Record::Cell(cell) => cells.push(*cell),
                Record::Footer(footer) => footers.push(footer),
            }
        }
        let last = text.lines().last().expect("there are lines");
        assert!(
            last.contains(r#""record":"footer""#),
            "the last line is a footer: {last}"
        );
        Self {
            header: header.expect("the first line is a header"),
            cells,
            footers,
        }
    }

    /// The last footer: the one that counts.
    pub(crate) fn footer(&self) -> &Footer {
        self.footers.last().expect("a run ends with a footer")
    }
}

/// The text of a run's records.
pub(crate) fn lines(directory: &Path) -> String {
    std::fs::read_to_string(directory.join("run.jsonl")).expect("the run has records")
}

/// A report loads nothing from anywhere.
pub(crate) fn assert_report_stands_alone(directory: &Path) {
    let html =
        std::fs::read_to_string(directory.join("report.html")).expect("the run has a report");
    assert!(html.contains("</html>"), "the report is whole");
    for load in [
        "src=\"http",
        "src='http",
        "src=\"//",
        "url(http",
        "url(//",
        "@import",
        "<link",
        "<iframe",
        "<script src",
    ] {
        assert!(!html.contains(load), "the report loads something: {load}");
    }
}

/// Standard error of a command that failed for a reason that the user can mend: exit code 2 and one line.
pub(crate) fn one_line_of_complaint(command: &mut Command) -> String {
    let output = command.assert().code(2).get_output().clone();
    let text = String::from_utf8(output.stderr).expect("words are UTF-8");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("vmalock: "), "{text}");
    text
}
