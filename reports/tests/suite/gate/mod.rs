//! The gate on programs whose truth is known.

mod arena;
mod verdicts;

use crate::sketch::trials::Trials;
use arena::{Arena, SAME_SLOT, Spread, slower};
use reports::check::{Check, Verdict};

fn raises_alarm(check: &Check) -> bool {
    let alarm = |line: &&reports::check::Line| {
        matches!(line.verdict, Verdict::Regressed | Verdict::Improved)
    };
    check.gated().any(|line| alarm(&line))
}

/// Gates, in which something is so or not.
fn gates(all: u32, arena: &Arena, share: f64, so: impl Fn(&Check) -> bool) -> Trials {
    Trials::of(all, |number| {
        let seed = u64::from(number) + 1;
        so(&arena.gate(seed, slower("shared-count", share)))
    })
}

/// The whole gate of two stages: at most two in a hundred, as the tool promises.
#[test]
fn the_same_program_twice_raises_no_alarm() {
    let heavy = Spread {
        heavy_percent: 10,
        ..SAME_SLOT
    };
    let alarms = gates(200, &Arena::new(heavy), 0.0, raises_alarm);
    assert!(alarms.at_most(4), "{alarms:?}");
}

/// Where each process has luck of its own, as with fixed addresses, and where its rounds are wrongly taken for
/// independent.
#[test]
fn the_process_is_the_unit_of_a_gate() {
    let lucky = Arena {
        with_control: false,
        ..Arena::new(Spread {
            between: 0.025,
            ..SAME_SLOT
        })
    };
    let right = gates(50, &lucky, 0.0, raises_alarm);
    assert!(right.at_most(1), "{right:?}");
    let pooled = Arena {
        pooled: true,
        ..lucky
    };
    let wrong = gates(40, &pooled, 0.0, raises_alarm);
    assert!(wrong.at_least(4), "{wrong:?}: the simulation saw nothing");
}

#[test]
fn a_slowdown_is_found() {
    let named = |check: &Check| {
        let worse = check.gated().filter(|l| l.verdict == Verdict::Regressed);
        let locks: Vec<&str> = worse.map(|line| line.lock.as_str()).collect();
        check.verdict == Verdict::Regressed && locks == ["shared-count"]
    };
    let arena = Arena::with_threads(&[2], SAME_SLOT);
    let three = gates(50, &arena, 0.03, named);
    assert!(three.at_least(45), "3 %: {three:?}");
    let five = gates(100, &arena, 0.05, named);
    assert!(five.at_least(99), "5 %: {five:?}");
}
