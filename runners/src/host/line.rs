//! The line size that the processor itself tells, where sysfs does not. The part of the topology that knows arm64.

#![allow(
    unsafe_code,
    reason = "the register is read by an instruction that has no safe form"
)]

/// The smallest data cache line in bytes, by CTR_EL0.
///
/// Linux opens the register to user space, or answers for it where the cores of a machine differ (Documentation/arch/arm64,
/// CPU feature registers). DminLine, bits 16 to 19, is the logarithm of the number of 4-byte words in a line.
#[cfg(target_arch = "aarch64")]
pub(super) fn bytes() -> Option<u32> {
    let register: u64;
    // SAFETY: reads a register that user space may read; no memory, stack or flag is touched.
    unsafe {
        std::arch::asm!("mrs {register}, ctr_el0", register = out(reg) register, options(nomem, nostack, preserves_flags));
    }
    Some(4 << (register >> 16 & 0xf))
}

/// The smallest data cache line in bytes: no register is asked here, since sysfs tells.
#[cfg(not(target_arch = "aarch64"))]
pub(super) fn bytes() -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_line_is_a_power_of_two_and_only_arm64_tells() {
        match super::bytes() {
            Some(bytes) => assert!(
                bytes.is_power_of_two() && (16..=2048).contains(&bytes),
                "{bytes}"
            ),
            None => assert_ne!(std::env::consts::ARCH, "aarch64"),
        }
    }
}
