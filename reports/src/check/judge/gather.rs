//! From runs to drafts.

use super::draft::{Draft, Evidence};
use super::notes;
use super::{Settings, Sides, Stage};
use crate::check::{Better, Line, Ratio, Verdict};
use crate::compare::{self, Measured, Pairing, Side, Why, measure};
use crate::digest::{Digest, RoleTable, Setting};
use crate::read::Run;
use crate::stats::Contrast;

/// What one stage says.
pub(super) struct Measures<'r> {
    /// Baseline and candidate.
    pub(super) digests: [Digest<'r>; 2],
    pub(super) control: Option<Digest<'r>>,
}

impl<'r> Measures<'r> {
    fn of(stage: &Stage<'r>) -> Self {
        let all: Vec<&Run> = [stage.baseline, stage.candidate]
            .into_iter()
            .chain(stage.control)
            .collect();
        let digest = |run| Digest::beside(run, &all);
        Self {
            digests: [stage.baseline, stage.candidate].map(digest),
            control: stage.control.map(digest),
        }
    }

    /// The control against the baseline.
    fn control(&self, of: &Place<'_>) -> Vec<Measured> {
        let sides = || Some([of.side(&self.digests[0])?, of.side(self.control.as_ref()?)?]);
        sides().map_or_else(Vec::new, |sides| measure(sides, Pairing::WithinRounds))
    }

    /// The candidate against the baseline.
    fn candidate(&self, of: &Place<'_>) -> Vec<Measured> {
        let [baseline, candidate] = &self.digests;
        let sides = || Some([of.side(baseline)?, of.side(candidate)?]);
        sides().map_or_else(Vec::new, |sides| measure(sides, Pairing::WithinRounds))
    }
}

/// One lock in one role of a setting.
struct Place<'d> {
    setting: &'d Setting<'d>,
    table: &'d RoleTable,
    lock: &'d str,
}

impl Place<'_> {
    fn side<'d>(&self, digest: &'d Digest<'d>) -> Option<Side<'d>> {
        compare::side_of(digest, self.setting, self.table.role, self.lock)
    }
}

/// The drafts of all lines that baseline and candidate have.
pub(super) fn evidence(sides: &Sides<'_>, settings: &Settings) -> Evidence {
    let first = Measures::of(&sides.first);
    let second = sides.confirmation.as_ref().map(Measures::of);
    let mut drafts = Vec::new();
    for shared in compare::shared(&first.digests, &[]) {
        for (lock, pair) in &shared.locks {
            let place = Place {
                setting: shared.setting,
                table: shared.table,
                lock,
            };
            let control = first.control(&place);
            let again = second
                .as_ref()
                .map(|s| [s.candidate(&place), s.control(&place)]);
            let [again, control_again] = again.unwrap_or_default();
            for measured in first.candidate(&place) {
                drafts.push(Draft {
                    control: contrast_like(&measured, &control),
                    confirmation: contrast_like(&measured, &again),
                    control_again: contrast_like(&measured, &control_again),
                    pooled: pooled(&measured, &again),
                    ..draft(&place, pair, measured, settings)
                });
            }
        }
    }
    Evidence {
        second_stage: second.is_some(),
        advice: notes::advice(
            &first.digests[0],
            second.as_ref().map(|second| &second.digests[0]),
            &drafts,
        ),
        notes: notes::notes(&first, second.as_ref(), &drafts),
        drafts,
    }
}

fn like<'m>(measured: &Measured, others: &'m [Measured]) -> Option<&'m Measured> {
    let name = measured.name();
    others.iter().find(|other| other.name() == name)
}

fn contrast_like(measured: &Measured, others: &[Measured]) -> Option<Contrast> {
    like(measured, others)?.contrast.as_ref().ok().copied()
}

/// Of the processes of both stages.
fn pooled(measured: &Measured, others: &[Measured]) -> Option<Contrast> {
    let again = like(measured, others)?;
    let both = measured.ratios.values().chain(again.ratios.values());
    let both: Vec<f64> = both.copied().collect();
    (!again.ratios.is_empty()).then(|| Contrast::paired(&both))?
}

/// The first stage of a line.
fn draft(
    place: &Place<'_>,
    pair: &[Side<'_>; 2],
    measured: Measured,
    settings: &Settings,
) -> Draft {
    let excludes = pair
        .iter()
        .all(|side| !side.digest.locks[side.row.lock].control);
    let (contrast, why) = match &measured.contrast {
        Ok(contrast) => (Some(*contrast), None),
        Err(why) => (None, Some(why)),
    };
    // What the clock or the number of samples cannot tell is nobody's fault and decides nothing.
    let can_be_told = !matches!(why, Some(Why::BelowFloor(_) | Why::FewSamples));
    let rounds = place.setting.rounds(measured.mode());
    let all_rounds = measured.of_all_rounds.as_ref();
    let window_ns: u64 = pair
        .iter()
        .map(|side| side.digest.run.header.window_ns)
        .sum();
    let [baseline_per_process, candidate_per_process] = measured.per_process.clone();
    let processes = match why {
        Some(Why::TooNoisy(_)) => rounds.processes - rounds.void,
        _ => measured.ratios.len(),
    };
    Draft {
        line: Line {
            lock: place.lock.to_owned(),
            workload: place.setting.workload.to_owned(),
            threads: place.setting.threads,
            placement: place.setting.placement.to_owned(),
            role: place.table.role.word().to_owned(),
            metric: measured.name(),
            unit: measured.metric.unit.to_owned(),
            better: match measured.metric.better {
                compare::Better::Higher => Better::Higher,
                compare::Better::Lower => Better::Lower,
            },
            gated: measured.metric.gated && excludes && can_be_told,
            baseline: measured.levels[0],
            candidate: measured.levels[1],
            baseline_per_process,
            candidate_per_process,
            ratio: None,
            ratio_of_all_rounds: all_rounds.map(Ratio::of),
            control: None,
            confirmation: None,
            threshold: settings.floor,
            detectable: None,
            margin: settings.margin.unwrap_or(measured.metric.margin),
            p_value: None,
            processes: count(processes),
            rounds: count(rounds.all),
            dirty_rounds: count(rounds.dirty()),
            measured_ns: rounds.all as u64 * window_ns,
            verdict: Verdict::Inconclusive,
            processes_needed: None,
            again: None,
            why: why.map(Why::words).unwrap_or_default(),
        },
        contrast,
        control: None,
        confirmation: None,
        control_again: None,
        pooled: None,
        resolution: measured.resolution,
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
