//! Which clock a machine gets, and why.

use std::fs;

/// The clock in use, with the reason where it is not the processor's counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// x86: the time-stamp counter.
    Tsc,
    /// arm64: the virtual counter.
    Cntvct,
    /// x86: `constant_tsc` or `nonstop_tsc` is missing.
    TscNotInvariant,
    /// x86: the processor cannot read the counter in order (`rdtscp`).
    TscUnordered,
    /// x86: the kernel keeps time by something else.
    KernelAvoidsTsc,
    /// The counter did not move between two readings 40 ms apart.
    CounterStandsStill,
    /// Neither x86 nor arm64.
    NoCounter,
}

impl Choice {
    /// Whether readings are of the processor's counter.
    #[inline(always)]
    pub(super) fn is_counter(self) -> bool {
        matches!(self, Self::Tsc | Self::Cntvct)
    }

    /// The kind, as in records.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Tsc => "tsc",
            Self::Cntvct => "cntvct",
            _ => "clock_gettime",
        }
    }

    /// The reason in words.
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::Tsc => {
                "the time-stamp counter is invariant (constant_tsc, nonstop_tsc) and the kernel keeps time by it"
            }
            Self::Cntvct => {
                "the architecture's counter runs at one rate and is read without a system call"
            }
            Self::TscNotInvariant => {
                "the processor does not promise a time-stamp counter of constant rate (constant_tsc and nonstop_tsc in /proc/cpuinfo); on a virtual machine, ask for an invariant TSC"
            }
            Self::TscUnordered => {
                "the processor has no rdtscp, so that its counter cannot be read in order"
            }
            Self::KernelAvoidsTsc => {
                "the kernel's clock source is not tsc, so that the counters of the CPUs may disagree; see /sys/devices/system/clocksource/clocksource0 and the kernel log for why it was dropped, or boot with clocksource=tsc"
            }
            Self::CounterStandsStill => {
                "the processor's counter did not move while it was calibrated"
            }
            Self::NoCounter => "no counter of this architecture is known here",
        }
    }
}

/// The choice for the machine that this runs on.
pub(super) fn on_this_machine() -> Choice {
    match std::env::consts::ARCH {
        "x86_64" => {
            let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
            let source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
            let clocksource = fs::read_to_string(source).unwrap_or_default();
            on_x86(&cpuinfo, &clocksource)
        }
        "aarch64" => Choice::Cntvct,
        _ => Choice::NoCounter,
    }
}

/// The choice on x86, by `/proc/cpuinfo` and the kernel's clock source.
fn on_x86(cpuinfo: &str, clocksource: &str) -> Choice {
    let line = cpuinfo.lines().find(|line| line.starts_with("flags"));
    let flags: Vec<&str> = line.unwrap_or_default().split_whitespace().collect();
    if !flags.contains(&"constant_tsc") || !flags.contains(&"nonstop_tsc") {
        Choice::TscNotInvariant
    } else if !flags.contains(&"rdtscp") {
        Choice::TscUnordered
    } else if clocksource.trim() != "tsc" {
        Choice::KernelAvoidsTsc
    } else {
        Choice::Tsc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "processor\t: 0\nflags\t\t: fpu tsc rdtscp constant_tsc nonstop_tsc\n";

    #[test]
    fn the_tsc_is_taken_only_where_it_can_be_trusted() {
        assert_eq!(on_x86(GOOD, "tsc\n"), Choice::Tsc);
        assert_eq!(on_x86(GOOD, "kvm-clock\n"), Choice::KernelAvoidsTsc);
        assert_eq!(on_x86(GOOD, ""), Choice::KernelAvoidsTsc);
        for missing in ["constant_tsc", "nonstop_tsc"] {
            let cpuinfo = GOOD.replace(missing, "");
            assert_eq!(on_x86(&cpuinfo, "tsc"), Choice::TscNotInvariant);
        }
        let cpuinfo = GOOD.replace("rdtscp", "");
        assert_eq!(on_x86(&cpuinfo, "tsc"), Choice::TscUnordered);
        assert_eq!(on_x86("", "tsc"), Choice::TscNotInvariant);
    }
}
