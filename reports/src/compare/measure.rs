//! The ratio of every metric of two rows.

use super::metric::{FAIRNESS, LATENCIES, Metric, THROUGHPUT};
use crate::digest::{
    self, Digest, Kind, LATENCY, QUANTILES, Rate, Row, Setting, Timing, paired_ratio,
    process_medians,
};
use crate::stats::{Contrast, timer_floor_ns};
use crate::words;
use std::collections::BTreeMap;

/// Two significant digits of a latency are kept in a record, in buckets of less than this share.
const HISTOGRAM_STEP: f64 = 0.01;

/// How the processes of the two sides belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pairing {
    /// Both sides are locks of one run: every process measured both, and every round in the same slot.
    WithinRounds,
    /// Each side is a run of its own.
    Unpaired,
}

/// What one lock did in one role of one setting of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side<'d> {
    pub(super) digest: &'d Digest<'d>,
    pub(super) setting: &'d Setting<'d>,
    pub(super) row: &'d Row,
}

/// Why there is no ratio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    NoResult,
    OneProcess,
    TooNoisy { clean: usize, all: usize },
    NoRatio,
    BelowFloor(u64),
    FewSamples,
}

impl Why {
    pub(super) fn words(&self) -> String {
        match self {
            Self::NoResult => "no verified result of both".into(),
            Self::OneProcess => "fewer than two processes: no interval".into(),
            Self::TooNoisy { clean, all } => format!("too noisy, {clean} of {all} rounds clean"),
            Self::NoRatio => "no ratio: one stood still, or no round in common".into(),
            Self::BelowFloor(ns) => format!("below what the clock can tell ({ns} ns)"),
            Self::FewSamples => "too few samples beyond it".into(),
        }
    }
}

/// One metric of two sides.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub(super) metric: &'static Metric,
    /// The operations that a latency is of.
    pub(super) kind: Option<Kind>,
    /// The level of each side, in the unit of the metric.
    pub(super) levels: [Option<f64>; 2],
    /// Levels that are closer than this share may be equal or not: the step of the clock or of the histogram.
    pub(super) resolution: f64,
    /// The second over the first.
    pub(super) contrast: Result<Contrast, Why>,
}

/// Every metric that at least one of the two has.
pub(super) fn measure(sides: [Side<'_>; 2], pairing: Pairing) -> Vec<Measured> {
    let mut all = Vec::new();
    let rates = sides.map(|side| side.row.rate.as_ref().map(|two| two.shown()));
    if rates.iter().any(Option::is_some) {
        let levels = rates.map(|rate| Some(rate?.ops_per_s.centre));
        let contrast = by_rounds(sides, rates, pairing, |rate| &rate.by_round);
        all.push(of_throughput_cells(&THROUGHPUT, levels, contrast));
    }
    if rates.iter().flatten().any(|rate| rate.jain.is_some()) {
        let levels = rates.map(|rate| rate?.jain);
        let contrast = by_rounds(sides, rates, pairing, |rate| &rate.jain_by_round);
        all.push(of_throughput_cells(&FAIRNESS, levels, contrast));
    }
    let mut kinds: Vec<Kind> = sides
        .iter()
        .filter_map(|side| side.row.latency.as_ref())
        .flat_map(|two| two.shown())
        .map(|row| row.kind)
        .filter(|kind| kind.is_drawn())
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let timings = sides.map(|side| side.row.timing(kind));
        for (place, metric) in &LATENCIES {
            let level = |t: Option<&Timing>| Some(t?.quantiles[*place].estimate.as_ref()?.centre);
            let levels = timings.map(level);
            all.push(Measured {
                metric,
                kind: Some(kind),
                levels,
                resolution: resolution(sides, levels),
                contrast: latency(sides, timings, *place, pairing),
            });
        }
    }
    all
}

/// The step of a latency as a share of it.
fn resolution(sides: [Side<'_>; 2], levels: [Option<f64>; 2]) -> f64 {
    let clock_steps = sides.iter().zip(levels).filter_map(|(side, level)| {
        let quantum_ns = side.digest.run.header.clock.quantum_ns as f64;
        Some(quantum_ns / level?)
    });
    clock_steps.fold(HISTOGRAM_STEP, f64::max)
}

fn of_throughput_cells(
    metric: &'static Metric,
    levels: [Option<f64>; 2],
    contrast: Result<Contrast, Why>,
) -> Measured {
    Measured {
        metric,
        kind: None,
        levels,
        resolution: 0.0,
        contrast,
    }
}

/// The ratio of what throughput cells give for each round.
fn by_rounds(
    sides: [Side<'_>; 2],
    rates: [Option<&Rate>; 2],
    pairing: Pairing,
    of: impl Fn(&Rate) -> &BTreeMap<(u32, u32), f64>,
) -> Result<Contrast, Why> {
    let [Some(one), Some(other)] = rates else {
        return Err(Why::NoResult);
    };
    enough_clean(sides, digest::THROUGHPUT)?;
    match pairing {
        Pairing::WithinRounds => {
            let ratio = paired_ratio(of(other), of(one)).ok_or(Why::NoRatio)?;
            paired(&ratio.per_process)
        }
        Pairing::Unpaired => unpaired(&process_medians(of(one)), &process_medians(of(other))),
    }
}

fn latency(
    sides: [Side<'_>; 2],
    timings: [Option<&Timing>; 2],
    place: usize,
    pairing: Pairing,
) -> Result<Contrast, Why> {
    let [Some(one), Some(other)] = timings else {
        return Err(Why::NoResult);
    };
    enough_clean(sides, LATENCY)?;
    let by_process = |timing: &Timing| -> Result<BTreeMap<u32, f64>, Why> {
        let quantile = &timing.quantiles[place];
        if !quantile.enough {
            return Err(Why::FewSamples);
        }
        let estimate = quantile.estimate.as_ref().ok_or(Why::NoResult)?;
        let values = estimate.per_process.iter().copied();
        Ok(timing.processes.iter().copied().zip(values).collect())
    };
    for (side, timing) in sides.iter().zip([one, other]) {
        let floor = timer_floor_ns(&side.digest.run.header.clock);
        let centre = timing.quantiles[place].estimate.as_ref().map(|e| e.centre);
        if centre.is_some_and(|centre| centre < floor as f64) {
            return Err(Why::BelowFloor(floor));
        }
    }
    let (one, other) = (by_process(one)?, by_process(other)?);
    match pairing {
        Pairing::WithinRounds => {
            let ratio = |(process, value): (&u32, &f64)| Some(value / one.get(process)?);
            paired(&other.iter().filter_map(ratio).collect::<Vec<f64>>())
        }
        Pairing::Unpaired => {
            let values = |of: BTreeMap<u32, f64>| of.into_values().collect::<Vec<f64>>();
            unpaired(&values(one), &values(other))
        }
    }
}

fn paired(ratios: &[f64]) -> Result<Contrast, Why> {
    if ratios.len() < 2 {
        return Err(Why::OneProcess);
    }
    Contrast::paired(ratios).ok_or(Why::NoRatio)
}

fn unpaired(one: &[f64], other: &[f64]) -> Result<Contrast, Why> {
    if one.len().min(other.len()) < 2 {
        return Err(Why::OneProcess);
    }
    Contrast::unpaired(one, other).ok_or(Why::NoRatio)
}

/// Whether on both sides at least half of the rounds are clean.
fn enough_clean(sides: [Side<'_>; 2], mode: &str) -> Result<(), Why> {
    match sides
        .map(|side| side.setting.rounds(mode))
        .into_iter()
        .find(|r| r.too_noisy())
    {
        Some(rounds) => Err(Why::TooNoisy {
            clean: rounds.clean,
            all: rounds.all,
        }),
        None => Ok(()),
    }
}

impl Measured {
    /// `throughput` or another word, or a percentile and of what.
    pub(super) fn name(&self) -> String {
        match self.kind {
            Some(kind) => format!("{} of {}", self.metric.name, kind.words()),
            None => self.metric.name.to_owned(),
        }
    }

    /// A level with its unit, as people read it.
    pub(super) fn level(&self, side: usize) -> String {
        match (self.levels[side], self.metric.unit) {
            (None, _) => "–".into(),
            (Some(index), "") => format!("{index:.3}"),
            (Some(ns), "ns") => words::duration(ns),
            (Some(rate), unit) => format!("{} M{unit}", words::mega(rate)),
        }
    }
}

const _: () = assert!(QUANTILES[LATENCIES[1].0] == 0.99 && QUANTILES[LATENCIES[2].0] == 0.999);
