//! What two runs have in common.

use super::measure::Side;
use crate::digest::{Digest, RoleTable, Setting};
use bench_core::record::RoleName;
use bench_core::workload::WorkloadSpec;

/// One role of a setting that two runs have, with the locks that have results of it in both.
pub(crate) struct Shared<'d> {
    /// Of the first run.
    pub(crate) setting: &'d Setting<'d>,
    pub(crate) table: &'d RoleTable,
    /// Whether the threads do the same in both runs.
    pub(crate) same_work: bool,
    pub(crate) locks: Vec<(&'d str, [Side<'d>; 2])>,
}

/// All that two runs have in common, of `only` these locks unless it is empty.
pub(crate) fn shared<'d>([one, other]: &'d [Digest<'d>; 2], only: &[String]) -> Vec<Shared<'d>> {
    let mut all = Vec::new();
    for setting in &one.settings {
        let Some(theirs) = same_setting(setting, other) else {
            continue;
        };
        for table in &setting.roles {
            let asked = |name: &str| only.is_empty() || only.iter().any(|o| o == name);
            let names = one.locks.iter().map(|lock| lock.name);
            let both = names.filter(|name| asked(name)).filter_map(|name| {
                let mine = side(one, setting, table, name)?;
                Some((name, [mine, side_of(other, setting, table.role, name)?]))
            });
            let locks: Vec<(&str, [Side<'_>; 2])> = both.collect();
            if !locks.is_empty() {
                all.push(Shared {
                    setting,
                    table,
                    same_work: work_of(one, setting) == work_of(other, theirs),
                    locks,
                });
            }
        }
    }
    all
}

/// What only one of two runs has, a sentence each; the runs are called by these names.
pub(crate) fn only_in_one(digests: &[Digest<'_>; 2], names: [&str; 2]) -> Vec<String> {
    let [one, other] = digests;
    let mut found = Vec::new();
    for (digest, without, name) in [(one, other, names[0]), (other, one, names[1])] {
        let settings = digest.settings.iter();
        let missing = settings.filter(|setting| same_setting(setting, without).is_none());
        found.extend(missing.map(|setting| format!("only {name} has {}", name_of(setting))));
        for lock in &digest.locks {
            if !without.locks.iter().any(|l| l.name == lock.name) {
                found.push(format!("only {name} has {}", lock.name));
            }
        }
    }
    found
}

/// What a lock did in one role of a run's own setting.
pub(super) fn side<'d>(
    digest: &'d Digest<'d>,
    setting: &'d Setting<'d>,
    table: &'d RoleTable,
    lock: &str,
) -> Option<Side<'d>> {
    let number = digest.locks.iter().position(|l| l.name == lock)?;
    let row = table.row(number)?;
    Some(Side {
        digest,
        setting,
        row,
    })
}

/// What a lock did in one role of the setting that is the same as another run's.
pub(crate) fn side_of<'d>(
    digest: &'d Digest<'d>,
    setting: &Setting<'_>,
    role: RoleName,
    lock: &str,
) -> Option<Side<'d>> {
    let setting = same_setting(setting, digest)?;
    let table = setting.roles.iter().find(|table| table.role == role)?;
    side(digest, setting, table, lock)
}

fn same_setting<'d>(setting: &Setting<'_>, other: &'d Digest<'d>) -> Option<&'d Setting<'d>> {
    let key = |s: &Setting<'_>| (s.workload.to_owned(), s.threads, s.placement.to_owned());
    other.settings.iter().find(|s| key(s) == key(setting))
}

fn name_of(setting: &Setting<'_>) -> String {
    let threads = crate::words::count(u64::from(setting.threads), "thread");
    format!("{}, {threads}, {}", setting.workload, setting.placement)
}

/// What a setting's threads do; its summary is only words.
pub(crate) fn work_of(digest: &Digest<'_>, setting: &Setting<'_>) -> Option<WorkloadSpec> {
    let specs = &digest.run.header.workloads;
    let found = specs.iter().find(|spec| spec.name == setting.workload)?;
    Some(WorkloadSpec {
        summary: String::new(),
        ..found.clone()
    })
}
