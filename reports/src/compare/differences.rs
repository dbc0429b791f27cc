//! In which fields two records differ.

use bench_core::record::Header;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;

/// What is measured of a host or only says what may be counted on it; the same host gives other values each time.
const NOT_OF_A_FINGERPRINT: [&str; 3] = ["measured", "pmu", "perf_event_paranoid"];
/// Longer values are cut: a list of all CPUs fills a page.
const LONGEST: usize = 60;

/// A field in which two runs differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field's path in the header, such as `host.kernel`.
    pub field: String,
    /// Its value in the first run, as JSON.
    pub one: String,
    /// Its value in the second run, as JSON.
    pub other: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = |text: &str| match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        };
        write!(
            f,
            "{}: {} and {}",
            self.field,
            cut(&self.one),
            cut(&self.other)
        )
    }
}

/// The fields of a fingerprint in which two hosts differ: all that the record has, so that a field added to it counts.
pub(crate) fn of_hosts(one: &impl Serialize, other: &impl Serialize) -> Vec<Difference> {
    let mut found = of("host", one, other);
    found.retain(|difference| {
        let field = difference.field.trim_start_matches("host.");
        let close = field == "memory_bytes" && nearly(&difference.one, &difference.other);
        !NOT_OF_A_FINGERPRINT.contains(&field) && !close
    });
    found
}

/// In which build, clock and length two runs differ, in words. It may be what is asked after, so it is only said.
pub(super) fn of_builds(one: &Header, other: &Header) -> Vec<String> {
    let sizes = |header: &Header| {
        serde_json::json!({
            "processes": header.processes,
            "rounds": header.rounds,
            "window_ns": header.window_ns,
        })
    };
    let clock_kind = |header: &Header| serde_json::json!({ "kind": header.clock.kind });
    let all = [
        of("tool", &one.tool, &other.tool),
        of("clock", &clock_kind(one), &clock_kind(other)),
        of("header", &sizes(one), &sizes(other)),
    ];
    all.concat()
        .iter()
        .map(|difference| format!("the runs differ in {difference}"))
        .collect()
}

/// The fields in which two records differ, at their first level.
pub(crate) fn of(path: &str, one: &impl Serialize, other: &impl Serialize) -> Vec<Difference> {
    let (one, other) = (fields(one), fields(other));
    let names: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let value =
        |of: &Map<String, Value>, name: &str| of.get(name).unwrap_or(&Value::Null).to_string();
    names
        .into_iter()
        .map(|name| Difference {
            field: format!("{path}.{name}"),
            one: value(&one, name),
            other: value(&other, name),
        })
        .filter(|difference| difference.one != difference.other)
        .collect()
}

fn fields(record: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(record) {
        Ok(Value::Object(fields)) => fields,
        // Every record is an object.
        _ => Map::new(),
    }
}

/// The kernel's own share of memory moves a little from boot to boot.
fn nearly(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (one.parse::<u64>(), other.parse::<u64>()) else {
        return false;
    };
    one.abs_diff(other) <= one.max(other) / 64
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench_core::record::{Cpu, Host, Measured};

    fn host() -> Host {
        Host {
            arch: "x86_64".into(),
            kernel: Some("6.18.0".into()),
            memory_bytes: Some(8 << 30),
            ..Host::default()
        }
    }

    #[test]
    fn what_is_measured_is_no_fingerprint() {
        let again = Host {
            measured: Some(Measured::default()),
            pmu: Some(true),
            perf_event_paranoid: Some(-1),
            memory_bytes: Some((8 << 30) - 4096),
            ..host()
        };
        assert_eq!(of_hosts(&host(), &again), []);
    }

    #[test]
    fn hosts_of_arm64_differ_by_their_cores() {
        let of_cores = |design: &str, revision: &str| Host {
            arch: "aarch64".into(),
            cpu_vendor: Some("Arm".into()),
            cpu_model: Some(design.into()),
            cpu_revision: Some(revision.into()),
            cpus: vec![Cpu {
                design: Some(design.into()),
                ..Cpu::default()
            }],
            ..host()
        };
        let first = of_cores("Neoverse-V1", "variant 0x1 revision 1");
        let fields = |other: &Host| -> Vec<String> {
            let found = of_hosts(&first, other);
            found
                .into_iter()
                .map(|difference| difference.field)
                .collect()
        };
        assert_eq!(fields(&first), Vec::<String>::new());
        let stepping = of_cores("Neoverse-V1", "variant 0x1 revision 2");
        assert_eq!(fields(&stepping), ["host.cpu_revision"]);
        let other = of_cores("Neoverse-N1", "variant 0x1 revision 1");
        assert_eq!(fields(&other), ["host.cpu_model", "host.cpus"]);
    }

    #[test]
    fn each_field_that_differs_is_named() {
        let elsewhere = Host {
            kernel: Some("6.19.0".into()),
            memory_bytes: Some(4 << 30),
            governor: Some("powersave".into()),
            ..host()
        };
        let words: Vec<String> = of_hosts(&host(), &elsewhere)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            words,
            [
                "host.governor: null and \"powersave\"",
                "host.kernel: \"6.18.0\" and \"6.19.0\"",
                "host.memory_bytes: 8589934592 and 4294967296",
            ]
        );
    }
}
