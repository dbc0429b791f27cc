//! The text of the locks, to find a place in it by names that outlive an edit: file, function, operation.

use super::fault::{Half, Site};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// What must have a weakening for each of its orderings, below the root of the workspace.
const CHECKED: [&str; 2] = ["lock-variants/src", "bench-core/src/rwsem"];

/// A line of code: without its comment, and with the function that it is in.
#[derive(Clone, Debug)]
struct Line {
    number: u32,
    function: String,
    code: String,
}

/// An ordering in the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ordered {
    /// The file below the root.
    pub(crate) file: String,
    pub(crate) function: String,
    /// `Acquire`, `Release` or `Full`.
    pub(crate) half: &'static str,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The line of a site.
///
/// # Panics
/// When there is none, or when the file's name is not unique.
pub(crate) fn line_of(site: Site) -> u32 {
    static KNOWN: OnceLock<Mutex<HashMap<String, u32>>> = OnceLock::new();
    let known = KNOWN.get_or_init(Mutex::default);
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    *known.entry(site.to_string()).or_insert_with(|| find(site))
}

fn find(site: Site) -> u32 {
    let files: Vec<_> = files()
        .into_iter()
        .filter(|file| file.ends_with(site.file))
        .collect();
    let [file] = &files[..] else {
        panic!("{site}: {} files have this name", files.len());
    };
    let call = format!("{}(", site.operation);
    lines(file)
        .into_iter()
        .filter(|line| line.function == site.function && has_call(&line.code, &call))
        .map(|line| line.number)
        .nth(site.nth)
        .unwrap_or_else(|| panic!("{site}: no such place in the text"))
}

/// Whether the code calls a function of this name, and not one whose name only ends with it.
fn has_call(code: &str, call: &str) -> bool {
    code.match_indices(call).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|it| it.is_alphanumeric() || it == '_')
    })
}

/// Every ordering of the checked text that is more than Relaxed, in halves; twice where it stands twice.
pub(crate) fn orderings() -> Vec<Ordered> {
    let mut found = Vec::new();
    for path in files() {
        let file = path.strip_prefix(root()).expect("below the root");
        for line in lines(&path) {
            for word in line
                .code
                .split(|it: char| !it.is_alphanumeric() && it != '_')
            {
                let halves: &[&'static str] = match word {
                    "Acquire" => &["Acquire"],
                    "Release" => &["Release"],
                    "AcqRel" => &["Acquire", "Release"],
                    "SeqCst" => &["Full"],
                    _ => &[],
                };
                found.extend(halves.iter().map(|half| Ordered {
                    file: file.to_string_lossy().into_owned(),
                    function: line.function.clone(),
                    half,
                }));
            }
        }
    }
    found
}

impl Ordered {
    /// Whether a weakening at `site` is of this ordering.
    pub(crate) fn is_of(&self, site: Site, half: Half) -> bool {
        self.file.ends_with(site.file)
            && self.function == site.function
            && self.half == format!("{half:?}")
    }
}

/// The files of the checked text, without those that hold tests only.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders: Vec<_> = CHECKED.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the source is there") {
            let path = entry.expect("a name").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The lines of code of a file, up to its own tests, without comments and `use`.
fn lines(file: &Path) -> Vec<Line> {
    let text = fs::read_to_string(file).expect("a file of the source");
    let mut function = String::new();
    let (mut in_use, mut in_string) = (false, false);
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = without_strings(line, &mut in_string);
        let code = line.split("//").next().unwrap_or_default().trim();
        if code == "mod tests {" {
            break;
        }
        in_use |= code.starts_with("use ");
        if let Some(name) = name_of_function(code) {
            function = name.to_owned();
        }
        if !in_use && !code.is_empty() {
            lines.push(Line {
                number: index as u32 + 1,
                function: function.clone(),
                code: code.to_owned(),
            });
        }
        in_use &= !code.ends_with(';');
    }
    lines
}

/// The line without what stands in its strings, one of which may have begun in a line before.
fn without_strings(line: &str, in_string: &mut bool) -> String {
    let mut left = String::new();
    let mut before = ' ';
    for letter in line.chars() {
        if letter == '"' && before != '\\' {
            *in_string = !*in_string;
        } else if !*in_string {
            left.push(letter);
        }
        before = letter;
    }
    left
}

fn name_of_function(code: &str) -> Option<&str> {
    let at = if code.starts_with("fn ") {
        0
    } else {
        code.find(" fn ").map(|at| at + 1)?
    };
    let name = &code[at + 3..];
    let end = name.find(|it: char| !it.is_alphanumeric() && it != '_')?;
    (end > 0).then(|| &name[..end])
}
