//! Runs that are made up but plausible: the same records for the same sketch, always.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bench_core::record::{
    Cell, ClockInfo, CounterValue, Cpu, Delay, Footer, Header, Host, Latency, LockInfo, Measured,
    Noise, Outcome, PairSlowdown, PairTransfer, Record, Role, RoleName, SCHEMA, Status, ToolInfo,
    Violations,
};
use bench_core::workload::{WorkloadSpec, preset};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use std::collections::BTreeMap;

/// Names and relative speeds of made-up locks; the first excludes nobody.
pub(crate) const LOCKS: [(&str, f64); 9] = [
    ("nothing", 6.0),
    ("one-big-lock", 0.35),
    ("shared-count", 1.0),
    ("shared-count-early", 1.01),
    ("two-bits-of-a-signed-word", 0.92),
    ("sequence-only", 1.9),
    ("per-cpu-count", 2.4),
    ("reader-biased", 2.1),
    ("queue-of-waiters", 0.6),
];

/// What a made-up run looks like.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    pub(crate) locks: Vec<(&'static str, f64)>,
    pub(crate) workloads: Vec<&'static str>,
    pub(crate) threads: Vec<u32>,
    pub(crate) modes: Vec<&'static str>,
    pub(crate) processes: u32,
    pub(crate) rounds: u32,
    /// Of a hundred cells, how many are dirty.
    pub(crate) dirty_percent: u64,
    pub(crate) counters: bool,
    pub(crate) seed: u64,
}

impl Sketch {
    /// A run of the size of the preset `standard`.
    pub(crate) fn standard() -> Self {
        Self {
            locks: LOCKS.to_vec(),
            workloads: vec![
                "fault-one-vma",
                "fault-vma-per-thread",
                "fault-vs-mprotect",
                "mmap-churn",
            ],
            threads: vec![1, 2, 4],
            modes: vec!["throughput", "latency"],
            processes: 10,
            rounds: 5,
            dirty_percent: 1,
            counters: false,
            seed: 1,
        }
    }

    /// A run that fits on a page: two locks that exclude and one that does not.
    pub(crate) fn small() -> Self {
        Self {
            locks: LOCKS[..3].to_vec(),
            workloads: vec!["fault-vs-mprotect"],
            threads: vec![1, 2],
            modes: vec!["throughput", "latency", "counters"],
            processes: 3,
            rounds: 3,
            dirty_percent: 4,
            counters: true,
            seed: 7,
        }
    }

    /// All records, in the order of a run.
    pub(crate) fn records(&self) -> Vec<Record> {
        let mut records = vec![Record::Header(Box::new(self.header()))];
        let mut random = Random(self.seed);
        let pool = HistogramPool::new(&mut random);
        for process in 0..self.processes {
            for (workload, threads, mode) in self.settings() {
                for round in 0..self.rounds {
                    for position in 0..self.locks.len() {
                        let lock = (position + round as usize) % self.locks.len();
                        let mut cell = self.cell(lock, workload, threads, mode, &mut random, &pool);
                        (cell.process, cell.round) = (process, round);
                        (cell.position, cell.slot) = (position as u32, round * 37 % 64);
                        records.push(Record::Cell(Box::new(cell)));
                    }
                }
            }
        }
        let cells = records.len() as u64 - 1;
        records.push(Record::Footer(Footer {
            complete: true,
            cells_planned: cells,
            cells_ok: cells,
            cells_error: 0,
            elapsed_s: cells / 40,
            reason: None,
        }));
        records
    }

    fn settings(&self) -> impl Iterator<Item = (&'static str, u32, &'static str)> {
        self.workloads.iter().flat_map(move |w| {
            self.threads
                .iter()
                .flat_map(move |t| self.modes.iter().map(move |m| (*w, *t, *m)))
        })
    }

    fn specs(&self) -> Vec<WorkloadSpec> {
        let spec = |name: &&str| preset(name).expect("a preset");
        self.workloads.iter().map(spec).collect()
    }

    fn header(&self) -> Header {
        let lock = |(name, _): &(&str, f64)| LockInfo {
            name: (*name).into(),
            summary: format!("the made-up lock {name}"),
            source: "made up for tests".into(),
            vma_bytes: 4 + 4 * (name.len() as u64 % 3),
            mm_bytes: 4,
            excludes: *name != LOCKS[0].0,
        };
        Header {
            schema: SCHEMA,
            tool: ToolInfo {
                version: "0.1.0".into(),
                git_revision: Some("0123456789ab".into()),
                rustc: "rustc 1.95.0".into(),
                target: "x86_64-unknown-linux-gnu".into(),
                profile: "release".into(),
                target_features: vec![],
            },
            started_at: "2026-11-25T12:00:00Z".into(),
            command: vec!["vmalock".into(), "run".into()],
            seed: self.seed,
            processes: self.processes,
            rounds: self.rounds,
            window_ns: 20_000_000,
            host: host(),
            clock: ClockInfo {
                kind: "tsc".into(),
                why: "constant and never stops".into(),
                ticks_per_s: 2_600_000_000,
                quantum_ns: 10,
                cost_ns: 18,
                drift_ppm: 3,
            },
            locks: self.locks.iter().map(lock).collect(),
            workloads: self.specs(),
            warnings: vec![
                "No hardware counters: the machine has no PMU. Run on bare metal for cycles."
                    .into(),
            ],
        }
    }

    fn cell(
        &self,
        lock: usize,
        workload: &str,
        threads: u32,
        mode: &str,
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
                    mode == "latency",
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
            placement: "compact".into(),
            mode: mode.into(),
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

    fn made_up_counters(&self, mode: &str, random: &mut Random) -> BTreeMap<String, CounterValue> {
        if mode != "counters" || !self.counters {
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

fn host() -> Host {
    let cpu = |id| Cpu {
        id,
        core: Some(0),
        l3: Some(0),
        node: Some(0),
        package: Some(0),
        capacity: None,
    };
    Host {
        arch: "x86_64".into(),
        cpu_vendor: Some("AuthenticExample".into()),
        cpu_model: Some("Example CPU 9000".into()),
        kernel: Some("6.18.0".into()),
        hypervisor: Some("kvm".into()),
        allowed_cpus: vec![0, 1],
        cpus: vec![cpu(0), cpu(1)],
        smt: Some("on".into()),
        thp: Some("madvise".into()),
        aslr: Some(2),
        clocksource: Some("tsc".into()),
        perf_event_paranoid: Some(2),
        pmu: Some(false),
        memory_bytes: Some(8 << 30),
        cache_line_bytes: Some(64),
        measured: Some(Measured {
            line_transfer: vec![PairTransfer {
                a: 0,
                b: 1,
                one_way_ps: 61_250,
            }],
            alu_slowdown: vec![PairSlowdown {
                a: 0,
                b: 1,
                slowdown_permille: 1_004,
            }],
            contradictions: vec![
                "CPUs 0 and 1 claim to be threads of one core but do not slow each other".into(),
            ],
            pairs_left_out: 0,
        }),
        ..Host::default()
    }
}

/// Histograms made once and used in many cells, since making one costs more than all else in a sketch.
struct HistogramPool(Vec<(f64, Vec<Latency>)>);

impl HistogramPool {
    const SAMPLES: u64 = 1_200;

    fn new(random: &mut Random) -> Self {
        let scales = [
            40.0, 60.0, 90.0, 140.0, 220.0, 350.0, 900.0, 1_600.0, 4_000.0,
        ];
        Self(
            scales
                .into_iter()
                .map(|scale| (scale, (0..6).map(|_| latency(scale, random)).collect()))
                .collect(),
        )
    }

    /// Latencies near those of a lock of this rate, some steps slower for what is not the fast path.
    fn pick(&self, slower: usize, rate: f64, random: &mut Random) -> Latency {
        let wanted = 2.5e8 / rate;
        let nearest = self.0.iter().position(|(scale, _)| *scale >= wanted);
        let step = (nearest.unwrap_or(6) + 2 * slower).min(self.0.len() - 1);
        let same = &self.0[step].1;
        same[random.below(same.len() as u64) as usize].clone()
    }
}

fn latency(scale_ns: f64, random: &mut Random) -> Latency {
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 10_000_000_000, 2).expect("bounds");
    for _ in 0..HistogramPool::SAMPLES {
        let tail = -(1.0 - random.unit()).ln();
        let stall = if random.below(700) == 0 { 60.0 } else { 1.0 };
        let ns = scale_ns * (0.7 + 0.25 * tail * tail.sqrt()) * stall;
        // The clock steps by 10 ns.
        histogram
            .record(((ns / 10.0) as u64 * 10).max(10))
            .expect("in bounds");
    }
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(&histogram, &mut bytes)
        .expect("a histogram serialises into memory");
    Latency {
        count: histogram.len(),
        min_ns: histogram.min(),
        max_ns: histogram.max(),
        saturated: 0,
        histogram: BASE64_STANDARD.encode(bytes),
    }
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn unit(&mut self) -> f64 {
        self.below(1 << 53) as f64 / (1_u64 << 53) as f64
    }
}
