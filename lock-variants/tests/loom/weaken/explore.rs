//! Which model shows which weakening, by trying all: how the rows of the table were found, and what the deep run holds them
//! against.

use super::table::on_all_cpus;
use super::{Shown, Weakening, all};
use crate::machine::fault::Place;
use crate::suite::{Modelled, modelled};
use std::collections::HashSet;
use std::env;

/// A lock, and for each of its models the places of the text that it comes by.
struct Explored {
    lock: &'static str,
    models: Vec<(&'static str, HashSet<Place>)>,
}

impl Explored {
    fn of(modelled: &Modelled) -> Self {
        let models = modelled.models.iter();
        Self {
            lock: modelled.lock,
            models: models.map(|model| (model.name, model.places())).collect(),
        }
    }
}

/// The first lock and model that show it.
fn shown(explored: &[Explored], row: &Weakening) -> Option<(&'static str, &'static str)> {
    explored.iter().find_map(|Explored { lock, models }| {
        models
            .iter()
            .filter(|(_, places)| row.site.is_among(places))
            .find(|(model, _)| row.is_caught_by(lock, model))
            .map(|(model, _)| (*lock, *model))
    })
}

/// Tries each weakening of which the table says that no model shows it, on every lock and model that comes by its place.
/// `VMALOCK_WEAKENINGS` takes all rows instead whose place contains it, and prints the first that shows each: to find rows.
#[test]
#[ignore = "takes long: scripts/weaken.sh --all"]
fn what_the_table_calls_not_shown_is_shown_by_no_model() {
    let explored = on_all_cpus(&modelled(), Explored::of);
    let wanted = env::var("VMALOCK_WEAKENINGS").ok();
    let mut rows = all();
    rows.retain(|row| match &wanted {
        Some(wanted) => row.site.to_string().contains(wanted),
        None => matches!(row.shown, Shown::Not(_)),
    });
    let wrong = on_all_cpus(&rows, |row| {
        let found = shown(&explored, row);
        println!("{} {:?}: {found:?}", row.site, row.fault);
        let agrees = found.is_none() == matches!(row.shown, Shown::Not(_));
        (!agrees).then(|| format!("{} {:?}: {found:?}", row.site, row.fault))
    });
    let wrong: Vec<_> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
