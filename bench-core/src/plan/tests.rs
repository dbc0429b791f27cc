use super::*;
use crate::workload::presets;
use std::collections::BTreeSet;

fn plan() -> Plan {
    Plan {
        locks: ["a", "b", "c"].map(str::to_owned).to_vec(),
        workloads: presets(),
        threads: vec![1, 2],
        modes: Mode::ALL.to_vec(),
        counters: Vec::new(),
        placements: vec!["compact".into()],
        processes: 2,
        rounds: 6,
        window_ns: 10_000_000,
        seed: 7,
        cpus: 2,
    }
}

#[test]
fn every_lock_stands_in_every_position_once_per_square() {
    let plan = plan();
    for square in [0..3, 3..6] {
        let places: BTreeSet<(usize, u32)> = planned_cells(&plan, 0)
            .into_iter()
            .filter(|cell| {
                square.contains(&cell.round)
                    && cell.mode == Mode::Throughput
                    && cell.workload == 0
                    && cell.threads == 1
            })
            .map(|cell| (cell.lock, cell.position))
            .collect();
        assert_eq!(places.len(), 9, "3 locks in 3 positions");
    }
}

#[test]
fn a_round_has_one_slot_and_the_next_another() {
    let cells = planned_cells(&plan(), 0);
    let slots: BTreeSet<(u32, u32)> = cells.iter().map(|cell| (cell.round, cell.slot)).collect();
    assert_eq!(slots.len(), 6, "one slot per round");
    assert!(
        slots
            .iter()
            .map(|(_, slot)| slot)
            .collect::<BTreeSet<_>>()
            .len()
            > 1
    );
}

#[test]
fn a_plan_repeats_by_its_seed_and_differs_between_processes() {
    let plan = plan();
    assert_eq!(planned_cells(&plan, 1), planned_cells(&plan, 1));
    let order = |process| {
        planned_cells(&plan, process)
            .iter()
            .map(|c| c.slot)
            .collect::<Vec<_>>()
    };
    assert_ne!(order(0), order(1));
}

#[test]
fn the_count_of_cells_is_what_is_planned() {
    let plan = plan();
    assert_eq!(
        plan.cells_per_process(),
        planned_cells(&plan, 0).len() as u64
    );
}

#[test]
fn limits_are_named_with_their_reason() {
    let broken = |change: fn(&mut Plan)| {
        let mut plan = plan();
        change(&mut plan);
        plan.validate().expect_err("outside its limits").to_string()
    };
    assert!(broken(|p| p.threads = vec![0]).contains("threads is 0, but must be from 1 to 1024"));
    assert!(broken(|p| p.processes = 1001).contains("processes is 1001"));
    assert!(broken(|p| p.window_ns = 10_000).contains("measures the timer"));
    assert!(broken(|p| p.locks.clear()).contains("no lock is left"));
    assert!(broken(|p| p.workloads[1].name = "fault-one-vma".into()).contains("two workloads"));
}

#[test]
fn an_unknown_key_is_taken_out_of_the_message_with_the_keys_that_exist() {
    let error = parse("[[workload]]\nname = \"mine\"\nvma = 3\n").expect_err("no such key");
    let SpecFileError::Toml {
        message,
        unknown,
        expected,
    } = error
    else {
        panic!("{error:?}")
    };
    assert!(
        message.starts_with("line 3, column 1: unknown field `vma`"),
        "{message}"
    );
    assert_eq!(unknown.as_deref(), Some("vma"));
    assert!(expected.contains(&"vmas".to_owned()) && expected.contains(&"hold_ns".to_owned()));
}

#[test]
fn goals_stay_in_their_vma_and_zipf_prefers_the_first() {
    let mut spec = presets().remove(2);
    spec.vmas = 8;
    let stream = goals(&spec, 8, 3, 1);
    let region = Region::of(&spec);
    for goal in &stream {
        let (start, end) = region.range(goal.slot());
        assert!((start..end).contains(&goal.address()));
    }
    let hits = |slot| stream.iter().filter(|goal| goal.slot() == slot).count();
    assert!(hits(0) > 2 * hits(7), "{} against {}", hits(0), hits(7));
    assert_ne!(stream, goals(&spec, 8, 4, 1), "each thread draws its own");
}

#[test]
fn the_presets_cover_one_cpu_and_end_oversubscribed() {
    assert_eq!(Preset::Quick.threads(2), [1, 2]);
    assert_eq!(Preset::Standard.threads(2), [1, 2, 4]);
    assert_eq!(Preset::Standard.threads(1), [1, 2]);
    assert_eq!(Preset::Standard.threads(6), [1, 2, 4, 6, 12]);
    assert_eq!(Preset::Quick.threads(64), [1, 2, 64]);
}

#[test]
fn the_spec_file_that_comes_with_the_tool_is_valid() {
    let file = parse(include_str!("../../../specs/bare.toml")).expect("a valid spec file");
    assert!(!file.workload.is_empty());
    assert!(
        file.workload
            .iter()
            .all(|spec| spec.hold_ns == 0 && spec.think_ns == 0)
    );
}
