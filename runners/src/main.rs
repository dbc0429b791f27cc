//! The `vmalock` program with the locks of the catalogue.

use std::process::ExitCode;

fn main() -> ExitCode {
    runners::main_with(&runners::contender::catalogue())
}
