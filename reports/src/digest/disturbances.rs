//! What made windows dirty.

use std::collections::BTreeMap;

/// The reasons of dirty cells, those alike but for their numbers put together.
#[derive(Debug, Default)]
pub(crate) struct Disturbances(BTreeMap<String, Disturbance>);

/// One reason.
#[derive(Clone, Debug)]
pub(crate) struct Disturbance {
    /// One of these reasons as it stands in the records.
    pub(crate) example: String,
    /// Cells that have it.
    pub(crate) cells: usize,
}

impl Disturbances {
    pub(super) fn add(&mut self, reasons: &[String]) {
        for reason in reasons {
            let kind = reason.chars().filter(|c| !c.is_ascii_digit()).collect();
            let of_kind = self.0.entry(kind).or_insert_with(|| Disturbance {
                example: reason.clone(),
                cells: 0,
            });
            of_kind.cells += 1;
        }
    }

    /// The most frequent.
    pub(crate) fn main(&self) -> Option<&Disturbance> {
        self.0.values().max_by_key(|reason| reason.cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_alike_whatever_their_numbers() {
        let mut found = Disturbances::default();
        assert!(found.main().is_none());
        found.add(&["others used 40.1 % of CPU 1".into()]);
        found.add(&[
            "stopped for 7 ms".into(),
            "others used 39.3 % of CPU 1".into(),
        ]);
        let main = found.main().expect("two kinds");
        assert_eq!(
            (main.example.as_str(), main.cells),
            ("others used 40.1 % of CPU 1", 2)
        );
    }
}
