//! What differs between the counts of two programs.

use super::{Counts, LockPath};
use std::collections::BTreeSet;
use std::fmt;

/// One thing that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// A number of a lock.
    Number {
        /// The lock.
        lock: String,
        /// The path that it is of; `None` for what is of the whole lock.
        path: Option<LockPath>,
        /// What is counted, in words.
        what: &'static str,
        /// What it was; `None` when it was not counted.
        was: Option<u64>,
        /// What it is; `None` when it is not counted any more.
        is: Option<u64>,
    },
    /// A lock that was not there.
    New(String),
    /// A lock that is not there any more.
    Gone(String),
}

/// What differs, by lock. The paths are compared only when both sides have some.
#[must_use]
pub fn differences(was: &Counts, is: &Counts) -> Vec<Difference> {
    let mut found = Vec::new();
    let names: BTreeSet<&String> = was.locks.keys().chain(is.locks.keys()).collect();
    for lock in names {
        match (was.locks.get(lock), is.locks.get(lock)) {
            (Some(_), Some(_)) => of_lock(lock, was, is, &mut found),
            (None, _) => found.push(Difference::New(lock.clone())),
            (_, None) => found.push(Difference::Gone(lock.clone())),
        }
    }
    found
}

/// What differs in a lock that both have.
fn of_lock(lock: &str, was: &Counts, is: &Counts, found: &mut Vec<Difference>) {
    let mut compare = |path, what, was, is| {
        if was != is {
            found.push(Difference::Number {
                lock: lock.to_owned(),
                path,
                what,
                was,
                is,
            });
        }
    };
    let facts = |counts: &Counts| counts.locks[lock];
    let (old, new) = (facts(was), facts(is));
    let bytes = [
        ("bytes per VMA", old.vma_bytes, new.vma_bytes),
        ("bytes per mm", old.mm_bytes, new.mm_bytes),
    ];
    for (what, old, new) in bytes {
        compare(None, what, Some(old), Some(new));
    }
    let notes = [
        (
            "atomic operations in its notes",
            old.read_rmws,
            new.read_rmws,
        ),
        ("fences in its notes", old.read_fences, new.read_fences),
    ];
    for (what, old, new) in notes {
        compare(Some(LockPath::Read), what, old, new);
    }
    if was.paths.is_empty() || is.paths.is_empty() {
        return;
    }
    for path in LockPath::ALL {
        let of = |counts: &Counts| counts.paths.get(&(lock.to_owned(), path)).copied();
        let (old, new) = (of(was), of(is));
        let instructions = [old, new].map(|counts| Some(counts?.instructions));
        let rmws = [old, new].map(|counts| Some(counts?.rmws));
        for (what, [old, new]) in [("instructions", instructions), ("atomic operations", rmws)] {
            compare(Some(path), what, old, new);
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lock, path, what, was, is) = match self {
            Self::New(lock) => return write!(out, "{lock}: a lock that was not there"),
            Self::Gone(lock) => return write!(out, "{lock}: no such lock any more"),
            Self::Number {
                lock,
                path,
                what,
                was,
                is,
            } => (lock, path, what, was, is),
        };
        write!(out, "{lock}")?;
        if let Some(path) = path {
            write!(out, " {}", path.word())?;
        }
        match (was, is) {
            (Some(was), Some(is)) => write!(out, ": {is} {what}, was {was}"),
            (None, Some(is)) => write!(out, ": {is} {what}, was not counted"),
            (Some(was), None) => write!(out, ": {what} not counted any more, was {was}"),
            (None, None) => Ok(()),
        }
    }
}
