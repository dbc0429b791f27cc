//! Which pause of spin loops a build asked for (`src/hints.rs`).

/// The pause that was asked for on a target of this architecture, if it is another than that of the standard library.
///
/// # Errors
/// That the architecture has no such pause, and which it has.
pub(crate) fn of<'a>(asked: &'a str, arch: &str) -> Result<Option<&'a str>, String> {
    // The standard library's own, then the others.
    let (own, others): (&str, &[&str]) = match arch {
        "aarch64" => ("isb", &["yield", "wfe"]),
        "x86_64" => ("pause", &[]),
        _ => ("", &[]),
    };
    if asked.is_empty() || asked == own {
        return Ok(None);
    }
    if others.contains(&asked) {
        return Ok(Some(asked));
    }
    let known: Vec<&str> = [own]
        .iter()
        .chain(others)
        .copied()
        .filter(|word| !word.is_empty())
        .collect();
    Err(format!(
        "VMALOCK_PAUSE is `{asked}`, which is no pause of {arch}; leave it unset{}",
        if known.is_empty() {
            String::new()
        } else {
            format!(", or give one of: {}", known.join(", "))
        }
    ))
}
