use crate::sketch::Sketch;
use crate::{read, text};
use bench_core::plan::Mode;
use bench_core::record::{Header, Record};
use reports::trend::{Choice, Trend, TrendError, trend};
use reports::{Run, trend_html};
use std::path::Path;

/// A made-up run of day `day`, with the operations of one lock times `factor`, and its header changed.
fn run(day: u32, factor: f64, change: impl Fn(&mut Header)) -> Run {
    let sketch = Sketch {
        locks: crate::sketch::LOCKS[..4].to_vec(),
        threads: vec![2],
        modes: vec![Mode::Throughput, Mode::Latency],
        workloads: vec!["fault-one-vma"],
        processes: 4,
        dirty_percent: 0,
        counters: false,
        seed: u64::from(day),
        ..Sketch::small()
    };
    let mut records = sketch.records();
    for record in &mut records {
        match record {
            Record::Header(header) => {
                header.started_at = format!("2026-10-{day:02}T02:00:00Z");
                header.tool.git_revision = Some(format!("{day:02}aabbccdd"));
                change(header);
            }
            Record::Cell(cell) if cell.lock == "shared-count" => {
                for ops in cell
                    .roles
                    .iter_mut()
                    .flat_map(|role| &mut role.ops_per_thread)
                {
                    *ops = (*ops as f64 * factor) as u64;
                }
            }
            _ => {}
        }
    }
    let mut run = read(text(&records).as_bytes()).expect("a run");
    run.file = Path::new(&format!("nightly/{day}/run.jsonl")).into();
    run
}

/// Twenty runs; one lock becomes a tenth slower on day 13.
fn shifted() -> Vec<Run> {
    let factor = |day| if day < 13 { 1.0 } else { 0.9 };
    (1..=20).map(|day| run(day, factor(day), |_| ())).collect()
}

fn of(runs: &[Run]) -> Trend {
    trend(runs, &Choice::default()).expect("runs of one host")
}

#[test]
fn a_shift_is_told_with_its_run_and_size_in_any_order_of_the_files() {
    let mut runs = shifted();
    runs.reverse();
    let found = of(&runs);
    assert_eq!(found.reference, "one-big-lock");
    assert!(found.says_something());
    // Two locks beside the reference and the control, throughput and the p99 of faults.
    assert_eq!(found.series.len(), 4);
    let changed: Vec<_> = found
        .series
        .iter()
        .filter(|s| !s.changes.is_empty())
        .collect();
    assert_eq!(changed.len(), 1);
    let (series, change) = (changed[0], changed[0].changes[0]);
    assert_eq!(
        (series.lock.as_str(), series.metric.as_str()),
        ("shared-count", "throughput")
    );
    assert_eq!(series.changes.len(), 1);
    assert_eq!(found.runs[change.run].started_at, "2026-10-13T02:00:00Z");
    assert!((change.size() + 0.1).abs() < 0.02, "{}", change.size());
    assert_eq!(series.direction(&change), "slower");
    insta::assert_snapshot!(found.to_string());
}

#[test]
fn what_is_smaller_than_a_hundredth_is_not_told() {
    let tiny = |day: u32| 1.0 - if day < 11 { 0.0 } else { 0.008 };
    let runs: Vec<Run> = (1..=20).map(|day| run(day, tiny(day), |_| ())).collect();
    assert!(
        of(&runs)
            .series
            .iter()
            .all(|series| series.changes.is_empty())
    );
}

#[test]
fn runs_that_stay_do_not_change() {
    let runs: Vec<Run> = (1..=20).map(|day| run(day, 1.0, |_| ())).collect();
    let found = of(&runs);
    assert!(found.series.iter().all(|series| series.changes.is_empty()));
    let text = found.to_string();
    assert!(text.contains("No change was found."), "{text}");
    assert!(
        text.contains("4 of the 4 series that were searched do not change"),
        "{text}"
    );
}

#[test]
fn few_runs_are_shown_and_not_searched() {
    let runs = shifted();
    let found = of(&runs[9..17]);
    assert!(!found.says_something());
    assert!(found.series.iter().all(|series| series.points.len() == 8));
    let text = found.to_string();
    assert!(
        text.contains("not searched, with fewer than 10 runs: 4 series"),
        "{text}"
    );
    let error = trend(&runs[..3], &Choice::default()).expect_err("three runs");
    assert_eq!(
        error.to_string(),
        "3 runs of one host is no trend: it takes at least 4, and 10 to tell a change from luck"
    );
}

#[test]
fn runs_that_do_not_belong_together_are_refused() {
    let mut runs = shifted();
    runs.truncate(4);
    let mut twice = runs.clone();
    twice.push(runs[2].clone());
    let error = trend(&twice, &Choice::default()).expect_err("twice");
    assert!(matches!(error, TrendError::Twice { .. }), "{error}");
    let mut elsewhere = runs.clone();
    elsewhere.push(run(9, 1.0, |header| {
        header.host.kernel = Some("1.0".into())
    }));
    let error = trend(&elsewhere, &Choice::default()).expect_err("two hosts");
    assert!(matches!(error, TrendError::Hosts { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("host.kernel: \"6.18.0\" and \"1.0\""),
        "{error}"
    );
    let with = |reference: &str| Choice {
        reference: Some(reference.into()),
        ..Choice::default()
    };
    let error = trend(&runs, &with("sequence-only")).expect_err("not there");
    assert!(matches!(error, TrendError::NoReference { .. }), "{error}");
    let error = trend(&runs, &with("nothing")).expect_err("it does not exclude");
    assert!(matches!(error, TrendError::Control(_)), "{error}");
}

#[test]
fn only_what_is_chosen_is_followed() {
    let choice = Choice {
        reference: Some("shared-count".into()),
        locks: vec!["one-big-lock".into()],
        workloads: vec!["fault-one-vma".into()],
    };
    let found = trend(&shifted(), &choice).expect("runs of one host");
    assert_eq!(found.series.len(), 2);
    // The reference became slower, so the other became faster beside it.
    let change = found.series[0].changes[0];
    assert_eq!(found.series[0].direction(&change), "faster");
    let nothing = Choice {
        workloads: vec!["mmap-churn".into()],
        ..Choice::default()
    };
    let found = trend(&shifted()[..4], &nothing).expect("runs of one host");
    assert!(found.to_string().contains("there is nothing to follow"));
}

#[test]
fn other_work_under_the_same_name_is_not_the_same_series() {
    let mut runs = shifted();
    runs[0].header.workloads[0].hold_ns += 1_000;
    let found = of(&runs);
    assert!(found.series.iter().all(|series| series.points.len() == 19));
    let note = "fault-one-vma of run 1 is not the same work";
    assert!(found.to_string().contains(note), "{found}");
}

#[test]
fn the_page_has_a_plot_of_what_changed_and_the_numbers_of_all() {
    let runs = shifted();
    let page = trend_html(&of(&runs));
    assert_eq!(
        page,
        trend_html(&of(&runs)),
        "the same runs must give the same bytes"
    );
    for outside in ["src=", "href=\"http", "url(", "@import", "<script", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<svg class=plot").count(), 1);
    assert!(
        page.contains("2026-10-13 -"),
        "the change is marked in the plot"
    );
    assert_eq!(
        page.matches("nightly/").count(),
        20,
        "one line for each run"
    );
    for (open, close) in [
        ("<table", "</table>"),
        ("<section", "</section>"),
        ("<div", "</div>"),
    ] {
        assert_eq!(
            page.matches(open).count(),
            page.matches(close).count(),
            "{open}"
        );
    }
    assert!(!page.contains("NaN"));
    let mut evil = shifted();
    evil[3].file = Path::new("<script>alert(1)</script>").into();
    assert!(!trend_html(&of(&evil)).contains("<script>"));
    if let Some(path) = std::env::var_os("TREND_PAGE") {
        std::fs::write(path, page).expect("it can be written");
    }
}
