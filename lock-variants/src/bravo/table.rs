//! The table in which the readers of biased locks are visible (`VisibleReaders`), one for all locks of the machine: 4096 slots
//! natively. It is made of [`Machine::shared_words`], of which the first counts the locks, so that each has a number by which
//! its readers are told from others'.

use bench_core::machine::{Machine, TaskId, Word};
use std::sync::atomic::Ordering::Relaxed;

/// What a slot holds that no reader has. No lock has this number.
pub(super) const FREE: u64 = 0;

/// The number of a new lock. They are numbered from 1.
pub(super) fn next_identity<M: Machine>() -> u64 {
    // Relaxed: a number that publishes nothing. On a machine without a table no lock needs one.
    let locks = M::shared_words().first();
    locks.map_or(FREE, |locks| locks.fetch_add(1, Relaxed) + 1)
}

/// All slots.
#[inline(always)]
pub(super) fn slots<M: Machine>() -> &'static [M::U64] {
    M::shared_words().get(1..).unwrap_or_default()
}

/// The slot of a task that reads the lock with this number, where there is a table.
#[inline(always)]
pub(super) fn slot<M: Machine>(task: TaskId, identity: u64) -> Option<&'static M::U64> {
    let slots = slots::<M>();
    slots.get(place(task, identity, slots.len()))
}

/// A hash of task and lock: a multiple of the golden ratio, whose highest bits are the place.
#[inline(always)]
fn place(task: TaskId, identity: u64, slots: usize) -> usize {
    let key = identity << 32 ^ u64::from(task.number());
    let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((u128::from(hash) * slots as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::{FREE, next_identity, place, slot, slots};
    use bench_core::machine::{Solo, TaskId};
    use std::collections::HashSet;
    use std::sync::atomic::Ordering::Relaxed;

    #[test]
    fn locks_have_numbers_of_their_own() {
        let numbers: HashSet<_> = (0..100).map(|_| next_identity::<Solo>()).collect();
        assert!(numbers.len() == 100 && !numbers.contains(&FREE));
    }

    #[test]
    fn the_count_of_the_locks_is_no_slot() {
        assert_eq!(slots::<Solo>().len(), 4);
        let used = (0..100).map(|task| slot::<Solo>(TaskId::new(task), 1).unwrap());
        let used: HashSet<_> = used.map(std::ptr::from_ref).collect();
        assert_eq!(
            used,
            slots::<Solo>().iter().map(std::ptr::from_ref).collect()
        );
        assert!(
            slots::<Solo>()
                .iter()
                .all(|slot| slot.load(Relaxed) < u64::MAX)
        );
    }

    #[test]
    fn tasks_in_a_row_have_different_slots_of_a_lock() {
        for identity in 1..100 {
            let places = (0..256).map(|task| place(TaskId::new(task), identity, 4096));
            let places: HashSet<_> = places.collect();
            assert_eq!(places.len(), 256, "lock {identity}");
            assert!(places.iter().all(|place| *place < 4096));
        }
    }

    #[test]
    fn locks_in_a_row_have_different_slots_of_a_task() {
        let places = (1..257).map(|identity| place(TaskId::new(3), identity, 4096));
        assert_eq!(places.collect::<HashSet<_>>().len(), 256);
    }
}
