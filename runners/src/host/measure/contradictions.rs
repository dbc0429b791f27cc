//! Where what was measured contradicts what the machine claims.

use super::pairs::Distance;
use bench_core::record::{Host, Measured};
use std::collections::BTreeMap;

/// From this slowdown on two CPUs share an execution core; boost that two cores share costs less.
const SHARED_CORE_PERMILLE: u64 = 1300;
/// Below this slowdown two CPUs do not.
const OWN_CORE_PERMILLE: u64 = 1150;
/// Transfers of one distance differ by less than this factor, in halves.
const SPREAD_HALVES: u64 = 6;

/// The contradictions, in words that say what to do.
pub(super) fn find(host: &Host, measured: &Measured) -> Vec<String> {
    let mut found = cores(host, measured);
    found.extend(distances(host, measured));
    found
}

/// Siblings presented as cores, and the other way round.
fn cores(host: &Host, measured: &Measured) -> Vec<String> {
    let mut found = Vec::new();
    for pair in &measured.alu_slowdown {
        let (a, b, permille) = (pair.a, pair.b, pair.slowdown_permille);
        let times = format!("{}.{:02}", permille / 1000, permille % 1000 / 10);
        let siblings = Distance::between(host, a, b) == Distance::Core;
        if !siblings && permille >= SHARED_CORE_PERMILLE {
            found.push(format!(
                "CPUs {a} and {b} are said to be separate cores, but pure ALU work on both takes {times} times as long, as on two threads of one core; use one of them only (--placement with a list), or have the hypervisor show its topology"
            ));
        }
        if siblings && permille < OWN_CORE_PERMILLE {
            found.push(format!(
                "CPUs {a} and {b} are said to be threads of one core, but pure ALU work on both takes only {times} times as long; they may be cores of their own, so do not read smt and compact as different placements"
            ));
        }
    }
    found
}

/// Distances whose transfers are too far apart among themselves, or in the wrong order.
fn distances(host: &Host, measured: &Measured) -> Vec<String> {
    let mut by_distance: BTreeMap<Distance, Vec<(u64, u32, u32)>> = BTreeMap::new();
    for pair in &measured.line_transfer {
        let distance = Distance::between(host, pair.a, pair.b);
        let transfers = by_distance.entry(distance).or_default();
        transfers.push((pair.one_way_ps, pair.a, pair.b));
    }
    let mut found = Vec::new();
    for transfers in by_distance.values_mut() {
        transfers.sort_unstable();
    }
    for (distance, transfers) in &by_distance {
        // Far ones differ by how many hops lie between.
        let alike = matches!(distance, Distance::Core | Distance::Cache);
        let (fastest, slowest) = (transfers[0], transfers[transfers.len() - 1]);
        if alike && slowest.0 * 2 > fastest.0 * SPREAD_HALVES {
            found.push(format!(
                "the machine calls CPUs {} and {}, and CPUs {} and {}, {}, but a line takes {} ns between the first and {} ns between the second; place threads by a list of CPUs that are near by measurement",
                fastest.1, fastest.2, slowest.1, slowest.2, distance.words(), fastest.0 / 1000, slowest.0 / 1000,
            ));
        }
    }
    let medians: Vec<(Distance, u64)> = by_distance
        .iter()
        .map(|(&distance, transfers)| (distance, transfers[transfers.len() / 2].0))
        .collect();
    for neighbours in medians.windows(2) {
        let ((near, near_ps), (far, far_ps)) = (neighbours[0], neighbours[1]);
        if near_ps * 2 > far_ps * 3 {
            found.push(format!(
                "a line takes {} ns between {}, but only {} ns between {}; the machine's topology is not what it says, so place threads by a list of CPUs",
                near_ps / 1000, near.words(), far_ps / 1000, far.words(),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench_core::record::{Cpu, PairSlowdown, PairTransfer};

    /// Four CPUs: 0 and 1 are threads of one core, 2 shares their cache, 3 sits in another package.
    fn host() -> Host {
        let cpu = |id, core, l3, package| Cpu {
            id,
            core: Some(core),
            l3: Some(l3),
            node: Some(package),
            package: Some(package),
            ..Cpu::default()
        };
        Host {
            allowed_cpus: vec![0, 1, 2, 3],
            cpus: vec![
                cpu(0, 0, 0, 0),
                cpu(1, 0, 0, 0),
                cpu(2, 2, 0, 0),
                cpu(3, 3, 3, 1),
            ],
            ..Host::default()
        }
    }

    fn slowdowns(pairs: &[(u32, u32, u64)]) -> Measured {
        let pair = |&(a, b, slowdown_permille)| PairSlowdown {
            a,
            b,
            slowdown_permille,
        };
        Measured {
            alu_slowdown: pairs.iter().map(pair).collect(),
            ..Measured::default()
        }
    }

    fn transfers(pairs: &[(u32, u32, u64)]) -> Measured {
        let pair = |&(a, b, ns)| PairTransfer {
            a,
            b,
            one_way_ps: ns * 1000,
        };
        Measured {
            line_transfer: pairs.iter().map(pair).collect(),
            ..Measured::default()
        }
    }

    #[test]
    fn cores_that_slow_each_other_are_siblings() {
        let fine = slowdowns(&[(0, 1, 1700), (0, 2, 1100), (0, 3, 1000)]);
        assert_eq!(find(&host(), &fine), Vec::<String>::new());
        let hidden = find(&host(), &slowdowns(&[(0, 2, 1850)]));
        assert_eq!(hidden.len(), 1);
        assert!(hidden[0].contains("CPUs 0 and 2 are said to be separate cores"));
        assert!(hidden[0].contains("1.85 times"));
        let invented = find(&host(), &slowdowns(&[(0, 1, 1010)]));
        assert_eq!(invented.len(), 1);
        assert!(invented[0].contains("threads of one core, but"));
    }

    #[test]
    fn transfers_follow_the_distances() {
        let fine = transfers(&[(0, 1, 10), (0, 2, 40), (1, 2, 45), (0, 3, 120)]);
        assert_eq!(find(&host(), &fine), Vec::<String>::new());
        let uneven = find(&host(), &transfers(&[(0, 2, 40), (1, 2, 130)]));
        assert_eq!(uneven.len(), 1);
        assert!(uneven[0].contains("40 ns") && uneven[0].contains("130 ns"));
        let turned = find(&host(), &transfers(&[(0, 2, 100), (0, 3, 40)]));
        assert_eq!(turned.len(), 1);
        assert!(turned[0].contains("topology is not what it says"));
    }
}
