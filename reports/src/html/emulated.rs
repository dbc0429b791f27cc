//! A run that was emulated: what it is, and which cells were verified.

use super::text::{Datum, Table, escape};
use super::{Page, bullets, overview};
use crate::digest::Digest;
use crate::emulated::{VERIFIED_HEADS, banner, verified};

/// What stands in the place of verdicts and plots.
pub(super) fn section(page: &Page<'_>, digest: &Digest<'_>, emulator: &str) -> String {
    let mut out = format!(
        "<section>\n<h2>Emulated: no timing means anything</h2>\n<p class=badges><span class=\"badge bad\">emulated</span></p>\n<p>{}.</p>\n",
        escape(&banner(emulator))
    );
    out += "<div class=wide>\n";
    for setting in verified(digest) {
        let mut table = Table::new(&setting.title, &VERIFIED_HEADS);
        for (lock, cells, verified) in setting.lines {
            let lock = &digest.locks[lock];
            table.row(
                &page.class(lock),
                &page.palette.label(lock.name),
                &[Datum::Number(cells.to_string()), Datum::Text(verified)],
            );
        }
        out += &table.html();
    }
    out += "</div>\n";
    let mut warnings = digest.run.header.warnings.clone();
    warnings.extend(overview::incomplete(digest));
    if !warnings.is_empty() {
        out += "<h3>Warnings and obstacles</h3>\n";
        out += &bullets("warnings", &warnings);
    }
    out + "</section>\n"
}
