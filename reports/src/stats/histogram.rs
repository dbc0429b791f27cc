//! Latency histograms: decoding, curves, and what they are too coarse or too small to tell.

use super::estimate::CONFIDENCE;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bench_core::record::ClockInfo;
use flate2::{Decompress, FlushDecompress, Status};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use thiserror::Error;

/// A percentile with fewer samples than this beyond it is shown greyed: one stall more or less would move it.
pub const MIN_TAIL_SAMPLES: f64 = 10.0;

/// Why the histogram of a record cannot be read.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// It is not base64.
    #[error("the histogram is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// It is not a histogram in the V2 form.
    #[error("the histogram is not in HdrHistogram's V2 form: {0}")]
    Histogram(#[from] hdrhistogram::serialization::DeserializeError),
}

/// The bytes before the deflated part: the cookie of the compressed form and the length of what follows.
const COMPRESSED_HEADER_BYTES: usize = 8;

/// Decodes histograms of records; keeps its buffers from one to the next.
pub struct Decoder {
    deserializer: Deserializer,
    inflater: Decompress,
    bytes: Vec<u8>,
    inflated: Vec<u8>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            deserializer: Deserializer::new(),
            inflater: Decompress::new(true),
            bytes: Vec::new(),
            // A histogram of two digits up to 10 s has about 3,000 counts; more is made room for.
            inflated: Vec::with_capacity(32 << 10),
        }
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

impl Decoder {
    /// The histogram of a record, values in nanoseconds.
    ///
    /// # Errors
    /// When the text is not base64 or its bytes are not a histogram.
    pub fn decode(&mut self, text: &str) -> Result<Histogram<u64>, DecodeError> {
        self.bytes.clear();
        BASE64_STANDARD.decode_vec(text, &mut self.bytes)?;
        if self.inflate() {
            return Ok(self
                .deserializer
                .deserialize(&mut self.inflated.as_slice())?);
        }
        Ok(self.deserializer.deserialize(&mut self.bytes.as_slice())?)
    }

    /// Inflates a compressed histogram into `inflated`. hdrhistogram can do that itself, but allocates and clears some
    /// 80 KiB for each, which takes longer than all else; it keeps what this does not understand, and the errors.
    fn inflate(&mut self) -> bool {
        let Some(deflated) = self.bytes.get(COMPRESSED_HEADER_BYTES..) else {
            return false;
        };
        self.inflater.reset(true);
        self.inflated.clear();
        let status =
            self.inflater
                .decompress_vec(deflated, &mut self.inflated, FlushDecompress::Finish);
        matches!(status, Ok(Status::StreamEnd))
    }
}

/// With fewer samples quantile `q` has no upper bound and is not shown: the largest of them is then below it in more than
/// one case of forty, ln(0.025) / ln(q), about 367 for p99 (the interval between order statistics; Conover, Practical
/// Nonparametric Statistics, 3.2).
///
/// # Panics
/// When `q` is not from 0 to below 1.
#[must_use]
pub fn least_samples(q: f64) -> u64 {
    assert!((0.0..1.0).contains(&q), "a quantile lies from 0 to below 1");
    (((1.0 - CONFIDENCE) / 2.0).ln() / q.ln()).ceil() as u64
}

/// Whether `count` samples are enough to rely on quantile `q`: [`MIN_TAIL_SAMPLES`] beyond it, and [`least_samples`].
#[must_use]
pub fn enough_samples(count: u64, q: f64) -> bool {
    // The small allowance keeps 10,000 samples enough for 0.999 in binary arithmetic.
    count as f64 * (1.0 - q) + 1e-6 >= MIN_TAIL_SAMPLES && count >= least_samples(q)
}

/// Below this many nanoseconds a latency is the clock's own: three of its steps, or two readings.
#[must_use]
pub fn timer_floor_ns(clock: &ClockInfo) -> u64 {
    (3 * clock.quantum_ns).max(2 * clock.cost_ns)
}

/// A point of a percentile curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// log10(1 / (1 - q)): 0 at the minimum, 1 at the 90th percentile, 2 at the 99th.
    pub nines: f64,
    /// The value in nanoseconds.
    pub value_ns: u64,
    /// Whether [`MIN_TAIL_SAMPLES`] lie beyond it.
    pub enough: bool,
}

/// The curve of a histogram on the percentile axis, from its minimum to its last sample, every 0.05 nines.
///
/// Points inside a stretch of equal values are left out.
#[must_use]
pub fn curve(histogram: &Histogram<u64>) -> Vec<CurvePoint> {
    let count = histogram.len();
    if count == 0 {
        return Vec::new();
    }
    let last = (count as f64).log10();
    let nines = || {
        (0..=400_u32)
            .map(|step| f64::from(step) * 0.05)
            .take_while(|n| *n <= last)
    };
    let quantile = |nines: f64| 1.0 - 10_f64.powf(-nines);
    let mut points: Vec<CurvePoint> = Vec::new();
    for (nines, value_ns) in nines().zip(histogram.value_at_quantiles(nines().map(quantile))) {
        let point = CurvePoint {
            nines,
            value_ns,
            enough: enough_samples(count, quantile(nines)),
        };
        let inside = matches!(points.as_slice(), [.., a, b] if
            a.value_ns == b.value_ns && b.value_ns == point.value_ns && a.enough == point.enough);
        if inside {
            points.pop();
        }
        points.push(point);
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::serialization::{Serializer, V2DeflateSerializer, V2Serializer};

    fn encoded(histogram: &Histogram<u64>) -> String {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(histogram, &mut bytes)
            .expect("a histogram serialises into memory");
        BASE64_STANDARD.encode(bytes)
    }

    fn sample() -> Histogram<u64> {
        let mut histogram = Histogram::new_with_bounds(1, 10_000_000_000, 2).expect("bounds");
        for value in 1..=1_000_u64 {
            histogram.record(value * 10).expect("in bounds");
        }
        histogram
    }

    #[test]
    fn a_histogram_comes_back_as_it_was() {
        let mut decoder = Decoder::default();
        for _ in 0..2 {
            let back = decoder.decode(&encoded(&sample())).expect("a histogram");
            assert_eq!(back, sample());
        }
    }

    #[test]
    fn a_large_or_uncompressed_histogram_is_read_as_well() {
        let mut fine = Histogram::<u64>::new_with_bounds(1, 1 << 40, 4).expect("bounds");
        for value in 0..200_000_u64 {
            fine.record(value * 7_919 % (1 << 30)).expect("in bounds");
        }
        let mut plain = Vec::new();
        V2Serializer::new()
            .serialize(&fine, &mut plain)
            .expect("a histogram serialises into memory");
        let mut decoder = Decoder::default();
        for text in [encoded(&fine), BASE64_STANDARD.encode(plain)] {
            assert_eq!(decoder.decode(&text).expect("a histogram"), fine);
        }
    }

    #[test]
    fn merging_adds_the_samples() {
        let mut merged = sample();
        merged.add(sample()).expect("the same bounds");
        assert_eq!(merged.len(), 2_000);
        assert_eq!(
            merged.value_at_quantile(0.5),
            sample().value_at_quantile(0.5)
        );
    }

    #[test]
    fn what_is_no_histogram_is_said() {
        let mut decoder = Decoder::default();
        let error = decoder.decode("!").expect_err("not base64").to_string();
        assert!(error.contains("not base64"), "{error}");
        let error = decoder
            .decode("AAAA")
            .expect_err("no histogram")
            .to_string();
        assert!(error.contains("V2 form"), "{error}");
    }

    #[test]
    fn ten_samples_must_lie_beyond_a_percentile() {
        assert!(enough_samples(1_000, 0.99));
        assert!(!enough_samples(999, 0.99));
        assert!(enough_samples(10_000, 0.999));
        assert!(!enough_samples(9_990, 0.999));
        assert!(enough_samples(100_000, 0.9999));
        assert!(!enough_samples(99_990, 0.9999));
    }

    #[test]
    fn the_least_samples_are_those_of_the_published_table() {
        // 367, 3,687 and 36,887 to the nearest, of which a sample is a whole one.
        for (q, samples) in [(0.99, 368), (0.999, 3_688), (0.9999, 36_887)] {
            assert_eq!(least_samples(q), samples, "{q}");
            let all_below = |count: u64| q.powf(count as f64);
            assert!(all_below(samples) <= 0.025 && all_below(samples - 1) > 0.025);
        }
        assert_eq!(least_samples(0.5), 6);
        // What is enough is always more than the least, or a pale percentile could not be.
        for q in [0.5, 0.9, 0.99, 0.999, 0.9999] {
            assert!(!enough_samples(least_samples(q), q), "{q}");
        }
    }

    #[test]
    fn the_floor_is_the_larger_of_three_steps_and_two_readings() {
        let mut clock = ClockInfo {
            kind: "tsc".into(),
            why: String::new(),
            ticks_per_s: 1,
            claimed_ticks_per_s: None,
            quantum_ns: 10,
            cost_ns: 12,
            drift_ppm: 0,
        };
        assert_eq!(timer_floor_ns(&clock), 30);
        clock.cost_ns = 20;
        assert_eq!(timer_floor_ns(&clock), 40);
    }

    #[test]
    fn a_curve_rises_ends_at_the_last_sample_and_greys_its_tail() {
        let points = curve(&sample());
        assert!(points.windows(2).all(|p| p[0].value_ns <= p[1].value_ns));
        assert!(points.windows(2).all(|p| p[0].nines < p[1].nines));
        let last = points.last().expect("points");
        assert!(last.nines <= 3.0 && !last.enough);
        assert!(points.iter().all(|p| p.enough == (p.nines < 2.01)));
        assert!(curve(&Histogram::<u64>::new(2).expect("digits")).is_empty());
    }
}
