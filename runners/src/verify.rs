//! The contract suite on the native machine.

use crate::panics;
use bench_core::lock::VmaLock;
use lock_variants::contract::{Body, Check, checks};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::channel;
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

/// Runs every check on lock `L`. After one that does not end or panics, the rest is left out.
#[must_use]
pub(crate) fn verify<L: VmaLock>() -> Vec<Finding> {
    let all = checks::<L>();
    let (sender, results) = channel();
    let to_run = all.clone();
    // Not joined: a lock that hangs keeps its threads for ever, and the process ends without them.
    thread::spawn(move || {
        for check in to_run {
            let run = AssertUnwindSafe(|| check.run(ROUNDS, in_parallel));
            let seen = match catch_unwind(run) {
                Ok(result) => Ran::Ended(result.err().map(|broken| broken.seen)),
                Err(panic) => Ran::Panicked(format!("it panicked: {}", panics::words(&*panic))),
            };
            if sender.send(seen).is_err() {
                break;
            }
        }
    });
    let mut findings = Vec::new();
    for check in all {
        let (seen, goes_on) = match results.recv_timeout(HANG_LIMIT) {
            Ok(Ran::Ended(seen)) => (seen, true),
            Ok(Ran::Panicked(words)) => (Some(words), false),
            Err(_) => (
                Some(format!("it did not end within {} s", HANG_LIMIT.as_secs())),
                false,
            ),
        };
        findings.push(finding(&check, seen));
        if !goes_on {
            break;
        }
    }
    findings
}

/// How a check ended.
enum Ran {
    /// With what was seen against the rule, if anything was.
    Ended(Option<String>),
    /// With a panic, in words.
    Panicked(String),
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
        let threads: Vec<_> = bodies.into_iter().map(|body| scope.spawn(body)).collect();
        for thread in threads {
            thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
}
