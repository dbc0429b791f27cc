//! Few CPUs, CPUs that are not allowed, and a neighbour on one of them.

use crate::tool::{RunFile, VMALOCK, one_line_of_complaint, tiny_run, vmalock};
use runners::pin::allowed_cpus;
use std::process::{Child, Command, Stdio};

/// The program, kept to one CPU.
fn on_one_cpu() -> (u32, assert_cmd::Command) {
    let cpu = *allowed_cpus().first().expect("some CPU is allowed");
    let mut command = assert_cmd::Command::new("taskset");
    command
        .args(["-c", &cpu.to_string(), VMALOCK])
        .timeout(std::time::Duration::from_secs(300));
    (cpu, command)
}

#[test]
fn one_cpu_is_enough_and_is_said() {
    let out = tempfile::tempdir().expect("a directory");
    let (cpu, command) = on_one_cpu();
    let words = "--rounds 1 --threads 1,2 --mode throughput,latency";
    tiny_run(command, out.path(), words).assert().code(0);
    let run = RunFile::read(out.path());
    assert_eq!(run.header.host.allowed_cpus, [cpu]);
    for cell in &run.cells {
        assert_eq!(
            cell.oversubscribed,
            cell.threads > 1,
            "{} {}",
            cell.lock,
            cell.threads
        );
        assert!(cell.cpus.iter().all(|used| *used == cpu));
        assert_eq!(
            cell.verified,
            Some(cell.lock != "null"),
            "{} {}",
            cell.lock,
            cell.workload
        );
    }
}

#[test]
fn a_cpu_that_is_not_allowed_is_named_with_those_that_are() {
    let out = tempfile::tempdir().expect("a directory");
    let (cpu, command) = on_one_cpu();
    let other = cpu + 1;
    let words = format!("--rounds 1 --placement {other}");
    let complaint = one_line_of_complaint(&mut tiny_run(command, &out.path().join("run"), &words));
    assert!(
        complaint.contains(&format!("CPU {other} of the placement is not among")),
        "{complaint}"
    );
    assert!(complaint.contains(&format!("({cpu})")), "{complaint}");
}

#[test]
fn more_threads_than_a_list_names_share_its_cpus() {
    let out = tempfile::tempdir().expect("a directory");
    let cpu = *allowed_cpus().last().expect("some CPU is allowed");
    let words = format!(
        "--rounds 1 --threads 1,2 --mode throughput --workload fault-one-vma --placement {cpu}"
    );
    tiny_run(vmalock(), out.path(), &words).assert().code(0);
    for cell in RunFile::read(out.path()).cells {
        assert_eq!(
            (cell.placement, cell.oversubscribed),
            (cpu.to_string(), cell.threads > 1)
        );
        assert!(cell.cpus.iter().all(|used| *used == cpu));
    }
}

/// A process that burns a CPU until it is dropped.
struct Neighbour(Child);

impl Neighbour {
    fn on(cpu: u32) -> Self {
        let mut command = Command::new("taskset");
        command.args([
            "-c",
            &cpu.to_string(),
            "sh",
            "-c",
            "echo; while :; do :; done",
        ]);
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("taskset and sh are there");
        // Its first byte says that it runs.
        let mut stdout = child.stdout.take().expect("stdout is piped");
        std::io::Read::read_exact(&mut stdout, &mut [0]).expect("it runs");
        Self(child)
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing more to do then.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_neighbour_on_a_workers_cpu_makes_cells_dirty() {
    let cpu = *allowed_cpus().last().expect("some CPU is allowed");
    let neighbour = Neighbour::on(cpu);
    let out = tempfile::tempdir().expect("a directory");
    let mut command = vmalock();
    command
        .args([
            "run",
            "--processes",
            "1",
            "--window-ms",
            "60",
            "--rounds",
            "5",
            "--out",
        ])
        .arg(out.path());
    command.args([
        "--threads",
        "1",
        "--mode",
        "throughput",
        "--workload",
        "fault-one-vma",
        "--lock",
        "null,rwsem",
    ]);
    command.args(["--placement", &cpu.to_string()]);
    command.assert().code(0);
    drop(neighbour);
    let cells = RunFile::read(out.path()).cells;
    let dirty = cells.iter().filter(|cell| cell.noise.dirty).count();
    assert!(
        dirty * 2 > cells.len(),
        "{dirty} of {} cells are dirty",
        cells.len()
    );
    assert!(
        cells
            .iter()
            .all(|cell| cell.noise.dirty != cell.noise.reasons.is_empty())
    );
}
