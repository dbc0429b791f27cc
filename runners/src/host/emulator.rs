//! Whether this program is run by another program in the place of a processor.
//!
//! What was tried: qemu-user 7.2, 10.0 and 11.1 and valgrind 3.19. qemu-user answers for `/proc/self/exe`, `maps`, `cmdline`
//! and `auxv` itself, for `uname`, and from version 8 on for `/proc/cpuinfo`; not for `/proc/thread-self`, for
//! `/proc/sys/kernel/arch` (Linux 6.1 and later) and for `/sys`. Each of these three tells on it alone.
//!
//! What escapes: an emulator of this very architecture that answers for `/proc/thread-self` too; a whole machine that is
//! emulated and takes the model of a real processor (`qemu-system-aarch64 -cpu cortex-a72` without KVM); a container that
//! hides `/proc/sys` and `/sys` from an unknown emulator. That `perf_event_open`, `rseq` and `futex_waitv` are all missing is
//! true of every qemu-user, but also of an old kernel and of a strict container, so it is no proof and is not asked.

use super::files::Files;

/// What runs this program in the place of a processor, in words; `None` where nothing shows.
///
/// `built_for` is the architecture of this build. Files of another machine (not `here`) only tell what that machine is.
pub(super) fn emulator(
    files: &Files,
    cpuinfo: &str,
    built_for: &str,
    here: bool,
) -> Option<String> {
    if here {
        let program = files.link("proc/thread-self/exe");
        let program = program.as_deref().and_then(of_program);
        let kernel = files.text("proc/sys/kernel/arch");
        let modalias = files.text("sys/devices/system/cpu/modalias");
        let seen = [
            kernel.as_deref(),
            modalias.as_deref().and_then(of_modalias),
            of_cpuinfo(cpuinfo),
        ];
        if let Some(words) = of_user_program(program, &seen, built_for) {
            return Some(words);
        }
    }
    of_machine(
        cpuinfo,
        &files.text("sys/devices/system/clocksource/clocksource0/available_clocksource"),
    )
}

/// The two facts about a user program together: who runs it, and what else than `built_for` was `seen` below it.
fn of_user_program(
    program: Option<(&'static str, &str)>,
    seen: &[Option<&str>],
    built_for: &str,
) -> Option<String> {
    let foreign = seen
        .iter()
        .flatten()
        .find(|arch| family(arch).is_some_and(|found| Some(found) != family(built_for)));
    match (program, foreign) {
        (None, None) => None,
        (Some((name, file)), None) => Some(format!("{name} ({file} runs this program)")),
        (who, Some(kernel)) => {
            let who = who.map_or("an emulator that does not say its name", |(name, _)| name);
            // A build for an architecture that has no family is never found to be foreign.
            Some(format!(
                "{who} (an {built_for} program on an {kernel} kernel)"
            ))
        }
    }
}

/// The processors that run each other's programs without help. `None` of what is not known here, which proves nothing.
fn family(arch: &str) -> Option<&'static str> {
    match arch {
        "x86" | "x86_64" | "i386" | "i486" | "i586" | "i686" => Some("x86"),
        "arm" | "aarch64" | "aarch64_be" | "armv7l" | "armv8l" => Some("arm"),
        _ => None,
    }
}

/// The emulator, and its file's name, of the program that the kernel runs; `None` of all other programs.
fn of_program(path: &str) -> Option<(&'static str, &str)> {
    let path = path.strip_suffix(" (deleted)").unwrap_or(path);
    let (directory, file) = path.rsplit_once('/')?;
    let known = [
        ("qemu-user", file.starts_with("qemu-")),
        ("valgrind", directory.ends_with("/valgrind")),
        ("box64", file.starts_with("box64")),
        ("FEX", file.starts_with("FEX")),
        ("Rosetta", file == "rosetta"),
    ];
    let (name, _) = known.into_iter().find(|(_, is)| *is)?;
    Some((name, file))
}

/// The architecture in the name by which the kernel asks for modules of its processor, `cpu:type:x86,...`.
fn of_modalias(modalias: &str) -> Option<&str> {
    let rest = modalias.strip_prefix("cpu:type:")?;
    rest.split([',', ':']).next()
}

/// The architecture whose words a `/proc/cpuinfo` is written in.
fn of_cpuinfo(cpuinfo: &str) -> Option<&'static str> {
    let has = |key: &str| {
        let names = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        names.map(|(name, _)| name.trim()).any(|name| name == key)
    };
    if has("CPU implementer") {
        return Some("aarch64");
    }
    (has("vendor_id") && has("cpuid level")).then_some("x86_64")
}

/// A whole machine that QEMU computes, where its processor says so: on x86 by the model's name, on arm64 by numbers that no
/// silicon has. Under KVM the model `qemu64` has the same name, and then there is the clock of KVM.
fn of_machine(cpuinfo: &str, clocks: &Option<String>) -> Option<String> {
    let value = |key: &str| {
        let lines = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        let mut values = lines.filter(|(name, _)| name.trim() == key);
        values.next().map(|(_, value)| value.trim())
    };
    let model = value("model name").unwrap_or_default();
    let without_kvm = clocks
        .as_ref()
        .is_some_and(|clocks| !clocks.contains("kvm-clock"));
    let computed = model.starts_with("QEMU TCG")
        || model.starts_with("QEMU Virtual CPU") && without_kvm
        || value("CPU implementer") == Some("0x00") && value("CPU part") == Some("0x051");
    computed.then(|| format!("QEMU without hardware virtualization (processor model: {model})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const X86_KERNEL: &str = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\ncpuid level\t: 28\nflags\t\t: fpu vme hypervisor\n";
    const ARM_KERNEL: &str = "processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd atomics\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd0c\n";
    /// As qemu-user 11 makes it up with `-cpu cortex-a72`.
    const MADE_UP: &str = "processor\t: 0\nmodel name\t: ARMv8 Processor rev 3 (v8l)\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n";

    fn told(program: &str, seen: &[Option<&str>], built_for: &str) -> Option<String> {
        of_user_program(of_program(program), seen, built_for)
    }

    #[test]
    fn a_program_on_its_own_processor_is_not_emulated() {
        let own = "/usr/local/bin/vmalock";
        assert_eq!(
            told(
                own,
                &[Some("x86_64"), Some("x86"), of_cpuinfo(X86_KERNEL)],
                "x86_64"
            ),
            None
        );
        assert_eq!(
            told(
                own,
                &[Some("aarch64"), Some("aarch64"), of_cpuinfo(ARM_KERNEL)],
                "aarch64"
            ),
            None
        );
        assert_eq!(told(own, &[None, None, None], "aarch64"), None);
        // Programs of 32 bits run on processors of 64.
        assert_eq!(told(own, &[Some("x86_64")], "x86"), None);
        assert_eq!(told(own, &[Some("aarch64")], "arm"), None);
        // What is not known proves nothing.
        assert_eq!(told(own, &[Some("riscv")], "riscv64"), None);
        assert_eq!(of_cpuinfo("processor: 0\nvendor_id: IBM/S390\n"), None);
        assert_eq!(told("/opt/my-qemu-notes/vmalock", &[], "x86_64"), None);
    }

    #[test]
    fn each_sign_of_a_foreign_kernel_tells_alone() {
        let words =
            "an emulator that does not say its name (an aarch64 program on an x86_64 kernel)";
        assert_eq!(
            told("/bin/vmalock", &[Some("x86_64"), None, None], "aarch64").as_deref(),
            Some(words)
        );
        assert_eq!(
            told("", &[None, None, of_cpuinfo(X86_KERNEL)], "aarch64").as_deref(),
            Some(words)
        );
        let modalias = of_modalias("cpu:type:x86,ven0002fam0019mod0011:feature:,0000");
        assert_eq!(
            told("", &[None, modalias, of_cpuinfo(MADE_UP)], "aarch64").as_deref(),
            Some("an emulator that does not say its name (an aarch64 program on an x86 kernel)")
        );
        assert_eq!(
            of_modalias("cpu:type:aarch64:feature:,0000"),
            Some("aarch64")
        );
        assert_eq!(
            told("/media/rosetta", &[Some("aarch64")], "x86_64").as_deref(),
            Some("Rosetta (an x86_64 program on an aarch64 kernel)")
        );
    }

    #[test]
    fn the_program_that_runs_this_one_has_a_name() {
        assert_eq!(
            told("/usr/bin/qemu-aarch64", &[Some("x86_64")], "aarch64").as_deref(),
            Some("qemu-user (an aarch64 program on an x86_64 kernel)")
        );
        assert_eq!(
            told(
                "/usr/bin/qemu-aarch64-static (deleted)",
                &[None, None, of_cpuinfo(MADE_UP)],
                "aarch64"
            )
            .as_deref(),
            Some("qemu-user (qemu-aarch64-static runs this program)")
        );
        assert_eq!(
            told(
                "/usr/libexec/valgrind/callgrind-amd64-linux",
                &[Some("x86_64")],
                "x86_64"
            )
            .as_deref(),
            Some("valgrind (callgrind-amd64-linux runs this program)")
        );
    }

    #[test]
    fn a_machine_that_is_computed_says_so_in_its_model() {
        let named = |name: &str| format!("vendor_id : AuthenticAMD\nmodel name\t: {name}\n");
        let (kvm, none) = (
            Some("kvm-clock tsc".to_owned()),
            Some("tsc hpet".to_owned()),
        );
        let tcg = named("QEMU TCG CPU version 2.5+");
        assert_eq!(
            of_machine(&tcg, &None).as_deref(),
            Some(
                "QEMU without hardware virtualization (processor model: QEMU TCG CPU version 2.5+)"
            )
        );
        let plain = named("QEMU Virtual CPU version 2.5+");
        assert_eq!(of_machine(&plain, &kvm), None);
        assert_eq!(of_machine(&plain, &None), None);
        assert!(of_machine(&plain, &none).is_some());
        assert!(of_machine("CPU implementer\t: 0x00\nCPU part\t: 0x051\n", &none).is_some());
        assert_eq!(of_machine(ARM_KERNEL, &none), None);
        assert_eq!(of_machine(MADE_UP, &none), None);
        assert_eq!(of_machine(X86_KERNEL, &none), None);
    }
}
