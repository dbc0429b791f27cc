//! A check as it is kept in a file.

use anyhow::Context;
use reports::check::Check;
use std::path::Path;

/// The check of an output folder.
pub(super) const CHECK_FILE: &str = "check.json";

/// Reads a check from its file, or from the folder that it is in.
///
/// # Errors
/// When the file cannot be read, or is no check: with the line and the field that is wrong.
pub(super) fn read(path: &Path) -> anyhow::Result<Check> {
    let file = if path.is_dir() {
        path.join(CHECK_FILE)
    } else {
        path.to_owned()
    };
    let text = std::fs::read_to_string(&file).with_context(|| {
        format!(
            "{} cannot be read; give the {CHECK_FILE} that `vmalock check --out DIR` wrote",
            file.display()
        )
    })?;
    serde_json::from_str(&text).with_context(|| {
        format!(
            "{} is no check, or one of another version of vmalock; check again",
            file.display()
        )
    })
}
