use crate::run;
use crate::sketch::{LOCKS, Sketch};
use bench_core::plan::Mode;
use bench_core::record::{Cell, Header, Host, Record, ToolInfo};
use reports::Run;
use reports::baseline::{Baseline, BaselineError, Refusal};
use std::path::Path;

const REFERENCE: &str = "one-big-lock";
const NOW: &str = "2026-11-26T09:00:00Z";

/// A run with enough processes to say something, and few cells.
fn sketch() -> Sketch {
    Sketch {
        locks: LOCKS[..4].to_vec(),
        threads: vec![1, 2],
        modes: vec![Mode::Throughput, Mode::Latency],
        processes: 4,
        dirty_percent: 0,
        ..Sketch::small()
    }
}

/// The run of the sketch with its header and its cells changed.
fn changed(header: impl Fn(&mut Header), cell: impl Fn(&mut Cell)) -> Run {
    let mut records = sketch().records();
    for record in &mut records {
        match record {
            Record::Header(it) => header(it),
            Record::Cell(it) => cell(it),
            Record::Footer(_) => {}
        }
    }
    run(&records)
}

fn baseline_of(run: &Run) -> Baseline {
    let made = Baseline::of(run, REFERENCE, "the first one", NOW);
    made.expect("a good run").0
}

fn refusal(run: &Run) -> Refusal {
    Baseline::of(run, REFERENCE, "a reason", NOW).expect_err("no measure for others")
}

/// What is made of a file with this text.
fn read(text: &str) -> Result<Baseline, BaselineError> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("baseline.json");
    std::fs::write(&path, text).expect("room on the disk");
    Baseline::read(&path)
}

/// What is wrong with a file with this text, without the path of its directory.
fn wrong(text: &str) -> String {
    let mut error = read(text).expect_err("it cannot be read");
    let (BaselineError::Unreadable { file, .. }
    | BaselineError::NotABaseline { file, .. }
    | BaselineError::Damaged { file, .. }
    | BaselineError::Schema { file, .. }) = &mut error;
    *file = Path::new("b.json").into();
    error.to_string()
}

#[test]
fn the_file() {
    insta::assert_snapshot!(baseline_of(&run(&sketch().records())).text());
}

#[test]
fn what_is_written_is_read_again() {
    let baseline = baseline_of(&run(&sketch().records()));
    assert_eq!(read(&baseline.text()).expect("a baseline"), baseline);
}

#[test]
fn the_ratios_are_those_within_rounds() {
    let two = |factor: f64| {
        changed(
            |_| (),
            |cell| {
                // The luck of a process hits both alike.
                let luck = [1.0, 3.0, 0.4, 2.0][cell.process as usize];
                let own = match cell.lock == "shared-count" {
                    true => factor,
                    false => 1.0,
                };
                for role in &mut cell.roles {
                    for ops in &mut role.ops_per_thread {
                        *ops = (10_000_000.0 * luck * own) as u64;
                    }
                }
                for window_ns in &mut cell.window_ns_per_thread {
                    *window_ns = 20_000_000;
                }
            },
        )
    };
    let baseline = baseline_of(&two(1.25));
    let mut seen = 0;
    for entry in &baseline.entries {
        if entry.lock == "shared-count" && entry.metric == "throughput" {
            assert_eq!(entry.ratios, [1.25; 4], "{}", entry.name());
            seen += 1;
        }
    }
    assert_eq!(seen, 3, "faults of one and two threads, and mprotect");
}

#[test]
fn a_change_of_one_lock_changes_its_own_lines() {
    let before = baseline_of(&changed(|_| (), |_| ())).text();
    let slower = |cell: &mut Cell| {
        if cell.lock == "shared-count" && cell.mode == "throughput" {
            for ops in cell.roles.iter_mut().flat_map(|r| &mut r.ops_per_thread) {
                *ops = *ops * 9 / 10;
            }
        }
    };
    let after = baseline_of(&changed(|_| (), slower)).text();
    let other: Vec<&str> = after
        .lines()
        .filter(|line| !before.contains(line))
        .collect();
    assert_eq!(other.len(), 3, "{other:#?}");
    for line in other {
        assert!(
            line.contains("\"shared-count\"") && line.contains("\"throughput\""),
            "{line}"
        );
    }
}

#[test]
fn a_new_baseline_says_what_it_changes() {
    let old = baseline_of(&run(&sketch().records()));
    assert_eq!(old.changes_from(&old), "");
    let mut new = baseline_of(&changed(
        |header| header.tool.rustc = "rustc 1.96.0".into(),
        |cell| {
            if cell.lock == "shared-count" {
                for ops in cell.roles.iter_mut().flat_map(|r| &mut r.ops_per_thread) {
                    *ops = *ops * 9 / 10;
                }
            }
        },
    ));
    new.entries.remove(0);
    insta::assert_snapshot!(new.changes_from(&old));
}

#[test]
fn each_run_that_is_no_measure_is_refused_with_the_reason() {
    let good = run(&sketch().records());
    let blank = Baseline::of(&good, REFERENCE, " \n", NOW).expect_err("no reason");
    assert_eq!(blank, Refusal::EmptyReason);
    for name in ["no-such-lock", LOCKS[0].0] {
        let error = Baseline::of(&good, name, "a reason", NOW).expect_err("no reference");
        assert_eq!(error, Refusal::NoReference(name.into()));
    }
    let debug = changed(|header| header.tool.profile = "debug".into(), |_| ());
    assert_eq!(refusal(&debug), Refusal::NotARelease("debug".into()));
    let mut cut = good.clone();
    cut.footer = None;
    assert_eq!(refusal(&cut), Refusal::Incomplete);
    let one = Sketch {
        processes: 1,
        ..sketch()
    };
    assert_eq!(
        refusal(&run(&one.records())),
        Refusal::FewProcesses("one process")
    );
    let alone = Sketch {
        locks: LOCKS[..2].to_vec(),
        ..sketch()
    };
    assert_eq!(
        refusal(&run(&alone.records())),
        Refusal::Nothing(REFERENCE.into())
    );
    let broken = changed(
        |_| (),
        |cell| {
            if cell.lock == "shared-count" && cell.process == 1 {
                cell.verified = Some(false);
                cell.violations.torn_reads = 3;
            }
        },
    );
    let words = refusal(&broken).to_string();
    assert!(
        words.contains("shared-count under fault-vs-mprotect with 1 thread"),
        "{words}"
    );
    assert!(words.contains("torn reads"), "{words}");
}

#[test]
fn a_setting_that_is_too_noisy_refuses_the_run() {
    let noisy = changed(
        |_| (),
        |cell| cell.noise.dirty = cell.threads == 2 && cell.mode == "latency" && cell.round > 0,
    );
    let Refusal::TooNoisy(settings) = refusal(&noisy) else {
        panic!("{}", refusal(&noisy));
    };
    let [one] = settings.as_slice() else {
        panic!("{settings:#?}");
    };
    assert_eq!(
        one,
        "fault-vs-mprotect, 2 threads, compact, latency: 4 of 12 rounds clean"
    );
}

#[test]
fn a_damaged_file_is_told_from_another_one_and_its_place_is_named() {
    let text = baseline_of(&run(&sketch().records())).text();
    let last_lines = text.len() - 40;
    let cut = wrong(&text[..last_lines]);
    let line = text[..last_lines].lines().count();
    assert!(cut.contains("is damaged (EOF while parsing"), "{cut}");
    assert!(cut.contains(&format!("at line {line} column ")), "{cut}");

    let bad_ratio = text.replacen("\"ratios\":[", "\"ratios\":[-1.0,", 1);
    let words = wrong(&bad_ratio);
    assert!(
        words.contains("`entries[0].ratios`: -1 is no ratio"),
        "{words}"
    );
    assert!(words.contains(" at line "), "{words}");
    let words = wrong(&text.replacen("\"rounds\": 3", "\"rounds\": \"three\"", 1));
    assert!(words.contains("`rounds`: invalid type: string"), "{words}");

    let entry = text
        .lines()
        .find(|line| line.contains("\"ratios\""))
        .expect("one");
    let twice = wrong(&text.replacen(entry, &format!("{entry}\n{entry}"), 1));
    assert!(twice.contains("stands twice"), "{twice}");

    for (other, part) in [
        ("", "is not a baseline (EOF"),
        (
            "hello",
            "is not a baseline (expected value at line 1 column 1)",
        ),
        (
            "{\"record\":\"header\"}",
            "its field `record` is not `baseline`",
        ),
        ("{\"a\":\n1,", "at line 2 column 2"),
    ] {
        let words = wrong(other);
        assert!(words.contains(part), "`{part}` is missing in: {words}");
    }
    let missing = Baseline::read(Path::new("/no/such/file")).expect_err("nothing there");
    assert!(missing.to_string().contains("cannot be read"), "{missing}");
}

#[test]
fn every_cut_is_an_error_in_words() {
    let text = baseline_of(&run(&sketch().records())).text();
    for at in (0..text.trim_end().len()).step_by(97) {
        let words = wrong(&text[..text.floor_char_boundary(at)]);
        assert!(words.contains(" at line "), "{at}: {words}");
    }
}

#[test]
fn another_schema_is_named_beside_ours() {
    let text = baseline_of(&run(&sketch().records())).text();
    let of = |schema: u32| {
        let text = text.replacen("\"schema\": 1", &format!("\"schema\": {schema}"), 1);
        // A field that this build does not know may have any form.
        wrong(&text.replacen("\"reason\": \"", "\"reason\": {}, \"was\": \"", 1))
    };
    assert!(
        of(2).contains("schema 2, and this build reads schema 1: it is newer"),
        "{}",
        of(2)
    );
    assert!(
        of(0).contains("schema 0, and this build reads schema 1: it is older"),
        "{}",
        of(0)
    );
}

#[test]
fn a_host_or_a_compiler_that_differs_is_named_field_by_field() {
    let run = run(&sketch().records());
    let baseline = baseline_of(&run);
    let (host, tool) = (&run.header.host, &run.header.tool);
    assert_eq!(baseline.misfits(host, tool), []);
    let elsewhere = Host {
        kernel: Some("6.19.0".into()),
        ..host.clone()
    };
    let built = ToolInfo {
        git_revision: Some("another".into()),
        rustc: "rustc 1.96.0".into(),
        target_features: vec!["lse".into()],
        atomics: Some("lse".into()),
        ..tool.clone()
    };
    let fields: Vec<String> = baseline
        .misfits(&elsewhere, &built)
        .into_iter()
        .map(|difference| difference.field)
        .collect();
    // Another revision is what is asked after.
    assert_eq!(
        fields,
        [
            "host.kernel",
            "tool.atomics",
            "tool.rustc",
            "tool.target_features"
        ]
    );
}
