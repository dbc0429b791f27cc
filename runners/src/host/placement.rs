//! Which CPU each worker gets.

use super::files::parse_cpu_list;
use super::kinds::{Kind, in_words, kinds};
use bench_core::record::{Cpu, Host};
use std::fmt;
use std::str::FromStr;

/// How workers are put on CPUs. Written in records as it is displayed.
///
/// In each case but the list, CPUs of larger capacity come first (arm64 machines with several kinds of cores), and what the
/// machine does not tell counts as shared by all, except for cores: every CPU is then one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Near CPUs first: the cores of one cluster, then those of the next that shares the last-level cache, then of the next cache
    /// in the same node, then of the next node, then of the next package; one thread per core. The second threads of cores
    /// come after all cores.
    Compact,
    /// Far CPUs first: packages take turns, within them nodes, within them last-level caches, within them clusters; one
    /// thread per core. The second threads of cores come after all cores.
    Scatter,
    /// As compact, but all threads of a core together.
    Smt,
    /// As compact, on the cores of the greatest capacity alone.
    Biggest,
    /// As compact, on the cores of the least capacity alone.
    Smallest,
    /// As compact, on the cores of this capacity alone.
    Capacity(u32),
    /// As compact, on the cores of this design alone, whose name is here in lower case.
    Core(String),
    /// These CPUs, in this order.
    List(Vec<u32>),
}

/// Why a placement gives no CPUs, or is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlacementError {
    /// Not a word or list that is known.
    #[error(
        "{0:?} is not a placement; use compact, scatter, smt, biggest, smallest, capacity:N, core:NAME (`vmalock host` tells the kinds of cores), or CPU numbers such as 0,2 or 4-7"
    )]
    Unknown(String),
    /// A list names a CPU twice.
    #[error(
        "CPU {0} stands twice in the placement; name each CPU once, and give more threads than CPUs to share them"
    )]
    Twice(u32),
    /// A list names a CPU that the process may not use.
    #[error(
        "CPU {cpu} of the placement is not among the CPUs that this process may use ({allowed}); choose among these, or widen the affinity mask or cpuset"
    )]
    NotAllowed {
        /// The CPU.
        cpu: u32,
        /// The allowed CPUs, as a list.
        allowed: String,
    },
    /// No CPU is allowed, or they could not be read.
    #[error("the CPUs that this process may use are not known; run on Linux with /proc mounted")]
    NoCpus,
    /// No two allowed CPUs share a core.
    #[error(
        "the machine shows no two allowed CPUs that share a core, so that smt would be compact by another name; use compact, or allow CPUs of one core"
    )]
    NoSiblings,
    /// All allowed CPUs are alike.
    #[error(
        "the machine shows one kind of core only ({kind}), so that {word} would be compact by another name; use compact, or allow CPUs of another kind"
    )]
    OneKind {
        /// The placement.
        word: String,
        /// The one kind.
        kind: String,
    },
    /// The kinds differ in design, but not in a capacity that is told.
    #[error(
        "the machine does not tell which of its kinds of cores is the larger ({kinds}: no two values of cpu_capacity in /sys), so that {word} names none; name one by its design, such as core:cortex-a55, or give CPUs as a list"
    )]
    Unranked {
        /// The placement.
        word: String,
        /// The kinds.
        kinds: String,
    },
    /// There are several kinds, and not the one that was asked for.
    #[error("no allowed CPU is of the kind {word}; there are {kinds}")]
    NoSuchKind {
        /// The placement.
        word: String,
        /// The kinds.
        kinds: String,
    },
}

impl fmt::Display for Placement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compact => formatter.write_str("compact"),
            Self::Scatter => formatter.write_str("scatter"),
            Self::Smt => formatter.write_str("smt"),
            Self::Biggest => formatter.write_str("biggest"),
            Self::Smallest => formatter.write_str("smallest"),
            Self::Capacity(capacity) => write!(formatter, "capacity:{capacity}"),
            Self::Core(design) => write!(formatter, "core:{design}"),
            Self::List(cpus) => formatter.write_str(&list(cpus)),
        }
    }
}

/// CPU numbers with commas.
fn list(cpus: &[u32]) -> String {
    let words: Vec<String> = cpus.iter().map(u32::to_string).collect();
    words.join(",")
}

impl FromStr for Placement {
    type Err = PlacementError;

    fn from_str(text: &str) -> Result<Self, PlacementError> {
        match text {
            "compact" => return Ok(Self::Compact),
            "scatter" => return Ok(Self::Scatter),
            "smt" => return Ok(Self::Smt),
            "biggest" => return Ok(Self::Biggest),
            "smallest" => return Ok(Self::Smallest),
            _ => {}
        }
        let unknown = || PlacementError::Unknown(text.to_owned());
        if let Some(capacity) = text.strip_prefix("capacity:") {
            return capacity.parse().map(Self::Capacity).map_err(|_| unknown());
        }
        if let Some(design) = text.strip_prefix("core:") {
            let design = design.to_ascii_lowercase();
            return (!design.is_empty())
                .then_some(Self::Core(design))
                .ok_or_else(unknown);
        }
        let cpus = parse_cpu_list(text).ok_or_else(unknown)?;
        let mut places = cpus.iter().enumerate();
        match places.find(|&(place, cpu)| cpus[..place].contains(cpu)) {
            Some((_, &cpu)) => Err(PlacementError::Twice(cpu)),
            None => Ok(Self::List(cpus)),
        }
    }
}

impl Placement {
    /// The CPU of each of `threads` workers, in worker order.
    ///
    /// More threads than CPUs go round again. That is another experiment than one thread per CPU: the caller marks it
    /// as oversubscribed.
    ///
    /// # Errors
    ///
    /// [`PlacementError`], a sentence that says what to do.
    pub fn cpus(&self, host: &Host, threads: u32) -> Result<Vec<u32>, PlacementError> {
        let order = self.order(host)?;
        let round = order.iter().copied().cycle();
        Ok(round.take(threads as usize).collect())
    }

    /// Every CPU that the placement uses, once, in the order in which workers get them.
    ///
    /// # Errors
    ///
    /// [`PlacementError`], a sentence that says what to do.
    pub fn order(&self, host: &Host) -> Result<Vec<u32>, PlacementError> {
        if host.allowed_cpus.is_empty() {
            return Err(PlacementError::NoCpus);
        }
        let mut places = Place::of_allowed(host);
        match self {
            Self::List(cpus) => return allowed_list(cpus, host),
            Self::Biggest | Self::Smallest | Self::Capacity(_) | Self::Core(_) => {
                let cpus = self.of_a_kind(kinds(host))?;
                places.retain(|place| cpus.contains(&place.cpu));
                places.sort_by_key(|place| (place.slowness, place.thread, place.near()));
            }
            Self::Compact => {
                places.sort_by_key(|place| (place.slowness, place.thread, place.near()));
            }
            Self::Smt => {
                if places.iter().all(|place| place.thread == 0) {
                    return Err(PlacementError::NoSiblings);
                }
                places.sort_by_key(|place| (place.slowness, place.near(), place.thread));
            }
            Self::Scatter => {
                let turns = turns(&places);
                let mut order: Vec<_> = places.into_iter().zip(turns).collect();
                order.sort_by_key(|(place, turns)| (place.slowness, place.thread, *turns));
                places = order.into_iter().map(|(place, _)| place).collect();
            }
        }
        Ok(places.iter().map(|place| place.cpu).collect())
    }
}

impl Placement {
    /// The CPUs of the kind of core that is asked for.
    fn of_a_kind(&self, kinds: Vec<Kind>) -> Result<Vec<u32>, PlacementError> {
        let word = self.to_string();
        if let [kind] = kinds.as_slice() {
            return Err(PlacementError::OneKind {
                word,
                kind: kind.to_string(),
            });
        }
        let capacities = || kinds.iter().map(|kind| kind.capacity);
        let (least, most) = (capacities().min().flatten(), capacities().max().flatten());
        let (biggest, smallest) = (*self == Self::Biggest, *self == Self::Smallest);
        if (biggest || smallest) && (least.is_none() || least == most) {
            return Err(PlacementError::Unranked {
                word,
                kinds: in_words(&kinds),
            });
        }
        let wanted = |kind: &&Kind| match self {
            Self::Biggest => kind.capacity == most,
            Self::Smallest => kind.capacity == least,
            Self::Capacity(capacity) => kind.capacity == Some(*capacity),
            Self::Core(design) => {
                let own = kind.design.as_ref();
                own.is_some_and(|own| own.eq_ignore_ascii_case(design))
            }
            _ => true,
        };
        let cpus: Vec<u32> = kinds
            .iter()
            .filter(wanted)
            .flat_map(|kind| kind.cpus.clone())
            .collect();
        if cpus.is_empty() {
            return Err(PlacementError::NoSuchKind {
                word,
                kinds: in_words(&kinds),
            });
        }
        Ok(cpus)
    }
}

/// The list itself, if all of it is allowed.
fn allowed_list(cpus: &[u32], host: &Host) -> Result<Vec<u32>, PlacementError> {
    match cpus.iter().find(|cpu| !host.allowed_cpus.contains(cpu)) {
        None => Ok(cpus.to_vec()),
        Some(&cpu) => Err(PlacementError::NotAllowed {
            cpu,
            allowed: list(&host.allowed_cpus),
        }),
    }
}

/// Where an allowed CPU sits, with something in the place of what is not told.
#[derive(Clone, Debug)]
struct Place {
    cpu: u32,
    package: u32,
    node: u32,
    l3: u32,
    cluster: u32,
    core: u32,
    /// How many allowed CPUs of the same core come before this one.
    thread: usize,
    /// What the capacity falls short of the greatest by.
    slowness: u32,
}

impl Place {
    /// The allowed CPUs, in ascending order.
    fn of_allowed(host: &Host) -> Vec<Self> {
        let unknown = Cpu::default();
        let greatest = host.cpus.iter().filter_map(|cpu| cpu.capacity).max();
        // A last level that each core has for itself says nothing of nearness (Ampere's Altra tells of its second level alone).
        let is_shared = |cpu: &Cpu| {
            let mut others = host.cpus.iter().filter(|other| other.core != cpu.core);
            others.any(|other| other.l3 == cpu.l3)
        };
        let mut places: Vec<Self> = Vec::new();
        for &id in &host.allowed_cpus {
            let cpu = host.cpus.iter().find(|cpu| cpu.id == id);
            let cpu = cpu.unwrap_or(&unknown);
            let core = cpu.core.unwrap_or(id);
            places.push(Self {
                cpu: id,
                package: cpu.package.unwrap_or(0),
                node: cpu.node.unwrap_or(0),
                l3: cpu.l3.filter(|_| is_shared(cpu)).unwrap_or(0),
                cluster: cpu.cluster.unwrap_or(0),
                core,
                thread: places.iter().filter(|other| other.core == core).count(),
                slowness: greatest.unwrap_or(0) - cpu.capacity.or(greatest).unwrap_or(0),
            });
        }
        places
    }

    /// CPUs near each other have keys near each other.
    fn near(&self) -> (u32, u32, u32, u32, u32) {
        (self.package, self.node, self.l3, self.cluster, self.core)
    }
}

/// The turn of each CPU when packages take turns, within a package its nodes, within a node its caches, under a cache its
/// clusters: (turn of the CPU within its cluster, turn of the cluster, of the cache, of the node, of the package), of which the
/// first weighs most.
fn turns(places: &[Place]) -> Vec<(usize, usize, usize, usize, usize)> {
    /// The place of `own` among the distinct keys below it, and thus its turn.
    fn turn<K: Ord>(keys: impl Iterator<Item = K>, own: &K) -> usize {
        let before: std::collections::BTreeSet<K> = keys.filter(|key| key < own).collect();
        before.len()
    }
    let peers = |of: &Place| {
        let (slowness, thread) = (of.slowness, of.thread);
        places
            .iter()
            .filter(move |place| (place.slowness, place.thread) == (slowness, thread))
    };
    let turns = places.iter().map(|own| {
        let in_package = || peers(own).filter(|place| place.package == own.package);
        let in_node = || in_package().filter(|place| place.node == own.node);
        let in_cache = || in_node().filter(|place| place.l3 == own.l3);
        let in_cluster = || in_cache().filter(|place| place.cluster == own.cluster);
        (
            turn(in_cluster().map(|place| place.core), &own.core),
            turn(in_cache().map(|place| place.cluster), &own.cluster),
            turn(in_node().map(|place| place.l3), &own.l3),
            turn(in_package().map(|place| place.node), &own.node),
            turn(peers(own).map(|place| place.package), &own.package),
        )
    });
    turns.collect()
}
