//! What is measured here against a baseline, with made-up runs.

use crate::run;
use crate::sketch::random::Random;
use crate::sketch::trials::Trials;
use crate::sketch::{LOCKS, Sketch};
use bench_core::plan::Mode;
use bench_core::record::Cell;
use reports::Run;
use reports::baseline::{Baseline, Stage};
use reports::check::{Again, Check, Settings, Verdict, needs_confirmation};

const REFERENCE: &str = "one-big-lock";
const SLOWER: &str = "shared-count";
const OPERATIONS: f64 = 1e7;
/// Rounds of a process differ by so much, up and down at most.
const SPREAD: f64 = 0.03;

/// A run with two locks beside the reference, to make others of.
fn template() -> Run {
    run(&Sketch {
        locks: LOCKS[1..4].to_vec(),
        workloads: vec!["fault-one-vma"],
        threads: vec![2],
        modes: vec![Mode::Throughput],
        processes: 10,
        rounds: 6,
        dirty_percent: 0,
        ..Sketch::small()
    }
    .records())
}

/// A run with other luck, in which one lock does `factor` of its work.
fn with_luck(template: &Run, seed: u64, factor: f64) -> Run {
    let mut random = Random(seed);
    let mut made = template.clone();
    for cell in &mut made.cells {
        let own = if cell.lock == SLOWER { factor } else { 1.0 };
        for ops in cell
            .roles
            .iter_mut()
            .flat_map(|role| &mut role.ops_per_thread)
        {
            let luck = 1.0 + SPREAD * (2.0 * random.unit() - 1.0);
            *ops = (OPERATIONS * own * luck) as u64;
        }
    }
    made
}

fn settings() -> Settings {
    Settings {
        baseline: "b.json".into(),
        candidate: "this program".into(),
        floor: 0.01,
        margin: None,
    }
}

fn baseline_of(run: &Run) -> Baseline {
    let made = Baseline::of(run, REFERENCE, "the first one", "2026-11-26T09:00:00Z");
    made.expect("a good run").0
}

/// Both stages, the second where the first asks for it.
fn checked(template: &Run, baseline: &Baseline, seed: u64, factor: f64) -> Check {
    let runs: Vec<Run> = (0..4)
        .map(|arm| with_luck(template, 1_000 * seed + arm, factor))
        .collect();
    let stage = |at: usize| Stage {
        candidate: &runs[at],
        control: &runs[at + 1],
    };
    let first = baseline.check(stage(0), None, &settings());
    if needs_confirmation(&first) {
        baseline.check(stage(0), Some(stage(2)), &settings())
    } else {
        first
    }
}

/// The verdict of the lock's only line.
fn of_lock(check: &Check, lock: &str) -> Verdict {
    let line = check.lines.iter().find(|line| line.lock == lock);
    line.expect("each lock has a line").verdict
}

#[test]
fn a_lock_that_is_slower_beside_the_reference_has_regressed() {
    let template = template();
    let baseline = baseline_of(&with_luck(&template, 1, 1.0));
    let check = checked(&template, &baseline, 7, 0.9);
    assert_eq!(check.verdict, Verdict::Regressed);
    assert_eq!(of_lock(&check, SLOWER), Verdict::Regressed);
    assert_eq!(of_lock(&check, "shared-count-early"), Verdict::Equivalent);
    let line = &check.lines[0];
    assert_eq!(line.metric, "throughput over one-big-lock");
    assert!(
        line.worse_by()
            .is_some_and(|share| (share - 0.1).abs() < 0.02),
        "{line:#?}"
    );
    // Levels are ratios, since absolute numbers of two days are nobody's measure.
    assert!(
        line.baseline
            .is_some_and(|ratio| (ratio - 1.0).abs() < 0.02),
        "{line:#?}"
    );
    assert!(line.unit.is_empty() && line.processes == 10 && line.rounds == 60);

    // One stage raises it only.
    let one = with_luck(&template, 70, 0.9);
    let stage = Stage {
        candidate: &one,
        control: &one,
    };
    let first = baseline.check(stage, None, &settings());
    assert_eq!(of_lock(&first, SLOWER), Verdict::Inconclusive);
    assert_eq!(first.lines[0].again, Some(Again::Difference));
    // The other way round it is better.
    let faster = checked(&template, &baseline, 8, 1.1);
    assert_eq!(faster.verdict, Verdict::Improved);
}

#[test]
fn a_whole_machine_that_is_slower_changes_nothing() {
    let template = template();
    let baseline = baseline_of(&with_luck(&template, 1, 1.0));
    let half_as_fast = |mut run: Run| {
        for cell in &mut run.cells {
            for window_ns in &mut cell.window_ns_per_thread {
                *window_ns *= 2;
            }
        }
        run
    };
    let [one, other] = [2, 3].map(|seed| half_as_fast(with_luck(&template, seed, 1.0)));
    let stage = Stage {
        candidate: &one,
        control: &other,
    };
    let check = baseline.check(stage, None, &settings());
    assert_eq!(check.verdict, Verdict::Equivalent, "{check:#?}");
}

/// A check of the template, with a baseline of its own.
fn check_of(template: &Run, number: u32, factor: f64) -> Check {
    let seed = u64::from(number);
    let baseline = baseline_of(&with_luck(template, 500_000 + seed, 1.0));
    checked(template, &baseline, seed, factor)
}

#[test]
fn equal_locks_are_seldom_called_different() {
    let template = template();
    let mut equivalent = 0;
    let alarms = Trials::of(200, |number| {
        let check = check_of(&template, number, 1.0);
        equivalent += u32::from(check.verdict == Verdict::Equivalent);
        matches!(check.verdict, Verdict::Regressed | Verdict::Improved)
    });
    assert!(alarms.at_most(4), "{alarms:?}");
    assert!(
        equivalent >= alarms.made() * 9 / 10,
        "{equivalent}, {alarms:?}"
    );
}

#[test]
fn five_per_cent_are_found() {
    let template = template();
    let found = Trials::of(40, |number| {
        let check = check_of(&template, number, 0.95);
        of_lock(&check, SLOWER) == Verdict::Regressed
    });
    assert!(found.at_least(36), "{found:?}");
}

#[test]
fn a_control_that_differs_from_the_candidate_takes_the_verdicts_back() {
    let template = template();
    let baseline = baseline_of(&with_luck(&template, 1, 1.0));
    let (candidate, control) = (with_luck(&template, 2, 0.9), with_luck(&template, 3, 1.0));
    let stage = Stage {
        candidate: &candidate,
        control: &control,
    };
    let check = baseline.check(stage, Some(stage), &settings());
    assert_eq!(check.verdict, Verdict::Inconclusive);
    let why = &check.lines[0].why;
    assert!(why.contains("differs from itself"), "{why}");
}

#[test]
fn what_is_too_noisy_or_not_there_is_inconclusive_in_words() {
    let template = template();
    let baseline = baseline_of(&with_luck(&template, 1, 1.0));
    let with = |change: &dyn Fn(&mut Cell)| {
        let mut run = with_luck(&template, 2, 1.0);
        run.cells.iter_mut().for_each(change);
        let stage = Stage {
            candidate: &run,
            control: &run,
        };
        baseline.check(stage, None, &settings())
    };
    let noisy = with(&|cell| {
        cell.noise.dirty = cell.round > 0;
        cell.noise.reasons = vec!["others used 40 % of CPU 1".into()];
    });
    assert_eq!(noisy.verdict, Verdict::Inconclusive);
    assert!(
        noisy.lines[0]
            .why
            .contains("too noisy, 10 of 60 rounds clean")
    );
    assert!(
        noisy
            .advice
            .iter()
            .any(|advice| advice.contains("others used 40 %"))
    );

    let broken = with(&|cell| cell.verified = Some(cell.lock != SLOWER));
    assert_eq!(of_lock(&broken, SLOWER), Verdict::Inconclusive);
    assert_eq!(broken.verdict, Verdict::Inconclusive);
    let why = &broken.lines[0].why;
    assert!(why.contains("no verified result"), "{why}");
}

#[test]
fn what_was_not_asked_for_has_no_line() {
    let template = template();
    let baseline = baseline_of(&with_luck(&template, 1, 1.0));
    let mut run = with_luck(&template, 2, 1.0);
    run.header.locks.retain(|lock| lock.name != SLOWER);
    run.cells.retain(|cell| cell.lock != SLOWER);
    let stage = Stage {
        candidate: &run,
        control: &run,
    };
    let check = baseline.check(stage, None, &settings());
    assert_eq!(check.lines.len(), 1);
    assert!(
        check
            .notes
            .contains(&"1 line of the baseline not asked for".to_owned())
    );
}
