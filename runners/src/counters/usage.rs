//! The switches of the calling thread, by its resource usage.
//!
//! The perf event for them counts nothing unless kernel mode is counted too, which an unprivileged process may not ask
//! for.

#![allow(unsafe_code, reason = "getrusage is a libc call")]

/// Switches of a thread since it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Switches {
    pub(super) voluntary: u64,
    pub(super) involuntary: u64,
}

impl Switches {
    /// What came since `before`.
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            voluntary: self.voluntary.saturating_sub(before.voluntary),
            involuntary: self.involuntary.saturating_sub(before.involuntary),
        }
    }
}

/// The calling thread's switches; `None` when the kernel does not tell.
pub(super) fn switches() -> Option<Switches> {
    // SAFETY: all fields of `rusage` are integers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is a whole `rusage` that the call may write to.
    let result = unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    (result == 0).then(|| Switches {
        voluntary: u64::try_from(usage.ru_nvcsw).unwrap_or(0),
        involuntary: u64::try_from(usage.ru_nivcsw).unwrap_or(0),
    })
}
