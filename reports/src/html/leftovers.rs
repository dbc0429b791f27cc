//! What is in no plot, and why.

use super::Page;
use super::text::{Datum, Table};
use crate::digest::{Digest, LeftOut};
use crate::words;

/// The most problems that are listed one by one; a file of another kind has one on every line.
const MOST_LISTED: usize = 200;

pub(super) fn cells(page: &Page<'_>, digest: &Digest<'_>) -> String {
    let mut out = String::new();
    if digest.errors.is_empty() && digest.unverified.is_empty() {
        out += "<p class=none>None: every cell was measured and verified.</p>\n";
    }
    if !digest.unverified.is_empty() {
        let text = "Measured, but a lock that excludes would not have let happen what was seen. Their numbers are not shown anywhere.";
        out += &format!("<h3>Not verified</h3>\n<p>{text}</p>\n");
        out += &list(page, digest, &digest.unverified);
    }
    if !digest.errors.is_empty() {
        out += "<h3>Errors</h3>\n";
        out += &list(page, digest, &digest.errors);
    }
    let noise = noise(digest);
    if !noise.is_empty() {
        out += "<h3>Dirty cells by reason</h3>\n<p>Judged by signals from outside, never by the result. A round with a dirty cell is left out for all locks.</p>\n";
        out += &noise.html();
    }
    out
}

fn list(page: &Page<'_>, digest: &Digest<'_>, left_out: &[LeftOut<'_>]) -> String {
    let mut table = Table::new("", &["Lock", "Workload", "Threads", "Cells", "Why"]);
    for left in left_out.iter().take(MOST_LISTED) {
        let class = digest
            .locks
            .iter()
            .find(|l| l.name == left.lock)
            .map(|l| page.class(l));
        let data = [
            Datum::Text(left.workload.to_owned()),
            Datum::Number(left.threads.to_string()),
            Datum::Number(words::grouped(left.cells)),
            Datum::Text(left.why.clone()),
        ];
        table.row(
            &class.unwrap_or_default(),
            &page.palette.label(left.lock),
            &data,
        );
    }
    table.html() + &more(left_out.len())
}

fn more(count: usize) -> String {
    match count.saturating_sub(MOST_LISTED) {
        0 => String::new(),
        n => format!("<p>And {} more.</p>\n", words::grouped(n as u64)),
    }
}

/// Reasons for which cells were dirty, without their numbers, counted.
fn noise(digest: &Digest<'_>) -> Table {
    let mut counts = std::collections::BTreeMap::new();
    for cell in digest.run.cells.iter().filter(|cell| cell.noise.dirty) {
        for reason in &cell.noise.reasons {
            let kind: String = reason.chars().take_while(|c| !c.is_ascii_digit()).collect();
            *counts
                .entry((cell.mode.as_str(), kind.trim().to_owned()))
                .or_insert(0_u64) += 1;
        }
    }
    let mut table = Table::new("", &["Reason", "Mode", "Cells"]);
    for ((mode, kind), count) in counts {
        let data = [
            Datum::Text(mode.to_owned()),
            Datum::Number(words::grouped(count)),
        ];
        table.row("", &super::text::escape(&kind), &data);
    }
    table
}

pub(super) fn problems(_: &Page<'_>, digest: &Digest<'_>) -> String {
    let problems = &digest.run.problems;
    if problems.is_empty() && digest.unreadable.is_empty() {
        return "<p class=none>None: every line was read.</p>\n".into();
    }
    let mut table = Table::new("", &["Line", "Field", "What is wrong"]);
    for problem in problems.iter().take(MOST_LISTED) {
        let field = if problem.field == "." {
            "whole line"
        } else {
            &problem.field
        };
        let data = [
            Datum::Text(field.to_owned()),
            Datum::Text(problem.what.clone()),
        ];
        table.row("", &words::grouped(problem.line), &data);
    }
    for what in digest.unreadable.iter().take(MOST_LISTED) {
        let data = [Datum::Text("histogram".into()), Datum::Text(what.clone())];
        table.row("", "–", &data);
    }
    format!(
        "<p>These lines or fields were left out; all others were used.</p>\n{}{}",
        table.html(),
        more(problems.len().max(digest.unreadable.len()))
    )
}
