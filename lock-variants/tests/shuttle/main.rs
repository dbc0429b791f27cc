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
//! | [`starvation`] | how many readers overtake a writer that waits (P20) |
//! | [`balance`] | a read that is not ended (P21), the two locks in the wrong order (P24) |
//! | [`downgrade`] | what a downgrade of the mmap lock does to VMAs (P26) |
//! | [`fallback`] | a fault ends, whatever others do (P23) |
//! | [`killable`] | a fatal signal while a writer waits (P3, P22) |
//! | [`sections`] | what the index and the grace periods owe a walk (P13) |
//! | [`rwsem`] | the mmap lock alone |
//! | [`replay`] | the command that a failure prints |
//!
//! Each has something made wrong on purpose, kept as a test that it is noticed.

mod balance;
mod bursts;
mod downgrade;
mod explore;
mod fallback;
mod killable;
mod locks;
mod machine;
mod mixed;
mod pool;
mod replay;
mod rwsem;
mod sections;
mod stage;
mod starvation;
mod threads;
mod twist;
