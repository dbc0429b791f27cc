//! Counters per operation.

use super::rate::process_medians;
use crate::stats::Estimate;
use bench_core::record::{Cell, CounterValue};
use std::collections::{BTreeMap, BTreeSet};

/// One counter of one lock in one setting.
#[derive(Clone, Debug)]
pub(crate) struct CounterRow {
    /// Counts per operation of any role, from the median of each process; `None` when no cell could count it.
    pub(crate) per_op: Option<Estimate>,
    /// Why cells could not.
    pub(crate) unavailable: BTreeSet<String>,
}

/// The counters of these cells, by name.
pub(crate) fn counters(cells: &[&Cell]) -> BTreeMap<String, CounterRow> {
    let mut values: BTreeMap<&str, BTreeMap<(u32, u32), f64>> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for cell in cells {
        let ops: u64 = cell.roles.iter().map(|role| role.ops).sum();
        for (name, value) in &cell.counters {
            let reasons = reasons.entry(name).or_default();
            match value {
                CounterValue::Value(_) if ops == 0 => {
                    reasons.insert("no operation ended in the window".to_owned());
                }
                CounterValue::Value(count) => {
                    let per_op = *count as f64 / ops as f64;
                    values
                        .entry(name)
                        .or_default()
                        .insert((cell.process, cell.round), per_op);
                }
                CounterValue::Unavailable(why) => {
                    reasons.insert(why.clone());
                }
            }
        }
    }
    let row = |(name, unavailable): (&str, BTreeSet<String>)| {
        let by_round = values.get(name);
        let per_op = by_round.and_then(|v| Estimate::of_levels(process_medians(v)));
        (
            name.to_owned(),
            CounterRow {
                per_op,
                unavailable,
            },
        )
    };
    reasons.into_iter().map(row).collect()
}
