//! The bits of the count and of the owner word.

use crate::machine::TaskId;
use std::fmt;

/// A writer holds the lock.
pub(super) const WRITER_LOCKED: u64 = 1 << 0;
/// The wait list is not empty.
pub(super) const FLAG_WAITERS: u64 = 1 << 1;
/// The first waiter waited too long: nobody may steal the lock from it any more.
pub(super) const FLAG_HANDOFF: u64 = 1 << 2;
/// Where the number of readers begins; bits 3 to 7 are unused.
const READER_SHIFT: u32 = 8;
/// One reader.
pub(super) const READER_BIAS: u64 = 1 << READER_SHIFT;
/// Set only when readers overflow; makes every further reader fail.
pub(super) const READ_FAIL_GUARD: u64 = 1 << 63;
/// Somebody holds the lock, or a reader has added itself and not yet looked at the result.
pub(super) const LOCK_MASK: u64 = WRITER_LOCKED | !(READER_BIAS - 1);
/// What keeps a reader off the fast path.
pub(super) const READ_FAILED_MASK: u64 =
    WRITER_LOCKED | FLAG_WAITERS | FLAG_HANDOFF | READ_FAIL_GUARD;

/// The readers in a count.
pub(super) fn readers(count: u64) -> u64 {
    (count & !READ_FAIL_GUARD) >> READER_SHIFT
}

/// Who holds the lock, as far as a spinning writer can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnerState {
    /// Nobody, or a holder that has not written its name yet, or has already wiped it.
    Null,
    /// A writer.
    Writer,
    /// A reader, now or in the past: readers do not wipe their name.
    Reader,
    /// Spinning is of no use.
    Nonspinnable,
}

/// The owner word: the task's word in the kernel's place of the pointer, and two flags below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner(u64);

impl Owner {
    /// The named task read-locked the lock.
    pub(super) const READER_OWNED: u64 = 1 << 0;
    /// A writer gave up spinning on readers; no other shall begin until they are gone.
    pub(super) const NONSPINNABLE: u64 = 1 << 1;
    const TASK_SHIFT: u32 = 2;

    /// No owner.
    pub(super) const NOBODY: Self = Self(0);

    pub(super) fn from_word(word: u64) -> Self {
        Self(word)
    }

    pub(super) fn writer(task: TaskId) -> Self {
        Self(u64::from(task.to_word()) << Self::TASK_SHIFT)
    }

    /// A reader that takes over from `previous`, whose NONSPINNABLE stays: the readers are still not gone.
    pub(super) fn reader(task: TaskId, previous: Self) -> Self {
        Self(Self::writer(task).0 | Self::READER_OWNED | (previous.0 & Self::NONSPINNABLE))
    }

    pub(super) fn to_word(self) -> u64 {
        self.0
    }

    pub(super) fn is_reader(self) -> bool {
        self.0 & Self::READER_OWNED != 0
    }

    pub(super) fn is_nonspinnable(self) -> bool {
        self.0 & Self::NONSPINNABLE != 0
    }

    pub(super) fn state(self) -> OwnerState {
        if self.is_nonspinnable() {
            OwnerState::Nonspinnable
        } else if self.is_reader() {
            OwnerState::Reader
        } else if self.task().is_some() {
            OwnerState::Writer
        } else {
            OwnerState::Null
        }
    }

    fn task(self) -> Option<TaskId> {
        // The task's word is 32 bits wide, so that the shift brings all of it back.
        TaskId::from_word((self.0 >> Self::TASK_SHIFT) as u32)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.task() {
            None => f.write_str("nobody")?,
            Some(task) if self.is_reader() => write!(f, "reader task {}", task.number())?,
            Some(task) => write!(f, "writer task {}", task.number())?,
        }
        if self.is_nonspinnable() {
            f.write_str(", nonspinnable")?;
        }
        Ok(())
    }
}

/// A count in words: `0x103 (writer, waiters, 1 reader)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count(pub(super) u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x} (", self.0)?;
        let flags = [
            (WRITER_LOCKED, "writer"),
            (FLAG_WAITERS, "waiters"),
            (FLAG_HANDOFF, "handoff"),
            (READ_FAIL_GUARD, "overflow"),
        ];
        for (_, name) in flags.iter().filter(|(bit, _)| self.0 & bit != 0) {
            write!(f, "{name}, ")?;
        }
        match readers(self.0) {
            1 => f.write_str("1 reader)"),
            number => write!(f, "{number} readers)"),
        }
    }
}
