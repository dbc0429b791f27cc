//! The contract suite: what every lock design must do, as named checks that any machine can run.
//!
//! A check either runs on one thread or hands out the bodies of a few threads, which the caller runs at the same time
//! with whatever threads its machine has. The bodies start no thread, wait for nothing but the lock, and read no clock, so
//! that the same checks run natively a thousand times over and once in every execution that a model allows.
//!
//! ```
//! use bench_core::machine::Solo;
//! use lock_variants::contract;
//! use lock_variants::refcount::Refcount;
//!
//! for check in contract::checks::<Refcount<Solo>>() {
//!     if check.threads == 1 {
//!         check.run(1, |_bodies| ()).unwrap();
//!     }
//! }
//! ```

mod alone;
mod exclusion;
mod killed;
mod recycling;
mod stage;
#[cfg(test)]
mod tests;

use bench_core::lock::{Declined, ReadEnd, VmaLock, WriteSection};
use bench_core::space::Mm;
use std::fmt;
use std::ops::Range;

/// What one thread of a check does.
pub type Body = Box<dyn FnOnce() + Send>;

/// One rule of the contract, and how to see whether a lock keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// A short name, unique in the suite.
    pub name: &'static str,
    /// The rule, as a sentence without a full stop.
    pub rule: &'static str,
    /// Whether a lock that excludes nobody breaks it: on one thread always, on several in some execution.
    pub about_exclusion: bool,
    /// The threads that it needs. With 1 it runs on the caller's.
    pub threads: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Alone(fn() -> Result<(), String>),
    Threads(fn(u32) -> Situation),
}

/// Threads about to run, and what is to be said afterwards.
struct Situation {
    bodies: Vec<Body>,
    verdict: Box<dyn FnOnce() -> Result<(), String>>,
}

/// A rule that a lock broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// [`Check::name`].
    pub check: &'static str,
    /// [`Check::rule`].
    pub rule: &'static str,
    /// What was seen.
    pub seen: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{}: {}. The rule: {}.",
            self.check, self.seen, self.rule
        )
    }
}

impl std::error::Error for Broken {}

impl Check {
    /// One of several threads.
    fn parallel(
        name: &'static str,
        rule: &'static str,
        about_exclusion: bool,
        threads: usize,
        prepare: fn(u32) -> Situation,
    ) -> Self {
        Self {
            name,
            rule,
            about_exclusion,
            threads,
            kind: Kind::Threads(prepare),
        }
    }

    /// Runs the check once. `rounds` is how often each thread repeats what it does; a model needs 1. `in_parallel` runs
    /// the bodies at the same time, one thread each, and returns when all are done; it is not called when
    /// [`Check::threads`] is 1.
    ///
    /// # Errors
    /// What the lock did against the rule.
    pub fn run(&self, rounds: u32, in_parallel: impl FnOnce(Vec<Body>)) -> Result<(), Broken> {
        let result = match self.kind {
            Kind::Alone(check) => check(),
            Kind::Threads(prepare) => {
                let Situation { bodies, verdict } = prepare(rounds);
                debug_assert_eq!(bodies.len(), self.threads, "{}", self.name);
                in_parallel(bodies);
                verdict()
            }
        };
        result.map_err(|seen| Broken {
            check: self.name,
            rule: self.rule,
            seen,
        })
    }
}

/// All checks, for lock `L`.
#[must_use]
pub fn checks<L: VmaLock>() -> Vec<Check> {
    let mut checks = alone::checks::<L>();
    checks.extend(exclusion::checks::<L>());
    checks.extend(recycling::checks::<L>());
    checks.extend(killed::checks::<L>());
    checks
}

/// Write-locks a VMA. Nothing interrupts it: nobody is killed, or there is no need to wait.
fn write_lock<L: VmaLock>(
    mm: &Mm<L>,
    vma: &L::Vma,
    section: &WriteSection<'_>,
) -> Result<(), String> {
    let locked = mm.lock().start_write(vma, section);
    locked.map_err(|_| "start_write was interrupted without a reason".to_owned())
}

/// The addresses of every VMA: two pages.
const RANGE: Range<u64> = 0x1000..0x3000;

/// Sets a detached VMA up: says where it lies and write-locks it.
fn set_up<L: VmaLock>(mm: &Mm<L>, vma: &L::Vma, section: &WriteSection<'_>) -> Result<(), String> {
    mm.lock().set_range(vma, RANGE, section);
    write_lock(mm, vma, section)
}

/// Makes a VMA of a detached one, in a section of its own.
fn map<L: VmaLock>(mm: &Mm<L>, vma: &L::Vma) -> Result<(), String> {
    let guard = mm.write_lock();
    set_up(mm, vma, guard.section())?;
    mm.lock().attach(vma, guard.section());
    Ok(())
}

/// An mm and a VMA that it has mapped.
pub(crate) fn mapped<L: VmaLock>() -> Result<(Mm<L>, L::Vma), String> {
    let (mm, vma) = (Mm::new(), L::new_vma());
    map(&mm, &vma)?;
    Ok((mm, vma))
}

/// Detaches a VMA, in a section of its own.
fn unmap<L: VmaLock>(mm: &Mm<L>, vma: &L::Vma) -> Result<(), String> {
    let guard = mm.write_lock();
    write_lock(mm, vma, guard.section())?;
    mm.lock().detach(vma, guard.section());
    Ok(())
}

/// How a whole read ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    Committed,
    Retry,
    Declined(Declined),
}

/// Reads a VMA at its first address: holds it, does nothing, lets go of it.
fn read<L: VmaLock>(mm: &Mm<L>, vma: &L::Vma) -> Read {
    read_at(mm, vma, RANGE.start)
}

fn read_at<L: VmaLock>(mm: &Mm<L>, vma: &L::Vma, address: u64) -> Read {
    match mm.lock().start_read(vma, address) {
        Err(reason) => Read::Declined(reason),
        Ok(token) => match mm.lock().end_read(vma, token) {
            ReadEnd::Committed => Read::Committed,
            ReadEnd::Retry => Read::Retry,
        },
    }
}
