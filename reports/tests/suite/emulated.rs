//! Runs that were emulated: what is shown of them has no number, and nothing is compared with them.

use crate::run;
use crate::sketch::Sketch;
use bench_core::record::Record;
use reports::baseline::{Baseline, Refusal};
use reports::compare::{CompareError, locks, runs};
use reports::trend::{Choice, TrendError, trend};
use reports::{Run, html, refuse_emulated, summary};

const EMULATOR: &str = "qemu-user (an aarch64 program on an x86_64 kernel)";

/// A small run, begun in this hour, whose program was emulated by this.
fn made_by(emulator: Option<&str>, hour: u32) -> Run {
    let mut records = Sketch::small().records();
    let Record::Header(header) = &mut records[0] else {
        panic!("a run begins with its header");
    };
    header.host.emulator = emulator.map(str::to_owned);
    header.host.arch = "aarch64".to_owned();
    header.started_at = format!("2026-11-25T{hour:02}:00:00Z");
    if let Some(Record::Cell(cell)) = records
        .iter_mut()
        .find(|r| matches!(r, Record::Cell(c) if c.lock == "one-big-lock"))
    {
        cell.verified = Some(false);
        cell.violations.torn_reads = 1;
    }
    run(&records)
}

#[test]
fn the_table_says_so_first_and_has_no_rate_and_no_rank() {
    let native = summary(&made_by(None, 1));
    let emulated = summary(&made_by(Some(EMULATOR), 1));
    let words: Vec<&str> = emulated.split_whitespace().collect();
    let words = words.join(" ");
    assert!(
        words.starts_with(&format!(
            "EMULATED, by {EMULATOR}: no timing means anything"
        )),
        "{emulated}"
    );
    for number in ["Mop/s", "of best", "p99", "fastest", "interval", "dirty"] {
        assert!(
            native.contains(number),
            "`{number}` is no word of a table: {native}"
        );
        assert!(!emulated.contains(number), "`{number}` in: {emulated}");
    }
    // What it can say stays: 3 modes, 3 processes and 3 rounds of each lock, one of them not verified.
    for line in [
        "fault-vs-mprotect, 1 thread, placement compact",
        "one-big-lock    27 1/27 NOT",
        "shared-count    27      yes",
        "nothing         27  control",
        "does not exclude: torn",
    ] {
        assert!(
            emulated.contains(line),
            "`{line}` is missing in: {emulated}"
        );
    }
}

#[test]
fn the_page_says_so_first_and_draws_nothing() {
    let native = html(&[made_by(None, 1)]);
    let emulated = html(&[made_by(Some(EMULATOR), 1)]);
    for number in [
        "<figure>",
        "What is fastest where",
        "Mop/s",
        "-throughput\"",
        "-latency\"",
        "-spread\"",
    ] {
        assert!(native.contains(number), "`{number}` is no word of a page");
        assert!(
            !emulated.contains(number),
            "`{number}` is on the page of an emulated run"
        );
    }
    let article = emulated.find("<article").expect("a run");
    let banner = emulated
        .find("Emulated: no timing means anything")
        .expect("the banner");
    let first = emulated[article..].find("<section").expect("a section");
    assert!(
        banner < article + first + 100,
        "the banner is the first section"
    );
    assert!(emulated.contains(&format!("EMULATED, by {EMULATOR}")));
    assert!(emulated.contains("1/27 NOT"), "what was verified stays");
}

#[test]
fn nothing_is_compared_with_an_emulated_run() {
    let names = ["one-big-lock", "shared-count"];
    let (native, emulated) = (made_by(None, 1), made_by(Some(EMULATOR), 2));
    assert_eq!(refuse_emulated(&native), Ok(()));
    let refused = |error: CompareError| {
        let words = error.to_string();
        assert!(matches!(error, CompareError::Emulated(_)), "{words}");
        for part in [EMULATOR, &emulated.file.display().to_string()] {
            assert!(words.contains(part), "`{part}` is missing in: {words}");
        }
    };
    assert!(locks(&native, names, None).is_ok());
    refused(locks(&emulated, names, None).expect_err("emulated"));
    // Also of two runs of one and the same emulator.
    let later = made_by(Some(EMULATOR), 3);
    for pair in [
        [&native, &emulated],
        [&emulated, &native],
        [&emulated, &later],
    ] {
        match runs(pair, &[], None) {
            Err(error) => assert!(matches!(error, CompareError::Emulated(_)), "{error}"),
            Ok(comparison) => panic!("{comparison}"),
        }
    }
}

#[test]
fn an_emulated_run_is_no_baseline_and_no_part_of_a_trend() {
    let accepted = |emulator| {
        Baseline::of(
            &made_by(emulator, 1),
            "shared-count",
            "why",
            "2026-11-25T12:00:00Z",
        )
        .map(|_| ())
    };
    assert_eq!(
        accepted(Some(EMULATOR)),
        Err(Refusal::Emulated(EMULATOR.to_owned()))
    );
    assert_ne!(accepted(None), Err(Refusal::Emulated(EMULATOR.to_owned())));

    let days = |emulator: Option<&str>| {
        (1..=4)
            .map(|hour| made_by(emulator, hour))
            .collect::<Vec<Run>>()
    };
    assert!(trend(&days(None), &Choice::default()).is_ok());
    let error = trend(&days(Some(EMULATOR)), &Choice::default()).expect_err("emulated");
    assert!(matches!(error, TrendError::Emulated(_)), "{error}");
}
