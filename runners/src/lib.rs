//! All effects of vmalock: worker threads, pinning, clock, counters, processes and the command line.
//!
//! A program with a lock of your own is one call of [`main_with`]; see `runners/examples/`.

pub mod args;
pub mod clock;
pub mod cmd;
pub mod contender;
pub mod counters;
pub mod delay;
pub mod engine;
pub mod exact;
mod hints;
pub mod host;
pub mod injected;
mod membarrier;
mod names;
pub mod native;
pub mod noise;
mod panics;
pub mod pin;
mod plan_of;
mod plan_words;
mod recording;
pub mod session;
pub mod stand;
pub mod verify;

use args::{Cli, Command};
use clap::Parser;
use cmd::compare::HOSTS_EXIT_CODE;
use cmd::emulated::EmulatedHost;
use contender::Contender;
use std::io::{ErrorKind, Write, stderr, stdin, stdout};
use std::process::ExitCode;

/// The exit code for what a user can mend: usage, configuration, input and output.
const USAGE_EXIT_CODE: u8 = 2;

/// The whole program, with these locks. Reads the command line; a usage error ends the process with exit code 2.
#[must_use]
pub fn main_with(contenders: &[Contender]) -> ExitCode {
    // Before anything is pinned.
    let _ = pin::allowed_cpus();
    panics::keep();
    let cli = Cli::parse();
    let mut out = stdout();
    let done = match cli.command {
        Command::Run(args) => cmd::run::run(&args, contenders, &mut out),
        Command::List(args) => cmd::list::run(&args, contenders, &mut out),
        Command::Host(args) => cmd::host::run(&args, &mut out),
        Command::Report(args) => cmd::report::run(&args, &mut out, &mut stderr()),
        Command::Compare(args) => cmd::compare::run(&args, &mut out, &mut stderr()),
        Command::Trend(args) => cmd::trend::run(&args, &mut out, &mut stderr()),
        Command::Baseline(command) => cmd::baseline::run(&command, &mut out, &mut stderr()),
        Command::Check(args) => cmd::check::run(&args, contenders, &mut out),
        Command::Selftest(args) => cmd::selftest::run(&args, contenders, &mut out),
        Command::Verify(args) => cmd::verify::run(&args, contenders, &mut out),
        Command::UncontendedPaths => exact::run_walk(contenders, &mut out),
        Command::MeasuringProcess(args) if args.protocol => writeln!(out, "{}", session::PROTOCOL)
            .map(|()| ExitCode::SUCCESS)
            .map_err(Into::into),
        Command::MeasuringProcess(_) => Ok(session::run_child(contenders, stdin().lock(), out)),
    };
    done.unwrap_or_else(|error| {
        // Whoever read the output has enough, as `head` does: nothing is wrong.
        if !is_broken_pipe(&error) {
            // Nobody is left to tell when this fails.
            let _ = writeln!(stderr(), "vmalock: {error:#}");
        }
        ExitCode::from(exit_code(&error))
    })
}

/// Where times mean nothing there is nothing to mend, but another host to go to.
fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<EmulatedHost>() || error.is::<reports::Emulated>() {
        HOSTS_EXIT_CODE
    } else {
        USAGE_EXIT_CODE
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
