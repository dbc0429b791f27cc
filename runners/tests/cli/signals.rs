//! Ctrl-C and SIGTERM keep what was measured, and `--resume` measures the rest.

use crate::smoke::key;
use crate::tool::{
    RunFile, VMALOCK, assert_report_stands_alone, lines, one_line_of_complaint, vmalock,
};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// The exit code of a run that was stopped.
const INCOMPLETE: i32 = 3;

fn start(out: &Path, rounds: u32) -> Child {
    Command::new(VMALOCK)
        .args([
            "run",
            "--processes",
            "2",
            "--window-ms",
            "4",
            "--threads",
            "1,2",
            "--lock",
            "null,rwsem",
        ])
        .args([
            "--workload",
            "fault-vs-mprotect",
            "--mode",
            "throughput,latency",
        ])
        .args(["--rounds", &rounds.to_string(), "--out"])
        .arg(out)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

/// Waits until the records satisfy `enough`; the run makes them or ends.
fn wait_for(child: &mut Child, out: &Path, enough: impl Fn(&str) -> bool) {
    let path = out.join("run.jsonl");
    while !std::fs::read_to_string(&path).is_ok_and(|text| enough(&text)) {
        let ended = child.try_wait().expect("it can be asked");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            ended.is_none() || enough(&text),
            "the run ended ({ended:?}) without the records that were waited for"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

fn cells(text: &str) -> usize {
    text.matches(r#"{"record":"cell""#).count()
}

/// A run that was stopped by a signal after a few cells. When it was over before the signal came, a longer one.
fn stopped_run(signal: Signal) -> tempfile::TempDir {
    for rounds in [2, 20, 200] {
        let out = tempfile::tempdir().expect("a directory");
        let mut child = start(out.path(), rounds);
        wait_for(&mut child, out.path(), |text| cells(text) >= 5);
        let pid = Pid::from_child(&child);
        kill_process(pid, signal).expect("the child is not waited for yet");
        let code = child.wait().expect("it ends").code();
        if code != Some(0) {
            assert_eq!(code, Some(INCOMPLETE));
            return out;
        }
    }
    panic!("every run was over before the signal came");
}

#[test]
fn a_run_that_is_stopped_keeps_its_records_and_is_taken_up_again() {
    let out = stopped_run(Signal::INT);
    let stopped = RunFile::read(out.path());
    let footer = stopped.footer();
    assert!(!footer.complete && footer.cells_ok == stopped.cells.len() as u64);
    assert!(
        footer
            .reason
            .as_deref()
            .is_some_and(|reason| reason.contains("signal"))
    );
    assert!(stopped.cells.len() >= 5 && (stopped.cells.len() as u64) < footer.cells_planned);
    assert_report_stands_alone(out.path());

    let before = lines(out.path());
    vmalock()
        .args(["run", "--resume", "--out"])
        .arg(out.path())
        .assert()
        .code(0);
    assert!(
        lines(out.path()).starts_with(&before),
        "what was written stays"
    );
    let whole = RunFile::read(out.path());
    let keys: BTreeSet<_> = whole.cells.iter().map(key).collect();
    assert_eq!(keys.len(), whole.cells.len(), "no cell twice");
    assert_eq!(
        whole.cells.len() as u64,
        footer.cells_planned,
        "every cell once"
    );
    assert!(whole.footer().complete && whole.footers.len() == 2);
    assert_eq!(whole.footer().cells_ok, footer.cells_planned);
    assert_report_stands_alone(out.path());
    vmalock().arg("report").arg(out.path()).assert().code(0);

    let complaint =
        one_line_of_complaint(vmalock().args(["run", "--resume", "--out"]).arg(out.path()));
    assert!(
        complaint.contains("complete") && complaint.contains("nothing to resume"),
        "{complaint}"
    );
}

#[test]
fn sigterm_ends_a_run_as_ctrl_c_does() {
    let out = stopped_run(Signal::TERM);
    assert!(!RunFile::read(out.path()).footer().complete);
    assert_report_stands_alone(out.path());
}

#[test]
fn a_signal_before_the_first_cell_leaves_a_run_that_can_be_taken_up() {
    let out = tempfile::tempdir().expect("a directory");
    let mut child = start(out.path(), 1);
    wait_for(&mut child, out.path(), |_| true);
    kill_process(Pid::from_child(&child), Signal::INT).expect("the child is not waited for yet");
    let code = child.wait().expect("it ends").code();
    let stopped = RunFile::read(out.path());
    // A test that was held up for long may have come too late; then the run is whole.
    assert_eq!(
        code,
        Some(if stopped.footer().complete {
            0
        } else {
            INCOMPLETE
        })
    );
    if !stopped.footer().complete {
        vmalock()
            .args(["run", "--resume", "--out"])
            .arg(out.path())
            .assert()
            .code(0);
    }
    assert!(RunFile::read(out.path()).footer().complete);
}

#[test]
fn a_run_that_was_killed_is_taken_up_again() {
    let out = tempfile::tempdir().expect("a directory");
    let mut child = start(out.path(), 2);
    wait_for(&mut child, out.path(), |text| cells(text) >= 5);
    child.kill().expect("the child is not waited for yet");
    child.wait().expect("it ends");
    // As a crash of the machine leaves it: no footer, and half a line.
    let path = out.path().join("run.jsonl");
    let text = lines(out.path());
    let end = text.rfind(r#"{"record":"cell""#).expect("there are cells") + 100;
    std::fs::write(&path, &text[..end]).expect("it can be written");
    vmalock()
        .args(["run", "--resume", "--out"])
        .arg(out.path())
        .assert()
        .code(0);
    let whole = RunFile::read(out.path());
    assert_eq!(whole.cells.len() as u64, whole.footer().cells_planned);

    // The footer alone is lost.
    let text = lines(out.path());
    let end = text
        .rfind(r#"{"record":"footer""#)
        .expect("there is a footer");
    std::fs::write(&path, &text[..end]).expect("it can be written");
    vmalock()
        .args(["run", "--resume", "--out"])
        .arg(out.path())
        .assert()
        .code(0);
    assert!(RunFile::read(out.path()).footer().complete);
}
