//! How faults ended: by the VMA's own lock, or why not.

use super::text::{Datum, Table, escape};
use super::{Page, by_workload, heading, threads};
use crate::digest::{Digest, RoleTable, Row, Setting};
use crate::words;
use bench_core::record::{Outcome, RoleName};
use std::fmt::Write as _;

pub(super) fn section(page: &Page<'_>, digest: &Digest<'_>) -> String {
    let mut out = String::new();
    let mut seen: Vec<Outcome> = Vec::new();
    for settings in by_workload(digest) {
        for role in [RoleName::Fault, RoleName::Mprotect, RoleName::Churn] {
            let bars = bars(page, digest, settings, role);
            if bars.is_empty() {
                continue;
            }
            let _ = write!(
                out,
                "{}<h4>role {}</h4>\n{}{}",
                heading(digest, &settings[0]),
                role.word(),
                bars.html().replacen("<table>", "<table class=bars>", 1),
                numbers(page, digest, settings, role).folded("Numbers")
            );
            let rows = settings.iter().flat_map(|s| role_rows(s, role));
            seen.extend(rows.flat_map(|row| faults(row).map(|(outcome, _)| outcome)));
        }
    }
    if out.is_empty() {
        return "<p class=none>No verified throughput cell took a fault.</p>\n".into();
    }
    seen.sort_unstable();
    seen.dedup();
    format!(
        "<p>Shares of all faults of the throughput cells. What is not <em>fast</em> fell back to the mmap lock, for the reason given.</p>\n{}{out}",
        legend(&seen)
    )
}

fn role_rows<'s>(setting: &'s Setting<'_>, role: RoleName) -> &'s [Row] {
    let table: Option<&RoleTable> = setting.roles.iter().find(|table| table.role == role);
    table.map_or(&[], |table| &table.rows)
}

/// The faults of a row by how they ended, in the order of the outcomes; those that happened.
fn faults(row: &Row) -> impl Iterator<Item = (Outcome, u64)> + '_ {
    let is_fault = |o: Outcome| o == Outcome::Fast || o.is_fallback();
    row.outcomes
        .iter()
        .filter(move |(outcome, count)| is_fault(**outcome) && **count > 0)
        .map(|(outcome, count)| (*outcome, *count))
}

fn legend(seen: &[Outcome]) -> String {
    let items: String = seen
        .iter()
        .map(|outcome| {
            let word = outcome.word();
            format!("<span class=key><svg viewBox=\"0 0 10 10\" aria-hidden=true><rect class=o-{word} width=10 height=10 /></svg>{word}</span> ")
        })
        .collect();
    format!("<p class=keys>{items}</p>\n")
}

/// One bar for each lock and thread count with which the role has threads.
fn bars(page: &Page<'_>, digest: &Digest<'_>, settings: &[Setting<'_>], role: RoleName) -> Table {
    let has_role = |s: &&Setting<'_>| !role_rows(s, role).is_empty();
    let settings: Vec<&Setting<'_>> = settings.iter().filter(has_role).collect();
    let mut heads = vec!["Lock".to_owned()];
    heads.extend(settings.iter().map(|setting| threads(setting)));
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let mut table = Table::new("", &heads);
    for lock in 0..digest.locks.len() {
        let rows: Vec<Option<&Row>> = settings
            .iter()
            .map(|s| role_rows(s, role).iter().find(|row| row.lock == lock))
            .collect();
        if rows.iter().flatten().all(|row| row.fast_share().is_none()) {
            continue;
        }
        let lock = &digest.locks[lock];
        let data: Vec<Datum> = rows
            .into_iter()
            .map(|row| Datum::Html(row.map_or_else(|| "–".into(), |row| bar(lock.name, row))))
            .collect();
        table.row(&page.class(lock), &page.palette.label(lock.name), &data);
    }
    table
}

/// A bar with one stretch for each outcome, and the share that was fast.
fn bar(name: &str, row: &Row) -> String {
    let Some(fast) = row.fast_share() else {
        return "–".into();
    };
    let total: u64 = faults(row).map(|(_, count)| count).sum();
    let (mut rects, mut words_) = (String::new(), Vec::new());
    let mut x = 0.0;
    for (outcome, count) in faults(row) {
        let share = count as f64 / total as f64;
        let width = share * 1_000.0;
        let text = format!("{} {} %", outcome.word(), words::percent(share));
        let _ = write!(
            rects,
            "<rect class=o-{} x={x:.1} width={width:.1} height=10><title>{text}</title></rect>",
            outcome.word()
        );
        words_.push(text);
        x += width;
    }
    format!(
        "<svg class=strip viewBox=\"0 0 1000 10\" preserveAspectRatio=none role=img aria-label=\"{}: {}\">{rects}</svg><small>{} % fast</small>",
        escape(name),
        words_.join(", "),
        words::percent(fast)
    )
}

fn numbers(
    page: &Page<'_>,
    digest: &Digest<'_>,
    settings: &[Setting<'_>],
    role: RoleName,
) -> Table {
    let heads = [
        "Lock",
        "Threads",
        "Faults",
        "Fast",
        "Fallbacks by reason",
        "Lookups repeated",
    ];
    let mut table = Table::new(
        &format!("{}, role {}", settings[0].workload, role.word()),
        &heads,
    );
    for setting in settings {
        for row in role_rows(setting, role) {
            let total: u64 = faults(row).map(|(_, count)| count).sum();
            if total == 0 {
                continue;
            }
            let share = |n: u64| {
                format!(
                    "{} ({} %)",
                    words::grouped(n),
                    words::percent(n as f64 / total as f64)
                )
            };
            let reasons: Vec<String> = faults(row)
                .filter(|(outcome, _)| outcome.is_fallback())
                .map(|(outcome, n)| format!("{} {}", outcome.word(), share(n)))
                .collect();
            let fast = row.outcomes.get(&Outcome::Fast).copied().unwrap_or(0);
            let lock = &digest.locks[row.lock];
            let data = [
                Datum::Number(setting.threads.to_string()),
                Datum::Number(words::grouped(total)),
                Datum::Number(share(fast)),
                Datum::Text(if reasons.is_empty() {
                    "none".into()
                } else {
                    reasons.join(", ")
                }),
                Datum::Number(words::grouped(row.misses)),
            ];
            table.row(&page.class(lock), &page.palette.label(lock.name), &data);
        }
    }
    table
}
