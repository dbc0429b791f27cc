//! What is compared, with its unit and which way is better.

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Higher,
    Lower,
}

const SPEED: [&str; 2] = ["slower", "faster"];

/// Something that is measured of a lock.
#[derive(Debug, PartialEq)]
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
    /// What the second is when it is worse, and when it is better.
    pub(crate) words: [&'static str; 2],
    /// Whether its verdicts decide: all of them together are wrong once in twenty comparisons at most. The others inform.
    pub(crate) gated: bool,
    /// Less than this share is no difference, unless the user says otherwise.
    pub(crate) margin: f64,
}

/// Operations that ended in the window.
pub(crate) const THROUGHPUT: Metric = Metric {
    name: "throughput",
    unit: "op/s",
    better: Better::Higher,
    words: SPEED,
    gated: true,
    margin: 0.03,
};

/// How evenly the threads of a role share its throughput: Jain's index, 1 when all have the same.
pub(crate) const FAIRNESS: Metric = Metric {
    name: "Jain's index",
    unit: "",
    better: Better::Higher,
    words: ["less fair", "fairer"],
    gated: false,
    margin: 0.03,
};

/// Percentiles of the time from request to held, each with its place in [`crate::digest::QUANTILES`].
pub(crate) const LATENCIES: [(usize, Metric); 4] = [
    (0, latency("p50", false)),
    (2, latency("p99", true)),
    (3, latency("p99.9", false)),
    (4, latency("p99.99", false)),
];

/// The gated metric that is called so, with what it is of behind it.
pub(crate) fn gated(name: &str) -> Option<&'static Metric> {
    let all = LATENCIES.iter().map(|(_, metric)| metric);
    all.chain([&THROUGHPUT])
        .find(|metric| metric.gated && name.split(' ').next() == Some(metric.name))
}

const fn latency(name: &'static str, gated: bool) -> Metric {
    Metric {
        name,
        unit: "ns",
        better: Better::Lower,
        words: SPEED,
        gated,
        margin: 0.1,
    }
}
