//! The command line of `vmalock trend`.

use clap::Args;
use std::path::PathBuf;

/// `vmalock trend`.
#[derive(Debug, Args)]
#[command(
    after_help = "Runs are put in the order in which they were begun. At least 4 make a trend, and 10 tell a change from luck.\nExit codes: 0 the series were searched; 2 usage or lines that cannot be read; 3 too few runs to tell anything; 4 the runs are of several hosts."
)]
pub struct TrendArgs {
    /// Run directories or run.jsonl files of one host
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Where to write the page
    #[arg(long, value_name = "FILE.html", default_value = "trend.html")]
    pub out: PathBuf,
    /// Locks to follow [default: all]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub lock: Vec<String>,
    /// Workloads to follow [default: all]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub workload: Vec<String>,
    /// The lock to which the others are related, in every run [default: the first of the newest run that excludes and that
    /// all runs have]
    #[arg(long, value_name = "NAME")]
    pub reference: Option<String>,
}
