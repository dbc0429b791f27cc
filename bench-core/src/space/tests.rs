use super::*;
use crate::lock::{Declined, Interrupted, LockFacts, WriteSection};
use crate::machine::{Machine, Solo};
use crate::outcome::Outcome;
use crate::plan::Region;
use crate::workload::preset;
use std::sync::atomic::Ordering::SeqCst;

/// A lock that is enough for one thread: it knows whether the VMA is attached and whether it is write-locked.
#[derive(Debug)]
struct Plain {
    section: <Solo as Machine>::U32,
}

#[derive(Debug)]
struct PlainVma {
    attached: <Solo as Machine>::U32,
    locked_in: <Solo as Machine>::U32,
    readers: <Solo as Machine>::U32,
}

impl VmaLock for Plain {
    type Machine = Solo;
    type Vma = PlainVma;
    type Token<'vma> = ();
    const INFO: LockFacts = LockFacts {
        name: "plain",
        summary: "for one thread",
        source: "this test",
        excludes: true,
    };

    fn new() -> Self {
        Self {
            section: Word::new(1),
        }
    }
    fn new_vma() -> PlainVma {
        PlainVma {
            attached: Word::new(0),
            locked_in: Word::new(0),
            readers: Word::new(0),
        }
    }
    fn attach(&self, vma: &PlainVma, _: &WriteSection<'_>) {
        assert_eq!(vma.attached.swap(1, SeqCst), 0, "attached twice");
    }
    fn detach(&self, vma: &PlainVma, _: &WriteSection<'_>) {
        assert_eq!(vma.attached.swap(0, SeqCst), 1, "detached twice");
    }
    fn start_read(&self, vma: &PlainVma, _: u64) -> Result<(), Declined> {
        if vma.attached.load(SeqCst) == 0 {
            return Err(Declined::Detached);
        }
        if vma.locked_in.load(SeqCst) == self.section.load(SeqCst) {
            return Err(Declined::EarlySeq);
        }
        vma.readers.fetch_add(1, SeqCst);
        Ok(())
    }
    fn end_read(&self, vma: &PlainVma, (): ()) -> ReadEnd {
        vma.readers.fetch_sub(1, SeqCst);
        ReadEnd::Committed
    }
    fn start_write(&self, vma: &PlainVma, _: &WriteSection<'_>) -> Result<(), Interrupted> {
        vma.locked_in.store(self.section.load(SeqCst), SeqCst);
        Ok(())
    }
    fn end_write_all(&self, _: &WriteSection<'_>) {
        self.section.fetch_add(1, SeqCst);
    }
}

/// A space with 2 mms, 2 threads and 8 VMAs.
fn space(layout: Layout) -> AddressSpace<Plain> {
    let ground = Ground::new(2, 2, 8, AddressSpace::<Plain>::bytes(2, 8));
    AddressSpace::build(ground, 3, layout, 8)
}

fn region() -> Region {
    Region::of(&preset("fault-one-vma").expect("the preset exists"))
}

fn nothing() -> impl FnMut() {
    || {}
}

#[test]
fn a_fault_is_fast_when_mapped_and_falls_back_when_not() {
    for layout in [Layout::OwnLine, Layout::Packed, Layout::BesideHotFields] {
        let space = space(layout);
        let mut thread = Thread::new(&space, 0, 0, vec![5]);
        thread.enter();
        let (start, end) = region().range(0);
        assert_eq!(
            thread.fault(region().goal(0, 1, 5), &mut nothing()),
            Outcome::NoVma
        );
        assert_eq!(thread.map(start, end, &mut nothing()), Some(5));
        assert_eq!(
            thread.fault(region().goal(0, 1, 5), &mut nothing()),
            Outcome::Fast
        );
        assert_eq!(
            thread.mprotect(region().goal(0, 1, 5), &mut nothing()),
            Outcome::Write
        );
        assert!(thread.unmap(start, &mut nothing()));
        assert!(!thread.unmap(start, &mut nothing()));
        assert_eq!(
            thread.fault(region().goal(0, 1, 5), &mut nothing()),
            Outcome::NoVma
        );
        assert_eq!(
            thread.tally(),
            Tally {
                misses: 0,
                torn_reads: 0,
                writes: 3
            }
        );
        assert_eq!(space.written(), 3);
    }
}

#[test]
fn a_stale_goal_without_the_index_meets_every_reason_of_a_recycled_slot() {
    let space = space(Layout::OwnLine);
    let mut thread = Thread::new(&space, 0, 0, vec![5]);
    thread.enter();
    thread.use_index(false);
    let goal = region().goal(0, 1, 5);
    // Never attached: looked up again and again, then by the mmap lock.
    assert_eq!(thread.fault(goal, &mut nothing()), Outcome::Detached);
    assert_eq!(thread.tally().misses, 64);
    // Recycled to other addresses of the same mm.
    let (start, end) = region().range(1);
    thread.map(start, end, &mut nothing());
    assert_eq!(thread.fault(goal, &mut nothing()), Outcome::OutOfRange);
    // Recycled into the other mm.
    thread.unmap(start, &mut nothing());
    thread.switch_mm(1);
    let (start, end) = region().range(0);
    thread.map(start, end, &mut nothing());
    assert_eq!(thread.fault(goal, &mut nothing()), Outcome::Fast);
    thread.switch_mm(0);
    assert_eq!(thread.fault(goal, &mut nothing()), Outcome::WrongMm);
    assert_eq!(
        space.vmas.get(5).0.readers.load(SeqCst),
        0,
        "every read was ended"
    );
}

#[test]
fn a_half_written_payload_is_seen() {
    let space = space(Layout::OwnLine);
    let mut thread = Thread::new(&space, 0, 0, vec![0]);
    thread.enter();
    let (start, end) = region().range(0);
    thread.map(start, end, &mut nothing());
    space.vmas.get(0).1.payload.first.fetch_add(1, SeqCst);
    assert_eq!(
        thread.fault(region().goal(0, 0, 0), &mut nothing()),
        Outcome::Fast
    );
    assert_eq!(thread.tally().torn_reads, 1);
}

#[test]
fn the_probe_tells_a_lock_that_excludes() {
    let space = space(Layout::OwnLine);
    let mut thread = Thread::new(&space, 0, 0, vec![0]);
    thread.enter();
    let (start, end) = region().range(0);
    assert_eq!(
        space.read_begins_under_write(0, start),
        None,
        "nothing is mapped"
    );
    thread.map(start, end, &mut nothing());
    assert_eq!(space.read_begins_under_write(0, start), Some(false));
}

#[test]
fn a_taken_range_and_an_empty_free_list_are_refused() {
    let space = space(Layout::OwnLine);
    let mut thread = Thread::new(&space, 0, 0, vec![1, 0]);
    thread.enter();
    let (start, end) = region().range(0);
    assert_eq!(thread.map(start, end, &mut nothing()), Some(0));
    assert_eq!(thread.map(start, end, &mut nothing()), None, "taken");
    let (next, next_end) = region().range(1);
    assert_eq!(
        thread.map(next, next_end, &mut nothing()),
        Some(1),
        "the slot was not lost"
    );
    let (last, last_end) = region().range(2);
    assert_eq!(
        thread.map(last, last_end, &mut nothing()),
        None,
        "no slot is left"
    );
}

#[test]
fn the_ground_is_as_new_for_the_next_space() {
    let first = space(Layout::OwnLine);
    let mut thread = Thread::new(&first, 0, 0, vec![0]);
    thread.enter();
    let (start, end) = region().range(0);
    thread.map(start, end, &mut nothing());
    drop(thread);
    let second = AddressSpace::<Plain>::build(first.into_ground(), 9, Layout::Packed, 8);
    let mut thread = Thread::new(&second, 0, 0, vec![0]);
    thread.enter();
    assert_eq!(
        thread.fault(region().goal(0, 0, 0), &mut nothing()),
        Outcome::NoVma
    );
    assert_eq!(second.written(), 0);
}

#[test]
fn a_thread_that_hangs_is_described_by_its_step_and_the_words() {
    let space = space(Layout::OwnLine);
    let mut thread = Thread::new(&space, 1, 0, vec![0]);
    thread.enter();
    let (start, end) = region().range(0);
    thread.map(start, end, &mut || {
        assert_eq!(space.step(1).words(), "writing a VMA")
    });
    assert_eq!(space.step(1).words(), "in end_write_all");
    let words = space.describe(4);
    assert!(
        words.contains("mm 0: mmap lock") && words.contains("VMA 0: "),
        "{words}"
    );
}
