//! Made-up latencies.

use super::random::Random;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bench_core::record::Latency;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Histograms made once and used in many cells, since making one costs more than all else in a sketch.
pub(super) struct HistogramPool(Vec<(f64, Vec<Latency>)>);

impl HistogramPool {
    const SAMPLES: u64 = 1_200;

    /// The one of sketches with this seed, and where their random numbers go on after it.
    pub(super) fn of(seed: u64) -> (Arc<Self>, Random) {
        static MADE: Mutex<BTreeMap<u64, (Arc<HistogramPool>, Random)>> =
            Mutex::new(BTreeMap::new());
        let mut made = MADE.lock().expect("nobody panics with it");
        let (pool, random) = made.entry(seed).or_insert_with(|| {
            let mut random = Random(seed);
            (Arc::new(Self::new(&mut random)), random)
        });
        (Arc::clone(pool), *random)
    }

    fn new(random: &mut Random) -> Self {
        let scales = [
            40.0, 60.0, 90.0, 140.0, 220.0, 350.0, 900.0, 1_600.0, 4_000.0,
        ];
        Self(
            scales
                .into_iter()
                .map(|scale| (scale, (0..6).map(|_| latency(scale, random)).collect()))
                .collect(),
        )
    }

    /// Latencies near those of a lock of this rate, some steps slower for what is not the fast path.
    pub(super) fn pick(&self, slower: usize, rate: f64, random: &mut Random) -> Latency {
        let wanted = 2.5e8 / rate;
        let nearest = self.0.iter().position(|(scale, _)| *scale >= wanted);
        let step = (nearest.unwrap_or(6) + 2 * slower).min(self.0.len() - 1);
        let same = &self.0[step].1;
        same[random.below(same.len() as u64) as usize].clone()
    }
}

fn latency(scale_ns: f64, random: &mut Random) -> Latency {
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 10_000_000_000, 2).expect("bounds");
    for _ in 0..HistogramPool::SAMPLES {
        let tail = -(1.0 - random.unit()).ln();
        let stall = if random.below(700) == 0 { 60.0 } else { 1.0 };
        let ns = scale_ns * (0.7 + 0.25 * tail * tail.sqrt()) * stall;
        // The clock steps by 10 ns.
        histogram
            .record(((ns / 10.0) as u64 * 10).max(10))
            .expect("in bounds");
    }
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(&histogram, &mut bytes)
        .expect("a histogram serialises into memory");
    Latency {
        count: histogram.len(),
        min_ns: histogram.min(),
        max_ns: histogram.max(),
        saturated: 0,
        histogram: BASE64_STANDARD.encode(bytes),
    }
}
