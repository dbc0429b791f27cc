//! Commands that compare times refuse to run where there are none.

use bench_core::record::Host;
use thiserror::Error;

/// Why a command does nothing: what it would measure are times of an emulator. The exit code is that of hosts that do not match.
#[derive(Debug, Error)]
#[error(
    "this program is emulated, by {emulator}: no timing means anything, so `{command}` does not begin; run it on a machine of the program's own architecture (`run` and `verify` work here and check that the locks exclude)"
)]
pub struct EmulatedHost {
    command: &'static str,
    emulator: String,
}

/// Refuses a command that compares times on an emulated host.
///
/// # Errors
/// When it is one.
pub(crate) fn refuse(host: &Host, command: &'static str) -> Result<(), EmulatedHost> {
    match host.emulator.clone() {
        None => Ok(()),
        Some(emulator) => Err(EmulatedHost { command, emulator }),
    }
}
