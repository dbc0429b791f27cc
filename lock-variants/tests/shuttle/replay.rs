//! What a failure prints replays it.

use crate::explore::explore;
use crate::threads::spawn;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Arc;
use shuttle::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const PLANTED: &str = "replay::an_increment_in_two_steps";

/// Fails under some schedules. What it says depends on the schedule and on what was drawn at random in it.
#[test]
#[ignore = "it fails, for the test below"]
fn an_increment_in_two_steps() {
    explore(PLANTED, 1000, || {
        let count = Arc::new(AtomicU32::new(0));
        let drawn: u32 = thread_rng().gen_range(0..1_000_000);
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let count = Arc::clone(&count);
                spawn(move || {
                    for _ in 0..3 {
                        let seen = count.load(SeqCst);
                        count.store(seen + 1, SeqCst);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("no panic");
        }
        let count = count.load(SeqCst);
        assert!(count >= 6, "counted to {count}, drew {drawn}");
    });
}

/// What a program said, without the variables that this one may have been started with.
fn run(command: &mut Command) -> Output {
    for variable in ["VMALOCK_SCHEDULE", "VMALOCK_LOCK", "VMALOCK_MODELS"] {
        command.env_remove(variable);
    }
    command.output().expect("it can be started")
}

/// The failure in words, of which the planted one has exactly one line.
fn failure(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let text = String::from_utf8_lossy(&both);
    assert!(!output.status.success(), "it did not fail: {text}");
    let line = text.lines().find(|line| line.contains("counted to "));
    line.unwrap_or_else(|| panic!("another failure: {text}"))
        .trim_start_matches("original panic: ")
        .to_owned()
}

#[test]
fn a_printed_command_replays_the_failure() {
    let tests = env::current_exe().expect("this test program");
    let first = run(Command::new(&tests).args(["--exact", PLANTED, "--ignored"]));
    let said = String::from_utf8_lossy(&first.stdout);
    let command = said
        .lines()
        .find(|line| line.starts_with("scripts/replay.sh "))
        .unwrap_or_else(|| panic!("no command in: {said}"));

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut words: Vec<String> = command.split(' ').map(str::to_owned).collect();
    let replay = |words: &[String]| {
        let mut script = Command::new("bash");
        script.args(words).current_dir(&root);
        run(script.env("VMALOCK_SHUTTLE_TESTS", &tests))
    };
    let by_file = replay(&words);
    assert_eq!(failure(&by_file), failure(&first));
    let kept = Path::new(&words[3])
        .parent()
        .expect("a file in a directory");
    fs::remove_dir_all(kept).expect("it is this test's own");

    // The schedule itself in the place of the file, as it stands in the log of a machine that is gone.
    let schedule = said
        .lines()
        .skip_while(|line| *line != "schedule:")
        .skip(1)
        .take_while(|line| *line != "to replay it:")
        .collect::<String>();
    words[3] = schedule;
    assert_eq!(failure(&replay(&words)), failure(&first));

    // Another schedule is not the failure.
    words[3] = "not-a-schedule".to_owned();
    let neither = replay(&words);
    assert!(!neither.status.success());
    assert!(!String::from_utf8_lossy(&neither.stdout).contains("counted to"));
}
