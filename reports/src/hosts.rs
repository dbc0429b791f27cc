//! Runs of several hosts beside each other, by ratios alone.
//!
//! What a lock does per second on one processor says nothing of what it does on another. What can stand side by side is how it
//! did beside a reference lock in the same rounds of the same run, on each host by itself: the ratio bears what slows both. So
//! there is no absolute number here, and no order of hosts or over hosts.

use crate::compare::differences::of_hosts;
use crate::compare::{Pairing, Side, Why, measure, side_of, work_of};
use crate::digest::{Digest, RoleTable, Setting};
use crate::emulated::refuse_emulated;
use crate::read::Run;
use crate::stats::Contrast;
use crate::words;
use bench_core::record::RoleName;

/// Several hosts beside each other.
#[derive(Debug)]
pub(crate) struct Hosts<'d> {
    /// The runs that stand here.
    pub(crate) runs: Vec<HostRun<'d>>,
    /// The lock that the others are measured by; empty where there is none.
    pub(crate) reference: &'d str,
    pub(crate) parts: Vec<Part<'d>>,
    /// What is left out and why, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// A run of one of the hosts.
#[derive(Debug)]
pub(crate) struct HostRun<'d> {
    /// A letter and the architecture.
    pub(crate) short: String,
    /// The same and the processor.
    pub(crate) name: String,
    pub(crate) digest: &'d Digest<'d>,
}

/// One role of one workload with so many threads.
#[derive(Debug)]
pub(crate) struct Part<'d> {
    pub(crate) workload: &'d str,
    pub(crate) threads: u32,
    pub(crate) placement: &'d str,
    pub(crate) role: RoleName,
    /// Of each run, whether these are more threads than it has CPUs; `None` where it has no such setting.
    pub(crate) oversubscribed: Vec<Option<bool>>,
    /// Each lock but the reference, with what there is of each run.
    pub(crate) locks: Vec<(&'d str, Vec<Beside>)>,
}

/// The throughput of a lock over that of the reference lock in one run.
#[derive(Clone, Debug)]
pub(crate) enum Beside {
    Ratio(Contrast),
    /// No ratio, and why.
    Without(Why),
    /// The run has no such setting, or not this lock in it.
    NotThere,
}

/// The hosts of these runs beside each other; `None` where all are of one host.
pub(crate) fn beside<'d>(digests: &'d [Digest<'d>]) -> Option<Hosts<'d>> {
    let differ =
        |[one, other]: [&Run; 2]| !of_hosts(&one.header.host, &other.header.host).is_empty();
    let several = |of: &[&Digest<'_>]| {
        let first = of.first().map(|digest| digest.run);
        first.is_some_and(|first| of.iter().any(|other| differ([first, other.run])))
    };
    let all: Vec<&Digest<'_>> = digests.iter().collect();
    if !several(&all) {
        return None;
    }
    let (native, emulated): (Vec<&Digest<'_>>, Vec<&Digest<'_>>) = all
        .into_iter()
        .partition(|digest| digest.run.header.host.emulator.is_none());
    let mut hosts = Hosts {
        runs: named(&native),
        reference: "",
        parts: Vec::new(),
        notes: left_out(&emulated),
    };
    if !several(&native) {
        hosts
            .notes
            .push("What is left is of one host, so nothing stands side by side.".to_owned());
        return Some(hosts);
    }
    match reference(&native) {
        Some(reference) => hosts.reference = reference,
        None => hosts.notes.push("No lock that excludes is in all of these runs, so there is nothing to relate the others to.".to_owned()),
    }
    if !hosts.reference.is_empty() {
        hosts.parts = parts(&native, hosts.reference, &mut hosts.notes);
    }
    Some(hosts)
}

/// The runs with their names.
fn named<'d>(native: &[&'d Digest<'d>]) -> Vec<HostRun<'d>> {
    let name = |(number, digest): (usize, &&'d Digest<'d>)| {
        let host = &digest.run.header.host;
        let letter = u8::try_from(number)
            .ok()
            .filter(|n| *n < 26)
            .map(|n| char::from(b'A' + n));
        let lead = letter.map_or_else(|| (number + 1).to_string(), |letter| letter.to_string());
        let model = host.cpu_model.as_deref().or(host.cpu_revision.as_deref());
        let short = format!("{lead}: {}", host.arch);
        HostRun {
            name: format!("{short}, {}", model.unwrap_or("unknown CPU")),
            short,
            digest,
        }
    };
    native.iter().enumerate().map(name).collect()
}

fn left_out(emulated: &[&Digest<'_>]) -> Vec<String> {
    let refusals = emulated
        .iter()
        .filter_map(|digest| refuse_emulated(digest.run).err());
    refusals.map(|refusal| format!("{refusal}.")).collect()
}

/// The first lock of the first run that excludes in all of them.
fn reference<'d>(native: &[&'d Digest<'d>]) -> Option<&'d str> {
    let excludes = |digest: &Digest<'_>, name: &str| {
        digest
            .locks
            .iter()
            .any(|lock| lock.name == name && !lock.control)
    };
    let mut names = native.first()?.locks.iter().map(|lock| lock.name);
    names.find(|name| native.iter().all(|digest| excludes(digest, name)))
}

/// What at least two runs have, in the order in which the runs have it.
fn parts<'d>(native: &[&'d Digest<'d>], reference: &str, notes: &mut Vec<String>) -> Vec<Part<'d>> {
    let mut parts: Vec<Part<'d>> = Vec::new();
    for digest in native {
        for setting in &digest.settings {
            for table in &setting.roles {
                let known = parts.iter().any(|part| part.is(setting, table.role));
                let there = native.iter().filter(|other| same(other, setting).is_some());
                if known || there.count() < 2 {
                    continue;
                }
                if native.iter().any(|other| {
                    same(other, setting)
                        .is_some_and(|theirs| work_of(other, theirs) != work_of(digest, setting))
                }) {
                    let words = format!(
                        "{} is not the same work in all of these runs, and is left out.",
                        setting.workload
                    );
                    if !notes.contains(&words) {
                        notes.push(words);
                    }
                    continue;
                }
                parts.push(part(native, reference, setting, table));
            }
        }
    }
    parts
}

impl Part<'_> {
    fn is(&self, setting: &Setting<'_>, role: RoleName) -> bool {
        let mine = (self.workload, self.threads, self.placement, self.role);
        mine == (setting.workload, setting.threads, setting.placement, role)
    }

    /// What it is of, as a heading.
    pub(crate) fn title(&self) -> String {
        format!(
            "{}, {}, placement {}: {}",
            self.workload,
            words::count(u64::from(self.threads), "thread"),
            self.placement,
            self.role.word()
        )
    }
}

/// The setting of another run that is the same as this.
fn same<'d>(digest: &'d Digest<'d>, setting: &Setting<'_>) -> Option<&'d Setting<'d>> {
    let key = (setting.workload, setting.threads, setting.placement);
    let mut settings = digest.settings.iter();
    settings.find(|s| (s.workload, s.threads, s.placement) == key)
}

fn part<'d>(
    native: &[&'d Digest<'d>],
    reference: &str,
    setting: &'d Setting<'d>,
    table: &RoleTable,
) -> Part<'d> {
    let mut names: Vec<&str> = Vec::new();
    for lock in native.iter().flat_map(|digest| &digest.locks) {
        if !lock.control && lock.name != reference && !names.contains(&lock.name) {
            names.push(lock.name);
        }
    }
    let of_lock = |name: &'d str| {
        let of_run = |digest: &&'d Digest<'d>| {
            let side = |lock| side_of(digest, setting, table.role, lock);
            match (side(reference), side(name)) {
                (Some(reference), Some(own)) => ratio([reference, own]),
                _ => Beside::NotThere,
            }
        };
        (name, native.iter().map(of_run).collect::<Vec<Beside>>())
    };
    let is_there =
        |of: &(&str, Vec<Beside>)| !of.1.iter().all(|one| matches!(one, Beside::NotThere));
    Part {
        workload: setting.workload,
        threads: setting.threads,
        placement: setting.placement,
        role: table.role,
        oversubscribed: native
            .iter()
            .map(|digest| same(digest, setting).map(|theirs| theirs.oversubscribed))
            .collect(),
        locks: names.into_iter().map(of_lock).filter(is_there).collect(),
    }
}

/// The ratio of the throughput, of clean rounds, paired by round.
fn ratio(sides: [Side<'_>; 2]) -> Beside {
    let measured = measure(sides, Pairing::WithinRounds);
    let throughput = measured
        .into_iter()
        .find(|one| one.metric.name == "throughput");
    match throughput.map(|one| one.contrast) {
        Some(Ok(contrast)) => Beside::Ratio(contrast),
        Some(Err(why)) => Beside::Without(why),
        None => Beside::Without(Why::NoResult),
    }
}
