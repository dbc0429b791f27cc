//! A user's own workloads and settings, from TOML.

use super::Mode;
use crate::workload::{SpecError, WorkloadSpec};
use serde::Deserialize;
use thiserror::Error;

/// A file that `--spec` names. What it leaves out comes from the preset; a flag on the command line wins over it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecFile {
    /// Lock names.
    pub locks: Option<Vec<String>>,
    /// Names of presets that are measured besides the file's own workloads.
    pub workloads: Option<Vec<String>>,
    /// Thread counts.
    pub threads: Option<Vec<u32>>,
    /// Modes.
    pub modes: Option<Vec<Mode>>,
    /// Placements.
    pub placements: Option<Vec<String>>,
    /// Processes.
    pub processes: Option<u32>,
    /// Rounds in each process.
    pub rounds: Option<u32>,
    /// The window in milliseconds.
    pub window_ms: Option<u64>,
    /// The seed.
    pub seed: Option<u64>,
    /// The user's own workloads: `[[workload]]` tables.
    #[serde(default)]
    pub workload: Vec<WorkloadSpec>,
}

/// What is wrong with a spec file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SpecFileError {
    /// Not TOML, an unknown key or a value of the wrong kind. The text names line and column and, for a key or a word,
    /// what could stand there.
    #[error("{message}")]
    Toml {
        /// What the parser says, with the place.
        message: String,
        /// The key or word that is unknown, if that is what is wrong.
        unknown: Option<String>,
        /// What could stand in its place.
        expected: Vec<String>,
    },
    /// A workload outside its limits.
    #[error(transparent)]
    Workload(#[from] SpecError),
}

/// Reads a spec file's text.
///
/// # Errors
/// What is wrong first, and where.
pub fn parse(text: &str) -> Result<SpecFile, SpecFileError> {
    let file: SpecFile = toml::from_str(text).map_err(|error| from_toml(text, &error))?;
    for spec in &file.workload {
        spec.validate()?;
    }
    Ok(file)
}

/// The parser's message in one line, with the place in front and the unknown word taken out of it.
fn from_toml(text: &str, error: &toml::de::Error) -> SpecFileError {
    let place = error.span().map_or(String::new(), |span| {
        let before = &text[..span.start.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        format!("line {line}, column {column}: ")
    });
    let message = error.message().replace('\n', " ");
    let is_unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let mut quoted = message.split('`').skip(1).step_by(2).map(str::to_owned);
    let unknown = if is_unknown { quoted.next() } else { None };
    let expected = if is_unknown {
        quoted.collect()
    } else {
        Vec::new()
    };
    SpecFileError::Toml {
        message: format!("{place}{message}"),
        unknown,
        expected,
    }
}
