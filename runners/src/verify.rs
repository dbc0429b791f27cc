//! The contract suite on the native machine.

use bench_core::lock::VmaLock;
use lock_variants::contract::{Body, Check, checks};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// How often each thread of a check repeats what it does.
const ROUNDS: u32 = 2_000;
/// How long a check may take before its lock counts as hung: thousands of times what it takes.
const HANG_LIMIT: Duration = Duration::from_secs(60);

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check's name.
    pub check: &'static str,
    /// The rule, as a sentence without a full stop.
    pub rule: &'static str,
    /// Whether a lock that excludes nobody breaks the rule.
    pub about_exclusion: bool,
    /// Whether a lock that excludes nobody breaks it each time, and not only if threads happen to meet.
    pub certain: bool,
    /// What was seen against the rule; `None` when the lock keeps it.
    pub seen: Option<String>,
}

/// Runs every check on lock `L`. After one that does not end, the rest is left out.
#[must_use]
pub fn verify<L: VmaLock>() -> Vec<Finding> {
    let all = checks::<L>();
    let (sender, results) = channel();
    let to_run = all.clone();
    // Not joined: a lock that hangs keeps its threads for ever, and the process ends without them.
    thread::spawn(move || {
        for check in to_run {
            let seen = check.run(ROUNDS, in_parallel).err().map(|broken| broken.seen);
            if sender.send(seen).is_err() {
                break;
            }
        }
    });
    let mut findings = Vec::new();
    for check in all {
        let seen = match results.recv_timeout(HANG_LIMIT) {
            Ok(seen) => seen,
            Err(RecvTimeoutError::Timeout) => {
                let seconds = HANG_LIMIT.as_secs();
                findings.push(finding(&check, Some(format!("it did not end within {seconds} s"))));
                return findings;
            }
            Err(RecvTimeoutError::Disconnected) => Some("it panicked".to_owned()),
        };
        findings.push(finding(&check, seen));
    }
    findings
}

fn finding(check: &Check, seen: Option<String>) -> Finding {
    Finding {
        check: check.name,
        rule: check.rule,
        about_exclusion: check.about_exclusion,
        certain: check.threads == 1,
        seen,
    }
}

/// One thread for each body.
fn in_parallel(bodies: Vec<Body>) {
    thread::scope(|scope| {
        for body in bodies {
            scope.spawn(body);
        }
    });
}
