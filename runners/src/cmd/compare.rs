//! `vmalock compare`: two locks of one run, or two runs of one host.

use super::report::records_at;
use crate::args::CompareArgs;
use crate::names;
use anyhow::bail;
use reports::Run;
use reports::compare::{CompareError, Comparison};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// The exit code when the comparison has no verdict at all.
pub const INCONCLUSIVE_EXIT_CODE: u8 = 3;
/// The exit code when the runs are of two hosts, or of none: their program was emulated.
pub const HOSTS_EXIT_CODE: u8 = 4;

/// Runs the command. Lines that are no records are named on `err`; the comparison is made of the others and the exit code
/// is 2.
///
/// # Errors
/// When a run has no good line, a lock is not in it, it is the same run twice, or the table cannot be printed.
pub fn run(
    args: &CompareArgs,
    out: &mut impl Write,
    err: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let one = load(&args.one, &args.locks, err)?;
    let Some(other) = &args.other else {
        let [first, second] = args.locks.as_slice() else {
            bail!(
                "with one run, --locks takes two locks, such as --locks rwsem,refcount; or give another run"
            );
        };
        if first == second {
            bail!("`{first}` is compared with itself: give two locks, or two runs");
        }
        let comparison = reports::compare::locks(&one, [first, second], args.margin);
        return told(comparison, one.problems.is_empty(), out, err);
    };
    let other = load(other, &args.locks, err)?;
    let whole = one.problems.is_empty() && other.problems.is_empty();
    let comparison = reports::compare::runs([&one, &other], &args.locks, args.margin);
    told(comparison, whole, out, err)
}

/// The comparison on `out`, or on `err` why the hosts of the runs do not allow it.
fn told(
    comparison: Result<Comparison, CompareError>,
    whole: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    match comparison {
        Ok(comparison) => print(&comparison, whole, out),
        Err(hosts @ (CompareError::Hosts(_) | CompareError::Emulated(_))) => {
            writeln!(err, "vmalock: {hosts}")?;
            Ok(ExitCode::from(HOSTS_EXIT_CODE))
        }
        Err(other) => Err(other.into()),
    }
}

/// A run, which has these locks.
fn load(path: &Path, locks: &[String], err: &mut impl Write) -> anyhow::Result<Run> {
    let run = reports::load(&records_at(path))?;
    for problem in &run.problems {
        writeln!(err, "vmalock: {problem}")?;
    }
    let known: Vec<&str> = run.header.locks.iter().map(|l| l.name.as_str()).collect();
    for name in locks {
        names::check("lock", name, &known)?;
    }
    Ok(run)
}

fn print(comparison: &Comparison, whole: bool, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    write!(out, "{comparison}")?;
    Ok(match (whole, comparison.says_something()) {
        (false, _) => ExitCode::from(crate::USAGE_EXIT_CODE),
        (true, false) => ExitCode::from(INCONCLUSIVE_EXIT_CODE),
        (true, true) => ExitCode::SUCCESS,
    })
}
