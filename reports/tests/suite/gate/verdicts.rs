//! One gate each.

use super::arena::{Arena, Arm, SAME_SLOT, Spread, Three, settings, slower, times};
use crate::sketch::{LOCKS, Sketch};
use bench_core::plan::Mode;
use bench_core::record::Cell;
use reports::check::{Again, Check, Line, Sides, Stage, Verdict, judge, needs_confirmation};

fn same(_: Arm, _: &mut Cell) {}

fn line<'c>(check: &'c Check, lock: &str, threads: u32, metric: &str) -> &'c Line {
    let is = |l: &&Line| l.lock == lock && l.threads == threads && l.metric == metric;
    check.lines.iter().find(is).expect("the line is there")
}

fn throughput(check: &Check) -> &Line {
    line(check, "shared-count", 2, "throughput")
}

#[test]
fn one_stage_alone_never_says_regressed() {
    let arena = Arena::new(SAME_SLOT);
    let first = arena.stage(1, slower("shared-count", 0.2));
    let check = arena.judge(&first, None);
    assert_eq!(check.verdict, Verdict::Inconclusive, "{check}");
    assert!(needs_confirmation(&check));
    let open: Vec<(&str, Option<Again>)> = check
        .unsettled()
        .map(|l| (l.lock.as_str(), l.again))
        .collect();
    assert_eq!(open, [("shared-count", Some(Again::Difference)); 2]);
    // Fresh processes in which it is gone clear it, though not as equivalent: the first saw too much.
    let check = arena.judge(&first, Some(&arena.stage(2, same)));
    assert_eq!(throughput(&check).verdict, Verdict::Inconclusive, "{check}");
    assert!(
        throughput(&check).why.contains("not in the second"),
        "{check}"
    );
    assert!(!needs_confirmation(&check));
    // And so do those in which it goes the other way.
    let check = arena.judge(&first, Some(&arena.stage(2, slower("shared-count", -0.2))));
    assert_eq!(check.verdict, Verdict::Inconclusive, "{check}");
}

#[test]
fn better_is_no_regression() {
    let check = Arena::new(SAME_SLOT).gate(1, slower("shared-count", -0.05));
    assert_eq!(check.verdict, Verdict::Improved, "{check}");
    assert_eq!(throughput(&check).verdict, Verdict::Improved);
    let ratio = throughput(&check).ratio.expect("a ratio");
    assert!(ratio.low < 1.05 && 1.05 < ratio.high, "{ratio:?}");
}

#[test]
fn the_same_is_equivalent_and_less_than_the_floor_no_regression() {
    for share in [0.0, 0.005] {
        let check = Arena::new(SAME_SLOT).gate(1, slower("shared-count", share));
        assert_eq!(check.verdict, Verdict::Equivalent, "{check}");
    }
}

/// A round that is dirty in the control only is dropped for all, and the result of all rounds stands beside.
#[test]
fn a_round_is_dirty_for_all_programs() {
    let check = Arena::new(SAME_SLOT).gate(1, |arm, cell| {
        if cell.round < 2 {
            cell.noise.dirty = arm == Arm::Control;
            times(cell, if arm == Arm::Candidate { 0.3 } else { 1.0 });
        }
    });
    assert_eq!(check.verdict, Verdict::Equivalent, "{check}");
    let line = throughput(&check);
    assert_eq!(
        (line.rounds, line.dirty_rounds, line.processes),
        (100, 20, 10)
    );
    let unmoved = throughput(&Arena::new(SAME_SLOT).gate(1, same)).ratio;
    assert_eq!(line.ratio.map(|r| r.ratio > 0.99), unmoved.map(|_| true));
    assert!(check.to_string().contains("all rounds"), "{check}");
}

#[test]
fn a_neighbour_makes_it_inconclusive_with_the_reason_and_what_to_do() {
    let arena = Arena::new(SAME_SLOT);
    let busy = |arm, cell: &mut Cell| {
        slower("shared-count", 0.2)(arm, cell);
        if cell.threads == 2 && cell.process < 4 && cell.round > 3 {
            cell.noise.dirty = true;
            cell.noise.reasons = vec![format!(
                "others used 4{}.0 % of CPU 1 (bound 10 %)",
                cell.round
            )];
        }
    };
    let check = arena.gate(1, busy);
    let line = throughput(&check);
    assert_eq!(line.verdict, Verdict::Inconclusive, "{check}");
    assert!(line.gated && line.ratio.is_none() && line.ratio_of_all_rounds.is_some());
    assert_eq!(
        line.why,
        "too noisy, 76 of 100 rounds clean, too few in 4 of 10 processes"
    );
    let advice = check.advice.join("\n");
    for part in [
        "fault-one-vma, 2 threads, throughput: 76 of 100 rounds clean, too few in 4 of 10 processes",
        "others used 44.0 % of CPU 1",
        "Stop what else runs",
        "vmalock host",
    ] {
        assert!(advice.contains(part), "`{part}` is missing in\n{advice}");
    }
    // The other setting is judged as ever.
    assert_eq!(check.verdict, Verdict::Regressed, "{check}");
    // Noise everywhere is a void run.
    let all = arena.gate(1, |arm, cell| {
        slower("shared-count", 0.2)(arm, cell);
        cell.noise.dirty = cell.round > 3;
    });
    assert_eq!(all.verdict, Verdict::Inconclusive, "{all}");
    assert!(all.to_string().contains("the run is void"), "{all}");
    assert!(!needs_confirmation(&all));
}

#[test]
fn a_third_of_the_processes_may_be_lost() {
    let check = Arena::new(SAME_SLOT).gate(1, |arm, cell| {
        slower("shared-count", 0.05)(arm, cell);
        cell.noise.dirty = cell.process < 3 && cell.round > 3;
    });
    assert_eq!(check.verdict, Verdict::Regressed, "{check}");
    assert_eq!(throughput(&check).processes, 7);
}

#[test]
fn a_control_that_differs_takes_every_verdict_back() {
    let arena = Arena::new(SAME_SLOT);
    let crooked = |arm: Arm, cell: &mut Cell| {
        slower("shared-count", 0.1)(arm, cell);
        if arm == Arm::Control && cell.lock == "one-big-lock" && cell.threads == 2 {
            times(cell, 0.95);
        }
    };
    let check = arena.gate(1, crooked);
    assert_eq!(throughput(&check).verdict, Verdict::Inconclusive, "{check}");
    assert!(
        throughput(&check).why.contains("differs from itself"),
        "{check}"
    );
    assert!(
        check
            .to_string()
            .contains("measured twice by turns gave two"),
        "{check}"
    );
    // With one thread the control is as it should be.
    let alone = line(&check, "shared-count", 1, "throughput");
    assert_eq!(alone.verdict, Verdict::Regressed);
    // An alarm of the first stage alone is cleared by the second, as a candidate is.
    let (first, second) = (
        arena.stage(2, crooked),
        arena.stage(3, slower("shared-count", 0.1)),
    );
    let pending = arena.judge(&first, None);
    let raised = line(&pending, "one-big-lock", 2, "throughput");
    assert_eq!(raised.again, Some(Again::Difference));
    let check = arena.judge(&first, Some(&second));
    assert_eq!(throughput(&check).verdict, Verdict::Regressed, "{check}");
}

/// A control that spreads more than the candidate raises the threshold.
#[test]
fn what_the_control_shows_is_no_difference() {
    let threshold = |off: f64| {
        let check = Arena::new(SAME_SLOT).gate(1, |arm, cell| {
            if arm == Arm::Control {
                times(cell, 1.0 + off * [1.0, -1.0][cell.process as usize % 2]);
            }
        });
        throughput(&check).threshold
    };
    let (calm, wild) = (threshold(0.0), threshold(0.1));
    assert!(calm < 0.015, "{calm}");
    // Ten processes at ±10 %: 2.26 × 10.5 % / √10.
    assert!((0.06..0.09).contains(&wild), "{wild}");
}

#[test]
fn processes_of_both_stages_count_for_equivalence_only() {
    // Ten processes cannot show 3 % at this spread, twenty can.
    let arena = Arena::new(Spread {
        between: 0.042,
        ..SAME_SLOT
    });
    let wanting = |seed: &u64| {
        let check = arena.judge(&arena.stage(*seed, same), None);
        throughput(&check).again == Some(Again::Equivalence)
    };
    let seed = (1..60).find(wanting).expect("one of many");
    let first = arena.stage(seed, same);
    let settled = |seed: &u64| {
        let check = arena.judge(&first, Some(&arena.stage(*seed, same)));
        throughput(&check).verdict == Verdict::Equivalent
    };
    assert!((100..160).any(|seed| settled(&seed)));
}

/// Latency and throughput, a control that excludes nobody, and windows with few samples.
fn of_all_modes(seed: u64) -> Arena {
    Arena::of(
        &Sketch {
            locks: LOCKS[..2].to_vec(),
            workloads: vec!["fault-one-vma"],
            threads: vec![2],
            modes: vec![Mode::Throughput, Mode::Latency],
            processes: 6,
            rounds: 5,
            dirty_percent: 0,
            seed,
            ..Sketch::small()
        },
        SAME_SLOT,
    )
}

#[test]
fn what_only_informs_never_decides() {
    let unfair = |arm: Arm, cell: &mut Cell| {
        if arm == Arm::Candidate && cell.lock == "one-big-lock" {
            let ops = &mut cell.roles[0].ops_per_thread;
            let moved = ops[1] / 2;
            (ops[0], ops[1]) = (ops[0] + moved, ops[1] - moved);
        }
        if arm == Arm::Candidate && cell.lock == "nothing" {
            times(cell, 0.5);
        }
    };
    let arena = of_all_modes(7);
    let (first, second) = (arena.stage(1, unfair), arena.stage(2, unfair));
    let check = arena.judge(&first, Some(&second));
    assert_eq!(check.verdict, Verdict::Equivalent, "{check}");
    let fairness = line(&check, "one-big-lock", 2, "Jain's index");
    let control = line(&check, "nothing", 2, "throughput");
    for informs in [fairness, control] {
        assert!(!informs.gated);
        assert_eq!(informs.verdict, Verdict::Regressed, "{check}");
    }
    // Alone it asks for no second stage either.
    let alone = arena.judge(&first, None);
    assert!(!needs_confirmation(&alone) && alone.unsettled().count() > 0);
}

#[test]
fn what_the_clock_cannot_tell_decides_nothing() {
    let arena = of_all_modes(7);
    let p99 = "p99 of faults, all ways";
    let check = arena.gate(1, same);
    let gated = line(&check, "one-big-lock", 2, p99);
    assert!(gated.gated, "{check}");
    assert_eq!(gated.verdict, Verdict::Equivalent, "{check}");
    assert!(check.lines.iter().all(|l| !l.metric.starts_with("p99.99")));
    let mut coarse: Three = arena.stage(1, same);
    for run in &mut coarse {
        run.header.clock.quantum_ns = 1_000_000;
    }
    let check = arena.judge(&coarse, None);
    let below = line(&check, "one-big-lock", 2, p99);
    assert!(
        !below.gated && below.why.contains("below what the clock can tell"),
        "{check}"
    );
    assert_eq!(check.verdict, Verdict::Equivalent, "{check}");
}

#[test]
fn one_process_is_no_verdict() {
    let arena = Arena::of(
        &Sketch {
            processes: 1,
            ..Sketch::small()
        },
        SAME_SLOT,
    );
    let check = arena.judge(&arena.stage(1, same), None);
    assert_eq!(check.verdict, Verdict::Inconclusive, "{check}");
    assert!(!needs_confirmation(&check));
}

#[test]
fn a_lock_that_only_one_has_is_named() {
    let arena = Arena::new(SAME_SLOT);
    let [baseline, mut candidate, _] = arena.stage(1, same);
    candidate
        .header
        .locks
        .retain(|lock| lock.name != "one-big-lock");
    candidate.cells.retain(|cell| cell.lock != "one-big-lock");
    let first = Stage {
        baseline: &baseline,
        candidate: &candidate,
        control: None,
    };
    let sides = Sides {
        first,
        confirmation: None,
    };
    let check = judge(&sides, &settings());
    for note in [
        "only the baseline has one-big-lock",
        "no control was measured: what noise alone makes is not known",
    ] {
        assert!(check.notes.iter().any(|n| n == note), "{check}");
    }
    assert!(check.lines.iter().all(|line| line.lock == "shared-count"));
}

#[test]
fn a_check_as_text() {
    let check = Arena::new(SAME_SLOT).gate(1, |arm, cell| {
        slower("shared-count", 0.03)(arm, cell);
        cell.noise.dirty = cell.round == 0 && cell.process == 0;
    });
    insta::assert_snapshot!(check.to_string());
}
