//! The models of docs/findings.md that are not about one lock: what a writer may do after its drain ([`drain`]), and words that
//! come to their ends ([`narrow`]).

mod drain;
mod narrow;
