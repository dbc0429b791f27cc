//! A weakened model in a process of its own, which ends at the first panic: a model that fails may leave words behind that no
//! guard can be dropped on.

use super::{Weakening, all, models_of};
use std::env;
use std::process::{Command, Stdio};

/// Says what a child does: the number of the row, the lock, the model.
const WORK: &str = "VMALOCK_WEAKENED_MODEL";

/// How a child ends whose model failed, and one whose model held.
const FAILED: i32 = 11;
const HELD: i32 = 12;

impl Weakening {
    /// Whether this model of this lock fails with it.
    ///
    /// # Panics
    /// When the child did not say.
    pub(super) fn is_caught_by(&self, lock: &str, model: &str) -> bool {
        let number = all().iter().position(|row| row == self).expect("a row");
        let child = Command::new(env::current_exe().expect("this test"))
            .args(["--ignored", "--exact", "weaken::child::runs_one_model"])
            .env(WORK, format!("{number} {lock} {model}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match child.expect("a second process").code() {
            Some(FAILED) => true,
            Some(HELD) => false,
            other => panic!("{}: {lock}: {model} ended with {other:?}", self.site),
        }
    }
}

/// Not a test: what a child runs.
#[test]
#[ignore = "run by the other tests"]
fn runs_one_model() {
    let Ok(work) = env::var(WORK) else { return };
    let [number, lock, model] = work.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{WORK}={work}");
    };
    let row = all()[number.parse::<usize>().expect("a number")];
    let models = models_of(lock);
    let model = models.iter().find(|it| it.name == model).expect("a model");
    std::panic::set_hook(Box::new(|_| std::process::exit(FAILED)));
    model.run_with(row.planted());
    std::process::exit(HELD);
}
