//! A [`Check`](super::Check) as other programs read it: each format a pure function, tested against what its reader documents.
//!
//! What a line is called is the same everywhere ([`Line::key`](super::Line::key)), and which way it is better comes with it, since a reader
//! that guesses this from a name gets it wrong.

pub mod annotations;
pub mod bencher;
pub mod benchstat;
pub mod comment;
pub mod critcmp;
pub mod github_action_benchmark;
pub mod junit;
pub mod markdown;
pub mod openmetrics;

use super::{Better, Line};
use crate::stats::{Estimate, Interval};

/// One of the two that were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What it was compared with.
    Baseline,
    /// What was tested.
    Candidate,
}

impl Side {
    /// Its word: `baseline` or `candidate`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Candidate => "candidate",
        }
    }

    fn per_process(self, line: &Line) -> &[f64] {
        match self {
            Self::Baseline => &line.baseline_per_process,
            Self::Candidate => &line.candidate_per_process,
        }
    }
}

/// A file of an output that has several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it lies, from the folder of the output: names joined by `/`.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl Line {
    /// The key without the metric: what several metrics are of.
    fn setting(&self) -> String {
        format!(
            "{}/{}/{}/{}/{}",
            self.lock, self.workload, self.threads, self.placement, self.role
        )
    }
}

/// Where the candidate's level lies, from its processes; `None` of fewer than two. Times are reduced on a logarithmic
/// scale, as everywhere in vmalock.
fn interval(line: &Line) -> Option<Interval> {
    let levels = line.candidate_per_process.clone();
    let estimate = match line.better {
        Better::Higher => Estimate::of_levels(levels),
        Better::Lower => Estimate::of_ratios(levels),
    };
    estimate?.interval
}

/// A name of lower-case letters, digits and single dashes: `Jain's index` is `jains-index`, `p99.9` is `p99-9`.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().filter(|c| *c != '\'') {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// The beginning of a text of more than `most` characters, with an ellipsis; a short text as it is.
fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
