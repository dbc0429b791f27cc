//! The machine of a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the machine says of itself, and what was measured of it. A field that could not be read is `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// `x86_64`, `aarch64`, ...
    pub arch: String,
    /// The CPU vendor as the machine gives it, or the name of the implementer whose number it gives (arm64).
    pub cpu_vendor: Option<String>,
    /// The CPU model's name; on arm64, which gives numbers, the names of the cores' designs, joined by `+`.
    pub cpu_model: Option<String>,
    /// CPU family, model, stepping and microcode on x86; implementer, part, variant and revision of each kind of core on arm64; as
    /// words.
    pub cpu_revision: Option<String>,
    /// The kernel's release, as of `uname -r`.
    pub kernel: Option<String>,
    /// The hypervisor, when the machine says that it has one.
    pub hypervisor: Option<String>,
    /// What runs the program in the place of a processor, in words, such as `qemu-user (an aarch64 program on an x86_64
    /// kernel)`; `null` when nothing showed. No timing of such a run means anything.
    #[serde(default)]
    pub emulator: Option<String>,
    /// The CPUs that this process may run on, by the kernel's number, ascending (affinity and cpuset).
    pub allowed_cpus: Vec<u32>,
    /// Every online CPU and where it sits.
    pub cpus: Vec<Cpu>,
    /// The CPU bandwidth limit of the control group; `null` when there is none.
    pub quota: Option<Quota>,
    /// `on`, `off`, `notsupported`, ... of SMT control.
    pub smt: Option<String>,
    /// The frequency governor of the allowed CPUs.
    pub governor: Option<String>,
    /// Whether turbo or boost is on.
    pub boost: Option<bool>,
    /// Transparent huge pages: the mode in force.
    pub thp: Option<String>,
    /// Address space layout randomisation, 0 to 2.
    pub aslr: Option<u32>,
    /// Automatic NUMA balancing.
    pub numa_balancing: Option<bool>,
    /// The kernel's clock source.
    pub clocksource: Option<String>,
    /// `kernel.perf_event_paranoid`.
    pub perf_event_paranoid: Option<i32>,
    /// Whether hardware counters can be opened; `null` when it was not tried.
    pub pmu: Option<bool>,
    /// Total memory in bytes.
    pub memory_bytes: Option<u64>,
    /// The size of a data cache line in bytes.
    pub cache_line_bytes: Option<u32>,
    /// What was measured of the topology; `null` when it was not.
    pub measured: Option<Measured>,
}

/// One online CPU, by what the machine claims.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cpu {
    /// The kernel's number.
    pub id: u32,
    /// CPUs with the same number here are threads of one core (the lowest CPU of the core).
    pub core: Option<u32>,
    /// CPUs with the same number here are cores of one cluster: near each other below the last-level cache, such as those that
    /// share a second-level cache (the lowest CPU of the cluster). `null` where a cluster is one core, and so tells nothing.
    #[serde(default)]
    pub cluster: Option<u32>,
    /// CPUs with the same number here share the last-level cache (the lowest CPU that shares it).
    pub l3: Option<u32>,
    /// The NUMA node.
    pub node: Option<u32>,
    /// The package (socket).
    pub package: Option<u32>,
    /// The relative capacity of the core (arm64 big.LITTLE), 1024 for the largest.
    pub capacity: Option<u32>,
    /// The design of the core by MIDR, the identification register of arm64: `Cortex-A55`, or `0x41:0xd05`, implementer and part,
    /// where the number has no name here. `null` elsewhere.
    #[serde(default)]
    pub design: Option<String>,
}

/// A CPU bandwidth limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quota {
    /// CPU time that the group may use per period, in microseconds.
    pub quota_us: u64,
    /// The period in microseconds.
    pub period_us: u64,
}

/// The topology as measured, for the allowed CPUs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Measured {
    /// The time for a cache line to go from one CPU to the other: half of the fastest round trip seen.
    pub line_transfer: Vec<PairTransfer>,
    /// How much two CPUs slow each other in pure ALU work.
    pub alu_slowdown: Vec<PairSlowdown>,
    /// What contradicts the claims of the machine, in words.
    pub contradictions: Vec<String>,
    /// Pairs that were left out because there are too many.
    pub pairs_left_out: u64,
}

/// The cost of moving a line between two CPUs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PairTransfer {
    /// The lower CPU.
    pub a: u32,
    /// The higher CPU.
    pub b: u32,
    /// One way, in picoseconds.
    pub one_way_ps: u64,
}

/// What running two CPUs at once costs each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PairSlowdown {
    /// The lower CPU.
    pub a: u32,
    /// The higher CPU.
    pub b: u32,
    /// Time together over time alone, in thousandths: 1000 for independent cores, up to 2000 for threads of one core.
    pub slowdown_permille: u64,
}
