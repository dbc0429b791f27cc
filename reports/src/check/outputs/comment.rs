//! The body of a comment on a pull request or merge request.

use super::markdown;
use crate::check::Check;

/// The first line of the body, which no reader sees: by it the comment of the run before is found, to be replaced.
pub const MARKER: &str = "<!-- vmalock-check -->";

/// The longest body: GitHub takes 65536 characters, and a character has a byte at least.
pub const LIMIT_BYTES: usize = 65_536;

/// The body: the marker, and below it what the summary says, as much as there is room for.
#[must_use]
pub fn body(check: &Check) -> String {
    let room = LIMIT_BYTES - MARKER.len() - 1;
    format!("{MARKER}\n{}", markdown::page(check, room))
}
