//! How much a run measures, by one word.

use super::Mode;

/// How much a run measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Under a minute on two CPUs: a first look.
    Quick,
    /// Minutes: what a mail can cite.
    Standard,
    /// As long as it takes: every thread count, twice the processes.
    Full,
}

impl Preset {
    /// Processes: the independent unit of all intervals.
    #[must_use]
    pub fn processes(self) -> u32 {
        match self {
            Self::Quick => 5,
            Self::Standard => 10,
            Self::Full => 20,
        }
    }

    /// Rounds in each process.
    #[must_use]
    pub fn rounds(self) -> u32 {
        match self {
            Self::Quick => 2,
            Self::Standard => 5,
            Self::Full => 10,
        }
    }

    /// The window in nanoseconds.
    #[must_use]
    pub fn window_ns(self) -> u64 {
        match self {
            Self::Quick => 10_000_000,
            Self::Standard | Self::Full => 20_000_000,
        }
    }

    /// Thread counts for so many allowed CPUs, ascending: powers of two and all CPUs, and, but for `quick`, twice as many
    /// threads as CPUs.
    #[must_use]
    pub fn threads(self, cpus: u32) -> Vec<u32> {
        let cpus = cpus.max(1);
        let mut threads: Vec<u32> = match self {
            Self::Quick => vec![1, 2, cpus],
            Self::Standard => std::iter::successors(Some(1), |n| Some(n * 2))
                .take_while(|n| *n < cpus)
                .chain([cpus, 2 * cpus])
                .collect(),
            Self::Full => std::iter::successors(Some(1), |n| Some((n + 1).max(n * 5 / 4)))
                .take_while(|n| *n < cpus)
                .chain([cpus, 2 * cpus])
                .collect(),
        };
        threads.retain(|n| self != Self::Quick || *n <= cpus.max(2));
        threads.sort_unstable();
        threads.dedup();
        threads
    }

    /// Modes.
    #[must_use]
    pub fn modes(self) -> Vec<Mode> {
        Mode::ALL.to_vec()
    }
}
