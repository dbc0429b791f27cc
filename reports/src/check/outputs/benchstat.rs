//! The text format of Go benchmarks, for benchstat: a line for each process, so that `benchstat old.txt new.txt` makes its
//! own comparison, and `benchstat -col /lock new.txt` sets locks beside each other.
//!
//! benchstat reads `Benchmark<name> <count> <value> <unit>`, where the name is cut at each `/`, `key=value` is a part of it,
//! and a `-2` at its end would be GOMAXPROCS. The count is 1: one process.

use super::{Side, slug};
use crate::check::{Check, Line};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The text of one side. Only the host stands in it as configuration, since files that differ there are not compared.
#[must_use]
pub fn text(check: &Check, side: Side) -> String {
    let host = one_line(&check.host);
    let mut text = format!("host: {host}\n");
    for (unit, better) in units(check) {
        let _ = writeln!(text, "Unit {unit} better={better}");
    }
    for line in &check.lines {
        for value in side.per_process(line) {
            let _ = writeln!(text, "{} 1 {value} {}", name(line), unit(line));
        }
    }
    text
}

/// Every unit with the word for the way that it is better, each once.
fn units(check: &Check) -> BTreeMap<String, &'static str> {
    let of = |line: &Line| (unit(line), line.better.word());
    check.lines.iter().map(of).collect()
}

/// The name; the threads are last, so that the digits at the end of a lock's name are not taken for GOMAXPROCS.
fn name(line: &Line) -> String {
    format!(
        "BenchmarkLock/lock={}/workload={}/placement={}/role={}/threads={}",
        part(&line.lock),
        part(&line.workload),
        part(&line.placement),
        part(&line.role),
        line.threads
    )
}

/// `op/s`, `p99-ns` or `jains-index`: metrics are told apart by their unit.
fn unit(line: &Line) -> String {
    match line.unit.as_str() {
        "op/s" if line.metric == "throughput" => "op/s".to_owned(),
        "" => slug(&line.metric),
        unit => format!("{}-{}", slug(&line.metric), part(unit)),
    }
}

/// A part of a name: what would end the part or the name becomes `_`.
fn part(text: &str) -> String {
    let harmless = |c: char| !(c.is_whitespace() || c.is_control() || c == '/');
    text.chars()
        .map(|c| if harmless(c) { c } else { '_' })
        .collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
