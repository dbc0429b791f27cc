//! What stands in the way of a good measurement, each with what to do about it.

use super::kinds::{in_words, kinds};
use bench_core::machine::PADDING_BYTES;
use bench_core::record::{Cpu, Host};

/// The obstacles that the machine's own words show, gravest first.
#[must_use]
pub fn warnings(host: &Host) -> Vec<String> {
    let obstacles = [
        emulator(host),
        one_cpu(host),
        quota(host),
        hypervisor(host),
        topology(host),
        siblings(host),
        unequal_cores(host),
        line_pairs(host),
        governor(host),
        boost(host),
        clocksource(host),
        counters(host),
        layout(host),
        huge_pages(host),
        numa_balancing(host),
    ];
    obstacles.into_iter().flatten().collect()
}

/// The allowed CPUs with what is known of them.
fn allowed(host: &Host) -> Vec<&Cpu> {
    let allowed = |cpu: &&Cpu| host.allowed_cpus.contains(&cpu.id);
    host.cpus.iter().filter(allowed).collect()
}

fn emulator(host: &Host) -> Option<String> {
    let emulator = host.emulator.as_ref()?;
    Some(format!(
        "this program is emulated, by {emulator}: no timing means anything, and what is measured is only checked for correctness; measure on a machine of the program's own architecture"
    ))
}

fn one_cpu(host: &Host) -> Option<String> {
    match host.allowed_cpus.len() {
        0 => Some("the CPUs that this process may use could not be read, so that no thread can be pinned and no cell measured; run on Linux with /proc mounted".to_owned()),
        1 => Some("this process may use one CPU only: threads of one lock then take turns, and nothing is contended; widen the affinity mask or cpuset (taskset -c, docker --cpuset-cpus) or use a machine with more CPUs".to_owned()),
        _ => None,
    }
}

fn quota(host: &Host) -> Option<String> {
    let quota = host.quota.as_ref()?;
    let cpus = host.allowed_cpus.len() as u64;
    let short = quota.quota_us < quota.period_us.saturating_mul(cpus);
    short.then(|| format!(
        "the control group allows {} µs of CPU time per {} µs, less than its {cpus} CPUs can use, so that threads are stopped in the middle of a window; raise the limit (docker --cpus, cpu.max) or allow fewer CPUs (--cpuset-cpus, taskset -c)",
        quota.quota_us, quota.period_us
    ))
}

fn hypervisor(host: &Host) -> Option<String> {
    let name = host.hypervisor.as_ref()?;
    Some(format!(
        "this is a virtual machine (hypervisor: {name}): other guests can take CPU time, caches and clock speed, of which only part is seen as steal; use a machine of its own for numbers that are to be published, and believe the noise marks"
    ))
}

fn topology(host: &Host) -> Option<String> {
    let unknown = allowed(host).iter().all(|cpu| cpu.core.is_none());
    (unknown && !host.allowed_cpus.is_empty()).then(|| {
        "the machine does not tell which CPUs share a core or a cache, so that placements go by CPU number; mount /sys, or give the CPUs as a list (--placement 0,2)".to_owned()
    })
}

fn siblings(host: &Host) -> Option<String> {
    let cores: Vec<u32> = allowed(host).iter().filter_map(|cpu| cpu.core).collect();
    let shared = cores
        .iter()
        .enumerate()
        .find(|&(place, core)| cores[..place].contains(core));
    let (_, core) = shared?;
    Some(format!(
        "allowed CPUs are threads of one core (that of CPU {core}, for one) and slow each other down; the placements compact and scatter use them last, and `echo off > /sys/devices/system/cpu/smt/control` turns them off"
    ))
}

fn unequal_cores(host: &Host) -> Option<String> {
    let kinds = kinds(host);
    let one = kinds
        .get(1)?
        .capacity
        .is_some_and(|capacity| Some(capacity) != kinds[0].capacity);
    let advice = if one {
        "compact and scatter begin with the largest, and --placement biggest, smallest or capacity:N keeps threads on one kind"
    } else {
        "compact and scatter mix them, and --placement core:NAME keeps threads on one kind"
    };
    Some(format!(
        "the allowed CPUs are of different kinds ({}): {advice}",
        in_words(&kinds)
    ))
}

fn line_pairs(host: &Host) -> Option<String> {
    let line_bytes = host.cache_line_bytes?;
    (line_bytes as usize > PADDING_BYTES).then(|| format!(
        "a cache line of this machine is {line_bytes} bytes, but what must not share one is kept only {PADDING_BYTES} bytes apart: counters of threads share lines and slow each other, in every lock alike; build with a larger alignment (search for align({PADDING_BYTES})), or measure elsewhere"
    ))
}

fn governor(host: &Host) -> Option<String> {
    let governor = host.governor.as_ref()?;
    (governor != "performance").then(|| format!(
        "the frequency governor is {governor}, so that the clock speed depends on what ran before; `cpupower frequency-set -g performance` fixes it"
    ))
}

fn boost(host: &Host) -> Option<String> {
    host.boost?.then(|| {
        "boost is on, so that the clock speed depends on temperature and on how many cores work; write 0 to /sys/devices/system/cpu/cpufreq/boost, or 1 to /sys/devices/system/cpu/intel_pstate/no_turbo".to_owned()
    })
}

fn clocksource(host: &Host) -> Option<String> {
    let source = host.clocksource.as_ref()?;
    (host.arch == "x86_64" && source != "tsc").then(|| format!(
        "the kernel's clock source is {source} and not tsc, so that every stamp costs more and short latencies are coarser; see the kernel log for why tsc was dropped, or boot with clocksource=tsc"
    ))
}

fn counters(host: &Host) -> Option<String> {
    if host.pmu != Some(false) {
        return None;
    }
    match host.perf_event_paranoid {
        Some(level) if level > 2 => Some(format!(
            "hardware counters cannot be opened: kernel.perf_event_paranoid is {level}; `sysctl kernel.perf_event_paranoid=2` allows them, or give the program CAP_PERFMON"
        )),
        _ => Some("hardware counters cannot be opened: the machine has no performance monitoring unit, or the container forbids perf_event_open; on a virtual machine ask the hypervisor for one (QEMU: -cpu host,pmu=on), in a container allow the call (--cap-add PERFMON)".to_owned()),
    }
}

fn layout(host: &Host) -> Option<String> {
    (host.aslr? == 0).then(|| {
        "address space layout randomisation is off, so that every process has the same layout and repeating it shows nothing new; `sysctl kernel.randomize_va_space=2` turns it on".to_owned()
    })
}

fn huge_pages(host: &Host) -> Option<String> {
    (host.thp.as_deref()? == "always").then(|| {
        "transparent huge pages are given always, so that the same memory may or may not lie in one page; `echo madvise > /sys/kernel/mm/transparent_hugepage/enabled`".to_owned()
    })
}

fn numa_balancing(host: &Host) -> Option<String> {
    let nodes: Vec<u32> = allowed(host).iter().filter_map(|cpu| cpu.node).collect();
    let several = nodes.windows(2).any(|pair| pair[0] != pair[1]);
    (host.numa_balancing? && several).then(|| {
        "automatic NUMA balancing is on and unmaps pages to see who uses them; `sysctl kernel.numa_balancing=0` while measuring".to_owned()
    })
}
