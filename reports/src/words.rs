//! Numbers as people read them; the same on every machine.

use crate::stats::{Estimate, Interval};

/// `value` with three significant digits: `12.3`, `0.0456`, `7,890`.
pub(crate) fn significant(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let decimals = 2 - value.abs().log10().floor() as i32;
    // 9.996 rounds up into the next power of ten and would gain a digit.
    let rounded = format!("{value:.*}", decimals.clamp(0, 12) as usize);
    let grown = rounded
        .parse::<f64>()
        .map_or(0.0, |r| r.abs().log10().floor());
    let decimals = (2 - grown as i32).clamp(0, 12) as usize;
    if value.abs().round() >= 1e3 {
        return grouped(value.round() as u64);
    }
    format!("{value:.decimals$}")
}

/// A whole number in groups of three.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Operations per second in millions.
pub(crate) fn mega(ops_per_s: f64) -> String {
    significant(ops_per_s / 1e6)
}

/// A duration with the unit that suits it.
pub(crate) fn duration(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    format!("{} {unit}", significant(value))
}

/// A duration for the tick of an axis: no digit more than it has.
pub(crate) fn short_duration(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    format!("{} {unit}", shortest(value))
}

/// Whole seconds, in the largest units that they fill.
pub(crate) fn seconds(seconds: u64) -> String {
    let (minutes, rest) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let parts = [(hours, "h"), (minutes, "min"), (rest, "s")];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts.map(|(n, unit)| format!("{n} {unit}")).collect();
    if parts.is_empty() {
        return "0 s".into();
    }
    parts.join(" ")
}

/// `value` to six decimals, without those that are 0.
pub(crate) fn shortest(value: f64) -> String {
    if value.abs() >= 1e3 {
        return grouped(value.round() as u64);
    }
    format!("{}", (value * 1e6).round() / 1e6)
}

/// A share of one in per cent. Only what is all is `100`, and only what is nothing is `0`.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match share {
        1.0 => "100".into(),
        _ if percent > 99.9 => format!("{:.3}", percent.min(99.999)),
        _ if percent == 0.0 => "0".into(),
        _ if percent < 0.1 => significant(percent),
        _ => format!("{percent:.1}"),
    }
}

/// `3.1 %`: a share in per cent, to a tenth.
pub(crate) fn in_percent(share: f64) -> String {
    format!("{} %", shortest((share * 1e3).round() / 10.0))
}

/// `[low, high]`, each by `number`.
pub(crate) fn interval(interval: Interval, number: impl Fn(f64) -> String) -> String {
    format!("[{}, {}]", number(interval.low), number(interval.high))
}

/// The centre and, if there is one, the interval.
pub(crate) fn estimate(estimate: &Estimate, number: impl Fn(f64) -> String) -> String {
    let centre = number(estimate.centre);
    match estimate.interval {
        Some(bounds) => format!("{centre} {}", interval(bounds, number)),
        None => centre,
    }
}

/// `1 thread`, `2 threads`.
pub(crate) fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(number))
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_significant_digits() {
        let cases = [
            (0.0, "0"),
            (12.345, "12.3"),
            (0.045_67, "0.0457"),
            (9.996, "10.0"),
            (999.6, "1,000"),
            (1_234.4, "1,234"),
            (f64::NAN, "–"),
        ];
        for (value, text) in cases {
            assert_eq!(significant(value), text, "{value}");
        }
    }

    #[test]
    fn shares_near_the_ends_are_not_rounded_away() {
        assert_eq!(percent(0.999_999_9), "99.999");
        assert_eq!(percent(0.999_5), "99.950");
        assert_eq!(percent(0.000_01), "0.00100");
        assert_eq!(percent(1.0), "100");
        assert_eq!(percent(0.25), "25.0");
    }

    #[test]
    fn durations_and_lists() {
        assert_eq!(duration(42.0), "42.0 ns");
        assert_eq!(duration(1_500.0), "1.50 µs");
        assert_eq!(duration(2.0e9), "2.00 s");
        assert_eq!(seconds(3_725), "1 h 2 min 5 s");
        assert_eq!((seconds(600), seconds(0)), ("10 min".into(), "0 s".into()));
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(count(1, "thread"), "1 thread");
        assert_eq!(count(1_000, "round"), "1,000 rounds");
    }
}
