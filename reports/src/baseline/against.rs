//! What is measured here, held against a baseline.
//!
//! The ratios of both are compared by Welch's t: their processes have nothing in common. Both stages are held against the
//! same processes of the baseline, so that the second clears the luck of this session and not that of the baseline's.

use super::relative::{Found, Relative, relatives};
use super::{Baseline, Entry};
use crate::check::judge::advice_on_noise;
use crate::check::{Check, Draft, Evidence, Line, Ratio, Settings, Verdict, weigh};
use crate::compare::{self, Why};
use crate::digest::{Digest, LATENCY, RoundCount, THROUGHPUT};
use crate::read::Run;
use crate::stats::Contrast;
use crate::table::left_out;
use crate::{verdict, words};
use std::collections::BTreeMap;

/// What was measured to be held against a baseline, by turns.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'r> {
    /// This program.
    pub candidate: &'r Run,
    /// This program once more, which shows what noise alone makes.
    pub control: &'r Run,
}

/// What a stage says, by the names of entries.
struct Here<'r> {
    digest: Digest<'r>,
    candidate: BTreeMap<String, Relative>,
    control: BTreeMap<String, Relative>,
}

impl<'r> Here<'r> {
    fn of(stage: &Stage<'r>, reference: &str) -> Self {
        let named = |digest: &Digest<'_>| {
            let all = relatives(digest, reference).into_iter();
            all.map(|one| (one.name.clone(), one)).collect()
        };
        let digest = Digest::of(stage.candidate);
        Self {
            candidate: named(&digest),
            control: named(&Digest::of(stage.control)),
            digest,
        }
    }

    fn found(&self, name: &str) -> Option<&Found> {
        self.candidate.get(name)?.found.as_ref().ok()
    }

    /// The candidate's ratios against those of the baseline.
    fn contrast(&self, entry: &Entry, name: &str) -> Option<Contrast> {
        Contrast::unpaired(&entry.ratios, &self.found(name)?.entry.ratios)
    }

    /// The ratios of the control against those of the candidate, process by process: both are this program.
    fn control(&self, name: &str) -> Option<Contrast> {
        let control = self.control.get(name)?.found.as_ref().ok()?;
        let candidate = &self.found(name)?.by_process;
        let ratio = |(process, ratio): (&u32, &f64)| Some(ratio / candidate.get(process)?);
        let ratios: Vec<f64> = control.by_process.iter().filter_map(ratio).collect();
        Contrast::paired(&ratios)
    }

    fn rounds(&self, entry: &Entry) -> RoundCount {
        let same = |s: &&crate::digest::Setting<'_>| {
            (s.workload, s.threads, s.placement)
                == (&*entry.workload, entry.threads, &*entry.placement)
        };
        let setting = self.digest.settings.iter().find(same);
        setting.map_or_else(RoundCount::default, |s| s.rounds(entry.mode()))
    }
}

impl Baseline {
    /// Holds what was measured here against this baseline: a line for each entry that was asked for. Only ratios to the
    /// reference lock are compared, and a line's levels are such ratios.
    ///
    /// From one stage alone no line is regressed or improved; see [`crate::check::needs_confirmation`].
    #[must_use]
    pub fn check(
        &self,
        first: Stage<'_>,
        confirmation: Option<Stage<'_>>,
        settings: &Settings,
    ) -> Check {
        let here = Here::of(&first, &self.reference);
        let again = confirmation.map(|stage| Here::of(&stage, &self.reference));
        let header = &first.candidate.header;
        let asked = |entry: &&Entry| {
            header.locks.iter().any(|lock| lock.name == entry.lock)
                && header.workloads.iter().any(|w| w.name == entry.workload)
                && header.threads.contains(&entry.threads)
                && header.placements.contains(&entry.placement)
                && header.modes.iter().any(|mode| mode.word() == entry.mode())
        };
        let entries: Vec<&Entry> = self.entries.iter().filter(asked).collect();
        let drafts: Vec<Draft> = entries
            .iter()
            .map(|entry| self.draft(entry, &here, again.as_ref(), settings))
            .collect();
        let evidence = Evidence {
            second_stage: again.is_some(),
            advice: advice_on_noise(
                &here.digest,
                again.as_ref().map(|again| &again.digest),
                &drafts,
            ),
            notes: self.notes(&here.digest, self.entries.len() - entries.len()),
            drafts,
        };
        weigh(evidence, header, settings)
    }

    fn draft(
        &self,
        entry: &Entry,
        here: &Here<'_>,
        again: Option<&Here<'_>>,
        settings: &Settings,
    ) -> Draft {
        let name = entry.name();
        let contrast = here.contrast(entry, &name);
        let pooled = || {
            let both = [&here.found(&name)?.entry, &again?.found(&name)?.entry];
            let both = both.map(|entry| entry.ratios.as_slice()).concat();
            Contrast::unpaired(&entry.ratios, &both)
        };
        Draft {
            line: self.line(entry, here, settings),
            contrast,
            control: here.control(&name),
            confirmation: again.and_then(|again| again.contrast(entry, &name)),
            control_again: again.and_then(|again| again.control(&name)),
            pooled: pooled(),
            resolution: here.candidate.get(&name).map_or(0.0, |one| one.resolution),
        }
    }

    /// The line of an entry, not yet judged.
    fn line(&self, entry: &Entry, here: &Here<'_>, settings: &Settings) -> Line {
        let relative = here.candidate.get(&entry.name());
        let found = relative.map(|one| one.found.as_ref());
        let now = found.and_then(Result::ok).map(|found| &found.entry);
        let why = match found {
            Some(Err(why)) => Some(why),
            _ => None,
        };
        let rounds = here.rounds(entry);
        let margin = compare::gated(&entry.metric).map(|metric| metric.margin);
        let all_rounds = relative
            .and_then(|one| Contrast::unpaired(&entry.ratios, &one.of_all_rounds))
            .as_ref()
            .map(Ratio::of);
        Line {
            lock: entry.lock.clone(),
            workload: entry.workload.clone(),
            threads: entry.threads,
            placement: entry.placement.clone(),
            role: entry.role.word().to_owned(),
            metric: format!("{} over {}", entry.metric, self.reference),
            unit: String::new(),
            better: entry.better,
            // What the clock or the number of samples cannot tell is nobody's fault and decides nothing.
            gated: !matches!(why, Some(Why::BelowFloor(_) | Why::FewSamples)),
            baseline: entry.ratio(),
            candidate: now.and_then(Entry::ratio),
            baseline_per_process: entry.ratios.clone(),
            candidate_per_process: now.map(|now| now.ratios.clone()).unwrap_or_default(),
            ratio: None,
            ratio_of_all_rounds: all_rounds,
            control: None,
            confirmation: None,
            threshold: settings.floor,
            detectable: None,
            margin: settings.margin.or(margin).unwrap_or(settings.floor),
            p_value: None,
            processes: now.map_or(0, |now| now.ratios.len().min(entry.ratios.len()) as u32),
            rounds: rounds.all as u32,
            dirty_rounds: rounds.dirty() as u32,
            // Of the lock and of the reference lock.
            measured_ns: 2 * rounds.all as u64 * here.digest.run.header.window_ns,
            verdict: Verdict::Inconclusive,
            processes_needed: None,
            again: None,
            why: why.map_or_else(|| self.no_result(), Why::words),
        }
    }

    fn no_result(&self) -> String {
        format!(
            "no verified result here of the lock and of {}",
            self.reference
        )
    }

    fn notes(&self, digest: &Digest<'_>, not_asked: usize) -> Vec<String> {
        let mut notes = vec![
            format!(
                "levels are ratios to {} in the same rounds; absolute numbers are not compared",
                self.reference
            ),
            format!(
                "the baseline was accepted at {} ({}); what has changed on this machine since looks like a difference \
                 too, so that a check against a revision, which measures both sides by turns, tells more",
                self.accepted_at, self.reason
            ),
        ];
        if not_asked > 0 {
            notes.push(format!(
                "{} of the baseline not asked for",
                words::count(not_asked as u64, "line")
            ));
        }
        let noise = [THROUGHPUT, LATENCY].map(|mode| verdict::noise(digest, mode));
        notes.extend(noise.into_iter().flatten());
        notes.extend(left_out(digest));
        notes
    }
}
