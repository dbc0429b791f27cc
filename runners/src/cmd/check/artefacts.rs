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

/// Writes the check as data and as a table; returns why one of them could not be written.
pub(super) fn write(directory: &Path, check: &Check) -> Vec<anyhow::Error> {
    let json = serde_json::to_string_pretty(check).map(|json| json + "\n");
    let files = [
        ("check.json", json.map_err(anyhow::Error::from)),
        ("check.txt", Ok(check.to_string())),
    ];
    let write = |(name, text): (&str, anyhow::Result<String>)| {
        let path = directory.join(name);
        text.and_then(|text| Ok(fs::write(&path, text)?))
            .with_context(|| format!("{} cannot be written; make room there", path.display()))
    };
    files
        .into_iter()
        .map(write)
        .filter_map(Result::err)
        .collect()
}
