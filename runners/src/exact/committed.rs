//! Where the files of counts lie, one for each architecture and compiler.

use super::this_build;
use anyhow::{Context, bail};
use reports::exact::ExactFile;
use std::path::{Path, PathBuf};

/// Their directory in a checkout.
const DIRECTORY: &str = "runners/exact";

/// The file that a user named, or that of this build in the checkout around the working directory, whether it is there or not.
///
/// # Errors
/// When none is named and there is no checkout.
pub(crate) fn committed(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(file) = named {
        return Ok(file.to_owned());
    }
    let here = std::env::current_dir().context("the working directory is not known")?;
    let root = here
        .ancestors()
        .find(|directory| directory.join("runners/Cargo.toml").is_file());
    let root = root.with_context(|| {
        format!(
            "{} is in no checkout of vmalock, where {DIRECTORY} is: go to one, or name a file",
            here.display()
        )
    })?;
    Ok(root.join(DIRECTORY).join(file_name()))
}

/// The name of this build's file: `x86_64-rustc-1.95.0.json`.
fn file_name() -> String {
    let build = this_build();
    let architecture = build.target.split('-').next().unwrap_or_default();
    let version = build.rustc.split(' ').nth(1).unwrap_or("unknown");
    format!("{architecture}-rustc-{version}.json")
}

/// Reads a file of counts.
///
/// # Errors
/// When it cannot be read or is something else; both name the file.
pub(crate) fn read(file: &Path) -> anyhow::Result<ExactFile> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    ExactFile::parse(&text)
        .with_context(|| format!("{} is no file of `vmalock baseline exact`", file.display()))
}

/// Whether this is a build whose instructions are worth counting.
///
/// # Errors
/// When it is a debug build.
pub(crate) fn check_release(command: &str) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        bail!(
            "this is a debug build, whose instructions say nothing: run `cargo run --release -- {command}`"
        );
    }
    Ok(())
}
