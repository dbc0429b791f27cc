//! The page of a trend: a plot for each series that changes, and the numbers of all.

use super::axis::{self, Axis};
use super::chart::{Chart, Edge, Line, Shade};
use super::text::{Datum, Table, escape};
use super::{Page, Palette, bullets, document};
use crate::trend::{Change, Series, Trend, table};
use crate::words;
use std::cell::Cell;

/// The most plots of a page. Above it the series with the least chance of luck are drawn; all are in the table.
const MOST_PLOTS: usize = 60;
/// Labels that the axis of runs has room for.
const MOST_TICKS: usize = 16;

/// One self-contained page on a trend. The same trend gives the same bytes.
#[must_use]
pub fn trend_html(trend: &Trend) -> String {
    let locks = trend
        .series
        .iter()
        .map(|series| (series.lock.as_str(), false));
    let page = Page {
        palette: Palette::new(locks),
        ids: Cell::new(0),
    };
    let mut notes = trend.legend();
    notes.extend(trend.notes.iter().cloned());
    let body = format!(
        "<header><h1>vmalock trend</h1>\n<p class=facts><span>{}</span></p></header>\n<section>\n<h2>Changes</h2>\n{}{}</section>\n<section>\n<h2>Series that change</h2>\n{}</section>\n<section>\n<h2>All series</h2>\n{}</section>\n<section>\n<h2>Runs</h2>\n{}</section>\n",
        escape(&trend.title()),
        changes(&page, trend),
        bullets("notes", &notes),
        plots(&page, trend),
        all(&page, trend).html(),
        runs(trend).html()
    );
    document(
        "vmalock: trend",
        &page,
        &format!("<main>\n<article>\n{body}</article>\n</main>"),
    )
}

fn changes(page: &Page<'_>, trend: &Trend) -> String {
    let heads = [
        "Lock", "Setting", "Metric", "Run", "Date", "Revision", "Before", "After", "Size", "", "p",
    ];
    let mut out = Table::new("", &heads);
    for series in &trend.series {
        for change in &series.changes {
            let run = &trend.runs[change.run];
            out.row(
                "",
                &page.palette.label(&series.lock),
                &[
                    Datum::Text(series.setting.clone()),
                    Datum::Text(series.metric.clone()),
                    Datum::Number((change.run + 1).to_string()),
                    Datum::Text(run.date().to_owned()),
                    Datum::Text(run.revision().to_owned()),
                    Datum::Number(table::ratio(change.before)),
                    Datum::Number(table::ratio(change.after)),
                    Datum::Number(table::size(change)),
                    Datum::Text(series.direction(change).to_owned()),
                    Datum::Number(table::p_value(change)),
                ],
            );
        }
    }
    if out.is_empty() {
        return "<p class=none>No change was found.</p>\n".into();
    }
    out.html()
}

fn plots(page: &Page<'_>, trend: &Trend) -> String {
    let changed = trend.series.iter().filter(|s| !s.changes.is_empty());
    let changed: Vec<&Series> = changed.collect();
    let mut out = String::from(
        "<p>The line joins the runs' ratios, the ribbon is the 95 % interval of each over its processes, the faint line the median of each segment. A change is marked at the first run that is of the new kind.</p>\n<div class=wide>\n",
    );
    for series in changed.iter().take(MOST_PLOTS) {
        let caption = format!(
            "{} {}, {} over {}",
            page.palette.label(&series.lock),
            escape(&series.setting),
            escape(&series.metric),
            escape(&trend.reference)
        );
        out += &format!(
            "<div class=block>{}{}</div>\n",
            page.figure(&chart(page, trend, series), &caption),
            numbers(trend, series).folded("Numbers")
        );
    }
    if changed.is_empty() {
        return "<p class=none>None.</p>\n".into();
    }
    if changed.len() > MOST_PLOTS {
        out += &format!(
            "<p>{} more are in the table only.</p>\n",
            changed.len() - MOST_PLOTS
        );
    }
    out + "</div>\n"
}

fn chart(page: &Page<'_>, trend: &Trend, series: &Series) -> Chart {
    let number = page.palette.number(&series.lock);
    let x = runs_axis(trend.runs.len());
    let place = |run: usize| (run + 1) as f64;
    let bounds = |low: bool| {
        series.points.iter().map(move |point| match point.interval {
            Some(interval) if low => interval.low,
            Some(interval) => interval.high,
            None => point.ratio,
        })
    };
    let lowest = bounds(true).fold(f64::INFINITY, f64::min);
    let highest = bounds(false).fold(0.0, f64::max);
    let y = axis::logarithmic("ratio", (lowest, highest), 0.12, words::shortest);
    let mut line = Line {
        number,
        markers: true,
        ..Line::default()
    };
    for point in &series.points {
        let at = place(point.run);
        line.points.push((at, point.ratio.ln()));
        if let Some(interval) = point.interval {
            line.ribbon
                .push((at, interval.low.ln(), interval.high.ln()));
        }
    }
    line.faint = levels(series, x.low, x.high);
    let shade = |(place_of, change): (usize, &Change)| {
        let next = series.changes.get(place_of + 1);
        let end = next.map_or(x.high, |next| place(next.run) - 0.5);
        let run = &trend.runs[change.run];
        Shade {
            low: (place(change.run) - 0.5, y.low),
            high: (end, y.high),
            edge: Edge::Left(format!("{} {}", run.date(), table::size(change))),
        }
    };
    Chart {
        size: (1_120, 560),
        shades: series.changes.iter().enumerate().map(shade).collect(),
        x,
        y,
        lines: vec![line],
        title: format!("{}, {}, {}", series.lock, series.setting, series.metric),
        description:
            "The ratio to the reference against runs. The numbers are in the table that follows."
                .into(),
    }
}

/// The median of each segment, as steps.
fn levels(series: &Series, low: f64, high: f64) -> Vec<(f64, f64)> {
    let mut steps = Vec::new();
    let mut from = low;
    for change in &series.changes {
        let at = (change.run + 1) as f64 - 0.5;
        steps.push((from, change.before.ln()));
        steps.push((at, change.before.ln()));
        from = at;
    }
    if let Some(last) = series.changes.last() {
        steps.push((from, last.after.ln()));
        steps.push((high, last.after.ln()));
    }
    steps
}

fn runs_axis(count: usize) -> Axis {
    let step = count.div_ceil(MOST_TICKS).max(1);
    Axis {
        title: "run".into(),
        low: 0.5,
        high: count as f64 + 0.5,
        ticks: (1..=count)
            .step_by(step)
            .map(|run| (run as f64, run.to_string()))
            .collect(),
    }
}

fn numbers(trend: &Trend, series: &Series) -> Table {
    let heads = ["Run", "Date", "Revision", "Ratio [95 %]", "Change"];
    let mut out = Table::new(
        &format!("{}, {}, {}", series.lock, series.setting, series.metric),
        &heads,
    );
    for point in &series.points {
        let run = &trend.runs[point.run];
        let ratio = match point.interval {
            Some(bounds) => format!(
                "{} {}",
                table::ratio(point.ratio),
                words::interval(bounds, table::ratio)
            ),
            None => table::ratio(point.ratio),
        };
        let change = series.changes.iter().find(|change| change.run == point.run);
        out.row(
            "",
            &(point.run + 1).to_string(),
            &[
                Datum::Text(run.date().to_owned()),
                Datum::Text(run.revision().to_owned()),
                Datum::Number(ratio),
                Datum::Text(change.map(table::size).unwrap_or_default()),
            ],
        );
    }
    out
}

/// Every series in a line: its ends, its range and its changes.
fn all(page: &Page<'_>, trend: &Trend) -> Table {
    let heads = [
        "Lock", "Setting", "Metric", "Runs", "First", "Last", "Lowest", "Highest", "Changes",
    ];
    let mut out = Table::new("", &heads);
    for series in &trend.series {
        let ratios = || series.points.iter().map(|point| point.ratio);
        let number = |value: Option<f64>| Datum::number(value.map(table::ratio));
        let changes = match series.changes.len() {
            _ if !series.is_searched() => "too few runs to search".to_owned(),
            0 => "none".to_owned(),
            count => count.to_string(),
        };
        out.row(
            "",
            &page.palette.label(&series.lock),
            &[
                Datum::Text(series.setting.clone()),
                Datum::Text(series.metric.clone()),
                Datum::Number(series.points.len().to_string()),
                number(ratios().next()),
                number(ratios().next_back()),
                number(ratios().reduce(f64::min)),
                number(ratios().reduce(f64::max)),
                Datum::Text(changes),
            ],
        );
    }
    out
}

fn runs(trend: &Trend) -> Table {
    let mut out = Table::new("", &["Run", "Date", "Revision", "File"]);
    for (number, run) in trend.runs.iter().enumerate() {
        out.row(
            "",
            &(number + 1).to_string(),
            &[
                Datum::Text(run.started_at.clone()),
                Datum::Text(run.revision().to_owned()),
                Datum::Text(run.file.display().to_string()),
            ],
        );
    }
    out
}
