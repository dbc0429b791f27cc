//! The parameters of a workload, and their limits.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The most VMAs that a workload may have: what the index and the arena are built for.
pub const MAX_VMAS: u32 = 16_384;
/// The most pages in a VMA.
pub const MAX_PAGES_PER_VMA: u32 = 4_096;
/// The longest hold or think time in nanoseconds.
pub const MAX_DELAY_NS: u64 = 10_000_000;

/// What the threads do to the address space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkloadSpec {
    /// The name; in records and on the command line.
    pub name: String,
    /// One sentence without a full stop.
    #[serde(default)]
    pub summary: String,
    /// VMAs that stay mapped for the whole window; 0 means one per thread.
    #[serde(default = "one")]
    pub vmas: u32,
    /// Pages in each VMA. A fault goes to one of them; a churning thread touches each once per mapping.
    #[serde(default = "default_pages")]
    pub pages_per_vma: u32,
    /// Which VMA a fault or a writer goes to.
    #[serde(default)]
    pub target: Target,
    /// Which threads play which role.
    #[serde(default)]
    pub threads: RoleThreads,
    /// Work of a fault while it holds the VMA, in nanoseconds.
    #[serde(default)]
    pub hold_ns: u64,
    /// Work of a writer while it holds the VMA write-locked, in nanoseconds.
    #[serde(default)]
    pub write_hold_ns: u64,
    /// Work between two operations, in nanoseconds.
    #[serde(default)]
    pub think_ns: u64,
    /// Work of a writer between two operations, in nanoseconds.
    #[serde(default)]
    pub write_think_ns: u64,
    /// Where the lock sits beside the VMA's other fields.
    #[serde(default)]
    pub layout: Layout,
    /// Whether a fault looks its VMA up in the index. `false` measures the lock without the lookup.
    #[serde(default = "yes")]
    pub index: bool,
}

fn one() -> u32 {
    1
}

fn default_pages() -> u32 {
    16
}

fn yes() -> bool {
    true
}

/// Which VMA an operation goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// All threads to the first VMA.
    #[default]
    Same,
    /// Each thread to its own (thread number modulo VMAs).
    Own,
    /// All VMAs alike.
    Uniform,
    /// The first VMAs much more often: Zipf with exponent 1.
    Zipf,
}

/// Where the lock of a VMA sits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// On a pair of cache lines of its own (128-byte aligned).
    #[default]
    OwnLine,
    /// Locks side by side at their natural size, as objects of a slab cache.
    Packed,
    /// On the same line as the fields that every fault reads (start, end, mm) and the payload.
    BesideHotFields,
}

/// A part that threads play.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RoleName {
    /// Takes page faults: a read of one VMA.
    Fault,
    /// Changes the protection of VMAs: write-locks one at a time.
    Mprotect,
    /// Maps a VMA, faults each of its pages, unmaps it.
    Churn,
}

impl RoleName {
    /// The word in records and reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Mprotect => "mprotect",
            Self::Churn => "churn",
        }
    }
}

/// How many threads play each role; the others play `rest`. With fewer threads than are named, roles are filled in the
/// order mprotect, churn, fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleThreads {
    /// Threads that write-lock VMAs.
    #[serde(default)]
    pub mprotect: u32,
    /// Threads that map and unmap.
    #[serde(default)]
    pub churn: u32,
    /// Threads that fault.
    #[serde(default)]
    pub fault: u32,
    /// What all other threads do.
    #[serde(default = "rest")]
    pub rest: RoleName,
}

fn rest() -> RoleName {
    RoleName::Fault
}

impl Default for RoleThreads {
    fn default() -> Self {
        Self {
            mprotect: 0,
            churn: 0,
            fault: 0,
            rest: RoleName::Fault,
        }
    }
}

/// What is wrong with a workload.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SpecError {
    /// A number is outside its range.
    #[error("workload `{workload}`: `{field}` is {value}, but must be from {least} to {most}")]
    OutOfRange {
        /// The workload's name.
        workload: String,
        /// The field's name in TOML.
        field: &'static str,
        /// What it is.
        value: u64,
        /// The smallest that is allowed.
        least: u64,
        /// The largest that is allowed.
        most: u64,
    },
    /// A name that cannot stand in a record or on the command line.
    #[error(
        "workload name `{0}`: use 1 to 40 lower-case letters, digits and hyphens, beginning with a letter"
    )]
    BadName(String),
}

impl WorkloadSpec {
    /// Checks every number against its limits.
    ///
    /// # Errors
    /// The first field that is outside, with its range.
    pub fn validate(&self) -> Result<(), SpecError> {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !(1..=40).contains(&self.name.len())
            || !self.name.chars().all(good)
            || !self.name.starts_with(|c: char| c.is_ascii_lowercase())
        {
            return Err(SpecError::BadName(self.name.clone()));
        }
        let limits = [
            ("vmas", u64::from(self.vmas), 0, u64::from(MAX_VMAS)),
            (
                "pages_per_vma",
                u64::from(self.pages_per_vma),
                1,
                u64::from(MAX_PAGES_PER_VMA),
            ),
            ("hold_ns", self.hold_ns, 0, MAX_DELAY_NS),
            ("write_hold_ns", self.write_hold_ns, 0, MAX_DELAY_NS),
            ("think_ns", self.think_ns, 0, MAX_DELAY_NS),
            ("write_think_ns", self.write_think_ns, 0, MAX_DELAY_NS),
        ];
        for (field, value, least, most) in limits {
            if !(least..=most).contains(&value) {
                return Err(SpecError::OutOfRange {
                    workload: self.name.clone(),
                    field,
                    value,
                    least,
                    most,
                });
            }
        }
        Ok(())
    }

    /// VMAs that stay mapped, for this many threads.
    #[must_use]
    pub fn resident_vmas(&self, threads: u32) -> u32 {
        if self.vmas == 0 { threads } else { self.vmas }
    }

    /// The role of each of `threads` workers, in worker order: mprotect first, then churn, then fault, then the rest.
    #[must_use]
    pub fn roles(&self, threads: u32) -> Vec<RoleName> {
        let named = [
            (RoleName::Mprotect, self.threads.mprotect),
            (RoleName::Churn, self.threads.churn),
            (RoleName::Fault, self.threads.fault),
        ];
        named
            .into_iter()
            .flat_map(|(role, count)| std::iter::repeat_n(role, count as usize))
            .chain(std::iter::repeat(self.threads.rest))
            .take(threads as usize)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::presets;

    #[test]
    fn presets_are_within_their_limits() {
        for spec in presets() {
            spec.validate().expect("a preset is valid");
        }
    }

    #[test]
    fn writers_come_first_and_the_rest_fault() {
        let spec = crate::workload::preset("fault-vs-mprotect").expect("the preset exists");
        assert_eq!(spec.roles(1), [RoleName::Mprotect]);
        assert_eq!(
            spec.roles(3),
            [RoleName::Mprotect, RoleName::Fault, RoleName::Fault]
        );
    }

    #[test]
    fn a_number_over_its_limit_names_the_field_and_the_range() {
        let mut spec = crate::workload::preset("fault-one-vma").expect("the preset exists");
        spec.vmas = MAX_VMAS + 1;
        let error = spec.validate().expect_err("one too many").to_string();
        assert!(
            error.contains("`vmas` is 16385") && error.contains("0 to 16384"),
            "{error}"
        );
    }
}
