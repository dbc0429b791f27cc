//! The suite itself: what it says of every lock in one thread, and of the one that excludes nobody.

use super::{Broken, checks};
use crate::catalogue::{Visitor, visit_all};
use bench_core::lock::VmaLock;
use bench_core::machine::Solo;
use std::collections::BTreeSet;

/// Which checks of one thread each lock breaks.
struct Breaches(Vec<(&'static str, Vec<Broken>)>);

impl Visitor<Solo> for Breaches {
    fn visit<L: VmaLock<Machine = Solo>>(&mut self) {
        let alone = checks::<L>().into_iter().filter(|check| check.threads == 1);
        let broken = alone
            .filter_map(|check| check.run(1, |_| ()).err())
            .collect();
        self.0.push((L::INFO.name, broken));
    }
}

#[test]
fn every_lock_keeps_the_rules_that_need_one_thread() {
    let mut breaches = Breaches(Vec::new());
    visit_all::<Solo>(&mut breaches);
    assert!(breaches.0.len() > 2);
    for (name, broken) in breaches.0.into_iter().filter(|(name, _)| *name != "null") {
        assert_eq!(broken, [], "{name}");
    }
}

#[test]
fn the_lock_that_excludes_nobody_breaks_those_about_exclusion() {
    for check in checks::<crate::null::Null<Solo>>() {
        if check.threads == 1 {
            assert_eq!(
                check.run(1, |_| ()).is_err(),
                check.about_exclusion,
                "{}",
                check.name
            );
        }
    }
}

#[test]
fn names_are_unique_and_bodies_as_many_as_said() {
    // The killable lock has all of them.
    let checks = checks::<crate::refcount::per_mm::Refcount619<Solo>>();
    let names: BTreeSet<_> = checks.iter().map(|check| check.name).collect();
    assert_eq!(names.len(), checks.len());
    for check in checks.iter().filter(|check| check.threads > 1) {
        let mut threads = 0;
        // One after the other, so that nobody has to wait.
        let run_in_turn = |bodies: Vec<super::Body>| {
            threads = bodies.len();
            bodies.into_iter().for_each(|body| body());
        };
        assert_eq!(check.run(2, run_in_turn), Ok(()));
        assert_eq!(threads, check.threads, "{}", check.name);
    }
}

#[test]
fn a_lock_that_is_not_killable_has_no_rules_about_it() {
    let all = checks::<crate::refcount::per_mm::Refcount619<Solo>>();
    let most = checks::<crate::refcount::per_mm::Refcount617<Solo>>();
    let names = |checks: &[super::Check]| checks.iter().map(|check| check.name).collect::<Vec<_>>();
    let (all, most) = (names(&all), names(&most));
    assert_eq!(all[..most.len()], most);
    assert_eq!(
        all[most.len()..],
        [
            "interrupted-writer-leaves-no-trace",
            "killed-without-need-to-wait",
            "killed-while-a-reader-leaves"
        ]
    );
}

#[test]
fn a_breach_names_check_sight_and_rule() {
    let check = checks::<crate::null::Null<Solo>>()[0];
    let broken = check.run(1, |_| ()).unwrap_err();
    assert_eq!(
        broken.to_string(),
        "new-is-detached: a reader held the VMA when it was new (no state). \
         The rule: a new VMA is detached: readers are declined."
    );
}
