//! The locks and the rwsem under random schedules of several threads.
//!
//! A model here is a few threads on the same address space, index and grace periods that are measured, and what must hold
//! whatever the schedule. It runs with every lock of the catalogue ([`locks`]). What loom leaves out for want of time is what
//! these are for: three and more threads, two mms, VMAs that are recycled. What they leave out is the memory model
//! ([`machine`]).
//!
//! | module | what it shows |
//! |---|---|
//! | [`pool`] | two mms, three recycled VMAs: identity, totals, nobody asleep for ever (P9, P10, P12, P21, P24) |
//! | [`rwsem`] | the mmap lock alone |
//!
//! Each has something made wrong on purpose, kept as a test that it is noticed.

mod explore;
mod locks;
mod machine;
mod pool;
mod rwsem;
