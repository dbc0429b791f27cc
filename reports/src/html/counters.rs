//! Counters per operation, or why there are none.

use super::text::{Datum, Table, escape};
use super::{Page, bullets, by_workload, heading};
use crate::digest::{COUNTERS, Digest, Setting};
use crate::words;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn section(page: &Page<'_>, digest: &Digest<'_>) -> String {
    let any = digest.run.cells.iter().any(|cell| cell.mode == COUNTERS);
    if !any {
        return "<p class=none>No cell of mode counters was recorded: run with mode counters to get some.</p>\n".into();
    }
    let mut out = bullets("warnings", &reasons(digest));
    for settings in by_workload(digest) {
        let table = table(page, digest, settings);
        if !table.is_empty() {
            out += &heading(digest, &settings[0]);
            out += &table.html();
        }
    }
    format!(
        "<p>Counts over all workers and the whole window, over the operations of all roles that ended in it: the harness and its delays are in them. With 95 % intervals over processes.</p>\n{out}"
    )
}

/// Each reason once, with the counters that it stands in the way of.
fn reasons(digest: &Digest<'_>) -> Vec<String> {
    let mut reasons: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for tally in digest.settings.iter().flat_map(|s| &s.tallies) {
        for (name, row) in tally.counters.iter().flat_map(|two| &two.all) {
            for why in &row.unavailable {
                reasons.entry(why).or_default().insert(name);
            }
        }
    }
    reasons
        .into_iter()
        .map(|(why, names)| {
            let names: Vec<&str> = names.into_iter().collect();
            format!("Not available: {}. Reason: {why}.", words::list(&names))
        })
        .collect()
}

fn table(page: &Page<'_>, digest: &Digest<'_>, settings: &[Setting<'_>]) -> Table {
    let names: BTreeSet<&str> = settings
        .iter()
        .flat_map(|s| &s.tallies)
        .flat_map(|t| t.counters.iter().flat_map(|two| two.shown()))
        .filter(|(_, row)| row.per_op.is_some())
        .map(|(name, _)| name.as_str())
        .collect();
    let mut heads = vec!["Lock".to_owned(), "Threads".to_owned()];
    heads.extend(names.iter().map(|name| format!("{name} per op")));
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let mut table = Table::new(&escape(settings[0].workload), &heads);
    if names.is_empty() {
        return table;
    }
    for setting in settings {
        for tally in &setting.tallies {
            let Some(counters) = &tally.counters else {
                continue;
            };
            let lock = &digest.locks[tally.lock];
            let mut data = vec![Datum::Number(setting.threads.to_string())];
            for name in &names {
                let row = counters.shown().get(*name);
                let per_op = row.and_then(|row| row.per_op.as_ref());
                data.push(match per_op {
                    Some(e) => Datum::Number(words::estimate(e, words::significant)),
                    None => Datum::Faint("not available".into()),
                });
            }
            table.row(&page.class(lock), &page.palette.label(lock.name), &data);
        }
    }
    table
}
