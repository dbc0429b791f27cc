//! How the benches of single operations repeat them, on a pinned thread.

use runners::pin::{allowed_cpus, pin_to};
use std::hint::black_box;

/// Does an operation `turns` times.
///
/// # Panics
/// When it did not do what it is timed for even once: nobody else is there, so that nothing can be in its way.
#[inline(always)]
pub(crate) fn repeat<T>(value: &T, turns: u64, operation: impl Fn(&T) -> bool) {
    // The compiler is not to know where the value lies or what it holds.
    let value = black_box(value);
    let mut failed = 0_u64;
    for _ in 0..turns {
        failed += u64::from(!operation(value));
    }
    assert_eq!(failed, 0, "an operation without a rival failed");
}

/// Pins the calling thread to the last CPU that it may use: the first is where interrupts go.
pub(crate) fn pin() {
    let cpu = allowed_cpus()
        .last()
        .expect("a running thread may run somewhere");
    pin_to(*cpu).expect("an allowed CPU");
}
