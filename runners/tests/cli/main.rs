//! The program from outside: its commands, its files, its exit codes, and what it makes of bad input and broken locks.
//!
//! Every run is tiny. No test looks at a number that a busy machine could change, and no deadline is shorter than minutes.

mod ahead;
mod arm64;
mod atomics;
mod bad_input;
mod bad_records;
mod baseline;
mod broken_locks;
mod builds;
mod check;
mod check_outputs;
mod compare;
mod counters;
mod cpus;
mod emulated;
mod exact;
mod examples;
mod lists;
mod locks_page;
mod lockstep;
mod made_up;
mod own_workloads;
mod precision;
mod read_pairs;
mod regression;
mod selftest;
mod signals;
mod smoke;
mod tool;
mod trend;
