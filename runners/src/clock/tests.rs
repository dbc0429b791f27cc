use super::*;

#[test]
fn readings_of_one_thread_do_not_go_back() {
    let clock = Clock::calibrate();
    let mut last = clock.now();
    for _ in 0..100_000 {
        let now = clock.now();
        assert!(now >= last, "{now} after {last}");
        last = now;
    }
}

#[test]
fn a_span_is_as_long_as_the_system_says() {
    let clock = Clock::calibrate();
    // The counter's span lies within one span of the system and around another, however long the thread is kept waiting.
    let outer = Instant::now();
    let start = clock.now();
    let inner = Instant::now();
    std::thread::sleep(Duration::from_millis(30));
    let inner_ns = inner.elapsed().as_nanos();
    let span_ns = u128::from(clock.ns(clock.now() - start));
    let outer_ns = outer.elapsed().as_nanos();
    // The counter's rate is known to a few parts in 100,000 only.
    let slack_ns = outer_ns / 10_000 + 100;
    assert!(
        span_ns + slack_ns >= inner_ns,
        "{span_ns} ns, not {inner_ns}"
    );
    assert!(
        span_ns <= outer_ns + slack_ns,
        "{span_ns} ns, not {outer_ns}"
    );
}

#[test]
fn the_header_has_numbers_and_a_reason() {
    let info = Clock::calibrate().info();
    assert!(info.ticks_per_s > 0);
    assert!(info.quantum_ns > 0);
    assert!(!info.why.is_empty());
    assert!(["tsc", "cntvct", "clock_gettime"].contains(&info.kind.as_str()));
}

#[test]
fn ticks_and_nanoseconds_convert_both_ways() {
    let mut clock = Clock::of_nanoseconds(Choice::NoCounter);
    assert_eq!(clock.ns(12_345), 12_345);
    assert_eq!(clock.ns(u64::MAX), u64::MAX);
    clock.ticks_per_s = 2_500_000_000;
    clock.ns_per_tick = (1_000_000_000 << FRACTION_BITS) / clock.ticks_per_s;
    assert_eq!(clock.ticks(1_000_000), 2_500_000);
    assert!(clock.ns(2_500_000_000).abs_diff(1_000_000_000) <= 1);
}

#[test]
fn a_clock_without_a_counter_runs() {
    let clock = Clock::of_nanoseconds(Choice::KernelAvoidsTsc);
    let first = clock.now();
    std::thread::sleep(Duration::from_millis(2));
    assert!(clock.now() - first >= 2_000_000);
    assert_eq!(clock.info().kind, "clock_gettime");
}

#[test]
fn a_rate_needs_a_counter_that_moves_forward() {
    assert_eq!(rate_per_s((0, 100), (1_000_000, 2_500_100)), 2_500_000_000);
    assert_eq!(rate_per_s((0, 100), (1_000_000, 100)), 0);
    assert_eq!(rate_per_s((0, 100), (1_000_000, 50)), 0);
    assert_eq!(rate_per_s((5, 0), (5, 7)), 7_000_000_000);
}

#[test]
fn the_quantum_is_the_least_gap() {
    assert_eq!(quantum_ticks(vec![0, 78, 52, 26, 26]), Some(26));
    assert_eq!(quantum_ticks(vec![0, 31, 33, 35]), Some(2));
    assert_eq!(quantum_ticks(vec![0, 0]), None);
}
