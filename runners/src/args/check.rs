//! The command line of `vmalock check`.

use super::{ModeName, margin};
use crate::cmd::check::OutputArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `vmalock check`.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("other side").required(true).args(["against", "against_binary", "baseline", "from", "exact"]),
    after_help = "The two programs are measured in one session, window by window in turn, with the other side's program a second time as a control. What looks different is measured again by fresh processes before it is called so.\nExit codes: 0 equivalent or improved; 1 regressed; 2 usage, configuration or I/O; 3 inconclusive, or stopped; 4 the baseline is of another host, compiler or schema, or there are no counts of this compiler; 5 a lock broke its contract. All files are written before the program ends."
)]
pub struct CheckArgs {
    /// A git revision to hold this program against, such as main or HEAD~1: it is built in a worktree of its own, and its
    /// build is kept
    #[arg(long, value_name = "REV")]
    pub against: Option<String>,
    /// A vmalock program to hold this one against
    #[arg(long, value_name = "PATH")]
    pub against_binary: Option<PathBuf>,
    /// A file that `baseline accept` wrote: how each lock did beside a reference lock, on this host and with this compiler.
    /// What it was measured with is measured again; the flags below may name less of it
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Measure nothing: print a check that is kept and write its outputs; DIR/check.json, or its DIR
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "lock", "workload", "threads", "mode", "placement", "processes", "rounds", "window_ms", "seed", "out", "floor",
        "margin", "dry_run", "hang_limit_s",
    ])]
    pub from: Option<PathBuf>,
    /// Hold the instructions, atomic operations and sizes of every lock against a committed file, exactly, without measuring
    /// [default: the file of this target and compiler in runners/exact]
    #[arg(long, value_name = "FILE")]
    pub exact: Option<Option<PathBuf>>,
    /// Locks, as `list locks` names them [default: the main ones that exclude, without the references]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub lock: Vec<String>,
    /// Workloads, as `list workloads` names them [default: fault-one-vma, fault-vs-mprotect and mmap-churn]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub workload: Vec<String>,
    /// Thread counts [default: 1 and as many as there are usable CPUs]
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub threads: Vec<u32>,
    /// What to measure; each mode has windows of its own [default: throughput and latency]
    #[arg(long, value_name = "MODE,...", value_enum, value_delimiter = ',')]
    pub mode: Vec<ModeName>,
    /// How threads go on CPUs, as for `run` [default: compact]
    #[arg(long, value_name = "PLACEMENT")]
    pub placement: Vec<String>,
    /// Fresh processes of each program, from 2: the independent unit of every interval [default: 10, or the baseline's]
    #[arg(long, value_name = "P")]
    pub processes: Option<u32>,
    /// Rounds in each process; each measures every lock once [default: 10, or the baseline's]
    #[arg(long, value_name = "R")]
    pub rounds: Option<u32>,
    /// The length of a window in milliseconds; that of a baseline is its own [default: 10]
    #[arg(long, value_name = "N", conflicts_with = "baseline")]
    pub window_ms: Option<u64>,
    /// The seed of every random choice, such as the order of the locks [default: from the clock]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// A new or empty directory for the records and what was found [default: vmalock-check-DATE-TIME]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// A smaller difference is never called a regression: from 1% to 100%
    #[arg(long, value_name = "N%", value_parser = margin, default_value = "1%")]
    pub floor: f64,
    /// A smaller difference is none: from 1% to 100% [default: 3% of throughput, 10% of latency]
    #[arg(long, value_name = "N%", value_parser = margin)]
    pub margin: Option<f64>,
    /// What becomes of a check that can say nothing
    #[arg(long, value_enum, default_value = "fail")]
    pub inconclusive: Inconclusive,
    /// Print the plan and about how long it takes; build and measure nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Seconds that a thread may be inside one operation before its lock counts as hung
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub hang_limit_s: u64,
    /// The outputs for other programs.
    #[command(flatten)]
    pub outputs: OutputArgs,
}

/// What becomes of a check that can say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Inconclusive {
    /// Exit code 3
    Fail,
    /// Exit code 0
    Pass,
}
