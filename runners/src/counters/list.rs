//! What can be counted here, and why something cannot.

use super::event::{GROUPS, INVOLUNTARY, VOLUNTARY};
use super::named::NamedEvent;
use super::pmu::{self, NO_PMU, Pmu, Wanted};
use std::path::Path;

/// A counter of the list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The name, as in records.
    pub name: String,
    /// One line for a person.
    pub description: String,
    /// Why it cannot be used here, if it cannot.
    pub unavailable: Option<String>,
}

/// The counters that every cell of their mode has.
#[must_use]
pub fn always() -> Vec<Listed> {
    let listed = |name: &str, description: &str, unavailable| Listed {
        name: name.to_owned(),
        description: description.to_owned(),
        unavailable,
    };
    let events = GROUPS.iter().copied().flatten();
    let events = events.map(|event| listed(event.name, event.description, event.probe().err()));
    let switches = [
        listed(VOLUNTARY, "switches that workers made by sleeping", None),
        listed(INVOLUNTARY, "switches that were forced on workers", None),
    ];
    events.chain(switches).collect()
}

/// The events of the cores' PMUs, which `run --counter` takes.
///
/// # Errors
/// Why there is none.
pub fn on_request() -> Result<Vec<Listed>, String> {
    let pmus = pmu::of_cores(Path::new("/"));
    if pmus.is_empty() {
        return Err(NO_PMU.to_owned());
    }
    Ok(pmus.iter().flat_map(of_pmu).collect())
}

/// Whether every cell of the mode counts it.
pub(crate) fn is_usual(name: &str) -> bool {
    let mut events = GROUPS.iter().copied().flatten();
    [VOLUNTARY, INVOLUNTARY].contains(&name) || events.any(|event| event.name == name)
}

/// Why events that a run asks for cannot be counted on these CPUs, each said once.
pub(crate) fn obstacles(asked: &[String], cpus: &[u32]) -> Vec<String> {
    let pmus = pmu::of_cores(Path::new("/"));
    let mut said = Vec::new();
    for wanted in asked.iter().filter_map(|word| word.parse::<Wanted>().ok()) {
        let mut tried = Vec::new();
        for &cpu in cpus {
            let encoding = pmu::encode_on(&pmus, cpu, &wanted);
            if tried.contains(&encoding) {
                continue;
            }
            tried.push(encoding.clone());
            let opened =
                encoding.and_then(|encoding| NamedEvent::open(&wanted.to_string(), encoding));
            if let Err(why) = opened {
                said.push(format!(
                    "the event {wanted} is not counted on CPU {cpu}: {why}"
                ));
            }
        }
    }
    said
}

/// The events of one PMU.
fn of_pmu(pmu: &Pmu) -> Vec<Listed> {
    let listed = |name: &str| {
        let encoding = pmu.encode(&Wanted::Named(name.to_owned()));
        let opened = encoding.and_then(|encoding| NamedEvent::open(name, encoding));
        Listed {
            name: name.to_owned(),
            description: format!("an event of the PMU {}, in user mode", pmu.name),
            unavailable: opened.err(),
        }
    };
    pmu.events().map(listed).collect()
}
