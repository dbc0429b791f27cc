//! Putting a thread on a CPU, and making sure that it is there.
//!
//! The CPUs that the process may use are read once, before anything is pinned, and kept: the kernel answers for the
//! calling *thread*, so that a pinned thread (and all that it spawns) would see a machine with one CPU.

use std::sync::OnceLock;

/// The largest number of CPUs that the affinity calls of libc hold.
const AFFINITY_CPUS: u32 = libc::CPU_SETSIZE as u32;

/// Why a thread is not on the CPU that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// The CPU is not in the process's affinity mask or cpuset.
    #[error(
        "CPU {cpu} is not among the CPUs that this process may use ({}); choose one of these, or start vmalock under `taskset -c` or a cpuset that holds CPU {cpu}",
        list(allowed)
    )]
    NotAllowed {
        /// The CPU that was asked for.
        cpu: u32,
        /// The CPUs that the process may use.
        allowed: Vec<u32>,
    },
    /// The kernel refused the affinity mask.
    #[error(
        "the kernel refused to pin a thread to CPU {cpu}; see that it is online (/sys/devices/system/cpu/online) and still in the cpuset of this process"
    )]
    Refused {
        /// The CPU that was asked for.
        cpu: u32,
    },
    /// The kernel took the mask, and yet the thread may run elsewhere or does.
    #[error(
        "a thread was pinned to CPU {cpu}, but it may run on {} and runs on CPU {running}; see that nothing else sets the affinity of this process (taskset, cpuset or container manager)",
        list(may_run_on)
    )]
    NotConfirmed {
        /// The CPU that was asked for.
        cpu: u32,
        /// The thread's mask as the kernel gives it back.
        may_run_on: Vec<u32>,
        /// Where the thread ran when asked.
        running: u32,
    },
}

/// CPU numbers as a person reads them.
fn list(cpus: &[u32]) -> String {
    let words: Vec<String> = cpus.iter().map(u32::to_string).collect();
    words.join(",")
}

/// The CPUs that the calling thread may run on, ascending; empty where the system does not tell.
fn mask_of_this_thread() -> Vec<u32> {
    let ids = core_affinity::get_core_ids().unwrap_or_default();
    ids.iter()
        .filter_map(|core| u32::try_from(core.id).ok())
        .collect()
}

/// The CPUs that this process may use, by the kernel's number, ascending: the affinity mask (`taskset`) within the
/// cpuset.
///
/// It is read at the first call and never again. That call must come before any thread is pinned; `main` makes it.
/// Numbers of 1024 and above are beyond the affinity calls used here and are left out.
pub fn allowed_cpus() -> &'static [u32] {
    static ALLOWED: OnceLock<Vec<u32>> = OnceLock::new();
    ALLOWED.get_or_init(mask_of_this_thread)
}

/// The CPU that the calling thread is on at this moment.
#[must_use]
pub fn current_cpu() -> u32 {
    u32::try_from(rustix::thread::sched_getcpu()).unwrap_or(u32::MAX)
}

/// Pins the calling thread to `cpu`, and confirms it by the thread's mask and by where it runs.
///
/// # Errors
///
/// [`PinError`], in words that say what to do. The thread's affinity is then not to be relied on: the cell that it was
/// meant for is an error.
pub fn pin_to(cpu: u32) -> Result<(), PinError> {
    let allowed = allowed_cpus();
    if cpu >= AFFINITY_CPUS || !allowed.contains(&cpu) {
        return Err(PinError::NotAllowed {
            cpu,
            allowed: allowed.to_vec(),
        });
    }
    if !core_affinity::set_for_current(core_affinity::CoreId { id: cpu as usize }) {
        return Err(PinError::Refused { cpu });
    }
    // The kernel moves the thread before the call returns, so that no wait is needed here.
    let may_run_on = mask_of_this_thread();
    let running = current_cpu();
    if may_run_on == [cpu] && running == cpu {
        return Ok(());
    }
    Err(PinError::NotConfirmed {
        cpu,
        may_run_on,
        running,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_where_it_was_pinned() {
        for &cpu in allowed_cpus() {
            let seen = std::thread::spawn(move || {
                pin_to(cpu).expect("an allowed CPU can be pinned to");
                (mask_of_this_thread(), current_cpu())
            });
            let (mask, running) = seen.join().expect("the thread ends");
            assert_eq!(mask, [cpu]);
            assert_eq!(running, cpu);
        }
    }

    #[test]
    fn pinning_does_not_shrink_the_allowed_cpus() {
        let before = allowed_cpus().to_vec();
        let after = std::thread::spawn(move || {
            let first = *allowed_cpus().first().expect("there is a CPU");
            pin_to(first).expect("an allowed CPU can be pinned to");
            allowed_cpus().to_vec()
        });
        assert_eq!(after.join().expect("the thread ends"), before);
    }

    #[test]
    fn a_cpu_that_is_not_there_is_refused_in_words() {
        for cpu in [1023, 1024, 1_000_000] {
            let refusal = pin_to(cpu)
                .expect_err("no test machine has this CPU")
                .to_string();
            assert!(refusal.contains(&cpu.to_string()), "{refusal}");
            assert!(refusal.contains("taskset"), "{refusal}");
        }
    }
}
