//! `run --build NAME=PROGRAM`.

use std::path::PathBuf;
use std::str::FromStr;

/// A program of a run of several builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// What it is called; its directory in that of the run, too.
    pub name: String,
    /// Where it is.
    pub program: PathBuf,
}

impl FromStr for Build {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, program) = text
            .split_once('=')
            .filter(|(_, program)| !program.is_empty())
            .ok_or("it is a name and a program, such as lse=target/release/vmalock")?;
        let of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(of_a_name) {
            return Err(
                "the name becomes a directory: give it letters, digits, `-` and `_` only".into(),
            );
        }
        Ok(Self {
            name: name.to_owned(),
            program: program.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Build;

    #[test]
    fn a_build_has_a_name_that_can_be_a_directory() {
        let build = "ll-sc=a=b/vmalock".parse();
        let expected = Build {
            name: "ll-sc".into(),
            program: "a=b/vmalock".into(),
        };
        assert_eq!(build, Ok(expected));
        for text in ["", "vmalock", "lse=", "=vmalock", "../x=vmalock", "a b=c"] {
            assert!(text.parse::<Build>().is_err(), "{text}");
        }
    }
}
