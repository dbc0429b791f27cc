//! The pairs of CPUs, near and far.

use bench_core::record::{Cpu, Host};
use std::collections::{BTreeMap, VecDeque};

/// How near two CPUs are by what the machine claims. What is not told counts as different, except for packages and
/// nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Distance {
    /// Threads of one core.
    Core,
    /// Cores that share the last-level cache.
    Cache,
    /// Caches of one node.
    Node,
    /// Nodes of one package.
    Package,
    /// Different packages.
    Far,
}

impl Distance {
    /// In words, for a sentence about two CPUs.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Core => "threads of one core",
            Self::Cache => "cores that share a last-level cache",
            Self::Node => "cores of one node with different last-level caches",
            Self::Package => "cores of different nodes in one package",
            Self::Far => "cores of different packages",
        }
    }

    /// Between two CPUs of the host.
    pub(super) fn between(host: &Host, a: u32, b: u32) -> Self {
        let unknown = Cpu::default();
        let find = |id: u32| host.cpus.iter().find(|cpu| cpu.id == id);
        let (a, b) = (find(a).unwrap_or(&unknown), find(b).unwrap_or(&unknown));
        let same = |one: Option<u32>, other: Option<u32>| one.is_some() && one == other;
        if same(a.core, b.core) {
            Self::Core
        } else if same(a.l3, b.l3) {
            Self::Cache
        } else if a.package != b.package {
            Self::Far
        } else if a.node != b.node {
            Self::Package
        } else {
            Self::Node
        }
    }
}

/// Every pair of allowed CPUs, the lower first. The distances take turns, so that any beginning has of each.
pub(super) fn in_turns(host: &Host) -> Vec<(u32, u32)> {
    let mut by_distance: BTreeMap<Distance, VecDeque<(u32, u32)>> = BTreeMap::new();
    let cpus = &host.allowed_cpus;
    // By the step from one CPU to the other first, so that a beginning is spread over the machine.
    for step in 1..cpus.len() {
        for (&a, &b) in cpus.iter().zip(&cpus[step..]) {
            let distance = Distance::between(host, a, b);
            by_distance.entry(distance).or_default().push_back((a, b));
        }
    }
    let mut pairs = Vec::new();
    while !by_distance.is_empty() {
        pairs.extend(by_distance.values_mut().filter_map(VecDeque::pop_front));
        by_distance.retain(|_, rest| !rest.is_empty());
    }
    pairs
}
