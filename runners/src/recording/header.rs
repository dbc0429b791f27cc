//! The header of a run.

use crate::contender::Contender;
use bench_core::plan::Plan;
use bench_core::record::{ClockInfo, Header, Host, PrecisionGoal, SCHEMA, ToolInfo};
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
        started_at: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        command: std::env::args().skip(1).collect(),
        seed: plan.seed,
        threads: plan.threads.clone(),
        modes: plan.modes.clone(),
        placements: plan.placements.clone(),
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
    let revision = env!("VMALOCK_GIT_REVISION");
    let mut target_features: Vec<String> = env!("VMALOCK_TARGET_FEATURES")
        .split(',')
        .filter(|feature| ["lse", "lse2", "rcpc", "outline-atomics"].contains(feature))
        .map(str::to_owned)
        .collect();
    target_features.sort();
    ToolInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        git_revision: (!revision.is_empty()).then(|| revision.to_owned()),
        rustc: env!("VMALOCK_RUSTC").to_owned(),
        target: env!("VMALOCK_TARGET").to_owned(),
        profile: if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        }
        .to_owned(),
        target_features,
    }
}
