//! Checks that never were.

use reports::check::{Better, Check, Line, Ratio, Verdict};

/// A line as most are: equivalent, gated, of three processes.
pub(crate) fn line(lock: &str, metric: &str) -> Line {
    let (unit, better, level) = match metric {
        "throughput" => ("op/s", Better::Higher, 12_300_000.0),
        "Jain's index" => ("", Better::Higher, 0.93),
        _ => ("ns", Better::Lower, 230.0),
    };
    Line {
        lock: lock.into(),
        workload: "fault-one-vma".into(),
        threads: 2,
        placement: "compact".into(),
        role: "fault".into(),
        metric: metric.into(),
        unit: unit.into(),
        better,
        gated: matches!(metric, "throughput" | "p99"),
        baseline: Some(level),
        candidate: Some(level * 1.001),
        baseline_per_process: [0.99, 1.0, 1.01].map(|f| f * level).into(),
        candidate_per_process: [0.991, 1.001, 1.011].map(|f| f * level).into(),
        ratio: Some(Ratio {
            ratio: 1.001,
            low: 0.997,
            high: 1.005,
        }),
        ratio_of_all_rounds: None,
        control: None,
        confirmation: None,
        threshold: 0.012,
        detectable: Some(0.008),
        margin: 0.03,
        p_value: Some(0.4),
        processes: 3,
        rounds: 30,
        dirty_rounds: 1,
        measured_ns: 580_000_000,
        verdict: Verdict::Equivalent,
        processes_needed: None,
        again: None,
        why: "it differs by less than 3 %".into(),
    }
}

/// A throughput that fell by 3.1 %.
pub(super) fn regressed(lock: &str) -> Line {
    let base = line(lock, "throughput");
    Line {
        candidate: base.baseline.map(|level| level * 0.969),
        candidate_per_process: base
            .baseline_per_process
            .iter()
            .map(|l| l * 0.969)
            .collect(),
        ratio: Some(Ratio {
            ratio: 0.969,
            low: 0.964,
            high: 0.974,
        }),
        verdict: Verdict::Regressed,
        why: "so it was again in fresh processes".into(),
        ..base
    }
}

/// A line of which nothing is known.
pub(super) fn unknown(lock: &str, metric: &str) -> Line {
    Line {
        baseline: None,
        candidate: None,
        baseline_per_process: vec![],
        candidate_per_process: vec![],
        ratio: None,
        processes: 0,
        rounds: 0,
        dirty_rounds: 0,
        measured_ns: 0,
        verdict: Verdict::Inconclusive,
        why: "too noisy: 2 of 10 rounds were clean".into(),
        ..line(lock, metric)
    }
}

/// A check of these lines.
pub(super) fn of(verdict: Verdict, lines: Vec<Line>) -> Check {
    Check {
        baseline: "revision 0123abcd".into(),
        candidate: "this program".into(),
        started_at: "2026-11-25T19:30:00Z".into(),
        host: "2 CPUs of a made-up kind".into(),
        verdict,
        lines,
        advice: vec![],
        notes: vec!["The machine code of both is the same.".into()],
    }
}

/// One of each: a regression, no verdict, two that pass, and two lines that inform.
pub(super) fn mixed() -> Check {
    let lines = vec![
        regressed("alpha"),
        unknown("beta", "throughput"),
        line("gamma", "throughput"),
        line("gamma", "p99"),
        line("gamma", "Jain's index"),
        unknown("gamma", "p99.9"),
    ];
    let advice = vec!["Stop what runs beside it: `vmalock host` says what does.".into()];
    Check {
        advice,
        ..of(Verdict::Regressed, lines)
    }
}

/// Text that means something to every format.
pub(super) const NASTY: &str = "a|b`c`<d>&\"e\"\\f\ng#h,i:j%k{l}=m/n*o p%0Aq@_'r\r\u{1b}[31m";

/// A check whose names and sentences are all nasty.
pub(super) fn nasty() -> Check {
    let nasty_line = |line: Line| Line {
        lock: NASTY.into(),
        workload: NASTY.into(),
        placement: NASTY.into(),
        role: NASTY.into(),
        why: NASTY.into(),
        ..line
    };
    Check {
        baseline: NASTY.into(),
        candidate: NASTY.into(),
        host: NASTY.into(),
        advice: vec![NASTY.into()],
        notes: vec![NASTY.into()],
        ..of(
            Verdict::Regressed,
            vec![
                nasty_line(regressed("")),
                nasty_line(unknown("", "p99")),
                nasty_line(line("", "Jain's index")),
            ],
        )
    }
}

/// Every metric of this many cells with names as long as the longest there are, half of the gated lines regressed.
pub(super) fn big(cells: u32) -> Check {
    let metrics = [
        "throughput",
        "p99",
        "Jain's index",
        "p50",
        "p90",
        "p99.9",
        "p99.99",
        "maximum",
    ];
    let long = |line: Line, cell: u32| Line {
        lock: format!("atomic-msb-cmpxchg-lock-detached-{cell}"),
        workload: "zerocopy-recycle-torture-startup-storm".into(),
        placement: "0,2,4,6,8,10,12,14".into(),
        role: "munmap-of-recycled".into(),
        why: "it is so in the second stage too, in 10 fresh processes and in reversed order".into(),
        ..line
    };
    let mut lines: Vec<Line> = (0..cells)
        .flat_map(|cell| metrics.map(|metric| long(line("", metric), cell)))
        .collect();
    for cell in (0..cells).step_by(2) {
        lines[cell as usize * metrics.len()] = long(regressed(""), cell);
    }
    lines.sort_by_key(|line| (!line.gated, line.verdict));
    of(Verdict::Regressed, lines)
}
