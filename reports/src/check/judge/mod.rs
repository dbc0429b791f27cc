//! The verdicts of a gate.
//!
//! Baseline, candidate and control are measured in lockstep, by the same plan: cell by cell in turn, so that a process and
//! round of one stands beside that of the others, and they are paired by it as the locks of one run are. A round that was
//! dirty in any of them is left out of all.
//!
//! A gate has two stages. What looks different in the first is only a candidate: it is measured again by fresh processes
//! ([`needs_confirmation`]), and called regressed or improved if they say the same.

mod draft;
mod gather;
mod notes;
mod reasons;
mod rules;

use super::{Check, Line, Verdict};
use crate::read::Run;
use bench_core::record::Header;
use std::cmp::Ordering;

pub use draft::{Draft, Evidence};

pub(crate) use notes::advice as advice_on_noise;

/// A smaller difference is none unless the user says otherwise: where the linker puts a function moves results by as much,
/// and no repetition averages that out.
pub const FLOOR: f64 = crate::compare::SMALLEST_DIFFERENCE;

/// The programs that were measured side by side.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'r> {
    /// What the candidate is held against.
    pub baseline: &'r Run,
    /// What is tested.
    pub candidate: &'r Run,
    /// The baseline's program once more, which shows what noise alone makes. Without it, nothing is known of that.
    pub control: Option<&'r Run>,
}

/// All that was measured for a gate.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'r> {
    /// The first stage, which has every line.
    pub first: Stage<'r>,
    /// The second stage: fresh processes for what the first has raised. It may lack lines.
    pub confirmation: Option<Stage<'r>>,
}

/// What the user asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The baseline in words: a revision, a program.
    pub baseline: String,
    /// The candidate in words.
    pub candidate: String,
    /// A smaller difference, as a share, is never called one: [`FLOOR`] unless the user says otherwise.
    pub floor: f64,
    /// A smaller difference, as a share, is none; without it, each metric has its own: 3 % of throughput, 10 % of a latency.
    pub margin: Option<f64>,
}

/// Judges what was measured. It always gives a check: what cannot be said is a line's `why`.
///
/// From one stage alone no line is regressed or improved, only "not confirmed yet".
#[must_use]
pub fn judge(sides: &Sides<'_>, settings: &Settings) -> Check {
    let evidence = gather::evidence(sides, settings);
    weigh(evidence, &sides.first.candidate.header, settings)
}

/// Judges lines, wherever their numbers are from. The header is that of the candidate.
#[must_use]
pub fn weigh(evidence: Evidence, header: &Header, settings: &Settings) -> Check {
    let Evidence {
        mut drafts,
        second_stage,
        mut advice,
        notes,
    } = evidence;
    rules::settle(&mut drafts, second_stage, settings.floor);
    let mut lines: Vec<Line> = drafts.into_iter().map(|draft| draft.line).collect();
    lines.sort_by(order);
    advice.extend(notes::next(&lines));
    Check {
        baseline: settings.baseline.clone(),
        candidate: settings.candidate.clone(),
        started_at: header.started_at.clone(),
        host: notes::host(&header.host),
        verdict: of_the_gate(&lines),
        lines,
        advice,
        notes,
    }
}

fn of_the_gate(lines: &[Line]) -> Verdict {
    let gated = || lines.iter().filter(|line| line.gated);
    let any = |verdict| gated().any(|line| line.verdict == verdict);
    if any(Verdict::Regressed) {
        Verdict::Regressed
    } else if any(Verdict::Inconclusive) || gated().next().is_none() {
        Verdict::Inconclusive
    } else if any(Verdict::Improved) {
        Verdict::Improved
    } else {
        Verdict::Equivalent
    }
}

/// Gated lines first; then what has to be looked at, and the worst of it.
fn order(one: &Line, other: &Line) -> Ordering {
    let urgency = |line: &Line| match line.verdict {
        Verdict::Regressed => 0,
        Verdict::Inconclusive => 1,
        Verdict::Improved => 2,
        Verdict::Equivalent => 3,
    };
    let worse_by = |line: &Line| line.worse_by().unwrap_or(f64::NEG_INFINITY);
    (other.gated.cmp(&one.gated))
        .then(urgency(one).cmp(&urgency(other)))
        .then(worse_by(other).total_cmp(&worse_by(one)))
}

/// Whether a second stage could settle a gated line: one that looks different, or one that is inconclusive only for want of
/// processes. Which lines, and which locks and settings, [`Check::unsettled`] tells.
#[must_use]
pub fn needs_confirmation(check: &Check) -> bool {
    check.unsettled().any(|line| line.gated)
}

impl Check {
    /// The lines that a second stage could settle, informational ones too: each has [`Line::again`].
    pub fn unsettled(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.again.is_some())
    }
}
