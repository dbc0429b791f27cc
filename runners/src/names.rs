//! Names that a user got wrong: the nearest one and the list.

use anyhow::bail;

/// How like two names must be for one to be offered for the other; 1 is the same.
const ALIKE: f64 = 0.7;

/// Checks that `name` is known.
///
/// # Errors
/// One line with the nearest name, if one is near, and the list.
pub(crate) fn check(kind: &str, name: &str, known: &[&str]) -> anyhow::Result<()> {
    if known.contains(&name) {
        return Ok(());
    }
    bail!(
        "no {kind} is called `{name}`{}; there are: {}",
        offer(name, known),
        known.join(", ")
    )
}

/// `: did you mean ...?` with the nearest name, or nothing.
#[must_use]
pub(crate) fn offer(name: &str, known: &[&str]) -> String {
    let alike = |other: &str| strsim::jaro_winkler(name, other);
    known
        .iter()
        .copied()
        .map(|other| (alike(other), other))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(String::new(), |(_, nearest)| {
            format!(": did you mean `{nearest}`?")
        })
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_near_name_is_offered_and_all_are_listed() {
        let known = ["refcount", "rwsem"];
        assert!(check("lock", "rwsem", &known).is_ok());
        let error = check("lock", "refcont", &known)
            .expect_err("unknown")
            .to_string();
        assert!(
            error.contains("did you mean `refcount`?") && error.ends_with("refcount, rwsem"),
            "{error}"
        );
        let error = check("lock", "zzz", &known)
            .expect_err("unknown")
            .to_string();
        assert!(!error.contains("did you mean"), "{error}");
    }
}
