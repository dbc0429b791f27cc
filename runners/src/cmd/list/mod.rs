//! `vmalock list`: the locks, the workloads, the counters.

mod locks;

use crate::args::{ListArgs, Listed};
use crate::contender::Contender;
use crate::counters;
use crate::recording::header::tool;
use anyhow::ensure;
use bench_core::record::ToolInfo;
use bench_core::workload::{WorkloadSpec, presets};
use locks::LockAnswer;
use serde::Serialize;
use std::io::Write;
use std::process::ExitCode;

/// What `--json` prints: this build, and the lists that were asked for.
#[derive(Serialize)]
struct Answer {
    tool: ToolInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    locks: Option<Vec<LockAnswer>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workloads: Option<Vec<WorkloadSpec>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counters: Option<Vec<CounterAnswer>>,
}

/// A counter, and why it cannot be had here.
#[derive(Serialize)]
struct CounterAnswer {
    name: String,
    description: String,
    unavailable: Option<String>,
    /// Whether it is counted only when `run --counter` names it.
    on_request: bool,
}

/// Runs the command.
///
/// # Errors
/// When a name is unknown, or standard output cannot be written.
pub fn run(
    args: &ListArgs,
    contenders: &[Contender],
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let wanted = |what| args.what.is_none_or(|asked| asked == what);
    ensure!(
        args.what == Some(Listed::Locks) || (args.names.is_empty() && !args.long),
        "names and --long belong to `vmalock list locks`"
    );
    let locks = wanted(Listed::Locks).then(|| locks::answers(contenders, &args.names));
    let answer = Answer {
        tool: tool(),
        locks: locks.transpose()?,
        workloads: wanted(Listed::Workloads).then(presets),
        counters: wanted(Listed::Counters).then(counter_answers),
    };
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&answer)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(locks) = &answer.locks {
        if args.long || !args.names.is_empty() {
            locks::write_long(locks, out)?;
        } else {
            locks::write_table(locks, out)?;
        }
    }
    if let Some(workloads) = &answer.workloads {
        writeln!(out, "workloads:")?;
        for spec in workloads {
            writeln!(out, "  {:26} {}", spec.name, spec.summary)?;
        }
    }
    if let Some(counters) = &answer.counters {
        write_counters(counters, out)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The usual counters, then those on request.
fn counter_answers() -> Vec<CounterAnswer> {
    let answer = |on_request| {
        move |listed: counters::Listed| CounterAnswer {
            name: listed.name,
            description: listed.description,
            unavailable: listed.unavailable,
            on_request,
        }
    };
    let asked = counters::on_request().unwrap_or_default();
    let usual = counters::always().into_iter().map(answer(false));
    usual.chain(asked.into_iter().map(answer(true))).collect()
}

/// What can be counted, in words.
fn write_counters(counters: &[CounterAnswer], out: &mut impl Write) -> std::io::Result<()> {
    let (asked, usual): (Vec<_>, Vec<_>) = counters.iter().partition(|counter| counter.on_request);
    writeln!(out, "counters:")?;
    for counter in usual {
        let state = counter.unavailable.as_ref();
        let state = state.map_or("available".to_owned(), |why| format!("unavailable: {why}"));
        writeln!(out, "  {:26} {}", counter.name, counter.description)?;
        writeln!(out, "  {:26} {state}", "")?;
    }
    writeln!(
        out,
        "counters on request (`run --counter NAME`, or rHEX for a number of the processor's manual):"
    )?;
    if let Err(why) = counters::on_request() {
        writeln!(out, "  none: {why}")?;
    }
    for counter in asked {
        writeln!(out, "  {:26} {}", counter.name, counter.description)?;
        if let Some(why) = &counter.unavailable {
            writeln!(out, "  {:26} unavailable: {why}", "")?;
        }
    }
    Ok(())
}
