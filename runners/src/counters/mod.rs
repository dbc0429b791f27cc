//! Performance counters of a worker thread: perf events, and the switches that the kernel counts in its resource usage.
//!
//! Three groups, each of which the kernel schedules as a whole, so that what stands in one may be divided: cycles and
//! instructions; cache references and misses; software events. Hardware events count in user mode only, which is all
//! that an unprivileged process may ask for everywhere. What cannot be counted has a reason in its place, never a 0.
//!
//! Beside them stand the events of the cores' own PMU that a run asks for ([`pmu`]), each by itself. Where cores are of several
//! kinds, each kind has its PMU, and the events of a worker are those of its CPU's.

mod event;
mod group;
mod list;
mod named;
pub mod pmu;
mod usage;

pub use event::{Event, hardware};
pub use list::{Listed, always, on_request};
pub(crate) use list::{is_usual, obstacles};

use bench_core::record::CounterValue;
use event::{GROUPS, INVOLUNTARY, VOLUNTARY};
use group::OpenGroup;
use named::NamedEvent;
use pmu::Wanted;
use std::collections::BTreeMap;
use std::path::Path;
use usage::Switches;

/// The counters of one thread. Opened by that thread, used by that thread.
#[derive(Debug)]
pub struct Counters {
    groups: Vec<OpenGroup>,
    /// Events that were asked for, and those of the processor where its cores are of several kinds.
    named: Vec<NamedEvent>,
    /// The CPU that they count on, where another CPU may need another PMU.
    cpu: Option<u32>,
    /// Events that could not be opened, with the reason.
    unavailable: BTreeMap<String, CounterValue>,
    switches: Option<Switches>,
}

impl Counters {
    /// Opens what can be opened for the calling thread, which stays on `cpu`, and what is wanted besides. Nothing counts yet.
    #[must_use]
    pub fn open(wanted: &[Wanted], cpu: u32) -> Self {
        let pmus = pmu::of_cores(Path::new("/"));
        let several_kinds = pmus.len() > 1;
        let mut unavailable = BTreeMap::new();
        let mut named = Vec::new();
        let mut open = |name: &str, encoding: Result<pmu::Encoding, String>| {
            let opened = encoding.and_then(|encoding| NamedEvent::open(name, encoding));
            opened
                .map(|event| named.push(event))
                .map_err(CounterValue::Unavailable)
                .err()
                .map(|reason| (name.to_owned(), reason))
        };
        let mut groups = Vec::new();
        for events in GROUPS {
            if several_kinds && events.iter().all(event::Event::is_hardware) {
                let opened = events.iter().filter_map(|event| {
                    open(event.name, pmu::encode_generic_on(&pmus, cpu, event.name))
                });
                unavailable.extend(opened);
            } else {
                groups.push(OpenGroup::open(events, &mut unavailable));
            }
        }
        let opened = wanted.iter().filter_map(|wanted| {
            let encoding = pmu::encode_on(&pmus, cpu, wanted);
            open(&wanted.to_string(), encoding)
        });
        unavailable.extend(opened);
        Self {
            groups,
            named,
            cpu: several_kinds.then_some(cpu),
            unavailable,
            switches: None,
        }
    }

    /// Whether they count what they should for a thread on `cpu`.
    #[must_use]
    pub fn serve(&self, cpu: u32) -> bool {
        self.cpu.is_none_or(|own| own == cpu)
    }

    /// Begins to count.
    pub fn enable(&mut self) {
        self.switches = usage::switches();
        for event in &mut self.named {
            event.enable();
        }
        for group in &mut self.groups {
            group.enable();
        }
    }

    /// Stops counting, and gives each counter's value since [`Self::enable`], or why there is none.
    pub fn disable_and_read(&mut self) -> BTreeMap<String, CounterValue> {
        // Software events last in, first out: the reading of the others is then not in them.
        for group in self.groups.iter_mut().rev() {
            group.disable();
        }
        for event in &mut self.named {
            event.disable();
        }
        let since = self.switches.take().zip(usage::switches());
        let mut values = self.unavailable.clone();
        for group in &self.groups {
            group.read_into(&mut values);
        }
        for event in &self.named {
            event.read_into(&mut values);
        }
        let switches = since.map(|(before, after)| after.since(&before));
        let value = |count: fn(&Switches) -> u64| {
            switches.as_ref().map_or_else(
                || CounterValue::Unavailable("getrusage(RUSAGE_THREAD) failed; it needs Linux 2.6.26 or later, and no filter that forbids it".to_owned()),
                |switches| CounterValue::Value(count(switches)),
            )
        };
        values.insert(VOLUNTARY.to_owned(), value(|switches| switches.voluntary));
        values.insert(
            INVOLUNTARY.to_owned(),
            value(|switches| switches.involuntary),
        );
        values
    }
}

/// The sums over threads. A counter that one thread lacks is lacking in the sum, for that thread's reason.
#[must_use]
pub fn merge(threads: &[BTreeMap<String, CounterValue>]) -> BTreeMap<String, CounterValue> {
    let mut sums: BTreeMap<String, CounterValue> = BTreeMap::new();
    let names: std::collections::BTreeSet<&String> =
        threads.iter().flat_map(BTreeMap::keys).collect();
    for name in names {
        let mut sum = CounterValue::Value(0);
        for (worker, thread) in threads.iter().enumerate() {
            sum = match (sum, thread.get(name)) {
                (CounterValue::Value(sum), Some(CounterValue::Value(value))) => {
                    CounterValue::Value(sum.saturating_add(*value))
                }
                (CounterValue::Value(_), Some(missing)) => missing.clone(),
                (CounterValue::Value(_), None) => CounterValue::Unavailable(format!(
                    "worker {worker} gave no value for it; look for an error of that worker in the same cell"
                )),
                (missing, _) => missing,
            };
        }
        sums.insert(name.clone(), sum);
    }
    sums
}

#[cfg(test)]
mod tests;
