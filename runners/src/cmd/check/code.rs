//! Whether two programs have the same machine code.

use anyhow::Context;
use object::{Object, ObjectSection};
use std::fs;
use std::path::Path;

/// Says in words whether the machine code of two programs is the same. Where it is, a difference between them is none of the
/// text; where it is not, functions may lie elsewhere, and that alone moves results.
///
/// # Errors
/// When one cannot be read.
pub(super) fn compared(one: &Path, other: &Path) -> anyhow::Result<String> {
    let read = |path: &Path| {
        fs::read(path).with_context(|| format!("the program {} cannot be read", path.display()))
    };
    let (one, other) = (read(one)?, read(other)?);
    let words = if one == other {
        "both programs are the same file, byte for byte"
    } else {
        match (text(&one), text(&other)) {
            (Some(one), Some(other)) if one == other => {
                "the machine code of both programs is the same: a difference between them would be noise"
            }
            (Some(_), Some(_)) => {
                "the machine code of the programs differs; where it puts functions moves results by 1% and now and then by more, without any cause in the locks"
            }
            _ => {
                "the programs are files of another kind than ELF, so that their machine code was not compared"
            }
        }
    };
    Ok(words.to_owned())
}

/// The section of the code.
fn text(program: &[u8]) -> Option<Vec<u8>> {
    let file = object::File::parse(program).ok()?;
    let section = file.section_by_name(".text")?;
    section.data().ok().map(<[u8]>::to_vec)
}
