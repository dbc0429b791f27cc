//! The asymmetric pair of full barriers of the native machine, by membarrier(2).
//!
//! The heavy side asks the kernel to make every CPU that runs a thread of this process pass a full barrier before the call
//! returns (`PRIVATE_EXPEDITED`, by interrupts; a thread that does not run passes one when it is switched in). The light
//! side then needs no instruction, only that the compiler keeps the order. Where the kernel has no such call, or a sandbox
//! forbids it, both sides are SeqCst fences.
//!
//! # State
//!
//! | [`LIGHT`] | the light side | the heavy side |
//! |---|---|---|
//! | [`FENCE`] | a SeqCst fence | registers the process at its first call; without membarrier, a SeqCst fence |
//! | [`NOTHING`] | keeps the compiler's order | membarrier(2) |
//!
//! # Invariants
//! 1. `LIGHT` becomes `NOTHING` only after the process was registered, and stays so.
//! 2. No heavy barrier is only a fence while `LIGHT` can be `NOTHING`: each waits for the registration first.
//!
//! # Memory ordering
//! `LIGHT` is Relaxed. A light side that still reads `FENCE` makes a full fence, which pairs with membarrier(2) as well; one
//! that reads `NOTHING` is met, by invariant 2, by membarrier(2) only.
//!
//! # Progress
//! The heavy side costs a microsecond or a few, and interrupts every CPU that runs a thread of the process. Locks make their first
//! one when VMAs are mapped, before any window, so that the light side has no fence in a window.

use rustix::thread::{MembarrierCommand, membarrier};
use std::sync::LazyLock;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU32, compiler_fence, fence};

const FENCE: u32 = 0;
const NOTHING: u32 = 1;

/// On lines of its own: each light barrier reads it, and nobody writes it after the first heavy one.
#[repr(align(128))]
struct Light(AtomicU32);

/// What the light side does: [`FENCE`] or [`NOTHING`].
static LIGHT: Light = Light(AtomicU32::new(FENCE));

/// Whether this process is registered; registers it.
static REGISTERED: LazyLock<bool> = LazyLock::new(|| {
    let registered = membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok();
    if registered {
        LIGHT.0.store(NOTHING, Relaxed);
    }
    registered
});

/// [`bench_core::machine::Machine::light_barrier`].
#[inline(always)]
pub(crate) fn light() {
    if LIGHT.0.load(Relaxed) == NOTHING {
        compiler_fence(SeqCst);
    } else {
        fence(SeqCst);
    }
}

/// [`bench_core::machine::Machine::heavy_barrier`].
///
/// # Panics
/// When the kernel refuses the barrier of a process that it has registered: the light side would order nothing.
pub(crate) fn heavy() {
    if *REGISTERED {
        membarrier(MembarrierCommand::PrivateExpedited).expect("this process is registered");
    }
    // On the caller's own side, whatever the kernel did.
    fence(SeqCst);
}

#[cfg(test)]
mod tests {
    use super::{FENCE, LIGHT, NOTHING, REGISTERED, heavy, light};
    use std::sync::atomic::AtomicU32;
    use std::sync::atomic::Ordering::Relaxed;
    use std::sync::{Barrier, LazyLock};
    use std::thread;

    #[test]
    fn the_light_side_is_a_fence_where_the_kernel_has_no_membarrier() {
        heavy();
        let expected = if *LazyLock::force(&REGISTERED) {
            NOTHING
        } else {
            FENCE
        };
        assert_eq!(LIGHT.0.load(Relaxed), expected);
    }

    /// Store buffering, without end: each side counts its own word up, passes its barrier and reads the other's. Of two turns
    /// that did not see each other one lacked a barrier. With no heavy side an optimised build finds some in every few runs, on
    /// two CPUs that are free; without optimisation a store is done before the load that follows it is begun.
    #[test]
    fn one_of_the_two_sides_sees_the_other() {
        const HEAVY_TURNS: u32 = 50_000;
        const MOST_LIGHT_TURNS: u32 = 1 << 22;
        heavy();
        let (often, seldom) = (OnLinesOfItsOwn::default(), OnLinesOfItsOwn::default());
        let start = Barrier::new(2);
        let (by_light, by_heavy) = thread::scope(|scope| {
            let by_light = scope.spawn(|| {
                start.wait();
                let turn = |turn| {
                    often.0.store(turn, Relaxed);
                    light();
                    seldom.0.load(Relaxed)
                };
                let goes_on = |seen: &u32| *seen < HEAVY_TURNS;
                (1..MOST_LIGHT_TURNS)
                    .map(turn)
                    .take_while(goes_on)
                    .collect::<Vec<u32>>()
            });
            start.wait();
            let turn = |turn| {
                seldom.0.store(turn, Relaxed);
                heavy();
                often.0.load(Relaxed)
            };
            let by_heavy: Vec<u32> = (1..=HEAVY_TURNS).map(turn).collect();
            (by_light.join().expect("no panic"), by_heavy)
        });
        for (turn, seen) in (1..).zip(by_heavy) {
            // The first light turn that the heavy one did not see, should it be there, is at this place.
            if let Some(seen_there) = by_light.get(seen as usize) {
                assert!(
                    *seen_there >= turn,
                    "{turn} saw {seen}, which saw {seen_there}"
                );
            }
        }
    }

    #[derive(Default)]
    #[repr(align(128))]
    struct OnLinesOfItsOwn(AtomicU32);
}
