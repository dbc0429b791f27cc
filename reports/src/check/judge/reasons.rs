//! Why a line has its verdict, in words.

use super::draft::Draft;
use crate::check::{Again, Ratio, Verdict};
use crate::stats::Contrast;
use crate::words;

/// What the reason of lines whose control differs begins with.
pub(super) const ALARM: &str = "the baseline differs from itself here";

/// Of a line that has a contrast.
pub(super) fn of(draft: &Draft, contrast: &Contrast, second_stage: bool) -> String {
    let line = &draft.line;
    match (line.verdict, line.again) {
        (Verdict::Regressed | Verdict::Improved, _) => format!(
            "again in fresh processes ({})",
            line.confirmation.map(interval).unwrap_or_default()
        ),
        (Verdict::Equivalent, _) => equivalent(draft),
        (Verdict::Inconclusive, Some(Again::Difference)) => {
            "different in the first stage, not confirmed yet by fresh processes".into()
        }
        (Verdict::Inconclusive, _) => inconclusive(draft, contrast, second_stage),
    }
}

fn equivalent(draft: &Draft) -> String {
    let within = format!("the same within {}", words::in_percent(draft.line.margin));
    if draft.line.margin <= 2.0 * draft.resolution {
        return format!(
            "{within}, two steps of {}: the clock or the histogram tells no less",
            words::in_percent(draft.resolution)
        );
    }
    within
}

fn inconclusive(draft: &Draft, contrast: &Contrast, second_stage: bool) -> String {
    let line = &draft.line;
    let seen = line.p_value.is_some_and(|p| p < 0.05);
    let beyond = contrast.ratio().ln().abs() > line.threshold.ln_1p();
    let mut words = if seen && beyond && second_stage {
        match line.confirmation {
            Some(again) => format!(
                "different in the first stage, not in the second ({})",
                interval(again)
            ),
            None => "different in the first stage; the second has no result of it".into(),
        }
    } else {
        "neither different nor the same".to_owned()
    };
    let margin = words::in_percent(line.margin);
    let needed = contrast.processes_for(draft.margin_left());
    words += &if needed > u64::from(line.processes) {
        format!(
            "; {margin} takes about {} processes",
            words::grouped(needed)
        )
    } else {
        format!("; it may be on either side of {margin}")
    };
    words
}

/// Of the lines of a setting whose control differs.
pub(super) fn of_alarm(draft: &Draft, second_stage: bool) -> String {
    let line = &draft.line;
    let control = line.control.map(interval).unwrap_or_default();
    let pending = if second_stage {
        ""
    } else {
        ", not confirmed yet"
    };
    format!(
        "{ALARM} ({} of {}, {}: {control}){pending}",
        line.metric, line.lock, line.role
    )
}

fn interval(ratio: Ratio) -> String {
    format!("{:.3} [{:.3}, {:.3}]", ratio.ratio, ratio.low, ratio.high)
}
