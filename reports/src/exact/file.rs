//! The file of counts that lies in git: JSON with a line for each lock and one for each path, sorted, so that the diff of a commit
//! says what became dearer.

use super::{Counts, Facts, LockPath, PathCounts};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use thiserror::Error;

/// The layout that this build writes and reads.
pub const SCHEMA: u32 = 1;

/// The counts of a build, and why they are as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExactFile {
    /// Why these counts were accepted.
    pub reason: String,
    /// The git revision of the program that was counted, with `-dirty` when its tree had changes; `None` outside a checkout.
    pub revision: Option<String>,
    /// The program that counted, with its version.
    pub counted_by: String,
    /// What the counts hold for.
    pub build: Build,
    /// The counts.
    pub counts: Counts,
}

/// What decides, beside the text, which instructions a program has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The target triple.
    pub target: String,
    /// `rustc -V` of the compiler.
    pub rustc: String,
    /// The target features that the compiler may use, with commas between them.
    pub target_features: String,
    /// How atomic operations are compiled, where there are several ways; as in the header of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atomics: Option<String>,
}

impl Build {
    /// Field by field what differs from this build, a sentence part each.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let atomics = |build: &Self| build.atomics.clone().unwrap_or_else(|| "not said".into());
        let fields = [
            ("target", &self.target, &other.target),
            ("compiler", &self.rustc, &other.rustc),
            (
                "target features",
                &self.target_features,
                &other.target_features,
            ),
            ("atomics", &atomics(self), &atomics(other)),
        ];
        fields
            .into_iter()
            .filter(|(_, one, two)| one != two)
            .map(|(field, one, two)| format!("{field}: {one}, and here {two}"))
            .collect()
    }
}

/// Why a text is no file of counts.
#[derive(Debug, Error)]
pub enum ExactFileError {
    /// Not such JSON; with the field, and the line and column in serde_json's words.
    #[error("{0}")]
    Malformed(String),
    /// Of another layout.
    #[error("it is of schema {0}, and this build reads schema {SCHEMA}")]
    Schema(u64),
    /// Two lines for one thing, as after a merge.
    #[error("it has {0} twice")]
    Twice(String),
}

/// The whole text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(rename = "schema")]
    _schema: u32,
    reason: String,
    revision: Option<String>,
    counted_by: String,
    build: Build,
    locks: Vec<LockLine>,
    paths: Vec<PathLine>,
}

#[derive(Serialize, Deserialize)]
struct LockLine {
    lock: String,
    #[serde(flatten)]
    facts: Facts,
}

#[derive(Serialize, Deserialize)]
struct PathLine {
    lock: String,
    path: LockPath,
    #[serde(flatten)]
    counts: PathCounts,
}

impl ExactFile {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is something else, of another layout, or says something twice.
    pub fn parse(text: &str) -> Result<Self, ExactFileError> {
        let value: serde_json::Value = serde_json::from_str(text)
            .map_err(|error| ExactFileError::Malformed(error.to_string()))?;
        match value.get("schema").and_then(serde_json::Value::as_u64) {
            Some(schema) if schema != u64::from(SCHEMA) => {
                return Err(ExactFileError::Schema(schema));
            }
            _ => {}
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let text: Text = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let (field, why) = (error.path().to_string(), error.inner());
            ExactFileError::Malformed(format!("field {field}: {why}"))
        })?;
        Ok(Self {
            counts: counts(text.locks, text.paths)?,
            reason: text.reason,
            revision: text.revision,
            counted_by: text.counted_by,
            build: text.build,
        })
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        let locks = self.counts.locks.iter().map(|(lock, facts)| {
            json(&LockLine {
                lock: lock.clone(),
                facts: *facts,
            })
        });
        let paths = self.counts.paths.iter().map(|((lock, path), counts)| {
            json(&PathLine {
                lock: lock.clone(),
                path: *path,
                counts: *counts,
            })
        });
        let mut text = String::from("{\n");
        let fields = [
            ("schema", json(&SCHEMA)),
            ("reason", json(&self.reason)),
            ("revision", json(&self.revision)),
            ("counted_by", json(&self.counted_by)),
            ("build", json(&self.build)),
        ];
        for (name, value) in fields {
            let _ = writeln!(text, "  {}: {value},", json(&name));
        }
        let _ = writeln!(text, "  \"locks\": [\n{}\n  ],", lines(locks));
        let _ = writeln!(text, "  \"paths\": [\n{}\n  ]\n}}", lines(paths));
        text
    }
}

/// The counts of all lines, of which no two are of one thing.
fn counts(locks: Vec<LockLine>, paths: Vec<PathLine>) -> Result<Counts, ExactFileError> {
    let mut counts = Counts::default();
    for line in locks {
        if counts.locks.insert(line.lock.clone(), line.facts).is_some() {
            return Err(ExactFileError::Twice(line.lock));
        }
    }
    for line in paths {
        let key = (line.lock.clone(), line.path);
        if counts.paths.insert(key, line.counts).is_some() {
            let twice = format!("the {} of {}", line.path.word(), line.lock);
            return Err(ExactFileError::Twice(twice));
        }
    }
    Ok(counts)
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers are JSON")
}

fn lines(values: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> = values.map(|value| format!("    {value}")).collect();
    lines.join(",\n")
}
