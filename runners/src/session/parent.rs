//! The parent: starts a process for the cells of a plan, and another one for what is left when it hangs or dies.

use super::{Job, Message};
use crate::engine::{MOST_LIMITS, failed};
use bench_core::plan::{Plan, PlannedCell, planned_cells};
use bench_core::record::Cell;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a child may be silent beyond what its cells may take: its start, its warm-up, a machine under load.
const GRACE: Duration = Duration::from_secs(30);
/// How often the parent looks whether it was told to stop.
const LOOK: Duration = Duration::from_millis(50);
/// Children in a row that may end before they are ready; then the rest of the process is given up.
const FALSE_STARTS: u32 = 3;
/// The end of a child's standard error that goes into the record.
const LAST_WORDS_BYTES: usize = 2000;

/// What the parent passes on.
#[derive(Debug)]
pub enum Told {
    /// A child has warmed up.
    Ready,
    /// A cell is done, measured or failed.
    Cell(Box<Cell>),
}

/// Starts and watches children.
#[derive(Debug)]
pub struct Supervisor<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// How long a thread may be inside one operation before its lock counts as hung.
    pub hang_limit: Duration,
    /// Set when the run is to end. Relaxed throughout: it publishes nothing, and is looked at again and again.
    pub stop: &'a AtomicBool,
}

/// How a child ended.
enum End {
    /// It measured all its cells, or those until a worker got no CPU; what is left is for the next child.
    Done,
    /// A cell hung; the child said which.
    Hung(usize),
    /// It died or was killed, in words.
    Died(String),
    /// The run is to end.
    Stopped,
}

impl Supervisor<'_> {
    /// Measures these cells of process `process`, in order. Every one is passed on, measured or failed, unless the run is
    /// stopped.
    ///
    /// # Errors
    /// When no child can be started, or one says that it cannot measure at all; and what `tell` returns.
    pub fn run(
        &self,
        process: u32,
        cells: Vec<usize>,
        tell: &mut impl FnMut(Told) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let planned = planned_cells(self.plan, process);
        let mut left = cells;
        let mut false_starts = 0;
        while !left.is_empty() && !self.stop.load(Ordering::Relaxed) {
            let before = left.len();
            let mut ready = false;
            match self.run_child(process, &mut left, &mut ready, tell)? {
                End::Done | End::Stopped => {}
                End::Hung(number) => {
                    let hung = &planned[number];
                    let name = &self.plan.locks[hung.lock];
                    let why = format!(
                        "not measured: `{name}` hung earlier in this process (round {}, {}, threads {})",
                        hung.round, self.plan.workloads[hung.workload].name, hung.threads
                    );
                    self.give_up(
                        &planned,
                        &mut left,
                        &why,
                        |cell| cell.lock == hung.lock,
                        tell,
                    )?;
                }
                End::Died(why) => {
                    false_starts = if ready || left.len() < before {
                        0
                    } else {
                        false_starts + 1
                    };
                    let why = if ready {
                        why
                    } else {
                        format!("{why}; seen in the warm-up")
                    };
                    let all = false_starts >= FALSE_STARTS;
                    let first = left.first().map(|number| planned[*number].clone());
                    self.give_up(
                        &planned,
                        &mut left,
                        &why,
                        |cell| all || first.as_ref() == Some(cell),
                        tell,
                    )?;
                }
            }
        }
        Ok(())
    }

    /// Records the cells that `which` picks as failed and takes them out of `left`.
    fn give_up(
        &self,
        planned: &[PlannedCell],
        left: &mut Vec<usize>,
        why: &str,
        which: impl Fn(&PlannedCell) -> bool,
        tell: &mut impl FnMut(Told) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let gone: BTreeSet<usize> = left
            .iter()
            .copied()
            .filter(|number| which(&planned[*number]))
            .collect();
        left.retain(|number| !gone.contains(number));
        for number in gone {
            let cell = &planned[number];
            let oversubscribed = self.plan.is_oversubscribed(cell.threads);
            tell(Told::Cell(Box::new(failed(
                cell.of(self.plan),
                oversubscribed,
                why,
            ))))?;
        }
        Ok(())
    }

    /// One child: measures what is left until it ends.
    fn run_child(
        &self,
        process: u32,
        left: &mut Vec<usize>,
        ready: &mut bool,
        tell: &mut impl FnMut(Told) -> anyhow::Result<()>,
    ) -> anyhow::Result<End> {
        let job = Job {
            plan: self.plan.clone(),
            process,
            cells: left.clone(),
            hang_limit_ms: self.hang_limit.as_millis() as u64,
        };
        let mut running = Running::start(&job)?;
        let window = Duration::from_nanos(self.plan.window_ns);
        // A hung cell is noticed by the child itself, which waits for five things in a cell: the mapping, the settling, the
        // closing, the results and the check.
        let silence = GRACE + window + 5 * MOST_LIMITS * self.hang_limit;
        let mut last = Instant::now();
        loop {
            if self.stop.load(Ordering::Relaxed) {
                running.kill();
                return Ok(End::Stopped);
            }
            let message = match running.messages.recv_timeout(LOOK) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) if last.elapsed() < silence => continue,
                Err(RecvTimeoutError::Timeout) => {
                    running.kill();
                    let seconds = silence.as_secs();
                    return Ok(End::Died(format!(
                        "the process said nothing for {seconds} s and was killed{}",
                        running.last_words()
                    )));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = running.child.wait()?;
                    if status.success() && left.is_empty() {
                        return Ok(End::Done);
                    }
                    let words = running.last_words();
                    return Ok(End::Died(format!(
                        "the process died: {}{words}",
                        ended(status)
                    )));
                }
            };
            last = Instant::now();
            match message {
                Ok(Message::Ready) => {
                    *ready = true;
                    tell(Told::Ready)?;
                }
                Ok(Message::Cell(number, cell)) => {
                    left.retain(|other| *other != number);
                    tell(Told::Cell(cell))?;
                    running.go_on();
                }
                Ok(Message::Hung(number, cell)) => {
                    left.retain(|other| *other != number);
                    tell(Told::Cell(cell))?;
                    running.kill();
                    return Ok(End::Hung(number));
                }
                Ok(Message::Starved(number, cell)) => {
                    left.retain(|other| *other != number);
                    tell(Told::Cell(cell))?;
                    running.kill();
                    return Ok(End::Done);
                }
                Ok(Message::Broken(why)) => anyhow::bail!("a measuring process cannot work: {why}"),
                Err(line) => {
                    running.kill();
                    return Ok(End::Died(format!(
                        "the process wrote what is no message: {line}"
                    )));
                }
            }
        }
    }
}

/// How a process ended, in words.
fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// A child that runs, its messages and its standard error.
struct Running {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<Result<Message, String>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

impl Running {
    fn start(job: &Job) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?;
        let mut child = Command::new(program)
            .arg(super::CHILD_COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Its own group: Ctrl-C reaches the parent alone, which then ends the child after the record it is writing.
            .process_group(0)
            .spawn()?;
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

    /// Lets the child begin its next cell.
    fn go_on(&mut self) {
        // A child that is gone is noticed by the end of its messages.
        let _ = self.stdin.write_all(b"\n");
    }

    /// Ends the child and waits until it is gone.
    fn kill(&mut self) {
        // An error means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The end of what it wrote to its standard error, for a record.
    fn last_words(&mut self) -> String {
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
