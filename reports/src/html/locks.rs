//! What was compared: the locks with their size, and the workloads with all their parameters.

use super::Page;
use super::text::{Datum, Table, escape};
use crate::digest::Digest;
use crate::words;
use bench_core::record::{Cell, Delay};
use bench_core::workload::{Layout, Target, WorkloadSpec};

pub(super) fn section(page: &Page<'_>, digest: &Digest<'_>) -> String {
    let heads = [
        "Lock",
        "bytes per VMA",
        "bytes per mm",
        "excludes",
        "what it is",
        "source",
    ];
    let mut table = Table::new("", &heads);
    for lock in &digest.locks {
        let info = lock.info;
        let unknown = || "not in the header".to_owned();
        let data = [
            Datum::number(info.map(|i| i.vma_bytes.to_string())),
            Datum::number(info.map(|i| i.mm_bytes.to_string())),
            Datum::Text(if lock.control { "no: control" } else { "yes" }.into()),
            Datum::Text(info.map_or_else(unknown, |i| i.summary.clone())),
            Datum::Text(info.map_or_else(unknown, |i| i.source.clone())),
        ];
        table.row(&page.class(lock), &page.palette.label(lock.name), &data);
    }
    if table.is_empty() {
        return "<p class=none>The run has no lock.</p>\n".into();
    }
    format!(
        "<p>State of the lock only, without padding and without the mmap lock, which every design has. A design whose waiting writer keeps its slot in the VMA has 4 bytes more there than in the kernel, which keeps one slot per mm: 12 where the kernel's count and sequence are 8.</p>\n{}",
        table.html()
    )
}

/// The workloads as asked, and the delays as obtained.
pub(super) fn workloads(_: &Page<'_>, digest: &Digest<'_>) -> String {
    let heads = [
        "Workload",
        "VMAs",
        "pages per VMA",
        "target",
        "threads by role",
        "hold",
        "write hold",
        "think",
        "write think",
        "layout",
        "index",
        "obtained (hold, write hold, think, write think)",
    ];
    let mut table = Table::new("", &heads);
    for spec in &digest.run.header.workloads {
        let cells: Vec<&Cell> = digest
            .run
            .cells
            .iter()
            .filter(|c| c.workload == spec.name)
            .collect();
        table.row("", &escape(&spec.name), &parameters(spec, &cells));
    }
    if table.is_empty() {
        return "<p class=none>The run has no workload.</p>\n".into();
    }
    format!(
        "<p>Times asked for in ns. <em>Obtained</em> is what the calibrated delay took when timed by itself, from the smallest to the largest over all cells of the workload.</p>\n{}",
        table.html()
    )
}

fn parameters(spec: &WorkloadSpec, cells: &[&Cell]) -> Vec<Datum> {
    let number = |n: u64| Datum::Number(words::grouped(n));
    let vmas = match spec.vmas {
        0 => "one per thread".into(),
        n => words::grouped(u64::from(n)),
    };
    let target = match spec.target {
        Target::Same => "same",
        Target::Own => "own",
        Target::Uniform => "uniform",
        Target::Zipf => "zipf",
    };
    let layout = match spec.layout {
        Layout::OwnLine => "own line",
        Layout::Packed => "packed",
        Layout::BesideHotFields => "beside hot fields",
    };
    let roles = spec.threads;
    let named = [
        (roles.mprotect, "mprotect"),
        (roles.churn, "churn"),
        (roles.fault, "fault"),
    ];
    let mut by_role: Vec<String> = named
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, role)| format!("{count} {role}"))
        .collect();
    by_role.push(format!("rest {}", roles.rest.word()));
    vec![
        Datum::Number(vmas),
        number(u64::from(spec.pages_per_vma)),
        Datum::Text(target.into()),
        Datum::Text(by_role.join(", ")),
        number(spec.hold_ns),
        number(spec.write_hold_ns),
        number(spec.think_ns),
        number(spec.write_think_ns),
        Datum::Text(layout.into()),
        Datum::Text(if spec.index { "yes" } else { "no" }.into()),
        Datum::Text(
            [
                obtained(cells, |cell| cell.hold.as_ref()),
                obtained(cells, |cell| cell.write_hold.as_ref()),
                obtained(cells, |cell| cell.think.as_ref()),
                obtained(cells, |cell| cell.write_think.as_ref()),
            ]
            .join(", "),
        ),
    ]
}

/// The smallest and the largest of what a delay took.
fn obtained<'c>(cells: &[&'c Cell], of: impl Fn(&'c Cell) -> Option<&'c Delay>) -> String {
    let took = || {
        cells
            .iter()
            .filter_map(|cell| of(cell))
            .map(|d| d.obtained_ns)
    };
    match (took().min(), took().max()) {
        (Some(low), Some(high)) if low == high => format!("{low} ns"),
        (Some(low), Some(high)) => format!("{low}–{high} ns"),
        _ => "–".into(),
    }
}
