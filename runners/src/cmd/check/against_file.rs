//! `vmalock check --baseline FILE`: this program against ratios that were accepted before, on the same host and by the same
//! compiler.

use super::{Gate, plan, print, settings};
use crate::args::CheckArgs;
use crate::cmd::beside::{Party, Sides};
use crate::cmd::compare::HOSTS_EXIT_CODE;
use crate::cmd::emulated::refuse;
use crate::contender::Contender;
use crate::recording::{header, note, stop_flag};
use bench_core::record::{Host, ToolInfo};
use reports::baseline::{Baseline, BaselineError, Stage};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Runs the command: its plan is that of the baseline, or less of it, and its control is this program once more.
///
/// # Errors
/// One line that says what is wrong and what to do; what was measured until then is kept.
pub(super) fn run(
    args: &CheckArgs,
    file: &Path,
    contenders: &[Contender],
    host: &Host,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let baseline = match Baseline::read(file) {
        Ok(baseline) => baseline,
        Err(error @ BaselineError::Schema { .. }) => {
            note(&error.to_string());
            return Ok(ExitCode::from(HOSTS_EXIT_CODE));
        }
        Err(error) => return Err(error.into()),
    };
    // The difference of the hosts would say it too, but not why.
    refuse(host, "check")?;
    if let Some(words) = misfit(file, &baseline, host, &header::tool()) {
        note(&words);
        return Ok(ExitCode::from(HOSTS_EXIT_CODE));
    }
    let plan = plan::of_baseline(args, &baseline, contenders, host)?;
    let words = format!("{}, accepted at {}", file.display(), baseline.accepted_at);
    if args.dry_run {
        return print(&plan, 2, &words, &[], out);
    }
    let stop = stop_flag()?;
    let parties = vec![
        Party::of_this_program("candidate")?,
        Party::of_this_program("control")?,
    ];
    let settings = settings(args, words);
    let judged = |first: &Sides, second: Option<&Sides>| {
        baseline.check(stage(first), second.map(stage), &settings)
    };
    let gate = Gate::new(args, contenders, parties, &stop, &plan, Vec::new())?;
    gate.run(&plan, &[&baseline.reference], &judged, out)
}

/// Candidate and control for the baseline.
fn stage(sides: &Sides) -> Stage<'_> {
    Stage {
        candidate: &sides.runs[0],
        control: &sides.runs[1],
    }
}

/// Why a baseline says nothing about what is here, if so.
fn misfit(file: &Path, baseline: &Baseline, host: &Host, tool: &ToolInfo) -> Option<String> {
    let differences = baseline.misfits(host, tool);
    let lines: Vec<String> = differences.iter().map(|d| format!("\n  {d}")).collect();
    (!lines.is_empty()).then(|| {
        format!(
            "the baseline {} was measured on another host, on one that was set up differently, or by another build, so that it says nothing here; measure this one and accept that run with `vmalock baseline accept`, or check against a revision with --against:{}",
            file.display(),
            lines.concat()
        )
    })
}
