//! Every lock of the catalogue for every model.

use crate::explore::{explore_lock, failure_of};
use crate::machine::Shuttle;
use bench_core::lock::VmaLock;
use lock_variants::catalogue::{Visitor, visit_all};
use std::marker::PhantomData;

/// Locks that no model runs, and why. All others run, also those that are not written yet.
const NOT_MODELLED: [(&str, &str); 2] = [
    (
        "std-rwlock",
        "waits in the operating system, for a thread that only the model could run",
    ),
    (
        "parking-lot",
        "waits in the operating system, for a thread that only the model could run",
    ),
];

/// Whether writers wait for readers of the VMA.
pub(crate) fn waits_for_readers<L: VmaLock>() -> bool {
    L::INFO.excludes && L::PER_VMA && !L::SPECULATIVE
}

/// What threads do to a lock, and what must hold.
pub(crate) trait Model: 'static {
    /// The test that runs it, as `cargo test` names it.
    const TEST: &'static str;
    /// Schedules for each lock.
    const ITERATIONS: usize;

    /// Whether it says anything about this lock.
    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        L::INFO.excludes
    }

    /// One run under one schedule. Panics when something does not hold.
    fn run<L: VmaLock<Machine = Shuttle>>();
}

/// Runs a model with each lock that it is about.
pub(crate) fn every_lock<M: Model>() {
    let mut holds = Holds::<M> {
        locks: 0,
        failures: Vec::new(),
        model: PhantomData,
    };
    visit_all(&mut holds);
    assert!(holds.failures.is_empty(), "{}", holds.failures.join("\n"));
    assert!(holds.locks > 0 || is_one_wanted(), "no lock: {}", M::TEST);
}

struct Holds<M> {
    locks: usize,
    failures: Vec<String>,
    model: PhantomData<M>,
}

impl<M: Model> Visitor<Shuttle> for Holds<M> {
    fn visit<L: VmaLock<Machine = Shuttle>>(&mut self) {
        if runs::<M, L>() {
            self.locks += 1;
            let result = explore_lock(M::TEST, L::INFO.name, M::ITERATIONS, M::run::<L>);
            self.failures.extend(result.err());
        }
    }
}

/// Runs a model in which something was made wrong with each lock that it is about. It has to fail, and `is_it` says of the
/// failure whether it is the one.
pub(crate) fn every_lock_fails<M: Model>(is_it: fn(&str) -> bool) {
    let mut fails = Fails::<M> {
        is_it,
        locks: 0,
        model: PhantomData,
    };
    visit_all(&mut fails);
    assert!(fails.locks > 0 || is_one_wanted(), "no lock: {}", M::TEST);
}

struct Fails<M> {
    is_it: fn(&str) -> bool,
    locks: usize,
    model: PhantomData<M>,
}

impl<M: Model> Visitor<Shuttle> for Fails<M> {
    fn visit<L: VmaLock<Machine = Shuttle>>(&mut self) {
        if !runs::<M, L>() {
            return;
        }
        self.locks += 1;
        let name = L::INFO.name;
        let Some(failure) = failure_of(M::ITERATIONS, M::run::<L>) else {
            panic!("{}, lock {name}: nothing was noticed", M::TEST);
        };
        assert!((self.is_it)(&failure), "lock {name}: {failure}");
    }
}

fn runs<M: Model, L: VmaLock<Machine = Shuttle>>() -> bool {
    let name = L::INFO.name;
    let wanted = std::env::var("VMALOCK_LOCK").map_or(true, |lock| lock == name);
    wanted && is_modelled(name) && M::is_about::<L>()
}

fn is_one_wanted() -> bool {
    std::env::var_os("VMALOCK_LOCK").is_some()
}

fn is_modelled(name: &str) -> bool {
    NOT_MODELLED.iter().all(|(lock, _)| *lock != name)
}

/// The name of each lock, and whether it claims to exclude.
struct Names(Vec<(&'static str, bool)>);

impl Visitor<Shuttle> for Names {
    fn visit<L: VmaLock<Machine = Shuttle>>(&mut self) {
        self.0.push((L::INFO.name, L::INFO.excludes));
    }
}

#[test]
fn every_lock_is_modelled_but_those_that_block_the_thread() {
    let mut names = Names(Vec::new());
    visit_all(&mut names);
    for (lock, reason) in NOT_MODELLED {
        let found = names.0.iter().any(|(name, _)| *name == lock);
        assert!(found, "{lock} is not in the catalogue ({reason})");
    }
    let modelled = names.0.iter().filter(|(name, _)| is_modelled(name)).count();
    assert_eq!(modelled, names.0.len() - NOT_MODELLED.len());
}
