//! How evenly threads got what they competed for.

/// Jain's index, (sum x)^2 / (n sum x^2): 1 when all have the same, 1/n when one has all (Jain, Chiu and Hawe, DEC
/// TR-301, 1984). `None` of no threads, or when none has anything.
#[must_use]
pub fn jain_index(shares: &[f64]) -> Option<f64> {
    let sum: f64 = shares.iter().sum();
    let squares: f64 = shares.iter().map(|x| x * x).sum();
    let count = f64::from(u32::try_from(shares.len()).ok()?);
    (squares > 0.0).then(|| sum * sum / (count * squares))
}

/// The smallest over the largest: 1 when all have the same, 0 when one got nothing. `None` when none has anything.
#[must_use]
pub fn min_max_ratio(shares: &[f64]) -> Option<f64> {
    let largest = shares.iter().copied().fold(0.0, f64::max);
    let smallest = shares.iter().copied().fold(f64::INFINITY, f64::min);
    (largest > 0.0).then(|| smallest / largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_jains_index() {
        assert_eq!(jain_index(&[2.0, 2.0, 2.0, 2.0]), Some(1.0));
        assert_eq!(jain_index(&[8.0, 0.0, 0.0, 0.0]), Some(0.25));
        assert_eq!(jain_index(&[3.0, 1.0]), Some(0.8));
        assert_eq!(jain_index(&[]), None);
        assert_eq!(jain_index(&[0.0, 0.0]), None);
    }

    #[test]
    fn the_ends_of_the_smallest_over_the_largest() {
        assert_eq!(min_max_ratio(&[5.0, 5.0]), Some(1.0));
        assert_eq!(min_max_ratio(&[5.0, 0.0]), Some(0.0));
        assert_eq!(min_max_ratio(&[0.0]), None);
        assert_eq!(min_max_ratio(&[]), None);
    }
}
