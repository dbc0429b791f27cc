//! `lock-variants/LOCKS.md` says what the catalogue says.
//!
//! `UPDATE_LOCKS=1 cargo test -p runners --test cli locks_page` writes it anew.

use bench_core::record::LockInfo;
use lock_variants::notes::{self, Notes};
use runners::contender::{Contender, catalogue};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// What stands above the table.
const HEAD: &str = "\
# The locks

Made from the catalogue and from `src/notes.rs`; to make it again:
`UPDATE_LOCKS=1 cargo test -p runners --test cli locks_page`. The same in a terminal: `vmalock list locks`, with a name
or `--long` for all of it. Protocol, invariants and memory ordering of a lock stand at the top of its file.

- *bytes*: of the half that each VMA has and of the half that each mm has, on a 64-bit machine.
- *rmws*: atomic read-modify-writes of a read that meets nobody: `start_read` and `end_read` of an attached VMA that no one else
  reads or writes, with everything that the two call. Without a lock per VMA: those of the mmap lock. A
  compare-and-exchange loop counts once.
- *fences*: full barriers of that read that stand alone.

Both are counted by `scripts/read_pairs.py`, which lets the processor execute the release build of one such read instruction by
instruction and looks at each: on x86-64 a locked instruction or an exchange with memory is an rmw, and `mfence`, or a locked
`or` of 0 to the stack in its place, a fence. No path is guessed, so that a cold function that every lone reader calls is
counted (`atomic-signed`). Under qemu-user the same is done for arm64, where an rmw is one instruction of LSE, or the store of a
load/store-exclusive pair, and a fence a `dmb ish`; what such a read is made of stands in a [table of its own](#on-arm64).
";

/// What stands above the table of arm64.
const ARM64_HEAD: &str = "
## On arm64

What the read that the counts above are of is made of, by the way in which atomic operations are compiled: the instructions that
change memory in one step or order it, as executed, in their order. A `+` joins a pair of load and store exclusive; a call of a helper
(`bl`) takes an instruction of LSE where the processor has them, else such a pair. `scripts/asm_arm64.sh` finds them in the
machine code and fails when they differ from `arm64-reads.json`, of which this table is made.
";

/// The page.
fn page() -> String {
    let locks: Vec<_> = catalogue()
        .iter()
        .map(Contender::info)
        .map(|info| {
            let notes = notes::of(&info.name);
            (info, notes.expect("a test of lock-variants sees to it"))
        })
        .collect();
    let mut page = HEAD.to_owned();
    page.push_str(
        "\n| lock | what | bytes per VMA + mm | rmws | fences |\n|---|---|---|---|---|\n",
    );
    for (info, notes) in &locks {
        let LockInfo {
            name,
            summary,
            vma_bytes,
            mm_bytes,
            ..
        } = info;
        let Notes { rmws, fences, .. } = notes;
        writeln!(
            page,
            "| [{name}](#{}) | {summary} | {vma_bytes} + {mm_bytes} | {rmws} | {fences} |",
            anchor(name)
        )
        .expect("a string takes all");
    }
    page.push_str(&arm64_table());
    for (info, notes) in &locks {
        let (name, source) = (&info.name, &info.source);
        let Notes {
            state,
            starves,
            differs,
            ..
        } = notes;
        write!(
            page,
            "\n## {name}\n\n- From: {source}.\n- State: {state}.\n- Who may starve: {starves}.\n- What differs: {differs}.\n",
        )
        .expect("a string takes all");
    }
    page
}

/// `lock-variants/arm64-reads.json`.
#[derive(Deserialize)]
struct Arm64 {
    rustc: String,
    /// By lock and by build.
    reads: BTreeMap<String, BTreeMap<String, String>>,
}

impl Arm64 {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lock-variants/arm64-reads.json");
        let text = std::fs::read_to_string(path).expect("the file is there");
        serde_json::from_str(&text).expect("scripts/asm_arm64.sh wrote it")
    }
}

/// What a read is made of on arm64, in the order of the catalogue.
fn arm64_table() -> String {
    let arm64 = Arm64::read();
    let mut table = format!("{ARM64_HEAD}\nBy {}.\n\n", arm64.rustc);
    table.push_str("| lock | `lse` | `outline` | `ll-sc` |\n|---|---|---|---|\n");
    for lock in catalogue() {
        let of = arm64.reads.get(lock.name());
        let cell = |build: &str| match of.and_then(|of| of.get(build)) {
            None => "not read yet".to_owned(),
            Some(nothing) if nothing == "none" => "none".to_owned(),
            Some(pieces) => format!("`{pieces}`"),
        };
        let cells = ["lse", "outline", "ll-sc"].map(cell).join(" | ");
        writeln!(table, "| {} | {cells} |", lock.name()).expect("a string takes all");
    }
    table
}

/// The anchor that a heading gets.
fn anchor(name: &str) -> String {
    name.replace('.', "")
}

#[test]
fn the_page_of_the_locks_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lock-variants/LOCKS.md");
    let page = page();
    if std::env::var_os("UPDATE_LOCKS").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).expect("the page is there");
    assert!(
        written == page,
        "lock-variants/LOCKS.md is not what the catalogue says: UPDATE_LOCKS=1 cargo test -p runners --test cli locks_page"
    );
}

#[test]
fn every_lock_has_a_row_and_a_section() {
    let page = page();
    for lock in catalogue() {
        let name = lock.name();
        assert!(page.contains(&format!("\n| [{name}](#")), "{name}");
        assert!(page.contains(&format!("\n## {name}\n")), "{name}");
    }
}

#[test]
fn what_arm64_executes_is_known_of_no_other_locks() {
    let names: Vec<String> = catalogue().iter().map(|c| c.name().to_owned()).collect();
    for name in Arm64::read().reads.keys() {
        assert!(
            names.contains(name),
            "{name} is not in the catalogue: scripts/asm_arm64.sh --accept"
        );
    }
}
