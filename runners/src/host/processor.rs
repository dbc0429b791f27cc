//! What `/proc/cpuinfo` says of the processor, in the words of x86 or of arm64, and who lies under it.

use super::files::Files;

/// The values of a key, each once, in the order of the CPUs.
fn values(cpuinfo: &str, key: &str) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for line in cpuinfo.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if name.trim() == key && !values.iter().any(|known| known == value) {
            values.push(value.to_owned());
        }
    }
    values
}

/// The first value of the first of `keys` that is there.
fn first(cpuinfo: &str, keys: &[&str]) -> Option<String> {
    keys.iter()
        .find_map(|key| values(cpuinfo, key).into_iter().next())
}

/// The vendor, which arm64 gives as the number of an implementer only ([`super::midr`]).
pub(super) fn vendor(cpuinfo: &str) -> Option<String> {
    first(cpuinfo, &["vendor_id"])
}

/// The model's name, which arm64 does not give.
pub(super) fn model(cpuinfo: &str) -> Option<String> {
    first(cpuinfo, &["model name", "Model Name", "cpu model"])
}

/// The numbers that tell one revision of an x86 processor from another.
pub(super) fn revision(cpuinfo: &str) -> Option<String> {
    const KEYS: [(&str, &str); 4] = [
        ("cpu family", "family"),
        ("model", "model"),
        ("stepping", "stepping"),
        ("microcode", "microcode"),
    ];
    let words: Vec<String> = KEYS
        .iter()
        .filter_map(|(key, word)| {
            let values = values(cpuinfo, key);
            // Cores of several kinds may differ here; all are named.
            (!values.is_empty()).then(|| format!("{word} {}", values.join("/")))
        })
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The hypervisor under the machine: by the name it gives, or merely that there is one.
pub(super) fn hypervisor(cpuinfo: &str, files: &Files) -> Option<String> {
    let named = files
        .text("sys/hypervisor/type")
        .or_else(|| files.text("proc/device-tree/hypervisor/compatible"))
        .or_else(|| files.text("sys/class/dmi/id/sys_vendor").and_then(by_maker));
    let flagged = || {
        let flags = values(cpuinfo, "flags");
        let under = flags.iter().any(|flags| {
            let mut flags = flags.split_whitespace();
            flags.any(|flag| flag == "hypervisor")
        });
        under.then(|| "unnamed".to_owned())
    };
    named.or_else(flagged)
}

/// The hypervisor that goes with the name of a machine's maker.
fn by_maker(maker: String) -> Option<String> {
    const MAKERS: [(&str, &str); 7] = [
        ("QEMU", "kvm"),
        ("Amazon EC2", "amazon"),
        ("Google", "google"),
        ("Microsoft Corporation", "microsoft"),
        ("VMware", "vmware"),
        ("Xen", "xen"),
        ("innotek", "virtualbox"),
    ];
    let known = MAKERS.iter().find(|(name, _)| maker.contains(name));
    known.map(|(_, hypervisor)| (*hypervisor).to_owned())
}
