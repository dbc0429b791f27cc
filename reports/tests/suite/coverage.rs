//! What the intervals and verdicts promise, tried on made-up processes whose truth is known.
//!
//! Rounds of one process share its luck (between-process spread), and one round in ten is six times noisier: what
//! contended locks look like on a virtual machine.

use crate::sketch::random::Random;
use crate::sketch::trials::Trials;
use reports::stats::{
    Components, Contrast, Estimate, Precision, Step, jain_index, median, two_level_bootstrap,
};

const TRIALS: u32 = 1_500;
const PROCESSES: u32 = 6;
const ROUNDS: u32 = 10;
const BETWEEN: f64 = 0.02;
const WITHIN: f64 = 0.06;

/// A standard normal number (Box and Muller).
fn normal(random: &mut Random) -> f64 {
    let radius = (-2.0 * (1.0 - random.unit()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.unit()).cos()
}

/// The logarithms of the ratios of one process's rounds.
fn process(truth: f64, random: &mut Random) -> Vec<f64> {
    let luck = truth + BETWEEN * normal(random);
    let mut round = || {
        let noisier = if random.below(10) == 0 { 6.0 } else { 1.0 };
        luck + noisier * WITHIN * normal(random)
    };
    (0..ROUNDS).map(|_| round()).collect()
}

/// The same of each process.
fn rounds(truth: f64, random: &mut Random) -> Vec<Vec<f64>> {
    (0..PROCESSES).map(|_| process(truth, random)).collect()
}

/// The ratio of one process: its median round.
fn process_ratio(truth: f64, random: &mut Random) -> f64 {
    median(&process(truth, random)).expect("rounds").exp()
}

/// One ratio for each process.
fn medians(truth: f64, random: &mut Random) -> Vec<f64> {
    (0..PROCESSES)
        .map(|_| process_ratio(truth, random))
        .collect()
}

/// Trials of something that is so or not.
fn trials(trial: impl FnMut(&mut Random) -> bool) -> Trials {
    trials_of(TRIALS, trial)
}

fn trials_of(all: u32, mut trial: impl FnMut(&mut Random) -> bool) -> Trials {
    let mut random = Random(20_261_125);
    Trials::of(all, |_| trial(&mut random))
}

#[test]
fn the_interval_over_process_medians_covers_the_truth_as_often_as_it_says() {
    let truth = 0.05_f64;
    let covered = trials(|random| {
        let estimate = Estimate::of_ratios(medians(truth, random)).expect("processes");
        estimate.interval.expect("six").contains(truth.exp())
    });
    covered.assert_between("paired", 0.93, 0.97);
    let covered = trials(|random| {
        let (one, other) = (medians(0.0, random), medians(truth, random));
        let contrast = Contrast::unpaired(&one, &other).expect("processes");
        contrast.interval().contains(truth.exp())
    });
    covered.assert_between("unpaired", 0.93, 0.97);
}

/// The planted mistake: rounds taken for independent, as most benchmarks do. Were it to pass, this simulation saw nothing.
#[test]
fn rounds_taken_for_the_unit_cover_too_seldom() {
    let covered = trials(|random| {
        let all = rounds(0.0, random).concat();
        // Without the heavy tail, so that only the shared luck is to blame.
        let kept: Vec<f64> = all.into_iter().map(|v| v.clamp(-0.1, 0.1)).collect();
        let ratios: Vec<f64> = kept.iter().map(|v| v.exp()).collect();
        let contrast = Contrast::paired(&ratios).expect("rounds");
        contrast.interval().contains(1.0)
    });
    covered.assert_between("pooled", 0.5, 0.91);
}

#[test]
fn verdicts_are_wrong_no_more_often_than_they_say() {
    let contrast = |truth: f64, random: &mut Random| {
        Contrast::paired(&medians(truth, random)).expect("processes")
    };
    let false_alarms = trials(|random| contrast(0.0, random).p_different() < 0.05);
    false_alarms.assert_between("different although equal", 0.03, 0.07);
    // On the edge of the margin equivalence is just wrong, and said in at most one case of twenty.
    let margin = 0.08_f64;
    let false_peace =
        trials(|random| contrast(margin, random).p_equivalent(margin.exp_m1()) < 0.05);
    false_peace.assert_between("equivalent on the edge", 0.0, 0.07);
    let equal = trials(|random| contrast(0.0, random).p_equivalent(margin.exp_m1()) < 0.05);
    equal.assert_between("equivalent and equal", 0.6, 1.0);
}

#[test]
fn a_detectable_difference_is_detected_about_four_times_in_five() {
    // The effect that this design can tell, as a run of it estimates it on average.
    let mut random = Random(7);
    let detectable = |_| {
        let contrast = Contrast::paired(&medians(0.0, &mut random)).expect("processes");
        contrast.detectable_ratio().ln()
    };
    let effect = (0..200).map(detectable).sum::<f64>() / 200.0;
    let found = trials(|random| {
        let contrast = Contrast::paired(&medians(effect, random)).expect("processes");
        contrast.p_different() < 0.05
    });
    found.assert_between("found", 0.7, 0.9);
}

/// Jain's index is bounded by 1 and leans to one side, and still gives no more false alarms than it may.
#[test]
fn fairness_raises_no_more_false_alarms_than_it_may() {
    let fairness = |random: &mut Random| -> Vec<f64> {
        let of = |logs: &Vec<f64>| {
            let indices = logs.iter().map(|log| jain_index(&[1.0, 3.0 * log.exp()]));
            median(&indices.flatten().collect::<Vec<f64>>()).expect("rounds")
        };
        rounds(0.0, random).iter().map(of).collect()
    };
    let different = trials(|random| {
        let contrast = Contrast::unpaired(&fairness(random), &fairness(random));
        contrast.expect("processes").p_different() < 0.05
    });
    different.assert_between("fairer although equal", 0.03, 0.07);
}

/// The ratios of the processes of a run that is measured until `precision` is reached.
fn sequential(precision: Precision, truth: f64, random: &mut Random) -> Vec<f64> {
    let mut ratios: Vec<f64> = Vec::new();
    loop {
        let interval = Contrast::paired(&ratios).map(|contrast| contrast.interval());
        match precision.step(ratios.len() as u32, [interval]) {
            Step::Add(more) => ratios.extend((0..more).map(|_| process_ratio(truth, random))),
            Step::Enough | Step::Spent => return ratios,
        }
    }
}

/// How often the interval of such a run covers the truth, and how many processes it has on average.
fn sequential_coverage(precision: Precision) -> (Trials, f64) {
    let truth = 0.05_f64;
    let mut processes = 0;
    let covered = trials(|random| {
        let ratios = sequential(precision, truth, random);
        processes += ratios.len();
        let contrast = Contrast::paired(&ratios).expect("processes");
        contrast.interval().contains(truth.exp())
    });
    let mean = processes as f64 / f64::from(covered.made());
    (covered, mean)
}

#[test]
fn measuring_until_the_interval_is_narrow_costs_little_of_its_coverage() {
    // From what the first six processes reach to what forty do not.
    for target in [0.06, 0.04, 0.03, 0.025, 0.02, 0.015, 0.01] {
        let (covered, processes) = sequential_coverage(Precision::new(target));
        let what = format!("{target}, {processes} processes on average");
        covered.assert_between(&what, 0.91, 0.97);
    }
}

/// The planted mistake: without a least number of processes two that happen to agree end the run.
#[test]
fn measuring_until_two_processes_agree_covers_too_seldom() {
    let hasty = Precision {
        least_processes: 2,
        ..Precision::new(0.02)
    };
    let (covered, _) = sequential_coverage(hasty);
    covered.assert_between("hasty", 0.5, 0.91);
}

/// Why no command stops when a difference is significant.
#[test]
fn stopping_when_significant_calls_equal_things_different() {
    let false_alarms = trials(|random| {
        let mut ratios: Vec<f64> = Vec::new();
        while ratios.len() < 40 {
            ratios.extend((0..2).map(|_| process_ratio(0.0, random)));
            let contrast = Contrast::paired(&ratios).expect("processes");
            if ratios.len() >= 6 && contrast.p_different() < 0.05 {
                return true;
            }
        }
        false
    });
    false_alarms.assert_between("stopped when significant", 0.15, 0.35);
}

/// Before the run: the components of one run say what another one of another size will tell.
#[test]
fn what_will_be_told_is_told_about_four_times_in_five() {
    let mut random = Random(11);
    let clean = |truth: f64, random: &mut Random| -> Vec<Vec<f64>> {
        let process = |random: &mut Random| {
            let luck = truth + BETWEEN * normal(random);
            (0..ROUNDS)
                .map(|_| luck + WITHIN * normal(random))
                .collect()
        };
        (0..PROCESSES).map(|_| process(random)).collect()
    };
    let ahead = |_| {
        let components = Components::of(&clean(0.0, &mut random)).expect("processes");
        components.detectable_ratio(PROCESSES, ROUNDS).ln()
    };
    let effect = (0..400).map(ahead).sum::<f64>() / 400.0;
    let found = trials(|random| {
        let medians = clean(effect, random)
            .iter()
            .filter_map(|logs| median(logs))
            .map(f64::exp)
            .collect::<Vec<f64>>();
        Contrast::paired(&medians).expect("processes").p_different() < 0.05
    });
    found.assert_between("told", 0.7, 0.9);
}

/// The median of some rounds.
fn middle(rounds: &[&f64]) -> f64 {
    median(&rounds.iter().map(|v| **v).collect::<Vec<f64>>()).expect("rounds")
}

/// How often it covers the truth when processes spread this far and rounds are as noisy as ever, or not at all.
fn bootstrap_coverage(of: impl Fn(&[Vec<f64>]) -> Vec<Vec<f64>>) -> Trials {
    let truth = 0.05;
    // Each trial is thousands of draws.
    trials_of(300, |random| {
        let interval = two_level_bootstrap(&of(&rounds(truth, random)), middle);
        interval.expect("six processes").contains(truth)
    })
}

#[test]
fn the_bootstrap_on_two_levels_covers_at_least_as_often_as_it_says() {
    let covered = bootstrap_coverage(<[_]>::to_vec);
    covered.assert_between("two levels", 0.95, 1.0);
    // Without anything to draw within a process, what makes it wide is gone.
    let medians = |rounds: &[Vec<f64>]| -> Vec<Vec<f64>> {
        let of = |logs: &Vec<f64>| vec![median(logs).expect("rounds")];
        rounds.iter().map(of).collect()
    };
    let covered = bootstrap_coverage(medians);
    covered.assert_between("one round in a process", 0.93, 1.0);
}

/// The planted mistake: every round a unit of its own.
#[test]
fn a_flat_bootstrap_covers_too_seldom() {
    let covered = bootstrap_coverage(|rounds| {
        let all = rounds.concat();
        // Without the heavy tail, so that only the shared luck is to blame.
        all.into_iter().map(|v| vec![v.clamp(-0.1, 0.2)]).collect()
    });
    covered.assert_between("flat", 0.5, 0.91);
}
