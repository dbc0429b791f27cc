//! Where the operations of a thread go: drawn before the window, so that no window draws.

use crate::space::{Goal, PAGE_BYTES};
use crate::workload::{Target, WorkloadSpec};
use fastrand::Rng;

/// Goals in a thread's stream; it is run through again and again, from a phase of its own. Small enough to stay in the L1
/// cache beside the histograms.
const GOALS: usize = 1024;
/// The first address of the first VMA.
const FIRST_ADDRESS: u64 = 0x7f00_0000_0000;

/// Where the VMAs of a workload lie.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    pages_per_vma: u64,
}

impl Region {
    /// The layout of a workload's VMAs: side by side with a page between them that is not mapped.
    #[must_use]
    pub fn of(spec: &WorkloadSpec) -> Self {
        Self {
            pages_per_vma: u64::from(spec.pages_per_vma),
        }
    }

    /// The addresses of VMA `number`: the first, and the first behind it.
    #[must_use]
    pub fn range(self, number: u32) -> (u64, u64) {
        let start = FIRST_ADDRESS + u64::from(number) * (self.pages_per_vma + 1) * PAGE_BYTES;
        (start, start + self.pages_per_vma * PAGE_BYTES)
    }

    /// A page of VMA `number`, which sits in slot `slot`.
    #[must_use]
    pub fn goal(self, number: u32, page: u64, slot: u32) -> Goal {
        Goal::new(self.range(number).0 + page * PAGE_BYTES, slot)
    }
}

/// The goals of thread `thread` among `vmas` resident VMAs, whose slots carry the VMAs' numbers.
#[must_use]
pub fn goals(spec: &WorkloadSpec, vmas: u32, thread: u32, seed: u64) -> Vec<Goal> {
    let region = Region::of(spec);
    let mut rng = Rng::with_seed(seed ^ u64::from(thread).wrapping_mul(0xa076_1d64_78bd_642f));
    let zipf = zipf_sums(vmas);
    (0..GOALS)
        .map(|_| {
            let number = match spec.target {
                Target::Same => 0,
                Target::Own => thread % vmas,
                Target::Uniform => rng.u32(0..vmas),
                Target::Zipf => {
                    let at = rng.f64() * zipf[zipf.len() - 1];
                    zipf.partition_point(|sum| *sum <= at).min(zipf.len() - 1) as u32
                }
            };
            region.goal(number, rng.u64(0..u64::from(spec.pages_per_vma)), number)
        })
        .collect()
}

/// The sums of 1/1 + 1/2 + ... up to each VMA.
fn zipf_sums(vmas: u32) -> Vec<f64> {
    (1..=vmas.max(1))
        .scan(0.0, |sum, rank| {
            *sum += 1.0 / f64::from(rank);
            Some(*sum)
        })
        .collect()
}
