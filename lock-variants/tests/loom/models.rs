//! The models of a lock: the contract suite, and what only a model can ask.

use crate::machine::fault::{Place, Planted, places};
use crate::machine::{Loom, check, check_with, within_reach};
use crate::mmap_lock;
use bench_core::lock::{ReadEnd, VmaLock};
use bench_core::machine::{Machine, Word};
use bench_core::space::Mm;
use lock_variants::contract::{self, Body, Check};
use std::collections::HashSet;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// A model. It panics in an execution in which the lock is wrong.
pub(crate) struct Model {
    /// Unique among the models of a lock.
    pub(crate) name: &'static str,
    /// How many preemptions its executions have, at most.
    preemptions: usize,
    /// Whether it can have one more.
    deeper: bool,
    body: Run,
}

type Run = Arc<dyn Fn() + Send + Sync>;

impl Model {
    pub(crate) fn new(name: &'static str, preemptions: usize, body: fn()) -> Self {
        Self {
            name,
            preemptions,
            deeper: true,
            body: Arc::new(body),
        }
    }

    /// With so many preemptions and never more: threads then spin for each other for longer than loom goes on.
    pub(crate) fn no_deeper(self) -> Self {
        let deeper = false;
        Self { deeper, ..self }
    }

    /// Runs it in every execution. Panics when one fails, or when threads wait for each other for ever.
    pub(crate) fn run(&self) {
        let body = Arc::clone(&self.body);
        within_reach(self.preemptions, self.deeper).check(move || body());
    }

    /// Runs it in few executions, to see which places of the text it comes by.
    pub(crate) fn places(&self) -> HashSet<Place> {
        let body = Arc::clone(&self.body);
        places(|| check(self.preemptions.min(2), move || body()))
    }

    /// The same on a machine with a fault.
    pub(crate) fn run_with(&self, planted: Planted) {
        let body = Arc::clone(&self.body);
        check_with(planted, self.preemptions, move || body());
    }

    /// Whether some execution fails. A brief run looks as far for it as any other.
    pub(crate) fn fails(&self) -> bool {
        let body = Arc::clone(&self.body);
        let run = || check(self.preemptions, move || body());
        catch_unwind(AssertUnwindSafe(run)).is_err()
    }
}

/// The models of a lock; those of the mmap lock, which is the same for all of them, where it is the only one.
pub(crate) fn models<L: VmaLock<Machine = Loom>>() -> Vec<Model> {
    let mut models: Vec<_> = contract::checks::<L>()
        .into_iter()
        .map(of_check::<L>)
        .collect();
    if L::PER_VMA {
        let own = |name, body| Model::new(name, 2, body);
        models.push(own("last-reader-and-writer", last_reader_and_writer::<L>));
        models.push(own(
            "recycled-into-its-number",
            recycled_into_its_number::<L>,
        ));
        models.push(own(
            "written-and-locked-again",
            written_and_locked_again::<L>,
        ));
    } else {
        models.extend(mmap_lock::models());
    }
    models
}

/// The model of this name.
pub(crate) fn model<L: VmaLock<Machine = Loom>>(name: &str) -> Model {
    let model = models::<L>().into_iter().find(|model| model.name == name);
    model.unwrap_or_else(|| panic!("no model {name}"))
}

/// Three preemptions are what it takes for a reader to leave between the two steps of a detach; the two largest models get
/// two, and one where three threads spin for one word ([`crate::range_lock`] has that model with two threads).
fn of_check<L: VmaLock>(check: Check) -> Model {
    let preemptions = match check.name {
        "start-write-drains" if L::INFO.name == "range-lock" => 1,
        "start-write-drains" | "recycled-in-parallel" => 2,
        _ => 3,
    };
    Model {
        name: check.name,
        preemptions,
        deeper: preemptions > 1,
        body: Arc::new(move || {
            if let Err(broken) = check.run(1, in_parallel) {
                panic!("{broken}");
            }
        }),
    }
}

/// The first body runs on the thread of the model itself.
pub(crate) fn in_parallel(bodies: Vec<Body>) {
    let mut bodies = bodies.into_iter();
    let first = bodies.next().unwrap();
    let threads: Vec<_> = bodies.map(loom::thread::spawn).collect();
    first();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// The addresses of a VMA: two pages.
const RANGE: Range<u64> = 0x1000..0x3000;

/// Maps a VMA, in a section of its own.
pub(crate) fn map<L: VmaLock<Machine = Loom>>(mm: &Mm<L>, vma: &L::Vma) {
    let guard = mm.write_lock();
    mm.lock().set_range(vma, RANGE, guard.section());
    mm.lock().start_write(vma, guard.section()).unwrap();
    mm.lock().attach(vma, guard.section());
    drop(guard);
}

/// The last reader leaves while the writer begins to wait for it.
fn last_reader_and_writer<L: VmaLock<Machine = Loom>>() {
    let (mm, vma) = (Arc::new(Mm::<L>::new()), Arc::new(L::new_vma()));
    map(&mm, &vma);
    let token = mm.lock().start_read(&vma, RANGE.start).ok().unwrap();
    let (its_mm, its_vma) = (Arc::clone(&mm), Arc::clone(&vma));
    let writer = loom::thread::spawn(move || {
        // A writer that sleeps for ever ends with a panic of loom, which has no words left for the guard to unlock.
        let guard = ManuallyDrop::new(its_mm.write_lock());
        its_mm
            .lock()
            .start_write(&its_vma, guard.section())
            .unwrap();
        drop(ManuallyDrop::into_inner(guard));
    });
    let _ = mm.lock().end_read(&vma, token);
    writer.join().unwrap();
}

/// An mm maps a VMA in the section whose number another mm had stamped the VMA with, and a reader has read the mm's number
/// before it came to that. Such a VMA is not stamped again, so that its number does not change.
fn recycled_into_its_number<L: VmaLock<Machine = Loom>>() {
    let (first, second) = (Mm::<L>::new(), Mm::<L>::new());
    let vma = L::new_vma();
    map(&first, &vma);
    let guard = first.write_lock();
    assert!(first.lock().start_write(&vma, guard.section()).is_ok());
    first.lock().detach(&vma, guard.section());
    drop(guard);
    let half_written = <Loom as Machine>::U32::new(0);
    let shared = Arc::new((second, vma, half_written));
    let reader = Arc::clone(&shared);
    let reader = loom::thread::spawn(move || {
        let (mm, vma, half_written) = &*reader;
        if let Ok(token) = mm.lock().start_read(vma, RANGE.start) {
            let half = half_written.load(Relaxed);
            if mm.lock().end_read(vma, token) == ReadEnd::Committed {
                assert_eq!(half, 0, "a reader was in a VMA that is write-locked");
            }
        }
    });
    let (mm, vma, half_written) = &*shared;
    drop(mm.write_lock());
    let guard = mm.write_lock();
    mm.lock().set_range(vma, RANGE, guard.section());
    assert!(mm.lock().start_write(vma, guard.section()).is_ok());
    mm.lock().attach(vma, guard.section());
    half_written.store(1, Relaxed);
    half_written.store(0, Relaxed);
    drop(guard);
    reader.join().unwrap();
}

/// A VMA is written in one section and write-locked again in the next. A reader sees both halves of what was written, or neither.
pub(crate) fn written_and_locked_again<L: VmaLock<Machine = Loom>>() {
    let (mm, vma) = (Mm::<L>::new(), L::new_vma());
    map(&mm, &vma);
    let halves = [(); 2].map(|()| <Loom as Machine>::U32::new(0));
    let shared = Arc::new((mm, vma, halves));
    let its = Arc::clone(&shared);
    let reader = loom::thread::spawn(move || {
        let (mm, vma, halves) = &*its;
        if let Ok(token) = mm.lock().start_read(vma, RANGE.start) {
            let [first, second] = halves.each_ref().map(|half| half.load(Relaxed));
            if mm.lock().end_read(vma, token) == ReadEnd::Committed {
                assert_eq!(first, second, "half of what was written");
            }
        }
    });
    let (mm, vma, halves) = &*shared;
    let guard = mm.write_lock();
    mm.lock().start_write(vma, guard.section()).unwrap();
    for half in halves {
        half.store(1, Relaxed);
    }
    drop(guard);
    let guard = mm.write_lock();
    mm.lock().start_write(vma, guard.section()).unwrap();
    drop(guard);
    reader.join().unwrap();
}
