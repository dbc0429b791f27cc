//! Runs with the records of a tiny one and counts that are made up, so that no busy machine changes what is said of them.

use crate::tool::{RunFile, tiny_run, vmalock};
use bench_core::record::{Cell, Footer, Header, Record};
use std::path::PathBuf;
use std::sync::LazyLock;
use tempfile::TempDir;

const WINDOW_NS: u64 = 1_000_000;
/// The locks and their operations in a window, give or take a little.
const LOCKS: [(&str, u64); 2] = [("rwsem", 8_000), ("refcount", 10_000)];

/// Gives the cell's only thread so many operations.
pub(crate) fn set_ops(cell: &mut Cell, ops: u64) {
    for role in &mut cell.roles {
        role.ops = ops;
        role.ops_per_thread = vec![ops];
    }
}

/// The records of a run of one process, which is measured once for all tests.
struct Records {
    header: Header,
    cells: Vec<Cell>,
    footer: Footer,
}

static RECORDS: LazyLock<Records> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a directory");
    let words =
        "--rounds 1 --lock rwsem,refcount --threads 1 --workload fault-one-vma --mode throughput";
    tiny_run(vmalock(), &directory.path().join("measured"), words)
        .assert()
        .code(0);
    let run = RunFile::read(&directory.path().join("measured"));
    let mut header = run.header.clone();
    // What is made up is of a machine, also where these tests are emulated.
    header.host.emulator = None;
    Records {
        header,
        footer: run.footer().clone(),
        cells: run.cells,
    }
});

/// A measured run of one process, to make others of, in a directory of its own.
pub(crate) struct Measured {
    directory: TempDir,
    records: &'static Records,
}

impl Measured {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a directory"),
            records: &RECORDS,
        }
    }

    /// The cells of one process: its luck is the same for both locks.
    fn process(&self, process: u32) -> impl Iterator<Item = Cell> + '_ {
        let luck = [0, 40, 20, 60, 10, 50][process as usize % 6];
        self.records.cells.iter().map(move |cell| {
            let mut cell = cell.clone();
            let of_lock = LOCKS.iter().find(|(name, _)| *name == cell.lock);
            set_ops(&mut cell, of_lock.expect("one of the two").1 + luck);
            cell.process = process;
            cell.noise.dirty = false;
            cell.window_ns = WINDOW_NS;
            cell.window_ns_per_thread = vec![WINDOW_NS];
            cell
        })
    }

    /// A path beside the runs.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A run with as many processes, and with what else is changed in its header, in a directory of its own.
    pub(crate) fn run(&self, name: &str, processes: u32, change: impl Fn(&mut Header)) -> PathBuf {
        self.run_with(name, processes, change, |_| ())
    }

    /// The same, and with what else is changed in its cells.
    pub(crate) fn run_with(
        &self,
        name: &str,
        processes: u32,
        change: impl Fn(&mut Header),
        change_cell: impl Fn(&mut Cell),
    ) -> PathBuf {
        let mut header = self.records.header.clone();
        change(&mut header);
        let mut records = vec![Record::Header(Box::new(header))];
        for process in 0..processes {
            for mut cell in self.process(process) {
                change_cell(&mut cell);
                records.push(Record::Cell(Box::new(cell)));
            }
        }
        records.push(Record::Footer(self.records.footer.clone()));
        let line = |record| serde_json::to_string(record).expect("it is JSON") + "\n";
        let directory = self.directory.path().join(name);
        std::fs::create_dir(&directory).expect("a new directory");
        let text: String = records.iter().map(line).collect();
        std::fs::write(directory.join("run.jsonl"), text).expect("it can be written");
        directory
    }

    pub(crate) fn later(&self, name: &str, change: impl Fn(&mut Header)) -> PathBuf {
        self.run(name, 6, |header| {
            header.started_at = "2030-01-01T00:00:00Z".to_owned();
            change(header);
        })
    }
}
