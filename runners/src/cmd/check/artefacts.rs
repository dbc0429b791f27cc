//! The files of a check.

use anyhow::{Context, bail};
use reports::check::Check;
use std::fs;
use std::path::Path;

/// Makes the directory, or finds it empty.
///
/// # Errors
/// When there is something in it, or it cannot be made.
pub(super) fn make_directory(directory: &Path) -> anyhow::Result<()> {
    let shown = directory.display();
    let mut entries = fs::create_dir_all(directory)
        .and_then(|()| fs::read_dir(directory))
        .with_context(|| {
            format!("the directory {shown} cannot be made; name another one with --out")
        })?;
    if entries.next().is_some() {
        bail!(
            "the directory {shown} is not empty, and a check is never overwritten; name a new one with --out"
        );
    }
    Ok(())
}

/// Writes the check as data and as a table.
///
/// # Errors
/// When one of them cannot be written.
pub(super) fn write(directory: &Path, check: &Check) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(check)? + "\n";
    for (name, text) in [("check.json", json), ("check.txt", check.to_string())] {
        let path = directory.join(name);
        fs::write(&path, text)
            .with_context(|| format!("{} cannot be written; make room there", path.display()))?;
    }
    Ok(())
}
