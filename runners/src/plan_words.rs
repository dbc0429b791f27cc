//! A plan in words.

use bench_core::plan::{Mode, Plan};
use std::io::Write;
use std::time::Duration;

/// What would be measured, and about how long it takes.
pub(crate) fn print_plan(plan: &Plan, out: &mut impl Write) -> std::io::Result<()> {
    let list = |words: Vec<String>| words.join(", ");
    let numbers = |numbers: &[u32]| list(numbers.iter().map(u32::to_string).collect());
    writeln!(out, "locks:      {}", plan.locks.join(", "))?;
    writeln!(
        out,
        "workloads:  {}",
        list(plan.workloads.iter().map(|w| w.name.clone()).collect())
    )?;
    writeln!(out, "threads:    {}", numbers(&plan.threads))?;
    writeln!(out, "placements: {}", plan.placements.join("; "))?;
    writeln!(
        out,
        "modes:      {}",
        list(plan.modes.iter().map(|m| m.word().to_owned()).collect())
    )?;
    if !plan.counters.is_empty() {
        writeln!(
            out,
            "counters:   the usual ones, {}",
            plan.counters.join(", ")
        )?;
    }
    writeln!(
        out,
        "processes:  {}, each with {} rounds (1 in mode {}), windows of {} ms, seed {}",
        plan.processes,
        plan.rounds,
        Mode::Counters.word(),
        plan.window_ns / 1_000_000,
        plan.seed
    )?;
    writeln!(
        out,
        "cells:      {} in all",
        plan.cells_per_process() * u64::from(plan.processes)
    )?;
    writeln!(out, "takes:      about {}", about(plan.estimate_ns()))
}

/// A time in words, rounded up to seconds.
pub(crate) fn about(ns: u64) -> String {
    humantime::format_duration(Duration::from_secs(ns.div_ceil(1_000_000_000))).to_string()
}
