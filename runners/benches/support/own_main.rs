//! For the benches with a `main` of their own: their arguments, medians and quartiles.

/// Whether the program is only to show that it runs (`cargo bench -- --test`, `cargo test --benches`). Cargo passes
/// `--bench` when it is to measure.
#[must_use]
pub(crate) fn is_test() -> bool {
    let given = |flag: &str| std::env::args().any(|argument| argument == flag);
    given("--test") || !given("--bench")
}

/// The median and the quartiles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quartiles {
    /// A quarter is below.
    pub(crate) lower: f64,
    /// Half are below.
    pub(crate) median: f64,
    /// A quarter is above.
    pub(crate) upper: f64,
}

impl Quartiles {
    /// Those of some numbers.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub(crate) fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |quarters: usize| sorted[(sorted.len() - 1) * quarters / 4];
        Self {
            lower: at(1),
            median: at(2),
            upper: at(3),
        }
    }
}
