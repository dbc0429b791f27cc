//! The locks in every execution of two or three threads that the memory model allows, and the faults that show that these
//! models see what they are there to see.
//!
//! - [`suite`]: the contract suite and the models of [`models`] hold for every lock of the catalogue.
//! - [`wrong`]: designs that are wrong, or were proposed and turned out to be, break a model.
//! - [`reader_slots`]: what only `bravo` can be asked, and wrong forms of it and of `percpu-rwsem`.
//! - [`range_lock`]: `range-lock` with one step made wrong breaks a model.
//! - [`findings`]: what docs/findings.md tells of.
//! - [`per_mm`]: what Linux 6.17 and 6.19 changed, and the mistakes that could be made in it.
//! - [`weaken`]: the text of the locks with one ordering or step taken away breaks a model, place by place.

#![allow(
    clippy::print_stdout,
    reason = "what runs, and the table that a script shows"
)]

mod findings;
mod forms;
mod machine;
mod mmap_lock;
mod models;
mod per_mm;
mod range_lock;
mod reader_slots;
mod suite;
mod weaken;
mod wrong;
