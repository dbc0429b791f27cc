//! Reading a run: every good line is kept, and what is wrong with each bad one is said.

mod line;
mod part;
mod repeated;

use bench_core::record::{Cell, Footer, Header, SCHEMA};
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use thiserror::Error;

use part::Part;

/// Files smaller than this are read by one thread.
const BYTES_PER_THREAD: u64 = 1 << 20;

/// A run as its file tells it.
#[derive(Clone, Debug)]
pub struct Run {
    /// The file.
    pub file: PathBuf,
    /// What was asked, with which build, on which machine.
    pub header: Header,
    /// The cells whose lines are good, in the order of the file; of a cell that is there twice, the first.
    pub cells: Vec<Cell>,
    /// How the run ended; `None` when it did not get to say so.
    pub footer: Option<Footer>,
    /// What is wrong with the other lines.
    pub problems: Vec<Problem>,
}

impl Run {
    /// The processes of the plan; of a run that adds some, those that were begun.
    #[must_use]
    pub fn processes(&self) -> u32 {
        if self.header.precision.is_none() {
            return self.header.processes;
        }
        let last = self.cells.iter().map(|cell| cell.process).max();
        last.map_or(0, |last| last.saturating_add(1))
    }
}

/// Something wrong with one line of a run file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// The path to the field within the line, such as `roles[0].ops`; `.` for the whole line.
    pub field: String,
    /// What is wrong, in words.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file.display(), self.line)?;
        if self.field != "." {
            write!(f, "`{}`: ", self.field)?;
        }
        f.write_str(&self.what)
    }
}

/// Why there is no run to report on; each says what to do.
#[derive(Debug, Error)]
pub enum ReadError {
    /// Nothing is there.
    #[error("`{0}` does not exist: give the path of a run file, such as DIR/run.jsonl", file.display())]
    NotFound {
        /// The path.
        file: PathBuf,
    },
    /// A directory instead of a file.
    #[error("`{0}` is a directory: give the run file in it, such as `{1}`", file.display(), file.join("run.jsonl").display())]
    Directory {
        /// The path.
        file: PathBuf,
    },
    /// The file cannot be opened or read.
    #[error("`{0}` cannot be read ({source}): check its permissions and its disk", file.display())]
    Unreadable {
        /// The path.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An empty file.
    #[error("`{0}` is empty: the run ended before its first line; run it again", file.display())]
    Empty {
        /// The path.
        file: PathBuf,
    },
    /// No line of it is one of a run.
    #[error("`{0}` is not a run file ({first}): give the run.jsonl that `run` wrote", file.display())]
    NotARun {
        /// The path.
        file: PathBuf,
        /// What is wrong with its first line.
        first: Problem,
    },
    /// A run file whose header is missing or bad.
    #[error("`{0}` has no good header line{1}: restore its first line from a copy, or run again", file.display(), because(.first))]
    NoHeader {
        /// The path.
        file: PathBuf,
        /// What is wrong with the first bad line, if one is bad.
        first: Option<Problem>,
    },
    /// A header of a schema that this build does not know.
    #[error("`{0}` is written in schema {schema}, and this build reads schema {SCHEMA}: use the version that wrote it", file.display())]
    Schema {
        /// The path.
        file: PathBuf,
        /// The schema of its header.
        schema: u64,
    },
}

fn because(first: &Option<Problem>) -> String {
    first
        .as_ref()
        .map_or_else(String::new, |problem| format!(" ({problem})"))
}

/// Reads the run in `path`, a JSON Lines file.
///
/// A large file is read by as many threads as there are CPUs, each its own stretch of lines, so that only the cells are
/// ever held whole. A bad line costs itself only and becomes a [`Problem`].
///
/// # Errors
/// When there is no run to report on: no file, a directory, an unreadable file, no header, or a schema of the future.
pub fn load(path: &Path) -> Result<Run, ReadError> {
    let file = path.to_path_buf();
    let unreadable = |source: io::Error| match source.kind() {
        ErrorKind::NotFound => ReadError::NotFound { file: file.clone() },
        ErrorKind::IsADirectory => ReadError::Directory { file: file.clone() },
        _ => ReadError::Unreadable {
            file: file.clone(),
            source,
        },
    };
    let metadata = File::open(path)
        .and_then(|f| f.metadata())
        .map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(ReadError::Directory { file });
    }
    // Only a regular file can be read from several places; anything else is read from its beginning to its end.
    let length = metadata.is_file().then_some(metadata.len());
    let parts = read_parts(path, length).map_err(unreadable)?;
    join(file, parts)
}

/// Reads a file of `length` bytes by one thread for each CPU; a stream of unknown length by this one.
fn read_parts(path: &Path, length: Option<u64>) -> io::Result<Vec<Part>> {
    let Some(length) = length else {
        return Ok(vec![Part::read(path, 0, u64::MAX)?]);
    };
    let cpus = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let count = (length / BYTES_PER_THREAD).clamp(1, cpus);
    let bound = |part: u64| {
        if part == count {
            u64::MAX
        } else {
            length / count * part
        }
    };
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..count)
            .map(|part| scope.spawn(move || Part::read(path, bound(part), bound(part + 1))))
            .collect();
        readers
            .into_iter()
            .map(|reader| {
                reader
                    .join()
                    .unwrap_or_else(|p| std::panic::resume_unwind(p))
            })
            .collect()
    })
}

/// Puts the parts of a file together again and finds its header.
fn join(file: PathBuf, parts: Vec<Part>) -> Result<Run, ReadError> {
    let mut header: Option<Header> = None;
    let (mut cells, mut footer, mut problems) = (Vec::new(), None, Vec::new());
    let (mut cell_lines, mut lines_before, mut foreign_schema) = (Vec::new(), 0, None);
    for part in parts {
        let place = |line: u64, field: String, what: String| Problem {
            file: file.clone(),
            line: lines_before + line,
            field,
            what,
        };
        problems.extend(part.bad.into_iter().map(|b| place(b.line, b.field, b.what)));
        for (line, found) in part.headers {
            if header.is_none() {
                header = Some(*found);
            } else {
                let what = "a second header; only the first is used".to_owned();
                problems.push(place(line, ".".into(), what));
            }
        }
        foreign_schema = foreign_schema.or(part.foreign_schema);
        if cells.is_empty() {
            cells = part.cells;
        } else {
            cells.extend(part.cells);
        }
        cell_lines.extend(part.cell_lines.iter().map(|line| lines_before + line));
        footer = part.footer.or(footer);
        lines_before += part.lines;
    }
    for (line, what) in repeated::take_out(&mut cells, &cell_lines) {
        problems.push(Problem {
            file: file.clone(),
            line,
            field: ".".into(),
            what,
        });
    }
    problems.sort_by_key(|problem| problem.line);
    if let Some(header) = header {
        return Ok(Run {
            file,
            header,
            cells,
            footer,
            problems,
        });
    }
    let first = problems.into_iter().next();
    Err(match (foreign_schema, first) {
        (Some(schema), _) => ReadError::Schema { file, schema },
        (None, Some(first)) if cells.is_empty() && footer.is_none() && !first.mentions_header() => {
            ReadError::NotARun { file, first }
        }
        (None, None) if lines_before == 0 => ReadError::Empty { file },
        (None, first) => ReadError::NoHeader { file, first },
    })
}

impl Problem {
    /// Whether the line says that it is a header.
    fn mentions_header(&self) -> bool {
        self.what.contains("in a header line")
    }
}
