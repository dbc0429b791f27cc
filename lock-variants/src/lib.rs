//! The VMA lock designs, one file per algorithm, and the catalogue of them.
//!
//! A design implements [`bench_core::lock::VmaLock`]. [`catalogue::visit_all`] names each once; [`contract`] holds the
//! checks that every design must pass. To bring your own lock, implement `VmaLock`, or, for a plain reader-writer lock,
//! the smaller [`adapter::PlainLock`], which shows a complete lock in under 30 lines.

#![forbid(unsafe_code)]

pub mod adapter;
pub mod atomic_inverted;
pub mod atomic_msb;
pub mod atomic_signed;
pub mod atomic_two_bit;
pub mod bravo;
pub mod catalogue;
pub mod contract;
pub mod mmap_lock;
mod mms;
pub mod notes;
pub mod null;
mod parking_lot;
pub mod percpu_rwsem;
pub mod placement;
pub mod range_lock;
pub mod rcuref;
pub mod rcuwait;
pub mod refcount;
pub mod refcount_t;
mod rwsem;
pub mod rwsem_seqcount;
pub mod rwsem_snapshot;
pub mod sequence;
pub mod speculative;
mod std_rwlock;
mod width;

/// `1 reader`, `2 readers`.
fn plural(count: u32, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}
