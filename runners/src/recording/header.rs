//! The header of a run.

use crate::contender::Contender;
use crate::hints;
use bench_core::plan::Plan;
use bench_core::record::{ClockInfo, Header, Host, PrecisionGoal, SCHEMA, ToolInfo};
use std::hint::black_box;
use std::time::SystemTime;

/// The header of a run that begins now.
pub(crate) fn header(
    plan: &Plan,
    precision: Option<PrecisionGoal>,
    contenders: &[Contender],
    host: Host,
    clock: ClockInfo,
    mut warnings: Vec<String>,
) -> Header {
    if cfg!(debug_assertions) {
        warnings.insert(
            0,
            "this is a debug build: its numbers say nothing; build with --release".to_owned(),
        );
    }
    Header {
        schema: SCHEMA,
        tool: tool(),
        build: None,
        started_at: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        command: std::env::args().skip(1).collect(),
        seed: plan.seed,
        threads: plan.threads.clone(),
        modes: plan.modes.clone(),
        placements: plan.placements.clone(),
        counters: plan.counters.clone(),
        processes: plan.processes,
        rounds: plan.rounds,
        window_ns: plan.window_ns,
        precision,
        host,
        clock,
        locks: contenders
            .iter()
            .filter(|contender| plan.locks.iter().any(|name| name == contender.name()))
            .map(Contender::info)
            .collect(),
        workloads: plan.workloads.clone(),
        warnings,
    }
}

/// This build.
pub(crate) fn tool() -> ToolInfo {
    let revision = revision();
    let mut target_features: Vec<String> = env!("VMALOCK_TARGET_FEATURES")
        .split(',')
        .filter(|feature| ["lse", "lse2", "rcpc", "outline-atomics"].contains(feature))
        .map(str::to_owned)
        .collect();
    target_features.sort();
    ToolInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        git_revision: revision,
        rustc: env!("VMALOCK_RUSTC").to_owned(),
        target: env!("VMALOCK_TARGET").to_owned(),
        profile: if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        }
        .to_owned(),
        target_features,
        atomics: match env!("VMALOCK_ATOMICS") {
            "" => None,
            word => Some(word.to_owned()),
        },
        pause: hints::PAUSE.map(str::to_owned),
    }
}

/// The revision, with `-dirty` when tracked files differed from it; `None` outside a checkout.
///
/// The words are kept out of the code, into which the compiler would fold so short ones: builds of two revisions that differ
/// in no code have the same machine code, and `check` can say so.
fn revision() -> Option<String> {
    let [revision, tree] = black_box([env!("VMALOCK_GIT_REVISION"), env!("VMALOCK_GIT_TREE")]);
    match (revision, tree) {
        ("", _) => None,
        (revision, "dirty") => Some(format!("{revision}-dirty")),
        (revision, _) => Some(revision.to_owned()),
    }
}
