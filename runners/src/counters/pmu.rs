//! The performance monitoring units of the cores, as sysfs tells them, and how an event of one is asked for.
//!
//! sysfs gives a PMU a number (`type`), the CPUs that it counts on (`cpus`, where cores are of several kinds), its events by
//! name, and where in the kernel's request each term of an event belongs (`format`); see the kernel's
//! `Documentation/ABI/testing/sysfs-bus-event_source-devices-format` and `-events`.

use crate::host::files::Files;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// Where sysfs lists PMUs.
const DEVICES: &str = "sys/bus/event_source/devices";

/// Events that the Arm Architecture Reference Manual (PMU events, event numbers) gives a number, and that Linux leaves out of an armv8
/// PMU's list although cores have them. A core may not count one, and then gives 0.
const UNLISTED: [(&str, u64); 15] = [
    ("bus_access_rd", 0x60),
    ("bus_access_wr", 0x61),
    ("ldrex_spec", 0x6c),
    ("strex_pass_spec", 0x6d),
    ("strex_fail_spec", 0x6e),
    ("strex_spec", 0x6f),
    ("ld_spec", 0x70),
    ("st_spec", 0x71),
    ("ldst_spec", 0x72),
    ("isb_spec", 0x7c),
    ("dsb_spec", 0x7d),
    ("dmb_spec", 0x7e),
    ("cas_near_pass", 0x8171),
    ("cas_near_spec", 0x8172),
    ("cas_far_spec", 0x8173),
];

/// An event that a user asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// By the name that the PMU has for it.
    Named(String),
    /// By the number that the processor's manual has for it, as perf writes it: `r1b`.
    Raw(u64),
}

impl fmt::Display for Wanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => formatter.write_str(name),
            Self::Raw(number) => write!(formatter, "r{number:x}"),
        }
    }
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('r').filter(|digits| !digits.is_empty());
        if let Some(number) = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
            return Ok(Self::Raw(number));
        }
        let known = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if text.is_empty() || !text.chars().all(known) {
            return Err("it is the name of an event of the PMU (`vmalock list counters`), or r and its number in hexadecimal, such as r1b".to_owned());
        }
        Ok(Self::Named(text.to_owned()))
    }
}

/// What the kernel is asked for: the PMU and the three words that say which of its events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// The PMU's number.
    pub kind: u32,
    /// `config`, `config1` and `config2`.
    pub config: [u64; 3],
}

/// The PMU of all cores, or of the cores of one kind.
#[derive(Clone, Debug)]
pub struct Pmu {
    /// `cpu`, `cpu_core`, `armv8_cortex_a55`, ...
    pub name: String,
    /// The CPUs that it counts on; `None` for all.
    pub cpus: Option<Vec<u32>>,
    kind: u32,
    events: BTreeMap<String, String>,
    formats: BTreeMap<String, String>,
}

/// The PMUs of the cores of the machine whose files lie below `root`, by name.
#[must_use]
pub fn of_cores(root: &Path) -> Vec<Pmu> {
    let files = Files::below(root);
    let names = files.names(DEVICES);
    names
        .iter()
        .filter_map(|name| Pmu::read(&files, name))
        .collect()
}

impl Pmu {
    /// A PMU of cores is named `cpu`, or tells its CPUs in `cpus`; those of caches and memory have `cpumask` instead.
    fn read(files: &Files, name: &str) -> Option<Self> {
        let directory = format!("{DEVICES}/{name}");
        let cpus = files.cpu_list(&format!("{directory}/cpus"));
        if name != "cpu" && cpus.is_none() {
            return None;
        }
        let texts = |of: &str| {
            let directory = format!("{directory}/{of}");
            let texts = files.names(&directory).into_iter().filter_map(|name| {
                let text = files.text(&format!("{directory}/{name}"))?;
                Some((name, text))
            });
            texts.collect()
        };
        Some(Self {
            name: name.to_owned(),
            cpus,
            kind: files.number(&format!("{directory}/type"))?,
            events: texts("events"),
            formats: texts("format"),
        })
    }

    /// The events by name. Files such as `mem-loads.unit` belong to an event and are none.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        let unlisted = self.is_armv8().then_some(UNLISTED).into_iter().flatten();
        let unlisted = unlisted.map(|(name, _)| name);
        let unlisted = unlisted.filter(|name| !self.events.contains_key(*name));
        let listed = self.events.keys().map(String::as_str);
        listed.filter(|name| !name.contains('.')).chain(unlisted)
    }

    fn is_armv8(&self) -> bool {
        self.name.starts_with("armv8")
    }

    fn counts_on(&self, cpu: u32) -> bool {
        self.cpus.as_ref().is_none_or(|cpus| cpus.contains(&cpu))
    }

    /// How an event of this PMU is asked for.
    ///
    /// # Errors
    /// The reason why it cannot be, in words.
    pub fn encode(&self, wanted: &Wanted) -> Result<Encoding, String> {
        let mut encoding = Encoding {
            kind: self.kind,
            config: [0; 3],
        };
        let terms = match wanted {
            // As perf: the number is the whole of `config`.
            Wanted::Raw(number) => {
                encoding.config[0] = *number;
                return Ok(encoding);
            }
            Wanted::Named(name) => self.terms(name)?,
        };
        for term in terms.split(',') {
            let (key, value) = term.split_once('=').unwrap_or((term, "0x1"));
            let unreadable = || {
                format!(
                    "the PMU {} describes its event {wanted} by `{term}`, which is not understood here; give its number as rHEX",
                    self.name
                )
            };
            let value = number(value.trim()).ok_or_else(unreadable)?;
            // The three words may be given as they are.
            let key = key.trim();
            let format = self.formats.get(key).map(String::as_str);
            let format = format.or_else(|| key.starts_with("config").then_some(key));
            place(&mut encoding.config, format.ok_or_else(unreadable)?, value)
                .ok_or_else(unreadable)?;
        }
        Ok(encoding)
    }

    /// The terms of a named event.
    fn terms(&self, name: &str) -> Result<String, String> {
        if let Some(terms) = self.events.get(name) {
            return Ok(terms.clone());
        }
        let mut unlisted = UNLISTED.iter().filter(|_| self.is_armv8());
        if let Some((_, number)) = unlisted.find(|(known, _)| *known == name) {
            return Ok(format!("event={number:#x}"));
        }
        let on = self.cpus.as_ref().map_or_else(String::new, |cpus| {
            let cpus: Vec<String> = cpus.iter().map(u32::to_string).collect();
            format!(", which counts on CPUs {},", cpus.join(","))
        });
        Err(format!(
            "the PMU {}{on} has no event of that name; `vmalock list counters` names those that it has, and rHEX takes the number in the processor's manual",
            self.name
        ))
    }
}

/// How the event is asked for on a CPU: of the PMU that counts there.
///
/// # Errors
/// The reason why it cannot be counted there, in words.
pub fn encode_on(pmus: &[Pmu], cpu: u32, wanted: &Wanted) -> Result<Encoding, String> {
    if pmus.is_empty() {
        return Err(NO_PMU.to_owned());
    }
    let pmu = pmus.iter().find(|pmu| pmu.counts_on(cpu));
    let pmu = pmu.ok_or_else(|| {
        format!(
            "no PMU of the machine counts on CPU {cpu}; look for the `cpus` of those in /{DEVICES}"
        )
    })?;
    pmu.encode(wanted)
}

/// How an event that the kernel knows on every processor is asked for on one CPU, by the names that PMUs have for it.
///
/// Where cores are of several kinds, the kernel's own event goes to the PMU of one kind, and counts nothing on the others.
///
/// # Errors
/// As [`encode_on`].
pub fn encode_generic_on(pmus: &[Pmu], cpu: u32, name: &str) -> Result<Encoding, String> {
    let names = GENERIC.iter().find(|(generic, _)| *generic == name);
    let names = names.map_or([name, name], |(_, names)| *names);
    let [arm, other] = names.map(|name| encode_on(pmus, cpu, &Wanted::Named(name.to_owned())));
    arm.or(other)
}

/// The kernel's events, with their names on an armv8 PMU and on others.
const GENERIC: [(&str, [&str; 2]); 4] = [
    ("cycles", ["cpu_cycles", "cpu-cycles"]),
    ("instructions", ["inst_retired", "instructions"]),
    ("cache-references", ["l1d_cache", "cache-references"]),
    ("cache-misses", ["l1d_cache_refill", "cache-misses"]),
];

/// Why nothing can be counted by name.
pub(super) const NO_PMU: &str = "the machine shows no PMU of its cores (/sys/bus/event_source/devices has none); on a virtual machine ask the hypervisor for one (QEMU: -cpu host,pmu=on)";

/// Puts a value into the bits that a format names, the lowest first: `config:0-7,32-35`, `config1:0`, or a whole word.
fn place(config: &mut [u64; 3], format: &str, value: u64) -> Option<()> {
    let (word, bits) = format.split_once(':').unwrap_or((format, "0-63"));
    let word = match word {
        "config" => &mut config[0],
        "config1" => &mut config[1],
        "config2" => &mut config[2],
        _ => return None,
    };
    let mut left = value;
    for range in bits.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        if first > last || last > 63 {
            return None;
        }
        for bit in first..=last {
            *word |= (left & 1) << bit;
            left >>= 1;
        }
    }
    // A value that does not fit would count another event.
    (left == 0).then_some(())
}

/// A number in decimal, or in hexadecimal with 0x in front.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_events_and_numbers() {
        assert_eq!("r1b".parse(), Ok(Wanted::Raw(0x1b)));
        assert_eq!(
            "stall_backend".parse(),
            Ok(Wanted::Named("stall_backend".to_owned()))
        );
        assert_eq!(
            "ref-cycles".parse(),
            Ok(Wanted::Named("ref-cycles".to_owned()))
        );
        for word in ["r1b", "stall_backend", "cpu-cycles"] {
            assert_eq!(
                word.parse::<Wanted>().map(|wanted| wanted.to_string()),
                Ok(word.to_owned())
            );
        }
        for wrong in ["", "cpu/event=1/", "a b", "../x"] {
            assert!(
                wrong
                    .parse::<Wanted>()
                    .is_err_and(|why| why.contains("r1b")),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_value_goes_into_the_bits_of_its_format() {
        let mut config = [0; 3];
        assert_eq!(place(&mut config, "config:0-7,32-35", 0x1c3), Some(()));
        assert_eq!(place(&mut config, "config:23", 1), Some(()));
        assert_eq!(place(&mut config, "config1:0-15", 3), Some(()));
        assert_eq!(config, [1 << 32 | 1 << 23 | 0xc3, 3, 0]);
        assert_eq!(place(&mut config, "config2", u64::MAX), Some(()));
        assert_eq!(config[2], u64::MAX);
        for (format, value) in [
            ("config:0-7", 0x100),
            ("other:0", 1),
            ("config:7-0", 1),
            ("config:64", 1),
        ] {
            assert_eq!(place(&mut [0; 3], format, value), None, "{format}");
        }
    }
}
