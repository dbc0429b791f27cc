//! How long a report of 100,000 cells takes, half of them with histograms: reading, and reading with the page.

#[path = "../tests/suite/sketch/mod.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod sketch;

use criterion::{Criterion, criterion_group, criterion_main};
use sketch::{LOCKS, Sketch};
use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};

fn report(c: &mut Criterion) {
    let sketch = Sketch {
        locks: LOCKS.to_vec(),
        threads: vec![1, 2, 3, 4, 6],
        processes: 20,
        rounds: 14,
        ..Sketch::standard()
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("run.jsonl");
    let mut out = BufWriter::new(File::create(&path).expect("a new file"));
    for record in sketch.records() {
        serde_json::to_writer(&mut out, &record).expect("room on the disk");
        out.write_all(b"\n").expect("room on the disk");
    }
    out.flush().expect("room on the disk");
    let bytes = std::fs::metadata(&path).expect("the file").len();
    let cells = reports::load(&path).expect("a run").cells.len();
    let mut group = c.benchmark_group(format!("{cells} cells, {} MB", bytes / 1_000_000));
    group.sample_size(10);
    group.bench_function("load", |b| {
        b.iter(|| black_box(reports::load(&path).expect("a run")));
    });
    group.bench_function("load and html", |b| {
        b.iter(|| {
            let run = reports::load(&path).expect("a run");
            black_box(reports::html(std::slice::from_ref(&run)))
        });
    });
    group.finish();
}

criterion_group!(benches, report);
criterion_main!(benches);
