//! Harm that is done on purpose to the candidate of a self-test, so that the gate can be seen to find it.
//!
//! A slowdown of every operation needs no change of the lock: the work while a VMA is held is made longer. What happens to few
//! operations or to one thread does: [`Harmed`] stands around the lock. Records name the lock as if nothing had been done.

mod lock;

pub use lock::{Harmed, plant};

use crate::contender::Contender;
use crate::native::Native;
use bench_core::workload::WorkloadSpec;
use lock_variants::refcount::Refcount;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is done to a program that is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Injected {
    /// Each fault works so many nanoseconds longer while it holds the VMA, by the number of threads.
    Slowdown(BTreeMap<u32, u64>),
    /// Some reads wait before they are told that they hold the VMA.
    Tail {
        /// One read in so many.
        every: u32,
        /// Nanoseconds that it waits; 0 for a program that the harmed one is compared with.
        wait_ns: u64,
    },
    /// One thread waits after each read.
    Unfair {
        /// Nanoseconds that it waits; 0 for a program that the harmed one is compared with.
        wait_ns: u64,
    },
}

impl Injected {
    /// The workload as a cell of so many threads runs it.
    #[must_use]
    pub fn applied_to(&self, workload: &WorkloadSpec, threads: u32) -> WorkloadSpec {
        let mut workload = workload.clone();
        if let Self::Slowdown(more_ns) = self {
            workload.hold_ns += more_ns.get(&threads).copied().unwrap_or(0);
        }
        workload
    }

    /// Whether it needs [`Harmed`] around the lock.
    #[must_use]
    pub fn is_in_the_lock(&self) -> bool {
        !matches!(self, Self::Slowdown(_))
    }
}

/// The locks that can be harmed. Not all of the catalogue: each is compiled once more for it.
#[must_use]
pub fn harmed() -> Vec<Contender> {
    vec![Contender::of::<Harmed<Refcount<Native>>>()]
}
