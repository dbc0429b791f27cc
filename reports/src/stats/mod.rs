//! The statistics of a report: pure functions of numbers.
//!
//! The unit is the process. Rounds of one process share its address-space layout and so its luck; they are reduced to
//! one value, their median, before anything is said about spread (Kalibera and Jones, ISMM 2013).

mod binomial;
mod bootstrap;
mod contrast;
mod edivisive;
mod estimate;
mod fairness;
mod family;
mod histogram;
mod precision;
mod student;
mod variance;

pub use binomial::clopper_pearson;
pub use bootstrap::two_level_bootstrap;
pub use contrast::Contrast;
pub use edivisive::{EDivisive, Found, Split};
pub use estimate::{CONFIDENCE, Estimate, Interval, median};
pub use fairness::{jain_index, min_max_ratio};
pub use family::{benjamini_hochberg, holm};
pub use histogram::{
    CurvePoint, DecodeError, Decoder, MIN_TAIL_SAMPLES, curve, enough_samples, least_samples,
    timer_floor_ns,
};
pub use precision::{Precision, Step};
pub use student::{t_quantile, t_upper_tail};
pub use variance::Components;
