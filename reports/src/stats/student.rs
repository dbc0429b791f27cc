//! Student's t distribution: tails and quantiles.

/// Lanczos coefficients for g = 7 and 9 terms (Godfrey's table).
const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];

/// The logarithm of the gamma function, for `x` of 0.5 or more.
fn ln_gamma(x: f64) -> f64 {
    let x = x - 1.0;
    let sum = LANCZOS[1..]
        .iter()
        .zip(1_u32..)
        .fold(LANCZOS[0], |sum, (c, i)| sum + c / (x + f64::from(i)));
    let t = x + 7.5;
    0.5 * std::f64::consts::TAU.ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// The regularised incomplete beta function by its continued fraction (modified Lentz).
pub(super) fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges quickly only on this side; the other is its mirror image.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let front =
        (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    let away_from_zero = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in (1..=300_u32).map(f64::from) {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * fraction / a
}

/// The probability that a t variable with `freedom` degrees of freedom is above `t`. Degrees of freedom need not be whole:
/// Welch's are not.
///
/// # Panics
/// When `freedom` is not above 0.
#[must_use]
pub fn t_upper_tail(t: f64, freedom: f64) -> f64 {
    assert!(freedom > 0.0, "a t distribution needs a degree of freedom");
    let beyond = 0.5 * incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t));
    if t < 0.0 { 1.0 - beyond } else { beyond }
}

/// The value that a t variable with `freedom` degrees of freedom stays below with `probability`.
///
/// # Panics
/// When `freedom` is not above 0 or `probability` is not from 0.5 to below 1.
#[must_use]
pub fn t_quantile(probability: f64, freedom: f64) -> f64 {
    assert!((0.5..1.0).contains(&probability), "the upper half only");
    let tail = 1.0 - probability;
    let mut high = 1.0;
    while t_upper_tail(high, freedom) > tail {
        high *= 2.0;
    }
    last_where((0.0, high), |t| t_upper_tail(t, freedom) > tail)
}

/// Where `holds` changes from true to false between two numbers, by halving until no number lies between.
pub(super) fn last_where((mut low, mut high): (f64, f64), holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, critical values of Student's t.
    const PUBLISHED: [(f64, f64, f64); 15] = [
        (0.90, 1.0, 3.078),
        (0.95, 1.0, 6.314),
        (0.975, 1.0, 12.706),
        (0.995, 1.0, 63.657),
        (0.975, 2.0, 4.303),
        (0.975, 3.0, 3.182),
        (0.975, 4.0, 2.776),
        (0.95, 5.0, 2.015),
        (0.975, 5.0, 2.571),
        (0.975, 9.0, 2.262),
        (0.995, 9.0, 3.250),
        (0.975, 19.0, 2.093),
        (0.975, 29.0, 2.045),
        (0.999, 30.0, 3.385),
        (0.975, 100.0, 1.984),
    ];

    #[test]
    fn quantiles_are_those_of_the_published_table() {
        for (probability, freedom, expected) in PUBLISHED {
            let got = t_quantile(probability, freedom);
            assert!(
                (got - expected).abs() < 6e-4,
                "t({probability}, {freedom}) = {got}, table {expected}"
            );
        }
    }

    #[test]
    fn tails_are_those_of_the_published_table() {
        for (probability, freedom, t) in PUBLISHED {
            let tail = t_upper_tail(t, freedom);
            // Three decimals of t leave this much of the tail open.
            assert!(
                (tail - (1.0 - probability)).abs() < 1e-4,
                "P(T > {t}) = {tail}, table {}",
                1.0 - probability
            );
            assert!((t_upper_tail(-t, freedom) + tail - 1.0).abs() < 1e-12);
        }
        assert!((t_upper_tail(0.0, 3.0) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn many_degrees_of_freedom_are_the_normal_distribution() {
        assert!((t_quantile(0.975, 1e6) - 1.959_966).abs() < 1e-5);
        assert!(t_quantile(0.5, 7.0).abs() < 1e-9);
    }

    #[test]
    fn two_degrees_of_freedom_have_a_closed_form() {
        // F^-1(p) = (2p - 1) / sqrt(2 p (1 - p)).
        for p in [0.6_f64, 0.9, 0.975, 0.999] {
            let exact = (2.0 * p - 1.0) / (2.0 * p * (1.0 - p)).sqrt();
            assert!((t_quantile(p, 2.0) / exact - 1.0).abs() < 1e-9, "p = {p}");
        }
    }
}
