//! The models see what they are there to see: the text of the locks is weakened at one place, and a model fails.
//!
//! `rows.txt` takes each ordering of the text away that is more than Relaxed, and steps that protect a property. A test wants a
//! row for every ordering in the text, so that a lock cannot be added without. `scripts/weaken.sh` prints the table.

mod child;
mod explore;
mod rows;
mod table;

pub(crate) use table::on_all_cpus;

use crate::machine::fault::{Fault, Planted, Site};
use crate::models::Model;
use crate::suite::modelled;
use rows::all;

/// A place in the text where something is taken away.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Weakening {
    /// The property that it costs, as in `PROPERTIES.md`.
    property: &'static str,
    /// What is weaker, and what it was for.
    what: &'static str,
    site: Site,
    fault: Fault,
    /// The lock whose models are run.
    lock: &'static str,
    shown: Shown,
}

/// Whether a model shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// The model of this name fails.
    By(&'static str),
    /// None does, and why.
    Not(&'static str),
}

impl Weakening {
    fn planted(&self) -> Planted {
        Planted {
            site: self.site,
            fault: self.fault,
        }
    }
}

/// The models of the lock of this name.
fn models_of(lock: &str) -> Vec<Model> {
    let found = modelled().into_iter().find(|it| it.lock == lock);
    found.unwrap_or_else(|| panic!("no lock {lock}")).models
}
