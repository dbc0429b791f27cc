//! Runs that were made under an emulator.
//!
//! An emulator computes what a processor would do, in a time that has nothing to do with it. What such a run tells is whether
//! the locks excluded; its times, rates and counts are told by nothing here.

use crate::digest::{Digest, Setting};
use crate::read::Run;
use crate::{plain, words};
use std::path::PathBuf;
use thiserror::Error;

/// A run that is refused where numbers are compared.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{}` was emulated, by {emulator}: no timing in it means anything, so nothing is compared with it; measure on a machine of the program's own architecture", .file.display())]
pub struct Emulated {
    /// Its file.
    pub file: PathBuf,
    /// What ran the program in the place of a processor.
    pub emulator: String,
}

/// Refuses a run whose numbers are those of an emulator.
///
/// # Errors
/// When it is one.
pub fn refuse_emulated(run: &Run) -> Result<(), Emulated> {
    match &run.header.host.emulator {
        None => Ok(()),
        Some(emulator) => Err(Emulated {
            file: run.file.clone(),
            emulator: emulator.clone(),
        }),
    }
}

/// What stands at the top of all that is shown of such a run, as a sentence without a full stop.
pub(crate) fn banner(emulator: &str) -> String {
    format!(
        "EMULATED, by {emulator}: no timing means anything, so there is no rate, no rank and no ratio here; what a run under emulation tells is whether the locks excluded"
    )
}

/// What such a run did in one setting, as the head and the lines of a table.
pub(crate) struct Verified {
    pub(crate) title: String,
    /// The lock, its measured cells, and how they were verified.
    pub(crate) lines: Vec<(usize, u64, String)>,
}

pub(crate) const VERIFIED_HEADS: [&str; 3] = ["lock", "cells", "verified"];

/// Every setting of such a run.
pub(crate) fn verified(digest: &Digest<'_>) -> Vec<Verified> {
    let of = |setting: &Setting<'_>| Verified {
        title: format!(
            "{}, {}, placement {}",
            setting.workload,
            words::count(u64::from(setting.threads), "thread"),
            setting.placement
        ),
        lines: setting
            .tallies
            .iter()
            .map(|tally| {
                let control = digest.locks[tally.lock].control;
                let words = match (control, tally.measured, tally.unverified) {
                    (true, ..) => "control".to_owned(),
                    (_, 0, _) => "–".to_owned(),
                    (_, _, 0) => "yes".to_owned(),
                    (_, measured, n) => format!("{n}/{measured} NOT"),
                };
                (tally.lock, tally.measured, words)
            })
            .collect(),
    };
    digest.settings.iter().map(of).collect()
}

/// Such a run as plain text, without what stands below the tables.
pub(crate) fn summary(digest: &Digest<'_>, emulator: &str) -> String {
    let mut out = String::new();
    plain::wrap(&mut out, "", &format!("{}.", banner(emulator)));
    out.push('\n');
    for setting in verified(digest) {
        out += &setting.title;
        out.push('\n');
        let mut lines = vec![VERIFIED_HEADS.map(str::to_owned).to_vec()];
        lines.extend(setting.lines.into_iter().map(|(lock, cells, verified)| {
            vec![
                digest.locks[lock].name.to_owned(),
                cells.to_string(),
                verified,
            ]
        }));
        plain::columns(&mut out, &lines);
        out.push('\n');
    }
    out
}
