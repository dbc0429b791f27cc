//! Cells that a file holds twice, as when two runs were put into one file.

use bench_core::record::Cell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// What a plan asks for once: lock, workload, threads, placement, mode, process and round.
type Key<'c> = (&'c str, &'c str, u32, &'c str, &'c str, u32, u32);

fn key(cell: &Cell) -> Key<'_> {
    (
        &cell.lock,
        &cell.workload,
        cell.threads,
        &cell.placement,
        &cell.mode,
        cell.process,
        cell.round,
    )
}

/// Takes out each cell that was there before, and returns its line and what is wrong with it. `lines` has the line of
/// each cell.
///
/// Counting such a cell would give one round of one process the weight of two.
pub(super) fn take_out(cells: &mut Vec<Cell>, lines: &[u64]) -> Vec<(u64, String)> {
    let mut first_lines: HashMap<Key<'_>, u64> = HashMap::with_capacity(cells.len());
    let mut repeated = Vec::new();
    let mut wrong = Vec::new();
    for (place, (cell, line)) in cells.iter().zip(lines).enumerate() {
        match first_lines.entry(key(cell)) {
            Entry::Vacant(free) => {
                free.insert(*line);
            }
            Entry::Occupied(first) => {
                repeated.push(place);
                let what = format!(
                    "the same cell as in line {}; only the first is used",
                    first.get()
                );
                wrong.push((*line, what));
            }
        }
    }
    if !repeated.is_empty() {
        let mut place = 0;
        cells.retain(|_| {
            place += 1;
            repeated.binary_search(&(place - 1)).is_err()
        });
    }
    wrong
}
