//! `vmalock baseline`: what later checks are held against.

mod accept;
mod exact;

use crate::args::BaselineCommand;
use std::io::Write;
use std::process::ExitCode;

/// Runs the command.
///
/// # Errors
/// One line that says what is wrong and what to do.
pub fn run(
    command: &BaselineCommand,
    out: &mut impl Write,
    err: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    match command {
        BaselineCommand::Accept(args) => accept::run(args, out, err),
        BaselineCommand::Exact(args) => exact::run(args, out),
    }
}
