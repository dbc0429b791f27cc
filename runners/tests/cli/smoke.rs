//! Every lock on every workload, and what the records say of it.

use crate::tool::{RunFile, assert_report_stands_alone, tiny_run, vmalock};
use bench_core::record::{Cell, CounterValue, Status};
use runners::contender::catalogue;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn every_lock_does_every_workload_in_every_mode() {
    let out = tempfile::tempdir().expect("a directory");
    let names: Vec<&str> = catalogue()
        .iter()
        .map(|contender| contender.name())
        .collect();
    let words = format!(
        "--rounds 1 --seed 7 --threads 1,2 --lock {}",
        names.join(",")
    );
    let done = tiny_run(vmalock(), out.path(), &words).assert().code(0);
    let run = RunFile::read(out.path());

    let planned = names.len() * 4 * 2 * 3;
    let keys: BTreeSet<_> = run.cells.iter().map(key).collect();
    assert_eq!(
        (run.cells.len(), keys.len()),
        (planned, planned),
        "each planned cell once"
    );
    run.cells.iter().for_each(assert_cell_is_sound);
    let mut ops = BTreeMap::<&str, u64>::new();
    for cell in &run.cells {
        *ops.entry(&cell.lock).or_default() += cell.roles.iter().map(|role| role.ops).sum::<u64>();
    }
    assert!(ops.values().all(|ops| *ops > 0), "{ops:?}");

    let header = &run.header;
    assert_eq!(
        header
            .locks
            .iter()
            .map(|lock| lock.name.as_str())
            .collect::<Vec<_>>(),
        names
    );
    assert_eq!(header.workloads, bench_core::workload::presets());
    assert_eq!(
        (header.schema, header.seed, header.window_ns),
        (1, 7, 1_000_000)
    );
    assert_eq!((header.processes, header.rounds), (1, 1));
    assert_eq!(header.command.first().map(String::as_str), Some("run"));
    assert!(!header.host.allowed_cpus.is_empty() && header.clock.ticks_per_s > 0);

    let footer = run.footer();
    assert!(footer.complete && footer.reason.is_none());
    let counts = (footer.cells_planned, footer.cells_ok, footer.cells_error);
    assert_eq!(counts, (planned as u64, planned as u64, 0));

    assert_report_stands_alone(out.path());
    let table = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    assert!(names.iter().all(|name| table.contains(name)), "{table}");
}

/// What tells a cell from the others of its run.
pub(crate) fn key(cell: &Cell) -> (String, String, u32, String, String, u32, u32) {
    let Cell {
        lock,
        workload,
        threads,
        placement,
        mode,
        process,
        round,
        ..
    } = cell.clone();
    (lock, workload, threads, placement, mode, process, round)
}

fn assert_cell_is_sound(cell: &Cell) {
    let name = key(cell);
    assert_eq!((cell.status, &cell.error), (Status::Ok, &None), "{name:?}");
    // The control is caught each time; nothing else ever is.
    let is_control = cell.lock == "null";
    assert_eq!(
        cell.verified,
        Some(!is_control),
        "{name:?}: {:?}",
        cell.violations
    );
    assert_eq!(
        cell.violations.reads_while_write_locked > 0,
        is_control,
        "{name:?}"
    );

    let threads = cell.threads as usize;
    assert_eq!(
        (cell.cpus.len(), cell.window_ns_per_thread.len()),
        (threads, threads),
        "{name:?}"
    );
    assert_eq!(
        cell.roles.iter().map(|role| role.threads).sum::<u32>(),
        cell.threads,
        "{name:?}"
    );
    for role in &cell.roles {
        assert_eq!(role.ops, role.outcomes.values().sum::<u64>(), "{name:?}");
        assert_eq!(
            role.ops,
            role.ops_per_thread.iter().sum::<u64>(),
            "{name:?}"
        );
        assert_eq!(role.ops_per_thread.len(), role.threads as usize, "{name:?}");
        assert_eq!(role.latency.is_some(), cell.mode == "latency", "{name:?}");
    }
    assert_eq!(
        cell.counters.is_empty(),
        cell.mode != "counters",
        "{name:?}"
    );
    for (counter, value) in &cell.counters {
        if let CounterValue::Unavailable(why) = value {
            assert!(
                !why.is_empty(),
                "{name:?}: {counter} is missing without a reason"
            );
        }
    }
    assert_eq!(cell.noise.dirty, !cell.noise.reasons.is_empty(), "{name:?}");
}

#[test]
fn the_seed_decides_the_order_and_the_slots() {
    let order = |seed: &str| {
        let out = tempfile::tempdir().expect("a directory");
        let words = "--rounds 3 --threads 1 --mode throughput --workload fault-one-vma --seed";
        tiny_run(vmalock(), out.path(), &format!("{words} {seed}"))
            .assert()
            .code(0);
        let cells = RunFile::read(out.path()).cells;
        cells
            .into_iter()
            .map(|cell| (cell.lock, cell.round, cell.position, cell.slot))
            .collect::<Vec<_>>()
    };
    let first = order("11");
    assert_eq!(first, order("11"));
    assert_ne!(first, order("12"));
    let slot_of_round: BTreeSet<_> = first
        .iter()
        .map(|(_, round, _, slot)| (round, slot))
        .collect();
    assert_eq!(slot_of_round.len(), 3, "one slot for all locks of a round");
}
