//! The program that is counted: it walks each path of each lock a known number of times and marks where that begins and ends.

use crate::contender::Contender;
use crate::native::Native;
use crate::stand::Stand;
use anyhow::anyhow;
use bench_core::lock::VmaLock;
use reports::exact::LockPath;
use serde::{Deserialize, Serialize};
use std::hint::black_box;
use std::io::Write;
use std::process::ExitCode;

/// The hidden command that is counted.
pub(crate) const WALK_COMMAND: &str = "uncontended-paths";

/// Turns before those that count, so that what is done once is done.
const WARM_UP_TURNS: u64 = 8;
/// Turns of the first of two parts.
pub(super) const FEW_TURNS: u64 = 100;
/// Turns of the second. What the parts differ by is of the turns alone.
pub(super) const MANY_TURNS: u64 = 300;

/// Parts that end while a path is walked: before its few turns, these, before its many turns, these.
pub(super) const PARTS_OF_A_WALK: usize = 4;
/// The name of [`part_of_the_counts_ends`], which no other function's has in it.
pub(super) const MARK: &str = "part_of_the_counts_ends";

/// What is walked next, one line of JSON each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Walked {
    /// A call that does nothing: what every turn costs beside its path.
    Nothing,
    /// A path of a lock.
    Path(String, LockPath),
}

/// A path of a lock as one call, which says whether it did what it is for.
pub(crate) type Turn<'a> = &'a dyn Fn() -> bool;

/// What is called with a path.
pub(crate) type Walk<'a> = dyn FnMut(Turn<'_>) + 'a;

/// Calls `walk` with a path of lock `L`; not if it has no such path: one that excludes nobody declines nobody.
pub(crate) fn with_path<L: VmaLock<Machine = Native>>(path: LockPath, walk: &mut Walk<'_>) {
    let stand = Stand::<L>::new();
    if path == LockPath::MapAndUnmap {
        return walk(&|| stand.map() && stand.unmap());
    }
    assert!(stand.map(), "nobody interrupts it");
    match path {
        LockPath::Read => walk(&|| stand.read_pair()),
        LockPath::Write => walk(&|| stand.write_section()),
        LockPath::DeclinedRead if L::INFO.excludes => {
            let _held = stand.write_lock();
            walk(&|| stand.read_in_vain());
        }
        LockPath::DeclinedRead | LockPath::MapAndUnmap => {}
    }
}

/// Callgrind is told to end a part of its counts where this function is entered, by its name.
#[inline(never)]
fn part_of_the_counts_ends() {
    black_box(());
}

/// The same code for every path and number of turns, so that what it costs falls out: between two marks, a loop. Returns how
/// often the path failed.
#[inline(never)]
fn repeat(turns: u64, turn: Turn<'_>) -> u64 {
    let (turns, turn) = black_box((turns, turn));
    let mut failed = 0;
    part_of_the_counts_ends();
    for _ in 0..turns {
        failed += u64::from(!turn());
    }
    part_of_the_counts_ends();
    failed
}

/// Walks a path; the second and the fourth part that end meanwhile are of [`FEW_TURNS`] and of [`MANY_TURNS`]. Returns how
/// many failed.
fn walk(turn: Turn<'_>) -> u64 {
    let warming = (0..WARM_UP_TURNS).filter(|_| !turn()).count() as u64;
    warming + repeat(FEW_TURNS, turn) + repeat(MANY_TURNS, turn)
}

/// The hidden command that is counted. It says what it walks before it does.
///
/// # Errors
/// When a path did not do what it is for, or nobody reads.
pub(crate) fn run_walk(contenders: &[Contender], out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let mut tell = |walked: &Walked| -> anyhow::Result<()> {
        writeln!(out, "{}", serde_json::to_string(walked)?)?;
        Ok(out.flush()?)
    };
    tell(&Walked::Nothing)?;
    walk(&|| true);
    for lock in contenders {
        for path in LockPath::ALL {
            let mut done = Ok(());
            lock.with_path(path, &mut |turn| {
                done = tell(&Walked::Path(lock.name().to_owned(), path));
                if done.is_ok() && walk(turn) > 0 {
                    done = Err(failed_turns(lock.name(), path));
                }
            });
            done?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn failed_turns(lock: &str, path: LockPath) -> anyhow::Error {
    anyhow!(
        "`{lock}` failed at the path {} with nobody in its way; `verify --lock {lock}` says which rule it breaks",
        path.word()
    )
}
