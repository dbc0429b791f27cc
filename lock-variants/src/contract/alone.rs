//! The checks that need one thread.

use super::{Check, Kind, RANGE, Read, map, mapped, read, read_at, set_up, unmap, write_lock};
use bench_core::lock::{Declined, ReadEnd, VmaLock};
use bench_core::space::Mm;

/// The checks of this file, for lock `L`.
pub(super) fn checks<L: VmaLock>() -> Vec<Check> {
    let check = |name, rule, about_exclusion, check| Check {
        name,
        rule,
        about_exclusion,
        threads: 1,
        kind: Kind::Alone(check),
    };
    let mut checks = vec![
        check(
            "new-is-detached",
            "a new VMA is detached: readers are declined",
            true,
            new_is_detached::<L>,
        ),
        check(
            "attach-publishes",
            "a VMA that is attached can be read once its write section is over, and not before",
            true,
            attach_publishes::<L>,
        ),
        check(
            "given-up-stays-detached",
            "a detached VMA that was write-locked and not attached stays detached when the section ends",
            true,
            given_up_stays_detached::<L>,
        ),
        check(
            "write-lock-declines",
            "a write-locked VMA declines readers, at each of its addresses, until its section ends",
            true,
            write_lock_declines::<L>,
        ),
        check(
            "start-write-is-idempotent",
            "start_write of a VMA that is write-locked already does nothing, and one end_write_all ends it",
            false,
            start_write_is_idempotent::<L>,
        ),
        check(
            "end-unlocks-all",
            "end_write_all unlocks every VMA that was write-locked in the section",
            true,
            end_unlocks_all::<L>,
        ),
        check(
            "downgrade-unlocks",
            "VMAs are unlocked when the mmap lock is downgraded, not when it is released",
            true,
            downgrade_unlocks::<L>,
        ),
        check(
            "readers-share",
            "readers share a VMA",
            false,
            readers_share::<L>,
        ),
        check(
            "detach-hides",
            "a detached VMA declines readers, in the section and after it",
            true,
            detach_hides::<L>,
        ),
        check(
            "attach-again",
            "a VMA that was detached can be attached again in the same section",
            true,
            attach_again::<L>,
        ),
        check(
            "recycled",
            "a VMA that was detached can be attached to another mm, in whatever section that mm is",
            true,
            recycled::<L>,
        ),
    ];
    if L::SPECULATIVE {
        checks.push(check(
            "overlap-is-noticed",
            "a speculative read does not commit when the VMA was write-locked or detached in the middle of it",
            true,
            overlap_is_noticed::<L>,
        ));
    }
    checks
}

/// A read at this moment must not commit.
pub(super) fn must_decline<L: VmaLock>(mm: &Mm<L>, vma: &L::Vma, when: &str) -> Result<(), String> {
    must_decline_at(mm, vma, RANGE.start, when)
}

fn must_decline_at<L: VmaLock>(
    mm: &Mm<L>,
    vma: &L::Vma,
    address: u64,
    when: &str,
) -> Result<(), String> {
    match read_at(mm, vma, address) {
        Read::Committed => Err(format!(
            "a reader held the VMA {when} ({})",
            mm.lock().describe(vma)
        )),
        Read::Retry | Read::Declined(_) => Ok(()),
    }
}

/// A read at this moment must commit, where a VMA has a lock at all.
pub(super) fn must_read<L: VmaLock>(mm: &Mm<L>, vma: &L::Vma, when: &str) -> Result<(), String> {
    match read(mm, vma) {
        Read::Committed | Read::Declined(Declined::NoVmaLock) => Ok(()),
        other => Err(format!(
            "a read {when} ended with {other:?} ({})",
            mm.lock().describe(vma)
        )),
    }
}

fn new_is_detached<L: VmaLock>() -> Result<(), String> {
    let (mm, vma) = (Mm::<L>::new(), L::new_vma());
    must_decline(&mm, &vma, "when it was new")?;
    must_decline(&mm, &vma, "when it was new, at the second try")
}

fn attach_publishes<L: VmaLock>() -> Result<(), String> {
    let (mm, vma) = (Mm::<L>::new(), L::new_vma());
    let guard = mm.write_lock();
    must_decline(&mm, &vma, "in a section that had not touched it")?;
    set_up(&mm, &vma, guard.section())?;
    must_decline(&mm, &vma, "before it was attached")?;
    mm.lock().attach(&vma, guard.section());
    must_decline(&mm, &vma, "in the section that attached it")?;
    drop(guard);
    must_read(&mm, &vma, "after it was attached")?;
    must_read(&mm, &vma, "after another read")
}

fn given_up_stays_detached<L: VmaLock>() -> Result<(), String> {
    let (mm, vma) = (Mm::<L>::new(), L::new_vma());
    for _ in 0..2 {
        let guard = mm.write_lock();
        set_up(&mm, &vma, guard.section())?;
        drop(guard);
        must_decline(&mm, &vma, "when it had been write-locked and not attached")?;
    }
    map(&mm, &vma)?;
    must_read(&mm, &vma, "when it was attached at last")
}

fn write_lock_declines<L: VmaLock>() -> Result<(), String> {
    let (mm, vma) = mapped::<L>()?;
    for _ in 0..3 {
        let guard = mm.write_lock();
        write_lock(&mm, &vma, guard.section())?;
        must_decline(&mm, &vma, "while it was write-locked")?;
        must_decline_at(
            &mm,
            &vma,
            RANGE.end - 1,
            "at its last address while it was write-locked",
        )?;
        drop(guard);
        must_read(&mm, &vma, "after the section")?;
    }
    Ok(())
}

fn start_write_is_idempotent<L: VmaLock>() -> Result<(), String> {
    let (mm, vma) = (Mm::<L>::new(), L::new_vma());
    let guard = mm.write_lock();
    set_up(&mm, &vma, guard.section())?;
    for _ in 0..2 {
        write_lock(&mm, &vma, guard.section())?;
    }
    mm.lock().attach(&vma, guard.section());
    for _ in 0..3 {
        write_lock(&mm, &vma, guard.section())?;
    }
    drop(guard);
    must_read(&mm, &vma, "after a section that write-locked it six times")?;
    let guard = mm.write_lock();
    for _ in 0..3 {
        write_lock(&mm, &vma, guard.section())?;
    }
    drop(guard);
    must_read(
        &mm,
        &vma,
        "after a section that write-locked it three times",
    )
}

fn end_unlocks_all<L: VmaLock>() -> Result<(), String> {
    let (mm, vmas) = (Mm::<L>::new(), [L::new_vma(), L::new_vma(), L::new_vma()]);
    for vma in &vmas {
        map(&mm, vma)?;
    }
    let guard = mm.write_lock();
    for vma in &vmas {
        write_lock(&mm, vma, guard.section())?;
    }
    for vma in &vmas {
        must_decline(&mm, vma, "in a section that write-locked three")?;
    }
    drop(guard);
    vmas.iter()
        .try_for_each(|vma| must_read(&mm, vma, "after a section that write-locked three"))
}

fn downgrade_unlocks<L: VmaLock>() -> Result<(), String> {
    let (mm, vma) = mapped::<L>()?;
    let guard = mm.write_lock();
    write_lock(&mm, &vma, guard.section())?;
    must_decline(&mm, &vma, "before the downgrade")?;
    let guard = guard.downgrade();
    must_read(&mm, &vma, "after the downgrade")?;
    drop(guard);
    must_read(&mm, &vma, "after the downgraded mmap lock was released")
}

fn readers_share<L: VmaLock>() -> Result<(), String> {
    let (mm, vma) = mapped::<L>()?;
    let tokens: Result<Vec<_>, _> = (0..3)
        .map(|_| mm.lock().start_read(&vma, RANGE.start))
        .collect();
    match tokens {
        Err(Declined::NoVmaLock) => return Ok(()),
        Err(reason) => return Err(format!("one of three readers was declined: {reason:?}")),
        Ok(tokens) => {
            for token in tokens {
                let _ = mm.lock().end_read(&vma, token);
            }
        }
    }
    // All of them are gone, so that this does not wait.
    let guard = mm.write_lock();
    write_lock(&mm, &vma, guard.section())?;
    drop(guard);
    must_read(&mm, &vma, "after three readers and a writer")
}

fn detach_hides<L: VmaLock>() -> Result<(), String> {
    let (mm, vma) = mapped::<L>()?;
    must_read(&mm, &vma, "before it was detached")?;
    let guard = mm.write_lock();
    write_lock(&mm, &vma, guard.section())?;
    mm.lock().detach(&vma, guard.section());
    must_decline(&mm, &vma, "in the section that detached it")?;
    drop(guard);
    must_decline(&mm, &vma, "after it was detached")?;
    must_decline(&mm, &vma, "after it was detached, at the second try")
}

fn attach_again<L: VmaLock>() -> Result<(), String> {
    let (mm, vma) = mapped::<L>()?;
    let guard = mm.write_lock();
    write_lock(&mm, &vma, guard.section())?;
    mm.lock().detach(&vma, guard.section());
    set_up(&mm, &vma, guard.section())?;
    mm.lock().attach(&vma, guard.section());
    must_decline(
        &mm,
        &vma,
        "in the section that detached it and attached it again",
    )?;
    drop(guard);
    must_read(&mm, &vma, "after it was attached again")
}

/// How many sections the second mm has had decides whether its number is less than, equal to or more than the one that the
/// first left on the VMA. One more would say nothing new, and loom counts the steps.
fn recycled<L: VmaLock>() -> Result<(), String> {
    for sections in 0..3 {
        let (first, second, vma) = (Mm::<L>::new(), Mm::<L>::new(), L::new_vma());
        for _ in 0..sections {
            drop(second.write_lock());
        }
        map(&first, &vma)?;
        unmap(&first, &vma)?;
        must_decline(&second, &vma, "before the second mm attached it")?;
        map(&second, &vma)?;
        must_read(&second, &vma, "as a VMA of the second mm")?;
        let guard = second.write_lock();
        write_lock(&second, &vma, guard.section())?;
        must_decline(&second, &vma, "while the second mm had it write-locked")?;
        drop(guard);
        unmap(&second, &vma)?;
        must_decline(&first, &vma, "after the second mm detached it")?;
        must_decline(&second, &vma, "after it detached it")?;
        map(&first, &vma)?;
        must_read(&first, &vma, "as a VMA of the first mm again")?;
    }
    Ok(())
}

/// Does something in the middle of a read, which must not commit.
fn overlapped<L: VmaLock>(
    what: &str,
    happens: fn(&Mm<L>, &L::Vma) -> Result<(), String>,
) -> Result<(), String> {
    let (mm, vma) = mapped::<L>()?;
    let token = mm.lock().start_read(&vma, RANGE.start);
    let token = token.map_err(|reason| format!("a read without a writer: {reason:?}"))?;
    happens(&mm, &vma)?;
    match mm.lock().end_read(&vma, token) {
        ReadEnd::Committed => Err(format!("a read committed and the VMA {what}")),
        ReadEnd::Retry => Ok(()),
    }
}

fn overlap_is_noticed<L: VmaLock>() -> Result<(), String> {
    overlapped::<L>("was write-locked when it ended", |mm, vma| {
        let guard = mm.write_lock();
        write_lock(mm, vma, guard.section())?;
        // The section goes on.
        std::mem::forget(guard);
        Ok(())
    })?;
    overlapped::<L>("had been write-locked meanwhile", |mm, vma| {
        let guard = mm.write_lock();
        write_lock(mm, vma, guard.section())
    })?;
    overlapped::<L>("had been detached", |mm, vma| unmap(mm, vma))?;
    overlapped::<L>("had been detached and attached again", |mm, vma| {
        unmap(mm, vma)?;
        map(mm, vma)
    })
}
