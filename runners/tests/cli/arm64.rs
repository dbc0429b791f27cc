//! `scripts/arm64.sh` on machines that lack something, with programs that only say that they were called.

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use tempfile::TempDir;

/// What the script calls and every machine has.
const TOOLS: [&str; 15] = [
    "awk", "bash", "cat", "cp", "cut", "dirname", "env", "grep", "ls", "mkdir", "mktemp", "mv",
    "rm", "tail", "tr",
];

/// An x86-64 machine with nothing on its path but common tools and what is put there.
struct Machine {
    scratch: TempDir,
}

impl Machine {
    fn new() -> Self {
        let scratch = tempfile::tempdir().expect("a directory");
        fs::create_dir(scratch.path().join("bin")).expect("room");
        let machine = Self { scratch };
        let path = std::env::var_os("PATH").expect("a path");
        for tool in TOOLS {
            let found = std::env::split_paths(&path).map(|directory| directory.join(tool));
            let tool_path = found.into_iter().find(|path| path.exists());
            let tool_path = tool_path.unwrap_or_else(|| panic!("there is no {tool}"));
            symlink(tool_path, machine.path().join(tool)).expect("room");
        }
        machine.has("uname", "echo x86_64").has("id", "echo 0").has(
            "rustc",
            "case $* in -V) echo 'rustc 1.95.0 (abc 2026-04-14)';; *) echo /nowhere;; esac",
        )
    }

    fn path(&self) -> std::path::PathBuf {
        self.scratch.path().join("bin")
    }

    /// With a program that does this.
    fn has(self, name: &str, script: &str) -> Self {
        let file = self.path().join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("room");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it is ours");
        self
    }

    /// With a cross compiler, an emulator and namespaces.
    fn has_packages(self) -> Self {
        self.has("aarch64-linux-gnu-gcc", "echo /usr/lib/crt1.o")
            .has("qemu-aarch64", "")
            .has("unshare", "")
    }

    /// With Debian's apt, in whose lists `packages` are the lines of `apt-cache madison`.
    fn has_apt(self, madison: &str, install: &str) -> Self {
        let get = format!(
            "case \"$*\" in *indextargets*) echo 'Debian Debian archive/';; *' update'*) ;; *'install '*) {install};; esac"
        );
        self.has("apt-get", &get)
            .has("apt-cache", &format!("echo '{madison}'"))
    }

    fn runs(&self, words: &[&str]) -> assert_cmd::assert::Assert {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/arm64.sh");
        let mut command = Command::new(self.path().join("bash"));
        command
            .arg(script)
            .args(words)
            .env("PATH", self.path())
            .env("XDG_CACHE_HOME", self.scratch.path())
            .env_remove("RUSTC")
            .assert()
    }
}

#[test]
fn what_is_missing_is_named_with_the_command_that_gets_it() {
    for words in [&["build"][..], &["test"], &["with", "true"]] {
        let complaint = Machine::new().runs(words).code(2);
        complaint
            .stderr(contains("gcc-aarch64-linux-gnu"))
            .stderr(contains("qemu-user"))
            .stderr(contains(
                "scripts/arm64.sh setup gets it, or: apt-get install",
            ));
    }
    let no_emulator = Machine::new().has("aarch64-linux-gnu-gcc", "");
    let complaint = no_emulator.runs(&["test"]).code(2);
    complaint.stderr(contains("apt-get install").and(contains("qemu-user")));
}

#[test]
fn a_target_without_std_is_told_the_line_that_gets_it() {
    let machine = Machine::new().has_packages();
    let complaint = machine.runs(&["build"]).code(2);
    complaint.stderr(contains("rustup target add aarch64-unknown-linux-gnu"));
    let complaint = machine.runs(&["setup"]).code(2);
    complaint.stderr(contains("there is no apt-get here to get it from instead"));
}

#[test]
fn when_the_source_of_the_compiler_is_gone_a_compiler_with_std_is_taken() {
    let download = "d=$(echo \"$*\" | tr ' ' '\\n' | grep Dir::Cache= | cut -d= -f2); : >$d/archives/rustc-web_1.deb";
    let machine = Machine::new()
        .has_packages()
        .has_apt("rust-src | 1.96.1+dfsg1-1 | archive/", download)
        .has("dpkg-deb", "")
        .has("tar", "")
        .has("chmod", "exec /bin/chmod \"$@\"");
    let done = machine.runs(&["setup"]).code(0);
    done.stdout(contains("rustup target add aarch64-unknown-linux-gnu"))
        .stderr(contains("no package rust-src of version 1.95.0 any more"));
    let wrapped = machine
        .scratch
        .path()
        .join("vmalock/arm64-rustc/wrapped/rustc");
    assert!(wrapped.exists());
    // The compiler is there now: setup has nothing to do.
    machine.runs(&["setup"]).code(0).stdout("");
}

#[test]
fn when_both_are_gone_the_line_that_helps_is_told() {
    let machine = Machine::new().has_packages().has_apt(
        "",
        "echo 'E: Unable to locate package rustc-web' >&2; exit 100",
    );
    let complaint = machine.runs(&["setup"]).code(2);
    complaint
        .stderr(contains("Unable to locate package rustc-web"))
        .stderr(contains("rustup target add aarch64-unknown-linux-gnu"));
}

#[test]
fn a_machine_without_apt_is_told_what_to_get() {
    let complaint = Machine::new().runs(&["setup"]).code(2);
    complaint.stderr(contains("there is no apt-get here"));
}

#[test]
fn a_package_that_apt_has_not_is_named() {
    let machine = Machine::new().has_apt("", "echo 'E: Unable to locate package' >&2; exit 100");
    let complaint = machine.runs(&["setup"]).code(2);
    complaint.stderr(contains("apt could not install"));
}

#[test]
fn an_arm64_machine_needs_none_of_it() {
    let machine = Machine::new().has("uname", "echo aarch64");
    machine
        .runs(&["test"])
        .code(2)
        .stderr(contains("cargo test --workspace --locked"));
}

#[test]
fn words_that_mean_nothing_are_refused() {
    for words in [&[][..], &["tset"], &["setup", "--fall"], &["with"]] {
        Machine::new()
            .runs(words)
            .code(2)
            .stderr(contains("arm64.sh"));
    }
}
