//! The workloads that come with the tool.

use super::{Layout, RoleName, RoleThreads, Target, WorkloadSpec};

/// All presets, in the order of lists and reports.
#[must_use]
pub fn presets() -> Vec<WorkloadSpec> {
    let faults = WorkloadSpec {
        name: "fault-one-vma".into(),
        summary: "all threads fault in one VMA, nobody writes: what one shared lock word costs"
            .into(),
        vmas: 1,
        pages_per_vma: 512,
        target: Target::Same,
        threads: RoleThreads::default(),
        hold_ns: 200,
        write_hold_ns: 0,
        think_ns: 200,
        write_think_ns: 0,
        layout: Layout::OwnLine,
        index: true,
    };
    vec![
        faults.clone(),
        WorkloadSpec {
            name: "fault-vma-per-thread".into(),
            summary:
                "each thread faults in a VMA of its own: what is left when no lock word is shared"
                    .into(),
            vmas: 0,
            target: Target::Own,
            ..faults.clone()
        },
        WorkloadSpec {
            name: "fault-vs-mprotect".into(),
            summary:
                "one thread write-locks VMAs while all others fault in them: drains and fallbacks"
                    .into(),
            vmas: 8,
            target: Target::Zipf,
            threads: RoleThreads {
                mprotect: 1,
                ..RoleThreads::default()
            },
            write_hold_ns: 500,
            write_think_ns: 2_000,
            ..faults.clone()
        },
        WorkloadSpec {
            name: "mmap-churn".into(),
            summary: "each thread maps a VMA, faults its pages and unmaps it: attach and detach"
                .into(),
            vmas: 64,
            pages_per_vma: 8,
            target: Target::Own,
            threads: RoleThreads {
                rest: RoleName::Churn,
                ..RoleThreads::default()
            },
            write_hold_ns: 200,
            ..faults
        },
    ]
}

/// The preset with this name.
#[must_use]
pub fn preset(name: &str) -> Option<WorkloadSpec> {
    presets().into_iter().find(|spec| spec.name == name)
}
