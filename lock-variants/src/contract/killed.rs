//! The checks of the locks whose writer's wait a fatal signal ends.

use super::alone::{must_decline, must_read};
use super::stage::{Stage, bodies};
use super::{Check, Kind, RANGE, Situation, map, mapped, unmap, write_lock};
use bench_core::lock::{ReadEnd, VmaLock};
use bench_core::machine::{Machine, Task, TaskId, Word};
use bench_core::space::Mm;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// The checks of this file, for lock `L`: none for a lock that is not killable.
pub(super) fn checks<L: VmaLock>() -> Vec<Check> {
    if !L::KILLABLE {
        return Vec::new();
    }
    let check = |name, rule, threads, kind| Check {
        name,
        rule,
        about_exclusion: false,
        threads,
        kind,
    };
    vec![
        check(
            "interrupted-writer-leaves-no-trace",
            "a writer that is killed while a reader is inside is interrupted each time it tries, as if it had not tried",
            1,
            Kind::Alone(interrupted_writer_leaves_no_trace::<L>),
        ),
        check(
            "killed-without-need-to-wait",
            "a fatal signal stops no writer that need not wait, and no detach",
            1,
            Kind::Alone(killed_without_need_to_wait::<L>),
        ),
        check(
            "killed-while-a-reader-leaves",
            "a writer that is killed while the last reader leaves is interrupted or has the VMA, and then drains again",
            2,
            Kind::Threads(killed_while_a_reader_leaves::<L>),
        ),
    ]
}

/// The calling task with a fatal signal pending; without one when it is dropped.
struct Killed<M: Machine>(&'static Task<M>);

impl<M: Machine> Killed<M> {
    fn new() -> Self {
        let me = M::task(M::current());
        me.kill();
        Self(me)
    }
}

impl<M: Machine> Drop for Killed<M> {
    fn drop(&mut self) {
        self.0.clear_killed();
    }
}

fn interrupted_writer_leaves_no_trace<L: VmaLock>() -> Result<(), String> {
    let (mm, vma) = mapped::<L>()?;
    let other = L::new_vma();
    map(&mm, &other)?;
    let token = mm.lock().start_read(&vma, RANGE.start);
    let token = token.map_err(|reason| format!("the only reader was declined: {reason:?}"))?;
    let guard = mm.write_lock();
    write_lock(&mm, &other, guard.section())?;
    let killed = Killed::<L::Machine>::new();
    // The second time shows whether the first left the number on the VMA (P3), the read whether it left its bit (P22).
    for time in ["first", "second"] {
        if mm.lock().start_write(&vma, guard.section()).is_ok() {
            let words = mm.lock().describe(&vma);
            return Err(format!(
                "with a reader inside and the writer killed start_write succeeded the {time} time ({words})"
            ));
        }
        must_read(&mm, &vma, "after its writer was interrupted")?;
    }
    must_decline(
        &mm,
        &other,
        "that was write-locked before a writer of another was interrupted",
    )?;
    drop(killed);
    let _ = mm.lock().end_read(&vma, token);
    write_lock(&mm, &vma, guard.section())?;
    must_decline(&mm, &vma, "while it was write-locked after all")?;
    drop(guard);
    must_read(&mm, &vma, "after the section")?;
    unmap(&mm, &vma)?;
    map(&mm, &vma)?;
    must_read(&mm, &vma, "when it was attached again")
}

fn killed_without_need_to_wait<L: VmaLock>() -> Result<(), String> {
    let (mm, vma) = (Mm::<L>::new(), L::new_vma());
    let _killed = Killed::<L::Machine>::new();
    for _ in 0..2 {
        map(&mm, &vma)?;
        must_read(&mm, &vma, "after it was attached")?;
        let guard = mm.write_lock();
        write_lock(&mm, &vma, guard.section())?;
        must_decline(&mm, &vma, "while it was write-locked")?;
        drop(guard);
        unmap(&mm, &vma)?;
        must_decline(&mm, &vma, "after it was detached")?;
    }
    Ok(())
}

/// A writer, and a reader that kills it while it is inside.
struct Deed<L: VmaLock> {
    stage: Arc<Stage<L>>,
    /// The writer's [`TaskId::to_word`] while it wants the VMA and has not been killed.
    victim: <L::Machine as Machine>::U32,
}

impl<L: VmaLock> Deed<L> {
    /// One signal at most, and it may come before the wait, in it, or when the reader has left.
    fn writer(&self) {
        let mm = &self.stage.mms[0];
        let me = L::Machine::current();
        let guard = mm.write_lock();
        self.victim.store(me.to_word(), Relaxed);
        let mut locked = mm.lock().start_write(&self.stage.vma, guard.section());
        self.victim.store(0, Relaxed);
        L::Machine::task(me).clear_killed();
        if locked.is_err() {
            // The reader may be inside still.
            locked = mm.lock().start_write(&self.stage.vma, guard.section());
        }
        if locked.is_ok() {
            self.write();
        } else {
            let twice = "start_write was interrupted twice by one signal".to_owned();
            self.stage.note(Err(twice));
        }
    }

    fn write(&self) {
        if self.stage.inside.load(Relaxed) != 0 {
            let inside = "a reader was inside when start_write returned".to_owned();
            self.stage.note(Err(inside));
        }
        self.stage.write();
    }

    fn reader(&self) {
        let mut seen = (0, 0);
        let end = self.stage.reader(0, || {
            self.stage.inside.fetch_add(1, Relaxed);
            // The swap reads the newest value: the writer that is seen wants the VMA now. It does not get it, and is not killed by
            // another, as long as this reader is inside, so that its thread is there.
            if let Some(victim) = TaskId::from_word(self.victim.swap(0, Relaxed)) {
                L::Machine::task(victim).kill();
            }
            seen = self.stage.read();
            self.stage.inside.fetch_sub(1, Relaxed);
            0
        });
        if end == Some(ReadEnd::Committed) && seen.0 != seen.1 {
            let torn = format!("a reader saw {} and {} of a pair", seen.0, seen.1);
            self.stage.note(Err(torn));
        }
    }
}

fn killed_while_a_reader_leaves<L: VmaLock>(rounds: u32) -> Situation {
    let deed = Arc::new(Deed::<L> {
        stage: Stage::new(),
        victim: Word::new(0),
    });
    Situation {
        bodies: bodies(&deed, rounds, &[Deed::writer, Deed::reader]),
        verdict: Box::new(move || deed.stage.is_as_new()),
    }
}
