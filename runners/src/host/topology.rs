//! Where CPUs sit: core, last-level cache, node, package.

use super::files::{Files, parse_cpu_list};
use bench_core::record::Cpu;

/// The CPUs that the process of `/proc/self/status` may use, ascending.
pub(super) fn allowed_cpus(files: &Files) -> Vec<u32> {
    let status = files.text("proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let mut cpus = line.and_then(parse_cpu_list).unwrap_or_default();
    cpus.sort_unstable();
    cpus
}

/// Every online CPU and where it sits. Without sysfs: the allowed CPUs, of which nothing is known.
pub(super) fn cpus(files: &Files, allowed: &[u32]) -> Vec<Cpu> {
    let online = files
        .cpu_list("sys/devices/system/cpu/online")
        .unwrap_or_else(|| allowed.to_vec());
    let nodes = nodes(files);
    online.iter().map(|&id| cpu(files, id, &nodes)).collect()
}

/// The NUMA nodes with their CPUs.
fn nodes(files: &Files) -> Vec<(u32, Vec<u32>)> {
    let numbers = files.numbered("sys/devices/system/node", "node");
    let with_cpus = numbers.into_iter().filter_map(|node| {
        let cpus = files.cpu_list(&format!("sys/devices/system/node/node{node}/cpulist"))?;
        Some((node, cpus))
    });
    with_cpus.collect()
}

/// One CPU.
fn cpu(files: &Files, id: u32, nodes: &[(u32, Vec<u32>)]) -> Cpu {
    let directory = format!("sys/devices/system/cpu/cpu{id}");
    let lowest = |path: String| files.cpu_list(&path)?.into_iter().min();
    let home = nodes.iter().find(|(_, cpus)| cpus.contains(&id));
    Cpu {
        id,
        // `thread_siblings_list` is the name before Linux 5.3.
        core: lowest(format!("{directory}/topology/core_cpus_list"))
            .or_else(|| lowest(format!("{directory}/topology/thread_siblings_list"))),
        l3: last_level_cache(files, &directory),
        node: home.map(|&(node, _)| node),
        // -1 where firmware does not tell: then it is not a number here.
        package: files.number(&format!("{directory}/topology/physical_package_id")),
        capacity: files.number(&format!("{directory}/cpu_capacity")),
    }
}

/// The lowest CPU that shares the last-level cache. A first-level cache, where it is all that is told of, is not one.
fn last_level_cache(files: &Files, directory: &str) -> Option<u32> {
    let caches = files.numbered(&format!("{directory}/cache"), "index");
    let data = caches.into_iter().filter_map(|index| {
        let cache = format!("{directory}/cache/index{index}");
        let level: u32 = files.number(&format!("{cache}/level"))?;
        let kind = files.text(&format!("{cache}/type"))?;
        let sharers = files.cpu_list(&format!("{cache}/shared_cpu_list"))?;
        (level >= 2 && kind != "Instruction").then_some((level, sharers))
    });
    let (_, sharers) = data.max_by_key(|&(level, _)| level)?;
    sharers.into_iter().min()
}
