//! What repetitions of a gate say of the gate.

use crate::outputs::made_up;
use crate::run;
use crate::sketch::Sketch;
use bench_core::plan::Mode;
use reports::check::{Check, Line, Ratio, Verdict};
use reports::selftest::{
    Alarms, FalseAlarms, Fewer, InjectedAt, Injection, InjectionKind, Outcome, Power, Repetition,
    windows,
};

/// A gate with these lines.
fn repetition(number: u32, lines: Vec<Line>) -> Repetition {
    let any = |verdict| {
        lines
            .iter()
            .any(|line| line.gated && line.verdict == verdict)
    };
    let verdict = [Verdict::Regressed, Verdict::Inconclusive, Verdict::Improved]
        .into_iter()
        .find(|verdict| any(*verdict));
    Repetition {
        number,
        injected: None,
        seed: 7,
        stages: 1,
        windows_s: 12.0,
        whole_s: 30.0,
        check: Check {
            baseline: "this program".into(),
            candidate: "this program again".into(),
            started_at: "2026-11-25T12:00:00Z".into(),
            host: "Example CPU".into(),
            verdict: verdict.unwrap_or(Verdict::Equivalent),
            lines,
            advice: Vec::new(),
            notes: Vec::new(),
        },
        fewer: Vec::new(),
        windows: Vec::new(),
    }
}

/// A gated throughput with this verdict.
fn throughput(verdict: Verdict) -> Line {
    Line {
        verdict,
        ..made_up::line("shared-count", "throughput")
    }
}

/// Gates of one line each, the first few of which have another verdict than the rest.
fn gates(few: u32, verdict: Verdict, all: u32) -> Vec<Repetition> {
    let of = |number| {
        if number <= few {
            verdict
        } else {
            Verdict::Equivalent
        }
    };
    (1..=all)
        .map(|number| repetition(number, vec![throughput(of(number))]))
        .collect()
}

#[test]
fn false_alarms_fail_when_more_than_five_per_cent_are_certain() {
    let outcome = |few, verdict| FalseAlarms::of(&gates(few, verdict, 200), 200).outcome();
    for verdict in [Verdict::Improved, Verdict::Regressed] {
        assert_eq!(outcome(16, verdict), Outcome::Passed);
        assert_eq!(outcome(17, verdict), Outcome::Failed);
    }
    assert_eq!(outcome(200, Verdict::Inconclusive), Outcome::TooNoisy);
    assert_eq!(FalseAlarms::of(&[], 200).outcome(), Outcome::TooNoisy);
}

/// Gates that could not tell raise no alarm, and must not water down the share of those that could.
#[test]
fn inconclusive_lines_do_not_make_alarms_rarer() {
    let mut all = gates(17, Verdict::Improved, 200);
    all.extend(gates(150, Verdict::Inconclusive, 150));
    let told = FalseAlarms::of(&all, 350);
    assert_eq!(told.outcome(), Outcome::Failed);
    let text = told.to_string();
    assert!(text.contains("17 of 350, 4.9 %"), "{text}");
    assert!(text.contains("17 of 200, 8.5 % [5.0, 13.3]"), "{text}");
    assert!(text.contains("inconclusive: 150"), "{text}");
}

#[test]
fn lines_that_only_inform_are_counted_apart() {
    let informs = Line {
        gated: false,
        verdict: Verdict::Regressed,
        ..made_up::line("shared-count", "p50")
    };
    let all: Vec<Repetition> = (1..=20)
        .map(|number| {
            repetition(
                number,
                vec![throughput(Verdict::Equivalent), informs.clone()],
            )
        })
        .collect();
    let told = FalseAlarms::of(&all, 200);
    assert_eq!(told.outcome(), Outcome::Passed);
    let text = told.to_string();
    assert!(text.contains("Only 20 of 200 repetitions"), "{text}");
    assert!(
        text.contains("gated lines called different: 0 of 20"),
        "{text}"
    );
    assert!(text.contains("inform called different: 20 of 20"), "{text}");
}

/// A gate whose candidate takes `share` longer, and which says so or not.
fn slowed(number: u32, share: f64, found: bool, dirty_rounds: u32) -> Repetition {
    let line = Line {
        ratio: Some(Ratio {
            ratio: 1.0 / (1.0 + share + 0.002),
            low: 0.9,
            high: 1.0,
        }),
        dirty_rounds,
        ..throughput(if found {
            Verdict::Regressed
        } else {
            Verdict::Inconclusive
        })
    };
    let fewer = Fewer {
        processes: 4,
        workload: line.workload.clone(),
        threads: line.threads,
        role: line.role.clone(),
        worse: found,
        ratio: None,
    };
    let at = InjectedAt {
        threads: line.threads,
        operation_ns: 400.0,
        asked_ns: (400.0 * share) as u64,
        obtained_ns: Some(400.0 * share),
    };
    Repetition {
        injected: Some(Injection {
            kind: InjectionKind::Slowdown,
            role: line.role.clone(),
            share,
            settings: vec![at],
        }),
        fewer: vec![fewer],
        ..repetition(number, vec![line])
    }
}

/// Ten gates, of which the first few find it.
fn ten(share: f64, found: u32, dirty_rounds: u32) -> Power {
    let all: Vec<Repetition> = (1..=10)
        .map(|number| slowed(number, share, number <= found, dirty_rounds))
        .collect();
    Power::of(&all, 10)
}

#[test]
fn a_slowdown_of_five_per_cent_has_to_be_found_by_half_of_the_gates_that_saw_enough() {
    assert_eq!(ten(0.05, 5, 0).outcome(), Outcome::Passed);
    assert_eq!(ten(0.05, 4, 0).outcome(), Outcome::Failed);
    // 13 of 30 rounds dirty: the machine is to blame.
    assert_eq!(ten(0.05, 4, 12).outcome(), Outcome::Failed);
    assert_eq!(ten(0.05, 4, 13).outcome(), Outcome::TooNoisy);
    // A smaller one may be missed.
    assert_eq!(ten(0.02, 0, 0).outcome(), Outcome::Passed);
    assert_eq!(Power::of(&[], 10).outcome(), Outcome::TooNoisy);
}

#[test]
fn power_is_told_with_its_interval_its_bias_and_fewer_processes() {
    let text = ten(0.05, 5, 0).to_string();
    assert!(text.contains("5 of 10, 50.0 % [18.7, 81.3]"), "{text}");
    assert!(text.contains("+0.20 ± 0.00"), "{text}");
    assert!(text.contains("4 processes"), "{text}");
    assert!(text.contains("12.0 s") && text.contains("30.0 s"), "{text}");
}

#[test]
fn an_alarm_has_to_fire_where_it_could() {
    let gate = |number, fires: bool, told: bool| {
        let metric = Line {
            gated: false,
            ratio: made_up::line("shared-count", "p99").ratio.filter(|_| told),
            verdict: if fires {
                Verdict::Regressed
            } else {
                Verdict::Equivalent
            },
            ..made_up::line("shared-count", "p99.99 of fast faults")
        };
        let injected = Injection {
            kind: InjectionKind::Tail,
            role: metric.role.clone(),
            share: 0.0,
            settings: Vec::new(),
        };
        Repetition {
            injected: Some(injected),
            ..repetition(number, vec![throughput(Verdict::Equivalent), metric])
        }
    };
    let outcome = |gates: &[Repetition], kind| Alarms::of(gates, kind, 2).outcome();
    let tail = InjectionKind::Tail;
    assert_eq!(
        outcome(&[gate(1, true, true), gate(2, false, true)], tail),
        Outcome::Passed
    );
    assert_eq!(
        outcome(&[gate(1, false, true), gate(2, false, true)], tail),
        Outcome::Failed
    );
    assert_eq!(
        outcome(&[gate(1, false, false)], tail),
        Outcome::TooNoisy,
        "no ratio, no alarm"
    );
    assert_eq!(
        outcome(&[gate(1, true, true)], InjectionKind::Unfair),
        Outcome::TooNoisy
    );
}

#[test]
fn a_repetition_is_read_as_it_was_written() {
    let all = [
        slowed(1, 0.03, true, 2),
        repetition(2, vec![throughput(Verdict::Improved)]),
    ];
    for one in all {
        let text = serde_json::to_string(&one).expect("it serialises");
        let read: Repetition = serde_json::from_str(&text).expect("it is one");
        assert_eq!(read, one);
    }
}

#[test]
fn windows_are_paired_by_process_and_round_and_tell_the_time_of_an_operation() {
    let sketch = Sketch {
        modes: vec![Mode::Throughput, Mode::Latency],
        dirty_percent: 20,
        ..Sketch::small()
    };
    let (baseline, mut candidate) = (run(&sketch.records()), run(&sketch.records()));
    // One window of the candidate is missing, and one is broken.
    let is_throughput = |cell: &bench_core::record::Cell| {
        cell.mode == "throughput" && cell.lock == "shared-count" && cell.threads == 2
    };
    let gone = candidate
        .cells
        .iter()
        .position(is_throughput)
        .expect("there is one");
    let at = candidate.cells.remove(gone);
    let all = windows(&baseline, &candidate);
    let of = |role: &str| {
        let mut all = all.iter();
        all.find(|w| (w.lock.as_str(), w.threads, w.role.as_str()) == ("shared-count", 2, role))
            .expect("it was measured")
    };
    let faults = of("fault");
    assert_eq!(faults.processes.len(), 3 * 3 - 1);
    assert_eq!(faults.baseline_ns, faults.candidate_ns, "the same sketch");
    let cells = baseline.cells.iter().filter(|c| is_throughput(c));
    let mut kept: Vec<_> = cells
        .filter(|c| (c.process, c.round) != (at.process, at.round))
        .collect();
    kept.sort_by_key(|c| (c.process, c.round));
    for (number, cell) in kept.iter().enumerate() {
        let role = cell
            .roles
            .iter()
            .find(|r| r.role.word() == "fault")
            .expect("it faults");
        let exact = f64::from(role.threads) * cell.window_ns as f64 / role.ops as f64;
        assert!((faults.baseline_ns[number] - exact).abs() < 1e-3);
        assert_eq!(faults.clean[number], !cell.noise.dirty);
        assert_eq!(faults.processes[number], cell.process);
    }
}
