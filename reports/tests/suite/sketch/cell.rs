//! Made-up cells.

use super::histogram::HistogramPool;
use super::random::Random;
use super::{LOCKS, PLACEMENT, Sketch};
use bench_core::plan::Mode;
use bench_core::record::{
    Cell, CounterValue, Delay, Noise, Outcome, Role, RoleName, Status, Violations,
};
use bench_core::workload::preset;
use std::collections::BTreeMap;

impl Sketch {
    pub(super) fn cell(
        &self,
        lock: usize,
        workload: &str,
        threads: u32,
        mode: Mode,
        random: &mut Random,
        pool: &HistogramPool,
    ) -> Cell {
        let spec = preset(workload).expect("a preset");
        let (name, speed) = self.locks[lock];
        let plays = spec.roles(threads);
        let window_ns = 20_000_000 + random.below(60_000);
        let dirty = random.below(100) < self.dirty_percent;
        let mut roles = Vec::new();
        for role in [RoleName::Mprotect, RoleName::Churn, RoleName::Fault] {
            let count = plays.iter().filter(|r| **r == role).count() as u32;
            if count > 0 {
                let contended = 1.0 / (1.0 + 0.6 * f64::from(threads.min(2) - 1) / speed);
                let rate = speed * contended * 4.0e6 * if dirty { 0.6 } else { 1.0 }
                    / if threads > 2 {
                        f64::from(threads) / 2.0
                    } else {
                        1.0
                    };
                roles.push(made_up_role(
                    role,
                    count,
                    rate,
                    mode == Mode::Latency,
                    random,
                    pool,
                ));
            }
        }
        let excludes = name != LOCKS[0].0;
        let torn_reads = if excludes || threads == 1 {
            0
        } else {
            random.below(900) + 1
        };
        Cell {
            lock: name.into(),
            workload: workload.into(),
            threads,
            placement: PLACEMENT.into(),
            mode: mode.word().into(),
            process: 0,
            round: 0,
            position: 0,
            slot: 0,
            oversubscribed: threads > 2,
            status: Status::Ok,
            error: None,
            window_ns,
            window_ns_per_thread: (0..threads)
                .map(|_| window_ns + random.below(9_000))
                .collect(),
            steady: true,
            hold: delay(spec.hold_ns),
            think: delay(spec.think_ns),
            write_hold: delay(spec.write_hold_ns),
            write_think: delay(spec.write_think_ns),
            roles,
            counters: self.made_up_counters(mode, random),
            noise: noise(dirty, threads, window_ns, random),
            cpus: (0..threads).map(|t| t % 2).collect(),
            verified: Some(excludes),
            violations: Violations {
                torn_reads,
                ..Violations::default()
            },
        }
    }

    fn made_up_counters(&self, mode: Mode, random: &mut Random) -> BTreeMap<String, CounterValue> {
        if mode != Mode::Counters || !self.counters {
            return BTreeMap::new();
        }
        BTreeMap::from([
            (
                "cycles".to_owned(),
                CounterValue::Unavailable("no PMU (ENOENT)".into()),
            ),
            (
                "page-faults".to_owned(),
                CounterValue::Value(random.below(3)),
            ),
            (
                "task-clock-ns".to_owned(),
                CounterValue::Value(39_000_000 + random.below(900_000)),
            ),
        ])
    }
}

fn made_up_role(
    role: RoleName,
    threads: u32,
    rate: f64,
    timed: bool,
    random: &mut Random,
    pool: &HistogramPool,
) -> Role {
    let ops_per_thread: Vec<u64> = (0..threads)
        .map(|t| {
            let unfair = 1.0 + 0.25 * f64::from(t % 2);
            (rate * 0.02 * unfair * (0.96 + 0.08 * random.unit())) as u64
        })
        .collect();
    let ops: u64 = ops_per_thread.iter().sum();
    let outcomes = match role {
        RoleName::Mprotect => BTreeMap::from([(Outcome::Write, ops)]),
        RoleName::Fault => {
            let (seq, bit) = (
                ops * random.below(40) / 1_000,
                ops * random.below(90) / 1_000,
            );
            BTreeMap::from([
                (Outcome::Fast, ops - seq - bit),
                (Outcome::EarlySeq, seq),
                (Outcome::WriterBit, bit),
            ])
        }
        RoleName::Churn => BTreeMap::from([
            (Outcome::Fast, ops - 2 * (ops / 10)),
            (Outcome::Map, ops / 10),
            (Outcome::Unmap, ops / 10),
        ]),
    };
    let latency = timed.then(|| {
        let slow = |outcome: &Outcome| usize::from(*outcome != Outcome::Fast);
        outcomes
            .iter()
            .filter(|(_, n)| **n > 0)
            .map(|(o, _)| (*o, pool.pick(slow(o), rate, random)))
            .collect()
    });
    Role {
        role,
        threads,
        ops,
        ops_per_thread,
        outcomes,
        misses: random.below(4),
        latency,
    }
}

fn delay(asked_ns: u64) -> Option<Delay> {
    (asked_ns > 0).then_some(Delay {
        asked_ns,
        obtained_ns: asked_ns + 7,
    })
}

fn noise(dirty: bool, threads: u32, window_ns: u64, random: &mut Random) -> Noise {
    Noise {
        run_delay_ns: Some(if dirty {
            2_400_000
        } else {
            random.below(90_000)
        }),
        cpu_ns: Some(window_ns * u64::from(threads.min(2)) * 99 / 100),
        foreign_cpu_ns: Some(0),
        steal_ns: Some(0),
        throttled_ns: None,
        voluntary_switches: Some(0),
        involuntary_switches: Some(random.below(3)),
        dirty,
        reasons: if dirty {
            vec!["run delay 6 % of the window".into()]
        } else {
            vec![]
        },
    }
}
