//! A git revision, and its program.

use super::git::git;
use super::worktree::Worktree;
use crate::recording::note;
use anyhow::{Context, anyhow, bail};
use rustix::fs::{FlockOperation, flock};
use serde_json::Value;
use std::fmt;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How cargo is asked for the program.
const BUILD: [&str; 7] = [
    "build",
    "--release",
    "--locked",
    "-p",
    "runners",
    "--bin",
    "vmalock",
];
/// How often a build is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Lines of a failed build's output that are shown.
const LAST_LINES: usize = 12;

/// A revision of a checkout.
#[derive(Debug)]
pub(super) struct Revision {
    /// The top of the checkout.
    repository: PathBuf,
    /// As the user named it.
    asked: String,
    commit: String,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "revision {} ({})", &self.commit[..12], self.asked)
    }
}

impl Revision {
    /// The revision that is called `asked` in the checkout around `directory`.
    ///
    /// # Errors
    /// When there is no checkout, or it has no such revision.
    pub(super) fn find(directory: &Path, asked: &str) -> anyhow::Result<Self> {
        let top = git(directory, &["rev-parse", "--show-toplevel"])?.map_err(|_| {
            anyhow!(
                "--against needs a git checkout of vmalock, and the current directory is in none; go to one, or use --against-binary"
            )
        })?;
        let name = format!("{asked}^{{commit}}");
        let commit = git(directory, &["rev-parse", "--verify", "--quiet", &name])?.map_err(|_| {
            anyhow!(
                "the checkout {top} has no revision `{asked}`; `git log --all` shows which there are, and one that was cloned without its history lacks most: `git fetch --unshallow`"
            )
        })?;
        Ok(Self {
            repository: top.into(),
            asked: asked.to_owned(),
            commit,
        })
    }

    /// Builds the program in a worktree, which is removed again. What cargo made is kept below the target directory, so that
    /// a second time nothing is compiled. `None` when a signal came.
    ///
    /// # Errors
    /// When it does not build.
    pub(super) fn build(&self, stop: &AtomicBool) -> anyhow::Result<Option<PathBuf>> {
        let place = self.target()?.join("vmalock-check");
        fs::create_dir_all(&place)
            .with_context(|| format!("the directory {} cannot be made", place.display()))?;
        let file = |ending: &str| place.join(format!("{}.{ending}", self.commit));
        let _lock = lock(&file("lock"), self)?;
        note(&format!("building {self}; the first time takes minutes"));
        let tree = Worktree::add(&self.repository, &file("tree"), &self.commit)?;
        let built = Build {
            tree: tree.path(),
            target: &place.join(&self.commit),
            log: &file("log"),
        }
        .run(stop);
        drop(tree);
        match built? {
            Built::Program(program) => Ok(Some(program)),
            Built::Stopped => Ok(None),
            Built::Failed(last) => bail!(
                "{self} does not build. The end of what cargo says:\n{last}\nAll of it is in {}; to see it again: git worktree add DIR {} && cd DIR && cargo {}",
                file("log").display(),
                &self.commit[..12],
                BUILD.join(" ")
            ),
        }
    }

    /// The checkout's target directory, which cargo knows.
    fn target(&self) -> anyhow::Result<PathBuf> {
        let output = cargo()
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(&self.repository)
            .output()
            .context("cargo cannot be started; install it, or use --against-binary")?;
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let target = answer["target_directory"].as_str().map(PathBuf::from);
        target.with_context(|| {
            format!(
                "{} is not a checkout of vmalock: cargo says: {}",
                self.repository.display(),
                String::from_utf8_lossy(&output.stderr).trim()
            )
        })
    }
}

/// The cargo that started this program, or the one on the path.
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Keeps a second check from building the same at the same time; it ends with the file.
fn lock(path: &Path, revision: &Revision) -> anyhow::Result<File> {
    let file = File::create(path).with_context(|| format!("{} cannot be made", path.display()))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)
        .with_context(|| format!("another check builds {revision} just now; wait for it"))?;
    Ok(file)
}

/// A build by cargo.
struct Build<'a> {
    tree: &'a Path,
    target: &'a Path,
    log: &'a Path,
}

/// What came of it.
enum Built {
    Program(PathBuf),
    /// The end of what cargo said.
    Failed(String),
    Stopped,
}

impl Build<'_> {
    fn run(&self, stop: &AtomicBool) -> anyhow::Result<Built> {
        let log = File::create(self.log)
            .with_context(|| format!("{} cannot be written", self.log.display()))?;
        let mut child = cargo()
            .args(BUILD)
            .arg("--message-format=json-render-diagnostics")
            .current_dir(self.tree)
            .env("CARGO_TARGET_DIR", self.target)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cargo cannot be started; install it, or use --against-binary")?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let program = std::thread::spawn(move || {
            BufReader::new(stdout)
                .lines()
                .map_while(Result::ok)
                .filter_map(|line| executable(&line))
                .last()
        });
        let Some(worked) = wait(&mut child, stop)? else {
            return Ok(Built::Stopped);
        };
        let program = program.join().unwrap_or_default();
        Ok(match program.filter(|_| worked) {
            Some(program) => Built::Program(program),
            None => Built::Failed(last_lines(self.log)),
        })
    }
}

/// The program, when cargo says in this line that it made it.
fn executable(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    message["executable"].as_str().map(PathBuf::from)
}

/// Whether the build worked; `None` when a signal came, which ends it.
fn wait(child: &mut Child, stop: &AtomicBool) -> anyhow::Result<Option<bool>> {
    loop {
        // Relaxed: it publishes nothing.
        if stop.load(Ordering::Relaxed) {
            // An error means that it is gone already.
            let _ = child.kill();
            let _ = child.wait();
            return Ok(None);
        }
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        std::thread::sleep(LOOK);
    }
}

fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let from = lines.len().saturating_sub(LAST_LINES);
    let lines: Vec<String> = lines[from..].iter().map(|l| format!("  | {l}")).collect();
    lines.join("\n")
}
