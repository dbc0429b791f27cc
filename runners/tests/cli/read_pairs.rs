//! The notes say how many atomic operations and fences a read of each lock takes: counted on what the processor executes.
//!
//! Here on the build of the tests, in which they are as many as in a release build; `scripts/asm.sh` counts that one.

use crate::tool::example_path;
use std::io::{Write, stderr};
use std::path::Path;
use std::process::Command;

#[test]
fn the_notes_say_what_is_executed() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/read_pairs.py");
    let mut command = Command::new("python3");
    command.arg(script);
    if std::env::consts::ARCH == "aarch64" {
        command.arg("--qemu");
    }
    let counted = command.arg(example_path("read_pairs")).output();
    let Ok(counted) = counted else {
        let _ = writeln!(stderr(), "nothing is counted: python3 is not installed");
        return;
    };
    let told = String::from_utf8_lossy(&counted.stdout);
    let complaint = String::from_utf8_lossy(&counted.stderr);
    assert!(counted.status.success(), "{told}{complaint}");
    // The script says why, where it cannot trace; else it has met the fault that is planted in the program.
    assert!(
        told.contains("nothing is counted: ") || told.contains("planted-one-more"),
        "{told}{complaint}"
    );
}

#[test]
fn what_is_planted_in_a_read_of_arm64_is_found() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/arm64_reads.py");
    let tested = Command::new("python3")
        .arg(script)
        .arg("--self-test")
        .output();
    let Ok(tested) = tested else {
        let _ = writeln!(stderr(), "nothing is tested: python3 is not installed");
        return;
    };
    let complaint = String::from_utf8_lossy(&tested.stderr);
    assert!(tested.status.success(), "{complaint}");
    let told = String::from_utf8_lossy(&tested.stdout);
    assert!(told.contains(" reads: 0 wrong"), "{told}{complaint}");
}
