//! How evenly the threads of a role got what they competed for.

use super::text::{Datum, Table, escape};
use super::{Page, by_workload, heading, threads};
use crate::digest::{Digest, Rate, Row, Setting};
use crate::stats::{Interval, median, two_level_bootstrap};
use crate::words;
use bench_core::record::RoleName;
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(super) fn section(page: &Page<'_>, digest: &Digest<'_>) -> String {
    let mut out = String::new();
    for settings in by_workload(digest) {
        for role in [RoleName::Fault, RoleName::Mprotect, RoleName::Churn] {
            let several: Vec<&Setting<'_>> = settings
                .iter()
                .filter(|s| threads_of(s, role) > 1)
                .collect();
            if several.is_empty() {
                continue;
            }
            let strips = strips(page, digest, &several, role);
            if !strips.is_empty() {
                let _ = write!(
                    out,
                    "{}<h4>role {}</h4>\n{}",
                    heading(digest, &settings[0]),
                    role.word(),
                    strips.html().replacen("<table>", "<table class=bars>", 1)
                );
            }
        }
    }
    if out.is_empty() {
        return "<p class=none>No verified throughput cell has a role with two threads or more, so there is nobody to be unfair to.</p>\n".into();
    }
    format!(
        "<p>Each strip is the mean window: the share of its busiest thread, then of the second, and so on. Threads are ordered anew in each window, since they sit on other CPUs in each process. <em>Jain</em> is (Σx)²/(nΣx²), 1 when all threads get the same and 1/n when one gets all, with its 95 % interval where there are five processes (a bootstrap of processes and of their rounds); <em>min/max</em> is the slowest thread's rate over the fastest's.</p>\n{out}"
    )
}

fn threads_of(setting: &Setting<'_>, role: RoleName) -> u32 {
    let table = setting.roles.iter().find(|table| table.role == role);
    table.map_or(0, |table| table.threads)
}

fn find<'s>(setting: &'s Setting<'_>, role: RoleName, lock: usize) -> Option<&'s Row> {
    setting
        .roles
        .iter()
        .find(|table| table.role == role)?
        .row(lock)
}

fn strips(
    page: &Page<'_>,
    digest: &Digest<'_>,
    settings: &[&Setting<'_>],
    role: RoleName,
) -> Table {
    let mut heads = vec!["Lock".to_owned()];
    for setting in settings {
        let of = threads_of(setting, role);
        let text = if of == setting.threads {
            threads(setting)
        } else {
            format!("{of} of {}", threads(setting))
        };
        heads.push(text);
    }
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let mut table = Table::new("", &heads);
    for (number, lock) in digest.locks.iter().enumerate() {
        let strips: Vec<Option<String>> = settings
            .iter()
            .map(|s| find(s, role, number).and_then(|row| strip(lock.name, row)))
            .collect();
        if strips.iter().all(Option::is_none) {
            continue;
        }
        let data: Vec<Datum> = strips
            .into_iter()
            .map(|strip| Datum::Html(strip.unwrap_or_else(|| "–".into())))
            .collect();
        table.row(&page.class(lock), &page.palette.label(lock.name), &data);
    }
    table
}

fn strip(name: &str, row: &Row) -> Option<String> {
    let rate = row.rate.as_ref()?.shown();
    let (jain, min_max) = (rate.jain?, rate.min_max?);
    let bounds = jain_interval(rate).map_or_else(String::new, |bounds| {
        format!(" {}", words::interval(bounds, |v| format!("{v:.3}")))
    });
    let mut rects = String::new();
    let mut x = 0.0;
    for (rank, share) in rate.shares.iter().enumerate() {
        let width = share * 1_000.0;
        let _ = write!(
            rects,
            "<rect class=t{} x={x:.1} width={width:.1} height=10><title>thread {} of {}: {} %</title></rect>",
            rank % 2,
            rank + 1,
            rate.shares.len(),
            words::percent(*share)
        );
        x += width;
    }
    let shares: Vec<String> = rate
        .shares
        .iter()
        .map(|s| format!("{} %", words::percent(*s)))
        .collect();
    Some(format!(
        "<svg class=strip viewBox=\"0 0 1000 10\" preserveAspectRatio=none role=img aria-label=\"{}: shares {}\">{rects}</svg><small>Jain {jain:.3}{bounds}, min/max {min_max:.2}</small>",
        escape(name),
        shares.join(", ")
    ))
}

/// An index is bounded and leans to one side, so that its interval is drawn and not computed.
fn jain_interval(rate: &Rate) -> Option<Interval> {
    let mut processes: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for ((process, _), index) in &rate.jain_by_round {
        processes.entry(*process).or_default().push(*index);
    }
    let processes: Vec<Vec<f64>> = processes.into_values().collect();
    two_level_bootstrap(&processes, |rounds| {
        let rounds: Vec<f64> = rounds.iter().map(|index| **index).collect();
        median(&rounds).unwrap_or(f64::NAN)
    })
}
