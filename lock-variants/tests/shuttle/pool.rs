//! Two mms and three VMAs that are recycled between them, with threads that fault, map, unmap and mprotect in both.
//!
//! It runs on [`bench_core::space`], the text that is measured. What must hold:
//!
//! - A fault that commits never saw a half-written payload (P1, P12).
//! - It held the VMA that it looked for: its page was mapped as long as it was held (P9). The pages' own words say so; they
//!   change only while their VMA is write-locked, or taken out of the index and detached.
//! - No write was lost, no VMA is in two places, and the index agrees with the pages.
//! - Nobody sleeps for ever, neither meanwhile nor when all that is left is unmapped (P10, P19, P21, P24): shuttle finds
//!   a deadlock by itself.

use crate::locks::{Model, every_lock, every_lock_fails};
use crate::machine::{Shuttle, ShuttleU32};
use crate::threads::spawn;
use bench_core::lock::VmaLock;
use bench_core::machine::Word;
use bench_core::outcome::Outcome;
use bench_core::space::{AddressSpace, Goal, Ground, PAGE_BYTES, Tally, Thread};
use bench_core::workload::Layout;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};

const MMS: u32 = 2;
const PAGES: u64 = 2;
const VMAS: u32 = 3;
const THREADS: u32 = 3;
/// The number of the thread that sets up and clears away.
const MAIN: u32 = THREADS;
const ROUNDS: u32 = 4;

/// A page of an mm.
#[derive(Clone, Copy, Debug)]
struct Page {
    mm: u32,
    number: u64,
}

impl Page {
    fn any() -> Self {
        Self {
            mm: thread_rng().gen_range(0..MMS),
            number: thread_rng().gen_range(0..PAGES),
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        (0..MMS).flat_map(|mm| (0..PAGES).map(move |number| Self { mm, number }))
    }

    fn start(self) -> u64 {
        (self.number + 1) * PAGE_BYTES
    }

    fn goal(self) -> Goal {
        Goal::new(self.start(), 0)
    }
}

/// The address space, and beside it whether each page is mapped.
pub(crate) struct Pool<L: VmaLock<Machine = Shuttle>> {
    space: AddressSpace<L>,
    mapped: Vec<ShuttleU32>,
    /// The first thing that did not hold. Not a panic where it is seen: that would unwind through guards.
    broken: Mutex<Option<String>>,
}

/// What a thread leaves behind.
struct Left {
    free: Vec<u32>,
    tally: Tally,
}

impl<L: VmaLock<Machine = Shuttle>> Pool<L> {
    fn new() -> Arc<Self> {
        let bytes = AddressSpace::<L>::bytes(MMS, VMAS);
        // With no spare node a writer waits for a grace period again and again; with some it seldom does.
        let spare_nodes = 8 * thread_rng().gen_range(0..2);
        let ground = Ground::with_spare_nodes(MMS, THREADS + 1, VMAS, bytes, spare_nodes);
        Arc::new(Self {
            space: AddressSpace::build(ground, 0, Layout::OwnLine, VMAS),
            mapped: Page::all().map(|_| ShuttleU32::new(0)).collect(),
            broken: Mutex::new(None),
        })
    }

    fn mapped(&self, page: Page) -> &ShuttleU32 {
        &self.mapped[page.mm as usize * PAGES as usize + page.number as usize]
    }

    fn note(&self, holds: bool, broken: impl FnOnce() -> String) {
        if !holds {
            let mut first = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(broken);
        }
    }

    fn fault(&self, thread: &mut Thread<'_, L>, page: Page) -> Outcome {
        thread.switch_mm(page.mm);
        let (mut looks, mut was_mapped) = (0, true);
        let outcome = thread.fault(page.goal(), || {
            looks += 1;
            let mapped = self.mapped(page);
            was_mapped = mapped.load(Relaxed) == 1 && mapped.load(Relaxed) == 1;
        });
        // The first look of a speculative reader that a writer disturbed is not judged.
        let judged = outcome != Outcome::Retry || looks == 2;
        self.note(was_mapped || !judged, || {
            format!("{outcome:?}: a fault at {page:?} held a VMA that was not there")
        });
        outcome
    }

    fn map(&self, thread: &mut Thread<'_, L>, page: Page) {
        thread.switch_mm(page.mm);
        let (start, mapped) = (page.start(), self.mapped(page));
        thread.map(start, start + PAGE_BYTES, &mut || mapped.store(1, Relaxed));
    }

    fn unmap(&self, thread: &mut Thread<'_, L>, page: Page) {
        thread.switch_mm(page.mm);
        thread.unmap(page.start(), &mut || self.mapped(page).store(0, Relaxed));
    }

    fn mprotect(&self, thread: &mut Thread<'_, L>, page: Page) {
        thread.switch_mm(page.mm);
        thread.mprotect(page.goal(), &mut || ());
    }

    /// Thread `number`: a few operations, of kinds and at places chosen at random.
    fn work(&self, number: u32, free: Vec<u32>) -> Left {
        let mut thread = Thread::new(&self.space, number, number % MMS, free);
        thread.enter();
        for _ in 0..ROUNDS {
            let page = Page::any();
            match thread_rng().gen_range(0..8) {
                0..4 => {
                    self.fault(&mut thread, page);
                }
                4 => self.mprotect(&mut thread, page),
                5 => self.map(&mut thread, page),
                // Its slot is what this thread maps next: mostly in the other mm, or at another page.
                _ => {
                    self.unmap(&mut thread, page);
                    self.map(&mut thread, Page::any());
                }
            }
        }
        self.leave(thread)
    }

    fn leave(&self, thread: Thread<'_, L>) -> Left {
        let tally = thread.tally();
        self.note(tally.torn_reads == 0, || {
            format!("{} torn reads", tally.torn_reads)
        });
        Left {
            free: thread.into_free(),
            tally,
        }
    }

    /// Nobody else is left: the index agrees with the pages, and everything can be unmapped.
    fn clear(&self, free: Vec<u32>) -> Left {
        let mut thread = Thread::new(&self.space, MAIN, 0, free);
        thread.enter();
        for page in Page::all() {
            let found = self.fault(&mut thread, page) != Outcome::NoVma;
            let mapped = self.mapped(page).load(Relaxed) == 1;
            self.note(found == mapped || !L::PER_VMA, || {
                format!("{page:?} is in the index: {found}, is mapped: {mapped}")
            });
            self.unmap(&mut thread, page);
        }
        self.leave(thread)
    }

    pub(crate) fn run() {
        let pool = Self::new();
        let mut main = Thread::new(&pool.space, MAIN, 0, vec![0]);
        pool.map(&mut main, Page { mm: 0, number: 0 });
        let first = pool.leave(main);
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let pool = Arc::clone(&pool);
                // Threads 0 and 1 begin with a free slot each.
                let free = (number < 2).then_some(number + 1).into_iter().collect();
                spawn(move || pool.work(number, free))
            })
            .collect();
        let mut left: Vec<Left> = threads
            .into_iter()
            .map(|thread| thread.join().expect("a panic ends the run before"))
            .collect();
        left.push(pool.clear(first.free));
        left.push(Left {
            free: Vec::new(),
            tally: first.tally,
        });
        pool.judge(&left);
    }

    fn judge(&self, left: &[Left]) {
        let mut free: Vec<u32> = left.iter().flat_map(|left| left.free.clone()).collect();
        free.sort_unstable();
        let all: Vec<u32> = (0..VMAS).collect();
        self.note(free == all, || format!("free slots: {free:?}"));
        let writes: u64 = left.iter().map(|left| left.tally.writes).sum();
        let written = self.space.written();
        self.note(written == writes, || {
            format!("{writes} writes, of which {written} are there")
        });
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(broken.is_none(), "{}", broken.as_ref().expect("not none"));
    }
}

struct Recycled;

impl Model for Recycled {
    const TEST: &'static str = "pool::two_mms_share_three_vmas";
    const ITERATIONS: usize = 300;

    fn run<L: VmaLock<Machine = Shuttle>>() {
        Pool::<L>::run();
    }
}

#[test]
fn two_mms_share_three_vmas() {
    every_lock::<Recycled>();
}

/// The negative control: it excludes nobody, and the model notices.
struct Unlocked;

impl Model for Unlocked {
    const TEST: &'static str = "pool::a_lock_that_excludes_nobody_is_noticed";
    const ITERATIONS: usize = 300;

    fn is_about<L: VmaLock<Machine = Shuttle>>() -> bool {
        !L::INFO.excludes
    }

    fn run<L: VmaLock<Machine = Shuttle>>() {
        Pool::<L>::run();
    }
}

#[test]
fn a_lock_that_excludes_nobody_is_noticed() {
    every_lock_fails::<Unlocked>(|failure| {
        failure.contains("torn reads") || failure.contains("held a VMA that was not there")
    });
}
