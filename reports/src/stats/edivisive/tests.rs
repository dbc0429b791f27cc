use super::*;

/// The example of section 5.1 of James and Matteson, "ecp: An R Package for Nonparametric Multiple Change Point Analysis of
/// Multivariate Data", Journal of Statistical Software 62(7), 2014: R's generator with seed 250, a hundred values each of a
/// normal distribution with mean and standard deviation (0, 1), (0, 3), (2, 1), (2, 4); rounded to three digits.
fn four_normals() -> Vec<f64> {
    include_str!("four_normals.txt")
        .split_whitespace()
        .map(|word| word.parse().expect("a number"))
        .collect()
}

fn places(found: &Found) -> Vec<usize> {
    found.changes.iter().map(|split| split.at).collect()
}

/// The package finds 201, 308 and 108 in this order (it counts from 1), with p values of at most 0.01, and then considers
/// 358, with 0.916.
#[test]
fn the_example_of_the_package_ecp() {
    let search = EDivisive {
        least_segment: 30,
        significance: 0.05,
        permutations: 99,
        seed: 1,
    };
    let found = search.search(&four_normals());
    assert_eq!(places(&found), [200, 307, 107]);
    assert!(found.changes.iter().all(|split| split.p_value <= 0.02));
    let last = found.last.expect("it considers another");
    assert_eq!(last.at, 357);
    assert!(last.p_value > 0.5, "{last:?}");
}

const SEARCH: EDivisive = EDivisive {
    least_segment: 3,
    significance: 0.01,
    permutations: 999,
    seed: 7,
};

/// The logarithms of ratios that scatter by 1 %, made by adding up uniform numbers.
fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let normal = |_| (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    (0..count).map(normal).map(|v: f64| 0.01 * v).collect()
}

#[test]
fn a_shift_is_found_where_it_is() {
    let mut near = 0;
    for seed in 0..40 {
        let mut values = noise(24, seed);
        values[14..].iter_mut().for_each(|v| *v -= 0.03);
        let found = SEARCH.search(&values);
        near += usize::from(
            found
                .changes
                .first()
                .is_some_and(|s| s.at.abs_diff(14) <= 1),
        );
    }
    assert!(near >= 36, "{near} of 40");
}

#[test]
fn two_shifts_are_two_change_points() {
    let mut values = noise(40, 3);
    values[12..].iter_mut().for_each(|v| *v += 0.10);
    values[30..].iter_mut().for_each(|v| *v -= 0.10);
    let mut places = places(&SEARCH.search(&values));
    places.sort_unstable();
    assert_eq!(places, [12, 30]);
}

/// A search that takes every split it looks at finds something in each of them.
#[test]
fn a_series_that_stays_has_no_change_point() {
    let changes = |search: EDivisive| {
        (0..200)
            .filter(|seed| !search.search(&noise(20, 1_000 + seed)).changes.is_empty())
            .count()
    };
    let few = changes(SEARCH);
    assert!(few <= 6, "{few} of 200, and 2 are expected");
    let credulous = EDivisive {
        significance: 0.2,
        permutations: 99,
        ..SEARCH
    };
    let many = changes(credulous);
    assert!(
        (20..=60).contains(&many),
        "{many} of 200, and 40 are expected"
    );
}

#[test]
fn the_same_seed_gives_the_same_answer_and_few_values_none() {
    let values = noise(20, 5);
    assert_eq!(SEARCH.search(&values), SEARCH.search(&values));
    assert_eq!(SEARCH.search(&noise(5, 1)), Found::default());
    let same = SEARCH.search(&[1.0; 20]);
    assert!(same.changes.is_empty() && same.last.is_some());
}
