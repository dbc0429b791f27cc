//! A neighbour that burns one of the workers' CPUs makes the window dirty, whether the workers spin or sleep, or one spins
//! and one sleeps.
//!
//! Only this half is tested on the machine: that a quiet window is clean would need a quiet machine, and is tested on
//! made-up accounts beside the rule.

use bench_core::record::Noise;
use runners::delay::chain;
use runners::noise::{Snapshot, judge};
use runners::pin::{allowed_cpus, pin_to};
use std::env;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError, mpsc};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// The variable that tells a process of this test which CPU to burn.
const BURN: &str = "VMALOCK_TEST_BURN_CPU";
/// No neighbour lives longer, whatever becomes of its parent.
const NEIGHBOUR_LIVES: Duration = Duration::from_secs(60);
/// The time between the snapshots.
const WINDOW: Duration = Duration::from_millis(200);
/// A missed wake at the end costs a moment and no hang.
const PATIENCE: Duration = Duration::from_millis(50);

/// Not a test of its own: the body of the neighbour, which is this program again.
#[test]
fn neighbour() {
    let Ok(cpu) = env::var(BURN) else {
        return;
    };
    pin_to(cpu.parse().expect("a CPU's number")).expect("the CPU is allowed");
    let began = Instant::now();
    while began.elapsed() < NEIGHBOUR_LIVES {
        chain(100_000);
    }
}

/// A process that burns a CPU until it is dropped.
struct Neighbour(Child);

impl Neighbour {
    /// Starts it and waits until it has used CPU time, so that it is there when a window opens.
    fn on(cpu: u32) -> Self {
        let program = env::current_exe().expect("the test knows its own program");
        let child = Command::new(program)
            .args(["--exact", "neighbour"])
            .env(BURN, cpu.to_string())
            .stdout(Stdio::null())
            .spawn()
            .expect("the test can start itself");
        let neighbour = Self(child);
        while neighbour.burnt_ticks() < 10 {
            thread::sleep(Duration::from_millis(10));
        }
        neighbour
    }

    /// Its CPU time in user mode in ticks.
    fn burnt_ticks(&self) -> u64 {
        let path = format!("/proc/{}/stat", self.0.id());
        let stat = std::fs::read_to_string(path).expect("the neighbour lives");
        let (_, columns) = stat.rsplit_once(')').expect("the name is in parentheses");
        let user = columns.split_whitespace().nth(11).expect("utime is there");
        user.parse().expect("utime is a number")
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing more to do then.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// What two workers do to each other.
#[derive(Clone, Copy)]
enum Work {
    /// Both work all the time.
    Spin,
    /// They hand a turn to and fro, and sleep until they have it.
    Park,
    /// The first works all the time, and wakes the second, which sleeps after each piece of work.
    SpinAndPark,
}

/// The turn that parking workers hand to and fro, and the one that the other wakes.
#[derive(Default)]
struct Turn {
    whose: Mutex<usize>,
    changed: Condvar,
    sleeper: OnceLock<Thread>,
}

impl Turn {
    /// Hands the turn over as soon as `worker` has it.
    fn hand_over(&self, worker: usize, stop: &AtomicBool) {
        let mut whose = self.whose.lock().unwrap_or_else(PoisonError::into_inner);
        while *whose != worker && !stop.load(Ordering::Relaxed) {
            let woken = self.changed.wait_timeout(whose, PATIENCE);
            whose = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        *whose = 1 - worker;
        self.changed.notify_one();
    }

    /// The first worker wakes the second, and never sleeps.
    fn wake_or_sleep(&self, worker: usize) {
        if worker == 1 {
            self.sleeper.get_or_init(thread::current);
            thread::park_timeout(PATIENCE);
        } else if let Some(sleeper) = self.sleeper.get() {
            sleeper.unpark();
        }
    }
}

/// One worker until `stop`.
fn work(kind: Work, worker: usize, turn: &Turn, stop: &AtomicBool) {
    // Relaxed: the flag publishes nothing.
    while !stop.load(Ordering::Relaxed) {
        chain(5_000);
        match kind {
            Work::Spin => {}
            Work::Park => turn.hand_over(worker, stop),
            Work::SpinAndPark => turn.wake_or_sleep(worker),
        }
    }
}

/// A window of two workers on two CPUs.
fn window(kind: Work, cpus: [u32; 2]) -> Noise {
    let (turn, stop) = (Turn::default(), AtomicBool::new(false));
    let (ready, arrived) = mpsc::channel();
    thread::scope(|threads| {
        for (worker, cpu) in cpus.into_iter().enumerate() {
            let (turn, stop, ready) = (&turn, &stop, ready.clone());
            threads.spawn(move || {
                pin_to(cpu).expect("the CPU is allowed");
                let tid = rustix::thread::gettid().as_raw_nonzero().get();
                ready.send((worker, tid)).expect("the test waits");
                work(kind, worker, turn, stop);
            });
        }
        let mut tids: Vec<(usize, i32)> = arrived.iter().take(2).collect();
        tids.sort_unstable();
        let tids = [tids[0].1, tids[1].1];
        let before = Snapshot::take(&tids, &cpus);
        thread::sleep(WINDOW);
        let after = Snapshot::take(&tids, &cpus);
        stop.store(true, Ordering::Relaxed);
        judge(&before, &after, after.elapsed_ns_since(&before), 2, false)
    })
}

/// Two CPUs for the workers; `None` on a machine with one, where there is no such pair.
fn two_cpus() -> Option<[u32; 2]> {
    let cpus = allowed_cpus();
    Some([*cpus.first()?, *cpus.get(1)?])
}

#[test]
fn a_neighbour_of_a_spinning_pair_is_seen() {
    let Some(cpus) = two_cpus() else {
        return;
    };
    let _neighbour = Neighbour::on(cpus[1]);
    let noise = window(Work::Spin, cpus);
    assert!(noise.dirty, "{noise:?}");
    assert_eq!(noise.voluntary_switches, Some(0), "{noise:?}");
    let kept_waiting = noise
        .reasons
        .iter()
        .any(|reason| reason.contains("kept waiting"));
    assert!(kept_waiting, "{noise:?}");
}

#[test]
fn a_neighbour_of_a_parking_pair_is_seen() {
    let Some(cpus) = two_cpus() else {
        return;
    };
    let _neighbour = Neighbour::on(cpus[1]);
    let noise = window(Work::Park, cpus);
    assert!(noise.dirty, "{noise:?}");
    let others = noise
        .reasons
        .iter()
        .any(|reason| reason.contains("others used"));
    assert!(others, "{noise:?}");
    // A CPU that one process burns is far over the bound.
    let window_ns = u64::try_from(WINDOW.as_nanos()).expect("a short time");
    assert!(noise.foreign_cpu_ns > Some(window_ns / 10), "{noise:?}");
}

#[test]
fn a_neighbour_of_a_spinning_and_a_parking_worker_is_seen_on_either_cpu() {
    let Some(cpus) = two_cpus() else {
        return;
    };
    for burnt in cpus {
        let _neighbour = Neighbour::on(burnt);
        let noise = window(Work::SpinAndPark, cpus);
        assert!(noise.dirty, "CPU {burnt}: {noise:?}");
        // The second slept, else this is a spinning pair.
        assert!(noise.voluntary_switches > Some(0), "{noise:?}");
        // On the first CPU it is the spinning worker that waits; on the second the account may be all that shows.
        let others = noise
            .reasons
            .iter()
            .any(|reason| reason.contains("others used"));
        assert!(others, "CPU {burnt}: {noise:?}");
    }
}
