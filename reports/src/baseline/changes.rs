//! What a new baseline changes in an old one.

use super::{Baseline, Entry};
use crate::compare::differences;
use crate::stats::Contrast;
use crate::{plain, words};
use std::collections::BTreeMap;

impl Baseline {
    /// What is other here than in `old`, as text: the ratio of each entry before and now, and what else differs. Empty
    /// when nothing does.
    #[must_use]
    pub fn changes_from(&self, old: &Self) -> String {
        let mut out = String::new();
        let (before, now) = (by_name(old), by_name(self));
        let names: Vec<&String> = {
            let mut names: Vec<&String> = before.keys().chain(now.keys()).collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        let mut rows = Vec::new();
        for name in names {
            let (old, new) = (before.get(name).copied(), now.get(name).copied());
            if old != new {
                rows.push(row(name, old, new));
            }
        }
        if !rows.is_empty() {
            let heads = ["entry", "before", "now", "now / before", "95 % interval"];
            rows.insert(0, heads.map(str::to_owned).to_vec());
            plain::columns(&mut out, &rows);
        }
        for difference in self.other_fields(old) {
            plain::wrap(&mut out, "- ", &difference);
        }
        out
    }

    /// The reference, the machine, the build and the length, where they are not those of `old`.
    fn other_fields(&self, old: &Self) -> Vec<String> {
        let length = |of: &Self| {
            serde_json::json!({
                "reference": of.reference,
                "processes": of.processes,
                "rounds": of.rounds,
                "window_ns": of.window_ns,
            })
        };
        [
            differences::of("baseline", &length(old), &length(self)),
            differences::of_hosts(&old.host, &self.host),
            differences::of("tool", &old.tool, &self.tool),
        ]
        .concat()
        .iter()
        .map(|d| format!("{}: was {}, is {}", d.field, d.one, d.other))
        .collect()
    }
}

fn by_name(baseline: &Baseline) -> BTreeMap<String, &Entry> {
    let entries = baseline.entries.iter();
    entries.map(|entry| (entry.name(), entry)).collect()
}

/// An entry before and now. A ratio of ratios has an interval by Welch's t over the processes of both runs.
fn row(name: &str, old: Option<&Entry>, new: Option<&Entry>) -> Vec<String> {
    let digits = |value: f64| format!("{value:.3}");
    let centre = |entry: Option<&Entry>| match entry {
        Some(entry) => entry.ratio().map_or_else(|| "–".to_owned(), digits),
        None => "–".to_owned(),
    };
    let mut row = vec![name.to_owned(), centre(old), centre(new)];
    let contrast = old
        .zip(new)
        .and_then(|(old, new)| Contrast::unpaired(&old.ratios, &new.ratios));
    match (&contrast, old, new) {
        (Some(contrast), ..) => row.extend([
            digits(contrast.ratio()),
            words::interval(contrast.interval(), digits),
        ]),
        (None, None, _) => row.extend(["new".to_owned(), String::new()]),
        (None, _, None) => row.extend(["gone".to_owned(), String::new()]),
        (None, ..) => row.extend(["–".to_owned(), String::new()]),
    }
    row
}
