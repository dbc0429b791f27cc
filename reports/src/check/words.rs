//! What a check found, in the words that all outputs share.

use super::{Better, Check, Line, Ratio, Verdict};
use crate::words::{count, duration, list, mega, significant};

impl Verdict {
    /// Its word: `regressed`, `improved`, `equivalent` or `inconclusive`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Improved => "improved",
            Self::Equivalent => "equivalent",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl Better {
    /// Its word: `higher` or `lower`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
        }
    }
}

/// The verdict of the gate and what it rests on, in one sentence without the full stop.
pub(crate) fn headline(check: &Check) -> String {
    let gated = check.gated().count();
    let of = |verdict: Verdict| check.gated().filter(|l| l.verdict == verdict).count();
    let word = check.verdict.word();
    let lines = count(gated as u64, "gated line");
    match check.verdict {
        Verdict::Inconclusive if gated == 0 => {
            format!("{word}: there is no gated line, so nothing was decided")
        }
        Verdict::Inconclusive => format!(
            "{word}: nothing can be said of {} of {lines}",
            of(Verdict::Inconclusive)
        ),
        Verdict::Equivalent => format!("{word}: no difference of note in {lines}"),
        Verdict::Improved => format!("{word}: {} of {lines}, none worse", of(Verdict::Improved)),
        Verdict::Regressed => format!("{word}: {} of {lines}", of(Verdict::Regressed)),
    }
}

/// Names a line for people: `one: fault-vma, 2 threads, compact, fault: throughput`.
pub(crate) fn subject(line: &Line) -> String {
    format!(
        "{}: {}, {}, {}, {}: {}",
        line.lock,
        line.workload,
        count(u64::from(line.threads), "thread"),
        line.placement,
        line.role,
        line.metric
    )
}

/// The line, by how much it changed, and the smallest change that would count.
pub(crate) fn finding(line: &Line) -> String {
    let change = match &line.ratio {
        Some(ratio) => change(ratio),
        None => "not compared".to_owned(),
    };
    format!(
        "{} {change}, threshold {} %",
        subject(line),
        tenths(line.threshold * 100.0)
    )
}

/// A ratio as a change in per cent with its interval: `−3.1 % [−3.6, −2.6]`.
pub(crate) fn change(ratio: &Ratio) -> String {
    format!(
        "{} % [{}, {}]",
        signed(ratio.ratio),
        signed(ratio.low),
        signed(ratio.high)
    )
}

/// A level with its unit; `–` where there is none.
pub(crate) fn level(value: Option<f64>, unit: &str) -> String {
    match (value, unit) {
        (None, _) => "–".to_owned(),
        (Some(value), "op/s") => format!("{} M op/s", mega(value)),
        (Some(value), "ns") => duration(value),
        (Some(value), "") => format!("{value:.3}"),
        (Some(value), unit) => format!("{} {unit}", significant(value)),
    }
}

/// How many lines have each verdict: `2 regressed, 1 inconclusive and 9 equivalent`.
pub(crate) fn tally<'a>(lines: impl Iterator<Item = &'a Line> + Clone) -> String {
    let order = [
        Verdict::Regressed,
        Verdict::Inconclusive,
        Verdict::Improved,
        Verdict::Equivalent,
    ];
    let counts = order.map(|verdict| {
        let number = lines.clone().filter(|l| l.verdict == verdict).count();
        (number > 0).then(|| format!("{number} {}", verdict.word()))
    });
    let words: Vec<&str> = counts.iter().flatten().map(String::as_str).collect();
    list(&words)
}

/// A ratio as a change in per cent, with its sign.
fn signed(ratio: f64) -> String {
    let percent = (ratio - 1.0) * 100.0;
    let text = tenths(percent.abs());
    match percent {
        _ if text == "0.0" => text,
        p if p < 0.0 => format!("−{text}"),
        _ => format!("+{text}"),
    }
}

/// Per cent to one decimal; more than a thousand of them without it.
fn tenths(percent: f64) -> String {
    if percent >= 1e3 {
        return significant(percent);
    }
    format!("{percent:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_have_a_sign_and_no_negative_zero() {
        let ratio = |ratio, low, high| Ratio { ratio, low, high };
        assert_eq!(change(&ratio(0.969, 0.964, 0.974)), "−3.1 % [−3.6, −2.6]");
        assert_eq!(change(&ratio(0.9999, 0.98, 1.02)), "0.0 % [−2.0, +2.0]");
        assert_eq!(
            change(&ratio(21.0, 3.5, 101.0)),
            "+2,000 % [+250.0, +10,000]"
        );
    }

    #[test]
    fn levels_have_their_unit() {
        assert_eq!(level(Some(12_345_678.0), "op/s"), "12.3 M op/s");
        assert_eq!(level(Some(1_234.0), "ns"), "1.23 µs");
        assert_eq!(level(Some(0.98), ""), "0.980");
        assert_eq!(level(Some(64.0), "bytes"), "64.0 bytes");
        assert_eq!(level(None, "ns"), "–");
    }
}
