//! A page of Markdown for the summary of a CI job, such as `$GITHUB_STEP_SUMMARY`.
//!
//! GitHub takes 1024 KiB from a step and drops the whole of what is longer, so the page stays below [`LIMIT_BYTES`] and says
//! what it leaves out.

use super::clipped;
use crate::check::{Check, Line, Verdict, words};
use std::fmt::Write as _;

/// The longest page, with room for what other commands of the step write.
pub const LIMIT_BYTES: usize = 900 * 1024;

/// Kept for titles, for what closes them, and for the sentences that say what is left out.
const RESERVE_BYTES: usize = 2 * 1024;

/// The longest text in a cell or in a list, in characters.
const TEXT_CHARACTERS: usize = 400;

/// The page: the verdict, the gated lines worst first, and the rest folded away.
#[must_use]
pub fn summary(check: &Check) -> String {
    page(check, LIMIT_BYTES)
}

/// The page in at most so many bytes.
pub(super) fn page(check: &Check, limit_bytes: usize) -> String {
    let mut page = Page {
        text: String::new(),
        room_bytes: limit_bytes.saturating_sub(RESERVE_BYTES),
    };
    page.head(check);
    let gated: Vec<&Line> = check.gated().collect();
    if !gated.is_empty() {
        page.table(&[&HEAD[..], &GATED_HEAD].concat(), &gated, gated_row);
    }
    let others: Vec<&Line> = check.lines.iter().filter(|line| !line.gated).collect();
    if !others.is_empty() {
        let title = format!(
            "What does not decide: {}",
            words::tally(others.iter().copied())
        );
        page.folded(&title, |page| page.table(&HEAD, &others, other_row));
    }
    if !check.notes.is_empty() {
        page.folded("Notes", |page| page.list(&check.notes));
    }
    page.text
}

/// Text that may grow to a limit.
struct Page {
    text: String,
    room_bytes: usize,
}

impl Page {
    /// Adds it if there is room.
    fn add(&mut self, text: &str) -> bool {
        let fits = self.text.len() + text.len() <= self.room_bytes;
        if fits {
            self.text.push_str(text);
        }
        fits
    }

    /// The verdict, what it rests on, and what to do.
    fn head(&mut self, check: &Check) {
        let headline = escaped(&words::headline(check));
        self.add(&format!("### vmalock check {headline}\n\n"));
        let worst = check.gated().next();
        if let Some(worst) = worst.filter(|line| line.verdict == Verdict::Regressed) {
            let finding = escaped(&words::finding(worst));
            self.add(&format!("The worst is **{finding}**.\n\n"));
        }
        let code = |text: &str| format!("<code>{}</code>", escaped(text));
        self.add(&format!(
            "{} beside {}, on {}, {}.\n\n",
            code(&check.candidate),
            code(&check.baseline),
            escaped(&check.host),
            escaped(&check.started_at)
        ));
        self.list(&check.advice);
    }

    /// A list, of which it says how much is left out.
    fn list(&mut self, sentences: &[String]) {
        for (done, sentence) in sentences.iter().enumerate() {
            if !self.add(&format!("- {}\n", escaped(sentence))) {
                self.left_out(sentences.len() - done, "sentences");
                break;
            }
        }
        self.text.push('\n');
    }

    /// A table, of which it says how much is left out.
    fn table(&mut self, head: &[&str], lines: &[&Line], row: fn(&Line) -> Vec<String>) {
        let rule = vec!["---"; head.len()].join(" | ");
        let mut next = 0;
        if self.add(&format!("| {} |\n| {rule} |\n", head.join(" | "))) {
            while next < lines.len() && self.add(&table_row(&row(lines[next]))) {
                next += 1;
            }
        }
        if next < lines.len() {
            self.left_out(lines.len() - next, "lines");
        }
        self.text.push('\n');
    }

    /// Something behind a title that opens it.
    fn folded(&mut self, title: &str, inside: impl FnOnce(&mut Self)) {
        let _ = write!(
            self.text,
            "<details><summary>{}</summary>\n\n",
            escaped(title)
        );
        inside(self);
        self.text.push_str("</details>\n\n");
    }

    fn left_out(&mut self, number: usize, what: &str) {
        let _ = write!(
            self.text,
            "\n{number} more {what} have no room here; all are in check.json.\n"
        );
    }
}

/// What every line has.
const HEAD: [&str; 9] = [
    "verdict",
    "lock",
    "workload",
    "threads",
    "placement",
    "role",
    "metric",
    "baseline → candidate",
    "change [95 %]",
];

/// What a line has besides that decides.
const GATED_HEAD: [&str; 2] = ["threshold", "why"];

fn gated_row(line: &Line) -> Vec<String> {
    let mut cells = other_row(line);
    if line.verdict == Verdict::Regressed {
        cells[0] = format!("**{}**", cells[0]);
    }
    cells.push(format!("{:.1} %", line.threshold * 100.0));
    cells.push(escaped(&line.why));
    cells
}

fn other_row(line: &Line) -> Vec<String> {
    let change = line.ratio.as_ref().map_or("–".to_owned(), words::change);
    let levels = [line.baseline, line.candidate].map(|value| words::level(value, &line.unit));
    vec![
        line.verdict.word().to_owned(),
        escaped(&line.lock),
        escaped(&line.workload),
        line.threads.to_string(),
        escaped(&line.placement),
        escaped(&line.role),
        escaped(&line.metric),
        levels.join(" → "),
        change,
    ]
}

fn table_row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Text that Markdown, HTML and a table's cell leave as it is: what could begin anything in them becomes a character
/// reference, which can begin nothing (CommonMark 0.31, 2.5), and a line break a space.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in clipped(text, TEXT_CHARACTERS).chars() {
        match c {
            '&' | '<' | '>' | '"' | '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '#' | '$'
            | '!' | '@' => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
