//! What criterion's own comparison makes of the windows of a self-test.
//!
//!     criterion_judge [--resamples N] DIR/repetitions.jsonl ...
//!
//! For every repetition and throughput, the baseline's windows are given to criterion as the samples of a benchmark that is
//! saved, and then the candidate's as those of the same benchmark again, as if they had been measured one after the other. It
//! says how often criterion calls the performance changed, beside what the gate said of the same windows.
//!
//! Criterion's statistics cannot be called from outside, so that each comparison is a child that replays the windows through
//! `iter_custom` and prints what criterion prints.

use anyhow::Context;
use criterion::{Criterion, SamplingMode};
use reports::check::Verdict;
use reports::selftest::{InjectionKind, Repetition, Windows};
use reports::stats::clopper_pearson;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Write, stdin, stdout};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The word that makes this program a child.
const REPLAY: &str = "--replay";
/// The word before the resamples of criterion's bootstrap, which are [`RESAMPLES`] without.
const WITH_RESAMPLES: &str = "--resamples";
/// Criterion's own default.
const RESAMPLES: usize = 100_000;
/// The fewest samples that criterion takes.
const LEAST_SAMPLES: usize = 10;
/// The name of the saved baseline.
const SAVED: &str = "saved";

/// What a child is given: nanoseconds of an operation in each window.
#[derive(Serialize, Deserialize)]
struct Pair {
    baseline_ns: Vec<f64>,
    candidate_ns: Vec<f64>,
}

/// How often each was said of one kind of pair.
#[derive(Default)]
struct Tally {
    pairs: u32,
    changed: u32,
    within_noise: u32,
    /// What the gate said of the throughput.
    gate_changed: u32,
    gate_inconclusive: u32,
}

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.as_slice() {
        [] => anyhow::bail!("give the repetitions.jsonl that `vmalock selftest` wrote"),
        [word, directory, resamples] if word == REPLAY => {
            replay(Path::new(directory), resamples.parse()?)
        }
        [word, resamples, files @ ..] if word == WITH_RESAMPLES && !files.is_empty() => {
            let number: Result<NonZeroUsize, _> = resamples.parse();
            let number = number.with_context(|| format!("{word} {resamples}"))?;
            judge(files, number.get())
        }
        files => judge(files, RESAMPLES),
    }
}

/// Replays a pair from standard input in a directory of its own.
fn replay(directory: &Path, resamples: usize) -> anyhow::Result<()> {
    let pair: Pair = serde_json::from_reader(stdin())?;
    let criterion = || {
        Criterion::default()
            .without_plots()
            .nresamples(resamples)
            .output_directory(directory)
    };
    samples(criterion().save_baseline(SAVED.into()), &pair.baseline_ns);
    samples(
        criterion().retain_baseline(SAVED.into(), true),
        &pair.candidate_ns,
    );
    Ok(())
}

/// Makes criterion take these for what it measured.
fn samples(mut criterion: Criterion, windows_ns: &[f64]) {
    let mut group = criterion.benchmark_group("windows");
    group
        .sample_size(windows_ns.len())
        .sampling_mode(SamplingMode::Flat)
        // Longer than this is the one call of the warm-up.
        .warm_up_time(Duration::from_nanos(1))
        .measurement_time(Duration::from_secs(1));
    let mut next = None;
    group.bench_function("replayed", |bencher| {
        bencher.iter_custom(|iterations| {
            let at = next.map_or(0, |at: usize| at.min(windows_ns.len() - 1));
            if next.is_none() {
                std::thread::sleep(Duration::from_micros(100));
            }
            next = Some(next.map_or(0, |at| at + 1));
            Duration::from_secs_f64(windows_ns[at] * iterations as f64 / 1e9)
        });
    });
    group.finish();
}

/// Judges every pair of windows of these files and prints a table.
fn judge(files: &[String], resamples: usize) -> anyhow::Result<()> {
    let mut tallies: BTreeMap<(String, u32, String), Tally> = BTreeMap::new();
    for file in files {
        // The first line says what was asked.
        for line in std::fs::read_to_string(file)?.lines().skip(1) {
            let repetition: Repetition = serde_json::from_str(line)?;
            let windows = repetition.windows.iter();
            for windows in windows.filter(|w| w.baseline_ns.len() >= LEAST_SAMPLES) {
                let key = (windows.workload.clone(), windows.threads, harm(&repetition));
                let tally = tallies.entry(key).or_default();
                add(
                    tally,
                    &repetition,
                    windows,
                    &criterion_says(windows, resamples)?,
                )?;
            }
        }
    }
    let mut out = stdout();
    if tallies.is_empty() {
        writeln!(
            out,
            "No repetition has {LEAST_SAMPLES} windows of a throughput: nothing to give to criterion."
        )?;
    }
    for ((workload, threads, harm), tally) in tallies {
        let Tally {
            pairs,
            within_noise,
            gate_inconclusive,
            ..
        } = tally;
        writeln!(
            out,
            "{workload}, threads {threads}, {harm}: criterion calls it changed in {} (within its noise threshold {within_noise}); the gate in {} (inconclusive {gate_inconclusive})",
            share(tally.changed, pairs),
            share(tally.gate_changed, pairs),
        )?;
    }
    Ok(())
}

/// What was done to the candidate.
fn harm(repetition: &Repetition) -> String {
    match &repetition.injected {
        None => "the program against itself".into(),
        Some(injection) => match injection.kind {
            InjectionKind::Slowdown => format!("{:.1} % slower", 100.0 * injection.share),
            InjectionKind::Tail => "some operations slow".into(),
            InjectionKind::Unfair => "one thread held back".into(),
        },
    }
}

fn add(
    tally: &mut Tally,
    repetition: &Repetition,
    windows: &Windows,
    said: &str,
) -> anyhow::Result<()> {
    let changed = ["Performance has regressed", "Performance has improved"];
    let unchanged = [
        "No change in performance detected",
        "Change within noise threshold",
    ];
    let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
    anyhow::ensure!(
        any(&changed) || any(&unchanged),
        "criterion gives no verdict: {said}"
    );
    tally.pairs += 1;
    tally.changed += u32::from(any(&changed));
    tally.within_noise += u32::from(any(&unchanged[1..]));
    let line = repetition.check.lines.iter().find(|line| {
        (&line.lock, &line.workload, line.threads, &line.role)
            == (
                &windows.lock,
                &windows.workload,
                windows.threads,
                &windows.role,
            )
            && line.metric == "throughput"
    });
    let verdict = line.map(|line| line.verdict);
    tally.gate_changed += u32::from(matches!(
        verdict,
        Some(Verdict::Regressed | Verdict::Improved)
    ));
    tally.gate_inconclusive += u32::from(matches!(verdict, Some(Verdict::Inconclusive) | None));
    Ok(())
}

/// What criterion prints of a pair.
fn criterion_says(windows: &Windows, resamples: usize) -> anyhow::Result<String> {
    let directory = tempfile::tempdir()?;
    let mut child = Command::new(std::env::current_exe()?)
        .arg(REPLAY)
        .arg(directory.path())
        .arg(resamples.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let pair = Pair {
        baseline_ns: windows.baseline_ns.clone(),
        candidate_ns: windows.candidate_ns.clone(),
    };
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(&serde_json::to_vec(&pair)?)?;
    drop(stdin);
    let output = child.wait_with_output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `3 of 40, 7.5 % [1.6, 20.4]`, with the interval of Clopper and Pearson.
fn share(count: u32, of: u32) -> String {
    let interval = clopper_pearson(count, of);
    format!(
        "{count} of {of}, {:.1} % [{:.1}, {:.1}]",
        100.0 * f64::from(count) / f64::from(of),
        100.0 * interval.low,
        100.0 * interval.high
    )
}
