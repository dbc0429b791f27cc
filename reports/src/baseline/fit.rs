//! Whether a baseline says something about what is here.

use super::Baseline;
use crate::compare::differences::{self, Difference};
use bench_core::record::{Host, ToolInfo};

/// The build may be of another revision, since that is what is asked after.
const NOT_OF_A_COMPILER: [&str; 2] = ["tool.version", "tool.git_revision"];

/// The host without what is measured of it, which is another number each time.
pub(super) fn fingerprint(host: &Host) -> Host {
    Host {
        measured: None,
        pmu: None,
        perf_event_paranoid: None,
        ..host.clone()
    }
}

/// In which fields of the machine and of the compiler a baseline differs from what is here.
pub(super) fn misfits(baseline: &Baseline, host: &Host, tool: &ToolInfo) -> Vec<Difference> {
    let mut found = differences::of_hosts(&baseline.host, host);
    let builds = differences::of("tool", &baseline.tool, tool);
    found.extend(
        builds
            .into_iter()
            .filter(|d| !NOT_OF_A_COMPILER.contains(&d.field.as_str())),
    );
    found
}
