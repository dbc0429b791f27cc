//! The lock contract: what a design for the lock of a VMA has to do.
//!
//! The implementing type is the half that each mm has; its associated [`VmaLock::Vma`] is the half that each VMA has, as
//! in the kernel (`mm_lock_seq` in the mm; the lock word and `vm_lock_seq` in the VMA). The mmap lock, an rwsem that is
//! the same for every design, belongs to the address space ([`crate::space`]), so that "the mmap lock only" is simply a
//! design whose [`VmaLock::start_read`] always declines.
//!
//! The trait is safe to implement: what a lock protects is a payload of atomic words with an invariant, so that a
//! broken lock gives a report and not undefined behaviour.

use crate::machine::Machine;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::Range;

/// A design for the lock of a VMA.
///
/// # Rules
/// 1. The address space calls [`begin_write`](Self::begin_write) right after it has write-locked the mmap lock, and
///    [`end_write_all`](Self::end_write_all) right before it releases or downgrades it. All of `attach`, `detach` and
///    `start_write` happen in between, so that there is at most one writer per mm; the [`WriteSection`] proves it.
/// 2. VMAs are type-stable and recycled: a reader may call `start_read` on a VMA that was detached, freed, and set up
///    again, even by another mm. It looks at the VMA's identity only after `start_read` held it.
/// 3. `end_read` is called with the mm-wide half that the VMA belonged to when the reader held it.
/// 4. A reader that is held excludes a writer, and the other way round: between `start_read` and `end_read` no writer is
///    between the return of its `start_write` and its `end_write_all`.
/// 5. An mm-wide half is dropped when its VMAs are detached, or when nobody is left who can try them.
/// 6. Where readers are [`SPECULATIVE`](Self::SPECULATIVE), rules 3 and 4 are about the reads that end with
///    [`ReadEnd::Committed`]: no write section of the mm in which the VMA was write-locked overlapped such a read, and the
///    VMA was that mm's. What any other read saw is worth nothing.
pub trait VmaLock: Debug + Send + Sync + Sized + 'static {
    /// The machine that it runs on.
    type Machine: Machine;

    /// The half that each VMA has. A new one is detached.
    type Vma: Debug + Send + Sync;

    /// What a reader keeps between `start_read` and `end_read`.
    type Token<'vma>;

    /// What the lock is.
    const INFO: LockFacts;

    /// Whether a VMA has a lock of its own. `false` where `start_read` always declines: a fault then goes to the mmap lock
    /// without looking the VMA up first, as it did before there were locks per VMA.
    const PER_VMA: bool = true;

    /// Whether a reader only looks: it keeps no writer out, `start_write` and `detach` do not wait for it, and what it saw
    /// counts only when [`VmaLock::end_read`] says [`ReadEnd::Committed`], called with the mm-wide half that the read was
    /// started with. Until then it may see anything, and so changes nothing. A reader that finds another mm's VMA has nothing
    /// to let go of: what `end_read` says then means nothing.
    const SPECULATIVE: bool = false;

    /// Bytes on the heap that each [`VmaLock::Vma`] owns. They count as bytes of the VMA.
    const VMA_HEAP_BYTES: usize = 0;

    /// Whether a fatal signal ([`Task::kill`](crate::machine::Task::kill)) ends the wait of `start_write`.
    const KILLABLE: bool = false;

    /// The half that each mm has.
    fn new() -> Self;

    /// The half that each VMA has, for a slot that never held a VMA: detached.
    fn new_vma() -> Self::Vma;

    /// The mmap lock has just been write-locked.
    fn begin_write(&self, section: &WriteSection<'_>) {
        let _ = section;
    }

    /// The VMA is to cover these addresses, both multiples of the page size. Called while it is detached, before the first
    /// `start_write` since; for designs that lock addresses.
    fn set_range(&self, vma: &Self::Vma, range: Range<u64>, section: &WriteSection<'_>) {
        let _ = (vma, range, section);
    }

    /// Publishes a VMA. Before it the VMA is detached and readers are declined. The VMA is write-locked by the caller.
    fn attach(&self, vma: &Self::Vma, section: &WriteSection<'_>);

    /// Takes a VMA back. The VMA is write-locked by the caller. When it returns no reader holds the VMA, and none can until
    /// it is attached again. A speculative reader that began before is not waited for, and does not commit.
    /// No signal interrupts it.
    fn detach(&self, vma: &Self::Vma, section: &WriteSection<'_>);

    /// Tries to hold the VMA for reading. Never waits for a writer or for another reader to let go of a VMA. `address` is
    /// what the VMA was looked up for.
    ///
    /// # Errors
    /// Why not. The reader then falls back to the mmap lock, or looks again after [`Declined::Detached`].
    fn start_read<'vma>(
        &self,
        vma: &'vma Self::Vma,
        address: u64,
    ) -> Result<Self::Token<'vma>, Declined>;

    /// Ends the read; may wake the writer.
    fn end_read<'vma>(&self, vma: &'vma Self::Vma, token: Self::Token<'vma>) -> ReadEnd;

    /// Write-locks the VMA until `end_write_all`: waits until its readers are gone, save speculative ones, and keeps new ones
    /// out. Calling it again in the same section does nothing. Legal on a detached VMA, which is how a new VMA is locked
    /// before it is inserted.
    ///
    /// # Errors
    /// [`Interrupted`] where the wait is [killable](Self::KILLABLE), a fatal signal is pending and readers are inside. The VMA is then as
    /// if it had not been called; the mmap lock and the VMAs that were write-locked before stay locked. A call that need not wait
    /// succeeds, signal or not.
    fn start_write(&self, vma: &Self::Vma, section: &WriteSection<'_>) -> Result<(), Interrupted>;

    /// Unlocks every VMA that was write-locked in this section.
    fn end_write_all(&self, section: &WriteSection<'_>);

    /// The words of the lock as they are now, for the report of a lock that hangs: `vm_refcnt=0x40000002 vm_lock_seq=7`.
    fn describe(&self, vma: &Self::Vma) -> String {
        format!("{self:?} {vma:?}")
    }
}

/// What a lock is, for the catalogue and the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockFacts {
    /// The name, which never changes meaning.
    pub name: &'static str,
    /// One sentence without a full stop.
    pub summary: &'static str,
    /// Where the design comes from: kernel version, commit, Message-ID or paper.
    pub source: &'static str,
    /// Whether it claims to exclude. Only a negative control does not.
    pub excludes: bool,
}

/// Why a reader was declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declined {
    /// The VMA's sequence equalled the mm's before the count was tried (F1).
    EarlySeq,
    /// A writer's bit was set, or a writer held or waited for the word (F2).
    WriterBit,
    /// The count was at its limit (F2).
    Limit,
    /// The VMA was detached: look it up again (F3).
    Detached,
    /// The VMA's sequence equalled the mm's after the count was held (F4).
    LateSeq,
    /// The VMA belongs to another mm (F5).
    WrongMm,
    /// The VMA does not cover the address (F6).
    OutOfRange,
    /// The design has no lock per VMA.
    NoVmaLock,
}

/// How a read ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum ReadEnd {
    /// What was read is right.
    Committed,
    /// The read was speculative and a writer came: do it again.
    Retry,
}

/// A killable wait was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

/// Proof that the mmap lock is held for writing. Only the address space makes one.
#[derive(Debug)]
pub struct WriteSection<'mm> {
    _mm: PhantomData<&'mm ()>,
}

impl WriteSection<'_> {
    /// Called by [`crate::space`] with the mmap lock write-held.
    pub(crate) fn new() -> Self {
        Self { _mm: PhantomData }
    }
}
