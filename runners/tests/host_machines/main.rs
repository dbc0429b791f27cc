//! Machines of several shapes, read from texts that hold their files, and what is made of them; on whichever architecture the test
//! runs.

mod arm64;
mod containers;
mod counters;
mod fixture;
mod placements;
mod this_machine;
mod x86;
