//! One workload with one thread count and placement.

use super::counters::{CounterRow, counters};
use super::latency::{Kind, KindRow, latencies};
use super::rank::{Ranking, rank};
use super::rate::{Rate, rate};
use super::rounds::{RoundCount, Rounds, TwoWays};
use super::{COUNTERS, Disturbance, LATENCY, Lock, THROUGHPUT, usable};
use crate::read::Run;
use bench_core::record::{Cell, Outcome, RoleName, Status};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// One workload with one thread count and placement.
#[derive(Debug)]
pub(crate) struct Setting<'r> {
    pub(crate) workload: &'r str,
    pub(crate) threads: u32,
    pub(crate) placement: &'r str,
    /// More threads than allowed CPUs.
    pub(crate) oversubscribed: bool,
    /// By the mode's name.
    rounds: BTreeMap<&'r str, Rounds>,
    /// One for each role that has threads.
    pub(crate) roles: Vec<RoleTable>,
    /// Every lock that has cells.
    pub(crate) tallies: Vec<Tally>,
}

/// What one role did under each lock.
#[derive(Debug)]
pub(crate) struct RoleTable {
    pub(crate) role: RoleName,
    /// Threads that play it.
    pub(crate) threads: u32,
    pub(crate) rows: Vec<Row>,
    pub(crate) ranking: Ranking,
}

/// What one role did under one lock.
#[derive(Debug)]
pub(crate) struct Row {
    /// The lock's place in [`super::Digest::locks`].
    pub(crate) lock: usize,
    pub(crate) rate: Option<TwoWays<Rate>>,
    /// Throughput over that of the fastest lock that excludes, paired by round; `None` where it is too noisy to rank.
    pub(crate) to_best: Option<crate::stats::Estimate>,
    /// Operations of the throughput cells by how they ended, over the rounds that are shown.
    pub(crate) outcomes: BTreeMap<Outcome, u64>,
    pub(crate) misses: u64,
    pub(crate) latency: Option<TwoWays<Vec<KindRow>>>,
}

/// The cells of one lock in one setting.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) lock: usize,
    /// Measured cells, of all modes.
    pub(crate) measured: u64,
    /// Of these, dirty.
    pub(crate) dirty: u64,
    /// Of these, not verified.
    pub(crate) unverified: u64,
    pub(crate) counters: Option<TwoWays<BTreeMap<String, CounterRow>>>,
}

impl Setting<'_> {
    pub(crate) fn rounds(&self, mode: &str) -> RoundCount {
        self.rounds.get(mode).map(Rounds::count).unwrap_or_default()
    }

    /// What disturbed a mode most often.
    pub(crate) fn disturbance(&self, mode: &str) -> Option<&Disturbance> {
        self.rounds.get(mode)?.disturbances().main()
    }
}

impl RoleTable {
    /// The kinds of operation that any lock has timings of, in order.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        let rows = self.rows.iter().filter_map(|row| row.latency.as_ref());
        let mut kinds: Vec<Kind> = rows.flat_map(|two| two.shown()).map(|k| k.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    pub(crate) fn row(&self, lock: usize) -> Option<&Row> {
        self.rows.iter().find(|row| row.lock == lock)
    }
}

impl Row {
    /// The timings of a kind, over the rounds that are shown.
    pub(crate) fn timing(&self, kind: Kind) -> Option<&super::Timing> {
        let shown = self.latency.as_ref()?.shown();
        shown.iter().find(|k| k.kind == kind).map(|k| &k.timing)
    }

    /// The timings of a kind over all rounds.
    pub(crate) fn timing_of_all_rounds(&self, kind: Kind) -> Option<&super::Timing> {
        let all = &self.latency.as_ref()?.all;
        all.iter().find(|k| k.kind == kind).map(|k| &k.timing)
    }

    /// The share of faults that took the VMA's own lock. `None` of a role that takes none.
    pub(crate) fn fast_share(&self) -> Option<f64> {
        let is_fault = |o: &Outcome| *o == Outcome::Fast || o.is_fallback();
        let faults: u64 = self
            .outcomes
            .iter()
            .filter(|(o, _)| is_fault(o))
            .map(|(_, n)| n)
            .sum();
        let fast = self.outcomes.get(&Outcome::Fast).copied().unwrap_or(0);
        (faults > 0).then(|| fast as f64 / faults as f64)
    }
}

/// The cells of one setting, not yet worked on.
struct Group<'r> {
    setting: Setting<'r>,
    plays: Vec<RoleName>,
    /// By lock.
    cells: BTreeMap<usize, Vec<&'r Cell>>,
}

/// What one lock adds to its setting.
struct LockPart {
    tally: Tally,
    rows: Vec<(RoleName, Row)>,
    unreadable: Vec<String>,
}

/// All settings of a run, and the histograms that could not be read. Rounds that are dirty in `others` are dirty here.
pub(crate) fn settings<'r>(
    run: &'r Run,
    others: &[&'r Run],
    locks: &[Lock<'r>],
    numbers: &HashMap<&str, usize>,
) -> (Vec<Setting<'r>>, Vec<String>) {
    let mut groups = groups(run, others, numbers);
    let jobs: Vec<(usize, usize)> = groups
        .iter()
        .enumerate()
        .flat_map(|(g, group)| group.cells.keys().map(move |lock| (g, *lock)))
        .collect();
    let parts = in_parallel(&jobs, |&(g, lock)| {
        lock_part(&groups[g], lock, locks[lock].control)
    });
    let mut unreadable = Vec::new();
    for ((g, _), part) in jobs.iter().zip(parts) {
        let setting = &mut groups[*g].setting;
        unreadable.extend(part.unreadable);
        setting.tallies.push(part.tally);
        for (role, row) in part.rows {
            if let Some(table) = setting.roles.iter_mut().find(|t| t.role == role) {
                table.rows.push(row);
            }
        }
    }
    let controls: Vec<bool> = locks.iter().map(|lock| lock.control).collect();
    let settings = groups.into_iter().map(|group| {
        let mut setting = group.setting;
        let rounds = setting.rounds(THROUGHPUT);
        for table in &mut setting.roles {
            table.ranking = rank(&mut table.rows, &controls, rounds);
        }
        setting
    });
    (settings.collect(), unreadable)
}

/// Does `work` on every job on all CPUs; results are in the order of the jobs.
fn in_parallel<J: Sync, T: Send>(jobs: &[J], work: impl Fn(&J) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(jobs.len()))
            .map(|_| {
                scope.spawn(|| {
                    let mut mine = Vec::new();
                    loop {
                        // Relaxed: it only deals out numbers; results are handed over by the join.
                        let number = next.fetch_add(1, Relaxed);
                        let Some(job) = jobs.get(number) else {
                            return mine;
                        };
                        mine.push((number, work(job)));
                    }
                })
            })
            .collect();
        let join = |w: std::thread::ScopedJoinHandle<'_, Vec<(usize, T)>>| {
            w.join().unwrap_or_else(|p| std::panic::resume_unwind(p))
        };
        workers.into_iter().flat_map(join).collect()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

fn groups<'r>(run: &'r Run, others: &[&'r Run], numbers: &HashMap<&str, usize>) -> Vec<Group<'r>> {
    let specs = &run.header.workloads;
    let order = |name: &str| {
        specs
            .iter()
            .position(|s| s.name == name)
            .unwrap_or(specs.len())
    };
    let key = |cell: &'r Cell| {
        let names = (cell.workload.as_str(), cell.placement.as_str());
        (order(names.0), names.0, names.1, cell.threads)
    };
    let by_setting = |cells: &mut dyn Iterator<Item = &'r Cell>| {
        let mut groups: BTreeMap<(usize, &str, &str, u32), Vec<&Cell>> = BTreeMap::new();
        for cell in cells {
            groups.entry(key(cell)).or_default().push(cell);
        }
        groups
    };
    let beside = by_setting(&mut others.iter().flat_map(|run| &run.cells));
    by_setting(&mut run.cells.iter())
        .into_iter()
        .map(|(key, cells)| {
            let (place, workload, placement, threads) = key;
            let theirs = beside.get(&key).into_iter().flatten();
            let plays = specs
                .get(place)
                .map(|s| s.roles(threads))
                .unwrap_or_default();
            let mut by_lock: BTreeMap<usize, Vec<&Cell>> = BTreeMap::new();
            for cell in &cells {
                by_lock
                    .entry(numbers[cell.lock.as_str()])
                    .or_default()
                    .push(cell);
            }
            Group {
                setting: Setting {
                    workload,
                    threads,
                    placement,
                    oversubscribed: cells.iter().any(|c| c.oversubscribed),
                    rounds: rounds_by_mode(cells.iter().chain(theirs)),
                    roles: role_tables(&cells),
                    tallies: Vec::new(),
                },
                plays,
                cells: by_lock,
            }
        })
        .collect()
}

fn rounds_by_mode<'c, 'r: 'c>(
    cells: impl Iterator<Item = &'c &'r Cell>,
) -> BTreeMap<&'r str, Rounds> {
    let mut modes: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
    for cell in cells {
        modes.entry(&cell.mode).or_default().push(cell);
    }
    let rounds = |(mode, cells): (&'r str, Vec<&'r Cell>)| (mode, Rounds::of(cells.into_iter()));
    modes.into_iter().map(rounds).collect()
}

/// A table for each role, faults first since they are what the locks are for.
fn role_tables(cells: &[&Cell]) -> Vec<RoleTable> {
    let mut threads: BTreeMap<RoleName, u32> = BTreeMap::new();
    for role in cells.iter().flat_map(|c| &c.roles) {
        threads.insert(role.role, role.threads);
    }
    let table = |(role, threads)| RoleTable {
        role,
        threads,
        rows: Vec::new(),
        ranking: Ranking::Nothing,
    };
    threads.into_iter().map(table).collect()
}

fn lock_part(group: &Group<'_>, lock: usize, control: bool) -> LockPart {
    let cells = &group.cells[&lock];
    let nothing = Rounds::default();
    let of_mode = |mode: &str| -> (Vec<&Cell>, &Rounds) {
        let cells = cells.iter().copied().filter(|c| c.mode == mode).collect();
        (cells, group.setting.rounds.get(mode).unwrap_or(&nothing))
    };
    let (throughput, rounds) = of_mode(THROUGHPUT);
    let (timed, timed_rounds) = of_mode(LATENCY);
    let timed: Vec<&Cell> = timed.into_iter().filter(|c| usable(c, control)).collect();
    let (counted, counted_rounds) = of_mode(COUNTERS);
    let mut unreadable = Vec::new();
    let rows = group.setting.roles.iter().map(|table| {
        let role = table.role;
        let tallied = rounds.two_ways(&throughput, control, |cells| {
            (!cells.is_empty()).then(|| outcomes(cells, role))
        });
        let (outcomes, misses) = tallied.map(|t| t.shown().clone()).unwrap_or_default();
        let row = Row {
            lock,
            rate: rounds.two_ways(&throughput, control, |c| rate(c, role, &group.plays)),
            to_best: None,
            outcomes,
            misses,
            latency: latencies(&timed, role, timed_rounds, &mut unreadable),
        };
        (role, row)
    });
    LockPart {
        rows: rows.collect(),
        tally: Tally {
            counters: counted_rounds.two_ways(&counted, control, |cells| {
                (!cells.is_empty()).then(|| counters(cells))
            }),
            ..tally(cells, lock, control)
        },
        unreadable,
    }
}

fn outcomes(cells: &[&Cell], role: RoleName) -> (BTreeMap<Outcome, u64>, u64) {
    let (mut outcomes, mut misses) = (BTreeMap::new(), 0);
    for found in cells
        .iter()
        .flat_map(|c| &c.roles)
        .filter(|r| r.role == role)
    {
        misses += found.misses;
        for (outcome, count) in &found.outcomes {
            *outcomes.entry(*outcome).or_default() += count;
        }
    }
    (outcomes, misses)
}

fn tally(cells: &[&Cell], lock: usize, control: bool) -> Tally {
    let count = |what: &dyn Fn(&Cell) -> bool| cells.iter().filter(|c| what(c)).count() as u64;
    Tally {
        lock,
        measured: count(&|c| c.status == Status::Ok),
        dirty: count(&|c| c.status == Status::Ok && c.noise.dirty),
        unverified: count(&|c| c.status == Status::Ok && !usable(c, control)),
        counters: None,
    }
}
