//! Says to the program what it was built from: the git revision, the compiler and the target; and which pause was asked for.

#[path = "build/atomics.rs"]
mod atomics;
#[path = "build/pause.rs"]
mod pause;

use std::path::Path;
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
    println!("cargo::rustc-env=VMALOCK_ATOMICS={}", atomics(&rustc));
    println!(
        "cargo::rustc-env=VMALOCK_GIT_REVISION={}",
        output("git", &["rev-parse", "--short=12", "HEAD"]).unwrap_or_default()
    );
    println!("cargo::rustc-env=VMALOCK_GIT_TREE={}", tree());
    println!("cargo::rustc-check-cfg=cfg(vmalock_pause, values(\"yield\", \"wfe\"))");
    println!("cargo::rerun-if-env-changed=VMALOCK_PAUSE");
    match pause::of(
        &variable("VMALOCK_PAUSE"),
        &variable("CARGO_CFG_TARGET_ARCH"),
    ) {
        Ok(None) => {}
        Ok(Some(word)) => {
            println!("cargo::rustc-cfg=vmalock_pause=\"{word}\"");
            println!("cargo::rustc-env=VMALOCK_PAUSE_CHOSEN={word}");
        }
        Err(why) => println!("cargo::error={why}"),
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    if let Some(git) = output("git", &["rev-parse", "--absolute-git-dir"]) {
        for file in ["HEAD", "index"] {
            println!("cargo::rerun-if-changed={git}/{file}");
        }
    }
}

/// How an atomic read-modify-write compiles, where there are several ways; empty elsewhere, and where the compiler does not
/// show it.
fn atomics(rustc: &str) -> &'static str {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    if variable("CARGO_CFG_TARGET_ARCH") != "aarch64" {
        return "";
    }
    let flags = variable("CARGO_ENCODED_RUSTFLAGS");
    let flags: Vec<&str> = flags.split('\u{1f}').filter(|f| !f.is_empty()).collect();
    let scratch = variable("OUT_DIR");
    atomics::of(rustc, &variable("TARGET"), &flags, Path::new(&scratch)).unwrap_or_else(|why| {
        println!("cargo::warning=how atomics compile is not known: {why}");
        ""
    })
}

/// `dirty` when tracked files differ from the revision, else `clean`: words of one length, so that what follows them in the
/// program lies in the same place.
fn tree() -> &'static str {
    // Without writing the index anew, which would be a change that cargo builds for once more.
    let words = [
        "--no-optional-locks",
        "status",
        "--porcelain",
        "--untracked-files=no",
    ];
    match output("git", &words) {
        Some(changes) if !changes.is_empty() => "dirty",
        _ => "clean",
    }
}

/// What a command prints, when it works.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
