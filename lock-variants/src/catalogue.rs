//! The catalogue: every lock, once.

use crate::adapter::Sequenced;
use crate::atomic_inverted::AtomicInverted;
use crate::atomic_msb::{AtomicMsb, AtomicMsbLockDetached};
use crate::atomic_signed::AtomicSigned;
use crate::atomic_two_bit::AtomicTwoBit;
use crate::mmap_lock::MmapLock;
use crate::null::Null;
use crate::rcuref::Rcuref;
use crate::refcount::{Refcount, RefcountPrestamp};
use bench_core::lock::VmaLock;
use bench_core::machine::Machine;
use bench_core::rwsem::RwSem;

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
    visitor.visit::<Sequenced<M, AtomicSigned<M>>>();
    visitor.visit::<Sequenced<M, AtomicTwoBit<M>>>();
    visitor.visit::<Sequenced<M, AtomicInverted<M>>>();
    visitor.visit::<AtomicMsb<M>>();
    visitor.visit::<AtomicMsbLockDetached<M>>();
    visitor.visit::<Refcount<M>>();
    visitor.visit::<RefcountPrestamp<M>>();
    visitor.visit::<Rcuref<M>>();
    visitor.visit::<Sequenced<M, std::sync::RwLock<()>>>();
    visitor.visit::<Sequenced<M, parking_lot::RwLock<()>>>();
}

#[cfg(test)]
mod tests {
    use super::{Visitor, visit_all};
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
            "atomic-signed",
            "atomic-two-bit",
            "atomic-inverted",
            "atomic-msb",
            "atomic-msb-lock-detached",
            "refcount",
            "refcount-prestamp",
            "rcuref",
            "std-rwlock",
            "parking-lot",
        ];
        assert_eq!(names, expected);
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
