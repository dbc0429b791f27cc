//! `vmalock list`: the locks, the workloads, the counters.

use crate::args::{ListArgs, Listed};
use crate::contender::Contender;
use crate::counters;
use bench_core::workload::{WorkloadSpec, presets};
use serde::Serialize;
use std::io::Write;
use std::process::ExitCode;

/// What `--json` prints: the lists that were asked for.
#[derive(Serialize)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    locks: Option<Vec<bench_core::record::LockInfo>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workloads: Option<Vec<WorkloadSpec>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counters: Option<Vec<CounterAnswer>>,
}

/// A counter, and why it cannot be had here.
#[derive(Serialize)]
struct CounterAnswer {
    name: &'static str,
    description: &'static str,
    unavailable: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(
    args: &ListArgs,
    contenders: &[Contender],
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let wanted = |what| args.what.is_none_or(|asked| asked == what);
    let answer = Answer {
        locks: wanted(Listed::Locks).then(|| contenders.iter().map(Contender::info).collect()),
        workloads: wanted(Listed::Workloads).then(presets),
        counters: wanted(Listed::Counters).then(counter_answers),
    };
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&answer)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(locks) = &answer.locks {
        writeln!(out, "locks (bytes per VMA + per mm):")?;
        for lock in locks {
            let bytes = format!("{} + {}", lock.vma_bytes, lock.mm_bytes);
            writeln!(out, "  {:26} {:>9}  {}", lock.name, bytes, lock.summary)?;
            writeln!(out, "  {:26} {:>9}  from: {}", "", "", lock.source)?;
        }
    }
    if let Some(workloads) = &answer.workloads {
        writeln!(out, "workloads:")?;
        for spec in workloads {
            writeln!(out, "  {:26} {}", spec.name, spec.summary)?;
        }
    }
    if let Some(counters) = &answer.counters {
        writeln!(out, "counters:")?;
        for counter in counters {
            let state = counter.unavailable.as_ref();
            let state = state.map_or("available".to_owned(), |why| format!("unavailable: {why}"));
            writeln!(out, "  {:26} {}", counter.name, counter.description)?;
            writeln!(out, "  {:26} {state}", "")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn counter_answers() -> Vec<CounterAnswer> {
    counters::list()
        .into_iter()
        .map(|(name, description, state)| CounterAnswer {
            name,
            description,
            unavailable: state.err(),
        })
        .collect()
}
