//! The command line.

mod build;
mod check;
mod trend;

use crate::counters::pmu::Wanted;
use bench_core::plan::{Mode, Preset};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

pub use build::Build;
pub use check::{CheckArgs, Inconclusive};
pub use trend::TrendArgs;

/// Which lock protocol should guard a VMA, and what does each one cost, who waits, and why?
#[derive(Debug, Parser)]
#[command(
    name = "vmalock",
    version,
    about = "Measures and compares the locks that can guard a Linux VMA",
    long_about = "Runs lock designs for a VMA under page-fault-shaped work on pinned CPUs and shows throughput, latency distributions, fairness, fallbacks and counters in one page.\n\nExit codes: 0 fine; 1 regression; 2 usage, configuration or I/O; 3 inconclusive or not complete; 4 hosts do not match; 5 a self-test failed or a lock broke its contract.",
    propagate_version = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure, write DIR/run.jsonl and DIR/report.html, print a table
    Run(Box<RunArgs>),
    /// List locks, workloads or counters
    List(ListArgs),
    /// Say what this machine is and what stands in the way of a good measurement
    Host(HostArgs),
    /// Make a report from records alone
    Report(ReportArgs),
    /// Compare two locks of one run, or two runs of one host
    Compare(CompareArgs),
    /// Find where locks became faster or slower over many runs of one host
    Trend(TrendArgs),
    /// Accept a run as what later checks are held against
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// Hold this build against another one: the gate for CI
    Check(Box<CheckArgs>),
    /// Run the contract suite on every lock
    Verify(VerifyArgs),
    /// Measure how often the gate is wrong, and what it finds
    Selftest(Box<crate::cmd::selftest::SelftestArgs>),
    /// Walk each path of each lock, for callgrind to count
    #[command(name = crate::exact::WALK_COMMAND, hide = true)]
    UncontendedPaths,
    /// Measure a job from standard input
    #[command(name = crate::session::CHILD_COMMAND, hide = true)]
    MeasuringProcess(ChildArgs),
}

/// `vmalock run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// How much to measure: `quick` is under a minute on two CPUs
    #[arg(long, value_enum, default_value = "standard")]
    pub preset: PresetName,
    /// A TOML file with settings and workloads of your own
    #[arg(long, value_name = "FILE.toml")]
    pub spec: Option<PathBuf>,
    /// Locks, as `list locks` names them [default: the main ones, with --preset full all]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub lock: Vec<String>,
    /// Workloads, as `list workloads` names them [default: all]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub workload: Vec<String>,
    /// Thread counts [default: by preset and CPUs]
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub threads: Vec<u32>,
    /// What to measure; each mode has windows of its own [default: all]
    #[arg(long, value_name = "MODE,...", value_enum, value_delimiter = ',')]
    pub mode: Vec<ModeName>,
    /// How threads go on CPUs: compact (near first), scatter (far first), smt (threads of a core first), one kind of core
    /// (biggest, smallest, capacity:N, core:NAME) or a list such as 0,2; given again for each further placement [default:
    /// compact]
    #[arg(long, value_name = "PLACEMENT")]
    pub placement: Vec<String>,
    /// Events of the cores' PMU to count in mode counters beside the usual ones: by name, as `list counters` has them, or rHEX
    #[arg(long, value_name = "EVENT,...", value_delimiter = ',')]
    pub counter: Vec<Wanted>,
    /// Fresh processes, one after the other: the independent unit of every interval [default: by preset]
    #[arg(long, value_name = "P")]
    pub processes: Option<u32>,
    /// Rounds in each process; each measures every lock once [default: by preset]
    #[arg(long, value_name = "R")]
    pub rounds: Option<u32>,
    /// Add processes, two at a time, until every lock's throughput over that of the first lock is known to plus or minus
    /// this, but to 40 at most, and begin with 6 unless --processes says how many; from 0.5% to 100%
    #[arg(long, value_name = "N%", value_parser = precision)]
    pub precision: Option<u32>,
    /// With --precision: add no process that would not end within this time, such as 90s or 10m [default: five times what
    /// the plan takes]
    #[arg(long, value_name = "TIME", requires = "precision", value_parser = budget)]
    pub budget: Option<Duration>,
    /// The length of a window in milliseconds [default: by preset]
    #[arg(long, value_name = "N")]
    pub window_ms: Option<u64>,
    /// The seed of every random choice, such as the order of the locks [default: from the clock]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// A new or empty directory for the run [default: vmalock-run-DATE-TIME]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Measure this vmalock program instead of the one that runs; given for each of several builds, which take turns and
    /// are shown over the first one. The records of each go to a directory of its NAME in --out
    #[arg(long, value_name = "NAME=PROGRAM", conflicts_with_all = ["resume", "precision", "like"])]
    pub build: Vec<Build>,
    /// Measure what an interrupted run in --out still lacks, as its first command said
    #[arg(long, requires = "out", conflicts_with_all = [
        "preset", "spec", "lock", "workload", "threads", "mode", "placement", "counter", "processes", "rounds",
        "precision", "budget", "window_ms", "seed", "dry_run",
    ])]
    pub resume: bool,
    /// Print the plan and about how long it takes, and measure nothing
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: an earlier run of this host, from whose spread it says what differences the run will tell
    #[arg(long, value_name = "RUN", requires = "dry_run")]
    pub like: Option<PathBuf>,
    /// Seconds that a thread may be inside one operation before its lock counts as hung
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub hang_limit_s: u64,
}

/// The word of a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PresetName {
    /// Under a minute on two CPUs
    Quick,
    /// Minutes: what a mail can cite
    Standard,
    /// As long as it takes: every lock and thread count
    Full,
}

impl From<PresetName> for Preset {
    fn from(name: PresetName) -> Self {
        match name {
            PresetName::Quick => Self::Quick,
            PresetName::Standard => Self::Standard,
            PresetName::Full => Self::Full,
        }
    }
}

/// The word of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModeName {
    /// Operations in the window
    Throughput,
    /// Time from request to held, sampled
    Latency,
    /// Perf events and switches
    Counters,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Throughput => Self::Throughput,
            ModeName::Latency => Self::Latency,
            ModeName::Counters => Self::Counters,
        }
    }
}

/// `vmalock measuring-process`.
#[derive(Debug, Args)]
pub struct ChildArgs {
    /// Print the number of the protocol between this process and its parent, and measure nothing
    #[arg(long)]
    pub protocol: bool,
}

/// `vmalock list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// What to list [default: all three]
    #[arg(value_enum)]
    pub what: Option<Listed>,
    /// With `locks`: all that is known of these
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// With `locks`: all that is known of each
    #[arg(long, conflicts_with = "json")]
    pub long: bool,
    /// As JSON; of a lock it always says all
    #[arg(long)]
    pub json: bool,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Listed {
    /// The locks
    Locks,
    /// The workloads
    Workloads,
    /// The counters
    Counters,
}

/// `vmalock host`.
#[derive(Debug, Args)]
pub struct HostArgs {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `vmalock report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Run directories or run.jsonl files
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Where to write the report [default: report.html beside the first run]
    #[arg(long, value_name = "FILE.html")]
    pub out: Option<PathBuf>,
}

/// `vmalock compare`.
#[derive(Debug, Args)]
#[command(
    after_help = "The second is compared with the first: `--locks a,b` tells how b does beside a, and A B how the run B does beside A.\nExit codes: 0 at least one verdict; 2 usage or lines that cannot be read; 3 nothing could be told; 4 the runs are of two hosts."
)]
pub struct CompareArgs {
    /// A run directory or run.jsonl file
    #[arg(value_name = "A")]
    pub one: PathBuf,
    /// Another run of the same host
    #[arg(value_name = "B")]
    pub other: Option<PathBuf>,
    /// With one run, the two locks to compare; with two runs, the locks to compare each with itself [default: all]
    #[arg(
        long,
        visible_alias = "lock",
        value_name = "NAME,...",
        value_delimiter = ','
    )]
    pub locks: Vec<String>,
    /// A smaller difference is none: from 1% to 100% [default: 3% of throughput, 10% of latency]
    #[arg(long, value_name = "N%", value_parser = margin)]
    pub margin: Option<f64>,
}

/// Per cent, with or without the sign.
pub(crate) fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim_end();
    number
        .parse()
        .map_err(|_| "it is a number of per cent, such as 2%".to_owned())
}

/// The thousandths of a precision.
fn precision(text: &str) -> Result<u32, String> {
    let permille = percent(text)? * 10.0;
    if !(5.0..=1000.0).contains(&permille) {
        return Err(
            "it is from 0.5% to 100%: the placement of code alone moves results by 1%, which no number of processes averages out"
                .to_owned(),
        );
    }
    if (permille - permille.round()).abs() > 1e-6 {
        return Err("it is in tenths of a per cent, such as 2.5%".to_owned());
    }
    Ok(permille.round() as u32)
}

/// A time of at least a second.
fn budget(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text.trim())
        .map_err(|why| format!("it is a time such as 90s or 10m ({why})"))?;
    if time < Duration::from_secs(1) {
        return Err("it is at least 1s: one process takes as long".to_owned());
    }
    Ok(time)
}

/// A margin as a share, from per cent with or without the sign.
fn margin(text: &str) -> Result<f64, String> {
    let share = percent(text)? / 100.0;
    if (reports::compare::SMALLEST_DIFFERENCE..=1.0).contains(&share) {
        return Ok(share);
    }
    Err("it is from 1% to 100%: the placement of code alone moves results by 1%".to_owned())
}

/// `vmalock baseline`.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Make a baseline of a run: how each lock did beside a reference lock
    Accept(AcceptArgs),
    /// Count the instructions, atomic operations and sizes of every lock, for `check --exact`
    Exact(ExactArgs),
}

/// `vmalock baseline accept`.
#[derive(Debug, Args)]
#[command(
    after_help = "The file is meant to lie in git and is overwritten; what changes in it is printed.\nExit codes: 0 accepted; 2 usage, a run that is not complete, of a debug build or of one process; 3 a run that is too noisy; 5 a lock of the run broke its contract."
)]
pub struct AcceptArgs {
    /// A run directory or run.jsonl file
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Why, in a few words; it is written into the file
    #[arg(long, value_name = "WORDS")]
    pub reason: String,
    /// The lock that the others are measured by, one that nobody works on [default: std-rwlock, else rwsem]
    #[arg(long, value_name = "NAME")]
    pub reference: Option<String>,
    /// Where to write it
    #[arg(long, value_name = "FILE", default_value = "vmalock-baseline.json")]
    pub out: PathBuf,
}

/// `vmalock baseline exact`.
#[derive(Debug, Args)]
#[command(
    after_help = "The file is meant to lie in git and is overwritten; what changes in it is printed. Needs valgrind and a release build.\nExit codes: 0 written; 2 usage, no valgrind or a file that cannot be written."
)]
pub struct ExactArgs {
    /// Why, in a few words; it is written into the file
    #[arg(long, value_name = "WORDS")]
    pub reason: String,
    /// Where to write it [default: the file of this target and compiler in runners/exact]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `vmalock verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Locks, as `list locks` names them [default: all]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub lock: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::{Cli, budget, margin, precision};
    use clap::CommandFactory;
    use std::time::Duration;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_margin_is_a_number_of_per_cent_that_repetition_can_reach() {
        assert_eq!(margin("2%"), Ok(0.02));
        assert_eq!(margin("2.5 %"), Ok(0.025));
        assert_eq!(margin("100"), Ok(1.0));
        assert!(margin("0.5%").is_err_and(|why| why.contains("placement of code")));
        assert!(margin("101%").is_err());
        for text in ["", "%", "two", "NaN", "inf%"] {
            assert!(margin(text).is_err(), "{text}");
        }
    }
    #[test]
    fn a_precision_is_one_that_processes_can_reach() {
        assert_eq!(precision("2%"), Ok(20));
        assert_eq!(precision("2.5"), Ok(25));
        assert_eq!((precision("0.5 %"), precision("100%")), (Ok(5), Ok(1000)));
        for text in ["0%", "0.4%", "-2%", "101%", "NaN%"] {
            assert!(
                precision(text).is_err_and(|why| why.contains("placement of code")),
                "{text}"
            );
        }
        assert!(precision("2.55%").is_err_and(|why| why.contains("tenths")));
        assert!(precision("two").is_err_and(|why| why.contains("per cent")));
    }

    #[test]
    fn a_budget_is_a_time() {
        assert_eq!(budget("10m"), Ok(Duration::from_secs(600)));
        assert!(budget("900ms").is_err_and(|why| why.contains("at least 1s")));
        assert!(budget("10").is_err_and(|why| why.contains("90s")));
    }
}
