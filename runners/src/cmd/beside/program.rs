//! Another vmalock program, and what it says of itself.

use crate::session::{CHILD_COMMAND, PROTOCOL};
use anyhow::{Context, bail};
use bench_core::record::{LockInfo, ToolInfo};
use serde::Deserialize;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// Only a program that is none of ours takes so long to say what it is.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// A program that can be measured beside this one.
#[derive(Debug)]
pub(in crate::cmd) struct Program {
    /// Where it is, without links.
    pub(in crate::cmd) path: PathBuf,
    /// What it was built from.
    pub(in crate::cmd) tool: ToolInfo,
    /// Its locks.
    pub(in crate::cmd) locks: Vec<LockInfo>,
}

/// What `list locks --json` prints.
#[derive(Deserialize)]
struct Listed {
    tool: ToolInfo,
    locks: Vec<LockInfo>,
}

impl Program {
    /// Asks the program at `path` what it is.
    ///
    /// # Errors
    /// When it cannot be started, is no vmalock, or cannot be measured beside this one.
    pub(in crate::cmd) fn ask(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        // A name without a slash would be looked for elsewhere.
        let path = path.canonicalize().with_context(|| {
            format!("there is no program {shown}; give the path of a vmalock program")
        })?;
        let version = answer(&path, &["--version"])?;
        if !version.is_some_and(|text| text.starts_with("vmalock ")) {
            bail!(
                "{shown} is not a vmalock program: it does not answer --version as one; give the path of one, such as target/release/vmalock of another checkout"
            );
        }
        let protocol = answer(&path, &[CHILD_COMMAND, "--protocol"])?;
        match protocol.as_deref().map(|text| text.trim().parse()) {
            Some(Ok(PROTOCOL)) => {}
            Some(Ok(other)) => bail!(
                "{shown} cannot be measured beside this program: it speaks protocol {other}, this one {PROTOCOL}; build it from a revision that speaks the same"
            ),
            Some(Err(_)) | None => bail!(
                "{shown} cannot be measured beside this program: it is of a time before `check`; build it from a later revision"
            ),
        }
        let listed = answer(&path, &["list", "locks", "--json"])?.unwrap_or_default();
        let listed: Listed = serde_json::from_str(&listed).with_context(|| {
            format!("{shown} does not say what it was built from and which locks it has; build it from a later revision")
        })?;
        Ok(Self {
            path,
            tool: listed.tool,
            locks: listed.locks,
        })
    }

    /// What it was built from, in words.
    pub(in crate::cmd) fn build(&self) -> String {
        match &self.tool.git_revision {
            Some(revision) => format!("revision {revision}"),
            None => format!("version {}", self.tool.version),
        }
    }

    /// Refuses a program of another profile than `here`.
    pub(in crate::cmd) fn check_profile(&self, here: &ToolInfo) -> anyhow::Result<()> {
        if self.tool.profile == here.profile {
            return Ok(());
        }
        bail!(
            "{} is a {} build and this program is a {} build, so that they cannot be compared; build both with --release",
            self.path.display(),
            self.tool.profile,
            here.profile
        )
    }

    /// What differs between the two builds besides the revision, a sentence each.
    pub(in crate::cmd) fn differences(&self, here: &ToolInfo) -> Vec<String> {
        let features = |tool: &ToolInfo| tool.target_features.join(",");
        let atomics = |tool: &ToolInfo| {
            tool.atomics
                .clone()
                .unwrap_or_else(|| "not said".to_owned())
        };
        [
            ("compiler", self.tool.rustc.clone(), here.rustc.clone()),
            ("target", self.tool.target.clone(), here.target.clone()),
            ("target features", features(&self.tool), features(here)),
            ("way of atomics", atomics(&self.tool), atomics(here)),
        ]
        .into_iter()
        .filter(|(_, theirs, ours)| theirs != ours)
        .map(|(what, theirs, ours)| {
            format!(
                "the {what} differs, which by itself can move results: `{ours}`, was `{theirs}`"
            )
        })
        .collect()
    }
}

/// What a program prints; `None` when it fails or prints what is no text.
fn answer(program: &Path, words: &[&str]) -> anyhow::Result<Option<String>> {
    let shown = program.display();
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| {
            format!("{shown} cannot be started; give a vmalock program that may be executed")
        })?;
    let mut stdout = child.stdout.take().expect("stdout is piped");
    let (sender, text) = channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let read = stdout.read_to_end(&mut text);
        // Nobody listens any more when it took too long.
        let _ = sender.send(read.map(|_| text));
    });
    let Ok(text) = text.recv_timeout(ANSWER_LIMIT) else {
        // An error means that it is gone already.
        let _ = child.kill();
        let _ = child.wait();
        bail!(
            "{shown} said nothing for {} s when asked what it is; give a vmalock program",
            ANSWER_LIMIT.as_secs()
        );
    };
    let status = child.wait()?;
    let text = String::from_utf8(text?).ok();
    Ok(text.filter(|_| status.success()))
}
