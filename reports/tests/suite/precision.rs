use crate::run;
use crate::sketch::Sketch;
use bench_core::plan::Mode;
use bench_core::record::{PrecisionGoal, Record};
use reports::stats::Step;
use reports::{Run, precision};

/// A run of three locks, of which the first does not exclude, with this goal.
fn sequential(processes: u32, target_permille: u32) -> Run {
    let sketch = Sketch {
        modes: vec![Mode::Throughput],
        processes,
        dirty_percent: 0,
        ..Sketch::small()
    };
    let mut records = sketch.records();
    if let Some(Record::Header(header)) = records.first_mut() {
        header.processes = 6;
        header.precision = Some(PrecisionGoal {
            target_permille,
            budget_s: 90,
            most_processes: 40,
        });
    }
    run(&records)
}

#[test]
fn the_headline_is_each_lock_over_the_first_that_excludes() {
    let run = sequential(6, 20);
    let headlines = precision::headlines(&run);
    // One and two threads; with two there is a writer besides.
    assert_eq!(headlines.len(), 3);
    for headline in &headlines {
        assert_eq!(headline.lock, "shared-count");
        assert_eq!(headline.reference.as_deref(), Some("one-big-lock"));
    }
    let widths: Vec<f64> = headlines
        .iter()
        .map(|h| h.interval.clone().expect("six processes").log_half_width())
        .collect();
    assert!(widths.is_sorted_by(|a, b| a >= b), "{widths:?}");
}

#[test]
fn one_lock_has_no_ratio_and_its_throughput_counts() {
    let sketch = Sketch {
        locks: crate::sketch::LOCKS[2..3].to_vec(),
        modes: vec![Mode::Throughput],
        processes: 6,
        dirty_percent: 0,
        ..Sketch::small()
    };
    let run = run(&sketch.records());
    let headlines = precision::headlines(&run);
    assert!(!headlines.is_empty());
    for headline in &headlines {
        assert_eq!(headline.reference, None);
        assert!(headline.interval.is_ok(), "{headline}");
    }
    assert!(precision::met(&run, 0.5) && !precision::met(&run, 0.000_01));
}

#[test]
fn narrow_is_enough_from_six_processes_on() {
    assert!(precision::met(&sequential(6, 20), 0.5));
    assert!(!precision::met(&sequential(5, 20), 0.5));
    assert!(!precision::met(&sequential(6, 20), 0.000_01));
}

/// A setting whose rounds are mostly dirty has an interval, and a narrow one, of rounds that chance left over.
#[test]
fn too_noisy_is_not_narrow() {
    let mut run = sequential(6, 20);
    for cell in &mut run.cells {
        cell.noise.dirty = cell.threads == 2 && cell.process > 0;
    }
    let headlines = precision::headlines(&run);
    assert!(
        headlines[0]
            .to_string()
            .contains("too noisy, 3 of 18 rounds clean")
    );
    assert!(!precision::met(&run, 1.0));
    let goal = run.header.precision.expect("it has one");
    assert_eq!(precision::step(&goal, 6, &headlines), Step::Add(2));
    assert_eq!(precision::step(&goal, 40, &headlines), Step::Spent);
}

#[test]
fn the_table_and_the_page_say_why_a_run_ended() {
    let says = |run: &Run, words: &[&str]| {
        let page = reports::html(std::slice::from_ref(run));
        let table = reports::summary(run);
        let table: Vec<&str> = table.split_whitespace().collect();
        for words in words {
            assert!(page.contains(words), "{words}");
            assert!(table.join(" ").contains(words), "{words} in {table:?}");
        }
    };
    let reached = "sequential: stopped after 8 processes since every 95 % interval of throughput over one-big-lock is within ± 50 %";
    says(&sequential(8, 500), &[reached]);
    let run = sequential(8, 1);
    says(
        &run,
        &[
            "since more would not fit in the budget of 1 min 30 s; ± 0.1 % not reached, the widest interval: ±",
            "(shared-count over one-big-lock, fault-vs-mprotect, ",
        ],
    );
    says(
        &sequential(40, 1),
        &["after 40 processes since that is the most"],
    );
    let mut stopped = run;
    stopped.footer = None;
    says(&stopped, &["though the run is not complete"]);
    let fixed = crate::run(&Sketch::small().records());
    assert!(!reports::summary(&fixed).contains("sequential"));
}
