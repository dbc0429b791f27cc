//! A stretch of a run file, read by one thread.

use super::line::{self, Line};
use bench_core::record::{Cell, Footer, Header};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

/// Lines are about a kilobyte; a buffer of this size takes many.
const BUFFER_BYTES: usize = 256 << 10;
/// The longest line that is read; anything longer is no line of a run and would only fill memory.
const MAX_LINE_BYTES: usize = 64 << 20;

/// The lines that begin within a stretch of a file. Line numbers count from the stretch's first line, which is 1.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) headers: Vec<(u64, Box<Header>)>,
    pub(super) cells: Vec<Cell>,
    /// The line of each cell.
    pub(super) cell_lines: Vec<u64>,
    pub(super) footer: Option<Footer>,
    pub(super) bad: Vec<BadLine>,
    pub(super) foreign_schema: Option<u64>,
    pub(super) lines: u64,
}

/// A line that could not be used.
#[derive(Debug)]
pub(super) struct BadLine {
    pub(super) line: u64,
    pub(super) field: String,
    pub(super) what: String,
}

impl Part {
    /// Reads the lines that begin at byte `start` or later and before byte `end`.
    pub(super) fn read(path: &Path, start: u64, end: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut position = start;
        if start > 0 {
            file.seek(SeekFrom::Start(start - 1))?;
        }
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, file);
        let mut bytes = Vec::new();
        if start > 0 {
            // The line around `start` belongs to the part before, unless it begins exactly there.
            position = start - 1 + read_line(&mut reader, &mut bytes)?;
        }
        let mut part = Self::default();
        while position < end {
            let read = read_line(&mut reader, &mut bytes)?;
            if read == 0 {
                break;
            }
            position += read;
            part.lines += 1;
            part.take(&bytes);
        }
        Ok(part)
    }

    fn take(&mut self, bytes: &[u8]) {
        let text = bytes.trim_ascii();
        if text.is_empty() {
            return;
        }
        match line::parse(text) {
            Ok(Line::Header(header)) => self.headers.push((self.lines, header)),
            Ok(Line::Cell(cell)) => {
                self.cells.push(*cell);
                self.cell_lines.push(self.lines);
            }
            Ok(Line::Footer(footer)) => self.footer = Some(footer),
            Err(bad) => {
                self.foreign_schema = self.foreign_schema.or(bad.schema);
                self.bad.push(BadLine {
                    line: self.lines,
                    field: bad.field,
                    what: bad.what,
                });
            }
        }
    }
}

/// Reads up to and with the next line feed into `bytes`, keeps at most [`MAX_LINE_BYTES`] of it, and returns how many
/// bytes the line has in the file.
fn read_line(reader: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<u64> {
    bytes.clear();
    let mut length = 0;
    loop {
        let available = match reader.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = available.iter().position(|b| *b == b'\n');
        let used = end.map_or(available.len(), |at| at + 1);
        let room = MAX_LINE_BYTES - bytes.len();
        bytes.extend_from_slice(&available[..used.min(room)]);
        reader.consume(used);
        length += used as u64;
        if end.is_some() || used == 0 {
            return Ok(length);
        }
    }
}
