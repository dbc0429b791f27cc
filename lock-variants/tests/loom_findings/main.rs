//! The models of docs/findings.md that are not about one lock: what a writer may do after its drain ([`drain`]), and words that
//! come to their ends ([`narrow`]).

mod drain;
#[path = "../loom_machine/mod.rs"]
#[expect(
    dead_code,
    reason = "most of its weaknesses are for the models of single locks"
)]
mod loom_machine;
mod narrow;
