//! The plan of a run: preset, then spec file, then flags; the later wins.

use crate::args::RunArgs;
use crate::contender::catalogue;
use crate::counters::{
    self,
    pmu::{Pmu, Wanted, of_cores},
};
use crate::host::placement::Placement;
use crate::names;
use anyhow::{Context, bail};
use bench_core::plan::{
    MAX_WINDOW_NS, MIN_WINDOW_NS, Mode, Plan, PlanError, Preset, SpecFile, SpecFileError, parse,
};
use bench_core::record::{Header, Host};
use bench_core::workload::{WorkloadSpec, presets};
use lock_variants::catalogue::MAIN;
use reports::stats::Precision;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds in a millisecond.
const NS_PER_MS: u64 = 1_000_000;

/// The plan that the arguments ask for, checked, for the locks that there are.
///
/// # Errors
/// One line that says what is wrong and what could stand there.
pub(crate) fn plan_of(args: &RunArgs, locks: &[&str], host: &Host) -> anyhow::Result<Plan> {
    let file = match &args.spec {
        Some(path) => read_spec(path)?,
        None => SpecFile::default(),
    };
    let preset: Preset = args.preset.into();
    let cpus = usable_cpus(host);
    let modes: Vec<Mode> = args.mode.iter().map(|mode| Mode::from(*mode)).collect();
    let window_ns = args
        .window_ms
        .or(file.window_ms)
        .map(window_ns)
        .transpose()?;
    let mut plan = Plan {
        locks: in_order(
            first_given(&args.lock, file.locks.as_ref()).or_else(|| default_locks(preset, locks)),
            locks,
            "lock",
        )?,
        workloads: workloads(args, &file)?,
        threads: first_given(&args.threads, file.threads.as_ref())
            .unwrap_or_else(|| preset.threads(cpus)),
        modes: first_given(&modes, file.modes.as_ref()).unwrap_or_else(|| preset.modes()),
        counters: args.counter.iter().map(ToString::to_string).collect(),
        placements: first_given(&args.placement, file.placements.as_ref())
            .unwrap_or_else(|| vec!["compact".to_owned()]),
        processes: args
            .processes
            .or(file.processes)
            .or(args
                .precision
                .map(|target| precision(target).least_processes))
            .unwrap_or(preset.processes()),
        rounds: args.rounds.or(file.rounds).unwrap_or(preset.rounds()),
        window_ns: window_ns.unwrap_or(preset.window_ns()),
        seed: args.seed.or(file.seed).unwrap_or_else(seed_from_clock),
        cpus,
    };
    settle(&mut plan, host)?;
    check_counters(&mut plan)?;
    Ok(plan)
}

/// Puts the lists of a plan into their order, each entry once, and checks every number and that this machine can do the
/// placements.
///
/// # Errors
/// What is wrong and what could stand there.
pub(crate) fn settle(plan: &mut Plan, host: &Host) -> anyhow::Result<()> {
    plan.threads.sort_unstable();
    plan.threads.dedup();
    plan.modes.sort_unstable();
    plan.modes.dedup();
    plan.validate()?;
    check_placements(plan, host)
}

/// The rule of a run that adds processes until it is as precise as this, in thousandths.
pub(crate) fn precision(target_permille: u32) -> Precision {
    Precision::new(f64::from(target_permille) / 1e3)
}

/// The window that is asked for, checked in the unit in which it is asked for.
pub(crate) fn window_ns(ms: u64) -> anyhow::Result<u64> {
    let (least, most) = (MIN_WINDOW_NS / NS_PER_MS, MAX_WINDOW_NS / NS_PER_MS);
    if !(least..=most).contains(&ms) {
        bail!(
            "the window is {ms} ms, but must be from {least} to {most} ms: a shorter one measures the timer and the start of the threads, a longer one a single moment"
        );
    }
    Ok(ms * NS_PER_MS)
}

/// A window of fewer steps of the clock than this has an error of its own of over a thousandth.
const LEAST_STEPS: u64 = 1000;

/// Refuses a window that is too short for this machine's clock.
pub(crate) fn check_window(plan: &Plan, quantum_ns: u64) -> anyhow::Result<()> {
    let least_ns = LEAST_STEPS * quantum_ns;
    if plan.window_ns < least_ns {
        bail!(
            "a window of {} ms is too short for the clock of this machine, whose step is {quantum_ns} ns; give at least {} with --window-ms",
            plan.window_ns / 1_000_000,
            least_ns.div_ceil(1_000_000)
        );
    }
    Ok(())
}

/// The plan of a run that was begun, with the seed that it drew.
///
/// # Errors
/// When this build lacks one of its locks, or the plan is not one.
pub(crate) fn plan_of_header(header: &Header, locks: &[&str]) -> anyhow::Result<Plan> {
    for lock in &header.locks {
        names::check("lock", &lock.name, locks)?;
    }
    let plan = Plan {
        locks: header.locks.iter().map(|lock| lock.name.clone()).collect(),
        workloads: header.workloads.clone(),
        threads: header.threads.clone(),
        modes: header.modes.clone(),
        counters: header.counters.clone(),
        placements: header.placements.clone(),
        processes: header.processes,
        rounds: header.rounds,
        window_ns: header.window_ns,
        seed: header.seed,
        cpus: usable_cpus(&header.host),
    };
    plan.validate()?;
    Ok(plan)
}

/// The CPUs that can be used at once: the allowed ones, or as many as the control group's bandwidth is worth.
pub(crate) fn usable_cpus(host: &Host) -> u32 {
    let allowed = host.allowed_cpus.len() as u64;
    let worth = host
        .quota
        .as_ref()
        .map(|quota| quota.quota_us / quota.period_us.max(1));
    worth.unwrap_or(allowed).clamp(1, allowed.max(1)) as u32
}

/// What the flags give, else what the file gives.
fn first_given<T: Clone>(flags: &[T], file: Option<&Vec<T>>) -> Option<Vec<T>> {
    if flags.is_empty() {
        file.cloned()
    } else {
        Some(flags.to_vec())
    }
}

/// The locks that a preset measures when none is named; `None` for all. All but `full` leave out those of the catalogue that
/// are not main, and keep a lock that came with the program of a user.
pub(crate) fn default_locks(preset: Preset, locks: &[&str]) -> Option<Vec<String>> {
    if preset == Preset::Full {
        return None;
    }
    let catalogue = catalogue();
    let is_asked_for = |name: &&&str| {
        MAIN.contains(name) || catalogue.iter().all(|contender| contender.name() != **name)
    };
    let chosen = locks.iter().filter(is_asked_for);
    Some(chosen.map(|name| (*name).to_owned()).collect())
}

/// The names that were asked for, each once, in the order of the known ones; all when none was.
pub(crate) fn in_order(
    asked: Option<Vec<String>>,
    known: &[&str],
    kind: &str,
) -> anyhow::Result<Vec<String>> {
    let Some(asked) = asked else {
        return Ok(known.iter().map(|name| (*name).to_owned()).collect());
    };
    for name in &asked {
        names::check(kind, name, known)?;
    }
    let chosen = known
        .iter()
        .filter(|name| asked.iter().any(|other| other == *name));
    Ok(chosen.map(|name| (*name).to_owned()).collect())
}

/// The file's own workloads and the presets; a file with workloads of its own names the presets that it wants besides.
fn workloads(args: &RunArgs, file: &SpecFile) -> anyhow::Result<Vec<WorkloadSpec>> {
    let mut known = presets();
    for (number, own) in file.workload.iter().enumerate() {
        if file.workload[..number]
            .iter()
            .any(|other| other.name == own.name)
        {
            return Err(PlanError::TwoWorkloads(own.name.clone()).into());
        }
        // A preset of the same name gives way, so that a file can change one.
        known.retain(|spec| spec.name != own.name);
        known.push(own.clone());
    }
    let own_names = || file.workload.iter().map(|spec| spec.name.clone());
    let asked = match (&args.workload, &file.workloads) {
        (flags, _) if !flags.is_empty() => Some(flags.clone()),
        (_, Some(named)) => Some(named.iter().cloned().chain(own_names()).collect()),
        (_, None) if !file.workload.is_empty() => Some(own_names().collect()),
        (_, None) => None,
    };
    let names: Vec<&str> = known.iter().map(|spec| spec.name.as_str()).collect();
    let chosen = in_order(asked, &names, "workload")?;
    Ok(known
        .iter()
        .filter(|spec| chosen.contains(&spec.name))
        .cloned()
        .collect())
}

/// Reads a spec file.
fn read_spec(path: &Path) -> anyhow::Result<SpecFile> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the spec file {} cannot be read", path.display()))?;
    parse(&text).map_err(|error| {
        let hint = match &error {
            SpecFileError::Toml {
                unknown: Some(word),
                expected,
                ..
            } => {
                let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
                names::offer(word, &expected)
            }
            SpecFileError::Toml { .. } | SpecFileError::Workload(_) => String::new(),
        };
        anyhow::anyhow!("{}: {error}{hint}", path.display())
    })
}

/// Puts placements into their words and sees that this machine can do them.
fn check_placements(plan: &mut Plan, host: &Host) -> anyhow::Result<()> {
    let most = plan.threads.iter().copied().max().unwrap_or(1);
    for word in &mut plan.placements {
        let placement: Placement = word.parse()?;
        placement.cpus(host, most)?;
        *word = placement.to_string();
    }
    plan.placements.dedup();
    Ok(())
}

/// Leaves out of the asked events those that are counted anyhow, and refuses what no cell could count: events without a mode that
/// counts them, and names that no PMU of this machine has.
fn check_counters(plan: &mut Plan) -> anyhow::Result<()> {
    if plan.counters.is_empty() {
        return Ok(());
    }
    if !plan.modes.contains(&Mode::Counters) {
        bail!(
            "--counter adds events to windows of the mode counters, of which this run has none; give --mode counters as well"
        );
    }
    plan.counters.retain(|name| !counters::is_usual(name));
    let mut seen = BTreeSet::new();
    plan.counters.retain(|name| seen.insert(name.clone()));
    let pmus = of_cores(Path::new("/"));
    let known: Vec<&str> = pmus.iter().flat_map(Pmu::events).collect();
    for name in &plan.counters {
        let is_named = matches!(name.parse(), Ok(Wanted::Named(_)));
        // Without any PMU the cells say why they have no value.
        if is_named && !pmus.is_empty() {
            names::check("event", name, &known)?;
        }
    }
    Ok(())
}

/// A seed that is not the last run's; it is recorded.
pub(crate) fn seed_from_clock() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    now.as_nanos() as u64 & 0xffff_ffff
}

/// One lock, one thread, one window of 1 ms for each workload: for tests of what takes a plan.
#[cfg(test)]
pub(crate) fn small_plan() -> Plan {
    Plan {
        locks: vec!["null".into()],
        workloads: presets(),
        threads: vec![1],
        modes: vec![Mode::Throughput],
        counters: Vec::new(),
        placements: vec!["compact".into()],
        processes: 1,
        rounds: 1,
        window_ns: NS_PER_MS,
        seed: 0,
        cpus: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{MAIN, Preset, catalogue, check_window, default_locks, small_plan};

    #[test]
    fn a_preset_measures_the_main_locks_and_those_of_the_user() {
        let mut locks: Vec<&str> = catalogue()
            .iter()
            .map(|contender| contender.name())
            .collect();
        assert!(locks.len() > MAIN.len(), "there are others to leave out");
        locks.push("my-lock");
        let expected: Vec<String> = MAIN
            .iter()
            .chain(&["my-lock"])
            .map(|name| (*name).to_owned())
            .collect();
        for preset in [Preset::Quick, Preset::Standard] {
            assert_eq!(default_locks(preset, &locks).as_ref(), Some(&expected));
        }
        assert_eq!(default_locks(Preset::Full, &locks), None);
    }

    #[test]
    fn a_window_of_few_steps_of_the_clock_is_refused() {
        let plan = small_plan();
        assert!(check_window(&plan, 1_000).is_ok());
        let error = check_window(&plan, 4_000)
            .expect_err("250 steps")
            .to_string();
        assert!(error.contains("at least 4 with --window-ms"), "{error}");
    }
}
