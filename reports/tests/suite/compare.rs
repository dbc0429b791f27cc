use crate::run;
use crate::sketch::Sketch;
use bench_core::plan::Mode;
use bench_core::record::{Cell, Record};
use reports::Run;
use reports::compare::{CompareError, Comparison, runs};

/// A run with enough processes to say something, and few cells.
fn sketch(seed: u64) -> Sketch {
    Sketch {
        threads: vec![2],
        modes: vec![Mode::Throughput, Mode::Latency],
        processes: 6,
        dirty_percent: 0,
        seed,
        ..Sketch::small()
    }
}

/// Two locks of a run that was not emulated.
fn locks(run: &Run, names: [&str; 2], margin: Option<f64>) -> Comparison {
    reports::compare::locks(run, names, margin).expect("no emulator")
}

/// The records with every cell changed.
fn changed(records: Vec<Record>, change: impl Fn(&mut Cell)) -> Vec<Record> {
    let one = |mut record: Record| {
        if let Record::Cell(cell) = &mut record {
            change(cell);
        }
        record
    };
    records.into_iter().map(one).collect()
}

/// The operations of a cell times this, which the made-up records bear.
fn times(cell: &mut Cell, factor: f64) {
    for role in &mut cell.roles {
        for ops in &mut role.ops_per_thread {
            *ops = (*ops as f64 * factor) as u64;
        }
    }
}

/// Another run of the same host: later, with other luck.
fn later(seed: u64, change: impl Fn(&mut Cell)) -> Vec<Record> {
    let mut records = changed(sketch(seed).records(), change);
    if let Some(Record::Header(header)) = records.first_mut() {
        header.started_at = "2026-11-26T12:00:00Z".into();
    }
    records
}

/// The lines of a table that begin with this.
fn rows<'t>(text: &'t str, start: &str) -> Vec<&'t str> {
    let of = |line: &&str| line.trim_start().starts_with(start);
    text.lines().filter(of).collect()
}

#[test]
fn two_locks_of_a_run() {
    let run = run(&sketch(7).records());
    let comparison = locks(&run, ["one-big-lock", "shared-count"], None);
    assert!(comparison.says_something());
    insta::assert_snapshot!(comparison.to_string());
}

#[test]
fn two_runs_of_a_host() {
    let (one, other) = (run(&sketch(7).records()), run(&later(8, |_| ())));
    let comparison = runs([&one, &other], &["shared-count".into()], Some(0.05)).expect("one host");
    insta::assert_snapshot!(comparison.to_string());
}

#[test]
fn the_other_way_round_is_the_other_verdict() {
    let run = run(&sketch(7).records());
    let forward = locks(&run, ["one-big-lock", "shared-count"], None).to_string();
    let back = locks(&run, ["shared-count", "one-big-lock"], None).to_string();
    for name in ["throughput", "p99 of"] {
        let all = |text: &str, end| rows(text, name).iter().all(|row| row.ends_with(end));
        assert!(all(&forward, "B faster"), "{forward}");
        assert!(all(&back, "B slower"), "{back}");
    }
}

/// Within a round both locks suffer alike, so a process that is three times slower hides not even 8 %.
#[test]
fn locks_are_paired_by_round() {
    let alike = |seed| Sketch {
        locks: crate::sketch::LOCKS[2..5].to_vec(),
        modes: vec![Mode::Throughput],
        ..sketch(seed)
    };
    let unlucky = |seed| {
        changed(alike(seed).records(), |cell| {
            let luck = [1.0, 3.0, 0.4, 2.0, 0.7, 1.5][cell.process as usize];
            times(cell, luck * f64::from(1 + cell.round));
        })
    };
    let all = |text: &str, start: &str, words: &str| {
        let rows = rows(text, start);
        !rows.is_empty() && rows.iter().all(|row| row.contains(words))
    };
    let one = run(&unlucky(7));
    let names = ["shared-count", "two-bits-of-a-signed-word"];
    let text = locks(&one, names, None).to_string();
    assert!(all(&text, "throughput", "B slower"), "{text}");
    // Two such runs have no round in common, and their spread swallows much more.
    let slower = changed(unlucky(8), |cell| times(cell, 0.8));
    let text = runs([&one, &run(&slower)], &[], None)
        .expect("one host")
        .to_string();
    let (start, words) = ("shared-count: throughput", "not separated; 3 % takes");
    assert!(all(&text, start, words), "{text}");
}

#[test]
fn a_slower_second_run_is_seen_and_an_equal_one_is_equivalent() {
    let one = run(&sketch(7).records());
    let only = ["shared-count".to_owned()];
    let verdicts = |factor: f64| {
        let other = run(&later(8, |cell| times(cell, factor)));
        let comparison = runs([&one, &other], &only, Some(0.05)).expect("one host");
        comparison.to_string()
    };
    let (slower, equal) = (verdicts(0.8), verdicts(1.0));
    let throughput = |text: &str, words: &str| {
        let rows = rows(text, "shared-count: throughput");
        !rows.is_empty() && rows.iter().all(|row| row.ends_with(words))
    };
    assert!(throughput(&slower, "B slower"), "{slower}");
    assert!(throughput(&equal, "equivalent within 5 %"), "{equal}");
}

#[test]
fn runs_of_two_hosts_are_refused_with_the_fields() {
    let one = run(&sketch(7).records());
    let mut records = later(8, |_| ());
    if let Some(Record::Header(header)) = records.first_mut() {
        header.host.cpu_model = Some("Example CPU 9001".into());
        header.host.allowed_cpus = vec![0];
    }
    let refused = runs([&one, &run(&records)], &[], None).expect_err("two hosts");
    let CompareError::Hosts(differences) = &refused else {
        panic!("{refused}")
    };
    let fields: Vec<&str> = differences.iter().map(|d| d.field.as_str()).collect();
    assert_eq!(fields, ["host.allowed_cpus", "host.cpu_model"]);
    assert!(
        refused
            .to_string()
            .contains("host.allowed_cpus: [0,1] and [0]"),
        "{refused}"
    );
    let same = runs([&one, &one], &[], None).expect_err("one run");
    assert!(matches!(same, CompareError::SameRun(_)), "{same}");
}

#[test]
fn what_is_only_in_one_run_or_of_another_build_is_said() {
    let one = run(&sketch(7).records());
    let mut records = later(8, |_| ());
    for record in &mut records {
        match record {
            Record::Header(header) => {
                header.tool.git_revision = Some("fedcba987654".into());
                header.workloads[0].hold_ns += 1_000;
                header.locks.retain(|lock| lock.name != "one-big-lock");
            }
            Record::Cell(cell) if cell.lock == "one-big-lock" => cell.lock = "new-lock".into(),
            _ => {}
        }
    }
    let comparison = runs([&one, &run(&records)], &[], None).expect("one host");
    let text = comparison.to_string();
    for part in [
        "the runs differ in tool.git_revision: \"0123456789ab\" and \"fedcba987654\"",
        "fault-vs-mprotect: not the same work in both runs, not compared",
        "only A has one-big-lock",
        "only B has new-lock",
        "there is nothing to compare",
    ] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    assert!(!comparison.says_something());
}

#[test]
fn what_cannot_be_told_has_its_reason_and_no_verdict() {
    let reason = |records: Vec<Record>, reason: &str| {
        let comparison = locks(&run(&records), ["one-big-lock", "shared-count"], None);
        let text = comparison.to_string();
        assert!(
            rows(&text, "throughput")
                .iter()
                .all(|row| row.ends_with(reason)),
            "{text}"
        );
        comparison.says_something()
    };
    let alone = Sketch {
        processes: 1,
        ..sketch(7)
    };
    assert!(!reason(
        alone.records(),
        "fewer than two processes: no interval"
    ));
    let unverified = changed(sketch(7).records(), |cell| {
        if cell.lock == "shared-count" {
            cell.verified = Some(false);
        }
    });
    assert!(!reason(unverified, "no verified result of both"));
    let still = changed(sketch(7).records(), |cell| {
        if cell.lock == "shared-count" && cell.mode == "throughput" {
            times(cell, 0.0);
        }
    });
    // Its latency is judged as before.
    assert!(reason(
        still,
        "no ratio: one stood still, or no round in common"
    ));
}

#[test]
fn what_was_too_noisy_is_said_once() {
    let noisy = changed(sketch(7).records(), |cell| {
        cell.noise.dirty = cell.round != 0 && cell.mode == "throughput";
    });
    let two = locks(&run(&noisy), ["one-big-lock", "shared-count"], None);
    let text = two.to_string();
    let said =
        "  too noisy, 6 of 18 rounds clean, too few in 6 of 6 processes; not compared: throughput.";
    assert_eq!(text.matches(said).count(), 2, "{text}");
    assert!(rows(&text, "throughput").is_empty(), "{text}");
    // Latency has rounds of its own.
    assert!(two.says_something(), "{text}");

    let noisy = changed(noisy, |cell| cell.noise.dirty = cell.round != 0);
    let comparison = runs([&run(&noisy), &run(&later(8, |_| ()))], &[], None).expect("one host");
    let text = comparison.to_string();
    assert!(!comparison.says_something(), "{text}");
    assert!(!text.contains("95 %"), "{text}");
    assert_eq!(text.matches("too noisy, 6 of").count(), 2, "{text}");
}

#[test]
fn a_lock_that_shares_less_evenly_is_less_fair() {
    // Two threads take faults; of one lock the second gets a third of what the first gets.
    let sketch = Sketch {
        workloads: vec!["fault-one-vma"],
        modes: vec![Mode::Throughput],
        ..sketch(7)
    };
    let uneven = changed(sketch.records(), |cell| {
        if cell.lock == "shared-count" {
            cell.roles[0].ops_per_thread[1] /= 3;
        }
    });
    let run = run(&uneven);
    let verdict = |names| locks(&run, names, None).to_string();
    let worse = verdict(["one-big-lock", "shared-count"]);
    assert!(
        rows(&worse, "Jain's index")[0].ends_with("B less fair"),
        "{worse}"
    );
    let better = verdict(["shared-count", "one-big-lock"]);
    assert!(
        rows(&better, "Jain's index")[0].ends_with("B fairer"),
        "{better}"
    );
    // One thread shares with nobody.
    let alone = crate::run(
        &Sketch {
            threads: vec![1],
            ..sketch
        }
        .records(),
    );
    let text = locks(&alone, ["one-big-lock", "shared-count"], None).to_string();
    assert!(!text.contains("Jain"), "{text}");
}

/// Latencies in the same bucket are equal to a step only, however often they are.
#[test]
fn a_margin_below_the_step_of_the_clock_is_never_shown_to_hold() {
    let steps_of = |quantum_ns: u64| {
        let mut records = sketch(7).records();
        let mut again = later(7, |_| ());
        for record in [&mut records[0], &mut again[0]] {
            if let Record::Header(header) = record {
                header.clock.quantum_ns = quantum_ns;
                header.clock.cost_ns = 1;
            }
        }
        let comparison = runs([&run(&records), &run(&again)], &[], Some(0.05));
        comparison.expect("one host").to_string()
    };
    let start = "shared-count: p50 of write-locks";
    let (fine, coarse) = (steps_of(2), steps_of(40));
    assert!(
        rows(&fine, start)[0].ends_with("equivalent within 5 %"),
        "{fine}"
    );
    assert!(
        rows(&coarse, start)[0].contains("not separated; a step of the clock is 13.7 %"),
        "{coarse}"
    );
}

#[test]
fn many_lines_are_judged_together() {
    // One lock of many is 2.5 % slower: seen when asked for alone, but not among all others.
    let many = |seed| Sketch {
        locks: crate::sketch::LOCKS.to_vec(),
        workloads: vec!["fault-one-vma", "fault-vma-per-thread", "mmap-churn"],
        threads: vec![1, 2, 4],
        modes: vec![Mode::Throughput],
        ..sketch(seed)
    };
    let one = run(&many(7).records());
    let slower = changed(many(8).records(), |cell| {
        if cell.lock == "shared-count" {
            times(cell, 0.975);
        }
    });
    let other = run(&slower);
    let count = |only: &[String], words: &str| {
        let text = runs([&one, &other], only, None)
            .expect("one host")
            .to_string();
        rows(&text, "shared-count: throughput")
            .iter()
            .filter(|row| row.ends_with(words))
            .count()
    };
    let alone = count(&["shared-count".to_owned()], "B slower");
    let together = count(&[], "B slower");
    assert!(together < alone, "{together} of {alone}");
    // None of the locks that are as they were is called different.
    let text = runs([&one, &other], &[], None)
        .expect("one host")
        .to_string();
    let false_alarms: Vec<&str> = text
        .lines()
        .filter(|row| !row.contains("shared-count: ") && !row.contains("nothing: "))
        .filter(|row| row.contains("B faster") || row.contains("B slower"))
        .collect();
    assert_eq!(false_alarms, [""; 0]);
}
