//! The pairs of CPUs, near and far.

use bench_core::record::{Cpu, Host};
use std::collections::{BTreeMap, VecDeque};

/// How near two CPUs are by what the machine claims. What is not told counts as different, except for packages and
/// nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Distance {
    /// Threads of one core.
    Core,
    /// Cores of one cluster.
    Cluster,
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
            Self::Cluster => "cores of one cluster",
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
        } else if same(a.cluster, b.cluster) {
            Self::Cluster
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight CPUs: two packages of two cores with two threads; the second threads are numbered last.
    fn host() -> Host {
        let cpu = |id: u32| Cpu {
            id,
            core: Some(id % 4),
            l3: Some(id % 4 / 2 * 2),
            node: Some(id % 4 / 2),
            package: Some(id % 4 / 2),
            ..Cpu::default()
        };
        Host {
            allowed_cpus: (0..8).collect(),
            cpus: (0..8).map(cpu).collect(),
            ..Host::default()
        }
    }

    #[test]
    fn every_pair_stands_once_and_the_distances_take_turns() {
        let host = host();
        let pairs = in_turns(&host);
        assert_eq!(pairs.len(), 8 * 7 / 2);
        let distinct: std::collections::BTreeSet<_> = pairs.iter().collect();
        assert_eq!(distinct.len(), pairs.len());
        assert!(pairs.iter().all(|(a, b)| a < b));
        let first: Vec<Distance> = pairs[..3]
            .iter()
            .map(|&(a, b)| Distance::between(&host, a, b))
            .collect();
        assert_eq!(first, [Distance::Core, Distance::Cache, Distance::Far]);
    }

    #[test]
    fn what_is_not_told_is_no_shared_core_or_cache() {
        let mut host = host();
        host.cpus.clear();
        assert_eq!(Distance::between(&host, 0, 1), Distance::Node);
        host.allowed_cpus = vec![3];
        assert_eq!(in_turns(&host), []);
    }
}
