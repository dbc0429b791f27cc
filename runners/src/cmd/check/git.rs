//! Asking git.

use anyhow::Context;
use std::path::Path;
use std::process::Command;

/// What git prints, or, when it fails, what it complains of.
///
/// # Errors
/// When there is no git.
pub(super) fn git(directory: &Path, words: &[&str]) -> anyhow::Result<Result<String, String>> {
    let output = Command::new("git")
        // A hook of the user's has nothing to do with a worktree that is there for minutes.
        .args(["-c", "core.hooksPath=/dev/null"])
        .args(words)
        .current_dir(directory)
        .output()
        .context("git cannot be started; install it, or use --against-binary")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Ok(if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    })
}
