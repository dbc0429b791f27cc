//! Counts without a clock ([`reports::exact`]): a program is asked for the sizes of its locks, and walks their paths under
//! callgrind, which executes it instruction by instruction.
//!
//! Under callgrind the clock and the number of the CPU are system calls, of which the kernel's part does not count. Waiting does
//! not occur: one thread, and nobody in its way.

mod callgrind;
mod committed;
mod walk;

pub use callgrind::{counter_version, paths_of};
pub(crate) use committed::{check_release, committed, read};
pub(crate) use walk::{WALK_COMMAND, Walk, run_walk, with_path};

use crate::recording::header::tool;
use reports::exact::{Build, Counts, Facts, LockPath};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use thiserror::Error;

/// Why nothing was counted.
#[derive(Debug, Error)]
pub enum Unavailable {
    /// There is no valgrind.
    #[error("valgrind is not installed: install the package `valgrind`")]
    NoValgrind,
    /// This program is emulated, and valgrind runs programs of its own processor only.
    #[error(
        "instructions are counted by valgrind on the program's own architecture, and this program is emulated, by {0}"
    )]
    Emulated(String),
    /// The program cannot be started.
    #[error("{} cannot be started: {why}", program.display())]
    NotStarted {
        /// The program.
        program: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// The program does not know the command: it is no vmalock, or an older one.
    #[error("{} has no command `{command}`: it is no vmalock, or of an older revision", program.display())]
    Unknown {
        /// The program.
        program: PathBuf,
        /// The command.
        command: &'static str,
    },
    /// The program failed, or answered with something else.
    #[error("{} {command}: {why}", program.display())]
    Failed {
        /// The program.
        program: PathBuf,
        /// The command.
        command: &'static str,
        /// What it said last.
        why: String,
    },
    /// The turns of a path are not all the same, so that there is no count of one.
    #[error("{lock} {}: its turns differ, so that none has a count of its own", path.word())]
    Unsteady {
        /// The lock.
        lock: String,
        /// The path.
        path: LockPath,
    },
}

/// The counts of a program: of the running one or of another build.
///
/// # Errors
/// Why nothing was counted. [`facts_of`] needs no valgrind.
pub fn of_program(program: &Path) -> Result<Counts, Unavailable> {
    let locks = facts_of(program)?;
    if let Some(emulator) = crate::host::emulator() {
        return Err(Unavailable::Emulated(emulator));
    }
    Ok(Counts {
        locks,
        paths: paths_of(program)?,
    })
}

/// What a program says of its locks without running them.
///
/// # Errors
/// When it is no vmalock.
pub fn facts_of(program: &Path) -> Result<BTreeMap<String, Facts>, Unavailable> {
    /// `list locks --json`; other fields are of no concern here.
    #[derive(Deserialize)]
    struct List {
        locks: Vec<Listed>,
    }
    /// One lock of it.
    #[derive(Deserialize)]
    struct Listed {
        name: String,
        vma_bytes: u64,
        mm_bytes: u64,
        read_rmws: Option<u64>,
        read_fences: Option<u64>,
    }
    const COMMAND: &str = "list";
    let output = answer(
        Command::new(program).args([COMMAND, "locks", "--json"]),
        program,
        COMMAND,
    )?;
    let list: List =
        serde_json::from_slice(&output.stdout).map_err(|error| Unavailable::Failed {
            program: program.to_owned(),
            command: COMMAND,
            why: error.to_string(),
        })?;
    let facts = |lock: Listed| {
        let facts = Facts {
            vma_bytes: lock.vma_bytes,
            mm_bytes: lock.mm_bytes,
            read_rmws: lock.read_rmws,
            read_fences: lock.read_fences,
        };
        (lock.name, facts)
    };
    Ok(list.locks.into_iter().map(facts).collect())
}

/// What decides, beside its text, which instructions the running program has.
#[must_use]
pub fn this_build() -> Build {
    let tool = tool();
    Build {
        target: tool.target,
        rustc: tool.rustc,
        target_features: env!("VMALOCK_TARGET_FEATURES").to_owned(),
        atomics: tool.atomics,
    }
}

/// Runs a command of a program to its end, which has to be a good one.
fn answer(
    call: &mut Command,
    program: &Path,
    command: &'static str,
) -> Result<Output, Unavailable> {
    let output = call.output().map_err(|why| match why.kind() {
        ErrorKind::NotFound if call.get_program() == callgrind::VALGRIND => Unavailable::NoValgrind,
        _ => Unavailable::NotStarted {
            program: call.get_program().into(),
            why,
        },
    })?;
    if output.status.success() {
        return Ok(output);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    if complaint.contains("unrecognized subcommand") {
        return Err(Unavailable::Unknown {
            program: program.to_owned(),
            command,
        });
    }
    let last = complaint.lines().rfind(|line| !line.trim().is_empty());
    Err(Unavailable::Failed {
        program: program.to_owned(),
        command,
        why: format!("{}: {}", output.status, last.unwrap_or("it said nothing")),
    })
}
