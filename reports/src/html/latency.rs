//! Latency on the percentile axis.

use super::axis::{self, Axis};
use super::chart::{Chart, Edge, Line, Shade};
use super::text::{Datum, Table, escape};
use super::{Page, by_workload, heading, threads};
use crate::digest::{Digest, Kind, LATENCY, QUANTILES, Quantile, RoleTable, Setting, Timing};
use crate::stats::timer_floor_ns;
use crate::words;
use bench_core::record::RoleName;

pub(super) fn section(page: &Page<'_>, digest: &Digest<'_>) -> String {
    let floor = timer_floor_ns(&digest.run.header.clock);
    let mut out = format!(
        "<p>From request to held, sampled, over all processes of the rounds shown. Each step to the right leaves a tenth of the operations. Below {floor} ns (shaded) a value is the clock's: the larger of three of its steps ({} ns) and two readings ({} ns each). A pale end rests on fewer than 10 samples. Closed loop: a thread that waits asks for nothing meanwhile, so these are lower than what arrivals at fixed times would see.</p>\n",
        digest.run.header.clock.quantum_ns, digest.run.header.clock.cost_ns
    );
    let mut any = false;
    for settings in by_workload(digest) {
        let panels = panels(settings);
        if panels.is_empty() {
            continue;
        }
        any = true;
        out += &heading(digest, &settings[0]);
        for (role, kind) in panels {
            out += &panel(page, digest, settings, role, kind);
        }
    }
    if !any {
        out += "<p class=none>No verified latency cell: run with mode latency to get some.</p>\n";
    }
    out
}

/// What is drawn of a workload: each role with each kind of its operations.
fn panels(settings: &[Setting<'_>]) -> Vec<(RoleName, Kind)> {
    let mut panels: Vec<(RoleName, Kind)> = settings
        .iter()
        .flat_map(|s| &s.roles)
        .flat_map(|t| t.kinds().into_iter().map(|kind| (t.role, kind)))
        .filter(|(_, kind)| kind.is_drawn())
        .collect();
    panels.sort_unstable();
    panels.dedup();
    panels
}

fn role_table<'s>(setting: &'s Setting<'_>, role: RoleName) -> Option<&'s RoleTable> {
    setting.roles.iter().find(|table| table.role == role)
}

/// One row of charts, by threads, on the same axes; and their numbers.
fn panel(
    page: &Page<'_>,
    digest: &Digest<'_>,
    settings: &[Setting<'_>],
    role: RoleName,
    kind: Kind,
) -> String {
    let Some((x, y)) = axes(digest, settings, role, kind) else {
        return String::new();
    };
    let mut figures = String::new();
    for setting in settings {
        let Some(table) = role_table(setting, role) else {
            continue;
        };
        let lines: Vec<Line> = table
            .rows
            .iter()
            .filter_map(|row| Some((row.lock, row.timing(kind)?)))
            .map(|(lock, timing)| line(page.palette.number(digest.locks[lock].name), timing))
            .collect();
        if lines.is_empty() {
            continue;
        }
        let chart = Chart {
            size: (800, 560),
            x: x.clone(),
            y: y.clone(),
            shades: floor(digest, &x, &y).into_iter().collect(),
            lines,
            title: format!(
                "{}, role {}, {}, {}",
                setting.workload,
                role.word(),
                kind.words(),
                threads(setting)
            ),
            description:
                "Latency against percentile, one line for each lock. The numbers are in the table that follows."
                    .into(),
        };
        let noisy = if setting.rounds(LATENCY).too_noisy() {
            " <span class=\"badge bad\">too noisy to rank</span>"
        } else {
            ""
        };
        figures += &page.figure(&chart, &format!("{}{noisy}", escape(&threads(setting))));
    }
    let numbers = table(page, digest, settings, role, kind);
    format!(
        "<h4>role {}: {}</h4>\n<div class=panels>{figures}</div>\n{}",
        role.word(),
        kind.words(),
        numbers.folded(&format!("Numbers: {}, {}", role.word(), kind.words()))
    )
}

/// Axes that hold all thread counts. `None` when nothing was timed.
fn axes(
    digest: &Digest<'_>,
    settings: &[Setting<'_>],
    role: RoleName,
    kind: Kind,
) -> Option<(Axis, Axis)> {
    let points: Vec<_> = settings
        .iter()
        .filter_map(|s| role_table(s, role))
        .flat_map(|t| &t.rows)
        .filter_map(|row| row.timing(kind))
        .flat_map(|timing| &timing.curve)
        .collect();
    let lowest = points.iter().map(|p| p.value_ns).min()?.max(1);
    let highest = points.iter().map(|p| p.value_ns).max()?.max(1);
    let nines = points.iter().map(|p| p.nines).fold(0.0, f64::max);
    // The floor stays in sight when values come near it.
    let floor = timer_floor_ns(&digest.run.header.clock) as f64;
    let lowest = lowest as f64;
    let lowest = if floor > lowest / 3.0 {
        lowest.min(floor / 1.5)
    } else {
        lowest
    };
    let y = axis::logarithmic(
        "latency",
        (lowest.max(1.0), highest as f64),
        0.0,
        words::short_duration,
    );
    Some((axis::percentiles(nines), y))
}

fn floor(digest: &Digest<'_>, x: &Axis, y: &Axis) -> Option<Shade> {
    let floor = timer_floor_ns(&digest.run.header.clock);
    let at = (floor.max(1) as f64).ln();
    (at > y.low && at < y.high).then_some(Shade {
        low: (x.low, y.low),
        high: (x.high, at),
        edge: Edge::Top,
    })
}

fn line(number: usize, timing: &Timing) -> Line {
    let place = |value_ns: u64| (value_ns.max(1) as f64).ln();
    let mut line = Line {
        number,
        ..Line::default()
    };
    for point in &timing.curve {
        let at = (point.nines, place(point.value_ns));
        if point.enough {
            line.points.push(at);
        } else {
            if line.faint.is_empty() {
                line.faint.extend(line.points.last().copied());
            }
            line.faint.push(at);
        }
    }
    line
}

fn table(
    page: &Page<'_>,
    digest: &Digest<'_>,
    settings: &[Setting<'_>],
    role: RoleName,
    kind: Kind,
) -> Table {
    let heads = [
        "Lock",
        "Threads",
        "Way",
        "timed",
        "p50 ns",
        "p90 ns",
        "p99 ns",
        "p99.9 ns",
        "p99.99 ns",
        "longest",
        "p99 ns, all rounds",
    ];
    let caption = format!(
        "{}, role {}, {}; percentiles with 95 % interval over processes, pale where a process has fewer than 10 samples beyond, ? where so few that it may lie beyond all of them",
        settings[0].workload,
        role.word(),
        kind.words()
    );
    let mut out = Table::new(&caption, &heads);
    let kinds: &[Kind] = if kind == Kind::Fault {
        &[Kind::Fault, Kind::FaultFast, Kind::FaultFallback]
    } else {
        std::slice::from_ref(&kind)
    };
    for setting in settings {
        for row in role_table(setting, role).iter().flat_map(|t| &t.rows) {
            let lock = &digest.locks[row.lock];
            for kind in kinds {
                if let Some(timing) = row.timing(*kind) {
                    let all = row.latency.as_ref().and_then(|two| {
                        two.all.iter().find(|k| k.kind == *kind).map(|k| &k.timing)
                    });
                    let head = page.palette.label(lock.name);
                    let data = numbers(digest, setting, *kind, timing, all);
                    out.row(&page.class(lock), &head, &data);
                }
            }
        }
    }
    out
}

fn numbers(
    digest: &Digest<'_>,
    setting: &Setting<'_>,
    kind: Kind,
    timing: &Timing,
    all: Option<&Timing>,
) -> Vec<Datum> {
    let floor = timer_floor_ns(&digest.run.header.clock);
    let way = match kind {
        Kind::FaultFast => "fast",
        Kind::FaultFallback => "fallback",
        _ => "all",
    };
    let longest = words::duration(timing.max_ns as f64);
    let longest = match timing.saturated {
        0 => longest,
        n => format!("{longest}; {} beyond the range", words::grouped(n)),
    };
    let mut data = vec![
        Datum::Number(setting.threads.to_string()),
        Datum::Text(way.into()),
        Datum::Number(words::grouped(timing.count)),
    ];
    data.extend(timing.quantiles.iter().map(|q| quantile(q, floor)));
    data.push(Datum::Number(longest));
    let p99 = QUANTILES.iter().position(|q| *q == 0.99).unwrap_or(0);
    let all = all.and_then(|t| t.quantiles.get(p99));
    data.push(all.map_or_else(|| Datum::number(None), |q| quantile(q, floor)));
    data
}

/// A percentile; what is below the floor is only said to be so.
fn quantile(quantile: &Quantile, floor_ns: u64) -> Datum {
    let Some(estimate) = &quantile.estimate else {
        return Datum::Faint("?".into());
    };
    if estimate.centre < floor_ns as f64 {
        return Datum::Faint(format!("< {floor_ns}"));
    }
    let text = words::estimate(estimate, |v| words::grouped(v.round() as u64));
    if quantile.enough {
        Datum::Number(text)
    } else {
        Datum::Faint(text)
    }
}
