//! The machine: what it says of itself, what stands in the way of a good measurement, and what was measured of it.

mod advice;
pub mod cgroup;
mod describe;
mod emulator;
pub(crate) mod files;
pub mod kinds;
mod line;
pub mod measure;
mod midr;
pub mod placement;
mod processor;
mod topology;

pub use advice::warnings;
pub use describe::describe;

use bench_core::record::Host;
use files::Files;
use midr::Midr;
use std::path::Path;

/// Reads the machine below `root`, which is `/` for the machine that this runs on, and says what stands in the way of a
/// good measurement, each with what to do about it.
///
/// Whatever cannot be read is `None`; nothing is an error. Another root than `/` is another machine's files: then the
/// allowed CPUs come from its `/proc/self/status` and hardware counters are not tried.
#[must_use]
pub fn read(root: &Path) -> (Host, Vec<String>) {
    let files = Files::below(root);
    let here = root == Path::new("/");
    let cpuinfo = files.text("proc/cpuinfo").unwrap_or_default();
    let allowed_cpus = if here {
        crate::pin::allowed_cpus().to_vec()
    } else {
        topology::allowed_cpus(&files)
    };
    let online = topology::online(&files, &allowed_cpus);
    let registers = midr::of_cpus(&files, &online, &cpuinfo);
    // The words of arm64, if there are any.
    let designs = |word: fn(Midr) -> String, between: &str| {
        let kinds = midr::kinds(&registers, word);
        (!kinds.is_empty()).then(|| kinds.join(between))
    };
    let host = Host {
        arch: arch(&files, here),
        // First, since old kernels of arm64 also give a model name, which names the architecture only.
        cpu_vendor: designs(Midr::vendor, "+").or_else(|| processor::vendor(&cpuinfo)),
        cpu_model: designs(Midr::design, "+").or_else(|| processor::model(&cpuinfo)),
        cpu_revision: designs(|midr| midr.to_string(), "; ")
            .or_else(|| processor::revision(&cpuinfo)),
        kernel: files.text("proc/sys/kernel/osrelease"),
        hypervisor: processor::hypervisor(&cpuinfo, &files),
        emulator: emulator::emulator(&files, &cpuinfo, std::env::consts::ARCH, here),
        cpus: topology::cpus(&files, &online, &registers),
        quota: cgroup::quota(root),
        smt: files.text("sys/devices/system/cpu/smt/control"),
        governor: governor(&files, &allowed_cpus),
        boost: boost(&files),
        thp: files
            .text("sys/kernel/mm/transparent_hugepage/enabled")
            .and_then(|modes| chosen(&modes)),
        aslr: files.number("proc/sys/kernel/randomize_va_space"),
        numa_balancing: files
            .number("proc/sys/kernel/numa_balancing")
            .map(|mode: u32| mode != 0),
        clocksource: files.text("sys/devices/system/clocksource/clocksource0/current_clocksource"),
        perf_event_paranoid: files.number("proc/sys/kernel/perf_event_paranoid"),
        pmu: here.then(|| crate::counters::hardware().is_ok()),
        memory_bytes: memory_bytes(&files),
        cache_line_bytes: cache_line_bytes(&files, &allowed_cpus)
            .or_else(|| here.then(line::bytes).flatten()),
        allowed_cpus,
        measured: None,
    };
    let mut warnings = warnings(&host);
    if here {
        warnings.extend(crate::noise::gaps());
    }
    (host, warnings)
}

/// What runs this program in the place of a processor, in words; `None` where nothing shows.
pub(crate) fn emulator() -> Option<String> {
    let files = Files::below(Path::new("/"));
    let cpuinfo = files.text("proc/cpuinfo").unwrap_or_default();
    emulator::emulator(&files, &cpuinfo, std::env::consts::ARCH, true)
}

/// The architecture: of this build here, of the files elsewhere.
fn arch(files: &Files, here: bool) -> String {
    let built_for = std::env::consts::ARCH.to_owned();
    if here {
        return built_for;
    }
    files.text("proc/sys/kernel/arch").unwrap_or(built_for)
}

/// The size of a line of the first-level data cache, the largest among the CPUs, by sysfs.
fn cache_line_bytes(files: &Files, cpus: &[u32]) -> Option<u32> {
    let sizes = cpus.iter().filter_map(|cpu| {
        files.number(&format!(
            "sys/devices/system/cpu/cpu{cpu}/cache/index0/coherency_line_size"
        ))
    });
    sizes.max()
}

/// The governors of the CPUs, each once.
fn governor(files: &Files, cpus: &[u32]) -> Option<String> {
    let mut governors: Vec<String> = cpus
        .iter()
        .filter_map(|cpu| {
            files.text(&format!(
                "sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor"
            ))
        })
        .collect();
    governors.sort();
    governors.dedup();
    (!governors.is_empty()).then(|| governors.join(","))
}

/// Whether boost is on, by the generic switch or by that of Intel's driver, which says the opposite.
fn boost(files: &Files) -> Option<bool> {
    let generic: Option<u32> = files.number("sys/devices/system/cpu/cpufreq/boost");
    let off: Option<u32> = files.number("sys/devices/system/cpu/intel_pstate/no_turbo");
    generic
        .map(|on| on != 0)
        .or_else(|| off.map(|off| off == 0))
}

/// The word in brackets of a line such as `always [madvise] never`.
fn chosen(modes: &str) -> Option<String> {
    let (_, rest) = modes.split_once('[')?;
    let (mode, _) = rest.split_once(']')?;
    Some(mode.to_owned())
}

/// `MemTotal`, which is given in KiB.
fn memory_bytes(files: &Files) -> Option<u64> {
    let text = files.text("proc/meminfo")?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}
