//! The designs whose readers leave a mark in one of many words: models of what the contract suite cannot ask, and wrong forms.

use crate::forms::reader_slots::{BravoForm, PercpuForm};
use crate::machine::Loom;
use crate::models::{Model, model};
use bench_core::machine::{Machine, Word};
use lock_variants::adapter::{PlainLock, Sequenced};
use lock_variants::bravo::Bravo;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// What only `bravo` can be asked.
pub(crate) fn models() -> [Model; 3] {
    [
        Model::new("a-slot-changes-hands", 2, a_slot_changes_hands),
        Model::new("a-slot-given-back", 2, a_slot_given_back),
        Model::new("a-bias-after-a-write", 2, a_bias_after_a_write),
    ]
}

/// A word of the model.
fn word() -> <Loom as Machine>::U32 {
    Word::new(0)
}

/// A lock that a reader has biased.
fn biased<P: PlainLock>() -> P {
    let lock = P::new();
    drop(lock.try_read());
    lock
}

/// Two readers of two locks after each other in the one slot that the table has, and a writer that waits for the first.
fn a_slot_changes_hands() {
    let shared = Arc::new((biased::<Bravo<Loom>>(), biased::<Bravo<Loom>>(), word()));
    let (first, second) = (Arc::clone(&shared), Arc::clone(&shared));
    let first = loom::thread::spawn(move || {
        if let Some(_inside) = first.0.try_read() {
            first.2.store(1, Relaxed);
            first.2.store(2, Relaxed);
        }
    });
    let second = loom::thread::spawn(move || drop(second.1.try_read()));
    shared.0.with_write(|| {
        assert_ne!(shared.2.load(Relaxed), 1, "a writer beside a reader");
    });
    first.join().unwrap();
    second.join().unwrap();
}

/// The same with a second reader that gives the slot back, since a writer has ended its lock's bias.
fn a_slot_given_back() {
    let shared = Arc::new((biased::<Bravo<Loom>>(), biased::<Bravo<Loom>>(), word()));
    let (first, second) = (Arc::clone(&shared), Arc::clone(&shared));
    let first = loom::thread::spawn(move || {
        if let Some(_inside) = first.0.try_read() {
            first.2.store(1, Relaxed);
            first.2.store(2, Relaxed);
        }
    });
    let second = loom::thread::spawn(move || drop(second.1.try_read()));
    shared.1.with_write(|| ());
    shared.0.with_write(|| {
        assert_ne!(shared.2.load(Relaxed), 1, "a writer beside a reader");
    });
    first.join().unwrap();
    second.join().unwrap();
}

/// A writer, and a reader after it that sets the bias; another reader goes by that.
fn a_bias_after_a_write() {
    let shared = Arc::new((Bravo::<Loom>::new(), [word(), word()]));
    let other = Arc::clone(&shared);
    let other = loom::thread::spawn(move || {
        let (lock, halves) = &*other;
        if let Some(_inside) = lock.try_read() {
            let second = halves[1].load(Relaxed);
            assert_eq!(halves[0].load(Relaxed), second, "half written");
        }
    });
    let (lock, halves) = &*shared;
    lock.with_write(|| halves.iter().for_each(|half| half.store(1, Relaxed)));
    drop(lock.try_read());
    other.join().unwrap();
}

#[test]
fn a_writer_that_sums_before_readers_are_blocked_meets_one() {
    type Right = Sequenced<Loom, PercpuForm<false>>;
    type SumsFirst = Sequenced<Loom, PercpuForm<true>>;
    let name = "start-write-drains";
    model::<Right>(name).run();
    assert!(model::<SumsFirst>(name).fails());
}

#[test]
fn a_reader_has_to_look_again_and_a_writer_to_search() {
    type Right = Sequenced<Loom, BravoForm<true, true>>;
    type LooksOnce = Sequenced<Loom, BravoForm<false, true>>;
    type DoesNotSearch = Sequenced<Loom, BravoForm<true, false>>;
    let name = "start-write-drains";
    model::<Right>(name).run();
    assert!(model::<LooksOnce>(name).fails());
    assert!(model::<DoesNotSearch>(name).fails());
    // What a model that failed leaves behind does not make the next one fail.
    model::<Right>(name).run();
}
