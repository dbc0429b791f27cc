//! Workloads: what the threads do to the address space.
//!
//! A workload is a mix of roles over a number of VMAs. The presets carry the names of the design; a user's own are
//! read from TOML ([`crate::plan`]) with the same fields.

mod presets;
mod spec;

pub use presets::{preset, presets};
pub use spec::{
    Layout, MAX_DELAY_NS, MAX_PAGES_PER_VMA, MAX_VMAS, RoleName, RoleThreads, SpecError, Target,
    WorkloadSpec,
};
