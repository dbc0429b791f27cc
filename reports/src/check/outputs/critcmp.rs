//! The folders of criterion, for critcmp: `critcmp --target-dir DIR baseline candidate`.
//!
//! critcmp reads `criterion/…/<baseline>/{benchmark,estimates}.json` and shows the mean and the standard deviation, in
//! nanoseconds. Here they are of processes: the time of an operation for a throughput, with one element an iteration, so
//! that critcmp shows the throughput too. What is no time, such as fairness, is left out, and so is what has fewer than two
//! processes.

use super::{File, Side};
use crate::check::{Check, Line};
use crate::stats::{CONFIDENCE, median};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The most characters of a folder's name, as in criterion.
const FOLDER_CHARACTERS: usize = 64;

/// How often the processes are drawn anew for an interval.
const RESAMPLES: usize = 1_000;

/// The files of both sides.
#[must_use]
pub fn files(check: &Check) -> Vec<File> {
    let mut taken = BTreeSet::new();
    let mut files = Vec::new();
    for line in &check.lines {
        let folder = free_folder(&mut taken, &line.key());
        for side in [Side::Baseline, Side::Candidate] {
            let Some(estimates) = estimates(line, side) else {
                continue;
            };
            let place = format!("criterion/{folder}/{}", side.word());
            for (name, json) in [
                ("benchmark", benchmark(line, &folder)),
                ("estimates", estimates),
            ] {
                files.push(File {
                    path: format!("{place}/{name}.json"),
                    text: format!("{json:#}\n"),
                });
            }
        }
    }
    files
}

fn benchmark(line: &Line, folder: &str) -> Value {
    let throughput = (line.unit == "op/s").then(|| json!({"Elements": 1}));
    json!({
        "group_id": line.lock,
        "function_id": line.key(),
        "value_str": null,
        "throughput": throughput,
        "full_id": line.key(),
        "directory_name": folder,
        "title": line.key(),
    })
}

fn estimates(line: &Line, side: Side) -> Option<Value> {
    let times_ns: Vec<f64> = match line.unit.as_str() {
        "ns" => side.per_process(line).to_vec(),
        "op/s" => side.per_process(line).iter().map(|ops| 1e9 / ops).collect(),
        _ => return None,
    };
    let sound = times_ns.len() >= 2 && times_ns.iter().all(|ns| ns.is_finite());
    sound.then(|| {
        json!({
            "mean": statistic(&times_ns, mean),
            "median": statistic(&times_ns, middle),
            "median_abs_dev": statistic(&times_ns, median_deviation),
            "slope": null,
            "std_dev": statistic(&times_ns, standard_deviation),
        })
    })
}

/// A statistic of the processes as criterion has it: with a percentile interval and a standard error from resampling.
fn statistic(values: &[f64], of: fn(&[f64]) -> f64) -> Value {
    // From one seed, so that a check is always drawn the same.
    let mut random = fastrand::Rng::with_seed(0);
    let mut resampled: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let draw = |_| values[random.usize(..values.len())];
            of(&(0..values.len()).map(draw).collect::<Vec<f64>>())
        })
        .collect();
    resampled.sort_by(f64::total_cmp);
    let tail = ((1.0 - CONFIDENCE) / 2.0 * RESAMPLES as f64) as usize;
    json!({
        "confidence_interval": {
            "confidence_level": CONFIDENCE,
            "lower_bound": resampled[tail],
            "upper_bound": resampled[RESAMPLES - 1 - tail],
        },
        "point_estimate": of(values),
        "standard_error": standard_deviation(&resampled),
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn middle(values: &[f64]) -> f64 {
    median(values).unwrap_or(f64::NAN)
}

/// The median of the distances from the median, times the factor that makes it a standard deviation for a normal
/// distribution.
fn median_deviation(values: &[f64]) -> f64 {
    let centre = middle(values);
    let distances: Vec<f64> = values.iter().map(|v| (v - centre).abs()).collect();
    1.4826 * middle(&distances)
}

fn standard_deviation(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: f64 = values.iter().map(|v| (v - centre).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

/// A folder's name from a key, that no other line has.
fn free_folder(taken: &mut BTreeSet<String>, key: &str) -> String {
    let harmless = |c: char| {
        if "?\"/\\*<>:|^".contains(c) || c.is_control() {
            '_'
        } else {
            c
        }
    };
    let whole: String = key.chars().map(harmless).collect();
    let mut folder = cut(&whole, FOLDER_CHARACTERS);
    for number in 2_u32.. {
        if taken.insert(folder.clone()) {
            break;
        }
        let ending = format!("-{number}");
        folder = cut(&whole, FOLDER_CHARACTERS - ending.len()) + &ending;
    }
    folder
}

/// The first characters of a text.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
