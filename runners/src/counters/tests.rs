use super::group::Reading;
use super::*;
use std::time::Duration;

fn reading(count: u64, enabled_ns: u64, running_ns: u64) -> CounterValue {
    Reading {
        count,
        enabled_ns,
        running_ns,
    }
    .value()
}

#[test]
fn a_count_is_scaled_only_where_enough_was_seen() {
    assert_eq!(reading(10, 100, 100), CounterValue::Value(10));
    assert_eq!(reading(10, 100, 50), CounterValue::Value(20));
    // The kernel's two times may be a moment apart.
    assert_eq!(reading(10, 100, 101), CounterValue::Value(10));
    assert_eq!(reading(0, 100, 100), CounterValue::Value(0));
    for (enabled, running) in [(100, 0), (0, 0), (100, 49)] {
        let CounterValue::Unavailable(reason) = reading(10, enabled, running) else {
            panic!("{running} of {enabled} ns is no value");
        };
        assert!(reason.contains("nmi_watchdog"), "{reason}");
    }
}

#[test]
fn every_counter_has_a_value_or_a_reason() {
    let mut counters = Counters::open(&[], crate::pin::current_cpu());
    counters.enable();
    std::thread::sleep(Duration::from_millis(1));
    let values = counters.disable_and_read();
    let listed = always();
    assert_eq!(values.len(), listed.len());
    for Listed { name, .. } in listed {
        match &values[&name] {
            CounterValue::Value(_) => {}
            CounterValue::Unavailable(reason) => assert!(reason.len() > 20, "{name}: {reason}"),
        }
    }
}

#[test]
fn what_the_list_offers_is_counted() {
    let mut counters = Counters::open(&[], crate::pin::current_cpu());
    counters.enable();
    crate::delay::chain(100_000);
    let values = counters.disable_and_read();
    for listed in always() {
        let name = listed.name.as_str();
        // Hardware counters may be taken by others between the two; software counters cannot.
        let software = ["task-clock", "page-faults", "cpu-migrations"].contains(&name);
        if listed.unavailable.is_none() && software {
            assert!(
                matches!(values[name], CounterValue::Value(_)),
                "{name}: {:?}",
                values[name]
            );
        }
    }
}

#[test]
fn each_window_begins_at_nothing() {
    let mut counters = Counters::open(&[], crate::pin::current_cpu());
    let mut task_clock_ns = |turns| {
        counters.enable();
        crate::delay::chain(turns);
        counters.disable_and_read()["task-clock"].clone()
    };
    // The thread's own time, whatever else the machine does.
    let (long, short) = (task_clock_ns(5_000_000), task_clock_ns(1));
    if let (CounterValue::Value(long_ns), CounterValue::Value(short_ns)) = (&long, &short) {
        assert!(short_ns * 2 < *long_ns, "{short_ns} ns after {long_ns} ns");
    }
}

#[test]
fn sleeps_are_counted_in_each_window_by_itself() {
    let mut counters = Counters::open(&[], crate::pin::current_cpu());
    for _ in 0..3 {
        counters.enable();
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let CounterValue::Value(switches) =
            counters.disable_and_read()["voluntary-switches"].clone()
        else {
            panic!("switches can be counted everywhere");
        };
        assert!((5..12).contains(&switches), "{switches}");
    }
}

#[test]
fn migrations_are_counted_where_permitted() {
    let cpus = crate::pin::allowed_cpus();
    let [first, second, ..] = *cpus else {
        return;
    };
    let mover = std::thread::spawn(move || {
        crate::pin::pin_to(first).expect("the CPU is allowed");
        let mut counters = Counters::open(&[], crate::pin::current_cpu());
        counters.enable();
        for _ in 0..4 {
            crate::pin::pin_to(second).expect("the CPU is allowed");
            crate::pin::pin_to(first).expect("the CPU is allowed");
        }
        counters.disable_and_read()["cpu-migrations"].clone()
    });
    match mover.join().expect("the thread ends") {
        CounterValue::Value(count) => assert_eq!(count, 8),
        CounterValue::Unavailable(reason) => assert!(reason.contains("kernel"), "{reason}"),
    }
}

#[test]
fn a_sum_lacks_what_one_thread_lacks() {
    let value = |count| CounterValue::Value(count);
    let missing = || CounterValue::Unavailable("because".to_owned());
    let thread = |cycles, faults| {
        BTreeMap::from([("cycles".to_owned(), cycles), ("faults".to_owned(), faults)])
    };
    let sums = merge(&[
        thread(value(1), value(5)),
        thread(missing(), value(6)),
        thread(value(3), value(7)),
    ]);
    assert_eq!(sums["cycles"], missing());
    assert_eq!(sums["faults"], value(18));
    let uneven = merge(&[thread(value(1), value(5)), BTreeMap::new()]);
    assert!(
        matches!(&uneven["faults"], CounterValue::Unavailable(reason) if reason.contains("worker 1"))
    );
    assert_eq!(merge(&[]), BTreeMap::new());
}

#[test]
fn what_was_asked_for_has_a_value_or_a_reason() {
    let wanted = ["no_such_event", "r11"].map(|word| word.parse().expect("an event"));
    let mut counters = Counters::open(&wanted, crate::pin::current_cpu());
    counters.enable();
    let values = counters.disable_and_read();
    let CounterValue::Unavailable(reason) = &values["no_such_event"] else {
        panic!("no PMU has it: {values:?}");
    };
    assert!(
        reason.contains("no event of that name") || reason.contains("no PMU"),
        "{reason}"
    );
    // A machine with a PMU counts it, whatever it is.
    if let CounterValue::Unavailable(reason) = &values["r11"] {
        assert!(reason.len() > 20, "{reason}");
    }
}
