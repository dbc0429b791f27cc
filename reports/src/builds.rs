//! The same locks in several builds of the program: each over itself in the first build.

use crate::compare::{Measured, Pairing, differences, measure, side_of, work_of};
use crate::digest::{Digest, Setting};
use crate::read::Run;
use crate::{plain, words};
use bench_core::record::{Header, RoleName};

/// Builds that were measured on one host.
#[derive(Debug)]
pub(crate) struct Builds<'r> {
    /// What tells them apart: the names that `run --build` gave them, or how their atomic operations were compiled.
    pub(crate) names: Vec<&'r str>,
    digests: Vec<Digest<'r>>,
    /// Whether they took turns in one session.
    pub(crate) pairing: Pairing,
}

/// One metric of a lock in a later build over the first one.
#[derive(Debug)]
pub(crate) struct BuildLine<'d> {
    pub(crate) setting: &'d Setting<'d>,
    pub(crate) role: RoleName,
    pub(crate) lock: &'d str,
    /// The place of the later build.
    pub(crate) build: usize,
    pub(crate) measured: Measured,
}

impl<'r> Builds<'r> {
    /// The runs that are of one host and of builds with different names; each such set by itself. Runs of other hosts never
    /// meet, and times of an emulator are none.
    pub(crate) fn among(runs: &'r [Run]) -> Vec<Self> {
        let mut sets: Vec<Vec<(&'r str, &'r Run)>> = Vec::new();
        let native = |run: &&Run| run.header.host.emulator.is_none();
        for run in runs.iter().filter(native) {
            let Some(name) = name(&run.header) else {
                continue;
            };
            let of_the_set = |set: &&mut Vec<(&str, &Run)>| {
                let first = &set[0].1.header;
                differences::of_hosts(&first.host, &run.header.host).is_empty()
                    && first.tool.profile == run.header.tool.profile
                    && first.build.is_some() == run.header.build.is_some()
                    && (first.build.is_none() || in_one_session(first, &run.header))
                    && set.iter().all(|(other, _)| *other != name)
            };
            match sets.iter_mut().find(of_the_set) {
                Some(set) => set.push((name, run)),
                None => sets.push(vec![(name, run)]),
            }
        }
        sets.retain(|set| set.len() > 1);
        sets.iter().map(|set| Self::of(set)).collect()
    }

    fn of(set: &[(&'r str, &'r Run)]) -> Self {
        let runs: Vec<&Run> = set.iter().map(|(_, run)| *run).collect();
        let by_turns = runs[0].header.build.is_some();
        let digest = |run: &&'r Run| match by_turns {
            true => Digest::beside(run, &runs),
            false => Digest::of(run),
        };
        Self {
            names: set.iter().map(|(name, _)| *name).collect(),
            digests: runs.iter().map(digest).collect(),
            pairing: if by_turns {
                Pairing::WithinRounds
            } else {
                Pairing::Unpaired
            },
        }
    }

    /// The settings are those of this one.
    pub(crate) fn first(&self) -> &Digest<'r> {
        &self.digests[0]
    }

    /// Throughput and the p99 of every lock, role and setting of the first build that a later one has too; by setting, role,
    /// lock and build.
    pub(crate) fn lines(&self) -> Vec<BuildLine<'_>> {
        let first = self.first();
        let mut lines = Vec::new();
        for setting in &first.settings {
            for (table, lock) in setting
                .roles
                .iter()
                .flat_map(|t| first.locks.iter().map(move |l| (t, l.name)))
            {
                let side = |digest| side_of(digest, setting, table.role, lock);
                let Some(one) = side(first) else { continue };
                for (build, digest) in self.digests.iter().enumerate().skip(1) {
                    let same_work = work_of(first, setting) == work_of(digest, setting);
                    let Some(other) = side(digest).filter(|_| same_work) else {
                        continue;
                    };
                    let measured = measure([one, other], self.pairing).into_iter();
                    lines.extend(
                        measured
                            .filter(|m| m.metric.gated)
                            .map(|measured| BuildLine {
                                setting,
                                role: table.role,
                                lock,
                                build,
                                measured,
                            }),
                    );
                }
            }
        }
        lines
    }

    /// What the ratios are, a sentence each.
    pub(crate) fn legend(&self) -> Vec<String> {
        let mut legend = vec![format!(
            "each lock over itself in the build {}; 95 % intervals, each by itself",
            self.names[0]
        )];
        legend.push(match self.pairing {
            Pairing::WithinRounds => "the builds took turns, cell by cell: t over processes, throughput paired by round".to_owned(),
            Pairing::Unpaired => "the builds were measured one after the other: Welch's t over processes, and what else changed on the host between looks like a difference too".to_owned(),
        });
        legend.push("where a build's code lies moves results by 1 % by itself".to_owned());
        legend
    }
}

impl BuildLine<'_> {
    /// The ratio with its interval, or why there is none.
    pub(crate) fn ratio(&self) -> Result<String, String> {
        let contrast = self.measured.contrast.as_ref().map_err(|why| why.words())?;
        let ratio = words::significant(contrast.ratio());
        Ok(format!(
            "{ratio} {}",
            words::interval(contrast.interval(), words::significant)
        ))
    }
}

/// What a run's build is called where there are several.
fn name(header: &Header) -> Option<&str> {
    header.build.as_deref().or(header.tool.atomics.as_deref())
}

/// Whether two builds took turns: the same command and the same seed, which is drawn for each run.
fn in_one_session(one: &Header, other: &Header) -> bool {
    one.seed == other.seed && one.command == other.command
}

/// The builds among these runs of one host, each lock over itself in the first build, as a table for a terminal. Empty where
/// no two runs are of builds that a header tells apart.
#[must_use]
pub fn builds(runs: &[Run]) -> String {
    let mut out = String::new();
    for builds in Builds::among(runs) {
        out += &format!("Builds: {}\n\n", words::list(&builds.names));
        let lines = builds.lines();
        for of_a_role in lines.chunk_by(|a, b| (key(a.setting), a.role) == (key(b.setting), b.role))
        {
            let first = &of_a_role[0];
            let (setting, role) = (first.setting, first.role.word());
            let threads = words::count(u64::from(setting.threads), "thread");
            let placement = setting.placement;
            out += &format!(
                "{}, {threads}, {placement}, role {role}\n",
                setting.workload
            );
            let mut rows = vec![
                ["lock and build", "metric", "ratio [95 %]"]
                    .map(str::to_owned)
                    .to_vec(),
            ];
            rows.extend(of_a_role.iter().map(|line| {
                let head = format!("{} · {}", line.lock, builds.names[line.build]);
                let mut row = vec![head, line.measured.name()];
                match line.ratio() {
                    Ok(ratio) => row.push(ratio),
                    Err(why) => row.extend(["–".to_owned(), why]),
                }
                row
            }));
            plain::columns(&mut out, &rows);
            out.push('\n');
        }
        for note in builds.legend() {
            plain::wrap(&mut out, "- ", &note);
        }
        out.push('\n');
    }
    out
}

/// What tells settings apart.
pub(crate) fn key<'d>(setting: &'d Setting<'_>) -> (&'d str, &'d str, u32) {
    (setting.workload, setting.placement, setting.threads)
}
