//! Where the spread comes from, of made-up runs whose processes are as lucky as the test says.

use crate::run;
use crate::sketch::Sketch;
use bench_core::plan::Mode;
use bench_core::record::Record;
use reports::{Run, ahead, html};

/// Two locks that exclude, one thread, and of the faster one in every second process so many per cent more.
fn with_luck(percent: u64) -> Run {
    let sketch = Sketch {
        locks: crate::sketch::LOCKS[1..3].to_vec(),
        threads: vec![1],
        modes: vec![Mode::Throughput],
        processes: 8,
        rounds: 6,
        dirty_percent: 0,
        ..Sketch::small()
    };
    let mut records = sketch.records();
    for record in &mut records {
        if let Record::Cell(cell) = record
            && cell.lock == "shared-count"
            && cell.process % 2 == 1
        {
            for role in &mut cell.roles {
                for ops in &mut role.ops_per_thread {
                    *ops += *ops * percent / 100;
                }
            }
        }
    }
    run(&records)
}

/// The numbers of the section's only row.
fn row(run: &Run) -> Vec<String> {
    let page = html(std::slice::from_ref(run));
    let section = page
        .split("<h2>Where the spread comes from</h2>")
        .nth(1)
        .expect("the section");
    let row = section
        .split("<tbody>")
        .nth(1)
        .expect("a table")
        .split("</tr>")
        .next()
        .expect("a row");
    row.split("<td")
        .skip(1)
        .map(|field| {
            let text = field.split('>').nth(1).expect("its text");
            text.trim_end_matches("</td").to_owned()
        })
        .collect()
}

#[test]
fn luck_of_processes_is_told_from_that_of_rounds() {
    let [even, lucky] = [0, 10].map(with_luck).map(|run| row(&run));
    let number = |text: &String| text.parse::<f64>().expect("a number");
    assert_eq!(even[1], "shared-count over one-big-lock");
    // Half of the processes 10 % faster: a standard deviation of 5.1 %.
    assert!(
        number(&lucky[2]) > 4.0 && number(&lucky[2]) < 6.0,
        "{lucky:?}"
    );
    assert!(number(&even[2]) < 1.5, "{even:?}");
    // The rounds are as they were.
    assert_eq!(even[3], lucky[3]);
    assert_eq!(lucky[7], "more processes of fewer rounds");
}

#[test]
fn a_run_to_come_tells_less_where_processes_differ() {
    let [even, lucky] = [0, 10].map(with_luck);
    let told = |run, processes, rounds| ahead(run, processes, rounds).expect("two locks").median;
    assert!(told(&even, 8, 6) < told(&lucky, 8, 6) / 2.0);
    assert!(told(&lucky, 32, 6) < told(&lucky, 8, 6) / 1.8);
    // Rounds do not help against the luck of a process: 0.05 / sqrt(8) * 3.2 remains.
    assert!(told(&lucky, 8, 100_000) > 0.05);
    let words = ahead(&even, 8, 6).expect("two locks").to_string();
    assert!(
        words.starts_with("differences of about ") && words.ends_with("(one setting)"),
        "{words}"
    );
}

#[test]
fn several_settings_have_a_median_and_a_range() {
    let run = run(&Sketch::small().records());
    let told = ahead(&run, 10, 5).expect("two locks that exclude");
    assert!(told.smallest < told.median && told.median < told.largest);
    let words = told.to_string();
    assert!(
        words.contains(&format!("median over {} settings", told.settings)),
        "{words}"
    );
}

#[test]
fn a_run_without_a_ranking_tells_nothing_ahead() {
    let one_process = Sketch {
        processes: 1,
        ..Sketch::small()
    };
    assert_eq!(ahead(&run(&one_process.records()), 10, 5), None);
    let one_lock = Sketch {
        locks: crate::sketch::LOCKS[..2].to_vec(),
        ..Sketch::small()
    };
    assert_eq!(ahead(&run(&one_lock.records()), 10, 5), None);
    let noisy = Sketch {
        dirty_percent: 90,
        ..Sketch::small()
    };
    let noisy = run(&noisy.records());
    assert_eq!(ahead(&noisy, 10, 5), None);
    assert!(html(&[noisy]).contains("too noisy to rank"));
}
