//! The crate from outside: made-up runs are written, read and reported.

mod sketch;
mod summary;
