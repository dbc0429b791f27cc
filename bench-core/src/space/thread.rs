//! A thread: page faults, protection changes, mappings.

use super::ground::MmGround;
use super::step::{Step, Steps};
use super::vma::{Goal, Identity, Payload, owner_word};
use super::{AddressSpace, Mm};
use crate::lock::{Declined, ReadEnd, VmaLock};
use crate::outcome::Outcome;
use crate::rcu::Reader;

/// Lookups of one fault that may find a detached VMA before it falls back. Each means that another thread unmapped a VMA
/// in between, so that only an adversary reaches it; the kernel has no bound (P23).
const LOOKUPS_PER_FAULT: u32 = 64;

/// What a thread saw and did besides its outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lookups that found a detached VMA and looked again.
    pub misses: u64,
    /// Faults that saw a payload half written.
    pub torn_reads: u64,
    /// Times that it wrote a VMA's payload.
    pub writes: u64,
}

/// A VMA held by its own lock: the lock, what the reader keeps, what it may read.
type Held<'space, L> = (
    &'space <L as VmaLock>::Vma,
    <L as VmaLock>::Token<'space>,
    &'space Payload<<L as VmaLock>::Machine>,
);

/// A thread of the address space.
///
/// It is in the read section of one mm's index at a time, that of the mm it works on: a writer that waits for a grace
/// period of one mm never waits for a thread that sleeps in another. The section ends at [`Rcu::quiescent`](crate::rcu::Rcu::quiescent) after each
/// operation. While it may sleep for the mmap lock it is offline, so that a writer which waits for a grace period does not
/// wait for it; it comes back online before it releases the mmap lock, whose Release is what later writers of this mm
/// acquire, so that no fence is needed.
#[derive(Debug)]
pub struct Thread<'space, L: VmaLock> {
    space: &'space AddressSpace<L>,
    number: u32,
    mm_number: u32,
    /// The mm's number as the fields of its VMAs hold it.
    owner: u64,
    mm: &'space Mm<L>,
    here: &'space MmGround<L::Machine>,
    /// Its place among the readers of `here`.
    reader: Reader<'space, L::Machine>,
    at: &'space Steps<L::Machine>,
    use_index: bool,
    free: Vec<u32>,
    tally: Tally,
}

impl<'space, L: VmaLock> Thread<'space, L> {
    /// Thread `number` of the space, in mm `mm`, with these slots as its free list; the last is used first.
    ///
    /// # Panics
    /// When there is no such thread, mm or slot.
    #[must_use]
    pub fn new(space: &'space AddressSpace<L>, number: u32, mm: u32, free: Vec<u32>) -> Self {
        assert!(number < space.ground.threads && free.iter().all(|slot| *slot < space.vmas()));
        Self {
            space,
            number,
            mm_number: mm,
            owner: owner_word(mm),
            mm: space.mm(mm),
            here: &space.ground.mms[mm as usize],
            reader: space.ground.mms[mm as usize].rcu.reader(number as usize),
            at: &space.steps[number as usize],
            use_index: true,
            free,
            tally: Tally::default(),
        }
    }

    /// Whether faults and writers look VMAs up; otherwise they go to [`Goal::slot`].
    pub fn use_index(&mut self, yes: bool) {
        self.use_index = yes;
    }

    /// Goes to another mm of the same space, between operations: out of the read section of the one, into that of the other.
    ///
    /// # Panics
    /// When there is no such mm.
    pub fn switch_mm(&mut self, mm: u32) {
        let was_online = self.here.rcu.is_online(self.number as usize);
        self.offline();
        self.mm_number = mm;
        self.owner = owner_word(mm);
        self.mm = self.space.mm(mm);
        self.here = &self.space.ground.mms[mm as usize];
        self.reader = self.here.rcu.reader(self.number as usize);
        if was_online {
            self.enter();
        }
    }

    /// What it saw so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Its free list, for the next thread.
    #[must_use]
    pub fn into_free(mut self) -> Vec<u32> {
        std::mem::take(&mut self.free)
    }

    /// A page fault (`lock_vma_under_rcu` and what follows): holds the VMA for the length of `body`, by its own lock or else
    /// by the mmap lock. `body` may run twice when a read was speculative.
    #[inline]
    pub fn fault(&mut self, goal: Goal, mut body: impl FnMut()) -> Outcome {
        if !L::PER_VMA {
            return self.fault_by_mmap_lock(goal, Outcome::NoVmaLock, body);
        }
        self.step(Step::Fault);
        let (vma, token, payload) = match self.hold_vma(goal) {
            Ok(held) => held,
            Err(reason) => return self.fault_by_mmap_lock(goal, reason, body),
        };
        let whole = payload.read(&mut body);
        match self.mm.lock().end_read(vma, token) {
            ReadEnd::Committed => {
                if !whole {
                    self.count_torn_read();
                }
                self.quiescent();
                Outcome::Fast
            }
            // What a speculative reader saw while a writer was there is not judged.
            ReadEnd::Retry => self.fault_by_mmap_lock(goal, Outcome::Retry, body),
        }
    }

    /// Looks the VMA up and holds it by its own lock, or says why not.
    #[inline(always)]
    fn hold_vma(&mut self, goal: Goal) -> Result<Held<'space, L>, Outcome> {
        let space = self.space;
        for _ in 0..LOOKUPS_PER_FAULT {
            let slot = self.find(goal).ok_or(Outcome::NoVma)?;
            let (vma, hot) = space.vmas.get(slot);
            let token = match self.mm.lock().start_read(vma, goal.address()) {
                Ok(token) => token,
                Err(Declined::Detached) => {
                    self.tally.misses += 1;
                    continue;
                }
                Err(reason) => return Err(reason.into()),
            };
            if !hot.fields.is(self.owner, goal.address()) {
                let identity = hot.fields.identity(self.mm_number, goal.address());
                return Err(self.let_go_of_wrong_vma(vma, token, identity));
            }
            return Ok((vma, token, &hot.payload));
        }
        Err(Outcome::Detached)
    }

    /// Out of the way of the reads that are whole, which then need not touch the tally.
    #[cold]
    fn count_torn_read(&mut self) {
        self.tally.torn_reads += 1;
    }

    /// The VMA that is held is not the one that was looked for. The wake, if one is due, goes to the mm that it belongs to,
    /// which was read while the count was held (P10).
    #[cold]
    fn let_go_of_wrong_vma(
        &self,
        vma: &'space L::Vma,
        token: L::Token<'space>,
        identity: Identity,
    ) -> Outcome {
        let (owner, reason) = match identity {
            Identity::OtherMm(number) => {
                // Only a lock that does not exclude shows a slot that never had an mm.
                let owner = self
                    .space
                    .mms
                    .get(number as usize)
                    .map_or(self.mm, |mm| &**mm);
                (owner, Outcome::WrongMm)
            }
            Identity::Same | Identity::Outside => (self.mm, Outcome::OutOfRange),
        };
        let _ = owner.lock().end_read(vma, token);
        reason
    }

    /// The fault under the mmap lock: what every fault was before there were locks per VMA, and what it still falls back to.
    #[inline(never)]
    fn fault_by_mmap_lock(
        &mut self,
        goal: Goal,
        reason: Outcome,
        mut body: impl FnMut(),
    ) -> Outcome {
        self.step(Step::MmapRead);
        self.offline();
        let guard = self.mm.read_lock();
        self.online_under_mmap_lock();
        self.step(Step::HoldMmap);
        if let Some(slot) = self.find(goal) {
            let whole = self.space.vmas.get(slot).1.payload.read(&mut body);
            self.tally.torn_reads += u64::from(!whole);
        }
        drop(guard);
        self.quiescent();
        reason
    }

    /// Changes the VMA there (`mprotect`): write-locks it and writes it.
    #[inline]
    pub fn mprotect(&mut self, goal: Goal, body: &mut impl FnMut()) -> Outcome {
        self.step(Step::MmapWrite);
        self.offline();
        let guard = self.mm.write_lock();
        self.online_under_mmap_lock();
        let Some(slot) = self.find(goal) else {
            drop(guard);
            return Outcome::NoVma;
        };
        let (vma, hot) = self.space.vmas.get(slot);
        self.at.set_at(Step::StartWrite, slot);
        // Nobody sends a signal here: an interrupted wait is begun again.
        while self.mm.lock().start_write(vma, guard.section()).is_err() {}
        self.step(Step::Write);
        hot.payload.write(body);
        self.tally.writes += 1;
        self.step(Step::EndWrite);
        drop(guard);
        self.quiescent();
        Outcome::Write
    }

    /// Maps a new VMA (`mmap`): sets it up, write-locks it while it is detached, inserts it, attaches it. Returns its slot;
    /// `None` when the free list is empty or the range is taken.
    pub fn map(&mut self, start: u64, end: u64, body: &mut impl FnMut()) -> Option<u32> {
        self.step(Step::MmapWrite);
        self.offline();
        let guard = self.mm.write_lock();
        self.online_under_mmap_lock();
        let slot = *self.free.last()?;
        let (vma, hot) = self.space.vmas.get(slot);
        hot.fields.set(start, end, self.mm_number);
        self.mm.lock().set_range(vma, start..end, guard.section());
        self.at.set_at(Step::StartWrite, slot);
        while self.mm.lock().start_write(vma, guard.section()).is_err() {}
        self.step(Step::Write);
        let (index, rcu) = (&self.here.index, &self.here.rcu);
        index
            .insert(start, end, slot, guard.section(), rcu, self.number as usize)
            .ok()?;
        self.free.pop();
        self.mm.lock().attach(vma, guard.section());
        hot.payload.write(body);
        self.tally.writes += 1;
        self.step(Step::EndWrite);
        drop(guard);
        self.quiescent();
        Some(slot)
    }

    /// Unmaps the VMA that starts there (`munmap`): write-locks it, takes it out of the index, detaches it, downgrades the
    /// mmap lock for the length of `body` (the zapping of page tables), and puts the slot on the free list. Returns whether
    /// there was one.
    pub fn unmap(&mut self, start: u64, body: &mut impl FnMut()) -> bool {
        self.step(Step::MmapWrite);
        self.offline();
        let guard = self.mm.write_lock();
        self.online_under_mmap_lock();
        let Some(slot) = self.here.index.lookup(start) else {
            return false;
        };
        let (vma, hot) = self.space.vmas.get(slot);
        self.at.set_at(Step::StartWrite, slot);
        while self.mm.lock().start_write(vma, guard.section()).is_err() {}
        self.step(Step::Write);
        hot.payload.write(&mut || {});
        self.tally.writes += 1;
        self.here
            .index
            .erase(start, guard.section(), &self.here.rcu, self.number as usize);
        self.at.set_at(Step::Detach, slot);
        self.mm.lock().detach(vma, guard.section());
        self.step(Step::EndWrite);
        let guard = guard.downgrade();
        body();
        drop(guard);
        self.free.push(slot);
        self.quiescent();
        true
    }

    /// Enters the read section; to be called by the thread itself before its first operation.
    pub fn enter(&mut self) {
        self.here.rcu.online(self.number as usize);
    }

    #[inline(always)]
    fn find(&self, goal: Goal) -> Option<u32> {
        if self.use_index {
            self.here.index.lookup(goal.address())
        } else {
            Some(goal.slot())
        }
    }

    #[inline(always)]
    fn step(&self, step: Step) {
        self.at.set(step);
    }

    /// Between operations: this thread holds no node of any index.
    #[inline(always)]
    fn quiescent(&self) {
        self.reader.quiescent();
    }

    #[inline(always)]
    fn offline(&self) {
        self.here.rcu.offline(self.number as usize);
    }

    #[inline(always)]
    fn online_under_mmap_lock(&self) {
        self.here.rcu.online_under_lock(self.number as usize);
    }
}

/// Leaves the read section, however the thread's work ended, so that no grace period waits for one that panicked.
impl<L: VmaLock> Drop for Thread<'_, L> {
    fn drop(&mut self) {
        self.step(Step::Idle);
        self.offline();
    }
}
