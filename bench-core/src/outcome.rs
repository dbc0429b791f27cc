//! How an operation ended.

use crate::lock::Declined;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an operation on the address space ended. The words are those of the records and of the report.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A fault that held the VMA by its own lock.
    Fast,
    /// Fell back to the mmap lock: the VMA's sequence equalled the mm's before the count was tried (F1).
    EarlySeq,
    /// Fell back: a writer's bit was set or a writer held or waited for the word (F2).
    WriterBit,
    /// Fell back: the count was at its limit (F2).
    Limit,
    /// Fell back: the VMA was detached each time it was looked up (F3).
    Detached,
    /// Fell back: the VMA's sequence equalled the mm's after the count was held (F4).
    LateSeq,
    /// Fell back: the slot had been recycled into another mm (F5).
    WrongMm,
    /// Fell back: the VMA no longer covers the address (F6).
    OutOfRange,
    /// Fell back: the index holds no VMA for the address (F7).
    NoVma,
    /// Fell back: the read was speculative and a writer came (F8).
    Retry,
    /// Fell back: the design has no lock per VMA.
    NoVmaLock,
    /// A writer that write-locked a VMA and changed it.
    Write,
    /// A VMA was made, write-locked, inserted and attached.
    Map,
    /// A VMA was write-locked, removed and detached.
    Unmap,
}

impl Outcome {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 14] = [
        Self::Fast,
        Self::EarlySeq,
        Self::WriterBit,
        Self::Limit,
        Self::Detached,
        Self::LateSeq,
        Self::WrongMm,
        Self::OutOfRange,
        Self::NoVma,
        Self::Retry,
        Self::NoVmaLock,
        Self::Write,
        Self::Map,
        Self::Unmap,
    ];

    /// Its place in an array of counters.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// Whether it is a fault that fell back to the mmap lock.
    #[must_use]
    pub fn is_fallback(self) -> bool {
        !matches!(self, Self::Fast | Self::Write | Self::Map | Self::Unmap)
    }

    /// The word in records and reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::EarlySeq => "early-seq",
            Self::WriterBit => "writer-bit",
            Self::Limit => "limit",
            Self::Detached => "detached",
            Self::LateSeq => "late-seq",
            Self::WrongMm => "wrong-mm",
            Self::OutOfRange => "out-of-range",
            Self::NoVma => "no-vma",
            Self::Retry => "retry",
            Self::NoVmaLock => "no-vma-lock",
            Self::Write => "write",
            Self::Map => "map",
            Self::Unmap => "unmap",
        }
    }
}

impl From<Declined> for Outcome {
    fn from(reason: Declined) -> Self {
        match reason {
            Declined::EarlySeq => Self::EarlySeq,
            Declined::WriterBit => Self::WriterBit,
            Declined::Limit => Self::Limit,
            Declined::Detached => Self::Detached,
            Declined::LateSeq => Self::LateSeq,
            Declined::WrongMm => Self::WrongMm,
            Declined::OutOfRange => Self::OutOfRange,
            Declined::NoVmaLock => Self::NoVmaLock,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome;

    #[test]
    fn numbers_and_words_agree_with_the_records() {
        for (number, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome.index(), number);
            let word = serde_json::to_value(outcome).expect("a unit variant serialises");
            assert_eq!(word, outcome.word());
        }
    }
}
