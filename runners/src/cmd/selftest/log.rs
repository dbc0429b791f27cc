//! The file of a self-test: what was asked, then a line for each repetition, written when it ends.

use anyhow::{Context, bail};
use bench_core::plan::Plan;
use bench_core::record::ToolInfo;
use reports::selftest::Repetition;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The file's name in its directory.
pub(super) const LOG_FILE: &str = "repetitions.jsonl";

/// The first line: a self-test is taken up again only if all of it is the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    /// `aa`, or the kind of harm with its sizes.
    pub(super) selftest: String,
    /// Repetitions, of each kind of harm.
    pub(super) repetitions: u32,
    /// What a gate measures. Its seed is that of the whole self-test.
    pub(super) plan: Plan,
    /// The build.
    pub(super) tool: ToolInfo,
    /// The machine, in words.
    pub(super) host: String,
}

/// The file, open for appending.
pub(super) struct Log {
    pub(super) directory: PathBuf,
    path: PathBuf,
    file: File,
}

impl Log {
    /// A new file in a directory that does not exist or is empty.
    ///
    /// # Errors
    /// When there is something in it, or it cannot be made or written.
    pub(super) fn create(directory: &Path, asked: &Asked) -> anyhow::Result<Self> {
        let shown = directory.display();
        let hint = "name another one with --out";
        fs::create_dir_all(directory)
            .with_context(|| format!("the directory {shown} cannot be made; {hint}"))?;
        let mut entries = fs::read_dir(directory)
            .with_context(|| format!("the directory {shown} cannot be read; {hint}"))?;
        if entries.next().is_some() {
            bail!(
                "the directory {shown} is not empty, and a self-test is never overwritten; name a new one with --out, or go on with the one in it with --resume"
            );
        }
        let path = directory.join(LOG_FILE);
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&path)
            .with_context(|| format!("{} cannot be written; {hint}", path.display()))?;
        let mut log = Self {
            directory: directory.to_owned(),
            path,
            file,
        };
        log.line(asked)?;
        Ok(log)
    }

    /// The file of a self-test that was interrupted, what was asked, and the repetitions that it has. A last line that is not whole is cut off.
    ///
    /// # Errors
    /// When there is no such file, it is not one of a self-test, or it cannot be written.
    pub(super) fn resume(directory: &Path) -> anyhow::Result<(Self, Asked, Vec<Repetition>)> {
        let path = directory.join(LOG_FILE);
        let shown = path.display();
        let text = fs::read_to_string(&path).with_context(|| {
            format!("{shown} cannot be read; --out names the directory of the self-test to resume")
        })?;
        let whole = text.rfind('\n').map_or(0, |at| at + 1);
        let mut lines = text[..whole].lines().zip(1..);
        let first = lines.next().map_or("", |(line, _)| line);
        let asked: Asked = serde_json::from_str(first)
            .with_context(|| format!("{shown}:1: this is no self-test that can be resumed"))?;
        let mut repetitions = Vec::new();
        for (line, number) in lines {
            let repetition = serde_json::from_str(line).with_context(|| {
                format!(
                    "{shown}:{number}: this is no repetition; take the line out and resume again"
                )
            })?;
            repetitions.push(repetition);
        }
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_len(whole as u64).map(|()| file))
            .with_context(|| format!("{shown} cannot be written"))?;
        let log = Self {
            directory: directory.to_owned(),
            path,
            file,
        };
        Ok((log, asked, repetitions))
    }

    /// Adds a repetition.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn add(&mut self, repetition: &Repetition) -> anyhow::Result<()> {
        self.line(repetition)
    }

    /// One line, at once.
    fn line(&mut self, what: &impl Serialize) -> anyhow::Result<()> {
        let mut line = serde_json::to_string(what)?;
        line.push('\n');
        self.file.write_all(line.as_bytes()).with_context(|| {
            format!(
                "{} cannot be written; make room there and go on with --resume --out {}",
                self.path.display(),
                self.directory.display()
            )
        })
    }
}
