//! Workloads of the user's own, from a spec file.

use crate::tool::{RunFile, tiny_run, vmalock};
use bench_core::record::Delay;
use bench_core::workload::{Layout, RoleName, Target};
use predicates::prelude::*;

const SPEC: &str = r#"
rounds = 1
locks = ["refcount", "std-rwlock"]
threads = [1, 2, 3]
modes = ["throughput", "latency"]
workloads = ["mmap-churn"]

[[workload]]
name = "packed-uniform"
summary = "a hundred small VMAs whose locks share lines"
vmas = 100
pages_per_vma = 1
target = "uniform"
hold_ns = 300
think_ns = 400
layout = "packed"

[[workload]]
name = "beside-own"
vmas = 0
target = "own"
layout = "beside-hot-fields"
index = false
hold_ns = 100

[[workload]]
name = "all-roles"
vmas = 16
target = "zipf"
write_hold_ns = 500
write_think_ns = 600
threads = { mprotect = 1, churn = 1, rest = "fault" }
"#;

#[test]
fn own_workloads_are_measured_and_recorded_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let spec = directory.path().join("own.toml");
    std::fs::write(&spec, SPEC).expect("it can be written");
    let out = directory.path().join("run");
    let words = format!("--spec {}", spec.display());
    tiny_run(vmalock(), &out, &words).assert().code(0);
    let run = RunFile::read(&out);

    let names: Vec<_> = run
        .header
        .workloads
        .iter()
        .map(|spec| spec.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["mmap-churn", "packed-uniform", "beside-own", "all-roles"]
    );
    let packed = &run.header.workloads[1];
    assert_eq!(
        (packed.vmas, packed.pages_per_vma, packed.target),
        (100, 1, Target::Uniform)
    );
    assert_eq!((packed.layout, packed.index), (Layout::Packed, true));
    assert_eq!(
        packed.summary,
        "a hundred small VMAs whose locks share lines"
    );
    let beside = &run.header.workloads[2];
    assert_eq!(
        (beside.vmas, beside.target, beside.layout),
        (0, Target::Own, Layout::BesideHotFields)
    );
    assert!(!beside.index);

    assert_eq!(run.cells.len(), 4 * 2 * 3 * 2);
    for cell in &run.cells {
        assert_eq!(
            cell.verified,
            Some(true),
            "{} {}",
            cell.workload,
            cell.threads
        );
        let asked = [&cell.hold, &cell.think, &cell.write_hold, &cell.write_think]
            .map(|delay| delay.as_ref().map(|delay| delay.asked_ns));
        let expected = match cell.workload.as_str() {
            "packed-uniform" => [Some(300), Some(400), None, None],
            "beside-own" => [Some(100), None, None, None],
            "all-roles" => [None, None, Some(500), Some(600)],
            _ => continue,
        };
        assert_eq!(asked, expected, "{}", cell.workload);
        let obtained =
            |delay: &Option<Delay>| delay.as_ref().is_none_or(|delay| delay.obtained_ns > 0);
        assert!(
            obtained(&cell.hold) && obtained(&cell.write_think),
            "{}",
            cell.workload
        );
    }
    let roles = |threads| -> Vec<RoleName> {
        let mut cells = run.cells.iter().filter(|cell| cell.workload == "all-roles");
        let cell = cells
            .find(|cell| cell.threads == threads)
            .expect("it was measured");
        cell.roles.iter().map(|role| role.role).collect()
    };
    assert_eq!(roles(1), [RoleName::Mprotect]);
    assert_eq!(
        roles(3),
        [RoleName::Mprotect, RoleName::Churn, RoleName::Fault]
    );
}

#[test]
fn flags_win_over_the_file_and_a_file_can_change_a_preset() {
    let directory = tempfile::tempdir().expect("a directory");
    let spec = directory.path().join("own.toml");
    std::fs::write(
        &spec,
        format!("{SPEC}\n[[workload]]\nname = \"mmap-churn\"\nvmas = 2\n"),
    )
    .expect("it can be written");
    let mut command = vmalock();
    command.args([
        "run",
        "--dry-run",
        "--lock",
        "null",
        "--workload",
        "mmap-churn,all-roles",
        "--threads",
        "2",
        "--spec",
    ]);
    command
        .arg(&spec)
        .assert()
        .code(0)
        .stdout(predicate::str::contains("locks:      null\n"))
        .stdout(predicate::str::contains(
            "workloads:  all-roles, mmap-churn\n",
        ))
        .stdout(
            predicate::str::contains("threads:    2\n")
                .and(predicate::str::contains("each with 1 rounds")),
        );
}
