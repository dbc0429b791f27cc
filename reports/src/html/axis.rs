//! Axes with ticks of our own.
//!
//! The logarithmic axis of plotters shows no label at all on a range such as 120 to 180 (plotters issue 654), and none of
//! its axes lets the caller place ticks. So logarithms are drawn on a linear axis and labelled here.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use std::ops::Range;

/// An axis from `low` to `high`, both as drawn: logarithms where the axis is logarithmic.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) title: String,
    pub(super) low: f64,
    pub(super) high: f64,
    /// Where, as drawn, and what stands there.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.low) / (self.high - self.low);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, hint: H) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.ticks.iter().map(|tick| tick.0).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|tick| tick.0 == *value);
        tick.map_or_else(String::new, |tick| tick.1.clone())
    }
}

/// A linear axis from 0 to a little over `largest`, with room for a label above the data.
pub(super) fn from_zero(title: &str, largest: f64) -> Axis {
    let largest = if largest > 0.0 { largest } else { 1.0 };
    let step = nice_step(largest / 5.0);
    let high = largest * 1.13;
    let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    let ticks = (0..=(high / step).floor() as u32)
        .map(|i| f64::from(i) * step)
        .map(|v| (v, format!("{v:.decimals$}")))
        .collect();
    Axis {
        title: title.to_owned(),
        low: 0.0,
        high,
        ticks,
    }
}

/// A logarithmic axis over `low` to `high`, both above 0, with `headroom` of the range left free above the data; ticks are
/// named by `label`.
pub(super) fn logarithmic(
    title: &str,
    (low, high): (f64, f64),
    headroom: f64,
    label: fn(f64) -> String,
) -> Axis {
    let high = high.max(low * 1.2);
    let (low, high) = (low / 1.12, high * 1.05 * (high / low).powf(headroom));
    let mut values = decade_ticks(low, high);
    if values.len() < 3 {
        let step = nice_step((high - low) / 5.0);
        let first = (low / step).ceil() as u64;
        values = (first..)
            .map(|i| i as f64 * step)
            .take_while(|v| *v <= high)
            .collect();
    }
    Axis {
        title: format!("{title} (logarithmic)"),
        low: low.ln(),
        high: high.ln(),
        ticks: values.into_iter().map(|v| (v.ln(), label(v))).collect(),
    }
}

/// Powers of ten, with 2 and 5 between where there is room for them.
fn decade_ticks(low: f64, high: f64) -> Vec<f64> {
    let decades = (high / low).log10();
    let steps: &[f64] = if decades < 2.2 {
        &[1.0, 2.0, 5.0]
    } else if decades < 3.5 {
        &[1.0, 3.0]
    } else {
        &[1.0]
    };
    let first = low.log10().floor() as i32;
    let last = high.log10().ceil() as i32;
    (first..=last)
        .flat_map(|decade| steps.iter().map(move |s| s * 10_f64.powi(decade)))
        .filter(|v| (low..=high).contains(v))
        .collect()
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `least`.
fn nice_step(least: f64) -> f64 {
    let decade = 10_f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|s| s * decade >= least * 0.999);
    step.unwrap_or(10.0) * decade
}

/// The axis of percentiles, in nines: log10(1 / (1 - q)).
pub(super) fn percentiles(most_nines: f64) -> Axis {
    let named = [
        (0.0, "0"),
        (0.5_f64, "50"),
        (0.9, "90"),
        (0.99, "99"),
        (0.999, "99.9"),
        (0.999_9, "99.99"),
        (0.999_99, "99.999"),
        (0.999_999, "99.9999"),
    ];
    let high = most_nines.max(2.0);
    let ticks = named
        .into_iter()
        .map(|(q, name)| (-(1.0 - q).log10(), name.to_owned()))
        .filter(|(nines, _)| *nines <= high + 1e-9)
        .map(|(nines, name)| (nines.max(0.0), name))
        .collect();
    Axis {
        title: "percentile (%)".into(),
        low: 0.0,
        high: high * 1.02,
        ticks,
    }
}

/// The axis of thread counts, a doubling being one step.
pub(super) fn threads(counts: &[u32]) -> Axis {
    let place = |count: u32| f64::from(count.max(1)).log2();
    let ends = counts.iter().copied().map(place);
    let low = ends.clone().fold(f64::INFINITY, f64::min);
    let high = ends.fold(f64::NEG_INFINITY, f64::max);
    let margin = if high > low { (high - low) * 0.08 } else { 0.5 };
    Axis {
        title: "threads".into(),
        low: low - margin,
        high: high + margin,
        ticks: counts.iter().map(|c| (place(*c), c.to_string())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::short_duration;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|t| t.1.as_str()).collect()
    }

    #[test]
    fn a_narrow_logarithmic_axis_has_labels() {
        let axis = logarithmic("latency", (120.0, 180.0), 0.0, short_duration);
        assert!(axis.ticks.len() >= 3, "{:?}", labels(&axis));
        assert!(
            axis.ticks
                .iter()
                .all(|t| (axis.low..=axis.high).contains(&t.0))
        );
    }

    #[test]
    fn a_wide_logarithmic_axis_has_its_powers_of_ten() {
        let axis = logarithmic("latency", (50.0, 5e6), 0.0, short_duration);
        assert_eq!(labels(&axis), ["100 ns", "1 µs", "10 µs", "100 µs", "1 ms"]);
    }

    #[test]
    fn a_linear_axis_begins_at_zero() {
        let axis = from_zero("Mop/s", 12.3);
        assert_eq!(labels(&axis), ["0", "5", "10"]);
        assert_eq!(labels(&from_zero("Mop/s", 0.0)).first(), Some(&"0.0"));
        assert_eq!(
            labels(&from_zero("Mop/s", 0.5)),
            ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]
        );
    }

    #[test]
    fn percentiles_stand_at_their_nines() {
        let axis = percentiles(3.2);
        assert_eq!(labels(&axis), ["0", "50", "90", "99", "99.9"]);
        assert!((axis.ticks[2].0 - 1.0).abs() < 1e-12);
        let range = (0, 1_000);
        assert!(axis.map(&axis.ticks[1].0, range) < axis.map(&axis.ticks[2].0, range));
    }

    #[test]
    fn one_thread_count_is_in_the_middle() {
        let axis = threads(&[4]);
        assert_eq!(axis.map(&2.0, (0, 100)), 50);
    }
}
