//! Running a body under many schedules, and one schedule again.
//!
//! | variable | what it does |
//! |---|---|
//! | `VMALOCK_MODELS=deep` | 50 times as many schedules |
//! | `VMALOCK_MODELS=brief` | a fiftieth of the schedules, except where one is to fail |
//! | `VMALOCK_LOCK=refcount` | models of locks run for this lock alone |
//! | `VMALOCK_SCHEDULE=FILE` | the schedule in the file and no other; `scripts/replay.sh` sets it |
//! | `SHUTTLE_RANDOM_SEED=7` | other schedules than those of each test run |

use crate::mixed::Mixed;
use shuttle::scheduler::{ReplayScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, Runner};
use std::any::Any;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// How many times as many schedules a deep run takes, and how many times as few a brief one.
const FACTOR: usize = 50;

/// The file that shuttle writes a schedule to, in a directory that has none yet.
const WRITTEN: &str = "schedule000.txt";

/// Runs `body` under `iterations` schedules of three kinds ([`Mixed`]). They are the same ones in each test run.
///
/// # Panics
/// If `body` panics, all of its threads block, or they take more than a million steps: with the schedule, and with the
/// command that replays it.
pub(crate) fn explore(
    test: &'static str,
    iterations: usize,
    body: impl Fn() + Send + Sync + 'static,
) {
    if let Err(failure) = explore_lock(test, "-", iterations, body) {
        panic!("{failure}");
    }
}

/// The same for a model of one lock.
///
/// # Errors
/// What [`explore`] panics with.
pub(crate) fn explore_lock(
    test: &'static str,
    lock: &'static str,
    iterations: usize,
    body: impl Fn() + Send + Sync + 'static,
) -> Result<(), String> {
    if let Some(name) = std::thread::current().name()
        && name != "main"
    {
        assert_eq!(name, test, "the name that is printed for a replay");
    }
    let kept = Kept::new(test, lock);
    let result = run(within_reach(iterations), kept.persistence(), Box::new(body));
    if result.is_ok() {
        kept.clean();
    }
    result.map_err(|failure| kept.report(&failure))
}

/// How `body` fails, which it is expected to do under one of `iterations` schedules: for what was made wrong on purpose.
pub(crate) fn failure_of(
    iterations: usize,
    body: impl Fn() + Send + Sync + 'static,
) -> Option<String> {
    let iterations = iterations.max(within_reach(iterations));
    run(iterations, FailurePersistence::None, Box::new(body)).err()
}

/// What runs under each schedule: boxed, so that shuttle's runner is compiled once and not for each lock of each model.
type Body = Box<dyn Fn() + Send + Sync>;

fn run(iterations: usize, persistence: FailurePersistence, body: Body) -> Result<(), String> {
    let mut config = Config::new();
    config.silence_warnings = true; // that orderings are not modelled is said in `machine`
    config.stack_size = 0x2_0000; // the default is too small for formatting a panic without optimisation
    config.failure_persistence = persistence;
    if let Some(file) = std::env::var_os("VMALOCK_SCHEDULE") {
        let mut schedule = ReplayScheduler::new_from_file(&file)
            .unwrap_or_else(|error| panic!("{}: {error}", Path::new(&file).display()));
        schedule.set_allow_incomplete(); // a failure ends the schedule where it was found
        return run_with(schedule, config, body);
    }
    run_with(Mixed::new(iterations), config, body)
}

/// As many schedules as `VMALOCK_MODELS` asks for.
fn within_reach(iterations: usize) -> usize {
    match std::env::var("VMALOCK_MODELS").as_deref() {
        Ok("deep") => iterations * FACTOR,
        Ok("brief") => iterations.div_ceil(FACTOR),
        Ok(other) => panic!("VMALOCK_MODELS is {other}, and may be deep or brief"),
        Err(_) => iterations,
    }
}

fn run_with(scheduler: impl Scheduler + 'static, config: Config, body: Body) -> Result<(), String> {
    let runner = Runner::new(scheduler, config);
    match catch_unwind(AssertUnwindSafe(|| runner.run(body))) {
        Ok(_) => Ok(()),
        Err(panic) => Err(words_of(panic.as_ref())),
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words")
        .to_owned()
}

/// Where the schedule of a failure is kept.
struct Kept {
    test: &'static str,
    lock: &'static str,
    directory: PathBuf,
}

impl Kept {
    /// In a directory of this process alone: another may run the same test.
    fn new(test: &'static str, lock: &'static str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("schedules")
            .join(test.replace("::", "-"))
            .join(lock)
            .join(std::process::id().to_string());
        Self {
            test,
            lock,
            directory,
        }
    }

    /// A replay keeps nothing: it would overwrite what it replays.
    fn persistence(&self) -> FailurePersistence {
        if std::env::var_os("VMALOCK_SCHEDULE").is_some() {
            return FailurePersistence::None;
        }
        // What a process of this number left; that there is none is as good.
        let _ = fs::remove_file(self.directory.join(WRITTEN));
        match fs::create_dir_all(&self.directory) {
            Ok(()) => FailurePersistence::File(Some(self.directory.clone())),
            Err(_) => FailurePersistence::Print,
        }
    }

    /// Nothing was written; that there is no directory is as good.
    fn clean(&self) {
        let _ = fs::remove_dir(&self.directory);
    }

    /// A failure with its schedule and the command that replays it.
    fn report(&self, failure: &str) -> String {
        let file = self.directory.join(WRITTEN);
        let Self { test, lock, .. } = self;
        match fs::read_to_string(&file) {
            Ok(schedule) => format!(
                "{test}, lock {lock}: {failure}\nschedule:\n{schedule}\nto replay it:\n\
                 scripts/replay.sh {test} {lock} {}\n",
                file.display()
            ),
            Err(_) => format!("{test}, lock {lock}: {failure}"),
        }
    }
}
