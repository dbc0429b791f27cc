//! Trials of what happens by chance, and how often something was so.

/// Of how many trials a brief run makes one.
const BRIEF: u32 = 10;

/// Trials that were made.
#[derive(Debug)]
pub(crate) struct Trials {
    /// As many as there are to be.
    all: u32,
    /// All of them, or with `VMALOCK_MODELS=brief` a part: on a machine on which the simulations are only to be shown to run.
    made: u32,
    /// In so many of them it was so.
    so: u32,
}

impl Trials {
    /// Makes them, numbered from 0.
    pub(crate) fn of(all: u32, mut trial: impl FnMut(u32) -> bool) -> Self {
        let is_brief = std::env::var("VMALOCK_MODELS").is_ok_and(|word| word == "brief");
        let made = if is_brief { all.div_ceil(BRIEF) } else { all };
        let so = (0..made).filter(|number| trial(*number)).count() as u32;
        Self { all, made, so }
    }

    /// How many were made.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// Whether it was so in at most `limit` of all, or in as large a part of those that were made.
    pub(crate) fn at_most(&self, limit: u32) -> bool {
        self.so <= (limit * self.made).div_ceil(self.all)
    }

    /// Whether it was so in at least `limit` of all, or in as large a part of those that were made, and not in none.
    pub(crate) fn at_least(&self, limit: u32) -> bool {
        self.so >= (limit * self.made / self.all).max(1)
    }

    /// Panics unless the share in which it was so lies between these, which are for all trials. A part of them may miss them by two
    /// standard errors.
    #[track_caller]
    pub(crate) fn assert_between(&self, what: &str, low: f64, high: f64) {
        let share = f64::from(self.so) / f64::from(self.made);
        let slack = if self.made < self.all {
            2.0 * (share * (1.0 - share) / f64::from(self.made)).sqrt()
        } else {
            0.0
        };
        let bounds = low - slack..=high + slack;
        assert!(bounds.contains(&share), "{what}: {share}, of {self:?}");
    }
}
