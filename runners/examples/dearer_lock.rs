//! The catalogue with a lock in it that takes a few instructions more to read, under its own name: `check --exact` and
//! `check --against-binary` have to name it.

use runners::contender::catalogue;
use runners::injected::harmed;
use std::process::ExitCode;

fn main() -> ExitCode {
    // With nothing planted it does what the lock does, once it has looked whether anything is.
    let harmed = harmed();
    let mut contenders = catalogue();
    for lock in &mut contenders {
        if let Some(dearer) = harmed.iter().find(|other| other.name() == lock.name()) {
            *lock = *dearer;
        }
    }
    runners::main_with(&contenders)
}
