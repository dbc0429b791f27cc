use super::processor::TICK_NS;
use super::*;
use bench_core::record::Noise;
use std::path::Path;

const WINDOW_NS: u64 = 20_000_000;

/// Two workers on CPUs 0 and 1 before a window.
fn before(source: Source) -> Snapshot {
    let task = |cpu: u32| Task {
        cpu_ns: Some(7_000_000_000),
        run_delay_ns: Some(3_000_000),
        voluntary: Some(5),
        involuntary: Some(9),
        asleep: false,
        may_run_on: Some(cpu.to_string()),
    };
    let cpu = |cpu| CpuTime {
        cpu,
        used_ns: Some(90_000_000_000),
        steal_ns: Some(50_000_000),
    };
    Snapshot {
        at_ns: 1_000_000_000,
        read_ns: 1_000_000_000,
        own_cpu_ns: 4_000_000,
        tasks: vec![task(0), task(1)],
        placed: vec![0, 1],
        cpus: vec![cpu(0), cpu(1)],
        source,
        throttled_ns: Some(0),
    }
}

/// The exact source.
fn charged() -> Source {
    Source::Charged(Path::new(""))
}

/// A wake on a quiet virtual machine: a slow one where the use of the CPU is known, and the slowest that was measured where
/// the allowance has a limit.
fn wake_ns(source: Source) -> u64 {
    if source == Source::Ticks {
        12_000
    } else {
        40_000
    }
}

/// After `elapsed_ns` in which each worker had a CPU for `cpu_ns` and slept `sleeps` times, and nothing else ran.
fn quiet(before: &Snapshot, elapsed_ns: u64, cpu_ns: u64, sleeps: u64) -> Snapshot {
    let mut after = before.clone();
    after.at_ns += elapsed_ns;
    for task in &mut after.tasks {
        *task.cpu_ns.as_mut().unwrap() += cpu_ns;
        *task.voluntary.as_mut().unwrap() += sleeps;
        *task.run_delay_ns.as_mut().unwrap() += sleeps * wake_ns(before.source);
    }
    for cpu in &mut after.cpus {
        *cpu.used_ns.as_mut().unwrap() += cpu_ns;
    }
    after
}

fn judged(before: &Snapshot, after: &Snapshot, oversubscribed: bool) -> Noise {
    judge(
        before,
        after,
        after.elapsed_ns_since(before),
        2,
        oversubscribed,
    )
}

/// Adds to the first worker's run delay.
fn delay_first(after: &mut Snapshot, delay_ns: u64) {
    *after.tasks[0].run_delay_ns.as_mut().unwrap() += delay_ns;
}

/// The one reason, which has to hold `words`.
#[track_caller]
fn assert_dirty(noise: &Noise, words: &str) {
    assert!(noise.dirty);
    let found = noise.reasons.iter().any(|reason| reason.contains(words));
    assert!(found, "{:?} lack {words:?}", noise.reasons);
}

#[track_caller]
fn assert_clean(noise: &Noise) {
    assert!(
        !noise.dirty && noise.reasons.is_empty(),
        "{:?}",
        noise.reasons
    );
}

#[test]
fn a_quiet_window_is_clean_whether_workers_spin_or_sleep() {
    for source in [charged(), Source::Switched, Source::Ticks] {
        let before = before(source);
        let spinning = quiet(&before, WINDOW_NS, WINDOW_NS, 0);
        assert_clean(&judged(&before, &spinning, false));
        // Each wake takes as long as the work between two: a third of the time on the CPU, the rest asleep or waking.
        let sleeping = quiet(&before, WINDOW_NS, WINDOW_NS / 3, 160);
        assert_clean(&judged(&before, &sleeping, false));
        assert_clean(&judged(&before, &sleeping, true));
    }
}

#[test]
fn a_spinning_worker_that_waits_for_its_cpu_is_dirty() {
    let before = before(Source::Ticks);
    let mut after = quiet(&before, WINDOW_NS, WINDOW_NS, 0);
    delay_first(&mut after, 790_000);
    assert_clean(&judged(&before, &after, false));
    delay_first(&mut after, 20_000);
    assert_dirty(&judged(&before, &after, false), "kept waiting");
    // Oversubscribed workers wait for each other.
    assert_clean(&judged(&before, &after, true));
}

#[test]
fn one_worker_of_many_is_not_lost_in_the_sum() {
    let mut before = before(charged());
    let one = before.tasks[0].clone();
    before.tasks = vec![one; 16];
    before.placed = vec![0; 16];
    let mut after = quiet(&before, WINDOW_NS, WINDOW_NS, 0);
    delay_first(&mut after, WINDOW_NS / 9);
    let noise = judge(&before, &after, WINDOW_NS, 16, false);
    assert_dirty(&noise, "one worker was kept waiting");
}

#[test]
fn time_that_no_account_explains_is_dirty_for_workers_that_never_sleep() {
    let before = before(Source::Ticks);
    let after = quiet(&before, WINDOW_NS, WINDOW_NS * 96 / 100, 0);
    assert_dirty(&judged(&before, &after, false), "never slept");
    assert_clean(&judged(&before, &after, true));
    let after = quiet(&before, WINDOW_NS, WINDOW_NS * 96 / 100, 1);
    assert_clean(&judged(&before, &after, false));
}

#[test]
fn the_coordinators_own_work_is_no_noise() {
    let before = before(charged());
    let own_ns = WINDOW_NS / 10;
    let mut after = quiet(&before, WINDOW_NS, WINDOW_NS, 0);
    after.own_cpu_ns += own_ns;
    delay_first(&mut after, own_ns);
    *after.tasks[0].cpu_ns.as_mut().unwrap() -= own_ns;
    let noise = judged(&before, &after, false);
    assert_clean(&noise);
    assert_eq!(noise.foreign_cpu_ns, Some(0));
}

#[test]
fn a_neighbour_of_sleeping_workers_shows_in_the_cpus_account() {
    for source in [charged(), Source::Switched] {
        for oversubscribed in [false, true] {
            let before = before(source);
            let mut after = quiet(&before, WINDOW_NS, WINDOW_NS / 3, 160);
            *after.cpus[1].used_ns.as_mut().unwrap() += WINDOW_NS / 2;
            let noise = judged(&before, &after, oversubscribed);
            // Of an account that is silent until a switch, two turns of 42 µs per CPU are taken off.
            let part = if source == charged() { "25.0" } else { "24.6" };
            assert_dirty(&noise, &format!("others used {part} %"));
            assert_eq!(noise.foreign_cpu_ns, Some(WINDOW_NS / 2));
        }
    }
}

#[test]
fn an_account_that_is_silent_until_a_switch_is_not_held_against_spinning_workers() {
    let before = before(Source::Switched);
    let mut after = quiet(&before, WINDOW_NS, WINDOW_NS, 0);
    // A turn of the worker that began seconds ago has ended.
    *after.cpus[0].used_ns.as_mut().unwrap() += 3_000_000_000;
    let noise = judged(&before, &after, false);
    assert_clean(&noise);
    assert_eq!(noise.foreign_cpu_ns, Some(0));
}

#[test]
fn a_turn_that_began_before_the_window_is_no_neighbour() {
    let before = before(Source::Switched);
    let mut after = quiet(&before, WINDOW_NS, WINDOW_NS / 2, 10);
    let turn_ns = WINDOW_NS / 2 / 10;
    for cpu in &mut after.cpus {
        *cpu.used_ns.as_mut().unwrap() += 2 * turn_ns;
    }
    assert_clean(&judged(&before, &after, false));
    *after.cpus[1].used_ns.as_mut().unwrap() += WINDOW_NS / 4;
    assert_dirty(&judged(&before, &after, false), "others used 12.5 %");
}

#[test]
fn ticks_judge_long_windows_only() {
    let before = before(Source::Ticks);
    let mut after = quiet(&before, WINDOW_NS, WINDOW_NS / 3, 160);
    *after.cpus[1].used_ns.as_mut().unwrap() += 2 * TICK_NS;
    let noise = judged(&before, &after, false);
    assert_clean(&noise);
    assert_eq!(noise.foreign_cpu_ns, None);

    let second_ns = 1_000_000_000;
    let mut after = quiet(&before, second_ns, second_ns / 3, 8000);
    *after.cpus[1].used_ns.as_mut().unwrap() += 6 * TICK_NS;
    assert_clean(&judged(&before, &after, false));
    *after.cpus[1].used_ns.as_mut().unwrap() += 5 * TICK_NS;
    assert_dirty(&judged(&before, &after, false), "others used");
}

#[test]
fn a_coordinator_that_loses_its_cpu_while_it_reads_is_no_neighbour() {
    let mut before = before(Source::Ticks);
    let lost_ns = WINDOW_NS / 5;
    let after = quiet(&before, WINDOW_NS, WINDOW_NS - lost_ns, 0);
    assert_dirty(&judged(&before, &after, true), "others used");
    before.read_ns += lost_ns;
    assert_clean(&judged(&before, &after, true));
}

/// A window of a parking lock in the quick preset.
const SHORT_NS: u64 = 10_000_000;

/// After a short window in which the first worker spun and the second slept 100 times, and nothing else ran.
fn mixed(before: &Snapshot) -> Snapshot {
    let mut after = quiet(before, SHORT_NS, SHORT_NS / 3, 100);
    let spinner = &mut after.tasks[0];
    *spinner = before.tasks[0].clone();
    *spinner.cpu_ns.as_mut().unwrap() += SHORT_NS;
    after.cpus[0].used_ns = before.cpus[0].used_ns;
    if before.source != Source::Switched {
        *after.cpus[0].used_ns.as_mut().unwrap() += SHORT_NS;
    }
    after
}

#[test]
fn a_neighbour_of_a_worker_that_spins_beside_one_that_sleeps_is_seen() {
    for source in [charged(), Source::Switched, Source::Ticks] {
        let before = before(source);
        let mut after = mixed(&before);
        assert_clean(&judged(&before, &after, false));
        assert_clean(&judged(&before, &after, true));
        *after.tasks[0].cpu_ns.as_mut().unwrap() -= SHORT_NS / 2;
        // Of oversubscribed workers the CPU time of others alone tells, with 3 % of the first CPU unsure.
        assert_dirty(&judged(&before, &after, true), "others used 2");
        delay_first(&mut after, SHORT_NS / 2);
        assert_dirty(&judged(&before, &after, false), "kept waiting");
    }
}

#[test]
fn a_neighbour_of_a_worker_that_sleeps_beside_one_that_spins_is_seen() {
    for source in [charged(), Source::Switched] {
        for oversubscribed in [false, true] {
            let before = before(source);
            let mut after = mixed(&before);
            *after.cpus[1].used_ns.as_mut().unwrap() += SHORT_NS / 2;
            let noise = judged(&before, &after, oversubscribed);
            assert_dirty(&noise, "others used 2");
            assert_eq!(noise.foreign_cpu_ns, Some(SHORT_NS / 2));
        }
    }
    // Where nothing tells what others used: 100 sleeps of 100 µs each would excuse the whole window.
    let before = before(Source::Ticks);
    let mut after = mixed(&before);
    let sleeper = &mut after.tasks[1];
    *sleeper.run_delay_ns.as_mut().unwrap() += SHORT_NS / 2 - 100 * wake_ns(Source::Ticks);
    let noise = judged(&before, &after, false);
    assert_dirty(&noise, "kept waiting");
    assert_eq!(noise.foreign_cpu_ns, None);
}

#[test]
fn many_short_sleeps_in_a_short_quiet_window_are_clean() {
    for source in [charged(), Source::Switched, Source::Ticks] {
        let before = before(source);
        let mut after = quiet(&before, SHORT_NS, SHORT_NS / 3, 200);
        for (task, before) in after.tasks.iter_mut().zip(&before.tasks) {
            task.run_delay_ns = Some(before.run_delay_ns.unwrap() + 200 * 8_000);
        }
        assert_clean(&judged(&before, &after, false));
    }
}

#[test]
fn a_worker_that_sleeps_through_the_window_had_no_neighbour() {
    for source in [charged(), Source::Switched, Source::Ticks] {
        let mut before = before(source);
        before.tasks[1].asleep = true;
        let mut after = quiet(&before, WINDOW_NS, WINDOW_NS, 0);
        after.tasks[1] = before.tasks[1].clone();
        after.cpus[1] = before.cpus[1];
        assert_clean(&judged(&before, &after, false));
        // Without the sleep that had begun before, the time is missing.
        before.tasks[1].asleep = false;
        assert_dirty(&judged(&before, &after, false), "never slept");
    }
}

#[test]
fn a_neighbour_on_one_cpu_of_many_is_not_lost_in_the_sum() {
    for source in [charged(), Source::Switched] {
        let mut before = before(source);
        let (task, cpu) = (before.tasks[0].clone(), before.cpus[0]);
        before.placed = (0..64).collect();
        let placed = before.placed.iter();
        before.tasks = placed
            .clone()
            .map(|cpu| Task {
                may_run_on: Some(cpu.to_string()),
                ..task.clone()
            })
            .collect();
        before.cpus = placed
            .map(|&number| CpuTime { cpu: number, ..cpu })
            .collect();
        let mut after = quiet(&before, WINDOW_NS, WINDOW_NS / 3, 160);
        *after.cpus[63].used_ns.as_mut().unwrap() += WINDOW_NS / 2;
        let noise = judge(&before, &after, WINDOW_NS, 64, false);
        assert_dirty(&noise, "of CPU 63 (bound 10 %)");
        after.cpus[63].used_ns = after.cpus[62].used_ns;
        assert_clean(&judge(&before, &after, WINDOW_NS, 64, false));
    }
}

#[test]
fn steal_throttling_and_moves_are_dirty_in_any_case() {
    for oversubscribed in [false, true] {
        let before = before(charged());
        let clean = quiet(&before, WINDOW_NS, WINDOW_NS, 0);

        let mut after = clean.clone();
        *after.cpus[1].steal_ns.as_mut().unwrap() += TICK_NS;
        assert_dirty(&judged(&before, &after, oversubscribed), "steal 10 ms");

        let mut after = clean.clone();
        after.throttled_ns = Some(1000);
        assert_dirty(&judged(&before, &after, oversubscribed), "stopped for 1 µs");

        let mut after = clean;
        after.tasks[1].may_run_on = Some("0-1".to_owned());
        let noise = judged(&before, &after, oversubscribed);
        assert_dirty(&noise, "worker 1 was put on CPU 1, but may now run on 0-1");
    }
}

#[test]
fn a_tick_of_steal_in_a_long_window_is_none() {
    let before = before(charged());
    let second_ns = 1_000_000_000;
    let mut after = quiet(&before, second_ns, second_ns, 0);
    *after.cpus[1].steal_ns.as_mut().unwrap() += TICK_NS;
    let noise = judged(&before, &after, false);
    assert_clean(&noise);
    assert_eq!(noise.steal_ns, Some(TICK_NS));
}

#[test]
fn what_the_machine_does_not_tell_is_null() {
    let mut before = before(Source::Ticks);
    before.tasks = vec![Task::default(); 2];
    for cpu in &mut before.cpus {
        (cpu.used_ns, cpu.steal_ns) = (None, None);
    }
    before.throttled_ns = None;
    let mut after = before.clone();
    after.at_ns += WINDOW_NS;
    assert_eq!(judged(&before, &after, false), Noise::default());
}

#[test]
fn the_files_of_a_thread_are_understood() {
    let status = "Name:	x\nState:	S (sleeping)\nCpus_allowed_list:	3\nvoluntary_ctxt_switches:	12\nnonvoluntary_ctxt_switches:	7\n";
    let task = Task::parse("500 60 4\n", status, None);
    assert_eq!(task.cpu_ns, Some(500));
    assert_eq!(task.run_delay_ns, Some(60));
    assert_eq!((task.voluntary, task.involuntary), (Some(12), Some(7)));
    assert_eq!(task.may_run_on.as_deref(), Some("3"));
    assert!(task.asleep);
    assert_eq!(task.sleeps(), Some(13));
    let running = Task::parse("", &status.replace("S (sleeping)", "R (running)"), None);
    assert!(!running.asleep);
    assert_eq!(Task::parse("500 60 4", "", Some(501)).cpu_ns, Some(501));
    assert_eq!(Task::parse("", "", None), Task::default());
}
