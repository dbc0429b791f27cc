//! The words of loom as a machine: every execution that the memory model allows, of threads that never sleep.

use crate::machine::{Machine, Solo, Task, TaskId, Word};
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

#[derive(Clone, Copy, Debug)]
pub(super) struct LoomWords;

impl Machine for LoomWords {
    type U32 = U32;
    type U64 = U64;
    type Parker = <Solo as Machine>::Parker;

    fn fence(order: Ordering) {
        fence(order);
    }
    fn spin_hint() {
        loom::hint::spin_loop();
    }
    fn yield_now() {
        loom::thread::yield_now();
    }
    fn now_ns() -> u64 {
        Solo::now_ns()
    }
    fn cpu() -> u32 {
        Solo::cpu()
    }
    fn current() -> TaskId {
        Solo::current()
    }
    fn task(_id: TaskId) -> &'static Task<Self> {
        unreachable!("neither the index nor the read sections put a task to sleep")
    }
}

#[derive(Debug)]
pub(super) struct U32(AtomicU32);

impl Word<u32> for U32 {
    fn new(value: u32) -> Self {
        Self(AtomicU32::new(value))
    }
    fn load(&self, order: Ordering) -> u32 {
        self.0.load(order)
    }
    fn store(&self, value: u32, order: Ordering) {
        self.0.store(value, order);
    }
    fn swap(&self, value: u32, order: Ordering) -> u32 {
        self.0.swap(value, order)
    }
    fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_add(value, order)
    }
    fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_sub(value, order)
    }
    fn fetch_or(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_or(value, order)
    }
    fn fetch_and(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_and(value, order)
    }
    fn compare_exchange(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        self.0.compare_exchange(current, new, success, failure)
    }
    fn compare_exchange_weak(
        &self,
        current: u32,
        new: u32,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u32, u32> {
        self.0.compare_exchange_weak(current, new, success, failure)
    }
}

#[derive(Debug)]
pub(super) struct U64(AtomicU64);

impl Word<u64> for U64 {
    fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }
    fn load(&self, order: Ordering) -> u64 {
        self.0.load(order)
    }
    fn store(&self, value: u64, order: Ordering) {
        self.0.store(value, order);
    }
    fn swap(&self, value: u64, order: Ordering) -> u64 {
        self.0.swap(value, order)
    }
    fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_add(value, order)
    }
    fn fetch_sub(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_sub(value, order)
    }
    fn fetch_or(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_or(value, order)
    }
    fn fetch_and(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_and(value, order)
    }
    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.0.compare_exchange(current, new, success, failure)
    }
    fn compare_exchange_weak(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.0.compare_exchange_weak(current, new, success, failure)
    }
}
