//! P values of tests that are read together.
//!
//! Forty tests at 5 % raise two false alarms. [`holm`] bounds the chance of a single one in the whole family; it is for
//! what decides. [`benjamini_hochberg`] bounds the share of false ones among those that are called different; it is for
//! what only informs.

/// Adjusted p values by Holm's step-down rule (Scandinavian Journal of Statistics 6, 1979): those below a bound can all be
/// rejected with at most that chance of any false rejection, however the tests depend on each other.
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, index) in ascending(p_values).into_iter().enumerate() {
        let remaining = (p_values.len() - rank) as f64;
        largest = largest.max((p_values[index] * remaining).min(1.0));
        adjusted[index] = largest;
    }
    adjusted
}

/// Adjusted p values by the step-up rule of Benjamini and Hochberg (Journal of the Royal Statistical Society B 57, 1995):
/// of those below a bound, at most that share is false on average, for tests that do not depend on each other negatively.
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![0.0; p_values.len()];
    let mut smallest = 1.0_f64;
    for (rank, index) in ascending(p_values).into_iter().enumerate().rev() {
        let share = p_values.len() as f64 / (rank + 1) as f64;
        smallest = smallest.min(p_values[index] * share);
        adjusted[index] = smallest;
    }
    adjusted
}

/// The places of the values, from the smallest value.
fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Benjamini and Hochberg 1995, section 3.2: fifteen comparisons of a trial of thrombolysis.
    const TRIAL: [f64; 15] = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
        0.5719, 0.6528, 0.7590, 1.0,
    ];

    fn rejected(adjusted: &[f64]) -> usize {
        adjusted.iter().filter(|p| **p <= 0.05).count()
    }

    #[test]
    fn the_published_trial() {
        // The paper rejects four by its own rule and three by those that bound any false rejection.
        assert_eq!(rejected(&benjamini_hochberg(&TRIAL)), 4);
        assert_eq!(rejected(&holm(&TRIAL)), 3);
        assert_eq!(rejected(&TRIAL), 9);
    }

    #[test]
    fn four_tests_by_hand() {
        let p = [0.01, 0.04, 0.03, 0.005];
        let close = |got: Vec<f64>, expected: [f64; 4]| {
            for (g, e) in got.iter().zip(expected) {
                assert!((g - e).abs() < 1e-12, "{got:?}, not {expected:?}");
            }
        };
        close(holm(&p), [0.03, 0.06, 0.06, 0.02]);
        close(benjamini_hochberg(&p), [0.02, 0.04, 0.04, 0.02]);
    }

    #[test]
    fn one_test_stays_as_it_is_and_none_is_none() {
        assert_eq!(holm(&[0.04]), [0.04]);
        assert_eq!(benjamini_hochberg(&[0.04]), [0.04]);
        assert!(holm(&[]).is_empty() && benjamini_hochberg(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn adjusting_never_helps_and_keeps_the_order(
            p in proptest::collection::vec(0.0_f64..=1.0, 1..40)
        ) {
            let (strict, mild) = (holm(&p), benjamini_hochberg(&p));
            for i in 0..p.len() {
                prop_assert!(p[i] <= mild[i] && mild[i] <= strict[i] + 1e-12 && strict[i] <= 1.0);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || (strict[i] <= strict[j] && mild[i] <= mild[j]));
                }
            }
        }
    }
}
