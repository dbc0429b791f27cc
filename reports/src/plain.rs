//! Plain text for a terminal.

use std::fmt::Write as _;

/// Columns that a page of the terminal has; longer sentences are wrapped.
const WIDTH: usize = 110;

/// Writes lines in columns: the first to the left, the others to the right. All lines are as long as the first, or one
/// longer: what follows the last column is words and stays as it is.
pub(crate) fn columns(out: &mut String, lines: &[Vec<String>]) {
    let mut widths = vec![0; lines.first().map_or(0, Vec::len)];
    for line in lines {
        for (width, text) in widths.iter_mut().zip(line) {
            *width = (*width).max(text.chars().count());
        }
    }
    for line in lines {
        let mut row = format!("  {:<1$}", line[0], widths[0]);
        for (text, width) in line.iter().zip(&widths).skip(1) {
            let _ = write!(row, " {text:>width$}");
        }
        if let Some(words) = line.get(widths.len()) {
            let _ = write!(row, "  {words}");
        }
        let _ = writeln!(out, "{}", row.trim_end());
    }
}

/// Writes a paragraph that begins with `lead`, its further lines set in by as much.
pub(crate) fn wrap(out: &mut String, lead: &str, text: &str) {
    let mut line = lead.to_owned();
    for (place, word) in text.split_whitespace().enumerate() {
        if place > 0 && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = " ".repeat(lead.len());
        } else if place > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
}
