//! What a run says of each lock beside the reference lock.

use super::Entry;
use crate::check::Better;
use crate::digest::{
    Digest, Kind, LATENCY, QUANTILES, RoleTable, RoundCount, Row, Setting, THROUGHPUT,
    ratio_by_process,
};
use crate::stats::timer_floor_ns;
use bench_core::workload::RoleName;
use std::collections::BTreeMap;

/// The place of p99 in [`QUANTILES`].
const P99: usize = 2;
const _: () = assert!(QUANTILES[P99] == 0.99);

/// Every gated metric of every lock that excludes, beside the reference lock and sorted; and what there is no ratio of, a
/// sentence each.
pub(super) fn entries(digest: &Digest<'_>, reference: &str) -> (Vec<Entry>, Vec<String>) {
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    for setting in &digest.settings {
        for table in &setting.roles {
            let named = |row: &&Row| digest.locks[row.lock].name == reference;
            let Some(reference) = table.rows.iter().find(named) else {
                continue;
            };
            for row in &table.rows {
                let lock = &digest.locks[row.lock];
                if row.lock == reference.lock || lock.control {
                    continue;
                }
                let pair = Pair {
                    digest,
                    setting,
                    role: table.role,
                    lock: lock.name,
                    rows: [reference, row],
                };
                for (metric, ratios) in pair.ratios(table) {
                    match ratios {
                        Ok(entry) => found.push(entry),
                        Err(why) => notes.push(format!(
                            "{}/{}/{}/{}/{}/{metric} is left out: {why}",
                            lock.name,
                            setting.workload,
                            setting.threads,
                            setting.placement,
                            table.role.word()
                        )),
                    }
                }
            }
        }
    }
    found.sort_by(|a, b| a.key().cmp(&b.key()));
    (found, notes)
}

/// A lock and the reference lock in one role of one setting.
struct Pair<'d> {
    digest: &'d Digest<'d>,
    setting: &'d Setting<'d>,
    role: RoleName,
    lock: &'d str,
    /// The reference first.
    rows: [&'d Row; 2],
}

/// The name of a metric, with what it is or why there is none.
type Named = (String, Result<Entry, String>);

impl Pair<'_> {
    /// Throughput, and p99 of every kind of operation of the role.
    fn ratios(&self, table: &RoleTable) -> Vec<Named> {
        let mut all = Vec::new();
        if self.setting.rounds(THROUGHPUT).all > 0 {
            all.push(("throughput".to_owned(), self.throughput()));
        }
        for kind in table.kinds().into_iter().filter(|kind| kind.is_drawn()) {
            all.push((p99_of(kind), self.p99(kind)));
        }
        all
    }

    fn throughput(&self) -> Result<Entry, String> {
        let [Some(reference), Some(own)] = self.rows.map(|row| row.rate.as_ref()) else {
            return Err("no verified result of both".into());
        };
        let (reference, own) = (reference.shown(), own.shown());
        let by_process = ratio_by_process(&own.by_round, &reference.by_round);
        let levels = [reference.ops_per_s.centre, own.ops_per_s.centre];
        let (metric, unit) = ("throughput".to_owned(), "op/s");
        let rounds = self.setting.rounds(THROUGHPUT);
        self.entry(metric, (Better::Higher, unit), levels, rounds, by_process)
    }

    fn p99(&self, kind: Kind) -> Result<Entry, String> {
        let [Some(reference), Some(own)] = self.rows.map(|row| row.timing(kind)) else {
            return Err("no result of both".into());
        };
        let (mut levels, mut sides) = ([0.0; 2], [BTreeMap::new(), BTreeMap::new()]);
        let floor_ns = timer_floor_ns(&self.digest.run.header.clock);
        for (side, timing) in [reference, own].into_iter().enumerate() {
            let p99 = &timing.quantiles[P99];
            let estimate = p99.estimate.as_ref().ok_or("no result of both")?;
            if !p99.enough {
                return Err("too few samples beyond it".into());
            }
            if estimate.centre < floor_ns as f64 {
                return Err(format!("below what the clock can tell ({floor_ns} ns)"));
            }
            levels[side] = estimate.centre;
            let values = estimate.per_process.iter().copied();
            sides[side] = timing.processes.iter().copied().zip(values).collect();
        }
        let [reference, own] = sides;
        let ratio = |(process, ns): (u32, f64)| Some((process, ns / reference.get(&process)?));
        let by_process = own.into_iter().filter_map(ratio).collect();
        let rounds = self.setting.rounds(LATENCY);
        let sense = (Better::Lower, "ns");
        self.entry(p99_of(kind), sense, levels, rounds, by_process)
    }

    fn entry(
        &self,
        metric: String,
        (better, unit): (Better, &str),
        [reference_level, level]: [f64; 2],
        rounds: RoundCount,
        by_process: BTreeMap<u32, f64>,
    ) -> Result<Entry, String> {
        let ratios: Vec<f64> = by_process.into_values().collect();
        if ratios.len() < 2 {
            return Err("fewer than two processes measured both".into());
        }
        if ratios
            .iter()
            .any(|ratio| !(ratio.is_finite() && *ratio > 0.0))
        {
            return Err("one stood still".into());
        }
        Ok(Entry {
            workload: self.setting.workload.to_owned(),
            threads: self.setting.threads,
            placement: self.setting.placement.to_owned(),
            role: self.role,
            lock: self.lock.to_owned(),
            metric,
            better,
            unit: unit.to_owned(),
            level,
            reference_level,
            rounds: rounds.all as u32,
            dirty_rounds: rounds.dirty() as u32,
            ratios,
        })
    }
}

fn p99_of(kind: Kind) -> String {
    format!("p99 of {}", kind.words())
}
