//! One metric of one lock beside the reference lock.

use crate::check::Better;
use crate::digest::{LATENCY, THROUGHPUT};
use crate::stats::Estimate;
use bench_core::workload::RoleName;
use serde::{Deserialize, Deserializer, Serialize, de};

/// What tells an entry from the others: workload, threads, placement, role, lock, metric.
pub(super) type Key<'e> = (&'e str, u32, &'e str, RoleName, &'e str, &'e str);

/// One metric of one lock under one workload, beside the reference lock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The workload.
    pub workload: String,
    /// Worker threads.
    pub threads: u32,
    /// The placement.
    pub placement: String,
    /// The part of the threads that it is of.
    pub role: RoleName,
    /// The lock.
    pub lock: String,
    /// `throughput`, or `p99` and of what.
    pub metric: String,
    /// Which way it is better.
    pub better: Better,
    /// The unit of the levels: `op/s` or `ns`.
    pub unit: String,
    /// What the lock reached. It only informs: levels are never compared.
    pub level: f64,
    /// What the reference lock reached.
    pub reference_level: f64,
    /// Rounds over all processes.
    pub rounds: u32,
    /// Those that were dirty and left out.
    pub dirty_rounds: u32,
    /// The lock over the reference lock, one value for each process.
    #[serde(deserialize_with = "ratios")]
    pub ratios: Vec<f64>,
}

impl Entry {
    /// The geometric mean of the ratios; `None` only of an entry without any.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        Estimate::of_ratios(self.ratios.clone()).map(|estimate| estimate.centre)
    }

    /// The mode whose cells it is from, by its word.
    pub(super) fn mode(&self) -> &'static str {
        match &*self.unit {
            "ns" => LATENCY,
            _ => THROUGHPUT,
        }
    }

    pub(super) fn key(&self) -> Key<'_> {
        (
            &self.workload,
            self.threads,
            &self.placement,
            self.role,
            &self.lock,
            &self.metric,
        )
    }

    /// `lock/workload/threads/placement/role/metric`, which names it in every output.
    #[must_use]
    pub fn name(&self) -> String {
        name(
            &self.lock,
            &self.workload,
            self.threads,
            &self.placement,
            self.role,
            &self.metric,
        )
    }

    /// With numbers of six digits: more than the measurement has, and few enough for a line.
    pub(super) fn rounded(mut self) -> Self {
        let levels = [&mut self.level, &mut self.reference_level];
        for number in levels.into_iter().chain(&mut self.ratios) {
            *number = format!("{number:.5e}").parse().unwrap_or(*number);
        }
        self
    }
}

/// `lock/workload/threads/placement/role/metric`.
pub(super) fn name(
    lock: &str,
    workload: &str,
    threads: u32,
    placement: &str,
    role: RoleName,
    metric: &str,
) -> String {
    let role = role.word();
    format!("{lock}/{workload}/{threads}/{placement}/{role}/{metric}")
}

/// Ratios that a contrast can be made of.
fn ratios<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let ratios = Vec::<f64>::deserialize(deserializer)?;
    if ratios.len() < 2 {
        return Err(de::Error::custom("fewer than two ratios tell no spread"));
    }
    match ratios.iter().find(|r| !(r.is_finite() && **r > 0.0)) {
        Some(bad) => Err(de::Error::custom(format!(
            "{bad} is no ratio: it is above 0"
        ))),
        None => Ok(ratios),
    }
}
