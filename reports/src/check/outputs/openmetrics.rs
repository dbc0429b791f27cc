//! OpenMetrics 1.0 text, as GitLab's metrics reports and Prometheus read it.
//!
//! GitLab compares the numbers of two branches as text, so each is rounded to its noise: to the step of 1, 2 or 5 times a
//! power of ten that is no smaller than its 95 % interval is wide. What then changes has changed by about as much.

use super::{interval, slug};
use crate::check::{Check, Line, Verdict};
use crate::stats::Interval;
use std::fmt::Write as _;

/// The text, which ends with `# EOF`.
#[must_use]
pub fn text(check: &Check) -> String {
    let mut text = String::new();
    for family in families(check) {
        let name = &family.name;
        let _ = writeln!(text, "# TYPE {name} gauge");
        if let Some(unit) = &family.unit {
            let _ = writeln!(text, "# UNIT {name} {unit}");
        }
        let _ = writeln!(text, "# HELP {name} {}", escaped(&family.help));
        for (labels, value) in &family.samples {
            let _ = writeln!(text, "{name}{{{labels}}} {value}");
        }
    }
    text + "# EOF\n"
}

/// Samples of one name and unit.
struct Family {
    name: String,
    unit: Option<String>,
    help: String,
    samples: Vec<(String, String)>,
}

fn families(check: &Check) -> Vec<Family> {
    let mut families = vec![verdicts(check), ratios(check)];
    for line in &check.lines {
        let Some(value) = line.candidate else {
            continue;
        };
        let (unit, factor) = base_unit(&line.unit);
        let name = match &unit {
            Some(unit) => format!("vmalock_candidate_{unit}"),
            None => "vmalock_candidate".to_owned(),
        };
        let bounds = interval(line).map(|b| Interval {
            low: b.low * factor,
            high: b.high * factor,
        });
        let sample = (labels(line), rounded(value * factor, bounds));
        match families.iter_mut().find(|family| family.name == name) {
            Some(family) => family.samples.push(sample),
            None => families.push(Family {
                name,
                unit,
                help: "The level of the candidate, rounded to its noise; of one host only.".into(),
                samples: vec![sample],
            }),
        }
    }
    families.retain(|family| !family.samples.is_empty());
    families
}

/// How many gated lines have each verdict.
fn verdicts(check: &Check) -> Family {
    let all = [
        Verdict::Regressed,
        Verdict::Improved,
        Verdict::Equivalent,
        Verdict::Inconclusive,
    ];
    let sample = |verdict: Verdict| {
        let number = check.gated().filter(|l| l.verdict == verdict).count();
        (
            format!("verdict=\"{}\"", verdict.word()),
            number.to_string(),
        )
    };
    Family {
        name: "vmalock_gated_lines".into(),
        unit: Some("lines".into()),
        help: "Gated lines with this verdict.".into(),
        samples: all.map(sample).into(),
    }
}

/// The candidate over the baseline, which hosts have in common.
fn ratios(check: &Check) -> Family {
    let sample = |line: &Line| {
        let ratio = line.ratio?;
        let bounds = Interval {
            low: ratio.low,
            high: ratio.high,
        };
        Some((labels(line), rounded(ratio.ratio, Some(bounds))))
    };
    Family {
        name: "vmalock_candidate_over_baseline_ratio".into(),
        unit: Some("ratio".into()),
        help: "The candidate over the baseline of the same session, rounded to its noise.".into(),
        samples: check.lines.iter().filter_map(sample).collect(),
    }
}

/// The unit as OpenMetrics has it, which is a base unit, and what a value is multiplied by.
fn base_unit(unit: &str) -> (Option<String>, f64) {
    match unit {
        "" => (None, 1.0),
        "ns" => (Some("seconds".into()), 1e-9),
        "op/s" => (Some("operations_per_second".into()), 1.0),
        other => (Some(slug(other).replace('-', "_")), 1.0),
    }
}

fn labels(line: &Line) -> String {
    let threads = line.threads.to_string();
    let gated = line.gated.to_string();
    let labels = [
        ("lock", line.lock.as_str()),
        ("workload", &line.workload),
        ("threads", &threads),
        ("placement", &line.placement),
        ("role", &line.role),
        ("metric", &line.metric),
        ("better", line.better.word()),
        ("gated", &gated),
    ];
    let label = |(name, value): (&str, &str)| format!("{name}=\"{}\"", escaped(value));
    labels.map(label).join(",")
}

/// Text as a label or a help line carries it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// The value as text, no finer than its interval is wide; three digits of one without an interval.
fn rounded(value: f64, interval: Option<Interval>) -> String {
    let digits = 10_f64.powi(value.abs().log10().floor() as i32 - 2);
    let step = match interval.map(|i| i.high - i.low) {
        Some(width) if width > 0.0 && width.is_finite() => step_of_at_least(width),
        _ if value == 0.0 => 1.0,
        _ => digits,
    };
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let rounded = (value / step).round() * step;
    format!("{rounded:.decimals$}")
}

/// The smallest of 1, 2 and 5 times a power of ten that is at least the width.
fn step_of_at_least(width: f64) -> f64 {
    let power = 10_f64.powi(width.log10().floor() as i32);
    [1.0, 2.0, 5.0]
        .map(|digit| digit * power)
        .into_iter()
        // 0.974 − 0.964 is a little more than 0.01.
        .find(|step| *step >= width * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}
