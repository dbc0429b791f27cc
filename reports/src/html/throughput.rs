//! Throughput against threads.

use super::axis::{self, Axis};
use super::chart::{Chart, Edge, Line, Shade};
use super::text::{Datum, Table};
use super::{Page, by_workload, heading};
use crate::digest::{Digest, RoleTable, Row, Setting, THROUGHPUT};
use crate::words;
use bench_core::record::RoleName;

/// Above this ratio of the highest to the lowest line a linear axis would press the low ones together.
const LINEAR_UP_TO: f64 = 12.0;

pub(super) fn section(page: &Page<'_>, digest: &Digest<'_>) -> String {
    if digest.settings.is_empty() {
        return "<p class=none>No cell was recorded.</p>\n".into();
    }
    let mut out = String::from(
        "<p>Operations that ended per second, by role, over all threads of the role. The line joins the means of the processes' medians, the ribbon is their 95 % interval, each dot is one process.</p>\n",
    );
    out += "<div class=wide>\n";
    for settings in by_workload(digest) {
        out += &block(page, digest, settings);
    }
    out + "</div>\n"
}

/// One workload: a chart for each role, and the numbers.
fn block(page: &Page<'_>, digest: &Digest<'_>, settings: &[Setting<'_>]) -> String {
    let mut roles: Vec<RoleName> = settings
        .iter()
        .flat_map(|s| &s.roles)
        .map(|t| t.role)
        .collect();
    roles.sort_unstable();
    roles.dedup();
    let mut out = String::new();
    let noisy = noisy(settings);
    for role in roles {
        if let Some(chart) = chart(page, digest, settings, role) {
            out += &format!(
                "<div>{}{}</div>\n",
                page.figure(&chart, &format!("role {}{noisy}", role.word())),
                table(page, digest, settings, role).folded(&format!("Numbers: {}", role.word()))
            );
        }
    }
    if out.is_empty() {
        out = "<p class=none>No verified throughput cell.</p>\n".into();
    }
    let charts = out.matches("<figure>").count();
    let class = if charts > 1 { "block several" } else { "block" };
    format!(
        "<div class=\"{class}\">{}<div class=wide>{out}</div></div>\n",
        heading(digest, &settings[0])
    )
}

/// Says at which thread counts nothing is ranked.
fn noisy(settings: &[Setting<'_>]) -> String {
    let noisy = settings.iter().filter(|s| s.rounds(THROUGHPUT).too_noisy());
    let counts: Vec<String> = noisy.map(|s| s.threads.to_string()).collect();
    let names: Vec<&str> = counts.iter().map(String::as_str).collect();
    match counts.len() {
        0 => String::new(),
        n if n == settings.len() => " <span class=\"badge bad\">too noisy to rank</span>".into(),
        _ => format!(
            " <span class=\"badge bad\">too noisy to rank with {} threads</span>",
            words::list(&names)
        ),
    }
}

fn role_table<'s>(setting: &'s Setting<'_>, role: RoleName) -> Option<&'s RoleTable> {
    setting.roles.iter().find(|table| table.role == role)
}

fn chart(
    page: &Page<'_>,
    digest: &Digest<'_>,
    settings: &[Setting<'_>],
    role: RoleName,
) -> Option<Chart> {
    let has_role = |s: &&Setting<'_>| role_table(s, role).is_some();
    let counts: Vec<u32> = settings
        .iter()
        .filter(has_role)
        .map(|s| s.threads)
        .collect();
    let lines: Vec<Line> = (0..digest.locks.len())
        .filter_map(|lock| line(page, digest, settings, role, lock))
        .collect();
    let values = || {
        let centres = lines.iter().flat_map(|l| l.points.iter().map(|p| p.1));
        let spread = lines.iter().flat_map(|l| l.dots.iter().map(|p| p.1));
        let bounds = lines.iter().flat_map(|l| l.ribbon.iter().map(|r| r.2));
        centres.chain(spread).chain(bounds)
    };
    let highest = values().fold(0.0, f64::max);
    let lowest = values().fold(f64::INFINITY, f64::min);
    if lines.is_empty() {
        return None;
    }
    let y = if lowest > 0.0 && highest / lowest > LINEAR_UP_TO {
        axis::logarithmic("Mop/s", (lowest, highest), 0.12, words::shortest)
    } else {
        axis::from_zero("Mop/s", highest)
    };
    let logarithmic = y.low != 0.0;
    let place = |v: f64| {
        if logarithmic {
            v.max(f64::MIN_POSITIVE).ln().max(y.low)
        } else {
            v
        }
    };
    // With one thread count all locks would stand on one spot.
    let apart = if counts.len() == 1 {
        0.8 / lines.len() as f64
    } else {
        0.0
    };
    let middle = (lines.len() - 1) as f64 / 2.0;
    let lines = lines
        .into_iter()
        .enumerate()
        .map(|(rank, line)| {
            let aside = (rank as f64 - middle) * apart;
            let at = |x: f64, v: f64| (x + aside, place(v));
            Line {
                points: line.points.iter().map(|p| at(p.0, p.1)).collect(),
                ribbon: line
                    .ribbon
                    .iter()
                    .map(|r| (r.0 + aside, place(r.1), place(r.2)))
                    .collect(),
                dots: line.dots.iter().map(|p| at(p.0, p.1)).collect(),
                dodge: if apart > 0.0 { 12 } else { line.dodge },
                ..line
            }
        })
        .collect();
    let x = axis::threads(&counts);
    Some(Chart {
        size: (1_120, 700),
        shades: boundary(digest, &counts, &x, &y).into_iter().collect(),
        x,
        y,
        lines,
        title: format!("{}, role {}", settings[0].workload, role.word()),
        description:
            "Million operations per second against threads, one line for each lock. The numbers are in the table that follows."
                .into(),
    })
}

/// Where there are more threads than allowed CPUs.
fn boundary(digest: &Digest<'_>, counts: &[u32], x: &Axis, y: &Axis) -> Option<Shade> {
    let allowed = u32::try_from(digest.run.header.host.allowed_cpus.len()).ok()?;
    let at = f64::from(allowed.max(1)).log2();
    let cpus = words::count(u64::from(allowed), "CPU");
    let edge = if counts.iter().any(|count| *count > allowed) {
        Edge::Left(format!("more threads than the {cpus} allowed"))
    } else {
        Edge::LeftNamedBefore(format!("{cpus} allowed"))
    };
    (x.low..x.high).contains(&at).then_some(Shade {
        low: (at, y.low),
        high: (x.high, y.high),
        edge,
    })
}

/// A lock's line in millions per second, linear.
fn line(
    page: &Page<'_>,
    digest: &Digest<'_>,
    settings: &[Setting<'_>],
    role: RoleName,
    lock: usize,
) -> Option<Line> {
    let number = page.palette.number(digest.locks[lock].name);
    let beside = (lock as i32 - digest.locks.len() as i32 / 2).clamp(-6, 6) * 4;
    let mut line = Line {
        number,
        markers: true,
        dodge: beside,
        ..Line::default()
    };
    for setting in settings {
        let row = role_table(setting, role).and_then(|table| table.row(lock));
        let Some(rate) = row.and_then(|row| row.rate.as_ref()) else {
            continue;
        };
        let rate = &rate.shown().ops_per_s;
        let x = f64::from(setting.threads.max(1)).log2();
        line.points.push((x, rate.centre / 1e6));
        if let Some(interval) = rate.interval {
            line.ribbon
                .push((x, interval.low / 1e6, interval.high / 1e6));
        }
        line.dots
            .extend(rate.per_process.iter().map(|v| (x, v / 1e6)));
    }
    (!line.points.is_empty()).then_some(line)
}

fn table(page: &Page<'_>, digest: &Digest<'_>, settings: &[Setting<'_>], role: RoleName) -> Table {
    let heads = [
        "Lock",
        "Threads",
        "Mop/s [95 %]",
        "of the fastest [95 %]",
        "all rounds, Mop/s [95 %]",
        "clean / all rounds",
        "processes",
    ];
    let mut out = Table::new(
        &format!("{}, role {}", settings[0].workload, role.word()),
        &heads,
    );
    for setting in settings {
        for row in role_table(setting, role).iter().flat_map(|t| &t.rows) {
            if row.rate.is_none() {
                continue;
            }
            let lock = &digest.locks[row.lock];
            out.row(
                &page.class(lock),
                &page.palette.label(lock.name),
                &numbers(setting, row),
            );
        }
    }
    out
}

fn numbers(setting: &Setting<'_>, row: &Row) -> [Datum; 6] {
    let rounds = setting.rounds(THROUGHPUT);
    let rate = row.rate.as_ref();
    let mops = |e: &crate::stats::Estimate| words::estimate(e, words::mega);
    [
        Datum::Number(format!(
            "{}{}",
            setting.threads,
            if setting.oversubscribed {
                " (oversubscribed)"
            } else {
                ""
            }
        )),
        Datum::number(rate.map(|two| mops(&two.shown().ops_per_s))),
        Datum::number(
            row.to_best
                .as_ref()
                .map(|r| words::estimate(r, |v| format!("{v:.3}"))),
        ),
        Datum::number(rate.map(|two| mops(&two.all.ops_per_s))),
        Datum::Number(format!("{} / {}", rounds.clean, rounds.all)),
        Datum::number(rate.map(|two| two.shown().ops_per_s.per_process.len().to_string())),
    ]
}
