//! `vmalock verify`: the contract suite on every lock.

use crate::args::VerifyArgs;
use crate::contender::Contender;
use crate::names;
use crate::verify::Finding;
use std::io::Write;
use std::process::ExitCode;

/// The exit code when a lock broke its contract.
pub const BROKEN_EXIT_CODE: u8 = 5;

/// Runs the command.
///
/// # Errors
/// When a name is unknown or standard output cannot be written.
pub fn run(
    args: &VerifyArgs,
    contenders: &[Contender],
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let known: Vec<&str> = contenders.iter().map(Contender::name).collect();
    for name in &args.lock {
        names::check("lock", name, &known)?;
    }
    let chosen = contenders.iter().filter(|contender| {
        args.lock.is_empty() || args.lock.iter().any(|name| name == contender.name())
    });
    let mut sound = true;
    for contender in chosen {
        let findings = contender.verify();
        sound &= if contender.excludes() {
            tell_lock(contender.name(), &findings, out)?
        } else {
            tell_control(contender.name(), &findings, out)?
        };
    }
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(BROKEN_EXIT_CODE)
    })
}

/// A lock that claims to exclude keeps every rule.
fn tell_lock(name: &str, findings: &[Finding], out: &mut impl Write) -> anyhow::Result<bool> {
    let broken: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.seen.is_some())
        .collect();
    if broken.is_empty() {
        writeln!(out, "{name:26} keeps all {} rules", findings.len())?;
        return Ok(true);
    }
    writeln!(
        out,
        "{name:26} BROKEN: {} of {} rules",
        broken.len(),
        findings.len()
    )?;
    for finding in broken {
        let seen = finding.seen.as_deref().unwrap_or_default();
        writeln!(
            out,
            "  {}: {seen}. The rule: {}.",
            finding.check, finding.rule
        )?;
    }
    Ok(false)
}

/// A control that excludes nobody has to break every rule of exclusion that needs no luck, or the suite sees nothing.
fn tell_control(name: &str, findings: &[Finding], out: &mut impl Write) -> anyhow::Result<bool> {
    let caught = findings
        .iter()
        .filter(|finding| finding.seen.is_some())
        .count();
    let missed: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.about_exclusion && finding.certain && finding.seen.is_none())
        .collect();
    if missed.is_empty() && caught > 0 {
        writeln!(
            out,
            "{name:26} excludes nobody, as it says: caught by {caught} rules"
        )?;
        return Ok(true);
    }
    writeln!(
        out,
        "{name:26} BROKEN SUITE: a lock that excludes nobody passes"
    )?;
    for finding in missed {
        writeln!(
            out,
            "  {}: saw nothing. The rule: {}.",
            finding.check, finding.rule
        )?;
    }
    Ok(false)
}
