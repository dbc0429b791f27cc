//! The machine and the build.

use super::Page;
use super::bullets;
use super::text::{Datum, Table, escape};
use crate::digest::Digest;
use crate::words;
use bench_core::record::{Cpu, Host, Measured};
use std::fmt::Display;

pub(super) fn section(_: &Page<'_>, digest: &Digest<'_>) -> String {
    let host = &digest.run.header.host;
    let mut out = String::from("<div class=pairs>\n");
    out += &pairs("Machine", &machine(host));
    out += &pairs("Settings", &settings(host));
    out += &pairs("Build and run", &build(digest));
    out += "</div>\n";
    out += &topology(host);
    match &host.measured {
        Some(measured) => out += &measurements(measured),
        None => out += "<p class=none>The topology was not measured.</p>\n",
    }
    out
}

fn known<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| "not known".into(), |v| v.to_string())
}

fn on_off(value: Option<bool>) -> String {
    known(value.map(|on| if on { "on" } else { "off" }))
}

/// What a header lists; one that was written before it had the list has none.
fn listed<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = values.into_iter().map(|v| v.to_string()).collect();
    if words.is_empty() {
        return "not in the header".into();
    }
    words.join("; ")
}

fn pairs(caption: &str, pairs: &[(&str, String)]) -> String {
    let mut table = Table::new(caption, &["", ""]);
    for (name, value) in pairs {
        table.row("", name, &[Datum::Text(value.clone())]);
    }
    let html = table.html();
    // Column heads would be empty.
    match (html.find("<thead>"), html.find("</thead>")) {
        (Some(from), Some(to)) => html[..from].to_owned() + &html[to + "</thead>".len()..],
        _ => html,
    }
}

fn machine(host: &Host) -> Vec<(&'static str, String)> {
    let mut machine = vec![
        ("CPU", known(host.cpu_model.as_ref())),
        ("vendor", known(host.cpu_vendor.as_ref())),
        ("revision", known(host.cpu_revision.as_ref())),
        ("architecture", host.arch.clone()),
        ("allowed CPUs", cpu_list(&host.allowed_cpus)),
        ("online CPUs", host.cpus.len().to_string()),
        (
            "hypervisor",
            host.hypervisor
                .clone()
                .unwrap_or_else(|| "none reported".into()),
        ),
        (
            "memory",
            known(
                host.memory_bytes
                    .map(|b| format!("{:.1} GiB", b as f64 / f64::from(1 << 30))),
            ),
        ),
        (
            "cache line",
            known(host.cache_line_bytes.map(|b| format!("{b} bytes"))),
        ),
    ];
    let emulator = host.emulator.iter().cloned();
    machine.extend(emulator.map(|emulator| ("emulator", emulator)));
    machine
}

fn settings(host: &Host) -> Vec<(&'static str, String)> {
    let quota = host.quota.as_ref().map_or_else(
        || "none".into(),
        |q| format!("{} µs in {} µs", q.quota_us, q.period_us),
    );
    vec![
        ("kernel", known(host.kernel.as_ref())),
        ("SMT", known(host.smt.as_ref())),
        ("governor", known(host.governor.as_ref())),
        ("boost", on_off(host.boost)),
        ("CPU quota", quota),
        ("huge pages", known(host.thp.as_ref())),
        ("ASLR", known(host.aslr)),
        ("NUMA balancing", on_off(host.numa_balancing)),
        ("clock source", known(host.clocksource.as_ref())),
        ("perf_event_paranoid", known(host.perf_event_paranoid)),
        (
            "hardware counters",
            known(host.pmu.map(|p| {
                if p {
                    "can be opened"
                } else {
                    "cannot be opened"
                }
            })),
        ),
    ]
}

fn build(digest: &Digest<'_>) -> Vec<(&'static str, String)> {
    let header = &digest.run.header;
    let (tool, clock) = (&header.tool, &header.clock);
    let features = if tool.target_features.is_empty() {
        "none that changes atomics".into()
    } else {
        tool.target_features.join(", ")
    };
    let atomics = tool.atomics.as_ref();
    let features = atomics.map_or(features.clone(), |how| {
        format!("{features}; atomics: {how}")
    });
    let elapsed = digest
        .run
        .footer
        .as_ref()
        .map(|f| format!("{} s", words::grouped(f.elapsed_s)));
    let mut rows = vec![
        ("vmalock", tool.version.clone()),
        ("revision", known(tool.git_revision.as_ref())),
        ("compiler", tool.rustc.clone()),
        ("target", format!("{}, {}", tool.target, tool.profile)),
        ("target features", features),
        ("command", header.command.join(" ")),
        ("seed", header.seed.to_string()),
        ("thread counts", listed(&header.threads)),
        ("modes", listed(header.modes.iter().map(|mode| mode.word()))),
        ("placements", listed(&header.placements)),
        ("started", header.started_at.clone()),
        ("took", known(elapsed)),
        ("clock", format!("{} ({})", clock.kind, clock.why)),
        (
            "clock step, reading, drift",
            format!(
                "{} ns, {} ns, {} ppm",
                clock.quantum_ns, clock.cost_ns, clock.drift_ppm
            ),
        ),
    ];
    if let Some(pause) = &tool.pause {
        rows.push(("pause in spin loops", pause.clone()));
    }
    rows
}

/// CPU numbers with runs written as ranges.
fn cpu_list(cpus: &[u32]) -> String {
    let runs = cpus.chunk_by(|a, b| a.checked_add(1) == Some(*b));
    let runs: Vec<String> = runs
        .map(|run| match run {
            [one] => one.to_string(),
            [first, .., last] => format!("{first}–{last}"),
            [] => String::new(),
        })
        .collect();
    if runs.is_empty() {
        "none".into()
    } else {
        runs.join(", ")
    }
}

fn topology(host: &Host) -> String {
    let mut heads = vec![
        "CPU",
        "core",
        "last-level cache",
        "NUMA node",
        "package",
        "capacity",
    ];
    // Few machines tell of these.
    let clusters = host.cpus.iter().any(|cpu| cpu.cluster.is_some());
    let designs = host.cpus.iter().any(|cpu| cpu.design.is_some());
    heads.extend(clusters.then_some("cluster"));
    heads.extend(designs.then_some("design"));
    let mut table = Table::new("The topology that the machine claims", &heads);
    for cpu in &host.cpus {
        let Cpu {
            id,
            core,
            cluster,
            l3,
            node,
            package,
            capacity,
            design,
        } = cpu;
        let numbers = [core, l3, node, package, capacity];
        let numbers = numbers.into_iter().chain(clusters.then_some(cluster));
        let mut data: Vec<Datum> = numbers
            .map(|v| Datum::number(v.map(|n| n.to_string())))
            .collect();
        data.extend(designs.then(|| Datum::number(design.as_deref().map(escape))));
        table.row("", &id.to_string(), &data);
    }
    if table.is_empty() {
        return String::new();
    }
    table.folded(&format!(
        "The topology that the machine claims ({})",
        words::count(host.cpus.len() as u64, "CPU")
    ))
}

fn measurements(measured: &Measured) -> String {
    let mut out = String::from("<h3>The topology as measured</h3>\n");
    if measured.contradictions.is_empty() {
        out += "<p>Nothing measured contradicts what the machine claims.</p>\n";
    } else {
        out += &bullets("warnings", &measured.contradictions);
    }
    let mut table = Table::new(
        "",
        &[
            "CPUs",
            "line transfer, one way",
            "slowed by each other in ALU work",
        ],
    );
    for pair in &measured.line_transfer {
        let slowdown = measured
            .alu_slowdown
            .iter()
            .find(|s| (s.a, s.b) == (pair.a, pair.b));
        let data = [
            Datum::Number(words::duration(pair.one_way_ps as f64 / 1e3)),
            Datum::number(slowdown.map(|s| format!("{:.2} ×", s.slowdown_permille as f64 / 1e3))),
        ];
        table.row("", &escape(&format!("{} and {}", pair.a, pair.b)), &data);
    }
    if !table.is_empty() {
        let pairs = measured.line_transfer.len();
        out += &if pairs > 12 {
            table.folded(&format!("{pairs} pairs of CPUs"))
        } else {
            table.html()
        };
    }
    if measured.pairs_left_out > 0 {
        out += &format!(
            "<p>{} pairs were left out.</p>\n",
            words::grouped(measured.pairs_left_out)
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::cpu_list;

    #[test]
    fn neighbours_become_ranges() {
        assert_eq!(cpu_list(&[0, 1, 2, 5, 8, 9]), "0–2, 5, 8–9");
        assert_eq!(cpu_list(&[]), "none");
    }
}
