//! A worktree that is there for the time of a build.

use super::git::git;
use anyhow::anyhow;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A worktree. It is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Worktree {
    repository: PathBuf,
    path: PathBuf,
}

impl Worktree {
    /// Checks `commit` out at `path`. What a check that was killed has left there is removed first.
    ///
    /// # Errors
    /// When git cannot.
    pub(super) fn add(repository: &Path, path: &Path, commit: &str) -> anyhow::Result<Self> {
        let tree = Self {
            repository: repository.to_owned(),
            path: path.to_owned(),
        };
        tree.remove();
        let shown = path.display().to_string();
        git(
            repository,
            &["worktree", "add", "--detach", "--quiet", &shown, commit],
        )?
        .map_err(|why| anyhow!("git cannot make the worktree {shown}: {why}"))?;
        tree.make_old(commit)?;
        Ok(tree)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives every file the time of the commit. Cargo builds again what is younger than its build, and the same commit is
    /// never that.
    fn make_old(&self, commit: &str) -> anyhow::Result<()> {
        let ask =
            |words: &[&str]| Ok::<_, anyhow::Error>(git(&self.path, words)?.unwrap_or_default());
        let seconds = ask(&["show", "-s", "--format=%ct", commit])?;
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.parse().unwrap_or(0));
        let own = PathBuf::from(ask(&["rev-parse", "--absolute-git-dir"])?);
        let names = ask(&["ls-files", "-z"])?;
        let files = names.split('\0').map(|name| self.path.join(name));
        for path in files.chain([own.join("HEAD"), own.join("index")]) {
            // A file that keeps its time costs a build and nothing else.
            let _ = File::open(path).and_then(|file| file.set_modified(time));
        }
        Ok(())
    }

    /// Removes it, and what git knows of it. Nothing of it may be there.
    fn remove(&self) {
        let shown = self.path.display().to_string();
        let _ = git(&self.repository, &["worktree", "remove", "--force", &shown]);
        let _ = fs::remove_dir_all(&self.path);
        let _ = git(&self.repository, &["worktree", "prune"]);
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        self.remove();
    }
}
