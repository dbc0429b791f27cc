//! What a run says of each lock beside the reference lock.

use super::Entry;
use super::entry::name;
use crate::check::Better;
use crate::compare::{self, Pairing, Side, Why, measure};
use crate::digest::{Digest, RoleTable, Setting};
use std::collections::BTreeMap;

/// One gated metric of one lock beside the reference lock.
#[derive(Debug)]
pub(super) struct Relative {
    /// What the entry is called, or would be.
    pub(super) name: String,
    /// Levels that are closer than this share may be equal or not.
    pub(super) resolution: f64,
    /// The ratio of each process, of all rounds.
    pub(super) of_all_rounds: Vec<f64>,
    pub(super) found: Result<Found, Why>,
}

/// A ratio of clean rounds.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) entry: Entry,
    /// The process of each ratio of the entry.
    pub(super) by_process: BTreeMap<u32, f64>,
}

/// Every gated metric of every lock that excludes, beside the reference lock.
pub(super) fn relatives(digest: &Digest<'_>, reference: &str) -> Vec<Relative> {
    let mut all = Vec::new();
    for setting in &digest.settings {
        for table in &setting.roles {
            let side = |lock| compare::side_of(digest, setting, table.role, lock);
            let Some(reference_side) = side(reference) else {
                continue;
            };
            for lock in &digest.locks {
                if lock.control || lock.name == reference {
                    continue;
                }
                if let Some(own) = side(lock.name) {
                    all.extend(of_lock([reference_side, own], table));
                }
            }
        }
    }
    all
}

fn of_lock([reference, own]: [Side<'_>; 2], table: &RoleTable) -> Vec<Relative> {
    let Setting {
        workload,
        threads,
        placement,
        ..
    } = *own.setting;
    let lock = own.digest.locks[own.row.lock].name;
    let measured = measure([reference, own], Pairing::WithinRounds);
    let gated = measured.into_iter().filter(|one| one.metric.gated);
    let relative = |one: compare::Measured| {
        let metric = one.name();
        let rounds = own.setting.rounds(one.mode());
        let levels = one.levels[0].zip(one.levels[1]).ok_or(Why::NoResult);
        let found = one
            .contrast
            .and(levels)
            .map(|(reference_level, level)| Found {
                entry: Entry {
                    workload: workload.to_owned(),
                    threads,
                    placement: placement.to_owned(),
                    role: table.role,
                    lock: lock.to_owned(),
                    metric: metric.clone(),
                    better: match one.metric.better {
                        compare::Better::Higher => Better::Higher,
                        compare::Better::Lower => Better::Lower,
                    },
                    unit: one.metric.unit.to_owned(),
                    level,
                    reference_level,
                    rounds: rounds.all as u32,
                    dirty_rounds: rounds.dirty() as u32,
                    ratios: one.ratios.values().copied().collect(),
                },
                by_process: one.ratios,
            });
        Relative {
            name: name(lock, workload, threads, placement, table.role, &metric),
            resolution: one.resolution,
            of_all_rounds: one.ratios_of_all_rounds.into_values().collect(),
            found,
        }
    };
    gated.map(relative).collect()
}
