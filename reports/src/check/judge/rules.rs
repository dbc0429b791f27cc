//! The rules: from contrasts to verdicts, over all lines together.
//!
//! A difference is adjusted for how many lines are read together (Holm over those that decide, Benjamini and Hochberg over
//! those that inform). Equivalence of the lines that decide is not: the gate passes only if each of them passes, and the
//! union of such tests keeps the error of one (Berger, Technometrics 24, 1982).

use super::draft::Draft;
use super::reasons;
use crate::check::{Again, Better, Line, Ratio, Verdict};
use crate::stats::{CONFIDENCE, Contrast, benjamini_hochberg, holm};

/// The chance of an error that a look at the data may take.
const ERROR: f64 = 1.0 - CONFIDENCE;
/// Equivalence is looked for a second time, with the processes of both stages, at half the error.
const ERROR_AGAIN: f64 = ERROR / 2.0;
/// A line that needs more than this many times its processes is not measured again: it is the machine that has to change.
const MOST_TIMES: u32 = 4;

/// Gives every draft that has a contrast its verdict; the others keep theirs.
pub(super) fn settle(drafts: &mut [Draft], second_stage: bool, floor: f64) {
    for draft in drafts.iter_mut() {
        draft.fill(floor);
    }
    let found = Found::of(drafts, second_stage, floor);
    let alarms = alarms(drafts, second_stage, floor);
    for (place, draft) in drafts.iter_mut().enumerate() {
        let Some(contrast) = draft.contrast else {
            continue;
        };
        draft.line.p_value = Some(found.p_different[place]);
        let (verdict, again) = found.verdict(place, draft, &contrast, second_stage);
        draft.line.verdict = verdict;
        draft.line.again = again;
        draft.line.why = reasons::of(draft, &contrast, second_stage);
    }
    sound(drafts, &alarms, second_stage);
}

impl Draft {
    /// What follows from this line's own numbers.
    fn fill(&mut self, floor: f64) {
        // A step of the clock more or less is no difference, so that the margin holds two of them.
        self.line.margin = self.line.margin.max(2.0 * self.resolution);
        self.line.control = self.control.as_ref().map(Ratio::of);
        self.line.confirmation = self.confirmation.as_ref().map(Ratio::of);
        let Some(contrast) = &self.contrast else {
            self.line.threshold = floor.max(self.resolution);
            return;
        };
        self.line.ratio = Some(Ratio::of(contrast));
        let detectable = contrast.detectable_ratio() - 1.0;
        self.line.detectable = Some(detectable);
        let of_control = self.control.as_ref().map_or(0.0, noise);
        let needed = contrast.processes_for(self.margin_left());
        self.line.processes_needed = u32::try_from(needed).ok();
        self.line.threshold = [self.resolution, detectable, of_control]
            .into_iter()
            .fold(floor, f64::max);
    }

    /// The share of the margin that the step of the clock leaves: what is closer than a step may be as far apart.
    pub(super) fn margin_left(&self) -> f64 {
        (1.0 + self.line.margin) / (1.0 + self.resolution) - 1.0
    }

    /// A smaller difference is none, whatever its chance.
    fn smallest(&self, floor: f64) -> f64 {
        floor.max(self.resolution)
    }

    fn setting(&self) -> (&str, u32, &str) {
        let line = &self.line;
        (&line.workload, line.threads, &line.placement)
    }
}

impl Ratio {
    /// A contrast as plain data.
    #[must_use]
    pub fn of(contrast: &Contrast) -> Self {
        let interval = contrast.interval();
        Self {
            ratio: contrast.ratio(),
            low: interval.low,
            high: interval.high,
        }
    }
}

/// The share by which two measurements of the same program differ here: half the width of the control's interval, and
/// its distance from 1 where the interval leaves 1 out.
fn noise(control: &Contrast) -> f64 {
    let interval = control.interval();
    let half = (interval.high / interval.low).ln() / 2.0;
    let off = if interval.contains(1.0) {
        0.0
    } else {
        control.ratio().ln().abs()
    };
    (half + off).exp_m1()
}

fn is_beyond(contrast: &Contrast, share: f64) -> bool {
    contrast.ratio().ln().abs() > share.ln_1p()
}

/// Whether fresh processes show the same difference.
fn is_repeated(first: &Contrast, again: &Contrast, p: f64, smallest: f64) -> bool {
    let same_way = (first.ratio() > 1.0) == (again.ratio() > 1.0);
    same_way && p < ERROR && is_beyond(again, smallest)
}

/// What was found of each draft, in their order.
struct Found {
    p_different: Vec<f64>,
    equivalent: Vec<bool>,
    /// Different, and by more than the threshold, in the first stage.
    candidate: Vec<bool>,
    /// The candidate is different again in the second.
    confirmed: Vec<bool>,
}

impl Found {
    fn of(drafts: &[Draft], second_stage: bool, floor: f64) -> Self {
        let p_different = by_family(drafts, |_, draft| Some(draft.contrast?.p_different()));
        let candidate: Vec<bool> = drafts
            .iter()
            .zip(&p_different)
            .map(|(draft, p)| {
                let beyond = |c: &Contrast| is_beyond(c, draft.line.threshold);
                *p < ERROR && draft.contrast.as_ref().is_some_and(beyond)
            })
            .collect();
        let p_again = by_family(drafts, |place, draft| {
            (candidate[place]).then_some(draft.confirmation?.p_different())
        });
        let confirmed = drafts.iter().zip(&p_again).map(|(draft, p)| {
            let both = draft.contrast.as_ref().zip(draft.confirmation.as_ref());
            both.is_some_and(|(first, again)| is_repeated(first, again, *p, draft.smallest(floor)))
        });
        Self {
            confirmed: confirmed.collect(),
            equivalent: equivalent(drafts, second_stage),
            p_different,
            candidate,
        }
    }

    fn verdict(
        &self,
        place: usize,
        draft: &Draft,
        contrast: &Contrast,
        second_stage: bool,
    ) -> (Verdict, Option<Again>) {
        if self.candidate[place] {
            return match (second_stage, self.confirmed[place]) {
                (false, _) => (Verdict::Inconclusive, Some(Again::Difference)),
                (true, true) => (direction(&draft.line, contrast), None),
                (true, false) if self.equivalent[place] => (Verdict::Equivalent, None),
                (true, false) => (Verdict::Inconclusive, None),
            };
        }
        if self.equivalent[place] {
            return (Verdict::Equivalent, None);
        }
        let needed = draft.line.processes_needed.unwrap_or(u32::MAX);
        let can_be_had = !second_stage && needed <= MOST_TIMES * draft.line.processes;
        (
            Verdict::Inconclusive,
            can_be_had.then_some(Again::Equivalence),
        )
    }
}

/// The p values of those drafts that have one, adjusted within the gated and within the informational lines; 1 for the
/// others.
fn by_family(drafts: &[Draft], p: impl Fn(usize, &Draft) -> Option<f64>) -> Vec<f64> {
    let mut all = vec![1.0; drafts.len()];
    for gated in [true, false] {
        let of_family = drafts
            .iter()
            .enumerate()
            .filter(|(_, d)| d.line.gated == gated);
        let (places, values): (Vec<usize>, Vec<f64>) = of_family
            .filter_map(|(place, draft)| Some((place, p(place, draft)?)))
            .unzip();
        let adjusted = if gated {
            holm(&values)
        } else {
            benjamini_hochberg(&values)
        };
        for (place, p) in places.into_iter().zip(adjusted) {
            all[place] = p;
        }
    }
    all
}

/// Which drafts are surely within their margin: by the first stage, or by the processes of both, which count for this only.
fn equivalent(drafts: &[Draft], second_stage: bool) -> Vec<bool> {
    let look = |of: fn(&Draft) -> Option<Contrast>, error: f64| -> Vec<bool> {
        let p = |draft: &Draft| Some(of(draft)?.p_equivalent(draft.margin_left()));
        let adjusted = by_family(drafts, |_, draft| p(draft));
        let found = drafts.iter().zip(adjusted).map(|(draft, adjusted)| {
            let p = if draft.line.gated {
                p(draft)
            } else {
                Some(adjusted)
            };
            p.is_some_and(|p| p < error)
        });
        found.collect()
    };
    let mut found = look(|draft| draft.contrast, ERROR);
    if second_stage {
        let again = look(|draft| draft.pooled, ERROR_AGAIN);
        found
            .iter_mut()
            .zip(again)
            .for_each(|(first, again)| *first |= again);
    }
    found
}

fn direction(line: &Line, contrast: &Contrast) -> Verdict {
    match (line.better, contrast.ratio() > 1.0) {
        (Better::Higher, true) | (Better::Lower, false) => Verdict::Improved,
        _ => Verdict::Regressed,
    }
}

/// The gated lines whose control differs from the baseline, which is the same program.
///
/// Fresh processes can clear it, as they can a candidate. Without a control among them the alarm stands.
fn alarms(drafts: &[Draft], second_stage: bool, floor: f64) -> Vec<usize> {
    let gated = |draft: &Draft| draft.control.filter(|_| draft.line.gated);
    let p = by_family(drafts, |_, draft| Some(gated(draft)?.p_different()));
    let raised = |place: usize| {
        let draft = &drafts[place];
        let beyond = |control: Contrast| is_beyond(&control, draft.smallest(floor));
        p[place] < ERROR && gated(draft).is_some_and(beyond)
    };
    let again = by_family(drafts, |place, draft| {
        raised(place).then_some(draft.control_again?.p_different())
    });
    let stands = |place: &usize| {
        let draft = &drafts[*place];
        match (draft.control, draft.control_again) {
            (Some(first), Some(second)) if second_stage => {
                is_repeated(&first, &second, again[*place], draft.smallest(floor))
            }
            _ => true,
        }
    };
    (0..drafts.len())
        .filter(|place| raised(*place))
        .filter(stands)
        .collect()
}

/// Takes the verdicts of a setting back whose control differs: what it shows is made by something else.
fn sound(drafts: &mut [Draft], alarms: &[usize], second_stage: bool) {
    for alarm in alarms {
        let words = reasons::of_alarm(&drafts[*alarm], second_stage);
        if !second_stage {
            drafts[*alarm].line.again = Some(Again::Difference);
        }
        let (workload, threads, placement) = drafts[*alarm].setting();
        let setting = (workload.to_owned(), threads, placement.to_owned());
        for draft in drafts.iter_mut() {
            let (workload, threads, placement) = draft.setting();
            let same = (workload, threads, placement) == (&*setting.0, setting.1, &*setting.2);
            if same && draft.contrast.is_some() {
                draft.line.verdict = Verdict::Inconclusive;
                draft.line.why.clone_from(&words);
            }
        }
    }
}
