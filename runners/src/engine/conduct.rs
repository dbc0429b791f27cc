//! The coordinator's side of a cell: it opens and closes the window, and collects what the workers bring back.

use super::cell::{CellFailure, CellJob, MachineRoom};
use super::patience::wait_patiently;
use super::stage::{Phase, Stage};
use super::worker::Ended;
use crate::noise::{Snapshot, judge};
use bench_core::record::Noise;
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// How long all threads run before the window opens.
const SETTLE: Duration = Duration::from_millis(2);
/// What a cell's workers did, and what else went on.
pub(super) struct Conducted {
    pub(super) ended: Vec<Ended>,
    pub(super) noise: Noise,
}

/// Opens and closes the window.
pub(super) fn conduct(
    job: &CellJob<'_>,
    room: &MachineRoom,
    stage: &Stage,
    results: &Receiver<Result<Ended, String>>,
) -> Result<Conducted, CellFailure> {
    let threads = job.planned.cell.threads;
    let tids = room.pool.tids(threads);
    // `false`: a worker has failed, which `collect` will tell.
    let wait_for_all = |phase| {
        wait_patiently(&tids, job.hang_limit, |_| stage.look(phase)).map_err(|vain| {
            let stuck = workers_are(&stage.missing(phase));
            // A worker that is not stuck stops, whatever became of the others.
            stage.announce(Phase::Stop);
            let what = format!("{stuck} still inside one operation");
            CellFailure::in_vain(vain, job.hang_limit, &what)
        })
    };
    stage.announce(Phase::Settle);
    let settled = wait_for_all(Phase::Settle)?;
    if settled {
        std::thread::sleep(SETTLE);
    }
    let before = Snapshot::take(&tids, &job.cpus);
    if settled {
        stage.announce(Phase::Open);
        std::thread::sleep(Duration::from_nanos(job.window_ns));
        stage.announce(Phase::Closed);
        let _ = wait_for_all(Phase::Closed)?;
    }
    let after = Snapshot::take(&tids, &job.cpus);
    stage.announce(Phase::Stop);
    let ended = collect(results, &tids, job.hang_limit)?;
    let noise = judge(
        &before,
        &after,
        after.elapsed_ns_since(&before),
        threads,
        job.oversubscribed,
    );
    Ok(Conducted { ended, noise })
}

fn workers_are(workers: &[u32]) -> String {
    let numbers: Vec<String> = workers.iter().map(u32::to_string).collect();
    match workers.len() {
        1 => format!("worker {} is", numbers[0]),
        _ => format!("workers {} are", numbers.join(", ")),
    }
}

/// The results of all workers, in their order.
fn collect(
    results: &Receiver<Result<Ended, String>>,
    tids: &[i32],
    limit: Duration,
) -> Result<Vec<Ended>, CellFailure> {
    let mut ended = Vec::new();
    let mut failure = None;
    for _ in tids {
        match wait_patiently(tids, limit, |look| results.recv_timeout(look).ok()) {
            Ok(Ok(worker)) => ended.push(worker),
            Ok(Err(what)) => failure = failure.or(Some(what)),
            Err(vain) => {
                let what = failure.map_or(String::new(), |what| {
                    format!(" after another failed: {what}")
                });
                let what = format!("a worker does not stop{what}");
                return Err(CellFailure::in_vain(vain, limit, &what));
            }
        }
    }
    if let Some(what) = failure {
        return Err(CellFailure::Failed(what));
    }
    ended.sort_by_key(|worker| worker.worker);
    Ok(ended)
}
