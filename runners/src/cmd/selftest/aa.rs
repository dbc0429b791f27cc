//! `vmalock selftest aa`: this program against itself.

use super::AaArgs;
use super::gate::Gate;
use super::series::{self, Defaults, Series};
use crate::contender::Contender;
use crate::host;
use reports::selftest::FalseAlarms;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// As `check` does it: alone, and all CPUs at once.
pub(super) const DEFAULTS: Defaults = Defaults {
    threads: |cpus| vec![1, cpus],
    window_ms: 10,
};

/// Runs the command.
///
/// # Errors
/// One line that says what is wrong and what to do; what was measured until then is kept.
pub(super) fn run(
    args: &AaArgs,
    contenders: &[Contender],
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let (host, _) = host::read(Path::new("/"));
    let plan = series::plan(&args.gate, &DEFAULTS, contenders, &host)?;
    // Before the first file is made, so that no signal leaves half a line behind.
    let stop = series::stop()?;
    let words = "aa".to_owned();
    let mut series = Series::begin(words, args.reps, plan, &args.gate, contenders, &stop)?;
    series.announce(args.reps);
    let measured = measure(&mut series, args.reps);
    let told = FalseAlarms::of(&series.repetitions, args.reps);
    let ended = series.end(&told.to_string(), told.outcome(), out);
    // The first thing that went wrong is what the user has to know.
    measured.and(ended)
}

fn measure(series: &mut Series<'_>, repetitions: u32) -> anyhow::Result<()> {
    for number in 1..=repetitions {
        if series.repetitions.iter().any(|one| one.number == number) {
            continue;
        }
        let mut plan = series.asked.plan.clone();
        plan.seed = series.seed(number, 0);
        let gate = Gate {
            plan,
            baseline: None,
            candidate: None,
            two_stages: false,
        };
        let Some(judged) = series.measure(&gate)? else {
            return Ok(());
        };
        series.keep(number, &gate, judged, None, Vec::new())?;
    }
    Ok(())
}
