//! What an arm64 core is, by its identification register (MIDR_EL1): who made it, which design, which revision.
//!
//! Layout of the register: Arm Architecture Reference Manual for A-profile, MIDR_EL1. Linux shows it in
//! `/sys/devices/system/cpu/cpuN/regs/identification/midr_el1`, and its fields in `/proc/cpuinfo`. Implementers' numbers stand
//! in the same manual, parts of Arm in each core's Technical Reference Manual; lscpu of util-linux knows more of them.

use super::files::Files;
use std::fmt;

/// Implementer's number and name.
const IMPLEMENTERS: [(u32, &str); 15] = [
    (0x41, "Arm"),
    (0x42, "Broadcom"),
    (0x43, "Cavium"),
    (0x46, "Fujitsu"),
    (0x48, "HiSilicon"),
    (0x4e, "NVIDIA"),
    (0x50, "Applied Micro"),
    (0x51, "Qualcomm"),
    (0x53, "Samsung"),
    (0x56, "Marvell"),
    (0x61, "Apple"),
    (0x69, "Intel"),
    (0x6d, "Microsoft"),
    (0x70, "Phytium"),
    (0xc0, "Ampere"),
];

/// Implementer's number, part number and name.
#[rustfmt::skip]
const PARTS: [(u32, u32, &str); 69] = [
    (0x41, 0xd02, "Cortex-A34"),
    (0x41, 0xd03, "Cortex-A53"),
    (0x41, 0xd04, "Cortex-A35"),
    (0x41, 0xd05, "Cortex-A55"),
    (0x41, 0xd06, "Cortex-A65"),
    (0x41, 0xd07, "Cortex-A57"),
    (0x41, 0xd08, "Cortex-A72"),
    (0x41, 0xd09, "Cortex-A73"),
    (0x41, 0xd0a, "Cortex-A75"),
    (0x41, 0xd0b, "Cortex-A76"),
    (0x41, 0xd0c, "Neoverse-N1"),
    (0x41, 0xd0d, "Cortex-A77"),
    (0x41, 0xd0e, "Cortex-A76AE"),
    (0x41, 0xd40, "Neoverse-V1"),
    (0x41, 0xd41, "Cortex-A78"),
    (0x41, 0xd42, "Cortex-A78AE"),
    (0x41, 0xd43, "Cortex-A65AE"),
    (0x41, 0xd44, "Cortex-X1"),
    (0x41, 0xd46, "Cortex-A510"),
    (0x41, 0xd47, "Cortex-A710"),
    (0x41, 0xd48, "Cortex-X2"),
    (0x41, 0xd49, "Neoverse-N2"),
    (0x41, 0xd4a, "Neoverse-E1"),
    (0x41, 0xd4b, "Cortex-A78C"),
    (0x41, 0xd4c, "Cortex-X1C"),
    (0x41, 0xd4d, "Cortex-A715"),
    (0x41, 0xd4e, "Cortex-X3"),
    (0x41, 0xd4f, "Neoverse-V2"),
    (0x41, 0xd80, "Cortex-A520"),
    (0x41, 0xd81, "Cortex-A720"),
    (0x41, 0xd82, "Cortex-X4"),
    (0x41, 0xd83, "Neoverse-V3AE"),
    (0x41, 0xd84, "Neoverse-V3"),
    (0x41, 0xd85, "Cortex-X925"),
    (0x41, 0xd87, "Cortex-A725"),
    (0x41, 0xd8e, "Neoverse-N3"),
    (0x41, 0xd8f, "Cortex-A320"),
    (0x43, 0x0a1, "ThunderX-88XX"),
    (0x43, 0x0af, "ThunderX2-99XX"),
    (0x43, 0x0b8, "ThunderX3-T110"),
    (0x46, 0x001, "A64FX"),
    (0x46, 0x003, "Monaka"),
    (0x48, 0xd01, "TaiShan-v110"),
    (0x48, 0xd02, "TaiShan-v120"),
    (0x48, 0xd40, "Cortex-A76"),
    (0x4e, 0x003, "Denver-2"),
    (0x4e, 0x004, "Carmel"),
    (0x51, 0x001, "Oryon"),
    (0x51, 0x802, "Kryo-3XX-Gold"),
    (0x51, 0x803, "Kryo-3XX-Silver"),
    (0x51, 0x804, "Kryo-4XX-Gold"),
    (0x51, 0x805, "Kryo-4XX-Silver"),
    (0x51, 0xc00, "Falkor"),
    (0x51, 0xc01, "Saphira"),
    (0x61, 0x022, "Icestorm-M1"),
    (0x61, 0x023, "Firestorm-M1"),
    (0x61, 0x024, "Icestorm-M1-Pro"),
    (0x61, 0x025, "Firestorm-M1-Pro"),
    (0x61, 0x028, "Icestorm-M1-Max"),
    (0x61, 0x029, "Firestorm-M1-Max"),
    (0x61, 0x032, "Blizzard-M2"),
    (0x61, 0x033, "Avalanche-M2"),
    (0x6d, 0xd49, "Azure-Cobalt-100"),
    (0x70, 0x662, "FTC662"),
    (0x70, 0x663, "FTC663"),
    (0x70, 0x664, "FTC664"),
    (0xc0, 0xac3, "Ampere-1"),
    (0xc0, 0xac4, "Ampere-1a"),
    (0xc0, 0xac5, "Ampere-1b"),
];

/// The register's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Midr(u32);

impl Midr {
    fn implementer(self) -> u32 {
        self.0 >> 24
    }

    fn variant(self) -> u32 {
        self.0 >> 20 & 0xf
    }

    fn part(self) -> u32 {
        self.0 >> 4 & 0xfff
    }

    fn revision(self) -> u32 {
        self.0 & 0xf
    }

    /// The implementer by name, else by number.
    pub(super) fn vendor(self) -> String {
        let known = IMPLEMENTERS
            .iter()
            .find(|(number, _)| *number == self.implementer());
        known.map_or_else(
            || format!("{:#04x}", self.implementer()),
            |(_, name)| (*name).to_owned(),
        )
    }

    /// The design by name, else by the numbers of implementer and part.
    pub(super) fn design(self) -> String {
        let (implementer, part) = (self.implementer(), self.part());
        let known = PARTS
            .iter()
            .find(|entry| (entry.0, entry.1) == (implementer, part));
        known.map_or_else(
            || format!("{implementer:#04x}:{part:#05x}"),
            |(_, _, name)| (*name).to_owned(),
        )
    }
}

impl fmt::Display for Midr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "implementer {:#04x} part {:#05x} variant {:#x} revision {}",
            self.implementer(),
            self.part(),
            self.variant(),
            self.revision()
        )
    }
}

/// The register of each of these CPUs that has one, by sysfs, else by `/proc/cpuinfo`, which has online CPUs alone.
pub(super) fn of_cpus(files: &Files, cpus: &[u32], cpuinfo: &str) -> Vec<(u32, Midr)> {
    let told = in_cpuinfo(cpuinfo);
    let of = |&cpu: &u32| {
        let file = format!("sys/devices/system/cpu/cpu{cpu}/regs/identification/midr_el1");
        let register = files.text(&file).and_then(|text| number(&text)).map(Midr);
        let told = || told.iter().find(|(other, _)| *other == cpu);
        let midr = register.or_else(|| told().map(|(_, midr)| *midr))?;
        Some((cpu, midr))
    };
    cpus.iter().filter_map(of).collect()
}

/// The kinds of cores among these, each once, in the order of the CPUs, as `word` puts them.
pub(super) fn kinds(registers: &[(u32, Midr)], word: fn(Midr) -> String) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in registers.iter().map(|(_, midr)| word(*midr)) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// The registers put together from the fields of `/proc/cpuinfo`.
fn in_cpuinfo(cpuinfo: &str) -> Vec<(u32, Midr)> {
    let block = |block: &str| {
        let field = |key: &str| {
            let mut lines = block.lines().filter_map(|line| line.split_once(':'));
            let (_, value) = lines.find(|(name, _)| name.trim() == key)?;
            number(value.trim())
        };
        // 0xf in the field of the architecture: the features stand in other registers, as on every arm64.
        let midr = field("CPU implementer")? << 24
            | (field("CPU variant")? & 0xf) << 20
            | 0xf << 16
            | (field("CPU part")? & 0xfff) << 4
            | field("CPU revision")? & 0xf;
        Some((field("processor")?, Midr(midr)))
    };
    cpuinfo.split("\n\n").filter_map(block).collect()
}

/// A number in decimal, or in hexadecimal with 0x in front.
fn number(text: &str) -> Option<u32> {
    let value = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => text.parse().ok()?,
    };
    u32::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_is_taken_apart() {
        let midr = Midr(number("0x00000000411fd401").expect("a number"));
        assert_eq!(midr.vendor(), "Arm");
        assert_eq!(midr.design(), "Neoverse-V1");
        assert_eq!(
            midr.to_string(),
            "implementer 0x41 part 0xd40 variant 0x1 revision 1"
        );
    }

    #[test]
    fn fields_of_cpuinfo_make_the_same_register() {
        let cpuinfo = "processor\t: 3\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x1\nCPU part\t: 0xd40\nCPU revision\t: 1\n";
        assert_eq!(in_cpuinfo(cpuinfo), [(3, Midr(0x411f_d401))]);
        assert_eq!(
            in_cpuinfo("processor\t: 0\nvendor_id\t: GenuineIntel\n"),
            []
        );
    }

    #[test]
    fn what_has_no_name_keeps_its_numbers() {
        let midr = Midr(0x7a10_1230);
        assert_eq!(
            (midr.vendor().as_str(), midr.design().as_str()),
            ("0x7a", "0x7a:0x123")
        );
    }

    #[test]
    fn no_number_has_two_names() {
        for (place, entry) in PARTS.iter().enumerate() {
            let twice = PARTS[..place]
                .iter()
                .any(|other| (other.0, other.1) == (entry.0, entry.1));
            assert!(!twice, "{entry:?}");
            assert!(
                IMPLEMENTERS.iter().any(|(number, _)| *number == entry.0),
                "{entry:?}"
            );
        }
    }
}
