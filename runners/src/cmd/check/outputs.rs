//! The outputs of a check for other programs, each asked for by a flag.

use anyhow::Context;
use clap::Args;
use reports::check::outputs::{
    Side, annotations, bencher, benchstat, comment, critcmp, github_action_benchmark, junit,
    markdown, openmetrics,
};
use reports::check::{Better, Check};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Which outputs, and where.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Outputs for other programs")]
pub struct OutputArgs {
    /// Append a page of Markdown to this file, such as "$GITHUB_STEP_SUMMARY"
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Print GitHub's workflow commands: an error for each of the worst regressions, ten lines at most
    #[arg(long)]
    pub annotations: bool,
    /// Write the body of a comment on a pull request; its first line is a marker to find it by
    #[arg(long, value_name = "FILE")]
    pub comment: Option<PathBuf>,
    /// Write JUnit XML: a test for each gated line
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write OpenMetrics text, rounded to the noise: GitLab's metrics report
    #[arg(long, value_name = "FILE")]
    pub openmetrics: Option<PathBuf>,
    /// Write Bencher Metric Format
    #[arg(long, value_name = "FILE")]
    pub bencher: Option<PathBuf>,
    /// Write bigger-is-better.json and smaller-is-better.json for github-action-benchmark
    #[arg(long, value_name = "DIR")]
    pub github_benchmark: Option<PathBuf>,
    /// Write old.txt and new.txt for benchstat
    #[arg(long, value_name = "DIR")]
    pub benchstat: Option<PathBuf>,
    /// Write criterion's folders for `critcmp --target-dir DIR baseline candidate`
    #[arg(long, value_name = "DIR")]
    pub critcmp: Option<PathBuf>,
}

/// The names and texts of files, for a folder.
type Files = Vec<(String, String)>;

/// Writes all outputs that can be written, the annotations to `out`, and returns why the others cannot: each error names
/// the flag, the path and the reason.
pub(super) fn write(args: &OutputArgs, check: &Check, out: &mut impl Write) -> Vec<anyhow::Error> {
    let mut outputs = Outputs {
        check,
        failed: Vec::new(),
    };
    if args.annotations {
        let printed = out.write_all(annotations::annotations(check).as_bytes());
        outputs.note("--annotations", Path::new("the standard output"), printed);
    }
    if let Some(path) = &args.summary {
        let appended = append(path, &markdown::summary(check));
        outputs.note("--summary", path, appended);
    }
    outputs.file("--comment", args.comment.as_deref(), comment::body);
    outputs.file("--junit", args.junit.as_deref(), junit::report);
    outputs.file(
        "--openmetrics",
        args.openmetrics.as_deref(),
        openmetrics::text,
    );
    outputs.file("--bencher", args.bencher.as_deref(), bencher::json);
    outputs.folder(
        "--github-benchmark",
        args.github_benchmark.as_deref(),
        github_benchmark_files,
    );
    outputs.folder("--benchstat", args.benchstat.as_deref(), benchstat_files);
    outputs.folder("--critcmp", args.critcmp.as_deref(), critcmp_files);
    outputs.failed
}

/// What is written of a check, and what could not be.
struct Outputs<'a> {
    check: &'a Check,
    failed: Vec<anyhow::Error>,
}

impl Outputs<'_> {
    fn file(&mut self, flag: &str, path: Option<&Path>, text: fn(&Check) -> String) {
        if let Some(path) = path {
            self.note(flag, path, fs::write(path, text(self.check)));
        }
    }

    fn folder(&mut self, flag: &str, folder: Option<&Path>, files: fn(&Check) -> Files) {
        if let Some(folder) = folder {
            self.note(flag, folder, write_files(folder, files(self.check)));
        }
    }

    fn note(&mut self, flag: &str, path: &Path, written: io::Result<()>) {
        let path = path.display();
        let why = || {
            format!(
                "{path} cannot be written; see to its folder and its room, or name another with {flag}"
            )
        };
        self.failed.extend(written.with_context(why).err());
    }
}

fn github_benchmark_files(check: &Check) -> Files {
    let of = |better| {
        let text = github_action_benchmark::json(check, better)?;
        Some((github_action_benchmark::file_name(better).to_owned(), text))
    };
    [Better::Higher, Better::Lower]
        .into_iter()
        .filter_map(of)
        .collect()
}

fn benchstat_files(check: &Check) -> Files {
    [("old.txt", Side::Baseline), ("new.txt", Side::Candidate)]
        .map(|(name, side)| (name.to_owned(), benchstat::text(check, side)))
        .into()
}

fn critcmp_files(check: &Check) -> Files {
    let files = critcmp::files(check).into_iter();
    files.map(|file| (file.path, file.text)).collect()
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(text.as_bytes())
}

/// Writes files into a folder, which is made, and into folders of it.
fn write_files(folder: &Path, files: Files) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, text) in files {
        let path = folder.join(name);
        if let Some(inner) = path.parent() {
            fs::create_dir_all(inner)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}
