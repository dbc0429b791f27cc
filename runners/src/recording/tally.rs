//! Cells counted by how they ended.

use super::note;
use crate::cmd::verify::BROKEN_EXIT_CODE;
use crate::contender::Contender;
use bench_core::record::{Cell, Status};
use std::process::ExitCode;

/// The exit code of a run that is not complete.
const INCOMPLETE_EXIT_CODE: u8 = 3;

/// Cells by how they ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Measured.
    pub(crate) ok: u64,
    /// Not measured.
    pub(crate) error: u64,
    /// Cells whose lock claims to exclude and did not, or hung.
    pub(crate) broken: u64,
}

impl Tally {
    /// One more.
    pub(crate) fn add(&mut self, cell: &Cell, contenders: &[Contender]) {
        match cell.status {
            Status::Ok => self.ok += 1,
            Status::Error => self.error += 1,
        }
        let excludes = contenders
            .iter()
            .any(|contender| contender.name() == cell.lock && contender.excludes());
        let hung = cell
            .error
            .as_deref()
            .is_some_and(|error| error.starts_with("the lock hangs"));
        self.broken += u64::from(hung || excludes && cell.verified == Some(false));
    }

    /// What the program ends with; says on standard error why it is not 0.
    pub(crate) fn exit_code(&self, complete: bool) -> ExitCode {
        if self.broken > 0 {
            note(&format!(
                "a lock broke its contract in {} of the cells; they are not shown as results",
                self.broken
            ));
            ExitCode::from(BROKEN_EXIT_CODE)
        } else if self.error > 0 {
            note(&format!(
                "{} of the cells could not be measured; the report says why",
                self.error
            ));
            ExitCode::from(INCOMPLETE_EXIT_CODE)
        } else if !complete {
            ExitCode::from(INCOMPLETE_EXIT_CODE)
        } else {
            ExitCode::SUCCESS
        }
    }
}
