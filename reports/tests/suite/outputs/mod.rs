//! What a check writes for other programs, read back as those programs read it.

mod annotations;
mod bencher;
mod benchstat;
mod critcmp;
mod github_action_benchmark;
mod junit;
pub(crate) mod made_up;
mod markdown;
mod openmetrics;
