//! `list`, `host`, `verify` of the catalogue, and plans that are only printed.

use crate::tool::{example, one_line_of_complaint, vmalock};
use lock_variants::catalogue::MAIN;
use lock_variants::notes;
use predicates::prelude::*;
use runners::contender::catalogue;
use serde_json::Value;

fn names() -> Vec<&'static str> {
    catalogue()
        .iter()
        .map(|contender| contender.name())
        .collect()
}

fn json(words: &[&str]) -> Value {
    let done = vmalock().args(words).assert().code(0);
    serde_json::from_slice(&done.get_output().stdout).expect("--json prints JSON")
}

fn named(list: &Value) -> Vec<&str> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|entry| entry["name"].as_str().expect("a name"))
        .collect()
}

#[test]
fn lists_are_for_people_and_for_programs() {
    let all = json(&["list", "--json"]);
    assert_eq!(named(&all["locks"]), names());
    let workloads = bench_core::workload::presets();
    assert_eq!(
        named(&all["workloads"]),
        workloads
            .iter()
            .map(|w| w.name.as_str())
            .collect::<Vec<_>>()
    );
    assert!(named(&all["counters"]).contains(&"cycles"));

    let some = json(&["list", "workloads", "--json"]);
    assert_eq!(
        some.as_object()
            .expect("an object")
            .keys()
            .collect::<Vec<_>>(),
        ["tool", "workloads"]
    );

    let mut text = vmalock().args(["list", "locks"]).assert().code(0);
    for name in names() {
        text = text.stdout(predicate::str::contains(format!("\n  {name} ")));
    }
    text.stdout(predicate::str::contains("workloads:").not());
}

#[test]
fn a_list_of_locks_is_short_and_all_of_one_is_told_when_asked_for() {
    let text = |words: &[&str]| {
        let done = vmalock().args(words).assert().code(0);
        String::from_utf8(done.get_output().stdout.clone()).expect("words are UTF-8")
    };
    let short = text(&["list", "locks"]);
    assert!(
        short.lines().all(|line| line.chars().count() <= 110),
        "{short}"
    );
    assert!(!short.contains("differs"), "{short}");

    let refcount = notes::of("refcount").expect("it is in the catalogue");
    let one = text(&["list", "locks", "refcount"]);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        refcount.state,
        refcount.starves,
        refcount.differs,
        "f35ab95ca0af",
    ] {
        assert!(words(&one).contains(told), "{told}\n{one}");
    }
    assert!(
        one.starts_with("refcount\n") && !one.contains("\nrwsem"),
        "{one}"
    );
    let long = text(&["list", "locks", "--long"]);
    for name in names() {
        assert!(
            format!("\n{long}").contains(&format!("\n{name}\n")),
            "{name}"
        );
    }

    let some = json(&["list", "locks", "rwsem", "refcount", "--json"]);
    assert_eq!(named(&some["locks"]), ["rwsem", "refcount"]);
    assert_eq!(some["locks"][1]["state"], refcount.state);
    assert_eq!(some["locks"][1]["read_rmws"], refcount.rmws);
}

#[test]
fn names_belong_to_the_list_of_locks() {
    let told = one_line_of_complaint(vmalock().args(["list", "locks", "refcont"]));
    assert!(told.contains("did you mean `refcount`?"), "{told}");
    for words in [&["list", "workloads", "refcount"][..], &["list", "--long"]] {
        let told = one_line_of_complaint(vmalock().args(words));
        assert!(told.contains("list locks"), "{told}");
    }
}

#[test]
fn a_lock_of_ones_own_is_listed_without_notes() {
    let done = example("my_lock")
        .args(["list", "locks", "my-lock"])
        .assert();
    done.code(0).stdout(
        predicate::str::contains("one word").and(predicate::str::contains("starves").not()),
    );
    let done = example("my_lock").args(["list", "locks"]).assert().code(0);
    let line = predicate::str::is_match(r"(?m)^  my-lock +12 \+ 4    -      -  one word$");
    done.stdout(line.expect("a pattern"));
}

#[test]
fn the_host_is_for_people_and_for_programs() {
    let host = json(&["host", "--json"]);
    let allowed = host["host"]["allowed_cpus"].as_array().expect("a list");
    assert_eq!(allowed.len(), runners::pin::allowed_cpus().len());
    assert!(host["clock"]["kind"].is_string() && host["warnings"].is_array());
    vmalock()
        .arg("host")
        .assert()
        .code(0)
        .stdout(predicate::str::contains("clock: "));
}

#[test]
fn the_catalogue_keeps_the_contract_and_the_control_is_caught() {
    let mut done = vmalock().arg("verify").assert().code(0);
    for name in names() {
        let verdict = if name == "null" {
            "excludes nobody, as it says"
        } else {
            "keeps all"
        };
        let line = format!(r"(?m)^{name} +{verdict}");
        done = done.stdout(predicate::str::is_match(line).expect("a pattern"));
    }
    vmalock()
        .args(["verify", "--lock", "rwsem,null"])
        .assert()
        .code(0)
        .stdout(predicate::str::contains("refcount").not());
}

/// The lines of a plan, run in a directory that stays empty.
fn plan(words: &str) -> String {
    let nowhere = tempfile::tempdir().expect("a directory");
    let mut command = vmalock();
    command
        .current_dir(nowhere.path())
        .args(["run", "--dry-run"])
        .args(words.split_whitespace());
    let done = command.assert().code(0);
    let left = std::fs::read_dir(nowhere.path())
        .expect("it is there")
        .count();
    assert_eq!(left, 0, "a plan that is only printed leaves nothing behind");
    String::from_utf8(done.get_output().stdout.clone()).expect("words are UTF-8")
}

#[test]
fn a_plan_is_printed_and_nothing_is_measured() {
    let first = plan("--preset quick --seed 5");
    assert_eq!(first, plan("--preset quick --seed 5"));
    assert!(
        first.contains("seed 5") && first.contains("takes: "),
        "{first}"
    );

    // The main locks, and with `full` all; any can be named.
    let locks = |told: &str| told.lines().next().expect("a line").to_owned();
    let main = format!("locks:      {}", MAIN.join(", "));
    assert_eq!(locks(&first), main);
    assert_eq!(locks(&plan("--seed 5")), main);
    let all = format!("locks:      {}", names().join(", "));
    assert_eq!(locks(&plan("--preset full")), all);
    let named = "refcount-spin";
    assert!(!main.contains(named) && all.contains(named));
    let told = plan(&format!("--preset quick --lock {named}"));
    assert_eq!(locks(&told), format!("locks:      {named}"));

    let told = plan(
        "--lock refcount,null,refcount --threads 2,1,2 --mode latency,throughput --workload mmap-churn",
    );
    assert!(
        told.contains("null, refcount\n"),
        "in the order of the catalogue, each once: {told}"
    );
    assert!(
        told.contains("1, 2\n") && told.contains("throughput, latency\n"),
        "{told}"
    );
    assert!(told.contains("workloads:  mmap-churn\n"), "{told}");
}

#[test]
fn output_that_nobody_reads_is_no_complaint() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = std::process::Command::new(crate::tool::VMALOCK);
    let done = command
        .arg("list")
        .stdout(writer)
        .output()
        .expect("the program starts");
    assert_eq!(String::from_utf8_lossy(&done.stderr), "");
}
