//! How the compiler makes an atomic read-modify-write for arm64.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A program of one such operation, which no caller takes in.
const PROBE: &str = "\
#![no_std]
#[inline(never)]
pub fn swap(word: &core::sync::atomic::AtomicU32) -> u32 {
    word.swap(1, core::sync::atomic::Ordering::Acquire)
}
";

/// `lse`, `outline` or `ll-sc`, as [`of_assembly`] says, for `target` with these flags of the compiler: read from what it
/// makes of one operation, in files of `scratch`. That the choice is outlined is shown to a program by no `cfg`, and has its
/// default from the target.
///
/// # Errors
/// In words, when nothing could be compiled or it is none of the three.
pub(crate) fn of(
    rustc: &str,
    target: &str,
    flags: &[&str],
    scratch: &Path,
) -> Result<&'static str, String> {
    let (source, assembly) = (scratch.join("atomics.rs"), scratch.join("atomics.s"));
    fs::write(&source, PROBE).map_err(|why| why.to_string())?;
    let compiled = Command::new(rustc)
        .args(["--edition", "2024", "--crate-type", "rlib"])
        .args(["--target", target])
        .args(flags)
        .args(["-C", "opt-level=2"])
        .arg(format!("--emit=asm={}", assembly.display()))
        .arg(&source)
        .output()
        .map_err(|why| format!("{rustc} cannot be started: {why}"))?;
    if !compiled.status.success() {
        let complaint = String::from_utf8_lossy(&compiled.stderr);
        return Err(complaint.trim().replace('\n', " "));
    }
    let text = fs::read_to_string(&assembly).map_err(|why| why.to_string())?;
    of_assembly(&text).ok_or_else(|| "an exchange is of no kind that is known".to_owned())
}

/// The kind of the exchange in this text: an instruction of ARMv8.1 (LSE), a call of the helper that chooses when it runs, or
/// a pair of load and store exclusive.
pub(crate) fn of_assembly(text: &str) -> Option<&'static str> {
    let has = |start: &str| {
        let words = text.split_whitespace();
        words.into_iter().any(|word| word.starts_with(start))
    };
    [
        ("__aarch64_swp", "outline"),
        ("swpa", "lse"),
        ("ldaxr", "ll-sc"),
    ]
    .into_iter()
    .find_map(|(start, kind)| has(start).then_some(kind))
}
