//! P7: what a writer may do after it met its last reader in the drain.
//!
//! A reader holds the VMA and lets go of it while a writer write-locks it. The writer's last look at the count is an Acquire
//! load here. In the kernel a full barrier comes before it and nothing but a control dependency after it; that form is the
//! same text with the Acquire taken away. docs/findings.md has the execution, lock-variants/litmus what other memory models say.

use crate::machine::fault::{Fault, Half, Planted, Site};
use crate::machine::{Loom, U32, check, check_with, hold};
use crate::models::map;
use bench_core::lock::VmaLock;
use bench_core::machine::Word;
use bench_core::space::Mm;
use lock_variants::catalogue::{Visitor, visit_all};
use lock_variants::null::Null;
use lock_variants::refcount::Refcount;
use lock_variants::refcount::spin::RefcountSpin;
use lock_variants::refcount::v6::RefcountV6;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// The kernel's drain: a relaxed load after the full barrier, and a Release-only subtraction after it.
const AS_IN_THE_KERNEL: Planted = Planted {
    site: Site {
        file: "refcount/mod.rs",
        function: "drain_and_stamp",
        operation: "read",
        nth: 0,
    },
    fault: Fault::Lacks(Half::Acquire),
};

/// What a thread does with the word that the VMA's lock protects, which is 0 at first.
type Use = fn(&U32) -> u32;

fn read(word: &U32) -> u32 {
    word.load(Relaxed)
}

fn write(word: &U32) -> u32 {
    word.store(1, Relaxed);
    1
}

/// A reader that is inside does `reader` and leaves, while a writer write-locks the VMA and does `writer`. Returns what
/// became of the two, or `None` where a VMA has no lock.
fn last_reader_and<L: VmaLock<Machine = Loom>>(reader: Use, writer: Use) -> Option<(u32, u32)> {
    let shared = Arc::new((Mm::<L>::new(), L::new_vma(), U32::new(0)));
    let (mm, vma, word) = &*shared;
    map(mm, vma);
    let token = mm.lock().start_read(vma, 0x1000).ok()?;
    let its = Arc::clone(&shared);
    let thread = loom::thread::spawn(move || {
        let (mm, vma, word) = &*its;
        let guard = mm.write_lock();
        mm.lock().start_write(vma, guard.section()).unwrap();
        let done = writer(word);
        drop(guard);
        done
    });
    let done = reader(word);
    let _ = mm.lock().end_read(vma, token);
    Some((done, thread.join().unwrap()))
}

/// The reader writes, and the writer reads it.
fn reads_the_last_write<L: VmaLock<Machine = Loom>>() {
    if let Some((_, seen)) = last_reader_and::<L>(write, read) {
        assert_eq!(seen, 1, "the writer read what is older than the reader");
    }
}

/// The writer writes, and the reader does not read it.
fn writes_after_the_last_read<L: VmaLock<Machine = Loom>>() {
    if let Some((seen, _)) = last_reader_and::<L>(read, write) {
        assert_eq!(seen, 0, "the reader read what is newer than itself");
    }
}

#[test]
fn with_acquire_a_writer_reads_what_its_last_reader_wrote() {
    struct Modelled;
    impl Visitor<Loom> for Modelled {
        fn visit<L: VmaLock<Machine = Loom>>(&mut self) {
            // The words of the last two are not the machine's.
            let skipped = ["null", "std-rwlock", "parking-lot"].contains(&L::INFO.name);
            // What a speculative reader does counts only when no writer was there.
            if !skipped && !L::SPECULATIVE {
                hold(3, reads_the_last_write::<L>);
                hold(3, writes_after_the_last_read::<L>);
            }
        }
    }
    visit_all(&mut Modelled);
}

#[test]
#[should_panic(expected = "older than the reader")]
fn without_acquire_refcount_reads_what_is_older_than_its_last_reader() {
    check_with(AS_IN_THE_KERNEL, 2, reads_the_last_write::<Refcount<Loom>>);
}

#[test]
#[should_panic(expected = "older than the reader")]
fn without_acquire_so_does_refcount_spin() {
    check_with(
        AS_IN_THE_KERNEL,
        2,
        reads_the_last_write::<RefcountSpin<Loom>>,
    );
}

#[test]
#[should_panic(expected = "older than the reader")]
fn without_acquire_so_does_refcount_v6() {
    check_with(
        AS_IN_THE_KERNEL,
        2,
        reads_the_last_write::<RefcountV6<Loom>>,
    );
}

/// loom never lets a load see a store that comes later in its execution, so that this says little: the litmus tests
/// `drain-stores` are what shows it, and that C11 alone does not promise it.
#[test]
fn without_acquire_nothing_is_written_too_early() {
    check_with(
        AS_IN_THE_KERNEL,
        3,
        writes_after_the_last_read::<Refcount<Loom>>,
    );
}

/// The two models can fail.
#[test]
#[should_panic(expected = "older than the reader")]
fn a_writer_that_does_not_wait_reads_too_early() {
    check(2, reads_the_last_write::<Null<Loom>>);
}

#[test]
#[should_panic(expected = "newer than itself")]
fn a_writer_that_does_not_wait_writes_too_early() {
    check(2, writes_after_the_last_read::<Null<Loom>>);
}
