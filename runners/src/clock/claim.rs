//! What a register claims of the counter's rate, held against the rate that was measured.

use bench_core::record::ClockInfo;

/// How far a claim may lie from the measured rate, in thousandths. A calibration of 40 ms is right to a few parts in 100,000.
const TOLERANCE_PERMILLE: u128 = 10;

/// What is wrong with the claim, in words for the warnings of a run; `None` where no register tells, or it tells the truth.
#[must_use]
pub fn doubts(clock: &ClockInfo) -> Option<String> {
    let measured = clock.ticks_per_s;
    let claimed = clock.claimed_ticks_per_s?;
    if claimed == 0 {
        return Some(format!(
            "the register that tells the rate of the counter (CNTFRQ_EL0) holds 0, as under some emulators, or where firmware forgot it; the measured {measured} ticks per second are used, and nothing needs to be done"
        ));
    }
    let apart = u128::from(claimed.abs_diff(measured)) * 1000;
    (apart > u128::from(measured) * TOLERANCE_PERMILLE).then(|| format!(
        "the register that tells the rate of the counter (CNTFRQ_EL0) claims {claimed} ticks per second, but {measured} were measured against CLOCK_MONOTONIC and are used; look for what is wrong with this machine's firmware, or with its clock (an emulator, a host that was suspended), before its times are believed"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(measured: u64, claimed: Option<u64>) -> ClockInfo {
        ClockInfo {
            kind: "cntvct".to_owned(),
            why: String::new(),
            ticks_per_s: measured,
            claimed_ticks_per_s: claimed,
            quantum_ns: 40,
            cost_ns: 20,
            drift_ppm: 0,
        }
    }

    #[test]
    fn a_claim_of_nothing_is_said() {
        let words = doubts(&clock(25_000_000, Some(0))).expect("0 is no rate");
        assert!(
            words.contains("holds 0") && words.contains("25000000"),
            "{words}"
        );
    }

    #[test]
    fn a_claim_that_is_over_a_hundredth_away_is_said() {
        for claimed in [24_749_999, 25_250_001, 1_000_000_000, 1] {
            let words = doubts(&clock(25_000_000, Some(claimed))).expect("too far away");
            assert!(words.contains(&claimed.to_string()), "{words}");
        }
        for claimed in [24_750_000, 25_000_000, 25_250_000] {
            assert_eq!(doubts(&clock(25_000_000, Some(claimed))), None);
        }
    }

    #[test]
    fn where_no_register_tells_nothing_is_said() {
        assert_eq!(doubts(&clock(2_500_000_000, None)), None);
    }
}
