//! The machine as text for a person.

use super::kinds::{in_words, kinds};
use bench_core::record::{Cpu, Host, Measured};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The machine in several lines, then what was measured of it, then each obstacle: the warnings, and the contradictions
/// between words and measurement that are not among them.
#[must_use]
pub fn describe(host: &Host, warnings: &[String]) -> String {
    let mut text = String::new();
    let unknown = || "not told".to_owned();
    let or_unknown = |value: &Option<String>| value.clone().unwrap_or_else(unknown);
    let line = |text: &mut String, name: &str, value: &str| {
        writeln!(text, "{name:<13}{value}").expect("writing to a String does not fail");
    };
    let processor = [&host.cpu_vendor, &host.cpu_model, &host.cpu_revision];
    let words: Vec<&str> = processor
        .iter()
        .filter_map(|word| word.as_deref())
        .collect();
    line(
        &mut text,
        "processor",
        &format!("{} {}", host.arch, words.join(", ")),
    );
    line(&mut text, "kernel", &or_unknown(&host.kernel));
    let hypervisor = host
        .hypervisor
        .clone()
        .unwrap_or_else(|| "none seen".to_owned());
    line(&mut text, "hypervisor", &hypervisor);
    if let Some(emulator) = &host.emulator {
        line(&mut text, "emulator", emulator);
    }
    line(&mut text, "CPUs", &cpus(host));
    let kinds = kinds(host);
    if kinds
        .iter()
        .any(|kind| kind.design.is_some() || kind.capacity.is_some())
    {
        line(&mut text, "core kinds", &in_words(&kinds));
    }
    line(&mut text, "quota", &quota(host));
    line(&mut text, "SMT", &or_unknown(&host.smt));
    line(&mut text, "governor", &or_unknown(&host.governor));
    line(&mut text, "boost", &switch(host.boost));
    line(&mut text, "clock source", &or_unknown(&host.clocksource));
    line(&mut text, "counters", &counters(host));
    line(&mut text, "huge pages", &or_unknown(&host.thp));
    line(
        &mut text,
        "layout",
        &host
            .aslr
            .map_or_else(unknown, |level| format!("randomised, level {level} of 2")),
    );
    line(&mut text, "NUMA moves", &switch(host.numa_balancing));
    line(
        &mut text,
        "memory",
        &host
            .memory_bytes
            .map_or_else(unknown, |bytes| format!("{} MiB", bytes >> 20)),
    );
    line(
        &mut text,
        "cache line",
        &host
            .cache_line_bytes
            .map_or_else(unknown, |bytes| format!("{bytes} bytes")),
    );
    if let Some(measured) = &host.measured {
        describe_measured(&mut text, measured);
    }
    let contradictions = host
        .measured
        .iter()
        .flat_map(|measured| &measured.contradictions);
    let new = contradictions.filter(|&words| !warnings.contains(words));
    let obstacles: Vec<&String> = warnings.iter().chain(new).collect();
    if obstacles.is_empty() {
        text.push_str("\nNothing was found that stands in the way of a good measurement.\n");
    } else {
        text.push_str("\nWhat stands in the way of a good measurement:\n");
    }
    for obstacle in obstacles {
        writeln!(text, "- {obstacle}").expect("writing to a String does not fail");
    }
    text
}

/// A switch in words.
fn switch(on: Option<bool>) -> String {
    on.map_or("not told", |on| if on { "on" } else { "off" })
        .to_owned()
}

/// How many CPUs, and how they are grouped.
fn cpus(host: &Host) -> String {
    let count = |place: fn(&Cpu) -> Option<u32>| {
        let places: BTreeSet<u32> = host.cpus.iter().filter_map(place).collect();
        match places.len() {
            0 => "?".to_owned(),
            several => several.to_string(),
        }
    };
    // Most machines have none that tells more than their cores and caches.
    let clusters = match count(|cpu| cpu.cluster).as_str() {
        "?" => String::new(),
        several => format!("{several} clusters of more than one core, "),
    };
    let allowed: Vec<String> = host.allowed_cpus.iter().map(u32::to_string).collect();
    format!(
        "{} online in {} cores, {clusters}{} last-level caches, {} nodes, {} packages; this process may use {}",
        host.cpus.len(),
        count(|cpu| cpu.core),
        count(|cpu| cpu.l3),
        count(|cpu| cpu.node),
        count(|cpu| cpu.package),
        allowed.join(","),
    )
}

/// The quota in words.
fn quota(host: &Host) -> String {
    let Some(quota) = &host.quota else {
        return "none".to_owned();
    };
    format!(
        "{} µs of CPU time per {} µs",
        quota.quota_us, quota.period_us
    )
}

/// Whether hardware counters work, and the kernel's level.
fn counters(host: &Host) -> String {
    let hardware = match host.pmu {
        Some(true) => "hardware counters can be opened",
        Some(false) => "hardware counters cannot be opened",
        None => "hardware counters were not tried",
    };
    let level = host.perf_event_paranoid;
    let level = level.map_or_else(|| "not told".to_owned(), |level| level.to_string());
    format!("{hardware}; kernel.perf_event_paranoid {level}")
}

/// The pairs. What contradicts the machine's words stands among the obstacles.
fn describe_measured(text: &mut String, measured: &Measured) {
    text.push_str("\nMeasured, by pair of CPUs:\n");
    for pair in &measured.line_transfer {
        let slowdown = measured
            .alu_slowdown
            .iter()
            .find(|other| (other.a, other.b) == (pair.a, pair.b));
        let slowdown = slowdown.map_or_else(String::new, |slowdown| {
            let permille = slowdown.slowdown_permille;
            format!(
                ", ALU work together takes {}.{:03} times as long",
                permille / 1000,
                permille % 1000
            )
        });
        writeln!(
            text,
            "{:>4} {:<4} a line takes {}.{} ns one way{slowdown}",
            pair.a,
            pair.b,
            pair.one_way_ps / 1000,
            pair.one_way_ps % 1000 / 100,
        )
        .expect("writing to a String does not fail");
    }
    if measured.pairs_left_out > 0 {
        writeln!(
            text,
            "{} pairs were left out: too many for the time, or a CPU was busy with other work",
            measured.pairs_left_out
        )
        .expect("writing to a String does not fail");
    }
}
