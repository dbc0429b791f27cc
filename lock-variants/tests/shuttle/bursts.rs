//! Schedules in which each thread runs for a while before another does.

use shuttle::scheduler::{RandomScheduler, Schedule, Scheduler, Task, TaskId};

/// A random scheduler that lets a thread go on with a probability that differs from run to run: for 2, 4, 8, 16 or 32 steps
/// in the mean.
#[derive(Debug)]
pub(crate) struct Bursts {
    random: RandomScheduler,
    runs: u32,
    /// The state of a generator of its own: what the models draw is replayed from the seed of their schedule.
    state: u64,
}

impl Bursts {
    pub(crate) fn new(iterations: usize) -> Self {
        Self {
            random: RandomScheduler::new_from_seed(0, iterations),
            runs: 0,
            state: 0,
        }
    }

    /// Whether the thread that runs goes on.
    fn goes_on(&mut self) -> bool {
        // SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        !(bits ^ (bits >> 31)).is_multiple_of(2 << (self.runs % 5))
    }
}

impl Scheduler for Bursts {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.runs += 1;
        self.random.new_execution()
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let can_go_on = |current: &TaskId| runnable.iter().any(|task| task.id() == *current);
        if let Some(current) = current.filter(can_go_on)
            && !is_yielding
            && self.goes_on()
        {
            return Some(current);
        }
        self.random.next_task(runnable, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.random.next_u64()
    }
}
