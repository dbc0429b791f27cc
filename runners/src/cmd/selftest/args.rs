//! The command line of `vmalock selftest`.

use crate::args::{ModeName, percent};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `vmalock selftest`.
#[derive(Debug, Args)]
#[command(
    after_help = "Every repetition is a complete gate, as `check` measures and judges it: baseline, candidate and control in turn, a second stage where the first one raises a candidate.\nExit codes: 0 the gate does what it promises; 2 usage, configuration or I/O; 3 too noisy to tell, or not complete; 5 the gate does not do what it promises, or a lock broke its contract."
)]
pub struct SelftestArgs {
    /// What to find out.
    #[command(subcommand)]
    pub what: Question,
}

/// What a self-test finds out.
#[derive(Debug, Subcommand)]
pub enum Question {
    /// How often the gate calls this program different from itself
    Aa(AaArgs),
    /// How often the gate finds harm that was done to the candidate on purpose
    Inject(InjectArgs),
}

/// `vmalock selftest aa`.
#[derive(Debug, Args)]
pub struct AaArgs {
    /// Gates to measure
    #[arg(long, value_name = "N", default_value = "200", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub reps: u32,
    /// What each gate measures.
    #[command(flatten)]
    pub gate: GateArgs,
}

/// `vmalock selftest inject`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("harm").required(true))]
pub struct InjectArgs {
    /// Slow every fault down, while it holds the VMA, by this share of an operation in per cent
    #[arg(long, value_name = "N,...", value_delimiter = ',', group = "harm", value_parser = slowdown)]
    pub slowdown: Vec<f64>,
    /// Slow few faults down by 50 µs: the 99.99th percentile has to notice
    #[arg(long, group = "harm")]
    pub tail: bool,
    /// Hold one thread back: Jain's index has to notice
    #[arg(long, group = "harm")]
    pub unfair: bool,
    /// Gates to measure, of each slowdown [default: 40 with --slowdown, else 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub reps: Option<u32>,
    /// What each gate measures.
    #[command(flatten)]
    pub gate: GateArgs,
}

/// What each gate of a self-test measures, and where to.
#[derive(Debug, Args)]
pub struct GateArgs {
    /// Locks, as `list locks` names them
    #[arg(
        long,
        value_name = "NAME,...",
        value_delimiter = ',',
        default_value = "refcount"
    )]
    pub lock: Vec<String>,
    /// Workloads, as `list workloads` names them
    #[arg(
        long,
        value_name = "NAME,...",
        value_delimiter = ',',
        default_value = "fault-one-vma"
    )]
    pub workload: Vec<String>,
    /// Thread counts [default: 1 and all CPUs; 1 with --tail, all CPUs with --unfair]
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub threads: Vec<u32>,
    /// What to measure [default: throughput and latency]
    #[arg(long, value_name = "MODE,...", value_enum, value_delimiter = ',')]
    pub mode: Vec<ModeName>,
    /// Fresh processes of each program in each stage
    #[arg(long, value_name = "P", default_value = "10", value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub processes: u32,
    /// Rounds in each process
    #[arg(long, value_name = "R", default_value = "10")]
    pub rounds: u32,
    /// The length of a window in milliseconds [default: 10; 250 with --tail]
    #[arg(long, value_name = "N")]
    pub window_ms: Option<u64>,
    /// The seed of every random choice [default: from the clock]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// A new or empty directory for what each repetition found [default: vmalock-selftest-DATE-TIME]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Go on with the interrupted self-test in --out, asked for with the same words
    #[arg(long, requires = "out")]
    pub resume: bool,
    /// Seconds that a thread may be inside one operation before its lock counts as hung
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub hang_limit_s: u64,
}

/// A slowdown in per cent.
fn slowdown(text: &str) -> Result<f64, String> {
    let percent = percent(text)?;
    if (0.1..=100.0).contains(&percent) {
        return Ok(percent);
    }
    Err("it is from 0.1 to 100 per cent of an operation".to_owned())
}

#[cfg(test)]
mod tests {
    use super::slowdown;

    #[test]
    fn a_slowdown_is_a_number_of_per_cent() {
        assert_eq!(slowdown("3"), Ok(3.0));
        assert_eq!(slowdown(" 2.5 %"), Ok(2.5));
        for text in ["", "three", "0", "-3", "101", "NaN", "inf"] {
            assert!(slowdown(text).is_err(), "{text}");
        }
    }
}
