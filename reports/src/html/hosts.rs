//! Several hosts side by side: by each lock, its ratio to a reference lock on each host.

use super::axis::{self, Axis};
use super::chart::{Chart, Edge, Line, Shade};
use super::text::{Datum, Table, escape};
use super::{Page, bullets};
use crate::compare::Why;
use crate::hosts::{Beside, HostRun, Hosts, Part};
use crate::words;

/// How far the marks of two hosts are apart, where the lines of two locks are 1 apart.
const APART: f64 = 0.22;
/// Units of a plot's height that a lock takes for each host, and that its ends take.
const HEIGHT: (u32, u32) = (26, 200);

pub(super) fn section(page: &Page<'_>, hosts: &Hosts<'_>) -> String {
    let mut out = String::from("<article id=hosts>\n<section>\n<h2>Hosts side by side</h2>\n");
    if !hosts.parts.is_empty() {
        let reference = escape(hosts.reference);
        out += &format!(
            "<p>The throughput of each lock over that of <b>{reference}</b> in the same rounds of the same run, with its 95 % interval over the processes. Only these ratios can be read across: rates and times of two hosts say nothing about each other, none is shown here, and neither hosts nor locks over hosts are ranked. A ratio that differs between hosts is one of {reference} as much as of the lock.</p>\n"
        );
    }
    out += &bullets("warnings", &hosts.notes);
    out += &runs(page, hosts).html();
    out += "<div class=wide>\n";
    for part in &hosts.parts {
        let plot = chart(page, hosts, part).map_or_else(
            || "<p class=none>No run has a ratio.</p>\n".to_owned(),
            |chart| {
                page.figure(
                    &chart,
                    &format!("throughput over {}", escape(hosts.reference)),
                )
            },
        );
        out += &format!(
            "<div class=block><h3>{}</h3>\n{plot}{}</div>\n",
            escape(&part.title()),
            table(page, hosts, part).html()
        );
    }
    out + "</div>\n</section>\n</article>\n"
}

/// What stands side by side.
fn runs(page: &Page<'_>, hosts: &Hosts<'_>) -> Table {
    let heads = ["Host", "allowed CPUs", "build", "processes", "file"];
    let mut out = Table::new("", &heads);
    for HostRun { name, digest, .. } in &hosts.runs {
        let header = &digest.run.header;
        let tool = &header.tool;
        let mut build = format!("{}, {}", tool.target, tool.profile);
        if !tool.target_features.is_empty() {
            build += &format!(" with {}", tool.target_features.join(", "));
        }
        out.row(
            "",
            &page.palette.label(name),
            &[
                Datum::Number(header.host.allowed_cpus.len().to_string()),
                Datum::Text(build),
                Datum::Number(digest.run.processes().to_string()),
                Datum::Text(digest.run.file.display().to_string()),
            ],
        );
    }
    out
}

/// A line for each lock, in it a mark and an interval for each host. `None` where there is no ratio.
fn chart(page: &Page<'_>, hosts: &Hosts<'_>, part: &Part<'_>) -> Option<Chart> {
    let locks = part.locks.len();
    let (mut low, mut high) = (1.0_f64, 1.0_f64);
    let mut lines = Vec::new();
    for (place, (_, all)) in part.locks.iter().enumerate() {
        for (run, one) in all.iter().enumerate() {
            let Beside::Ratio(contrast) = one else {
                continue;
            };
            let interval = contrast.interval();
            (low, high) = (low.min(interval.low), high.max(interval.high));
            let middle = (all.len() - 1) as f64 / 2.0;
            let y = (locks - place) as f64 - (run as f64 - middle) * APART;
            lines.push(Line {
                number: page.palette.number(&hosts.runs[run].name),
                points: vec![(contrast.ratio().ln(), y)],
                faint: vec![(interval.low.ln(), y), (interval.high.ln(), y)],
                markers: true,
                ..Line::default()
            });
        }
    }
    if lines.is_empty() {
        return None;
    }
    let x = axis::logarithmic(
        &format!("over {}", hosts.reference),
        (low, high),
        0.0,
        words::shortest,
    );
    let y = locks_axis(part);
    Some(Chart {
        size: (
            1_120,
            HEIGHT.1 + HEIGHT.0 * (locks * (hosts.runs.len() + 1)) as u32,
        ),
        shades: vec![Shade {
            low: (0.0, y.low),
            high: (0.0, y.high),
            edge: Edge::Left(String::new()),
        }],
        x,
        y,
        lines,
        title: part.title(),
        description: format!(
            "For each lock and host the throughput over that of {}, with its interval. The upright line is at 1. The numbers are in the table that follows.",
            hosts.reference
        ),
    })
}

/// The locks from top to bottom.
fn locks_axis(part: &Part<'_>) -> Axis {
    let locks = part.locks.len();
    let tick = |(place, (name, _)): (usize, &(&str, Vec<Beside>))| {
        ((locks - place) as f64, (*name).to_owned())
    };
    Axis {
        title: String::new(),
        low: 0.4,
        high: locks as f64 + 0.6,
        ticks: part.locks.iter().enumerate().map(tick).collect(),
    }
}

fn table(page: &Page<'_>, hosts: &Hosts<'_>, part: &Part<'_>) -> Table {
    let mut heads = vec!["Lock".to_owned()];
    for (run, oversubscribed) in hosts.runs.iter().zip(&part.oversubscribed) {
        let words = match oversubscribed {
            Some(true) => " (more threads than CPUs)",
            Some(false) | None => "",
        };
        heads.push(format!("{}{words}", run.short));
    }
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let mut out = Table::new("", &heads);
    for (name, all) in &part.locks {
        let data: Vec<Datum> = all.iter().map(datum).collect();
        let class = format!("s{}", page.palette.number(name));
        out.row(&class, &page.palette.label(name), &data);
    }
    out
}

fn datum(one: &Beside) -> Datum {
    let number = |value: f64| format!("{value:.3}");
    match one {
        Beside::Ratio(contrast) => Datum::Number(format!(
            "{} {}",
            number(contrast.ratio()),
            words::interval(contrast.interval(), number)
        )),
        // How many rounds were clean stands with the run.
        Beside::Without(Why::TooNoisy(_)) => Datum::Faint("too noisy".to_owned()),
        Beside::Without(Why::NoRatio) => Datum::Faint("no ratio".to_owned()),
        Beside::Without(why) => Datum::Faint(why.words()),
        Beside::NotThere => Datum::Faint("not measured".to_owned()),
    }
}
