//! Verdicts over all lines of a comparison together.

use super::Line;
use super::measure::Measured;
use super::metric::Better;
use crate::stats::{CONFIDENCE, Contrast, benjamini_hochberg, holm};

/// A smaller difference is not called one, however narrow its interval: where the linker puts a function moves results by
/// as much, and no repetition averages that out.
pub const SMALLEST_DIFFERENCE: f64 = 0.01;

/// What can be said of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    /// The second is better.
    Better,
    /// The second is worse.
    Worse,
    /// They differ by less than this share.
    Equivalent(f64),
    /// Neither can be said, nor that they differ by less than this share.
    NotSeparated(f64),
}

/// Gives every line that has a ratio its verdict.
///
/// Gated lines are one family, adjusted by Holm's rule; the others another one, by that of Benjamini and Hochberg. A
/// control excludes nobody, so its lines are never gated. Equivalence goes first: a difference that is surely smaller than
/// the margin is one that the user does not care for.
pub(super) fn judge(lines: &mut [&mut Line], margin: Option<f64>) {
    for gated in [true, false] {
        let adjust = if gated { holm } else { benjamini_hochberg };
        let mut family: Vec<(&mut Line, Contrast, f64)> = lines
            .iter_mut()
            .filter(|line| line.is_gated() == gated)
            .filter_map(|line| {
                let contrast = *line.measured.contrast.as_ref().ok()?;
                let margin = margin.unwrap_or(line.measured.metric.margin);
                Some((&mut **line, contrast, margin))
            })
            .collect();
        let p = |of: &dyn Fn(&Line, &Contrast, f64) -> f64| {
            let each = family
                .iter()
                .map(|(line, contrast, margin)| of(line, contrast, *margin));
            adjust(&each.collect::<Vec<f64>>())
        };
        let equivalent = p(&|line, contrast, margin| {
            // What is closer than its resolution may be as far apart.
            let rest = (1.0 + margin) / (1.0 + line.measured.resolution) - 1.0;
            if rest > 0.0 {
                contrast.p_equivalent(rest)
            } else {
                1.0
            }
        });
        let different = p(&|_, contrast, _| contrast.p_different());
        for ((line, contrast, margin), (equivalent, different)) in
            family.iter_mut().zip(equivalent.into_iter().zip(different))
        {
            let error = 1.0 - CONFIDENCE;
            let seen = contrast.ratio().ln().abs() >= line.measured.smallest().ln_1p();
            line.verdict = Some(if equivalent < error {
                Verdict::Equivalent(*margin)
            } else if different < error && seen {
                direction(&line.measured, contrast)
            } else {
                Verdict::NotSeparated(*margin)
            });
        }
    }
}

fn direction(measured: &Measured, contrast: &Contrast) -> Verdict {
    match (measured.metric.better, contrast.ratio() > 1.0) {
        (Better::Higher, true) | (Better::Lower, false) => Verdict::Better,
        _ => Verdict::Worse,
    }
}

impl Measured {
    /// The smallest share that is called a difference.
    pub(super) fn smallest(&self) -> f64 {
        self.resolution.max(SMALLEST_DIFFERENCE)
    }
}

impl Line {
    /// Whether its verdict decides.
    pub(super) fn is_gated(&self) -> bool {
        self.measured.metric.gated && !self.control
    }
}
