//! What a check measures.

use crate::args::CheckArgs;
use crate::contender::Contender;
use crate::names;
use crate::plan_of::{default_locks, in_order, seed_from_clock, settle, usable_cpus, window_ns};
use anyhow::bail;
use bench_core::plan::{Mode, Plan, Preset};
use bench_core::record::{Host, LockInfo};
use bench_core::workload::presets;
use lock_variants::catalogue::REFERENCES;
use reports::baseline::Baseline;
use reports::check::{Again, Check, Line};
use std::fmt::Debug;

/// The workloads that are checked when none is named.
const WORKLOADS: [&str; 3] = ["fault-one-vma", "fault-vs-mprotect", "mmap-churn"];
/// The processes and the rounds of each, where nothing else is said.
const PROCESSES: u32 = 10;
const ROUNDS: u32 = 10;
/// The window where nothing else is said, in milliseconds.
const WINDOW_MS: u64 = 10;

/// The plan that the arguments ask for, checked, with the locks of this program.
///
/// # Errors
/// One line that says what is wrong and what could stand there.
pub(super) fn plan_of(
    args: &CheckArgs,
    contenders: &[Contender],
    host: &Host,
) -> anyhow::Result<Plan> {
    let processes = enough_processes(args.processes.unwrap_or(PROCESSES))?;
    let names: Vec<&str> = contenders.iter().map(Contender::name).collect();
    let locks = given_or(&args.lock, || gated_locks(contenders, &names));
    let known = presets();
    let workload_names: Vec<&str> = known.iter().map(|spec| spec.name.as_str()).collect();
    let chosen = given_or(&args.workload, || WORKLOADS.map(str::to_owned).to_vec());
    let chosen = in_order(Some(chosen), &workload_names, "workload")?;
    let cpus = usable_cpus(host);
    let mut plan = Plan {
        locks: in_order(Some(locks), &names, "lock")?,
        workloads: known
            .iter()
            .filter(|spec| chosen.contains(&spec.name))
            .cloned()
            .collect(),
        threads: given_or(&args.threads, || vec![1, cpus]),
        modes: given_or(&modes(args), || vec![Mode::Throughput, Mode::Latency]),
        counters: Vec::new(),
        placements: given_or(&args.placement, || vec!["compact".to_owned()]),
        processes,
        rounds: args.rounds.unwrap_or(ROUNDS),
        window_ns: window_ns(args.window_ms.unwrap_or(WINDOW_MS))?,
        seed: args.seed.unwrap_or_else(seed_from_clock),
        cpus,
    };
    settle(&mut plan, host)?;
    Ok(plan)
}

/// What the flags give, or what stands for nothing.
fn given_or<T: Clone>(flags: &[T], default: impl FnOnce() -> Vec<T>) -> Vec<T> {
    if flags.is_empty() {
        default()
    } else {
        flags.to_vec()
    }
}

fn modes(args: &CheckArgs) -> Vec<Mode> {
    args.mode.iter().map(|mode| Mode::from(*mode)).collect()
}

/// So many processes, if they can tell their spread.
fn enough_processes(processes: u32) -> anyhow::Result<u32> {
    if processes < 2 {
        bail!(
            "--processes is {processes}, but must be at least 2: processes differ among each other, and one alone does not show by how much; 10 is usual"
        );
    }
    Ok(processes)
}

/// The main locks that exclude, without the references, and those of the user.
fn gated_locks(contenders: &[Contender], names: &[&str]) -> Vec<String> {
    let excludes = |name: &str| {
        contenders
            .iter()
            .any(|contender| contender.name() == name && contender.excludes())
    };
    let main = default_locks(Preset::Standard, names).unwrap_or_default();
    main.into_iter()
        .filter(|name| excludes(name) && !REFERENCES.contains(&name.as_str()))
        .collect()
}

/// Takes out what the other side does not have, and says what cannot be compared and what differs in size.
///
/// # Errors
/// When a lock that was asked for is not there, or none is left.
pub(super) fn leave_out(
    plan: &mut Plan,
    asked: &[String],
    contenders: &[Contender],
    theirs: &[LockInfo],
) -> anyhow::Result<Vec<String>> {
    let known: Vec<&str> = theirs.iter().map(|lock| lock.name.as_str()).collect();
    for name in asked {
        names::check("lock of the other side", name, &known)?;
    }
    let mut notes = Vec::new();
    plan.locks.retain(|name| {
        let there = known.contains(&name.as_str());
        if !there {
            notes.push(format!("`{name}` is left out: the other side lacks it"));
        }
        there
    });
    if plan.locks.is_empty() {
        bail!(
            "the two programs have no lock in common that could be compared; the other side has: {}",
            known.join(", ")
        );
    }
    let ours = |name: &str| contenders.iter().find(|lock| lock.name() == name);
    for lock in theirs {
        let Some(ours) = ours(&lock.name).map(Contender::info) else {
            if asked.is_empty() {
                let name = &lock.name;
                notes.push(format!("`{name}` is left out: only the other side has it"));
            }
            continue;
        };
        let bytes = |lock: &LockInfo| (lock.vma_bytes, lock.mm_bytes);
        if plan.locks.contains(&lock.name) && bytes(&ours) != bytes(lock) {
            notes.push(format!(
                "`{}` has {} bytes per VMA and {} per mm, was {} and {}",
                lock.name, ours.vma_bytes, ours.mm_bytes, lock.vma_bytes, lock.mm_bytes
            ));
        }
    }
    Ok(notes)
}

/// The plan of a baseline, as much of it as the arguments ask for, checked, with a seed of its own.
///
/// # Errors
/// When something is asked for that it does not have, or this program lacks a lock that it needs.
pub(super) fn of_baseline(
    args: &CheckArgs,
    baseline: &Baseline,
    contenders: &[Contender],
    host: &Host,
) -> anyhow::Result<Plan> {
    let of_baseline = |asked: &[String], known: Vec<&str>, kind: &str| {
        let asked = (!asked.is_empty()).then(|| asked.to_vec());
        in_order(asked, &known, &format!("{kind} of the baseline"))
    };
    let mut locks = of_baseline(&args.lock, words(&baseline.locks), "lock")?;
    locks.retain(|lock| *lock != baseline.reference);
    if locks.is_empty() {
        bail!(
            "`{}` is what the others are measured by, and nothing else was asked for; name another lock with --lock",
            baseline.reference
        );
    }
    locks.insert(0, baseline.reference.clone());
    check_locks(&locks, contenders)?;
    let names = baseline.workloads.iter().map(|spec| spec.name.as_str());
    let chosen = of_baseline(&args.workload, names.collect(), "workload")?;
    let mut plan = Plan {
        locks,
        workloads: baseline.workloads.clone(),
        threads: narrowed(&args.threads, &baseline.threads, "threads")?,
        modes: narrowed(&modes(args), &baseline.modes, "mode")?,
        counters: Vec::new(),
        placements: of_baseline(&args.placement, words(&baseline.placements), "placement")?,
        processes: enough_processes(args.processes.unwrap_or(baseline.processes))?,
        rounds: args.rounds.unwrap_or(baseline.rounds),
        window_ns: baseline.window_ns,
        seed: args.seed.unwrap_or_else(seed_from_clock),
        cpus: usable_cpus(host),
    };
    plan.workloads.retain(|spec| chosen.contains(&spec.name));
    settle(&mut plan, host)?;
    Ok(plan)
}

fn words(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// Refuses locks that this program no longer has.
fn check_locks(locks: &[String], contenders: &[Contender]) -> anyhow::Result<()> {
    let gone: Vec<&str> = locks
        .iter()
        .map(String::as_str)
        .filter(|lock| contenders.iter().all(|ours| ours.name() != *lock))
        .collect();
    if gone.is_empty() {
        return Ok(());
    }
    bail!(
        "the baseline needs {}, which this program does not have; name the others with --lock, or measure anew and accept that run with `vmalock baseline accept`",
        gone.join(", ")
    )
}

/// What was asked for of what the baseline has; all of it when nothing was.
fn narrowed<T: Copy + PartialEq + Debug>(
    asked: &[T],
    known: &[T],
    kind: &str,
) -> anyhow::Result<Vec<T>> {
    match asked.iter().find(|one| !known.contains(one)) {
        Some(one) => bail!("--{kind} {one:?} is not in the baseline, which has {known:?}"),
        None => Ok(given_or(asked, || known.to_vec())),
    }
}

/// The plan of the second stage: what the first could not settle, with another seed.
pub(in crate::cmd) fn again(plan: &Plan, check: &Check) -> Plan {
    let lines: Vec<&Line> = check.unsettled().filter(|line| line.gated).collect();
    let any = |is: &dyn Fn(&Line) -> bool| lines.iter().any(|line| is(line));
    let mut again = plan.clone();
    again.locks.retain(|lock| any(&|line| line.lock == *lock));
    again
        .workloads
        .retain(|spec| any(&|line| line.workload == spec.name));
    again
        .threads
        .retain(|threads| any(&|line| line.threads == *threads));
    again
        .placements
        .retain(|placement| any(&|line| line.placement == *placement));
    again
        .modes
        .retain(|mode| any(&|line| mode_of(line) == *mode));
    again.processes = processes_again(plan.processes, &lines);
    again.seed = plan.seed.wrapping_add(1);
    again
}

/// The processes of the second stage: as many as the first had, or what lacks where a line needs more to be called the same.
/// Twice what finds a difference four times in five finds none to be there nearly always; three times the first stage is the
/// most.
fn processes_again(processes: u32, lines: &[&Line]) -> u32 {
    let same = |line: &&&Line| line.again == Some(Again::Equivalence);
    let needed = lines
        .iter()
        .filter(same)
        .filter_map(|line| line.processes_needed);
    let most = needed.max().unwrap_or(0);
    (2 * most)
        .saturating_sub(processes)
        .clamp(processes, 3 * processes)
}

/// Keeps these locks of a plan in that of its second stage.
pub(super) fn keep(again: &mut Plan, plan: &Plan, needed: &[&str]) {
    let kept = plan
        .locks
        .iter()
        .filter(|lock| again.locks.contains(lock) || needed.contains(&lock.as_str()));
    again.locks = kept.cloned().collect();
}

/// The mode in which a metric is measured.
fn mode_of(line: &Line) -> Mode {
    // Those of a latency are percentiles, such as p99.
    let digits = line.metric.strip_prefix('p').unwrap_or_default();
    if digits.starts_with(|c: char| c.is_ascii_digit()) {
        Mode::Latency
    } else {
        Mode::Throughput
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(again: Again, processes_needed: u32) -> Line {
        let line = serde_json::json!({
            "lock": "a", "workload": "w", "threads": 1, "placement": "compact", "role": "fault", "metric": "p99",
            "unit": "ns", "better": "lower", "gated": true, "baseline": 1.0, "candidate": 1.0,
            "baseline_per_process": [], "candidate_per_process": [], "ratio": null, "ratio_of_all_rounds": null,
            "control": null, "confirmation": null, "threshold": 0.01, "detectable": null, "margin": 0.1, "p_value": null,
            "processes": 10, "rounds": 100, "dirty_rounds": 0, "measured_ns": 1, "verdict": "inconclusive", "why": ""
        });
        Line {
            again: Some(again),
            processes_needed: Some(processes_needed),
            ..serde_json::from_value(line).expect("a line")
        }
    }

    #[test]
    fn the_second_stage_has_the_processes_that_lack() {
        let lines = [
            (Again::Equivalence, 12),
            (Again::Difference, 90),
            (Again::Equivalence, 17),
        ]
        .map(|(again, needed)| line(again, needed));
        let of = |places: &[usize]| {
            processes_again(10, &places.iter().map(|i| &lines[*i]).collect::<Vec<_>>())
        };
        assert_eq!(of(&[0]), 14);
        assert_eq!(
            of(&[1]),
            10,
            "a difference is looked for with as many as before"
        );
        assert_eq!(of(&[0, 1, 2]), 24);
        assert_eq!(processes_again(10, &[&line(Again::Equivalence, 40)]), 30);
    }
}
