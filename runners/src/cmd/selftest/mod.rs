//! `vmalock selftest`: the gate judged by itself, on this machine.

mod aa;
mod args;
mod gate;
mod inject;
mod log;
mod series;

pub use args::{AaArgs, GateArgs, InjectArgs, Question, SelftestArgs};

use crate::contender::Contender;
use std::io::Write;
use std::process::ExitCode;

/// Runs the command.
///
/// # Errors
/// One line that says what is wrong and what to do; what was measured until then is kept.
pub fn run(
    args: &SelftestArgs,
    contenders: &[Contender],
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    match &args.what {
        Question::Aa(args) => aa::run(args, contenders, out),
        Question::Inject(args) => inject::run(args, contenders, out),
    }
}
