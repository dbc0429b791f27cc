//! loom's words, with their orderings as strong as the machine makes them.

use super::{WEAKNESS, Weakness};
use bench_core::machine::Word;
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};

fn load(order: Ordering) -> Ordering {
    match (WEAKNESS.get(), order) {
        (Weakness::LoadAcquire, Ordering::Acquire) => Ordering::Relaxed,
        _ => order,
    }
}

fn store(order: Ordering) -> Ordering {
    match (WEAKNESS.get(), order) {
        (Weakness::StoreRelease, Ordering::Release) => Ordering::Relaxed,
        _ => order,
    }
}

fn rmw(order: Ordering) -> Ordering {
    match (WEAKNESS.get(), order) {
        (Weakness::RmwAcquire, Ordering::Acquire) => Ordering::Relaxed,
        (Weakness::RmwRelease, Ordering::Release) => Ordering::Relaxed,
        _ => order,
    }
}

/// A word of 32 bits.
#[derive(Debug)]
pub(crate) struct U32(AtomicU32);

impl Word<u32> for U32 {
    fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }
    fn load(&self, order: Ordering) -> u32 {
        self.0.load(load(order))
    }
    fn store(&self, value: u32, order: Ordering) {
        self.0.store(value, store(order));
    }
    fn swap(&self, value: u32, order: Ordering) -> u32 {
        self.0.swap(value, rmw(order))
    }
    fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_add(value, rmw(order))
    }
    fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_sub(value, rmw(order))
    }
    fn fetch_or(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_or(value, rmw(order))
    }
    fn fetch_and(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_and(value, rmw(order))
    }
    fn compare_exchange(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        self.0
            .compare_exchange(current, new, rmw(success), load(failure))
    }
    fn compare_exchange_weak(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        self.compare_exchange(current, new, success, failure)
    }
}

/// A word of 64 bits.
#[derive(Debug)]
pub(crate) struct U64(AtomicU64);

impl Word<u64> for U64 {
    fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }
    fn load(&self, order: Ordering) -> u64 {
        self.0.load(load(order))
    }
    fn store(&self, value: u64, order: Ordering) {
        self.0.store(value, store(order));
    }
    fn swap(&self, value: u64, order: Ordering) -> u64 {
        self.0.swap(value, rmw(order))
    }
    fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_add(value, rmw(order))
    }
    fn fetch_sub(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_sub(value, rmw(order))
    }
    fn fetch_or(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_or(value, rmw(order))
    }
    fn fetch_and(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_and(value, rmw(order))
    }
    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.0
            .compare_exchange(current, new, rmw(success), load(failure))
    }
    fn compare_exchange_weak(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.compare_exchange(current, new, success, failure)
    }
}
