//! When a run has enough processes: the rule of `run --precision`.
//!
//! Processes are added until every interval is narrow enough. Only the width is looked at. It says nothing about where the
//! interval lies, so that looking often does not make a difference out of chance: the interval still covers the truth in
//! at least 91 of 100 runs (simulated in `tests/suite/coverage.rs`; 95 without looking). To stop at the first look that is
//! *significant* calls equal things different in a fifth of all runs, so there is no such rule here.

use super::estimate::Interval;

/// So many processes are added at a time.
const AT_A_TIME: u32 = 2;

/// How narrow intervals shall be, and how many processes may be spent on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Precision {
    /// Half of an interval's width on the logarithmic scale is at most that of a ratio of 1 + `target`: 0.02 asks for
    /// plus or minus 2 %.
    pub target: f64,
    /// With fewer processes the spread itself is not known, and a narrow interval is luck.
    pub least_processes: u32,
    /// With as many processes no more are added.
    pub most_processes: u32,
}

/// What a run that asks for precision does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Every interval is narrow enough.
    Enough,
    /// Measure so many processes more.
    Add(u32),
    /// Some interval is too wide, and there are as many processes as there may be.
    Spent,
}

impl Precision {
    /// From 6 to 40 processes.
    ///
    /// # Panics
    /// When `target` is not above 0.
    #[must_use]
    pub fn new(target: f64) -> Self {
        assert!(target > 0.0, "no number of processes is exact");
        Self {
            target,
            least_processes: 6,
            most_processes: 40,
        }
    }

    /// Whether the intervals of a run of so many processes are narrow enough: those of every headline number, `None` for
    /// one that has no interval, which is not narrow. No number at all is not enough.
    #[must_use]
    pub fn met(
        &self,
        processes: u32,
        intervals: impl IntoIterator<Item = Option<Interval>>,
    ) -> bool {
        let mut intervals = intervals.into_iter().peekable();
        let narrow = |interval: Option<Interval>| {
            interval.is_some_and(|interval| interval.log_half_width() <= self.target.ln_1p())
        };
        processes >= self.least_processes && intervals.peek().is_some() && intervals.all(narrow)
    }

    /// What to do after so many processes with these intervals, as [`Precision::met`] takes them.
    #[must_use]
    pub fn step(
        &self,
        processes: u32,
        intervals: impl IntoIterator<Item = Option<Interval>>,
    ) -> Step {
        if self.met(processes, intervals) {
            return Step::Enough;
        }
        let wanted = self.least_processes.max(processes + AT_A_TIME);
        match wanted.min(self.most_processes).saturating_sub(processes) {
            0 => Step::Spent,
            more => Step::Add(more),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(share: f64) -> Option<Interval> {
        Some(Interval {
            low: 1.7 / (1.0 + share),
            high: 1.7 * (1.0 + share),
        })
    }

    #[test]
    fn every_interval_must_be_as_narrow_as_asked() {
        let precision = Precision::new(0.02);
        assert!(precision.met(6, [within(0.019), within(0.001)]));
        assert!(!precision.met(6, [within(0.019), within(0.021)]));
        assert!(!precision.met(6, [within(0.019), None]));
        assert!(!precision.met(6, []));
    }

    #[test]
    fn few_processes_are_never_enough() {
        let precision = Precision::new(0.02);
        assert!(!precision.met(5, [within(0.001)]));
        assert_eq!(precision.step(0, [None]), Step::Add(6));
        assert_eq!(precision.step(4, [within(0.001)]), Step::Add(2));
        assert_eq!(precision.step(6, [within(0.001)]), Step::Enough);
    }

    #[test]
    fn processes_are_added_by_two_until_there_are_as_many_as_may_be() {
        let precision = Precision::new(0.02);
        assert_eq!(precision.step(6, [within(0.03)]), Step::Add(2));
        assert_eq!(precision.step(39, [within(0.03)]), Step::Add(1));
        assert_eq!(precision.step(40, [within(0.03)]), Step::Spent);
        assert_eq!(precision.step(40, [within(0.01)]), Step::Enough);
        assert_eq!(precision.step(50, [within(0.03)]), Step::Spent);
    }

    #[test]
    #[should_panic(expected = "no number of processes is exact")]
    fn exactness_is_refused() {
        let _ = Precision::new(0.0);
    }
}
