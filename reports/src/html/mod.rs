//! The report: one file that needs no network and no script.

mod axis;
mod builds;
mod chart;
mod counters;
mod emulated;
mod fairness;
mod host;
mod hosts;
mod latency;
mod leftovers;
mod locks;
mod method;
mod outcomes;
mod overview;
mod paint;
mod spread;
mod text;
mod throughput;
mod trend;

use crate::builds::Builds;
use crate::digest::{Digest, Lock, Setting};
use crate::read::Run;
use crate::words;
use chart::Chart;
use paint::Palette;
use std::cell::Cell;
use text::escape;

pub use trend::trend_html;

const STYLE: &str = include_str!("style.css");

/// One self-contained page on these runs, each by itself: what was measured on two machines, or on two days, is not
/// compared by its numbers. Runs of several hosts also stand side by side, by ratios within each run; builds that were measured on
/// one host stand before them, each lock over itself in the first build. The same runs give the same bytes.
#[must_use]
pub fn html(runs: &[Run]) -> String {
    let digests: Vec<Digest<'_>> = runs.iter().map(Digest::of).collect();
    let hosts = crate::hosts::beside(&digests);
    let locks = digests.iter().flat_map(|digest| &digest.locks);
    let named = locks.map(|lock| (lock.name, lock.control));
    let of_hosts = hosts.iter().flat_map(|hosts| &hosts.runs);
    let page = Page {
        palette: Palette::new(named.chain(of_hosts.map(|run| (run.name.as_str(), false)))),
        ids: Cell::new(0),
    };
    let mut body = hosts
        .as_ref()
        .map_or_else(String::new, |hosts| hosts::section(&page, hosts));
    for (number, builds) in Builds::among(runs).iter().enumerate() {
        body += &builds::section(&page, builds, number);
    }
    for (number, digest) in digests.iter().enumerate() {
        body += &run(&page, digest, number);
    }
    if digests.is_empty() {
        body += "<p>No run was given.</p>";
    }
    let bar = if digests.iter().all(|d| d.settings.is_empty()) {
        String::new()
    } else {
        page.palette.bar(if hosts.is_some() {
            "Locks and hosts shown"
        } else {
            "Locks shown"
        })
    };
    document(&title(runs), &page, &format!("{bar}<main>\n{body}</main>"))
}

/// A whole page around its body.
fn document(title: &str, page: &Page<'_>, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n<meta name=viewport content=\"width=device-width,initial-scale=1\">\n<meta name=color-scheme content=\"light dark\">\n<title>{}</title>\n<style>\n{STYLE}{}</style>\n</head>\n<body>\n{}{body}\n</body>\n</html>\n",
        escape(title),
        page.palette.css(),
        theme()
    )
}

fn title(runs: &[Run]) -> String {
    match runs {
        [run] => format!(
            "vmalock: {}",
            run.header
                .host
                .cpu_model
                .as_deref()
                .unwrap_or(&run.header.host.arch)
        ),
        _ => format!("vmalock: {}", words::count(runs.len() as u64, "run")),
    }
}

/// Light, dark, or as the machine has it; without a script.
fn theme() -> String {
    let choice = |id: &str, label: &str, on: &str| {
        format!("<label><input type=radio name=theme id={id}{on}>{label}</label>")
    };
    format!(
        "<fieldset class=theme><legend>Colours</legend>{}{}{}</fieldset>\n",
        choice("auto", "auto", " checked"),
        choice("light", "light", ""),
        choice("dark", "dark", "")
    )
}

/// What all sections of a page share.
pub(in crate::html) struct Page<'p> {
    pub(in crate::html) palette: Palette<'p>,
    ids: Cell<u32>,
}

impl Page<'_> {
    /// A chart with its caption (HTML that is escaped already).
    pub(in crate::html) fn figure(&self, chart: &Chart, caption: &str) -> String {
        let number = self.ids.get();
        self.ids.set(number + 1);
        format!(
            "<figure>{}<figcaption>{caption}</figcaption></figure>\n",
            chart.svg(&format!("c{number}"))
        )
    }

    /// The class of the rows of a lock, by which they are hidden with its lines.
    pub(in crate::html) fn class(&self, lock: &Lock<'_>) -> String {
        format!("s{}", self.palette.number(lock.name))
    }
}

/// A part of what is shown of a run.
type Section = fn(&Page<'_>, &Digest<'_>) -> String;

/// The sections of a run: its word in links, its heading, what makes it.
const SECTIONS: [(&str, &str, Section); 12] = [
    ("throughput", "Throughput", throughput::section),
    ("latency", "Latency", latency::section),
    ("outcomes", "How faults ended", outcomes::section),
    ("fairness", "Fairness across threads", fairness::section),
    ("counters", "Counters per operation", counters::section),
    ("spread", "Where the spread comes from", spread::section),
    ("locks", "Locks and their size", locks::section),
    ("host", "Host and build", host::section),
    ("method", "Method", method::section),
    ("workloads", "Workloads", locks::workloads),
    ("errors", "Errors and unverified cells", leftovers::cells),
    (
        "problems",
        "Problems found while reading",
        leftovers::problems,
    ),
];

/// Those whose numbers are times, or depend on them.
const OF_TIME: [&str; 7] = [
    "throughput",
    "latency",
    "outcomes",
    "fairness",
    "counters",
    "spread",
    "method",
];

/// All sections of one run. One that was emulated has none whose numbers are of time.
fn run(page: &Page<'_>, digest: &Digest<'_>, number: usize) -> String {
    let emulator = digest.run.header.host.emulator.as_deref();
    let sections: Vec<&(&str, &str, Section)> = match emulator {
        Some(_) => SECTIONS
            .iter()
            .filter(|s| !OF_TIME.contains(&s.0))
            .collect(),
        None => SECTIONS.iter().collect(),
    };
    let links: String = sections
        .iter()
        .map(|(id, name, _)| format!("<a href=\"#r{number}-{id}\">{name}</a> "))
        .collect();
    let mut out = format!(
        "<article id=r{number}>\n{}<nav aria-label=Sections>{links}</nav>\n{}",
        overview::head(digest),
        match emulator {
            Some(emulator) => emulated::section(page, digest, emulator),
            None => overview::section(page, digest),
        }
    );
    for (id, name, section) in sections {
        out += &format!(
            "<section id=r{number}-{id}>\n<h2>{name}</h2>\n{}</section>\n",
            section(page, digest)
        );
    }
    out + "</article>\n"
}

/// The settings of one workload and placement, by threads.
pub(in crate::html) fn by_workload<'d, 'r>(digest: &'d Digest<'r>) -> Vec<&'d [Setting<'r>]> {
    digest
        .settings
        .chunk_by(|a, b| (a.workload, a.placement) == (b.workload, b.placement))
        .collect()
}

/// The heading of a workload: its name, and the placement where there are several.
pub(in crate::html) fn heading(digest: &Digest<'_>, setting: &Setting<'_>) -> String {
    let placement = placement(digest, setting);
    let specs = &digest.run.header.workloads;
    let summary = specs
        .iter()
        .find(|s| s.name == setting.workload)
        .map_or("", |s| &s.summary);
    format!(
        "<h3>{}{placement}</h3>\n<p class=about>{}</p>\n",
        escape(setting.workload),
        escape(summary)
    )
}

/// ` placement scatter`, in small, where the run has several.
pub(in crate::html) fn placement(digest: &Digest<'_>, setting: &Setting<'_>) -> String {
    digest
        .placement_of(setting)
        .map_or_else(String::new, |name| {
            format!(" <small>placement {}</small>", escape(name))
        })
}

/// A list of paragraphs of a kind, or nothing.
pub(in crate::html) fn bullets(class: &str, items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let items: String = items
        .iter()
        .map(|i| format!("<li>{}</li>", escape(i)))
        .collect();
    format!("<ul class={class}>{items}</ul>\n")
}

/// `2 threads`, and whether that is more than the CPUs allowed.
pub(in crate::html) fn threads(setting: &Setting<'_>) -> String {
    let mut text = words::count(u64::from(setting.threads), "thread");
    if setting.oversubscribed {
        text += ", oversubscribed";
    }
    text
}
