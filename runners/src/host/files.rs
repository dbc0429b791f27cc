//! Small text files below a root: sysfs and procfs of this machine, or a copy of another's.

use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A directory that stands for `/`.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    root: PathBuf,
}

impl Files {
    /// The files below `root`.
    pub(crate) fn below(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
        }
    }

    /// The file's text without the white space around it; `None` when it cannot be read or is empty.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        let text = std::fs::read_to_string(self.root.join(path)).ok()?;
        let text = text.trim_matches(|end: char| end.is_whitespace() || end == '\0');
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Where a symbolic link leads; `None` when it cannot be read.
    pub(super) fn link(&self, path: &str) -> Option<String> {
        let target = std::fs::read_link(self.root.join(path)).ok()?;
        Some(target.to_string_lossy().into_owned())
    }

    /// The file's text as a number.
    pub(crate) fn number<T: FromStr>(&self, path: &str) -> Option<T> {
        self.text(path)?.parse().ok()
    }

    /// The file's text as a list of CPUs.
    pub(crate) fn cpu_list(&self, path: &str) -> Option<Vec<u32>> {
        parse_cpu_list(&self.text(path)?)
    }

    /// The names of a directory's entries, sorted; none when it cannot be read.
    pub(crate) fn names(&self, directory: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.root.join(directory)) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort_unstable();
        names
    }

    /// The numbers N of the entries `prefixN` of a directory, ascending.
    pub(crate) fn numbered(&self, directory: &str, prefix: &str) -> Vec<u32> {
        let names = self.names(directory);
        let mut numbers: Vec<u32> = names
            .iter()
            .filter_map(|name| name.strip_prefix(prefix)?.parse().ok())
            .collect();
        numbers.sort_unstable();
        numbers
    }
}

/// The kernel's list form, `0-2,5`, as numbers in the order given.
pub(crate) fn parse_cpu_list(text: &str) -> Option<Vec<u32>> {
    let mut cpus = Vec::new();
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        // No kernel numbers more CPUs than this; a slip of the pen should not fill the memory.
        if first > last || last >= 1 << 16 {
            return None;
        }
        cpus.extend(first..=last);
    }
    Some(cpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_lists_are_numbers_and_ranges() {
        assert_eq!(parse_cpu_list("0-2,5\n"), Some(vec![0, 1, 2, 5]));
        assert_eq!(parse_cpu_list("3,1"), Some(vec![3, 1]));
        for wrong in ["", "a", "1,", "3-1", "-1", "0-99999999"] {
            assert_eq!(parse_cpu_list(wrong), None, "{wrong}");
        }
    }
}
