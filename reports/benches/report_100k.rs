//! How long a report of 100,000 cells takes, half of them with histograms: reading, and reading with the page.
//!
//! Ends with a verdict on the second: exit status 1 when it takes longer than [`BOUND`].

#[path = "../tests/suite/sketch/mod.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod sketch;

use criterion::Criterion;
use sketch::{LOCKS, Sketch};
use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The longest that reading a run of this size and making its page may take, by the clock on the wall.
const BOUND: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let mut criterion = Criterion::default().configure_from_args();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("run.jsonl");
    write(&path);
    let walls = measure(&mut criterion, &path);
    criterion.final_summary();
    // As criterion decides it: `cargo bench` says `--bench`, and without that word each function is only tried.
    let given = |word: &str| std::env::args().any(|argument| argument == word);
    if given("--bench") && !given("--test") {
        verdict(walls)
    } else {
        ExitCode::SUCCESS
    }
}

/// Writes a made-up run.
fn write(path: &Path) {
    let sketch = Sketch {
        locks: LOCKS.to_vec(),
        threads: vec![1, 2, 3, 4, 6],
        processes: 20,
        rounds: 14,
        ..Sketch::standard()
    };
    let mut out = BufWriter::new(File::create(path).expect("a new file"));
    for record in sketch.records() {
        serde_json::to_writer(&mut out, &record).expect("room on the disk");
        out.write_all(b"\n").expect("room on the disk");
    }
    out.flush().expect("room on the disk");
}

/// Measures both, and returns how long each reading with the page took.
fn measure(criterion: &mut Criterion, path: &Path) -> Vec<Duration> {
    let bytes = std::fs::metadata(path).expect("the file").len();
    let cells = reports::load(path).expect("a run").cells.len();
    let mut walls = Vec::new();
    let mut group = criterion.benchmark_group(format!("{cells} cells, {} MB", bytes / 1_000_000));
    group.sample_size(10);
    group.bench_function("load", |b| {
        b.iter(|| black_box(reports::load(path).expect("a run")));
    });
    group.bench_function("load and html", |b| {
        b.iter_custom(|iterations| {
            let took = |_| {
                let start = Instant::now();
                let run = reports::load(path).expect("a run");
                black_box(reports::html(std::slice::from_ref(&run)));
                start.elapsed()
            };
            let first = walls.len();
            walls.extend((0..iterations).map(took));
            walls[first..].iter().sum()
        });
    });
    group.finish();
    walls
}

/// Says whether the median is within the bound. Nothing is said if a filter left it out.
#[expect(clippy::print_stdout, reason = "a bench speaks to who started it")]
fn verdict(mut walls: Vec<Duration>) -> ExitCode {
    walls.sort_unstable();
    let Some(median) = walls.get(walls.len() / 2) else {
        return ExitCode::SUCCESS;
    };
    let met = *median <= BOUND;
    println!(
        "verdict: load and html takes {:.2} s (median of {}), bound {:.2} s: {}",
        median.as_secs_f64(),
        walls.len(),
        BOUND.as_secs_f64(),
        if met { "met" } else { "MISSED" }
    );
    if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
