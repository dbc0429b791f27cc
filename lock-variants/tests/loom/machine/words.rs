//! loom's words, as the machine makes them at the place they are used from.

use super::fault::Order;
use bench_core::machine::Word;
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::panic::Location;

/// A word of 32 bits.
#[derive(Debug)]
pub(crate) struct U32(AtomicU32);

impl U32 {
    /// A read-modify-write that writes `new` of what the word holds.
    fn update(&self, order: Order, write: impl FnOnce(&AtomicU32, Ordering) -> u32) -> u32 {
        if order.left_out {
            return self.0.load(Ordering::Relaxed);
        }
        order.seen(write(&self.0, order.order))
    }
}

impl Word<u32> for U32 {
    fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }
    #[track_caller]
    fn load(&self, order: Ordering) -> u32 {
        let order = Order::of("load", order, Location::caller());
        order.seen(self.0.load(order.order))
    }
    #[track_caller]
    fn store(&self, value: u32, order: Ordering) {
        let order = Order::of("store", order, Location::caller());
        if !order.left_out {
            self.0.store(value, order.order);
        }
    }
    #[track_caller]
    fn swap(&self, value: u32, order: Ordering) -> u32 {
        let order = Order::of("swap", order, Location::caller());
        self.update(order, |word, order| word.swap(value, order))
    }
    #[track_caller]
    fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        let order = Order::of("fetch_add", order, Location::caller());
        self.update(order, |word, order| word.fetch_add(value, order))
    }
    #[track_caller]
    fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
        let order = Order::of("fetch_sub", order, Location::caller());
        self.update(order, |word, order| word.fetch_sub(value, order))
    }
    #[track_caller]
    fn fetch_or(&self, value: u32, order: Ordering) -> u32 {
        let order = Order::of("fetch_or", order, Location::caller());
        self.update(order, |word, order| word.fetch_or(value, order))
    }
    #[track_caller]
    fn fetch_and(&self, value: u32, order: Ordering) -> u32 {
        let order = Order::of("fetch_and", order, Location::caller());
        self.update(order, |word, order| word.fetch_and(value, order))
    }
    #[track_caller]
    fn compare_exchange(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        let order = Order::of("compare_exchange", success, Location::caller());
        if order.left_out {
            return Ok(current);
        }
        self.0.compare_exchange(current, new, order.order, failure)
    }
    #[track_caller]
    fn compare_exchange_weak(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        let order = Order::of("compare_exchange_weak", success, Location::caller());
        if order.left_out {
            return Ok(current);
        }
        self.0.compare_exchange(current, new, order.order, failure)
    }
}

/// A word of 64 bits.
#[derive(Debug)]
pub(crate) struct U64(AtomicU64);

impl U64 {
    /// A read-modify-write that writes `new` of what the word holds.
    fn update(&self, order: Order, write: impl FnOnce(&AtomicU64, Ordering) -> u64) -> u64 {
        if order.left_out {
            return self.0.load(Ordering::Relaxed);
        }
        order.seen(write(&self.0, order.order))
    }
}

impl Word<u64> for U64 {
    fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }
    #[track_caller]
    fn load(&self, order: Ordering) -> u64 {
        let order = Order::of("load", order, Location::caller());
        order.seen(self.0.load(order.order))
    }
    #[track_caller]
    fn store(&self, value: u64, order: Ordering) {
        let order = Order::of("store", order, Location::caller());
        if !order.left_out {
            self.0.store(value, order.order);
        }
    }
    #[track_caller]
    fn swap(&self, value: u64, order: Ordering) -> u64 {
        let order = Order::of("swap", order, Location::caller());
        self.update(order, |word, order| word.swap(value, order))
    }
    #[track_caller]
    fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
        let order = Order::of("fetch_add", order, Location::caller());
        self.update(order, |word, order| word.fetch_add(value, order))
    }
    #[track_caller]
    fn fetch_sub(&self, value: u64, order: Ordering) -> u64 {
        let order = Order::of("fetch_sub", order, Location::caller());
        self.update(order, |word, order| word.fetch_sub(value, order))
    }
    #[track_caller]
    fn fetch_or(&self, value: u64, order: Ordering) -> u64 {
        let order = Order::of("fetch_or", order, Location::caller());
        self.update(order, |word, order| word.fetch_or(value, order))
    }
    #[track_caller]
    fn fetch_and(&self, value: u64, order: Ordering) -> u64 {
        let order = Order::of("fetch_and", order, Location::caller());
        self.update(order, |word, order| word.fetch_and(value, order))
    }
    #[track_caller]
    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        let order = Order::of("compare_exchange", success, Location::caller());
        if order.left_out {
            return Ok(current);
        }
        self.0.compare_exchange(current, new, order.order, failure)
    }
    #[track_caller]
    fn compare_exchange_weak(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        let order = Order::of("compare_exchange_weak", success, Location::caller());
        if order.left_out {
            return Ok(current);
        }
        self.0.compare_exchange(current, new, order.order, failure)
    }
}
