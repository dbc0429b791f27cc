//! Where CPUs sit: core, cluster, last-level cache, node, package; and what kind of core each is.

use super::files::{Files, parse_cpu_list};
use super::midr::Midr;
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

/// The online CPUs. Without sysfs: the allowed ones.
pub(super) fn online(files: &Files, allowed: &[u32]) -> Vec<u32> {
    let online = files.cpu_list("sys/devices/system/cpu/online");
    online.unwrap_or_else(|| allowed.to_vec())
}

/// Each of these CPUs: where it sits, and its design where its identification register is known.
pub(super) fn cpus(files: &Files, online: &[u32], registers: &[(u32, Midr)]) -> Vec<Cpu> {
    let nodes = nodes(files);
    let of = |&id: &u32| {
        let register = registers.iter().find(|(cpu, _)| *cpu == id);
        Cpu {
            design: register.map(|(_, midr)| midr.design()),
            ..cpu(files, id, &nodes)
        }
    };
    online.iter().map(of).collect()
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
    // `thread_siblings_list` is the name before Linux 5.3.
    let threads = files
        .cpu_list(&format!("{directory}/topology/core_cpus_list"))
        .or_else(|| files.cpu_list(&format!("{directory}/topology/thread_siblings_list")));
    let home = nodes.iter().find(|(_, cpus)| cpus.contains(&id));
    Cpu {
        id,
        core: threads.as_ref().and_then(|cpus| cpus.iter().min().copied()),
        cluster: cluster(files, &directory, threads.as_deref()),
        l3: last_level_cache(files, &directory),
        node: home.map(|&(node, _)| node),
        // -1 where firmware does not tell: then it is not a number here.
        package: files.number(&format!("{directory}/topology/physical_package_id")),
        capacity: files.number(&format!("{directory}/cpu_capacity")),
        design: None,
    }
}

/// The lowest CPU of the cluster; `None` where it is one core. Linux 5.16 and later tells of clusters, and where it knows of none
/// it gives a core's own threads.
fn cluster(files: &Files, directory: &str, threads: Option<&[u32]>) -> Option<u32> {
    let cluster = files.cpu_list(&format!("{directory}/topology/cluster_cpus_list"))?;
    let alone = cluster.len() == 1 || threads.is_some_and(|threads| threads == cluster);
    if alone {
        None
    } else {
        cluster.into_iter().min()
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
