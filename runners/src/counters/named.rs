//! An event that is asked for by its encoding, which perf-event has no words for. Each counts by itself: the kernel may have it on the
//! hardware at other times than the groups.

#![allow(
    unsafe_code,
    reason = "the system call and the switches have no safe form"
)]

use super::event::{Place, reason};
use super::group::{Member, unreadable};
use super::pmu::Encoding;
use bench_core::record::CounterValue;
use perf_event_open_sys::bindings::{
    PERF_FORMAT_TOTAL_TIME_ENABLED, PERF_FORMAT_TOTAL_TIME_RUNNING, perf_event_attr,
};
use perf_event_open_sys::{ioctls, perf_event_open};
use std::collections::BTreeMap;
use std::ffi::{c_int, c_uint};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// An open event.
#[derive(Debug)]
pub(super) struct NamedEvent {
    member: Member,
    /// Why switching failed.
    failed: Option<String>,
}

impl NamedEvent {
    /// Opens the event for the calling thread, in user mode alone. It does not count yet.
    ///
    /// # Errors
    /// The reason, in words that say what to do.
    pub(super) fn open(name: &str, encoding: Encoding) -> Result<Self, String> {
        let mut request = perf_event_attr {
            type_: encoding.kind,
            size: size_of::<perf_event_attr>() as u32,
            config: encoding.config[0],
            read_format: u64::from(PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING),
            ..perf_event_attr::default()
        };
        request.__bindgen_anon_3.config1 = encoding.config[1];
        request.__bindgen_anon_4.config2 = encoding.config[2];
        request.set_disabled(1);
        request.set_exclude_kernel(1);
        request.set_exclude_hv(1);
        // SAFETY: the request is whole and its size is told; the kernel writes to nothing but its size. Thread 0 is the caller, on
        // any CPU, in no group.
        let descriptor = unsafe { perf_event_open(&raw mut request, 0, -1, -1, 0) };
        if descriptor < 0 {
            let error = io::Error::last_os_error();
            return Err(reason(name, Place::Processor, &error));
        }
        // SAFETY: the kernel has just made the descriptor, and nobody else has it.
        let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
        Ok(Self {
            member: Member::of(name, descriptor),
            failed: None,
        })
    }

    /// Begins to count.
    pub(super) fn enable(&mut self) {
        self.failed = self.member.begin().err().map(|error| unreadable(&error));
        self.switch(ioctls::ENABLE);
    }

    /// Stops counting.
    pub(super) fn disable(&mut self) {
        self.switch(ioctls::DISABLE);
    }

    fn switch(&mut self, how: unsafe fn(RawFd, c_uint) -> c_int) {
        // SAFETY: the descriptor is that of an open event, and the argument says that no other event is meant.
        if unsafe { how(self.member.descriptor(), 0) } < 0 {
            self.failed = Some(unreadable(&io::Error::last_os_error()));
        }
    }

    /// Adds the value, or why there is none.
    pub(super) fn read_into(&self, values: &mut BTreeMap<String, CounterValue>) {
        self.member.read_into(self.failed.as_ref(), values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perf_event_open_sys::bindings::{PERF_COUNT_SW_TASK_CLOCK, PERF_TYPE_SOFTWARE};

    /// An event of the kernel, since a machine may have no PMU: it goes the same way.
    fn task_clock() -> Result<NamedEvent, String> {
        let encoding = Encoding {
            kind: PERF_TYPE_SOFTWARE,
            config: [u64::from(PERF_COUNT_SW_TASK_CLOCK), 0, 0],
        };
        NamedEvent::open("task_clock", encoding)
    }

    #[test]
    fn an_event_counts_between_its_switches() {
        let mut event = match task_clock() {
            Ok(event) => event,
            Err(why) => return assert!(why.len() > 20, "{why}"),
        };
        let mut count_ns = |turns| {
            event.enable();
            crate::delay::chain(turns);
            event.disable();
            let mut values = BTreeMap::new();
            event.read_into(&mut values);
            match &values["task_clock"] {
                CounterValue::Value(count_ns) => *count_ns,
                CounterValue::Unavailable(why) => panic!("{why}"),
            }
        };
        let (long_ns, short_ns) = (count_ns(5_000_000), count_ns(1));
        assert!(short_ns * 2 < long_ns, "{short_ns} ns after {long_ns} ns");
    }

    #[test]
    fn a_pmu_that_is_not_there_is_refused_in_words() {
        let encoding = Encoding {
            kind: 0x7fff_ffff,
            config: [0; 3],
        };
        let why = NamedEvent::open("r1b", encoding).expect_err("no such PMU");
        assert!(why.len() > 20, "{why}");
    }
}
