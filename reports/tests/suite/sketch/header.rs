//! The made-up header and its machine.

use super::{LOCKS, PLACEMENT, Sketch};
use bench_core::record::{
    ClockInfo, Cpu, Header, Host, LockInfo, Measured, PairSlowdown, PairTransfer, SCHEMA, ToolInfo,
};

impl Sketch {
    pub(super) fn header(&self) -> Header {
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
                atomics: None,
                pause: None,
            },
            build: None,
            started_at: "2026-11-25T12:00:00Z".into(),
            command: vec!["vmalock".into(), "run".into()],
            seed: self.seed,
            threads: self.threads.clone(),
            modes: self.modes.clone(),
            placements: vec![PLACEMENT.into()],
            counters: vec![],
            processes: self.processes,
            rounds: self.rounds,
            window_ns: 20_000_000,
            precision: None,
            host: host(),
            clock: ClockInfo {
                kind: "tsc".into(),
                why: "constant and never stops".into(),
                ticks_per_s: 2_600_000_000,
                claimed_ticks_per_s: None,
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
}

fn host() -> Host {
    let cpu = |id| Cpu {
        id,
        core: Some(0),
        cluster: None,
        l3: Some(0),
        node: Some(0),
        package: Some(0),
        capacity: None,
        design: None,
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
