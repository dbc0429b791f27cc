//! A reader-writer lock of your own as the lock of a VMA, beside those of the catalogue, in under 30 lines.
//!
//! [`Sequenced`] puts the two sequence numbers of Linux 6.4 around it; `my_vma_lock.rs` shows the whole contract instead.
//! `cargo run --release --example my_lock -- verify --lock my-lock` says whether it is right, and
//! `cargo run --release --example my_lock -- run --preset quick --lock my-lock,rwsem,refcount` how it compares.

use bench_core::lock::LockFacts;
use lock_variants::adapter::{PlainLock, Sequenced};
use runners::{contender::*, native::Native};
use std::sync::atomic::{AtomicU32, Ordering::*};
#[derive(Debug)]
struct MyLock(AtomicU32); // the number of readers; the top bit is a writer
struct Reader<'lock>(&'lock AtomicU32);
#[rustfmt::skip] impl Drop for Reader<'_> { fn drop(&mut self) { self.0.fetch_sub(1, Release); } }
#[rustfmt::skip]
impl PlainLock for MyLock {
    type Guard<'lock> = Reader<'lock>;
    const INFO: LockFacts = LockFacts { name: "my-lock", summary: "one word", source: "you", excludes: true };
    fn new() -> Self { Self(AtomicU32::new(0)) }
    fn try_read(&self) -> Option<Reader<'_>> {
        let reader = Reader(&self.0); // dropped, and so taken back, when there is a writer
        (self.0.fetch_add(1, Acquire) >> 31 == 0).then_some(reader)
    }
    fn with_write(&self, stamp: impl FnOnce()) {
        while self.0.fetch_or(1 << 31, Acquire) >> 31 == 1 { std::thread::yield_now() } // for other writers
        while self.0.load(Acquire) != 1 << 31 { std::thread::yield_now() } // for readers
        stamp();
        self.0.fetch_sub(1 << 31, Release);
    }
}
fn main() -> std::process::ExitCode {
    let mine = [Contender::of::<Sequenced<Native, MyLock>>()];
    runners::main_with(&[&catalogue()[..], &mine].concat())
}
