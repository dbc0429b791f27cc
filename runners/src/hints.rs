//! What the processor is told while a thread waits for another: the place that knows x86 from arm64 here.
//!
//! The form is chosen when the program is built, by `VMALOCK_PAUSE` in the environment, since a choice at run time would be a branch
//! in every turn of every spin loop. `runners/build/pause.rs` says which words a target has; the header of a run has the
//! word ([`PAUSE`]).
//!
//! - Without it: the hint of the standard library, `pause` on x86-64 and `isb` on arm64.
//! - `yield`, arm64: the architecture's own hint to other threads of the core, which most arm64 cores take for a `nop`.
//! - `wfe`, arm64: where one word is waited on, an exclusive load watches it and the core sleeps until it is written, as Linux does
//!   in `smp_cond_load_relaxed` and its queued locks; elsewhere as without it.

#![cfg_attr(
    any(vmalock_pause = "yield", vmalock_pause = "wfe"),
    allow(unsafe_code, reason = "the instructions have no safe form")
)]

use std::sync::atomic::{AtomicU32, AtomicU64};

/// The form that the build chose; `None` for that of the standard library.
pub(crate) const PAUSE: Option<&str> = option_env!("VMALOCK_PAUSE_CHOSEN");

/// Says that the caller spins.
#[cfg(not(vmalock_pause = "yield"))]
#[inline(always)]
pub(crate) fn spin() {
    std::hint::spin_loop();
}

/// Says that the caller spins.
#[cfg(vmalock_pause = "yield")]
#[inline(always)]
pub(crate) fn spin() {
    // SAFETY: a hint; no memory, register, stack or flag is touched.
    unsafe {
        std::arch::asm!("yield", options(nomem, nostack, preserves_flags));
    }
}

/// Waits a moment while the word holds the value. See [`bench_core::machine::Machine::wait_while_u32`].
#[cfg(not(vmalock_pause = "wfe"))]
#[inline(always)]
pub(crate) fn wait_while_u32(_word: &AtomicU32, _value: u32) {
    spin();
}

/// Waits a moment while the word holds the value. See [`bench_core::machine::Machine::wait_while_u64`].
#[cfg(not(vmalock_pause = "wfe"))]
#[inline(always)]
pub(crate) fn wait_while_u64(_word: &AtomicU64, _value: u64) {
    spin();
}

/// Waits while the word holds the value, at longest until the next event of the core: an interrupt, or the event stream that Linux sets
/// to 10 kHz.
///
/// An event that came before would end the wait at once: `sevl` and the first `wfe` use it up. The exclusive load watches the word from then
/// on, so that a write after it ends the second `wfe`. The order is that of the caller's own next load.
#[cfg(vmalock_pause = "wfe")]
#[inline(always)]
pub(crate) fn wait_while_u32(word: &AtomicU32, value: u32) {
    // SAFETY: reads a word that the reference keeps alive, which atomics of other threads may write; no stack or flag is touched.
    unsafe {
        std::arch::asm!(
            "sevl",
            "wfe",
            "ldxr {seen:w}, [{word}]",
            "eor {seen:w}, {seen:w}, {value:w}",
            "cbnz {seen:w}, 2f",
            "wfe",
            "2:",
            word = in(reg) word.as_ptr(),
            value = in(reg) value,
            seen = out(reg) _,
            options(nostack, preserves_flags),
        );
    }
}

/// As [`wait_while_u32`], for a wider word.
#[cfg(vmalock_pause = "wfe")]
#[inline(always)]
pub(crate) fn wait_while_u64(word: &AtomicU64, value: u64) {
    // SAFETY: as in `wait_while_u32`.
    unsafe {
        std::arch::asm!(
            "sevl",
            "wfe",
            "ldxr {seen}, [{word}]",
            "eor {seen}, {seen}, {value}",
            "cbnz {seen}, 2f",
            "wfe",
            "2:",
            word = in(reg) word.as_ptr(),
            value = in(reg) value,
            seen = out(reg) _,
            options(nostack, preserves_flags),
        );
    }
}

#[cfg(test)]
#[path = "../build/pause.rs"]
mod choice;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::{Acquire, Release};
    use std::thread;

    #[test]
    fn a_wait_ends_when_the_word_is_written() {
        let (word, wide) = (AtomicU32::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                for turn in 1..=100 {
                    word.store(turn, Release);
                    while wide.load(Acquire) != u64::from(turn) << 32 {
                        wait_while_u64(&wide, u64::from(turn - 1) << 32);
                    }
                }
            });
            for turn in 1..=100 {
                while word.load(Acquire) != turn {
                    wait_while_u32(&word, turn - 1);
                }
                wide.store(u64::from(turn) << 32, Release);
            }
        });
    }

    #[test]
    fn a_word_that_holds_another_value_is_not_waited_for() {
        wait_while_u32(&AtomicU32::new(1), 0);
        wait_while_u64(&AtomicU64::new(1), 0);
    }

    #[test]
    fn a_build_takes_the_pauses_of_its_target() {
        for (asked, arch) in [
            ("", "aarch64"),
            ("isb", "aarch64"),
            ("pause", "x86_64"),
            ("", "riscv64"),
        ] {
            assert_eq!(choice::of(asked, arch), Ok(None), "{asked} of {arch}");
        }
        for asked in ["yield", "wfe"] {
            assert_eq!(choice::of(asked, "aarch64"), Ok(Some(asked)));
        }
        for (asked, arch, known) in [
            ("wfe", "x86_64", "one of: pause"),
            ("pause", "aarch64", "one of: isb, yield, wfe"),
            ("pause", "riscv64", "leave it unset"),
        ] {
            let why = choice::of(asked, arch).expect_err("no such pause");
            assert!(why.contains(asked) && why.ends_with(known), "{why}");
        }
    }

    #[test]
    fn the_chosen_form_is_in_the_header() {
        assert_eq!(crate::recording::header::tool().pause.as_deref(), PAUSE);
        assert!(PAUSE.is_none_or(|word| ["yield", "wfe"].contains(&word)));
    }
}
