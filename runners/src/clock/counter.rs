//! The processor's counter, and the instruction that waits for what came before. The only place that knows x86 from arm64.

#![allow(
    unsafe_code,
    reason = "the counter is read by instructions that have no safe form"
)]

/// The counter, read after every earlier instruction is done and before any later one begins.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn read() -> u64 {
    use std::arch::x86_64::{__rdtscp, _mm_lfence};
    let mut processor = 0_u32;
    // SAFETY: rdtscp is there (the choice of this clock looks for its flag; a reading for no clock does not happen) and
    // writes to `processor` alone; lfence is part of every x86-64. rdtscp waits for earlier instructions, lfence holds
    // back the later ones.
    unsafe {
        let ticks = __rdtscp(&raw mut processor);
        _mm_lfence();
        ticks
    }
}

/// The counter, read after every earlier instruction is done and before any later one begins.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
pub(super) fn read() -> u64 {
    let ticks: u64;
    // SAFETY: reads a register that Linux opens to user space; no memory, stack or flag is touched. The barriers keep
    // the reading in its place: the architecture lets it move in both directions.
    unsafe {
        std::arch::asm!("isb", "mrs {ticks}, cntvct_el0", "isb", ticks = out(reg) ticks, options(nostack, preserves_flags));
    }
    ticks
}

/// No counter: it stands still, and calibration says so.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline(always)]
pub(super) fn read() -> u64 {
    0
}

/// The counter's rate as a register claims it, in ticks per second; 0 where firmware or an emulator set none.
#[cfg(target_arch = "aarch64")]
pub(super) fn claimed_ticks_per_s() -> Option<u64> {
    let rate: u64;
    // SAFETY: reads CNTFRQ_EL0, which Linux opens to user space together with the counter; no memory, stack or flag is touched.
    unsafe {
        std::arch::asm!("mrs {rate}, cntfrq_el0", rate = out(reg) rate, options(nomem, nostack, preserves_flags));
    }
    Some(rate)
}

/// The counter's rate as a register claims it: none tells.
#[cfg(not(target_arch = "aarch64"))]
pub(super) fn claimed_ticks_per_s() -> Option<u64> {
    None
}

/// Waits until every earlier instruction of this CPU is done; later ones begin after it. Orders nothing between CPUs.
#[inline(always)]
pub fn settle() {
    // SAFETY: lfence is part of every x86-64 and touches nothing.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::x86_64::_mm_lfence();
    }
    // SAFETY: isb touches nothing.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!("isb", options(nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
}
