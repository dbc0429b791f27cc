//! All effects of vmalock: worker threads, pinning, clock, counters, processes and the command line.

pub mod clock;
pub mod counters;
pub mod delay;
pub mod host;
pub mod native;
pub mod noise;
pub mod pin;
