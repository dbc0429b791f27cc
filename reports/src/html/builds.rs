//! The builds of a session: each lock over itself in the first build.

use super::axis;
use super::chart::{Chart, Edge, Line, Shade};
use super::text::{Datum, Table, escape};
use super::{Page, bullets};
use crate::builds::{BuildLine, Builds, key};
use crate::digest::THROUGHPUT;
use crate::words;

/// A section on builds that were measured on one host.
pub(super) fn section(page: &Page<'_>, builds: &Builds<'_>, number: usize) -> String {
    let lines = builds.lines();
    let place = |line: &BuildLine<'_>| {
        let (workload, placement, _) = key(line.setting);
        (
            workload.to_owned(),
            placement.to_owned(),
            line.role,
            line.build,
        )
    };
    let mut places: Vec<_> = lines.iter().map(place).collect();
    places.sort();
    places.dedup();
    let mut plots = String::new();
    for of in places {
        let of_the_place: Vec<&BuildLine<'_>> =
            lines.iter().filter(|line| place(line) == of).collect();
        let (workload, placement, role, build) = &of;
        let title = format!("{workload}, {placement}, role {}", role.word());
        let over = format!("{} over {}", builds.names[*build], builds.names[0]);
        if let Some(chart) = chart(page, &of_the_place, format!("{title}: {over}")) {
            let caption = format!(
                "{}: <strong>{}</strong>; slower in the shaded part",
                escape(&title),
                escape(&over)
            );
            plots += &format!("<div class=block>{}</div>\n", page.figure(&chart, &caption));
        }
    }
    if plots.is_empty() {
        plots = "<p class=none>No ratio of throughputs could be told.</p>\n".into();
    }
    format!(
        "<article id=b{number}>\n<header><h1>vmalock <small>builds: {}</small></h1></header>\n<section>\n<h2>Builds</h2>\n{}<div class=wide>\n{plots}</div>\n{}</section>\n</article>\n",
        escape(&words::list(&builds.names)),
        bullets("notes", &builds.legend()),
        table(page, builds, &lines).html()
    )
}

/// The ratios of throughput against threads, a line for each lock.
fn chart(page: &Page<'_>, of: &[&BuildLine<'_>], title: String) -> Option<Chart> {
    let mut lines: Vec<Line> = Vec::new();
    for line in of.iter().filter(|line| line.measured.mode() == THROUGHPUT) {
        let Ok(contrast) = &line.measured.contrast else {
            continue;
        };
        let (number, bounds) = (page.palette.number(line.lock), contrast.interval());
        let x = f64::from(line.setting.threads.max(1)).log2();
        let place = lines.iter().position(|drawn| drawn.number == number);
        let place = place.unwrap_or_else(|| {
            lines.push(Line {
                number,
                markers: true,
                ..Line::default()
            });
            lines.len() - 1
        });
        let drawn = &mut lines[place];
        drawn.points.push((x, contrast.ratio().ln()));
        drawn.ribbon.push((x, bounds.low.ln(), bounds.high.ln()));
    }
    let mut threads: Vec<u32> = of.iter().map(|line| line.setting.threads).collect();
    threads.sort_unstable();
    threads.dedup();
    if threads.len() == 1 {
        set_apart(&mut lines);
    }
    let bounds = || lines.iter().flat_map(|line| &line.ribbon);
    let lowest = bounds().map(|bound| bound.1.exp()).fold(1.0, f64::min);
    let highest = bounds().map(|bound| bound.2.exp()).fold(1.0, f64::max);
    let x = axis::threads(&threads);
    let y = axis::logarithmic("ratio", (lowest, highest), 0.0, words::shortest);
    let slower = Shade {
        low: (x.low, y.low),
        high: (x.high, 0.0),
        edge: Edge::Top,
    };
    (!lines.is_empty()).then_some(Chart {
        size: (1_120, 560),
        shades: vec![slower],
        x,
        y,
        lines,
        title,
        description: "The throughput of each lock over that of the same lock in the first build, against threads. The numbers are in the table that follows.".into(),
    })
}

/// With one thread count all locks would stand on one spot.
fn set_apart(lines: &mut [Line]) {
    let count = lines.len() as f64;
    for (rank, line) in lines.iter_mut().enumerate() {
        let aside = (rank as f64 - (count - 1.0) / 2.0) * 0.8 / count;
        for point in &mut line.points {
            point.0 += aside;
        }
        for bound in &mut line.ribbon {
            bound.0 += aside;
        }
    }
}

fn table(page: &Page<'_>, builds: &Builds<'_>, lines: &[BuildLine<'_>]) -> Table {
    let heads = [
        "Lock · build",
        "Workload",
        "Placement",
        "Role",
        "Threads",
        "Metric",
        "Ratio [95 %]",
        "",
    ];
    let mut out = Table::new("", &heads);
    for line in lines {
        let (workload, placement, threads) = key(line.setting);
        let (ratio, why) = match line.ratio() {
            Ok(ratio) => (Some(ratio), String::new()),
            Err(why) => (None, why),
        };
        out.row(
            &format!("s{}", page.palette.number(line.lock)),
            &format!(
                "{} · {}",
                page.palette.label(line.lock),
                escape(builds.names[line.build])
            ),
            &[
                Datum::Text(workload.to_owned()),
                Datum::Text(placement.to_owned()),
                Datum::Text(line.role.word().to_owned()),
                Datum::Number(threads.to_string()),
                Datum::Text(line.measured.name()),
                Datum::number(ratio),
                Datum::Text(why),
            ],
        );
    }
    out
}
