//! The ranges of addresses that are held in one mm, and the spinlock around them.

use bench_core::lock::Declined;
use bench_core::machine::{Machine, Pause, Word};
use bench_core::space::PAGE_BYTES;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// At most so many pages are held for reading at a time: the bits of `reading`.
pub const READERS: usize = 64;
/// At most so many ranges are held for writing. Who needs more holds [`EVERYTHING`] instead.
pub const WRITER_RANGES: usize = 4;
/// Every address.
pub const EVERYTHING: Range<u64> = 0..u64::MAX;

/// The ranges that are held in one mm. Everything but `busy` is guarded by it, and so Relaxed: the spinlock orders it.
#[derive(Debug)]
pub struct Ranges<M: Machine> {
    /// 1 while somebody has the table: the spinlock.
    busy: M::U32,
    /// How many of `written`, from the first on, are held for writing.
    writing: M::U32,
    /// Bit `n` is set: `pages[n]` is held for reading.
    reading: M::U64,
    /// First and last address, the last excluded.
    written: [(M::U64, M::U64); WRITER_RANGES],
    /// First addresses.
    pages: [M::U64; READERS],
}

/// The table, with its spinlock held until this is dropped.
#[derive(Debug)]
pub struct Table<'mm, M: Machine> {
    ranges: &'mm Ranges<M>,
}

impl<M: Machine> Ranges<M> {
    /// Nothing is held.
    #[must_use]
    pub fn new() -> Self {
        Self {
            busy: M::U32::new(0),
            writing: M::U32::new(0),
            reading: M::U64::new(0),
            written: std::array::from_fn(|_| (M::U64::new(0), M::U64::new(0))),
            pages: std::array::from_fn(|_| M::U64::new(0)),
        }
    }

    /// Takes the spinlock.
    #[inline]
    pub fn lock(&self) -> Table<'_, M> {
        let mut pause = Pause::new();
        // Acquire: pairs with Release in `drop`. Relaxed on failure: tried again.
        while self.busy.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
            // Relaxed: a look at when it is worth another try, which does not take the line from its holder.
            while self.busy.load(Relaxed) != 0 {
                pause.wait::<M>();
            }
        }
        Table { ranges: self }
    }
}

impl<M: Machine> Default for Ranges<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Machine> Drop for Table<'_, M> {
    #[inline]
    fn drop(&mut self) {
        // Release: pairs with Acquire in `lock`.
        self.ranges.busy.store(0, Release);
    }
}

/// Whether the page that begins there has an address in the range.
fn overlaps(page: u64, range: &Range<u64>) -> bool {
    page < range.end && range.start < page + PAGE_BYTES
}

impl<M: Machine> Table<'_, M> {
    /// Holds the page that begins there for reading. Returns its place in the table.
    ///
    /// # Errors
    /// `WriterBit` when it is in a range that is held for writing, `Limit` when the table is full.
    #[inline]
    pub fn read(&self, page: u64) -> Result<u32, Declined> {
        if self.is_written(page) {
            return Err(Declined::WriterBit);
        }
        let held = self.ranges.reading.load(Relaxed);
        let place = held.trailing_ones();
        let Some(free) = self.ranges.pages.get(place as usize) else {
            return Err(Declined::Limit);
        };
        free.store(page, Relaxed);
        self.ranges.reading.store(held | 1 << place, Relaxed);
        Ok(place)
    }

    /// Lets go of the page at this place. Returns whether a writer may wait for that.
    #[inline]
    pub fn end_read(&self, place: u32) -> bool {
        let left = self.ranges.reading.load(Relaxed) & !(1 << place);
        self.ranges.reading.store(left, Relaxed);
        self.is_written(self.ranges.pages[place as usize].load(Relaxed))
    }

    /// Holds a range for writing, or everything when there are [`WRITER_RANGES`] already. Returns the range for whose
    /// readers the writer has to wait, if there are any; they become no more. A range that is held already is left as it is.
    #[inline]
    pub fn write(&self, range: Range<u64>) -> Option<Range<u64>> {
        let held = self.ranges.writing.load(Relaxed);
        let covers = |held: Range<u64>| held.start <= range.start && range.end <= held.end;
        if self.written().any(covers) {
            return None;
        }
        let (place, range) = match held as usize {
            WRITER_RANGES => (0, EVERYTHING),
            next => (next, range),
        };
        let (start, end) = &self.ranges.written[place];
        start.store(range.start, Relaxed);
        end.store(range.end, Relaxed);
        self.ranges.writing.store(place as u32 + 1, Relaxed);
        self.is_read(&range).then_some(range)
    }

    /// Lets go of every range that is held for writing.
    #[inline]
    pub fn end_write(&self) {
        self.ranges.writing.store(0, Relaxed);
    }

    /// Whether a page of the range is held for reading.
    #[must_use]
    pub fn is_read(&self, range: &Range<u64>) -> bool {
        self.read_pages().any(|page| overlaps(page, range))
    }

    /// Whether the page is in a range that is held for writing.
    #[inline]
    fn is_written(&self, page: u64) -> bool {
        self.written().any(|range| overlaps(page, &range))
    }

    #[inline]
    fn written(&self) -> impl Iterator<Item = Range<u64>> {
        let held = self.ranges.writing.load(Relaxed) as usize;
        let written = self.ranges.written[..held].iter();
        written.map(|(start, end)| start.load(Relaxed)..end.load(Relaxed))
    }

    fn read_pages(&self) -> impl Iterator<Item = u64> {
        let held = self.ranges.reading.load(Relaxed);
        let places = (0..READERS).filter(move |place| held >> place & 1 == 1);
        places.map(|place| self.ranges.pages[place].load(Relaxed))
    }
}

impl<M: Machine> fmt::Display for Ranges<M> {
    /// The table as it is now. For descriptions: the spinlock is not taken, so that a task that hangs with it is no hindrance.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let busy = self.busy.load(Relaxed);
        // Not dropped, since it was not taken.
        let table = std::mem::ManuallyDrop::new(Table { ranges: self });
        write!(out, "busy={busy} reading=[")?;
        for page in table.read_pages() {
            write!(out, " {page:#x}")?;
        }
        write!(out, " ] writing=[")?;
        for range in table.written() {
            write!(out, " {:#x}..{:#x}", range.start, range.end)?;
        }
        write!(out, " ]")
    }
}
