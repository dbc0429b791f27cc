//! The files of a check.

use anyhow::Context;
use reports::check::Check;
use std::fs;
use std::path::Path;

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
