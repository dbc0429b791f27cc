use crate::sketch::Sketch;
use crate::{read, run};
use bench_core::plan::Mode;
use bench_core::record::{Outcome, Record, Status};
use reports::summary;

#[test]
fn the_table_of_a_small_run() {
    let run = run(&Sketch::small().records());
    insta::assert_snapshot!(summary(&run));
}

#[test]
fn each_kind_of_operation_has_its_own_latency() {
    let sketch = Sketch {
        workloads: vec!["mmap-churn"],
        threads: vec![2],
        ..Sketch::small()
    };
    let mut records = sketch.records();
    insta::assert_snapshot!(summary(&run(&records)));
    // The cells of the row of the table whose heads these are.
    let row = |text: &str, heads: &str| -> Vec<String> {
        let mut lines = text.lines().skip_while(|line| !line.contains(heads));
        let row = lines.find(|line| line.trim_start().starts_with("shared-count "));
        let row = row.expect("its row").split_whitespace();
        row.map(str::to_owned).collect()
    };
    let before = summary(&run(&records));
    for record in &mut records {
        if let Record::Cell(cell) = record {
            for latency in cell.roles.iter_mut().filter_map(|r| r.latency.as_mut()) {
                latency.remove(&Outcome::Fast);
                let map = latency[&Outcome::Map].clone();
                latency.insert(Outcome::Unmap, map);
            }
        }
    }
    let after = summary(&run(&records));
    assert!(
        before.contains("; latency of faults, all ways\n"),
        "{before}"
    );
    // Without a fault that was timed, maps are what the first table shows.
    assert!(after.contains("; latency of maps\n"), "{after}");
    let (maps, unmaps) = (row(&after, "Mop/s"), row(&after, "unmaps p50 ns"));
    assert_eq!(maps[5..8], unmaps[1..], "{after}");
    assert_eq!(
        unmaps[1..],
        row(&before, "unmaps p50 ns")[1..4],
        "{before}\n{after}"
    );
}

#[test]
fn lines_fit_a_terminal() {
    let run = run(&Sketch {
        processes: 2,
        rounds: 2,
        ..Sketch::standard()
    }
    .records());
    for line in summary(&run).lines() {
        assert!(line.chars().count() <= 120, "{line}");
    }
}

#[test]
fn a_cell_that_failed_its_check_is_no_result() {
    let mut records = Sketch::small().records();
    for record in &mut records {
        if let Record::Cell(cell) = record
            && cell.lock == "shared-count"
        {
            cell.verified = Some(false);
            cell.violations.lost_writes = 3;
        }
    }
    let text = summary(&run(&records));
    let row = text
        .lines()
        .find(|l| l.trim_start().starts_with("shared-count "))
        .expect("its row");
    assert!(
        row.contains("27/27 NOT") && row.split_whitespace().nth(1) == Some("–"),
        "{row}"
    );
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(
        words.join(" ").contains("does not exclude: lost writes"),
        "{text}"
    );
    assert!(
        text.contains("one-big-lock alone, nothing to compare with"),
        "{text}"
    );
}

#[test]
fn more_than_half_of_the_rounds_dirty_is_too_noisy_to_rank() {
    let mut records = Sketch::small().records();
    for record in &mut records {
        if let Record::Cell(cell) = record {
            cell.noise.dirty = cell.round != 0;
        }
    }
    let text = summary(&run(&records));
    assert!(
        text.contains("too noisy to rank: 3 of 9 rounds clean"),
        "{text}"
    );
    assert!(!text.contains("is fastest"), "{text}");
}

#[test]
fn one_process_has_no_interval_and_no_rank() {
    let sketch = Sketch {
        processes: 1,
        dirty_percent: 0,
        ..Sketch::small()
    };
    let text = summary(&run(&sketch.records()));
    assert!(
        text.contains("one process: no interval, so not ranked"),
        "{text}"
    );
    assert!(
        text.contains("no interval: it needs at least two processes"),
        "{text}"
    );
    assert!(!text.contains('['), "{text}");
}

#[test]
fn a_dirty_round_is_left_out_for_every_lock() {
    let mut records = Sketch {
        dirty_percent: 0,
        modes: vec![Mode::Throughput],
        rounds: 2,
        ..Sketch::small()
    }
    .records();
    let clean = summary(&run(&records));
    // Round 0 is dirty for one lock and absurdly fast for all; the median of two rounds would show it.
    for record in &mut records {
        if let Record::Cell(cell) = record
            && cell.round == 0
        {
            cell.noise.dirty = cell.lock == "one-big-lock";
            for role in &mut cell.roles {
                role.ops_per_thread.iter_mut().for_each(|ops| *ops *= 1_000);
                role.ops *= 1_000;
                role.outcomes.values_mut().for_each(|n| *n *= 1_000);
            }
        }
    }
    let dirty = summary(&run(&records));
    assert!(dirty.contains("12 rounds, 6 dirty and left out"), "{dirty}");
    let fastest = |text: &str| -> f64 {
        let row = text
            .lines()
            .find(|l| l.trim_start().starts_with("nothing "))
            .expect("its row");
        row.split_whitespace()
            .nth(1)
            .and_then(|v| v.parse().ok())
            .expect("a number")
    };
    assert!(
        (fastest(&clean) / fastest(&dirty) - 1.0).abs() < 0.2,
        "{clean}\n{dirty}"
    );
}

#[test]
fn a_histogram_that_cannot_be_read_is_said_and_the_others_used() {
    let mut records = Sketch::small().records();
    let timed = records.iter_mut().find_map(|record| match record {
        Record::Cell(cell) if cell.mode == "latency" && cell.lock == "one-big-lock" => Some(cell),
        _ => None,
    });
    let cell = timed.expect("a latency cell");
    let latency = cell.roles[0].latency.as_mut().expect("timed");
    latency.get_mut(&Outcome::Write).expect("writes").histogram = "not base64".into();
    let text = summary(&run(&records));
    assert!(text.contains("the histogram is not base64"), "{text}");
    assert!(text.contains("2,9"), "{text}");
}

#[test]
fn errors_alone_make_a_table_of_dashes_and_their_reasons() {
    let mut records = Sketch::small().records();
    for record in &mut records {
        if let Record::Cell(cell) = record {
            cell.status = Status::Error;
            cell.error = Some("thread 1 could not be pinned".into());
            cell.verified = None;
            cell.roles.clear();
        }
    }
    let text = summary(&run(&records));
    assert!(
        text.contains("failed: thread 1 could not be pinned"),
        "{text}"
    );
}

#[test]
fn a_run_without_cells_or_footer_says_so() {
    let mut records = Sketch::small().records();
    records.truncate(1);
    let text = summary(&read(crate::text(&records).as_bytes()).expect("a run"));
    assert!(text.contains("No cell was recorded"), "{text}");
    assert!(text.contains("not complete"), "{text}");
}

#[test]
fn placements_are_told_apart_where_there_are_several() {
    let sketch = Sketch {
        modes: vec![Mode::Throughput],
        ..Sketch::small()
    };
    let mut records = sketch.records();
    let mut scattered = records.clone();
    scattered.retain_mut(|record| match record {
        Record::Cell(cell) => {
            cell.placement = "scatter".into();
            true
        }
        _ => false,
    });
    assert!(!summary(&run(&records)).contains("placement"));
    records.extend(scattered);
    let run = run(&records);
    let text = summary(&run);
    assert_eq!(text.matches("placement compact").count(), 3, "{text}");
    assert_eq!(text.matches("placement scatter").count(), 3, "{text}");
    assert!(reports::html(&[run]).contains("placement scatter"));
}
