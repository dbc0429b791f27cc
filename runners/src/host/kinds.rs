//! The kinds of cores of a machine: by capacity, and by design where the identification register tells it.

use bench_core::record::Host;
use std::fmt;

/// Allowed CPUs whose cores are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The capacity that the machine claims, 1024 for its largest core.
    pub capacity: Option<u32>,
    /// The design, as of [`bench_core::record::Cpu::design`].
    pub design: Option<String>,
    /// The CPUs, ascending.
    pub cpus: Vec<u32>,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let design = self.design.as_deref().unwrap_or("core of unknown design");
        write!(formatter, "{} x {design}", self.cpus.len())?;
        match self.capacity {
            Some(capacity) => write!(formatter, " (capacity {capacity})"),
            None => Ok(()),
        }
    }
}

/// The kinds among the allowed CPUs, the largest first; of those that are as large, or whose size is not told, the one with the
/// lowest CPU first.
#[must_use]
pub fn kinds(host: &Host) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for &id in &host.allowed_cpus {
        let cpu = host.cpus.iter().find(|cpu| cpu.id == id);
        let capacity = cpu.and_then(|cpu| cpu.capacity);
        let design = cpu.and_then(|cpu| cpu.design.clone());
        let known = kinds
            .iter_mut()
            .find(|kind| (kind.capacity, &kind.design) == (capacity, &design));
        match known {
            Some(kind) => kind.cpus.push(id),
            None => kinds.push(Kind {
                capacity,
                design,
                cpus: vec![id],
            }),
        }
    }
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.capacity));
    kinds
}

/// The kinds in words.
#[must_use]
pub fn in_words(kinds: &[Kind]) -> String {
    let words: Vec<String> = kinds.iter().map(Kind::to_string).collect();
    words.join(", ")
}
