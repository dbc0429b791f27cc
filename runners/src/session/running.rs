//! A child that runs: its messages, and what it wrote to its standard error.

use super::{Job, Message};
use anyhow::Context;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// The end of a child's standard error that goes into a record.
const LAST_WORDS_BYTES: usize = 2000;

/// How a process ended, in words.
fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// What came of waiting for a child.
#[derive(Debug)]
pub(super) enum Said {
    /// It said this.
    Message(Message),
    /// It said nothing for the given time, wrote what is no message, or ended; in words. It is gone now.
    Gone(String),
    /// It is still silent.
    Nothing,
}

/// A child that runs, its messages and its standard error.
pub(super) struct Running {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<Result<Message, String>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

impl Running {
    /// Starts a program as a child and gives it its job.
    pub(super) fn start(program: &Path, job: &Job) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .arg(super::CHILD_COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Its own group: Ctrl-C reaches the parent alone, which then ends the child after the record it is writing.
            .process_group(0)
            .spawn()
            .with_context(|| {
                format!(
                    "the measuring process {} cannot be started",
                    program.display()
                )
            })?;
        let mut stdin = child.stdin.take().expect("stdin is piped");
        // A child that died at once breaks the pipe; its status tells more.
        let _ = writeln!(stdin, "{}", serde_json::to_string(job)?);
        let stdout = child.stdout.take().expect("stdout is piped");
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { break };
                let short = || line.chars().take(200).collect::<String>();
                let message = serde_json::from_str(&line).map_err(|_| short());
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut stderr = child.stderr.take().expect("stderr is piped");
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            // What could be read before an error is kept.
            let _ = stderr.read_to_end(&mut text);
            text
        });
        Ok(Self {
            child,
            stdin,
            messages,
            stderr: Some(stderr),
        })
    }

    /// Lets the child measure a cell.
    pub(super) fn go(&mut self, number: usize) {
        // A child that is gone is noticed by the end of its messages.
        let _ = writeln!(self.stdin, "{number}");
    }

    /// Waits no longer than `patience` for what it says.
    pub(super) fn listen(&mut self, patience: Duration) -> anyhow::Result<Said> {
        Ok(match self.messages.recv_timeout(patience) {
            Ok(Ok(message)) => Said::Message(message),
            Ok(Err(line)) => {
                self.kill();
                Said::Gone(format!("the process wrote what is no message: {line}"))
            }
            Err(RecvTimeoutError::Timeout) => Said::Nothing,
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.child.wait()?;
                let words = self.last_words();
                Said::Gone(format!("the process died: {}{words}", ended(status)))
            }
        })
    }

    /// Ends the child and waits until it is gone.
    pub(super) fn kill(&mut self) {
        // An error means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The end of what it wrote to its standard error, for a record.
    pub(super) fn last_words(&mut self) -> String {
        let text = self
            .stderr
            .take()
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default();
        let from = text.len().saturating_sub(LAST_WORDS_BYTES);
        let text = String::from_utf8_lossy(&text[from..]);
        let text = text.trim();
        if text.is_empty() {
            String::new()
        } else {
            format!("; it wrote: {}", text.replace('\n', " "))
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
