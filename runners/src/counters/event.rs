//! The events that are counted, and why one may not be.

use perf_event::Builder;
use perf_event::events::{Hardware, Software};
use std::io;

/// Switches that the thread made by sleeping.
pub(super) const VOLUNTARY: &str = "voluntary-switches";
/// Switches that were forced on the thread.
pub(super) const INVOLUNTARY: &str = "involuntary-switches";

/// One perf event.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// The name, as in records and as `perf list` has it.
    pub name: &'static str,
    /// One line for a person.
    pub description: &'static str,
    kind: Kind,
}

/// What the kernel is asked for.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// By the processor, in user mode.
    Hardware(Hardware),
    /// By the kernel, on behalf of user mode.
    Software(Software),
    /// By the kernel, in the kernel: with kernel mode left out it would count nothing.
    KernelSoftware(Software),
}

/// The events, by group.
pub(super) const GROUPS: [&[Event]; 3] = [
    &[
        Event {
            name: "cycles",
            description: "processor cycles in user mode",
            kind: Kind::Hardware(Hardware::CPU_CYCLES),
        },
        Event {
            name: "instructions",
            description: "instructions completed in user mode",
            kind: Kind::Hardware(Hardware::INSTRUCTIONS),
        },
    ],
    &[
        Event {
            name: "cache-references",
            description: "cache accesses in user mode, mostly of the last level; what is counted depends on the processor",
            kind: Kind::Hardware(Hardware::CACHE_REFERENCES),
        },
        Event {
            name: "cache-misses",
            description: "cache accesses in user mode that missed, mostly of the last level",
            kind: Kind::Hardware(Hardware::CACHE_MISSES),
        },
    ],
    &[
        Event {
            name: "task-clock",
            description: "CPU time of the workers in nanoseconds",
            kind: Kind::Software(Software::TASK_CLOCK),
        },
        Event {
            name: "page-faults",
            description: "page faults taken in user mode",
            kind: Kind::Software(Software::PAGE_FAULTS),
        },
        Event {
            name: "cpu-migrations",
            description: "moves of a worker to another CPU; pinned workers make none",
            kind: Kind::KernelSoftware(Software::CPU_MIGRATIONS),
        },
    ],
];

impl Event {
    /// A builder for the calling thread.
    pub(super) fn builder<'group>(&self) -> Builder<'group> {
        let mut builder = match self.kind {
            Kind::Hardware(event) => Builder::new().kind(event),
            Kind::Software(event) | Kind::KernelSoftware(event) => Builder::new().kind(event),
        };
        if matches!(self.kind, Kind::KernelSoftware(_)) {
            builder.exclude_kernel(false);
        }
        builder
    }

    /// Whether the event can be opened for the calling thread, and closes it again.
    ///
    /// # Errors
    ///
    /// The reason, in words that say what to do.
    pub fn probe(&self) -> Result<(), String> {
        let opened = self.builder().build();
        opened.map(drop).map_err(|error| self.reason(&error))
    }

    /// Why the event could not be opened, and what to do.
    pub(super) fn reason(&self, error: &io::Error) -> String {
        let place = match self.kind {
            Kind::Hardware(_) => Place::Processor,
            Kind::Software(_) => Place::UserMode,
            Kind::KernelSoftware(_) => Place::Kernel,
        };
        reason(self.name, place, error)
    }

    /// Whether the processor counts it.
    pub(super) fn is_hardware(&self) -> bool {
        matches!(self.kind, Kind::Hardware(_))
    }
}

/// Where an event happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the processor, in user mode.
    Processor,
    /// In the kernel's books on user mode.
    UserMode,
    /// In the kernel.
    Kernel,
}

/// Why an event could not be opened, and what to do.
pub(super) fn reason(name: &str, place: Place, error: &io::Error) -> String {
    use rustix::io::Errno;
    match Errno::from_io_error(error) {
        Some(Errno::NOENT | Errno::OPNOTSUPP | Errno::NXIO | Errno::NODEV) if place == Place::Processor => {
            "the machine has no performance counter for it; on a virtual machine ask the hypervisor for a PMU (QEMU: -cpu host,pmu=on)".to_owned()
        }
        Some(Errno::ACCESS | Errno::PERM) if place == Place::Kernel => {
            "it happens in the kernel, where counting is not permitted; `sysctl kernel.perf_event_paranoid=1` or CAP_PERFMON permits it".to_owned()
        }
        Some(Errno::ACCESS | Errno::PERM) => {
            "the kernel does not permit it; `sysctl kernel.perf_event_paranoid=2` or CAP_PERFMON does, and in a container perf_event_open must be allowed".to_owned()
        }
        Some(Errno::NOSYS) => {
            "the kernel (or the emulator) has no perf events; use one built with CONFIG_PERF_EVENTS".to_owned()
        }
        Some(Errno::MFILE | Errno::NFILE) => {
            "too many open files; raise the limit with `ulimit -n 4096`".to_owned()
        }
        _ => format!("perf_event_open failed ({error}); see `perf stat -e {name} true` for more"),
    }
}

/// Whether hardware counters can be opened.
///
/// # Errors
///
/// The reason, in words that say what to do.
pub fn hardware() -> Result<(), String> {
    GROUPS[0][0].probe()
}
