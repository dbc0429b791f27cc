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
        self.build_below(&self.target()?, stop)
    }

    /// The same, below a target directory that is known.
    fn build_below(&self, target: &Path, stop: &AtomicBool) -> anyhow::Result<Option<PathBuf>> {
        let place = target.join("vmalock-check");
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A checkout with a program that says nothing, and a target directory.
    struct Scratch {
        directory: tempfile::TempDir,
    }

    impl Scratch {
        fn new() -> Self {
            let directory = tempfile::tempdir().expect("a directory");
            let scratch = Self { directory };
            for (name, text) in [
                (
                    "Cargo.toml",
                    "[package]\nname = \"runners\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[[bin]]\nname = \"vmalock\"\npath = \"main.rs\"\n[workspace]\n",
                ),
                (
                    "Cargo.lock",
                    "version = 4\n\n[[package]]\nname = \"runners\"\nversion = \"0.1.0\"\n",
                ),
            ] {
                fs::write(scratch.top().join(name), text).expect("it can be written");
            }
            scratch.git(&["init", "--quiet"]);
            scratch.commit("fn main() {}");
            scratch
        }

        fn top(&self) -> &Path {
            self.directory.path()
        }

        fn target(&self) -> PathBuf {
            self.top().join("target")
        }

        fn git(&self, words: &[&str]) -> String {
            let who = ["-c", "user.name=me", "-c", "user.email=me@example.com"];
            git(self.top(), &[&who, words].concat())
                .expect("git is here")
                .expect("it works")
        }

        fn commit(&self, main: &str) {
            fs::write(self.top().join("main.rs"), main).expect("it can be written");
            self.git(&["add", "Cargo.toml", "Cargo.lock", "main.rs"]);
            self.git(&["commit", "--quiet", "--message", "a revision"]);
        }

        fn build(&self, asked: &str) -> anyhow::Result<Option<PathBuf>> {
            let revision = Revision::find(self.top(), asked)?;
            revision.build_below(&self.target(), &AtomicBool::new(false))
        }

        /// What is left of worktrees: the checkout itself is one.
        fn worktrees(&self) -> usize {
            self.git(&["worktree", "list"]).lines().count()
        }

        fn log(&self) -> String {
            let commit = self.git(&["rev-parse", "HEAD"]);
            let log = self.target().join(format!("vmalock-check/{commit}.log"));
            fs::read_to_string(log).expect("there is a log")
        }
    }

    #[test]
    fn a_revision_is_built_once_and_its_worktree_removed() {
        let scratch = Scratch::new();
        let first = scratch.build("HEAD").expect("it builds");
        assert!(first.as_ref().is_some_and(|program| program.exists()));
        assert!(scratch.log().contains("Compiling runners"));
        assert_eq!(scratch.worktrees(), 1);
        // What a check that was killed leaves behind is in nobody's way.
        let commit = scratch.git(&["rev-parse", "HEAD"]);
        let tree = scratch
            .target()
            .join(format!("vmalock-check/{commit}.tree"));
        let shown = tree.display().to_string();
        scratch.git(&["worktree", "add", "--quiet", "--detach", &shown, "HEAD"]);
        assert_eq!(scratch.build("HEAD").expect("it builds"), first);
        assert!(!scratch.log().contains("Compiling"), "{}", scratch.log());
        assert_eq!(scratch.worktrees(), 1);
    }

    #[test]
    fn a_revision_that_does_not_build_is_told_with_the_end_of_the_output() {
        let scratch = Scratch::new();
        scratch.commit("fn main() { planted }");
        let error = scratch.build("HEAD").expect_err("it does not").to_string();
        for part in [
            "(HEAD) does not build",
            "planted",
            ".log",
            "cargo build --release",
        ] {
            assert!(error.contains(part), "`{part}` is missing in: {error}");
        }
        assert_eq!(scratch.worktrees(), 1);
        assert!(
            scratch
                .build("HEAD~1")
                .is_ok_and(|program| program.is_some())
        );
    }

    #[test]
    fn a_signal_ends_a_build() {
        let scratch = Scratch::new();
        let revision = Revision::find(scratch.top(), "HEAD").expect("it is there");
        let built = revision.build_below(&scratch.target(), &AtomicBool::new(true));
        assert_eq!(built.expect("nothing is wrong"), None);
        assert_eq!(scratch.worktrees(), 1);
    }

    #[test]
    fn two_checks_do_not_build_the_same_at_once() {
        let scratch = Scratch::new();
        let revision = Revision::find(scratch.top(), "HEAD").expect("it is there");
        let file = scratch.top().join("lock");
        let held = lock(&file, &revision).expect("nobody holds it");
        let error = lock(&file, &revision).expect_err("it is held");
        assert!(error.to_string().contains("another check builds"));
        drop(held);
        // A process that another thread just forked has the file too, until it becomes another program.
        let is_free = || {
            std::thread::sleep(LOOK);
            lock(&file, &revision).is_ok()
        };
        assert!((0..600).any(|_| is_free()));
    }

    #[test]
    fn what_is_no_revision_is_named() {
        let scratch = Scratch::new();
        let error = Revision::find(scratch.top(), "no-such").expect_err("there is none");
        assert!(
            error.to_string().contains("no revision `no-such`"),
            "{error}"
        );
        assert_eq!(scratch.git(&["rev-parse", "HEAD"]).len(), 40);
    }
}
