//! The same locks in several builds.

use crate::page::page;
use crate::run;
use crate::sketch::{LOCKS, Sketch};
use bench_core::record::{Header, Record};
use reports::{Run, builds};

/// A made-up run whose locks are so many times as fast, with its header changed.
fn built(times: f64, header: impl Fn(&mut Header)) -> Run {
    let sketch = Sketch {
        locks: LOCKS[1..3]
            .iter()
            .map(|(name, speed)| (*name, speed * times))
            .collect(),
        threads: vec![1],
        dirty_percent: 0,
        ..Sketch::small()
    };
    let mut records = sketch.records();
    if let Some(Record::Header(it)) = records.first_mut() {
        header(it);
    }
    run(&records)
}

/// A build of a session.
fn named(name: &str, times: f64) -> Run {
    built(times, |header| header.build = Some(name.into()))
}

/// A run of a program whose atomic operations were compiled so.
fn compiled(atomics: &str, times: f64, seed: u64) -> Run {
    built(times, |header| {
        header.tool.atomics = Some(atomics.into());
        header.seed = seed;
    })
}

/// The line of a lock of a build, with the throughput's ratio.
fn ratio(text: &str, line: &str) -> f64 {
    let of_the_line = |l: &&str| l.trim_start().starts_with(line) && l.contains("throughput");
    let found = text
        .lines()
        .find(of_the_line)
        .unwrap_or_else(|| panic!("no `{line}` in\n{text}"));
    let ratio = found
        .split("throughput")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next());
    ratio
        .and_then(|ratio| ratio.parse().ok())
        .unwrap_or_else(|| panic!("no ratio in {found}"))
}

#[test]
fn each_lock_stands_over_itself_in_the_first_build() {
    let runs = [
        named("outline", 1.0),
        named("lse", 2.0),
        named("ll-sc", 0.5),
    ];
    let text = builds(&runs);
    for lock in ["one-big-lock", "shared-count"] {
        let lse = ratio(&text, &format!("{lock} · lse"));
        let ll_sc = ratio(&text, &format!("{lock} · ll-sc"));
        assert!(
            (1.98..2.02).contains(&lse) && (0.49..0.51).contains(&ll_sc),
            "{text}"
        );
    }
    assert!(
        !text.contains("· outline"),
        "the first build is what the others stand over\n{text}"
    );
    assert!(text.contains("paired by round"), "{text}");
    let page = page(&runs);
    for part in [
        "<h2>Builds</h2>",
        "lse over outline",
        "ll-sc over outline",
        " · lse</th>",
    ] {
        assert!(page.contains(part), "`{part}` is missing");
    }
}

#[test]
fn runs_that_followed_each_other_are_told_apart_by_their_atomics() {
    let text = builds(&[compiled("lse", 1.0, 1), compiled("ll-sc", 0.5, 2)]);
    assert!(text.contains("Builds: lse and ll-sc"), "{text}");
    assert!(text.contains("one after the other"), "{text}");
    let ll_sc = ratio(&text, "shared-count · ll-sc");
    assert!((0.48..0.52).contains(&ll_sc), "{text}");
}

#[test]
fn what_was_not_measured_together_does_not_meet() {
    let elsewhere = built(2.0, |header| {
        header.build = Some("lse".into());
        header.host.cpu_model = Some("Example CPU 9001".into());
    });
    let another_session = built(2.0, |header| {
        header.build = Some("lse".into());
        header.seed += 1;
    });
    let of_debug = built(2.0, |header| {
        header.build = Some("lse".into());
        header.tool.profile = "debug".into();
    });
    for other in [
        elsewhere,
        another_session,
        of_debug,
        named("outline", 2.0),
        built(2.0, |_| ()),
    ] {
        let runs = [named("outline", 1.0), other];
        assert_eq!(builds(&runs), "");
        assert!(!page(&runs).contains("<h2>Builds</h2>"));
    }
    let emulated = |name: &str| {
        built(2.0, |header| {
            header.build = Some(name.into());
            header.host.emulator = Some("qemu-user".into());
        })
    };
    assert_eq!(builds(&[emulated("outline"), emulated("lse")]), "");
    assert_eq!(builds(&[]), "");
}

#[test]
fn other_work_and_what_one_build_lacks_are_left_out() {
    let other_work = built(2.0, |header| {
        header.build = Some("lse".into());
        header.workloads[0].hold_ns += 1_000;
    });
    let text = builds(&[named("outline", 1.0), other_work]);
    assert!(
        text.contains("Builds: outline and lse") && !text.contains("· lse"),
        "{text}"
    );
}
