//! What is known of a line before it has its verdict.

use crate::check::Line;
use crate::stats::Contrast;

/// A line whose numbers are known and whose verdict is not.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The line. What judging finds is put into it: ratios, threshold, detectable share, chance, verdict, `again` and,
    /// where there is a contrast, `why`. Without one it stays as it is.
    pub line: Line,
    /// The candidate against the baseline, first stage.
    pub contrast: Option<Contrast>,
    /// The control against the baseline, first stage.
    pub control: Option<Contrast>,
    /// The candidate against the baseline, second stage.
    pub confirmation: Option<Contrast>,
    /// The control against the baseline, second stage.
    pub control_again: Option<Contrast>,
    /// The candidate against the baseline, the processes of both stages.
    pub pooled: Option<Contrast>,
    /// Levels that are closer than this share may be equal or not: the step of the clock or of the histogram. 0 if there
    /// is none.
    pub resolution: f64,
}

/// All lines of a gate, to be judged together.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The lines.
    pub drafts: Vec<Draft>,
    /// Whether there was a second stage, be it without some lines.
    pub second_stage: bool,
    /// What to do about what could not be measured, a sentence each.
    pub advice: Vec<String>,
    /// What stands beside the numbers, a sentence each.
    pub notes: Vec<String>,
}
