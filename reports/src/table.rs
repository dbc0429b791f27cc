//! The table at the end of a run.

use crate::digest::{Digest, Kind, LATENCY, Ranking, RoleTable, Row, Setting, THROUGHPUT};
use crate::read::Run;
use crate::stats::timer_floor_ns;
use crate::{emulated, plain, precision, verdict, words};
use std::fmt::Write as _;

const HEADS: [&str; 12] = [
    "lock",
    "Mop/s",
    "95 % interval",
    "of best",
    "p50 ns",
    "p99 ns",
    "p99.9 ns",
    "fast %",
    "Jain",
    "min/max",
    "dirty",
    "verified",
];

/// A run as plain text: for each workload and thread count, one line for each lock, and a second one where a role times
/// several kinds of operation. Of a run that was emulated there are no numbers, only what was verified.
#[must_use]
pub fn summary(run: &Run) -> String {
    let digest = Digest::of(run);
    if let Some(emulator) = &run.header.host.emulator {
        let mut out = emulated::summary(&digest, emulator);
        for note in left_out(&digest) {
            plain::wrap(&mut out, "- ", &note);
        }
        return out;
    }
    let mut out = String::new();
    let mut marks = Marks::default();
    for setting in &digest.settings {
        for table in &setting.roles {
            role(&mut out, &digest, setting, table, &mut marks);
        }
    }
    if digest.settings.is_empty() {
        out.push_str("No cell was recorded: nothing to show.\n");
    }
    notes(&mut out, &digest, &marks);
    out
}

/// The marks that were used and so need an explanation.
#[derive(Default)]
struct Marks {
    not_separated: bool,
    below_floor: bool,
    few: bool,
    control: bool,
    no_interval: bool,
}

fn role(
    out: &mut String,
    digest: &Digest<'_>,
    setting: &Setting<'_>,
    table: &RoleTable,
    marks: &mut Marks,
) {
    let mut title = title(digest, setting, table);
    let kinds: Vec<Kind> = table
        .kinds()
        .into_iter()
        .filter(|kind| kind.is_drawn())
        .collect();
    if let Some(main) = kinds.first() {
        let _ = write!(title, "; latency of {}", main.words());
    }
    let _ = writeln!(out, "{title}");
    let mut lines = vec![HEADS.map(str::to_owned).to_vec()];
    for row in &table.rows {
        let main = kinds.first().copied();
        lines.push(line(digest, setting, table, row, main, marks));
    }
    plain::columns(out, &lines);
    if let Some(others @ [_, ..]) = kinds.get(1..) {
        plain::columns(out, &other_kinds(digest, table, others, marks));
    }
    plain::wrap(
        out,
        "  ",
        &format!("{}.", verdict::sentence(digest, setting, table)),
    );
    out.push('\n');
}

/// What a table is about: workload, threads, role and what is special of them.
pub(crate) fn title(digest: &Digest<'_>, setting: &Setting<'_>, table: &RoleTable) -> String {
    let mut title = format!(
        "{}, {}: {}",
        setting.workload,
        words::count(u64::from(setting.threads), "thread"),
        table.role.word()
    );
    if table.threads != setting.threads {
        let _ = write!(title, " ({} of them)", table.threads);
    }
    if setting.oversubscribed {
        title += ", oversubscribed";
    }
    if let Some(placement) = digest.placement_of(setting) {
        let _ = write!(title, ", placement {placement}");
    }
    title
}

fn line(
    digest: &Digest<'_>,
    setting: &Setting<'_>,
    table: &RoleTable,
    row: &Row,
    main: Option<Kind>,
    marks: &mut Marks,
) -> Vec<String> {
    let none = || "–".to_owned();
    let rate = row.rate.as_ref().map(|two| two.shown());
    let bounds = rate.and_then(|r| r.ops_per_s.interval);
    marks.no_interval |= rate.is_some() && bounds.is_none();
    let control = digest.locks[row.lock].control;
    let tally = setting.tallies.iter().find(|t| t.lock == row.lock);
    let (dirty, verified) = tally.map_or_else(
        || (none(), none()),
        |t| {
            let verified = match (control, t.measured, t.unverified) {
                (true, ..) => "control".to_owned(),
                (_, 0, _) => none(),
                (_, _, 0) => "yes".to_owned(),
                (_, measured, n) => format!("{n}/{measured} NOT"),
            };
            (format!("{}/{}", t.dirty, t.measured), verified)
        },
    );
    marks.control |= control;
    let two_digits = |v: f64| format!("{v:.2}");
    let [p50, p99, p999] = timings(digest, row, main, marks);
    vec![
        digest.locks[row.lock].name.to_owned(),
        rate.map_or_else(none, |r| words::mega(r.ops_per_s.centre)),
        bounds.map_or_else(none, |b| words::interval(b, words::mega)),
        of_best(table, row, marks),
        p50,
        p99,
        p999,
        row.fast_share().map_or_else(none, words::percent),
        rate.and_then(|r| r.jain).map_or_else(none, two_digits),
        rate.and_then(|r| r.min_max).map_or_else(none, two_digits),
        dirty,
        verified,
    ]
}

/// The timings of the kinds that the main table has no room for, such as those of maps and unmaps beside faults.
fn other_kinds(
    digest: &Digest<'_>,
    table: &RoleTable,
    kinds: &[Kind],
    marks: &mut Marks,
) -> Vec<Vec<String>> {
    let heads = |kind: &Kind| {
        let words = kind.words();
        ["p50", "p99", "p99.9"].map(|quantile| format!("{words} {quantile} ns"))
    };
    let mut lines = vec![vec!["lock".to_owned()]];
    lines[0].extend(kinds.iter().flat_map(heads));
    for row in &table.rows {
        let mut line = vec![digest.locks[row.lock].name.to_owned()];
        for kind in kinds {
            line.extend(timings(digest, row, Some(*kind), marks));
        }
        lines.push(line);
    }
    lines
}

/// The ratio to the fastest, with `=` when not separated from it.
fn of_best(table: &RoleTable, row: &Row, marks: &mut Marks) -> String {
    let Some(ratio) = &row.to_best else {
        return "–".into();
    };
    let mut text = format!("{:.2}", ratio.centre);
    if let Ranking::Ranked { leaders, .. } = &table.ranking
        && leaders.len() > 1
        && leaders.contains(&row.lock)
    {
        marks.not_separated = true;
        text += " =";
    }
    text
}

/// p50, p99 and p99.9 of one kind of operation.
fn timings(digest: &Digest<'_>, row: &Row, kind: Option<Kind>, marks: &mut Marks) -> [String; 3] {
    let floor = timer_floor_ns(&digest.run.header.clock);
    let timing = kind.and_then(|kind| row.timing(kind));
    [0, 2, 3].map(|place| {
        let quantile = timing.and_then(|t| t.quantiles.get(place));
        let Some(quantile) = quantile else {
            return "–".into();
        };
        marks.few |= !quantile.enough;
        let Some(estimate) = &quantile.estimate else {
            return "?".into();
        };
        if estimate.centre < floor as f64 {
            marks.below_floor = true;
            return format!("<{floor}");
        }
        let value = words::grouped(estimate.centre.round() as u64);
        if quantile.enough {
            value
        } else {
            format!("{value}?")
        }
    })
}

/// What the marks mean and what is not in the table.
fn notes(out: &mut String, digest: &Digest<'_>, marks: &Marks) {
    let mut notes: Vec<String> = Vec::new();
    let processes = digest.run.processes();
    notes.extend(
        [THROUGHPUT, LATENCY]
            .iter()
            .filter_map(|mode| verdict::noise(digest, mode)),
    );
    if marks.no_interval {
        notes.push("no interval: it needs at least two processes".into());
    } else if !digest.settings.is_empty() {
        notes.push(format!(
            "intervals: 95 %, t over the medians of {processes} processes"
        ));
    }
    notes.extend(precision::ending(digest).map(|ending| ending.words));
    if marks.not_separated {
        notes.push("`=`: not separated from the fastest, paired by round".into());
    }
    let floor = timer_floor_ns(&digest.run.header.clock);
    if marks.below_floor {
        notes.push(format!(
            "`<{floor}`: below what the clock can tell ({floor} ns)"
        ));
    }
    if marks.few {
        notes.push(
            "`?`: fewer than 10 samples beyond this percentile in some process; without a number: too few to bound it"
                .into(),
        );
    }
    if marks.control {
        notes.push("control: excludes nobody; its line is the floor of the harness".into());
    }
    notes.extend(left_out(digest));
    for note in notes {
        plain::wrap(out, "- ", &note);
    }
}

/// What is not in the table although the run has or should have it.
pub(crate) fn left_out(digest: &Digest<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    for (list, what) in [
        (&digest.unverified, "not verified and not shown"),
        (&digest.errors, "failed"),
    ] {
        for left in list {
            notes.push(format!(
                "{} of {} in {} with {} {what}: {}",
                words::count(left.cells, "cell"),
                left.lock,
                left.workload,
                words::count(u64::from(left.threads), "thread"),
                left.why
            ));
        }
    }
    notes.extend(digest.run.problems.iter().map(ToString::to_string));
    notes.extend(digest.unreadable.iter().cloned());
    if digest.run.footer.as_ref().is_none_or(|f| !f.complete) {
        notes.push(incomplete(digest.run));
    }
    notes
}

fn incomplete(run: &Run) -> String {
    let reason = run.footer.as_ref().and_then(|f| f.reason.as_deref());
    let reason = reason.unwrap_or("its file has no last line");
    format!("the run is not complete: {reason}")
}
