//! What stands beside the verdicts: what disturbed, what was left out, and what to do.

use super::draft::Draft;
use super::gather::Measures;
use crate::check::{Again, Line, Verdict};
use crate::compare;
use crate::digest::{Digest, LATENCY, Setting, THROUGHPUT};
use crate::table::left_out;
use crate::{verdict, words};
use bench_core::record::Host;

/// What to do about settings that were too noisy.
pub(crate) fn advice(
    first: &Digest<'_>,
    second: Option<&Digest<'_>>,
    drafts: &[Draft],
) -> Vec<String> {
    let mut advice = void_settings(first, "");
    advice.extend(
        second
            .into_iter()
            .flat_map(|digest| void_settings(digest, "second stage, ")),
    );
    if advice.is_empty() {
        return advice;
    }
    let mut gated = drafts.iter().filter(|draft| draft.line.gated);
    if gated.all(|draft| draft.contrast.is_none()) {
        advice.insert(
            0,
            "Nothing that decides could be judged: the run is void.".into(),
        );
    }
    advice.push(
        "Stop what else runs on this machine, or wait until it is quiet, and measure again; `vmalock host` says what \
         stands in the way."
            .into(),
    );
    advice
}

fn void_settings(digest: &Digest<'_>, lead: &str) -> Vec<String> {
    let mut found = Vec::new();
    for mode in [THROUGHPUT, LATENCY] {
        let void = digest
            .settings
            .iter()
            .filter(|setting| setting.rounds(mode).too_noisy());
        found.extend(void.map(|setting| too_noisy(setting, mode, lead)));
    }
    found
}

fn too_noisy(setting: &Setting<'_>, mode: &str, lead: &str) -> String {
    let rounds = setting.rounds(mode);
    let mut words = format!(
        "Too noisy: {lead}{}, {}, {mode}: {rounds}",
        setting.workload,
        words::count(u64::from(setting.threads), "thread"),
    );
    if let Some(main) = setting.disturbance(mode) {
        words += &format!(
            "; most often ({}): {}",
            words::count(main.cells as u64, "window"),
            main.example
        );
    }
    words + "."
}

/// What was left out, and what is special.
pub(super) fn notes(
    first: &Measures<'_>,
    second: Option<&Measures<'_>>,
    drafts: &[Draft],
) -> Vec<String> {
    let baseline = &first.digests[0];
    let mut notes: Vec<String> = Vec::new();
    for (stage, lead) in [(Some(first), ""), (second, "second stage: ")] {
        let Some(stage) = stage else { continue };
        let noise = [THROUGHPUT, LATENCY].map(|mode| verdict::noise(&stage.digests[0], mode));
        notes.extend(
            noise
                .into_iter()
                .flatten()
                .map(|note| format!("{lead}{note}")),
        );
        for (digest, name) in stage.digests.iter().zip(["baseline", "candidate"]) {
            notes.extend(
                left_out(digest)
                    .into_iter()
                    .map(|note| format!("{lead}{name}: {note}")),
            );
        }
    }
    notes.extend(compare::only_in_one(
        &first.digests,
        ["the baseline", "the candidate"],
    ));
    let shared = compare::shared(&first.digests, &[]);
    let other_work = shared.iter().filter(|shared| !shared.same_work);
    let mut names: Vec<&str> = other_work.map(|shared| shared.setting.workload).collect();
    names.dedup();
    for name in names {
        notes.push(format!(
            "{name}: the baseline and the candidate were given different work"
        ));
    }
    if first.control.is_none() {
        notes.push("no control was measured: what noise alone makes is not known".into());
    }
    if baseline
        .settings
        .iter()
        .any(|setting| setting.oversubscribed)
    {
        notes.push(
            "more threads than CPUs: their waiting for a CPU is the lock's own doing, so such rounds are dirty only by \
             the CPU time of others and by steal"
                .into(),
        );
    }
    if drafts.is_empty() {
        notes.push("nothing was measured of both: there is nothing to compare".into());
    }
    notes
}

/// What to do next about the lines that decide.
pub(super) fn next(lines: &[Line]) -> Vec<String> {
    let open = |again| {
        lines
            .iter()
            .filter(move |line| line.gated && line.again == Some(again))
    };
    let mut advice = Vec::new();
    let (different, close) = (
        open(Again::Difference).count(),
        open(Again::Equivalence).count(),
    );
    if different + close > 0 {
        advice.push(format!(
            "A second stage with fresh processes would settle {}.",
            words::count((different + close) as u64, "line")
        ));
    }
    let imprecise = |line: &&Line| {
        line.gated
            && line.verdict == Verdict::Inconclusive
            && line.ratio.is_some()
            && line.again.is_none()
    };
    let imprecise = lines.iter().filter(imprecise).count();
    if imprecise > 0 {
        advice.push(format!(
            "More processes (--processes), fewer locks and settings at a time, or a wider --margin would decide {}.",
            words::count(imprecise as u64, "line")
        ));
    }
    if lines
        .iter()
        .any(|line| line.gated && line.why.starts_with(super::reasons::ALARM))
    {
        advice.push(
            "The baseline's program measured twice by turns gave two results, so a difference proves nothing: look for what \
             changes by itself (frequency, a neighbour, memory), see `vmalock host`, and measure again."
                .into(),
        );
    }
    advice
}

/// A machine in a few words.
pub(super) fn host(host: &Host) -> String {
    let cpus = words::count(host.allowed_cpus.len() as u64, "CPU");
    let kernel = host
        .kernel
        .as_ref()
        .map(|kernel| format!("kernel {kernel}"));
    let model = host.cpu_model.clone().unwrap_or_else(|| host.arch.clone());
    let parts = [Some(model), Some(cpus), kernel, host.hypervisor.clone()];
    parts
        .into_iter()
        .flatten()
        .collect::<Vec<String>>()
        .join(", ")
}
