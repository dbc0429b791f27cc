//! `vmalock baseline accept`: a run becomes the measure of later checks.

use crate::args::AcceptArgs;
use crate::cmd::compare::{HOSTS_EXIT_CODE, INCONCLUSIVE_EXIT_CODE};
use crate::cmd::report::{records_at, write_whole};
use crate::cmd::verify::BROKEN_EXIT_CODE;
use crate::names;
use anyhow::{Context, bail};
use reports::Run;
use reports::baseline::{Baseline, BaselineError, Refusal};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

/// The locks that others are measured by when the user names none; the first that the run has. Neither is a design that is
/// worked on here, so that a change of the code leaves it alone.
const REFERENCES: [&str; 2] = ["std-rwlock", "rwsem"];

/// Runs the command. A run that is no measure is said on `err`, with an exit code by the reason.
///
/// # Errors
/// When the run cannot be read, the reference is not in it, or the file cannot be written.
pub(super) fn run(
    args: &AcceptArgs,
    out: &mut impl Write,
    err: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let run = reports::load(&records_at(&args.run))?;
    let reference = reference(&run, args.reference.as_deref())?;
    // Before the long work: what lies there may not be ours.
    let old = old_file(&args.out)?;
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let (baseline, notes) = match Baseline::of(&run, reference, &args.reason, &now) {
        Ok(made) => made,
        Err(refusal) => {
            writeln!(err, "vmalock: {}: {refusal}", run.file.display())?;
            return Ok(ExitCode::from(exit_code(&refusal)));
        }
    };
    write_whole(&args.out, baseline.text().as_bytes()).with_context(|| {
        format!(
            "the baseline cannot be written to {}; make room there or name another file with --out",
            args.out.display()
        )
    })?;
    say(&baseline, &old, &notes, &args.out, out)
}

/// The lock that the user named, or the first of ours that the run has.
fn reference<'a>(run: &'a Run, asked: Option<&'a str>) -> anyhow::Result<&'a str> {
    let known: Vec<&str> = run.header.locks.iter().map(|l| l.name.as_str()).collect();
    if let Some(name) = asked {
        names::check("lock of the run", name, &known)?;
        return Ok(name);
    }
    match REFERENCES.into_iter().find(|name| known.contains(name)) {
        Some(name) => Ok(name),
        None => bail!(
            "the run has none of {}, so there is no lock to measure the others by; name one with --reference, the run has: {}",
            REFERENCES.join(" and "),
            known.join(", ")
        ),
    }
}

/// What is overwritten.
enum Old {
    Nothing,
    Baseline(Box<Baseline>),
    OtherSchema(u64),
}

/// A baseline may be overwritten, since it lies in git; nothing else is.
fn old_file(path: &Path) -> anyhow::Result<Old> {
    if !path.exists() {
        return Ok(Old::Nothing);
    }
    match Baseline::read(path) {
        Ok(old) => Ok(Old::Baseline(Box::new(old))),
        Err(BaselineError::Schema { schema, .. }) => Ok(Old::OtherSchema(schema)),
        Err(error) => bail!(
            "{} is there and is no baseline that can be read, so it is not overwritten; remove it, or name another file with --out ({error})",
            path.display()
        ),
    }
}

/// A lock that broke its contract, a run that is too noisy and one that was emulated have codes of their own.
fn exit_code(refusal: &Refusal) -> u8 {
    match refusal {
        Refusal::Unverified(_) => BROKEN_EXIT_CODE,
        Refusal::TooNoisy(_) => INCONCLUSIVE_EXIT_CODE,
        Refusal::Emulated(_) => HOSTS_EXIT_CODE,
        _ => crate::USAGE_EXIT_CODE,
    }
}

/// What was accepted, and what it changes.
fn say(
    baseline: &Baseline,
    old: &Old,
    notes: &[String],
    path: &Path,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    match old {
        Old::Nothing => {}
        Old::OtherSchema(schema) => writeln!(
            out,
            "the old baseline is of schema {schema}: what changes cannot be told"
        )?,
        Old::Baseline(old) => {
            let changes = baseline.changes_from(old);
            let nothing = "nothing changes but the reason and the time\n".to_owned();
            write!(
                out,
                "{}",
                if changes.is_empty() { nothing } else { changes }
            )?;
        }
    }
    for note in notes {
        writeln!(out, "- {note}")?;
    }
    writeln!(
        out,
        "baseline: {} (ratios to {}: {}, each of {} processes); commit it",
        path.display(),
        baseline.reference,
        baseline.entries.len(),
        baseline.processes
    )?;
    Ok(ExitCode::SUCCESS)
}
