//! Workflow commands that GitHub shows as annotations of a run.
//!
//! GitHub keeps ten of a kind from a step, so there are [`MOST`] at most: the regressions, worst first, and one line
//! that says how it ended. Nothing is an error that does not fail the gate.

use super::clipped;
use crate::check::{Check, Line, Verdict, words};

/// The most annotations of a check.
pub const MOST: usize = 10;

/// The longest message, in characters; GitHub takes 64 KiB.
const MESSAGE_CHARACTERS: usize = 2_000;

/// The longest title, in characters, as the interface of check runs has it.
const TITLE_CHARACTERS: usize = 255;

/// The commands, a line each, for the standard output of a step.
#[must_use]
pub fn annotations(check: &Check) -> String {
    let regressed: Vec<&Line> = check
        .gated()
        .filter(|line| line.verdict == Verdict::Regressed)
        .collect();
    let shown = regressed.len().min(MOST - 1);
    let mut commands = String::new();
    for line in &regressed[..shown] {
        let title = format!("regression: {}", line.key());
        let message = format!("{}. {}", words::finding(line), line.why);
        commands += &command("error", &title, &message);
    }
    let kind = match check.verdict {
        Verdict::Regressed => "error",
        Verdict::Inconclusive => "warning",
        Verdict::Improved | Verdict::Equivalent => "notice",
    };
    commands
        + &command(
            kind,
            "vmalock check",
            &ending(check, regressed.len() - shown),
        )
}

/// How it ended, and how many regressions have no line of their own.
fn ending(check: &Check, more: usize) -> String {
    let mut sentences = vec![format!("{}.", words::headline(check))];
    if more > 0 {
        sentences.push(format!(
            "{more} more have no annotation; check.json has all."
        ));
    }
    sentences.extend(check.advice.iter().cloned());
    sentences.join(" ")
}

fn command(kind: &str, title: &str, message: &str) -> String {
    let title = data(&clipped(title, TITLE_CHARACTERS))
        .replace(':', "%3A")
        .replace(',', "%2C");
    let message = data(&clipped(message, MESSAGE_CHARACTERS));
    format!("::{kind} title={title}::{message}\n")
}

/// Text as a command carries it.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}
