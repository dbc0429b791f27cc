//! What is measured of the topology: how long a line takes between two CPUs, and how much two CPUs slow each other.
//!
//! A virtual machine may say anything of its CPUs: threads of one core as separate cores, one package as two. What a
//! lock meets is what is measured, and where the two disagree the run says so.

mod contradictions;
mod pairs;
mod slowdown;
mod transfer;

use crate::clock::Clock;
use bench_core::record::{Host, Measured, PairSlowdown, PairTransfer};
use std::time::{Duration, Instant};

/// What one thread's part of a measurement may take before it gives up, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_millis(300);

/// Measures pairs of the allowed CPUs, one after the other, until `budget` is used up.
///
/// At least one pair is measured, which takes about 0.1 s and never over 2 s, also where other work keeps a CPU from the
/// threads: then the pair may be left out. Where there are too many pairs, near and far ones take turns, and
/// [`Measured::pairs_left_out`] says how many are missing. The calling thread does nothing meanwhile.
#[must_use]
pub fn measure(host: &Host, clock: &Clock, budget: Duration) -> Measured {
    let began = Instant::now();
    let mut measured = Measured::default();
    let pairs = pairs::in_turns(host);
    let mut behind = Vec::new();
    for (place, &(a, b)) in pairs.iter().enumerate() {
        if place > 0 && began.elapsed() >= budget {
            break;
        }
        let Some(transfer) = transfer::between(a, b, clock) else {
            continue;
        };
        behind.extend(transfer.clock_goes_back(a, b));
        let one_way_ps = transfer.one_way_ps;
        measured
            .line_transfer
            .push(PairTransfer { a, b, one_way_ps });
        if let Some(slowdown_permille) = slowdown::permille(a, b, clock) {
            measured.alu_slowdown.push(PairSlowdown {
                a,
                b,
                slowdown_permille,
            });
        }
    }
    measured.line_transfer.sort_by_key(|pair| (pair.a, pair.b));
    measured.alu_slowdown.sort_by_key(|pair| (pair.a, pair.b));
    measured.contradictions = contradictions::find(host, &measured);
    measured.contradictions.extend(behind);
    measured.pairs_left_out = (pairs.len() - measured.line_transfer.len()) as u64;
    measured
}
