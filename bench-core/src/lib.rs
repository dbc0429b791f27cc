//! The vocabulary of vmalock: the machine an algorithm runs on, the lock contract, the address space, workloads, the plan
//! and the records. It starts no thread, reads no clock and performs no I/O.

pub mod arena;
pub mod index;
pub mod lock;
pub mod machine;
pub mod outcome;
pub mod plan;
pub mod rcu;
pub mod record;
pub mod rwsem;
pub mod space;
pub mod workload;
