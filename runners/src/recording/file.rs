//! The directory of a run: made new, written line by line.

use crate::cmd::report::RUN_FILE;
use anyhow::{Context, bail};
use bench_core::record::Record;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The record file of a run, open for appending.
pub(crate) struct RunFile {
    directory: PathBuf,
    path: PathBuf,
    file: File,
    /// Bytes of whole lines.
    whole_bytes: u64,
}

impl RunFile {
    /// Writes a record as one line, at once, or not at all.
    pub(crate) fn write(&mut self, record: &Record) -> anyhow::Result<()> {
        let mut line = serde_json::to_string(record)?;
        line.push('\n');
        let written = self.file.write_all(line.as_bytes());
        match &written {
            Ok(()) => self.whole_bytes += line.len() as u64,
            // What is left of the line would spoil the next one; if even this fails, `--resume` does it.
            Err(_) => drop(self.file.set_len(self.whole_bytes)),
        }
        written.with_context(|| {
            format!(
                "a record cannot be written to {}; make room there",
                self.path.display()
            )
        })
    }

    /// Where the records are.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The run directory.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A run that is taken up again: `file` is open for appending and has so many bytes of whole lines.
    pub(crate) fn again(directory: &Path, path: PathBuf, file: File, whole_bytes: u64) -> Self {
        Self {
            directory: directory.to_owned(),
            path,
            file,
            whole_bytes,
        }
    }
}

/// A new run in a directory that does not exist or is empty.
///
/// # Errors
/// When there is something in it, or it cannot be made or written.
pub(crate) fn create(directory: &Path) -> anyhow::Result<RunFile> {
    let shown = directory.display();
    fs::create_dir_all(directory).with_context(|| {
        format!("the directory {shown} cannot be made; name another one with --out")
    })?;
    let mut entries = fs::read_dir(directory).with_context(|| {
        format!("the directory {shown} cannot be read; name another one with --out")
    })?;
    if entries.next().is_some() {
        bail!(
            "the directory {shown} is not empty, and a run is never overwritten; name a new one with --out, or go on with the run in it with --resume"
        );
    }
    let path = directory.join(RUN_FILE);
    let file = OpenOptions::new()
        .append(true)
        .create_new(true)
        .open(&path)
        .with_context(|| {
            format!(
                "{} cannot be written; name another directory with --out",
                path.display()
            )
        })?;
    Ok(RunFile {
        directory: directory.to_owned(),
        path,
        file,
        whole_bytes: 0,
    })
}

/// Makes the directory of several runs, or finds it empty.
///
/// # Errors
/// When there is something in it, or it cannot be made.
pub(crate) fn make_directory(directory: &Path) -> anyhow::Result<()> {
    let shown = directory.display();
    let mut entries = fs::create_dir_all(directory)
        .and_then(|()| fs::read_dir(directory))
        .with_context(|| {
            format!("the directory {shown} cannot be made; name another one with --out")
        })?;
    if entries.next().is_some() {
        bail!(
            "the directory {shown} is not empty, and what was measured is never overwritten; name a new one with --out"
        );
    }
    Ok(())
}

/// `NAME-DATE-TIME` in the current directory.
pub(crate) fn dated_directory(name: &str) -> PathBuf {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    PathBuf::from(format!(
        "{name}-{}",
        now.replace(':', "").trim_end_matches('Z')
    ))
}
