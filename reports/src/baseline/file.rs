//! The file: what is written, and what is wrong with one that cannot be read.

use super::lines::LinePerEntry;
use super::{Baseline, RECORD, SCHEMA};
use serde::{Deserialize, Serialize};
use serde_json::ser::Serializer;
use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why there is no baseline to compare with; each says what to do.
#[derive(Debug, Error)]
pub enum BaselineError {
    /// The file cannot be opened or read.
    #[error("the baseline `{0}` cannot be read ({source}): make one with `vmalock baseline accept RUN`", file.display())]
    Unreadable {
        /// The path.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else than what `baseline accept` writes.
    #[error("`{0}` is not a baseline ({what}): give a file that `vmalock baseline accept` wrote", file.display())]
    NotABaseline {
        /// The path.
        file: PathBuf,
        /// What is wrong, with line and column.
        what: String,
    },
    /// A baseline with an error in it.
    #[error("the baseline `{0}` is damaged ({what}): restore it from git, or make it again with `vmalock baseline accept RUN`", file.display())]
    Damaged {
        /// The path.
        file: PathBuf,
        /// What is wrong, with line, column and field.
        what: String,
    },
    /// A baseline of another schema.
    #[error("the baseline `{0}` is written in schema {schema}, and this build reads schema {SCHEMA}: {1}", file.display(), of_schema(*.schema))]
    Schema {
        /// The path.
        file: PathBuf,
        /// The schema of the file.
        schema: u64,
    },
}

fn of_schema(schema: u64) -> &'static str {
    if schema > u64::from(SCHEMA) {
        "it is newer; use the version of vmalock that wrote it"
    } else {
        "it is older; make it again with `vmalock baseline accept RUN`"
    }
}

/// The fields that say what a file is.
#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(borrow)]
    record: Option<Cow<'a, str>>,
    schema: Option<u64>,
}

impl Baseline {
    /// The baseline in the file `path`.
    ///
    /// # Errors
    /// When it cannot be read, is not a baseline, is damaged or is of another schema.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let file = path.to_path_buf();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                let what = "it is not UTF-8".to_owned();
                return Err(BaselineError::NotABaseline { file, what });
            }
            Err(source) => return Err(BaselineError::Unreadable { file, source }),
        };
        // A file that is cut or edited still begins as a baseline does.
        let begins_well = text
            .lines()
            .take(3)
            .any(|line| line.replace(' ', "").starts_with("\"record\":\"baseline\""));
        let wrong = |what: String| {
            let file = file.clone();
            if begins_well {
                BaselineError::Damaged { file, what }
            } else {
                BaselineError::NotABaseline { file, what }
            }
        };
        let tag: Tag<'_> = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if tag.record.as_deref() != Some(RECORD) {
            let what = "JSON, but its field `record` is not `baseline`".to_owned();
            return Err(BaselineError::NotABaseline { file, what });
        }
        if let Some(schema) = tag.schema.filter(|schema| *schema != u64::from(SCHEMA)) {
            return Err(BaselineError::Schema { file, schema });
        }
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        let baseline: Self = serde_path_to_error::deserialize(&mut deserializer)
            .map_err(|error| wrong(format!("`{}`: {}", error.path(), error.inner())))?;
        baseline.check_order().map_err(wrong)?;
        Ok(baseline)
    }

    /// The text of its file: a line for each field and for each entry.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes = Vec::new();
        let mut serializer = Serializer::with_formatter(&mut bytes, LinePerEntry::default());
        self.serialize(&mut serializer)
            .expect("names are text and memory takes what is written");
        bytes.push(b'\n');
        String::from_utf8(bytes).expect("JSON is UTF-8")
    }

    /// Two entries of one name are what a merge leaves that kept both sides.
    fn check_order(&self) -> Result<(), String> {
        for pair in self.entries.windows(2) {
            if pair[0].key() >= pair[1].key() {
                return Err(format!(
                    "`entries`: `{}` stands twice or before its place",
                    pair[1].name()
                ));
            }
        }
        Ok(())
    }
}
