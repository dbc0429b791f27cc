//! Designs that are wrong, or were proposed and turned out to be: a model breaks each of them.

use crate::forms::faulty::{
    BitAlone, NeitherTest, RelaxedBegin, SnapshotAsProposed, SnapshotInNoOrder,
};
use crate::forms::inverted_by_store::InvertedByStore;
use crate::forms::literal_mail::LiteralMail;
use crate::forms::literal_rcuref::LiteralRcuref;
use crate::machine::Loom;
use crate::models::model;
use bench_core::lock::VmaLock;
use lock_variants::adapter::Sequenced;

fn holds<L: VmaLock<Machine = Loom>>(name: &str) {
    model::<L>(name).run();
}

fn fails<L: VmaLock<Machine = Loom>>(name: &str) {
    assert!(
        model::<L>(name).fails(),
        "{name} holds for {}",
        L::INFO.name
    );
}

/// A reader sees the odd number of the next section and nothing of what the section before wrote.
#[test]
fn a_sequence_count_has_to_begin_with_release() {
    fails::<RelaxedBegin>("written-and-locked-again");
}

/// "Not equal" before and "unchanged" after are enough while a VMA stays with one mm and all loads are in order, and not
/// when it is recycled.
#[test]
fn a_snapshot_as_proposed_breaks_when_a_vma_is_recycled() {
    for name in ["reader-excludes-writer", "detach-and-attach"] {
        holds::<SnapshotAsProposed>(name);
    }
    fails::<SnapshotAsProposed>("recycled-into-its-number");
}

#[test]
fn a_snapshot_as_proposed_breaks_when_its_loads_are_in_no_order() {
    fails::<SnapshotInNoOrder>("detach-and-attach");
}

/// With a limit above the writer's bit, the test of the bit alone keeps readers out of a write-locked VMA; so does the
/// limit alone in `refcount`. With neither nobody does.
#[test]
fn the_limit_or_the_test_of_the_bit_is_needed() {
    for name in ["reader-excludes-writer", "start-write-drains"] {
        holds::<BitAlone>(name);
    }
    fails::<NeitherTest>("reader-excludes-writer");
}

/// Two readers that found the VMA before it was detached stack on its 0.
#[test]
fn the_letter_of_the_mail_lets_stale_readers_into_a_detached_vma() {
    fails::<LiteralMail<Loom>>("stale-readers");
}

/// A stale reader that comes to it late kills the VMA that was attached meanwhile.
#[test]
fn the_letter_of_rcuref_lets_a_stale_reader_kill_a_recycled_vma() {
    fails::<LiteralRcuref<Loom>>("stale-readers-leave-no-trace");
}

/// The writer's store loses a reader that is about to back off.
#[test]
fn an_inverted_count_is_not_freed_by_a_store() {
    fails::<Sequenced<Loom, InvertedByStore<Loom>>>("stale-readers-leave-no-trace");
}
