//! Runs of several hosts on one page: side by side by ratios within each run, and never by absolute numbers.

use crate::run;
use crate::sketch::{LOCKS, Sketch};
use bench_core::plan::Mode;
use bench_core::record::{Header, Record};
use reports::{Run, html};

const HEAD: &str = "<h2>Hosts side by side</h2>";

/// A run whose locks have these speeds, with what is changed in its header.
fn of_host(speeds: [f64; 3], change: impl Fn(&mut Header)) -> Run {
    let names = LOCKS.map(|(name, _)| name);
    let sketch = Sketch {
        locks: names.into_iter().zip(speeds).collect(),
        workloads: vec!["fault-one-vma"],
        threads: vec![1],
        modes: vec![Mode::Throughput],
        processes: 6,
        dirty_percent: 0,
        ..Sketch::small()
    };
    let mut records = sketch.records();
    if let Record::Header(header) = &mut records[0] {
        change(header);
    }
    run(&records)
}

/// `shared-count` is 3 times as fast as `one-big-lock`.
fn x86() -> Run {
    of_host([6.0, 0.5, 1.5], |_| ())
}

fn on_arm(header: &mut Header) {
    header.host.arch = "aarch64".into();
    header.host.cpu_model = None;
    header.host.cpu_revision = Some("implementer 0x41 part 0xd0c".into());
    header.host.hypervisor = None;
    header.host.allowed_cpus = (0..64).collect();
    header.tool.target = "aarch64-unknown-linux-gnu".into();
    header.tool.target_features = vec!["lse".into()];
}

/// All is ten times as slow, and `shared-count` is half as fast as `one-big-lock`.
fn arm() -> Run {
    of_host([0.6, 0.05, 0.025], on_arm)
}

/// The part of a page that has the hosts.
fn section(runs: &[Run]) -> String {
    let page = html(runs);
    let from = page.find("<article id=hosts>").expect("the section");
    let to = page[from..].find("</article>").expect("its end");
    page[from..from + to].to_owned()
}

/// The first number of each datum of the row of a lock, in the last table.
fn ratios(section: &str, lock: &str) -> Vec<f64> {
    let rows = section
        .split("<tr")
        .filter(|row| row.contains("<td") && row.contains(&format!("</svg>{lock}<")));
    let row = rows
        .last()
        .unwrap_or_else(|| panic!("no row of {lock} in {section}"));
    let data = row.split("<td class=n>").skip(1);
    data.map(|datum| {
        let number = datum.split(' ').next().expect("a word");
        number
            .parse()
            .unwrap_or_else(|_| panic!("{datum} begins with no number"))
    })
    .collect()
}

#[test]
fn each_lock_has_its_ratio_on_each_host_and_no_absolute_number() {
    let section = section(&[x86(), arm()]);
    for part in [
        HEAD,
        "over that of <b>one-big-lock</b>",
        "A: x86_64, Example CPU 9000",
        "B: aarch64, implementer 0x41 part 0xd0c",
        "aarch64-unknown-linux-gnu, release with lse",
        "<h3>fault-one-vma, 1 thread, placement compact: fault</h3>",
    ] {
        assert!(section.contains(part), "`{part}` is missing in: {section}");
    }
    let found = ratios(&section, "shared-count");
    let [on_x86, on_arm] = found[..] else {
        panic!("two hosts: {found:?}");
    };
    assert!((on_x86 / 3.0 - 1.0).abs() < 0.2, "{on_x86}");
    assert!((on_arm / 0.5 - 1.0).abs() < 0.2, "{on_arm}");
    for absolute in ["Mop/s", " ns", " µs", "fastest", "separated", "op/s"] {
        assert!(!section.contains(absolute), "`{absolute}` is in: {section}");
    }
    assert_eq!(section.matches("<figure>").count(), 1);
    // The reference and what excludes nobody have no line.
    for lock in ["one-big-lock", "nothing"] {
        assert!(!section.contains(&format!("</svg>{lock}<")), "{lock}");
    }
}

#[test]
fn runs_of_one_host_do_not_stand_side_by_side() {
    let later = of_host([6.0, 0.5, 1.5], |header| {
        header.started_at = "2026-11-26T12:00:00Z".into()
    });
    assert!(!html(&[x86(), later]).contains(HEAD));
    assert!(!html(&[x86()]).contains(HEAD));
    assert!(!html(&[]).contains(HEAD));
}

#[test]
fn an_emulated_run_is_left_out_in_words() {
    let emulated = || {
        of_host([6.0, 0.5, 1.5], |header| {
            on_arm(header);
            header.host.emulator =
                Some("qemu-user (an aarch64 program on an x86_64 kernel)".into());
        })
    };
    let words = "was emulated, by qemu-user (an aarch64 program on an x86_64 kernel)";
    let three = section(&[x86(), emulated(), arm()]);
    assert!(three.contains(words), "{three}");
    assert_eq!(ratios(&three, "shared-count").len(), 2, "{three}");
    assert!(
        three.contains("B: aarch64") && !three.contains("C: "),
        "{three}"
    );
    // One machine alone has nobody beside it.
    let two = section(&[x86(), emulated()]);
    assert!(
        two.contains(words) && two.contains("nothing stands side by side"),
        "{two}"
    );
    assert!(!two.contains("<figure>"), "{two}");
}

#[test]
fn other_work_and_other_locks_are_said() {
    let other_work = of_host([0.6, 0.05, 0.025], |header| {
        on_arm(header);
        header.workloads[0].vmas += 1;
    });
    let section_of_other_work = section(&[x86(), other_work]);
    assert!(
        section_of_other_work.contains("fault-one-vma is not the same work in all of these runs"),
        "{section_of_other_work}"
    );
    assert!(!section_of_other_work.contains("<figure>"));
    let no_lock_in_common = of_host([0.6, 0.05, 0.025], |header| {
        on_arm(header);
        for lock in &mut header.locks {
            lock.excludes = false;
        }
    });
    assert!(
        section(&[x86(), no_lock_in_common])
            .contains("No lock that excludes is in all of these runs")
    );
}
