//! The crate from outside: made-up runs are written, read and reported.

mod baseline;
mod baseline_check;
mod builds;
mod compare;
mod coverage;
mod emulated;
mod gate;
mod hosts;
mod outputs;
mod page;
mod precision;
mod reading;
mod schema;
mod selftest;
mod sketch;
mod spread;
mod summary;
mod trend;

use bench_core::record::Record;
use reports::Run;
use std::path::Path;

/// The records as the text of a run file.
fn text(records: &[Record]) -> String {
    let line = |record| serde_json::to_string(record).expect("a record serialises") + "\n";
    records.iter().map(line).collect()
}

/// What is read from a file with this content; its name in the run is `run.jsonl`.
fn read(content: &[u8]) -> Result<Run, reports::ReadError> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("run.jsonl");
    std::fs::write(&path, content).expect("room on the disk");
    let mut run = reports::load(&path)?;
    run.file = Path::new("run.jsonl").into();
    for problem in &mut run.problems {
        problem.file.clone_from(&run.file);
    }
    Ok(run)
}

/// The run that the records make.
fn run(records: &[Record]) -> Run {
    let run = read(text(records).as_bytes()).expect("a run");
    assert_eq!(run.problems, []);
    run
}
