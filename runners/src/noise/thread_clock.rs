//! CPU time of threads, to the nanosecond and up to now.
//!
//! `schedstat` has the same number, but as of the last tick or switch: on a thread that runs it may be 4 ms or 10 ms old,
//! which is the length of a window.

#![allow(
    unsafe_code,
    reason = "the clock of another thread has no safe binding"
)]

use rustix::time::{ClockId, Timespec, clock_gettime};

/// In the kernel's clock numbers, the bits that say: of a thread, and exact.
const OF_A_THREAD: i32 = 4;
const EXACT: i32 = 2;

/// Nanoseconds of a time that is not negative.
fn ns(seconds: i64, nanoseconds: i64) -> u64 {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(nanoseconds).unwrap_or(0)
}

/// `CLOCK_MONOTONIC`.
pub(super) fn monotonic_ns() -> u64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::Monotonic);
    ns(tv_sec, tv_nsec)
}

/// CPU time of the calling thread.
pub(super) fn own_ns() -> u64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    ns(tv_sec, tv_nsec)
}

/// CPU time of a thread of this process; `None` when there is no such thread.
pub(super) fn cpu_ns(tid: i32) -> Option<u64> {
    // The kernel keeps the thread's number, inverted, above three bits that say which of its clocks.
    let clock: libc::clockid_t = (!tid << 3) | OF_A_THREAD | EXACT;
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a whole `timespec` that the call may write to; an unknown clock is an error, not a fault.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    (result == 0).then(|| ns(time.tv_sec, time.tv_nsec))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn the_time_of_another_thread_is_that_threads_own() {
        let (tell, told) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let worker = std::thread::spawn(move || {
            let tid = rustix::thread::gettid().as_raw_nonzero().get();
            crate::delay::chain(1_000_000);
            tell.send((tid, own_ns())).expect("the test waits");
            // Asleep until the test is done, so that the time stands still.
            ended.recv().expect_err("the other end is dropped");
        });
        let (tid, own) = told.recv().expect("the thread sends");
        let seen = cpu_ns(tid).expect("the thread lives");
        assert!(own > 100_000, "{own} ns");
        // What came after its own reading is the sending.
        assert!(
            (own..own + 50_000_000).contains(&seen),
            "{seen} ns, not {own}"
        );
        drop(end);
        worker.join().expect("the thread ends");
        // Beyond the kernel's largest thread number.
        assert_eq!(cpu_ns(1 << 23), None);
    }
}
