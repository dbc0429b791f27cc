//! The ratio of every metric of two rows.

use super::metric::{FAIRNESS, LATENCIES, Metric, THROUGHPUT};
use crate::digest::{
    self, Digest, Kind, LATENCY, QUANTILES, Rate, RoundCount, Row, Setting, Timing, TwoWays,
    process_medians, ratio_by_process,
};
use crate::stats::{Contrast, timer_floor_ns};
use crate::words;
use std::collections::BTreeMap;

/// Two significant digits of a latency are kept in a record, in buckets of less than this share.
const HISTOGRAM_STEP: f64 = 0.01;

/// How the processes of the two sides belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pairing {
    /// Both sides were measured by turns, every round in the same slot: locks of one run, or programs in lockstep.
    WithinRounds,
    /// Each side is a run of its own.
    Unpaired,
}

/// What one lock did in one role of one setting of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Side<'d> {
    pub(crate) digest: &'d Digest<'d>,
    pub(crate) setting: &'d Setting<'d>,
    pub(crate) row: &'d Row,
}

/// Why there is no ratio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    NoResult,
    OneProcess,
    TooNoisy(RoundCount),
    NoRatio,
    BelowFloor(u64),
    FewSamples,
}

impl Why {
    pub(crate) fn words(&self) -> String {
        match self {
            Self::NoResult => "no verified result of both".into(),
            Self::OneProcess => "fewer than two processes: no interval".into(),
            Self::TooNoisy(rounds) => format!("too noisy, {rounds}"),
            Self::NoRatio => "no ratio: one stood still, or no round in common".into(),
            Self::BelowFloor(ns) => format!("below what the clock can tell ({ns} ns)"),
            Self::FewSamples => "too few samples beyond it".into(),
        }
    }
}

/// One metric of two sides.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) metric: &'static Metric,
    /// The operations that a latency is of.
    pub(crate) kind: Option<Kind>,
    /// The level of each side, in the unit of the metric.
    pub(crate) levels: [Option<f64>; 2],
    /// The level of each process of each side.
    pub(crate) per_process: [Vec<f64>; 2],
    /// Levels that are closer than this share may be equal or not: the step of the clock or of the histogram.
    pub(crate) resolution: f64,
    /// The ratio of each process, the second over the first, of clean rounds; empty where processes are not paired.
    pub(crate) ratios: BTreeMap<u32, f64>,
    /// The same of all rounds.
    pub(crate) ratios_of_all_rounds: BTreeMap<u32, f64>,
    /// The second over the first, of clean rounds.
    pub(crate) contrast: Result<Contrast, Why>,
    /// The same of all rounds.
    pub(crate) of_all_rounds: Option<Contrast>,
}

/// Every metric that at least one of the two has.
pub(crate) fn measure(sides: [Side<'_>; 2], pairing: Pairing) -> Vec<Measured> {
    let mut all = Vec::new();
    let rates = sides.map(|side| side.row.rate.as_ref().map(|two| two.shown()));
    if rates.iter().any(Option::is_some) {
        let levels = rates.map(|rate| Some(rate?.ops_per_s.centre));
        all.push(of_rounds(&THROUGHPUT, sides, levels, pairing, |rate| {
            &rate.by_round
        }));
    }
    if rates.iter().flatten().any(|rate| rate.jain.is_some()) {
        let levels = rates.map(|rate| rate?.jain);
        all.push(of_rounds(&FAIRNESS, sides, levels, pairing, |rate| {
            &rate.jain_by_round
        }));
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
            let enough = timings.iter().flatten().any(|t| t.quantiles[*place].enough);
            if enough || *place < QUANTILES.len() - 1 {
                all.push(of_timings(metric, sides, kind, *place, pairing));
            }
        }
    }
    all
}

/// A metric that throughput cells give for each round.
fn of_rounds(
    metric: &'static Metric,
    sides: [Side<'_>; 2],
    levels: [Option<f64>; 2],
    pairing: Pairing,
    of: impl Fn(&Rate) -> &BTreeMap<(u32, u32), f64>,
) -> Measured {
    let both = |pick: fn(&TwoWays<Rate>) -> &Rate| {
        let rates = sides.map(|side| side.row.rate.as_ref().map(|two| of(pick(two))));
        match rates {
            [Some(one), Some(other)] => Ok([one, other]),
            _ => Err(Why::NoResult),
        }
    };
    let values = |[one, other]: [&BTreeMap<(u32, u32), f64>; 2]| match pairing {
        Pairing::WithinRounds => {
            let ratios = ratio_by_process(other, one);
            if ratios.is_empty() {
                return Err(Why::NoRatio);
            }
            Ok(Values::Paired(ratios))
        }
        Pairing::Unpaired => Ok(Values::Unpaired([one, other].map(process_medians))),
    };
    let clean = enough_clean(sides, digest::THROUGHPUT)
        .and_then(|()| both(TwoWays::shown))
        .and_then(values);
    let per_process = |side: Side<'_>| {
        let rate = side.row.rate.as_ref()?;
        Some(process_medians(of(rate.shown())))
    };
    Measured {
        levels,
        per_process: sides.map(|side| per_process(side).unwrap_or_default()),
        ..Measured::new(metric, clean, both(|two| &two.all).and_then(values))
    }
}

/// A percentile of one kind of operation.
fn of_timings(
    metric: &'static Metric,
    sides: [Side<'_>; 2],
    kind: Kind,
    place: usize,
    pairing: Pairing,
) -> Measured {
    let timings = sides.map(|side| side.row.timing(kind));
    let estimate = |t: Option<&'_ Timing>| t?.quantiles[place].estimate.clone();
    let estimates = timings.map(estimate);
    let levels = estimates.each_ref().map(|e| Some(e.as_ref()?.centre));
    let clean =
        enough_clean(sides, LATENCY).and_then(|()| latencies_of(sides, timings, place, pairing));
    let all = sides.map(|side| side.row.timing_of_all_rounds(kind));
    Measured {
        kind: Some(kind),
        levels,
        per_process: estimates.map(|e| e.map(|e| e.per_process).unwrap_or_default()),
        resolution: resolution(sides, levels),
        ..Measured::new(metric, clean, latencies_of(sides, all, place, pairing))
    }
}

/// The step of a latency as a share of it.
fn resolution(sides: [Side<'_>; 2], levels: [Option<f64>; 2]) -> f64 {
    let clock_steps = sides.iter().zip(levels).filter_map(|(side, level)| {
        let quantum_ns = side.digest.run.header.clock.quantum_ns as f64;
        Some(quantum_ns / level?)
    });
    clock_steps.fold(HISTOGRAM_STEP, f64::max)
}

/// What there is of each process.
enum Values {
    /// The ratio within each.
    Paired(BTreeMap<u32, f64>),
    /// The level of each, one list for each side.
    Unpaired([Vec<f64>; 2]),
}

impl Values {
    fn ratios(of: Result<Self, Why>) -> BTreeMap<u32, f64> {
        match of {
            Ok(Self::Paired(ratios)) => ratios,
            _ => BTreeMap::new(),
        }
    }

    fn contrast(&self) -> Result<Contrast, Why> {
        let (processes, contrast) = match self {
            Self::Paired(ratios) => {
                let values: Vec<f64> = ratios.values().copied().collect();
                (values.len(), Contrast::paired(&values))
            }
            Self::Unpaired([one, other]) => {
                let processes = one.len().min(other.len());
                (processes, Contrast::unpaired(one, other))
            }
        };
        if processes < 2 {
            return Err(Why::OneProcess);
        }
        contrast.ok_or(Why::NoRatio)
    }
}

/// A percentile of each process.
fn latencies_of(
    sides: [Side<'_>; 2],
    timings: [Option<&Timing>; 2],
    place: usize,
    pairing: Pairing,
) -> Result<Values, Why> {
    let [Some(one), Some(other)] = timings else {
        return Err(Why::NoResult);
    };
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
    Ok(match pairing {
        Pairing::WithinRounds => {
            let ratio = |(process, value): (u32, f64)| Some((process, value / one.get(&process)?));
            Values::Paired(other.into_iter().filter_map(ratio).collect())
        }
        Pairing::Unpaired => Values::Unpaired([one, other].map(|of| of.into_values().collect())),
    })
}

/// Whether on both sides enough rounds are clean.
fn enough_clean(sides: [Side<'_>; 2], mode: &str) -> Result<(), Why> {
    match sides
        .map(|side| side.setting.rounds(mode))
        .into_iter()
        .find(|r| r.too_noisy())
    {
        Some(rounds) => Err(Why::TooNoisy(rounds)),
        None => Ok(()),
    }
}

impl Measured {
    /// Of these values of the clean rounds and of all rounds; without levels.
    fn new(metric: &'static Metric, clean: Result<Values, Why>, all: Result<Values, Why>) -> Self {
        Self {
            metric,
            kind: None,
            levels: [None; 2],
            per_process: [Vec::new(), Vec::new()],
            resolution: 0.0,
            contrast: clean
                .as_ref()
                .map_err(Why::clone)
                .and_then(Values::contrast),
            of_all_rounds: all.as_ref().ok().and_then(|values| values.contrast().ok()),
            ratios: Values::ratios(clean),
            ratios_of_all_rounds: Values::ratios(all),
        }
    }

    /// The mode whose cells it is from.
    pub(crate) fn mode(&self) -> &'static str {
        match self.kind {
            Some(_) => LATENCY,
            None => digest::THROUGHPUT,
        }
    }

    /// `throughput` or another word, or a percentile and of what.
    pub(crate) fn name(&self) -> String {
        match self.kind {
            Some(kind) => format!("{} of {}", self.metric.name, kind.words()),
            None => self.metric.name.to_owned(),
        }
    }

    /// A level with its unit, as people read it.
    pub(crate) fn level(&self, side: usize) -> String {
        match (self.levels[side], self.metric.unit) {
            (None, _) => "–".into(),
            (Some(index), "") => format!("{index:.3}"),
            (Some(ns), "ns") => words::duration(ns),
            (Some(rate), unit) => format!("{} M{unit}", words::mega(rate)),
        }
    }
}

const _: () = assert!(QUANTILES[LATENCIES[1].0] == 0.99 && QUANTILES[LATENCIES[2].0] == 0.999);
