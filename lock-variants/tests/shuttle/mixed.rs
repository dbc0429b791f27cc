//! Three kinds of schedules by turns.

use crate::bursts::Bursts;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Schedule, Scheduler, Task, TaskId};

/// The places in a run where a thread is stopped for long, in the schedules with few switches.
const LONG_STOPS: usize = 3;

/// Every third schedule switches between threads at random, which mixes their steps well. Every third lets each thread run for a
/// while ([`Bursts`]), which finds what needs several threads to stand still in narrow windows by turns. Every third lets one
/// thread run on and stops it at a few random places (PCT), which finds what needs a thread to stand still while another does
/// a lot. By turns, so that what one kind finds soon is found soon.
pub(crate) struct Mixed {
    kinds: [Box<dyn Scheduler>; 3],
    /// The one that the running schedule is of; before the first schedule the last.
    turn: usize,
}

impl Mixed {
    /// So many schedules, a third of each kind.
    pub(crate) fn new(iterations: usize) -> Self {
        let third = |first: usize| (iterations + 2 - first) / 3;
        Self {
            kinds: [
                Box::new(RandomScheduler::new_from_seed(0, third(0))),
                Box::new(Bursts::new(third(1))),
                Box::new(PctScheduler::new_from_seed(0, LONG_STOPS, third(2))),
            ],
            turn: 2,
        }
    }

    fn kind(&mut self) -> &mut dyn Scheduler {
        self.kinds[self.turn].as_mut()
    }
}

impl Scheduler for Mixed {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.turn = (self.turn + 1) % self.kinds.len();
        let schedule = self.kind().new_execution();
        if schedule.is_none() {
            // They end together. One that is not told so says on stderr with which seed it failed.
            for kind in &mut self.kinds {
                assert!(kind.new_execution().is_none(), "a kind has schedules left");
            }
        }
        schedule
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        self.kind().next_task(runnable, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.kind().next_u64()
    }
}
