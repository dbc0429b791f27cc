//! A group of perf events that the kernel schedules as a whole.
//!
//! The events are opened through `perf-event` and read here. Its own `Group::read` trusts that every event it was asked
//! for was opened, and panics ever after when one was not (as on any machine without a PMU); its `Counter::read` panics
//! when the kernel's two times disagree for a moment, which happens.

#![allow(
    unsafe_code,
    reason = "perf-event gives its file descriptors away as bare numbers only"
)]

use super::event::Event;
use bench_core::record::CounterValue;
use perf_event::{Counter, Group};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

/// Below this share of its time on the hardware a count is not scaled but given up.
const LEAST_SHARE: f64 = 0.5;

/// One reading of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) count: u64,
    pub(super) enabled_ns: u64,
    pub(super) running_ns: u64,
}

impl Reading {
    /// What came since `before`.
    fn since(self, before: Self) -> Self {
        Self {
            count: self.count.wrapping_sub(before.count),
            enabled_ns: self.enabled_ns.saturating_sub(before.enabled_ns),
            running_ns: self.running_ns.saturating_sub(before.running_ns),
        }
    }

    /// The count, scaled to the whole time, or why it is worth nothing.
    pub(super) fn value(self) -> CounterValue {
        if self.running_ns == 0 {
            return CounterValue::Unavailable(
                "it was never on the hardware while the window was open; stop other users of the counters (perf, the NMI watchdog: `sysctl kernel.nmi_watchdog=0`)".to_owned(),
            );
        }
        if self.running_ns >= self.enabled_ns {
            return CounterValue::Value(self.count);
        }
        let share = self.running_ns as f64 / self.enabled_ns as f64;
        if share < LEAST_SHARE {
            return CounterValue::Unavailable(format!(
                "it was on the hardware for only {:.0} % of the window, too little to scale; stop other users of the counters (perf, the NMI watchdog: `sysctl kernel.nmi_watchdog=0`)",
                share * 100.0
            ));
        }
        let scaled =
            u128::from(self.count) * u128::from(self.enabled_ns) / u128::from(self.running_ns);
        CounterValue::Value(u64::try_from(scaled).unwrap_or(u64::MAX))
    }
}

/// One open event and where it stood when counting began.
#[derive(Debug)]
pub(super) struct Member {
    name: String,
    file: File,
    before: Reading,
}

impl Member {
    fn new(name: &str, counter: Counter) -> Self {
        // SAFETY: `into_raw_fd` gives up the descriptor, which nobody else closes from here on.
        let descriptor = unsafe { OwnedFd::from_raw_fd(counter.into_raw_fd()) };
        Self::of(name, descriptor)
    }

    /// An open event whose readings are the count and the two times.
    pub(super) fn of(name: &str, descriptor: OwnedFd) -> Self {
        Self {
            name: name.to_owned(),
            file: File::from(descriptor),
            before: Reading::default(),
        }
    }

    /// The descriptor, for switching the event on and off.
    pub(super) fn descriptor(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    /// Sets the counts until now aside.
    pub(super) fn begin(&mut self) -> io::Result<()> {
        self.before = self.read()?;
        Ok(())
    }

    /// Adds the value since [`Self::begin`], or why there is none: also for `failed`, why switching did not work.
    pub(super) fn read_into(
        &self,
        failed: Option<&String>,
        values: &mut BTreeMap<String, CounterValue>,
    ) {
        let value = match (failed, self.read()) {
            (Some(reason), _) => CounterValue::Unavailable(reason.clone()),
            (None, Ok(reading)) => reading.since(self.before).value(),
            (None, Err(error)) => CounterValue::Unavailable(unreadable(&error)),
        };
        values.insert(self.name.clone(), value);
    }

    /// Reads the event. A short answer means that the kernel gave up on it.
    fn read(&self) -> io::Result<Reading> {
        let mut bytes = [0_u8; 24];
        (&self.file).read_exact(&mut bytes)?;
        let word = |place: usize| {
            let mut word = [0_u8; 8];
            word.copy_from_slice(&bytes[place * 8..][..8]);
            u64::from_ne_bytes(word)
        };
        Ok(Reading {
            count: word(0),
            enabled_ns: word(1),
            running_ns: word(2),
        })
    }
}

/// The events of a group that could be opened.
#[derive(Debug)]
pub(super) struct OpenGroup {
    /// Switches the members on and off; `None` when there is none.
    leader: Option<Group>,
    members: Vec<Member>,
    /// Why switching failed.
    failed: Option<String>,
}

impl OpenGroup {
    /// Opens the events of a group for the calling thread, and writes down why for those that cannot be.
    ///
    /// Each is tried by itself first: an event that fails within a group would spoil the group.
    pub(super) fn open(events: &[Event], unavailable: &mut BTreeMap<String, CounterValue>) -> Self {
        let mut refuse = |event: &Event, reason: String| {
            unavailable.insert(event.name.to_owned(), CounterValue::Unavailable(reason));
        };
        let mut usable: Vec<&Event> = Vec::new();
        for event in events {
            match event.probe() {
                Ok(()) => usable.push(event),
                Err(reason) => refuse(event, reason),
            }
        }
        let mut members = Vec::new();
        let mut leader = None;
        if !usable.is_empty() {
            match Group::new() {
                Ok(group) => leader = Some(group),
                Err(error) => {
                    for event in &usable {
                        refuse(event, event.reason(&error));
                    }
                }
            }
        }
        if let Some(leader) = &mut leader {
            for event in usable {
                match event.builder().group(leader).build() {
                    Ok(counter) => members.push(Member::new(event.name, counter)),
                    Err(error) => refuse(event, event.reason(&error)),
                }
            }
        }
        Self {
            leader,
            members,
            failed: None,
        }
    }

    /// Begins to count. The members' earlier counts are set aside: a reset would leave their times.
    pub(super) fn enable(&mut self) {
        self.failed = None;
        for member in &mut self.members {
            if let Err(error) = member.begin() {
                self.failed = Some(unreadable(&error));
            }
        }
        if let Some(leader) = &mut self.leader
            && let Err(error) = leader.enable()
        {
            self.failed = Some(unreadable(&error));
        }
    }

    /// Stops counting.
    pub(super) fn disable(&mut self) {
        if let Some(leader) = &mut self.leader
            && let Err(error) = leader.disable()
        {
            self.failed = Some(unreadable(&error));
        }
    }

    /// Adds each member's value, or why there is none.
    pub(super) fn read_into(&self, values: &mut BTreeMap<String, CounterValue>) {
        for member in &self.members {
            member.read_into(self.failed.as_ref(), values);
        }
    }
}

/// Why an event that had been opened gave nothing.
pub(super) fn unreadable(error: &io::Error) -> String {
    format!(
        "the open event could not be switched or read ({error}); stop other users of the counters (perf, the NMI watchdog) and run again"
    )
}
