//! The head of a run: what it is, what is fastest where, and how far to trust it.

use super::text::{Datum, Table, escape};
use super::{Page, bullets, by_workload, placement, threads};
use crate::digest::{Digest, LATENCY, Ranking, RoleTable, Setting, THROUGHPUT};
use crate::{precision, verdict, words};

/// Title, host and size of the run.
pub(super) fn head(digest: &Digest<'_>) -> String {
    let header = &digest.run.header;
    let host = &header.host;
    let model = host.cpu_model.as_deref().unwrap_or("unknown CPU");
    let mut facts = vec![
        format!("{} ({})", model, host.arch),
        format!(
            "{} allowed",
            words::count(host.allowed_cpus.len() as u64, "CPU")
        ),
    ];
    facts.extend(
        host.hypervisor
            .as_ref()
            .map(|h| format!("virtual machine ({h})")),
    );
    facts.extend(host.emulator.as_ref().map(|e| format!("emulated by {e}")));
    facts.extend(host.kernel.as_ref().map(|k| format!("Linux {k}")));
    facts.extend(header.build.as_ref().map(|name| format!("build {name}")));
    facts.push(format!("started {}", header.started_at));
    facts.push(format!(
        "{} processes × {} rounds × {} windows",
        digest.run.processes(),
        header.rounds,
        words::short_duration(header.window_ns as f64)
    ));
    let facts: Vec<String> = facts
        .iter()
        .map(|fact| format!("<span>{}</span>", escape(fact)))
        .collect();
    format!(
        "<header><h1>vmalock <small>{}</small></h1>\n<p class=facts>{}</p></header>\n",
        escape(&digest.run.file.display().to_string()),
        facts.join(" ")
    )
}

/// The verdicts, the noise and the warnings.
pub(super) fn section(page: &Page<'_>, digest: &Digest<'_>) -> String {
    let mut out = String::from("<section>\n<h2>What is fastest where</h2>\n");
    out += &badges(digest);
    if digest.settings.is_empty() {
        out += "<p class=none>No cell was recorded, so there is nothing to compare.</p>\n";
    } else {
        out += "<p>By throughput. Locks in one field are <em>not separated</em>: the 95 % interval of their ratio to the one named first contains 1. The ratio below them is to the best lock that is separated. These are closed-loop windows on this machine; they rank locks here, not elsewhere.</p>\n";
        for group in by_workload(digest).chunk_by(|a, b| thread_counts(a) == thread_counts(b)) {
            out += &verdicts(page, digest, group);
        }
    }
    let mut warnings = digest.run.header.warnings.clone();
    warnings.extend(incomplete(digest));
    if !warnings.is_empty() {
        out += "<h3>Warnings and obstacles</h3>\n";
        out += &bullets("warnings", &warnings);
    }
    out + "</section>\n"
}

fn thread_counts(settings: &[Setting<'_>]) -> Vec<(u32, bool)> {
    settings
        .iter()
        .map(|s| (s.threads, s.oversubscribed))
        .collect()
}

/// One table of verdicts for workloads with the same thread counts.
fn verdicts(page: &Page<'_>, digest: &Digest<'_>, group: &[&[Setting<'_>]]) -> String {
    let mut heads = vec!["Workload, role".to_owned()];
    heads.extend(group[0].iter().map(threads));
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let mut table = Table::new("", &heads);
    for settings in group {
        let mut roles: Vec<_> = settings
            .iter()
            .flat_map(|s| &s.roles)
            .map(|t| t.role)
            .collect();
        roles.sort_unstable();
        roles.dedup();
        for role in roles {
            let head = format!(
                "{}{} <small>{}</small>",
                escape(settings[0].workload),
                placement(digest, &settings[0]),
                role.word()
            );
            let fields: Vec<Datum> = settings
                .iter()
                .map(|setting| {
                    let table = setting.roles.iter().find(|t| t.role == role);
                    let text = table.map_or_else(
                        || "<span class=quiet>no thread plays it</span>".to_owned(),
                        |table| verdict_field(page, digest, setting, table),
                    );
                    Datum::Html(text)
                })
                .collect();
            table.row("", &head, &fields);
        }
    }
    table
        .html()
        .replacen("<table>", "<table class=verdicts>", 1)
}

fn verdict_field(
    page: &Page<'_>,
    digest: &Digest<'_>,
    setting: &Setting<'_>,
    table: &RoleTable,
) -> String {
    let Ranking::Ranked { leaders, next } = &table.ranking else {
        let text = escape(&verdict::sentence(digest, setting, table));
        return format!("<span class=quiet>{text}</span>");
    };
    let names: Vec<String> = leaders
        .iter()
        .map(|lock| page.palette.label(digest.locks[*lock].name))
        .collect();
    let mut out = names.join("<br>");
    if leaders.len() > 1 {
        out += "<br><small>not separated</small>";
    }
    if let Some((lock, ratio)) = next {
        out += &format!(
            "<br><small>{} × {}</small>",
            escape(&words::estimate(ratio, words::significant)),
            escape(digest.locks[*lock].name)
        );
    }
    out
}

fn badges(digest: &Digest<'_>) -> String {
    let mut badges: Vec<(&str, String)> = vec![("plain", "closed loop".into())];
    for mode in [THROUGHPUT, LATENCY] {
        if let Some(text) = verdict::noise(digest, mode) {
            let rounds = digest.rounds(mode);
            let class = if rounds.too_noisy() {
                "bad"
            } else if rounds.dirty() > 0 {
                "care"
            } else {
                "good"
            };
            badges.push((class, text));
        }
    }
    if let Some(ending) = precision::ending(digest) {
        let class = if ending.reached { "good" } else { "care" };
        badges.push((class, ending.words));
    }
    if digest.run.processes() < 2 {
        badges.push((
            "care",
            "one process: no intervals, nothing is ranked".into(),
        ));
    }
    let unverified = Digest::left_out_count(&digest.unverified);
    if unverified > 0 {
        let text = format!(
            "{} not verified and not shown",
            words::count(unverified, "cell")
        );
        badges.push(("bad", text));
    }
    let errors = Digest::left_out_count(&digest.errors);
    if errors > 0 {
        badges.push(("bad", format!("{} failed", words::count(errors, "cell"))));
    }
    let problems = digest.run.problems.len() + digest.unreadable.len();
    if problems > 0 {
        let text = format!("{} while reading", words::count(problems as u64, "problem"));
        badges.push(("bad", text));
    }
    let badges: String = badges
        .iter()
        .map(|(class, text)| format!("<span class=\"badge {class}\">{}</span> ", escape(text)))
        .collect();
    format!("<p class=badges>{badges}</p>\n")
}

/// How the run ended, if not as planned.
pub(super) fn incomplete(digest: &Digest<'_>) -> Option<String> {
    match &digest.run.footer {
        None => {
            Some("The file has no last line: the run was cut off, or is still going on.".into())
        }
        Some(footer) if !footer.complete => {
            let written = footer.cells_ok + footer.cells_error;
            Some(format!(
                "The run is not complete: {} of {} were written. {}",
                words::grouped(written),
                words::count(footer.cells_planned, "planned cell"),
                footer.reason.as_deref().unwrap_or("No reason is given.")
            ))
        }
        Some(_) => None,
    }
}
