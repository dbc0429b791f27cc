//! The catalogue: every lock, once.

use crate::adapter::Sequenced;
use crate::atomic_inverted::AtomicInverted;
use crate::atomic_msb::{AtomicMsb, AtomicMsbCmpxchg, AtomicMsbLockDetached};
use crate::atomic_signed::AtomicSigned;
use crate::atomic_two_bit::AtomicTwoBit;
use crate::bravo::Bravo;
use crate::mmap_lock::MmapLock;
use crate::null::Null;
use crate::percpu_rwsem::PercpuRwsem;
use crate::placement::{RefcountObject, RefcountOwnLine, RefcountPacked16, RefcountPacked40};
use crate::range_lock::RangeLock;
use crate::rcuref::Rcuref;
use crate::refcount::lock_detached::RefcountLockDetached;
use crate::refcount::per_mm::{Refcount617, Refcount619};
use crate::refcount::plain::RefcountPlain;
use crate::refcount::seq64::RefcountSeq64;
use crate::refcount::spin::RefcountSpin;
use crate::refcount::stamp_new::RefcountStampNew;
use crate::refcount::v6::RefcountV6;
use crate::refcount::{Refcount, RefcountPrestamp};
use crate::rwsem_seqcount::RwsemSeqcount;
use crate::rwsem_snapshot::RwsemSnapshot;
use crate::speculative::Speculative;
use bench_core::lock::VmaLock;
use bench_core::machine::Machine;
use bench_core::rwsem::RwSem;

/// The main locks, in the order of the list: the controls, what the kernel had and has, what it might have had, and the
/// references. The others change one thing of one of these; a run measures them when it is asked to.
pub const MAIN: [&str; 9] = [
    "null",
    "mmap-lock",
    "rwsem",
    "atomic-msb",
    "atomic-msb-lock-detached",
    "refcount",
    "refcount-prestamp",
    "std-rwlock",
    "parking-lot",
];

/// Those of the main locks that nobody proposes for a VMA: locks that Rust programmers know, to hold the others against.
pub const REFERENCES: [&str; 2] = ["std-rwlock", "parking-lot"];

/// What is done with each lock. Generic code cannot go into a list, so that the list is handed a visitor.
pub trait Visitor<M: Machine> {
    /// Does it with lock `L`.
    fn visit<L: VmaLock<Machine = M>>(&mut self);
}

/// Visits every lock, in the order in which they are listed and reported. A new lock is one line here.
pub fn visit_all<M: Machine>(visitor: &mut impl Visitor<M>) {
    visitor.visit::<Null<M>>();
    visitor.visit::<MmapLock<M>>();
    visitor.visit::<Sequenced<M, RwSem<M>>>();
    visitor.visit::<RwsemSeqcount<M>>();
    visitor.visit::<RwsemSnapshot<M>>();
    visitor.visit::<Sequenced<M, AtomicSigned<M>>>();
    visitor.visit::<Sequenced<M, AtomicTwoBit<M>>>();
    visitor.visit::<Sequenced<M, AtomicInverted<M>>>();
    visitor.visit::<AtomicMsb<M>>();
    visitor.visit::<AtomicMsbLockDetached<M>>();
    visitor.visit::<AtomicMsbCmpxchg<M>>();
    visitor.visit::<Refcount<M>>();
    visitor.visit::<RefcountSpin<M>>();
    visitor.visit::<RefcountV6<M>>();
    visitor.visit::<RefcountPrestamp<M>>();
    visitor.visit::<Refcount617<M>>();
    visitor.visit::<Refcount619<M>>();
    visitor.visit::<RefcountLockDetached<M>>();
    visitor.visit::<RefcountStampNew<M>>();
    visitor.visit::<RefcountPlain<M>>();
    visitor.visit::<RefcountSeq64<M>>();
    visitor.visit::<RefcountOwnLine<M>>();
    visitor.visit::<RefcountPacked16<M>>();
    visitor.visit::<RefcountPacked40<M>>();
    visitor.visit::<RefcountObject<M>>();
    visitor.visit::<Rcuref<M>>();
    visitor.visit::<Sequenced<M, PercpuRwsem<M>>>();
    visitor.visit::<Sequenced<M, Bravo<M>>>();
    visitor.visit::<Speculative<M>>();
    visitor.visit::<RangeLock<M>>();
    visitor.visit::<Sequenced<M, std::sync::RwLock<()>>>();
    visitor.visit::<Sequenced<M, parking_lot::RwLock<()>>>();
}

#[cfg(test)]
mod tests {
    use super::{MAIN, REFERENCES, Visitor, visit_all};
    use bench_core::lock::{LockFacts, VmaLock};
    use bench_core::machine::Solo;
    use std::collections::BTreeSet;

    struct Facts(Vec<LockFacts>);

    impl Visitor<Solo> for Facts {
        fn visit<L: VmaLock<Machine = Solo>>(&mut self) {
            self.0.push(L::INFO);
        }
    }

    fn facts() -> Vec<LockFacts> {
        let mut facts = Facts(Vec::new());
        visit_all(&mut facts);
        facts.0
    }

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = facts().iter().map(|facts| facts.name).collect();
        assert_eq!(names.len(), facts().len());
    }

    #[test]
    fn names_and_their_order_never_change() {
        let names: Vec<_> = facts().iter().map(|facts| facts.name).collect();
        let expected = [
            "null",
            "mmap-lock",
            "rwsem",
            "rwsem-seqcount",
            "rwsem-snapshot",
            "atomic-signed",
            "atomic-two-bit",
            "atomic-inverted",
            "atomic-msb",
            "atomic-msb-lock-detached",
            "atomic-msb-cmpxchg",
            "refcount",
            "refcount-spin",
            "refcount-v6",
            "refcount-prestamp",
            "refcount-6.17",
            "refcount-6.19",
            "refcount-lock-detached",
            "refcount-stamp-new",
            "refcount-plain",
            "refcount-seq64",
            "refcount-own-line",
            "refcount-packed-16",
            "refcount-packed-40",
            "refcount-object",
            "rcuref",
            "percpu-rwsem",
            "bravo",
            "speculative",
            "range-lock",
            "std-rwlock",
            "parking-lot",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn the_main_locks_are_in_the_list_and_in_its_order() {
        let all = facts();
        let main: Vec<_> = all
            .iter()
            .map(|facts| facts.name)
            .filter(|name| MAIN.contains(name))
            .collect();
        assert_eq!(main, MAIN);
        assert!(REFERENCES.iter().all(|name| MAIN.contains(name)));
    }

    #[test]
    fn only_the_null_lock_excludes_nobody() {
        for facts in facts() {
            assert_eq!(facts.excludes, facts.name != "null", "{}", facts.name);
            assert!(
                !facts.summary.ends_with('.') && !facts.source.is_empty(),
                "{}",
                facts.name
            );
        }
    }
}
