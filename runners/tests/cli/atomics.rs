//! The header says how atomic operations were compiled.

#[path = "../../build/atomics.rs"]
mod probe;

use crate::tool::vmalock;
use std::io::{Write, stderr};
use std::process::Command;

const ARM64: &str = "aarch64-unknown-linux-gnu";

/// Whether the standard library of a target is installed.
fn has_std(target: &str) -> bool {
    let printed = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .output();
    printed.is_ok_and(|printed| {
        let directory = String::from_utf8_lossy(&printed.stdout).trim().to_owned();
        std::path::Path::new(&directory).is_dir()
    })
}

#[test]
fn the_three_ways_of_arm64_are_told_apart() {
    if !has_std(ARM64) {
        let _ = writeln!(stderr(), "not asked: rustup target add {ARM64}");
        return;
    }
    let scratch = tempfile::tempdir().expect("a directory");
    let of = |flags: &[&str]| probe::of("rustc", ARM64, flags, scratch.path());
    assert_eq!(of(&[]), Ok("outline"));
    assert_eq!(of(&["-C", "target-feature=+lse"]), Ok("lse"));
    assert_eq!(of(&["-Ctarget-cpu=neoverse-n1"]), Ok("lse"));
    assert_eq!(of(&["-C", "target-feature=-outline-atomics"]), Ok("ll-sc"));
    // The last word counts.
    let both = ["-C", "target-feature=-outline-atomics,+lse"];
    assert_eq!(of(&both), Ok("lse"));
    let complaint = of(&["-C", "no-such-flag"]).expect_err("there is no such flag");
    assert!(complaint.contains("no-such-flag"), "{complaint}");
}

#[test]
fn another_text_is_of_no_kind() {
    assert_eq!(probe::of_assembly("lock xchg %eax, (%rdi)"), None);
    assert_eq!(probe::of_assembly("\tswpa\tw8, w0, [x0]"), Some("lse"));
}

#[test]
fn a_build_says_its_own() {
    let listed = vmalock().args(["list", "locks", "--json"]).output();
    let listed = listed.expect("it can be started").stdout;
    let listed: serde_json::Value = serde_json::from_slice(&listed).expect("it is JSON");
    let word = &listed["tool"]["atomics"];
    if std::env::consts::ARCH == "aarch64" {
        assert!(
            ["lse", "outline", "ll-sc"].iter().any(|w| word == w),
            "{word}"
        );
    } else {
        assert!(word.is_null(), "{word}");
    }
}
