//! `vmalock host`: what this machine is and what stands in the way of a good measurement.

use crate::args::HostArgs;
use crate::clock::{self, Clock};
use crate::host;
use bench_core::record::{ClockInfo, Host};
use serde::Serialize;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// The longest that the topology is measured.
pub const MEASURE_BUDGET: Duration = Duration::from_millis(1500);

/// What `--json` prints.
#[derive(Serialize)]
struct Answer<'a> {
    host: &'a Host,
    clock: &'a ClockInfo,
    warnings: &'a [String],
}

/// Looks at the machine and measures it. Under an emulator there is no machine to be measured.
#[must_use]
pub fn look() -> (Host, Clock, Vec<String>) {
    let (mut host, mut warnings) = host::read(Path::new("/"));
    let clock = Clock::calibrate();
    warnings.extend(clock::doubts(&clock.info()));
    if host.emulator.is_some() {
        return (host, clock, warnings);
    }
    let measured = host::measure::measure(&host, &clock, MEASURE_BUDGET);
    warnings.extend(measured.contradictions.iter().cloned());
    host.measured = Some(measured);
    (host, clock, warnings)
}

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &HostArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let (host, clock, warnings) = look();
    let clock = clock.info();
    if args.json {
        let answer = Answer {
            host: &host,
            clock: &clock,
            warnings: &warnings,
        };
        writeln!(out, "{}", serde_json::to_string_pretty(&answer)?)?;
    } else {
        write!(out, "{}", host::describe(&host, &warnings))?;
        let claimed = clock.claimed_ticks_per_s;
        let claimed = claimed.map_or_else(String::new, |rate| {
            format!(", of which a register claims {rate}")
        });
        writeln!(
            out,
            "clock: {} ({}); {} ticks per second{claimed}; step {} ns, cost of a reading {} ns, drift {} ppm",
            clock.kind,
            clock.why,
            clock.ticks_per_s,
            clock.quantum_ns,
            clock.cost_ns,
            clock.drift_ppm
        )?;
    }
    Ok(ExitCode::SUCCESS)
}
