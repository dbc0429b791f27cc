//! What a run will tell, before it is made, from the spread of an earlier one.

use crate::Run;
use crate::digest::{Digest, Spread};
use crate::stats::median;
use std::fmt;

/// The smallest differences in throughput that a run would find four times in five, as shares, over the settings and
/// roles of an earlier run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ahead {
    /// In the middle setting.
    pub median: f64,
    /// In the quietest setting.
    pub smallest: f64,
    /// In the noisiest setting.
    pub largest: f64,
    /// How many settings the earlier run knows the spread of.
    pub settings: usize,
}

/// What so many processes of so many rounds would tell if they spread as those of `like` do: the ratio of the two fastest
/// locks of each of its settings. `None` if it has none with two locks, two processes and two rounds that can be ranked.
///
/// # Panics
/// When there are fewer than two processes, or no rounds.
#[must_use]
pub fn ahead(like: &Run, processes: u32, rounds: u32) -> Option<Ahead> {
    let digest = Digest::of(like);
    let tables = digest.settings.iter().flat_map(|setting| &setting.roles);
    let shares: Vec<f64> = tables
        .filter_map(Spread::of)
        .filter(|spread| spread.second.is_some())
        .filter_map(|spread| spread.components)
        .map(|components| components.detectable_ratio(processes, rounds) - 1.0)
        .collect();
    Some(Ahead {
        median: median(&shares)?,
        smallest: shares.iter().copied().fold(f64::INFINITY, f64::min),
        largest: shares.iter().copied().fold(0.0, f64::max),
        settings: shares.len(),
    })
}

/// `differences of about 1.8 % in throughput (median over 24 settings; 0.9 % to 4.1 %)`.
impl fmt::Display for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        write!(
            f,
            "differences of about {} in throughput",
            percent(self.median)
        )?;
        if self.settings == 1 {
            return write!(f, " (one setting)");
        }
        write!(
            f,
            " (median over {} settings; {} to {})",
            self.settings,
            percent(self.smallest),
            percent(self.largest)
        )
    }
}
