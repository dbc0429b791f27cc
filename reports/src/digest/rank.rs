//! Which lock is fastest, if that can be said.

use super::rounds::RoundCount;
use super::setting::Row;
use crate::stats::{Estimate, median};
use std::collections::BTreeMap;

/// What can be said about the order of the locks of one role in one setting.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ranking {
    /// No lock that excludes has a result.
    Nothing,
    /// Only this lock has one.
    Alone(usize),
    /// A single process: its spread is unknown.
    OneProcess,
    /// Too many processes are void.
    TooNoisy,
    /// `leaders[0]` has the highest throughput; the others of `leaders` are not separated from it.
    Ranked {
        leaders: Vec<usize>,
        /// The best of those that are separated, and how many times faster the leader is.
        next: Option<(usize, Estimate)>,
    },
}

/// Ranks the rows and gives each the ratio of its throughput to the highest.
///
/// Two locks are separated if the interval of their ratio leaves 1 out. The ratio is taken within each round, which both
/// locks went through in the same slot; of these the median is a process's value.
pub(crate) fn rank(rows: &mut [Row], controls: &[bool], rounds: RoundCount) -> Ranking {
    let centre = |row: &Row| row.rate.as_ref().map(|r| r.shown().ops_per_s.centre);
    let mut contenders: Vec<(usize, f64)> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| !controls[row.lock])
        .filter_map(|(index, row)| Some((index, centre(row)?)))
        .collect();
    contenders.sort_by(|a, b| b.1.total_cmp(&a.1));
    let Some(&(best, _)) = contenders.first() else {
        return Ranking::Nothing;
    };
    if contenders.len() > 1 && rounds.too_noisy() {
        return Ranking::TooNoisy;
    }
    let reference = by_round(&rows[best]).cloned().unwrap_or_default();
    for row in rows.iter_mut() {
        row.to_best = by_round(row).and_then(|mine| paired_ratio(mine, &reference));
    }
    if contenders.len() == 1 {
        return Ranking::Alone(rows[best].lock);
    }
    let processes = |row: &Row| {
        row.rate
            .as_ref()
            .map_or(0, |r| r.shown().ops_per_s.per_process.len())
    };
    if processes(&rows[best]) < 2 {
        return Ranking::OneProcess;
    }
    let (mut leaders, mut next) = (vec![rows[best].lock], None);
    for (index, _) in contenders.into_iter().skip(1) {
        // Without a ratio it stood still or shares no round with the best: neither equal to it nor measurably behind.
        let Some(interval) = rows[index].to_best.as_ref().and_then(|r| r.interval) else {
            continue;
        };
        if interval.high >= 1.0 {
            leaders.push(rows[index].lock);
        } else if next.is_none() {
            next = by_round(&rows[index])
                .and_then(|theirs| paired_ratio(&reference, theirs))
                .map(|ratio| (rows[index].lock, ratio));
        }
    }
    Ranking::Ranked { leaders, next }
}

pub(super) fn by_round(row: &Row) -> Option<&BTreeMap<(u32, u32), f64>> {
    row.rate.as_ref().map(|rate| &rate.shown().by_round)
}

/// `one` over `other`, paired by round. `None` when they share no round, or when `one` stood still
/// in the middle round of a process.
pub(crate) fn paired_ratio(
    one: &BTreeMap<(u32, u32), f64>,
    other: &BTreeMap<(u32, u32), f64>,
) -> Option<Estimate> {
    Estimate::of_ratios(ratio_by_process(one, other).into_values().collect())
}

/// `one` over `other` in each process that measured both: the median of its rounds. 0 where `one` stood still.
pub(crate) fn ratio_by_process(
    one: &BTreeMap<(u32, u32), f64>,
    other: &BTreeMap<(u32, u32), f64>,
) -> BTreeMap<u32, f64> {
    paired_logs(one, other)
        .into_iter()
        .filter_map(|(process, logs)| Some((process, median(&logs)?.exp())))
        .collect()
}

/// The logarithms of `one` over `other` in the rounds that both went through, by process. A round in which `one` stood
/// still counts as minus infinity, which a median bears.
pub(super) fn paired_logs(
    one: &BTreeMap<(u32, u32), f64>,
    other: &BTreeMap<(u32, u32), f64>,
) -> BTreeMap<u32, Vec<f64>> {
    let mut processes: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (round, mine) in one {
        if let Some(theirs) = other.get(round)
            && *theirs > 0.0
        {
            let logs = processes.entry(round.0).or_default();
            logs.push((mine / theirs).ln());
        }
    }
    processes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(values: &[[f64; 2]]) -> BTreeMap<(u32, u32), f64> {
        let mut map = BTreeMap::new();
        for (process, pair) in (0..).zip(values) {
            for (round, value) in (0..).zip(pair) {
                map.insert((process, round), *value);
            }
        }
        map
    }

    #[test]
    fn pairing_takes_out_what_hits_both() {
        // The processes differ four times over; the locks always by 10 %.
        let slow = rounds(&[[1.0, 2.0], [4.0, 8.0], [2.0, 2.0]]);
        let fast = rounds(&[[1.1, 2.2], [4.4, 8.8], [2.2, 2.2]]);
        let ratio = paired_ratio(&fast, &slow).expect("they share rounds");
        let interval = ratio.interval.expect("three processes");
        assert!((ratio.centre - 1.1).abs() < 1e-9);
        assert!(interval.low > 1.09 && interval.high < 1.11);
    }

    #[test]
    fn a_lock_that_mostly_stood_still_has_no_ratio() {
        let still = rounds(&[[0.0, 0.0], [1.0, 1.0]]);
        let once = BTreeMap::from([((0, 0), 0.0), ((0, 1), 1.0), ((0, 2), 1.0)]);
        let steady = BTreeMap::from([((0, 0), 2.0), ((0, 1), 2.0), ((0, 2), 2.0)]);
        assert_eq!(
            paired_ratio(&still, &rounds(&[[1.0, 1.0], [1.0, 1.0]])),
            None
        );
        let ratio = paired_ratio(&once, &steady).expect("two rounds of three");
        assert!((ratio.centre - 0.5).abs() < 1e-12);
    }

    #[test]
    fn nothing_in_common_is_no_ratio() {
        assert_eq!(paired_ratio(&rounds(&[[1.0, 1.0]]), &BTreeMap::new()), None);
        assert_eq!(
            paired_ratio(&rounds(&[[1.0, 1.0]]), &rounds(&[[0.0, 0.0]])),
            None
        );
    }
}
