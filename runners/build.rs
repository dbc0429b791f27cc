//! Says to the program what it was built from: the git revision, the compiler and the target.

use std::process::Command;

fn main() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    println!(
        "cargo::rustc-env=VMALOCK_RUSTC={}",
        output(&rustc, &["-V"]).unwrap_or_default()
    );
    println!("cargo::rustc-env=VMALOCK_TARGET={}", variable("TARGET"));
    println!(
        "cargo::rustc-env=VMALOCK_TARGET_FEATURES={}",
        variable("CARGO_CFG_TARGET_FEATURE")
    );
    println!(
        "cargo::rustc-env=VMALOCK_GIT_REVISION={}",
        revision().unwrap_or_default()
    );
    println!("cargo::rerun-if-changed=build.rs");
    if let Some(git) = output("git", &["rev-parse", "--absolute-git-dir"]) {
        for file in ["HEAD", "index"] {
            println!("cargo::rerun-if-changed={git}/{file}");
        }
    }
}

/// The revision, with `-dirty` when tracked files differ from it; `None` outside a checkout.
fn revision() -> Option<String> {
    let revision = output("git", &["rev-parse", "--short=12", "HEAD"])?;
    let changes = output("git", &["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changes.is_empty() {
        revision
    } else {
        format!("{revision}-dirty")
    })
}

/// What a command prints, when it works.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
