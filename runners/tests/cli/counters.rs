//! Events that a run asks for beside the usual counters.

use crate::tool::{RunFile, tiny_run, vmalock};
use bench_core::record::CounterValue;

const SMALL: &str = "--rounds 1 --lock rwsem --threads 1 --workload fault-one-vma";

#[test]
fn each_event_that_was_asked_for_has_a_value_or_a_reason() {
    let out = tempfile::tempdir().expect("a directory");
    let words = format!("{SMALL} --mode counters --counter r11,cycles,r1b,r11");
    tiny_run(vmalock(), out.path(), &words).assert().code(0);
    let run = RunFile::read(out.path());
    assert_eq!(
        run.header.counters,
        ["r11", "r1b"],
        "each once, and cycles are counted anyhow"
    );
    let [cell] = run.cells.as_slice() else {
        panic!("one cell, not {}", run.cells.len());
    };
    for name in ["r11", "r1b", "cycles"] {
        match &cell.counters[name] {
            CounterValue::Value(_) => {}
            CounterValue::Unavailable(reason) => {
                assert!(reason.len() > 20, "{name}: {reason}");
                // Said once, before anything is measured; of the usual ones it is said by the host.
                let said = |warning: &String| {
                    warning.contains(&format!("the event {name} is not counted"))
                };
                assert_eq!(run.header.warnings.iter().any(said), name != "cycles");
            }
        }
    }
}

#[test]
fn events_that_no_window_counts_are_refused() {
    let out = tempfile::tempdir().expect("a directory");
    for (words, complaint) in [
        (
            "--mode throughput --counter r11",
            "give --mode counters as well",
        ),
        ("--mode counters --counter cpu/event=1/", "such as r1b"),
        ("--mode counters --counter ,", "such as r1b"),
    ] {
        let words = format!("{SMALL} {words}");
        let done = tiny_run(vmalock(), &out.path().join("run"), &words)
            .assert()
            .code(2);
        let stderr = String::from_utf8_lossy(&done.get_output().stderr).into_owned();
        assert!(stderr.contains(complaint), "{words}: {stderr}");
    }
}

#[test]
fn the_list_says_what_can_be_asked_for_or_why_nothing_can() {
    let done = vmalock().args(["list", "counters"]).assert().code(0);
    let text = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    let (_, asked) = text
        .split_once("counters on request (`run --counter NAME`")
        .expect("a second list");
    let none = asked.contains("none: the machine shows no PMU of its cores");
    assert!(none || asked.contains("an event of the PMU"), "{text}");
}
